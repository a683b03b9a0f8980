//! Cookies with every combination of Domain, Path and kind: the URLs to which they are sent, the
//! deletes that delete them, and the deletes that do not.

use std::fmt;

use http::HeaderMap;
use http::header::SET_COOKIE;
use tower_django_cookies::{Cookie, CookieBuilder, CookieError, CookieJar, CookieLayer, SameSite};

use super::{
    Browser, CHILD, ExpectedError, PARENT, SIBLING, Scheme, Site, WWW, expected_error, is_sent,
};

const DOMAINS: [Option<&str>; 3] = [None, Some(WWW), Some(PARENT)];
const PATHS: [&str; 3] = ["/", "/app", "/app/"];
/// Two schemes, 7 kinds, 3 Domains and 3 Paths.
const CASES: usize = 2 * 7 * 3 * 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    HttpOnly,
    Secure,
    SameSiteNone,
    Partitioned,
    SecurePrefix,
    HostPrefix,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Plain,
        Self::HttpOnly,
        Self::Secure,
        Self::SameSiteNone,
        Self::Partitioned,
        Self::SecurePrefix,
        Self::HostPrefix,
    ];

    fn is_secure(self) -> bool {
        !matches!(self, Self::Plain | Self::HttpOnly)
    }
}

/// A cookie that is set by a page of [`WWW`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) scheme: Scheme,
    pub(crate) domain: Option<&'static str>,
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
}

impl Case {
    fn all() -> impl Iterator<Item = Self> {
        let schemes = [Scheme::Http, Scheme::Https].into_iter();
        schemes.flat_map(|scheme| {
            Kind::ALL.into_iter().flat_map(move |kind| {
                DOMAINS.into_iter().flat_map(move |domain| {
                    PATHS.map(|path| Self {
                        scheme,
                        domain,
                        path,
                        kind,
                    })
                })
            })
        })
    }

    /// The cookie for the jar, with this Domain and Path.
    fn cookie(
        self,
        name: &str,
        domain: Option<&'static str>,
        path: &'static str,
    ) -> Cookie<'static> {
        let cookie = Cookie::build((name.to_owned(), "1"))
            .domain(domain.unwrap_or_default())
            .path(path);
        let with_kind: fn(CookieBuilder<'static>) -> CookieBuilder<'static> = match self.kind {
            Kind::Plain | Kind::SecurePrefix | Kind::HostPrefix => |cookie| cookie,
            Kind::HttpOnly => |cookie| cookie.http_only(true),
            Kind::Secure => |cookie| cookie.secure(true),
            Kind::SameSiteNone => |cookie| cookie.same_site(SameSite::None),
            Kind::Partitioned => |cookie| cookie.partitioned(true),
        };
        with_kind(cookie).build()
    }

    /// The `Set-Cookie` header of the same cookie, to be appended by hand.
    fn header(self, name: &str, domain: Option<&str>, path: &str) -> String {
        let domain = domain.map_or(String::new(), |domain| format!("; Domain={domain}"));
        let mut header = format!("{name}=1; Path={path}{domain}");
        if self.kind.is_secure() {
            header += "; Secure";
        }
        header += match self.kind {
            Kind::HttpOnly => "; HttpOnly",
            Kind::SameSiteNone => "; SameSite=None",
            Kind::Partitioned => "; Partitioned",
            _ => "",
        };
        header
    }

    fn name(self, number: usize) -> String {
        match self.kind {
            Kind::SecurePrefix => format!("__Secure-c{number}"),
            Kind::HostPrefix => format!("__Host-c{number}"),
            _ => format!("c{number}"),
        }
    }

    /// `true` if the jar refuses the cookie because no browser stores it.
    pub(crate) fn is_unstorable(self) -> bool {
        self.expected_error().is_some()
    }

    fn expected_error(self) -> Option<ExpectedError> {
        if self.kind != Kind::HostPrefix {
            None
        } else if self.domain.is_some() {
            expected_error!(CookieError::HostPrefixDomain { .. })
        } else if self.path != "/" {
            expected_error!(CookieError::HostPrefixPath { .. })
        } else {
            None
        }
    }

    /// The outcome according to RFC 6265bis.
    pub(crate) fn expected(self) -> Outcome {
        let is_stored =
            !self.is_unstorable() && (self.scheme == Scheme::Https || !self.kind.is_secure());
        let mut sent_to = Vec::new();
        if is_stored {
            sent_to.push("below");
            if self.path != "/app/" {
                sent_to.push("/app");
            }
            if self.path == "/" {
                sent_to.push("/");
            }
            if self.domain.is_some() {
                sent_to.push("a subdomain");
            }
            if self.domain == Some(PARENT) {
                sent_to.push("a sibling");
            }
        }
        Outcome {
            sent_to,
            survives_other_deletes: is_stored,
            survives_own_delete: false,
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            scheme,
            domain,
            path,
            kind,
        } = self;
        let domain = domain.unwrap_or("no Domain");
        write!(f, "{scheme}, {kind:?}, {domain}, Path={path}")
    }
}

/// The observed or expected behaviour of a client with the cookie of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The names of the [`PLACES`] to which the cookie was sent after it was set.
    pub(crate) sent_to: Vec<&'static str>,
    /// `true` if the cookie was still sent after deletes at all scopes except its own.
    pub(crate) survives_other_deletes: bool,
    /// `true` if the cookie was still sent after a delete at its own scope.
    pub(crate) survives_own_delete: bool,
}

