//! Cookies at every mix of Domain, Path and kind: where they go, what deletes them and what doesn't.

use std::fmt;

use http::HeaderMap;
use http::header::SET_COOKIE;
use tower_django_cookies::{Cookie, CookieBuilder, CookieError, CookieJar, CookieLayer, SameSite};

use super::{Browser, CHILD, PARENT, SIBLING, Scheme, Site, WWW};

const DOMAINS: [Option<&str>; 3] = [None, Some(WWW), Some(PARENT)];
const PATHS: [&str; 3] = ["/", "/app", "/app/"];

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

/// One cookie, set by one page.
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

    /// The cookie as the crate is told of it, here or at another scope.
    fn cookie(
        self,
        name: &str,
        domain: Option<&'static str>,
        path: &'static str,
    ) -> Cookie<'static> {
        let cookie = Cookie::build((name.to_owned(), "1"))
            .domain(domain.unwrap_or_default())
            .path(path);
        let with: fn(CookieBuilder<'static>) -> CookieBuilder<'static> = match self.kind {
            Kind::Plain | Kind::SecurePrefix | Kind::HostPrefix => |cookie| cookie,
            Kind::HttpOnly => |cookie| cookie.http_only(true),
            Kind::Secure => |cookie| cookie.secure(true),
            Kind::SameSiteNone => |cookie| cookie.same_site(SameSite::None),
            Kind::Partitioned => |cookie| cookie.partitioned(true),
        };
        with(cookie).build()
    }

    /// The same past the crate: the field as it would have been.
    fn raw(self, name: &str, domain: Option<&str>, path: &str) -> String {
        let domain = domain.map_or(String::new(), |domain| format!("; Domain={domain}"));
        let mut field = format!("{name}=1; Path={path}{domain}");
        if self.kind.is_secure() {
            field += "; Secure";
        }
        field += match self.kind {
            Kind::HttpOnly => "; HttpOnly",
            Kind::SameSiteNone => "; SameSite=None",
            Kind::Partitioned => "; Partitioned",
            _ => "",
        };
        field
    }

    fn name(self, number: usize) -> String {
        match self.kind {
            Kind::SecurePrefix => format!("__Secure-c{number}"),
            Kind::HostPrefix => format!("__Host-c{number}"),
            _ => format!("c{number}"),
        }
    }

    /// Whether the crate can see that no browser keeps it.
    pub(crate) fn is_unstorable(self) -> bool {
        self.kind == Kind::HostPrefix && (self.domain.is_some() || self.path != "/")
    }

    /// What RFC 6265bis says.
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
                sent_to.push("a child");
            }
            if self.domain == Some(PARENT) {
                sent_to.push("a sibling");
            }
        }
        Outcome {
            sent_to,
            survives_other_deletes: is_stored,
            is_left_after_its_delete: false,
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

/// What became of a cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The places, of [`PLACES`], to which it was sent once it was set.
    pub(crate) sent_to: Vec<&'static str>,
    /// Whether it was still sent after deletes at every scope but its own.
    pub(crate) survives_other_deletes: bool,
    pub(crate) is_left_after_its_delete: bool,
}

/// The places that are asked whether the cookie is sent there.
const PLACES: [(&str, &str, &str); 5] = [
    ("below", WWW, "/app/below"),
    ("/app", WWW, "/app"),
    ("/", WWW, "/"),
    ("a child", CHILD, "/app/below"),
    ("a sibling", SIBLING, "/app/below"),
];

/// A known way in which a client isn't what RFC 6265bis says.
pub(crate) struct Deviation {
    pub(crate) client: &'static str,
    pub(crate) reason: &'static str,
    /// Makes of the RFC's outcome the client's.
    pub(crate) change: fn(Case, &mut Outcome),
}

/// Runs every case, and fails with all that differ from the RFC and the client's deviations. The
/// number of cases comes back.
pub(crate) async fn check<B: Browser>(
    site: &Site,
    browser: &mut B,
    deviations: &[Deviation],
) -> usize {
    let deviations: Vec<_> = deviations
        .iter()
        .filter(|row| row.client == B::NAME)
        .collect();
    let mut used = vec![0; deviations.len()];
    let mut wrong = Vec::new();
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
            wrong.push(format!(
                "{case}:\n  expected {expected:?}\n       but {outcome:?}"
            ));
        }
        cases += 1;
    }
    for (deviation, used) in deviations.iter().zip(used) {
        println!("{}: {} ({used} cases)", B::NAME, deviation.reason);
        if used == 0 {
            wrong.push(format!("no longer true: {}", deviation.reason));
        }
    }
    println!("{}: {cases} cases of the matrix", B::NAME);
    assert!(wrong.is_empty(), "{}:\n{}", B::NAME, wrong.join("\n"));
    cases
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
    let raw = case.raw(name, domain, path);
    site.visit(browser, page, &undeclared, move |jar, fields| {
        let set = jar.set(cookie);
        assert_eq!(set.is_err(), case.is_unstorable(), "{case}: {set:?}");
        if set.is_err() {
            fields.append(SET_COOKIE, raw.parse().unwrap());
        }
    })
    .await;

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
            is_left_after_its_delete: false,
        };
    }

    let declared = CookieLayer::new()
        .declare(case.cookie(name, domain, path))
        .unwrap();
    let owned = name.to_owned();
    site.visit(browser, page, &declared, move |jar, fields| {
        delete_elsewhere(case, &owned, jar, fields);
    })
    .await;
    let survives_other_deletes = is_sent(site, browser, (scheme, WWW, "/app/below"), name).await;

    let owned = name.to_owned();
    site.visit(browser, page, &declared, move |jar, _| {
        jar.delete(owned).unwrap();
    })
    .await;
    let mut is_left_after_its_delete =
        is_sent(site, browser, (scheme, WWW, "/app/below"), name).await;

    // Once more, with a delete that says the scope itself.
    let [set, delete] = [(); 2].map(|()| case.cookie(name, domain, path));
    site.visit(browser, page, &undeclared, |jar, _| jar.set(set).unwrap())
        .await;
    site.visit(browser, page, &undeclared, |jar, _| {
        jar.delete(delete).unwrap();
    })
    .await;
    is_left_after_its_delete |= is_sent(site, browser, (scheme, WWW, "/app/below"), name).await;

    Outcome {
        sent_to,
        survives_other_deletes,
        is_left_after_its_delete,
    }
}

/// Deletes at every scope but the cookie's: refused by the crate, and sent past it.
fn delete_elsewhere(case: Case, name: &str, jar: &CookieJar, fields: &mut HeaderMap) {
    let mut delete = |field: String| {
        let field = format!("{field}; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
        fields.append(SET_COOKIE, field.parse().unwrap());
    };
    for domain in DOMAINS {
        for path in PATHS {
            if (domain, path) != (case.domain, case.path) {
                let refused = jar.delete(case.cookie(name, domain, path));
                assert!(
                    matches!(refused, Err(CookieError::ScopeMismatch { .. })),
                    "{case}: {refused:?}"
                );
                delete(case.raw(name, domain, path));
            }
        }
    }
    // A partition is part of the scope as well.
    if case.kind == Kind::Partitioned {
        let unpartitioned = Case {
            kind: Kind::Secure,
            ..case
        };
        delete(unpartitioned.raw(name, case.domain, case.path));
    }
    assert!(jar.queued().is_empty());
}

async fn is_sent(
    site: &Site,
    browser: &mut impl Browser,
    page: (Scheme, &str, &str),
    name: &str,
) -> bool {
    let name = name.to_owned();
    site.visit(browser, page, &CookieLayer::new(), move |jar, _| {
        jar.contains(&name)
    })
    .await
}