/// Names, hosts and paths of the pages that check if the cookie is sent to them.
const PLACES: [(&str, &str, &str); 5] = [
    ("below", WWW, "/app/below"),
    ("/app", WWW, "/app"),
    ("/", WWW, "/"),
    ("a subdomain", CHILD, "/app/below"),
    ("a sibling", SIBLING, "/app/below"),
];

/// A known difference between a client and RFC 6265bis.
pub(crate) struct Deviation {
    pub(crate) client: &'static str,
    pub(crate) reason: &'static str,
    /// Changes the outcome according to the RFC into the client's outcome.
    pub(crate) change: fn(Case, &mut Outcome),
}

/// Runs all cases. Panics with a list of the cases whose outcome is neither the one of the RFC nor
/// the one of the client's deviations.
pub(crate) async fn check<B: Browser>(site: &Site, browser: &mut B, deviations: &[Deviation]) {
    let deviations: Vec<_> = deviations
        .iter()
        .filter(|row| row.client == B::NAME)
        .collect();
    let mut used = vec![0; deviations.len()];
    let mut failures = Vec::new();
    let mut cases = 0;
    for (number, case) in Case::all().enumerate() {
        let mut expected = case.expected();
        for (deviation, used) in deviations.iter().zip(&mut used) {
            let before = expected.clone();
            (deviation.change)(case, &mut expected);
            *used += usize::from(before != expected);
        }
        let outcome = outcome(site, browser, case, &case.name(number)).await;
        if outcome != expected {
            failures.push(format!(
                "{case}:\n  expected {expected:?}\n       but {outcome:?}"
            ));
        }
        cases += 1;
    }
    for (deviation, used) in deviations.iter().zip(used) {
        println!("{}: {} ({used} cases)", B::NAME, deviation.reason);
        if used == 0 {
            failures.push(format!("no longer true: {}", deviation.reason));
        }
    }
    println!("{}: {cases} cases of the matrix", B::NAME);
    assert!(failures.is_empty(), "{}:\n{}", B::NAME, failures.join("\n"));
    assert_eq!(cases, CASES);
}

async fn outcome(site: &Site, browser: &mut impl Browser, case: Case, name: &str) -> Outcome {
    let Case {
        scheme,
        domain,
        path,
        ..
    } = case;
    let page = (scheme, WWW, "/app/page");
    let undeclared = CookieLayer::new();

    let cookie = case.cookie(name, domain, path);
    let header = case.header(name, domain, path);
    let result = site
        .visit(browser, page, &undeclared, move |jar, headers| {
            if case.is_unstorable() {
                headers.append(SET_COOKIE, header.parse().unwrap());
            }
            jar.set(cookie)
        })
        .await;
    let expected = case.expected_error();
    assert!(
        ExpectedError::is_met(expected, &result),
        "{case}: the jar returns {result:?}, expected error: {expected:?}"
    );

    let mut sent_to = Vec::new();
    for (place, host, path) in PLACES {
        if is_sent(site, browser, (scheme, host, path), name).await {
            sent_to.push(place);
        }
    }
    if case.is_unstorable() {
        return Outcome {
            sent_to,
            survives_other_deletes: false,
            survives_own_delete: false,
        };
    }

    let declared = CookieLayer::new()
        .declare(case.cookie(name, domain, path))
        .unwrap();
    let owned = name.to_owned();
    site.visit(browser, page, &declared, move |jar, headers| {
        delete_elsewhere(case, &owned, jar, headers);
    })
    .await;
    let survives_other_deletes = is_sent(site, browser, (scheme, WWW, "/app/below"), name).await;

    let owned = name.to_owned();
    site.visit(browser, page, &declared, move |jar, _| {
        jar.delete(owned).unwrap();
    })
    .await;
    let mut survives_own_delete = is_sent(site, browser, (scheme, WWW, "/app/below"), name).await;

    // Test the same with an undeclared cookie, whose delete is given the scope.
    let (set, delete) = (
        case.cookie(name, domain, path),
        case.cookie(name, domain, path),
    );
    site.visit(browser, page, &undeclared, |jar, _| jar.set(set).unwrap())
        .await;
    site.visit(browser, page, &undeclared, |jar, _| {
        jar.delete(delete).unwrap();
    })
    .await;
    survives_own_delete |= is_sent(site, browser, (scheme, WWW, "/app/below"), name).await;

    Outcome {
        sent_to,
        survives_other_deletes,
        survives_own_delete,
    }
}

/// Deletes the cookie at all scopes except its own. The jar refuses these deletes, so their headers
/// are appended by hand.
fn delete_elsewhere(case: Case, name: &str, jar: &CookieJar, headers: &mut HeaderMap) {
    let mut delete = |header: String| {
        let header = format!("{header}; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
        headers.append(SET_COOKIE, header.parse().unwrap());
    };
    for domain in DOMAINS {
        for path in PATHS {
            if (domain, path) != (case.domain, case.path) {
                let result = jar.delete(case.cookie(name, domain, path));
                assert!(
                    matches!(result, Err(CookieError::ScopeMismatch { .. })),
                    "{case}: {result:?}"
                );
                delete(case.header(name, domain, path));
            }
        }
    }
    // Partitioned is part of the scope too.
    if case.kind == Kind::Partitioned {
        let unpartitioned = Case {
            kind: Kind::Secure,
            ..case
        };
        delete(unpartitioned.header(name, case.domain, case.path));
    }
    assert!(jar.queued().is_empty());
}
