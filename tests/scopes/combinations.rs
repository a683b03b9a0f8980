//! Every combination of given, declared and retired scopes and attributes, and of hosts, in a `delete`
//! of a declared cookie.

use http::Request;
use tower_django_cookies::{Cookie, CookieBuilder, CookieError, CookieJar, CookieLayer, SameSite};

use super::support::{EPOCH, assert_matches, response_cookies, response_headers, set_cookies};
use super::{cookies, cookies_at, session};

#[derive(Clone, Copy, Debug, PartialEq)]
struct At {
    domain: &'static str,
    path: &'static str,
    partitioned: bool,
}

const fn at(domain: &'static str, path: &'static str, partitioned: bool) -> At {
    At {
        domain,
        path,
        partitioned,
    }
}

impl At {
    fn cookie(self) -> CookieBuilder<'static> {
        session()
            .domain(self.domain)
            .path(self.path)
            .partitioned(self.partitioned)
    }

    /// As the error `ScopeMismatch` shows the scope.
    fn shown(self) -> String {
        let domain = match self.domain {
            "" => "host-only".to_owned(),
            domain => format!("Domain={domain}"),
        };
        let path = match self.path {
            "" => "no Path".to_owned(),
            path => format!("Path={path}"),
        };
        let partitioned = if self.partitioned {
            "; Partitioned"
        } else {
            ""
        };
        format!("{domain}; {path}{partitioned}")
    }
}

/// The parts of a scope that a `delete` gives.
#[derive(Clone, Copy, Debug)]
struct Given {
    domain: Option<&'static str>,
    path: Option<&'static str>,
    partitioned: Option<bool>,
}

impl Given {
    fn every() -> Vec<Self> {
        let domains = [
            None,
            Some(""),
            Some("example.com"),
            Some("old.example.com"),
            Some("www.example.com"),
        ];
        let paths = [
            None,
            Some(""),
            Some("/"),
            Some("/app"),
            Some("/old"),
            Some("/app/"),
        ];
        let mut every = Vec::new();
        for domain in domains {
            for path in paths {
                every.extend([None, Some(false), Some(true)].map(|partitioned| Self {
                    domain,
                    path,
                    partitioned,
                }));
            }
        }
        every
    }

    fn cookie(self) -> Cookie<'static> {
        let mut cookie = Cookie::new("session", "");
        if let Some(domain) = self.domain {
            cookie.set_domain(domain);
        }
        if let Some(path) = self.path {
            cookie.set_path(path);
        }
        cookie.set_partitioned(self.partitioned);
        cookie
    }

    fn or(self, scope: At) -> At {
        At {
            domain: self.domain.unwrap_or(scope.domain),
            path: self.path.unwrap_or(scope.path),
            partitioned: self.partitioned.unwrap_or(scope.partitioned),
        }
    }

    fn matches(self, scope: At) -> bool {
        self.or(scope) == scope
    }
}

/// Attributes of a declaration, of a retired scope or of a `delete`.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    same_site: Option<SameSite>,
    secure: Option<bool>,
    http_only: Option<bool>,
}

const fn flags(
    same_site: Option<SameSite>,
    secure: Option<bool>,
    http_only: Option<bool>,
) -> Flags {
    Flags {
        same_site,
        secure,
        http_only,
    }
}

impl Flags {
    fn every() -> Vec<Self> {
        let switches = [None, Some(false), Some(true)];
        let same_sites = [
            None,
            Some(SameSite::Strict),
            Some(SameSite::Lax),
            Some(SameSite::None),
        ];
        let mut every = Vec::new();
        for same_site in same_sites {
            for secure in switches {
                every.extend(switches.map(|http_only| flags(same_site, secure, http_only)));
            }
        }
        every
    }

    fn on(self, cookie: impl Into<Cookie<'static>>) -> Cookie<'static> {
        let mut cookie = cookie.into();
        cookie.set_same_site(self.same_site);
        cookie.set_secure(self.secure);
        cookie.set_http_only(self.http_only);
        cookie
    }

    fn or(self, other: Self) -> Self {
        Self {
            same_site: self.same_site.or(other.same_site),
            secure: self.secure.or(other.secure),
            http_only: self.http_only.or(other.http_only),
        }
    }
}

/// The `Set-Cookie` header that deletes the cookie: Django's `delete_cookie`, with the `Secure` that
/// `SameSite=None` and Partitioned require.
fn deletion_with(scope: At, flags: Flags) -> String {
    let is_secure =
        flags.secure == Some(true) || scope.partitioned || flags.same_site == Some(SameSite::None);
    let mut header = vec!["session=\"\"".to_owned()];
    let mut push_if = |condition: bool, attribute: String| {
        if condition {
            header.push(attribute);
        }
    };
    push_if(!scope.domain.is_empty(), format!("Domain={}", scope.domain));
    push_if(true, format!("expires={EPOCH}"));
    push_if(flags.http_only == Some(true), "HttpOnly".into());
    push_if(true, "Max-Age=0".into());
    push_if(scope.partitioned, "Partitioned".into());
    push_if(!scope.path.is_empty(), format!("Path={}", scope.path));
    if let Some(same_site) = flags.same_site {
        push_if(true, format!("SameSite={same_site}"));
    }
    push_if(is_secure, "Secure".into());
    header.join("; ")
}

fn deletion_at(scope: At) -> String {
    deletion_with(scope, Flags::default())
}

fn declaring(declared: At, retired: &[At]) -> CookieLayer {
    let layer = CookieLayer::new().declare(declared.cookie());
    retired
        .iter()
        .try_fold(layer.expect("a valid declaration"), |layer, scope| {
            layer.retire(scope.cookie())
        })
        .expect("valid scopes to retire")
}

const DECLARED: At = at("example.com", "/app", false);
const RETIRED: [At; 4] = [
    at("", "/", false),
    at("old.example.com", "/old", false),
    at("", "/old", false),
    at("example.com", "/app", true),
];

#[derive(Debug, PartialEq)]
enum Outcome {
    Deletes,
    ScopeMismatch,
    DomainMismatch,
}

/// Deletes the cookie in a request to `host`, whose cookies can have the `allowed` Domains, and checks
/// the outcome.
fn check_delete(
    retired: &[At],
    host: Option<&'static str>,
    allowed: &[&str],
    given: Given,
) -> Outcome {
    let mut request = Request::new(());
    if let Some(host) = host {
        let host = host.parse().expect("a header value");
        request.headers_mut().insert("host", host);
    }
    let mut result = Ok(());
    let layer = declaring(DECLARED, retired);
    let sent = set_cookies(&response_headers(&layer, request, |jar| {
        result = jar.delete(given.cookie());
    }));

    let context = format!("{host:?} {retired:?} {given:?}");
    let matches = |&scope: &At| given.matches(scope);
    if !matches(&DECLARED) && !retired.iter().any(matches) {
        let shown = given.or(DECLARED).shown();
        assert_matches!(
            result,
            Err(CookieError::ScopeMismatch { name, declared, given, .. })
                if name == "session"
                    && declared.to_string() == DECLARED.shown()
                    && given.to_string() == shown
        );
        assert!(sent.is_empty(), "{context}: {sent:?}");
        return Outcome::ScopeMismatch;
    }
    if !allowed.contains(&DECLARED.domain) {
        assert_matches!(
            result,
            Err(CookieError::DomainMismatch { name, domain, .. })
                if name == "session" && domain == DECLARED.domain
        );
        assert!(sent.is_empty(), "{context}: {sent:?}");
        return Outcome::DomainMismatch;
    }
    assert_eq!(result, Ok(()), "{context}");
    let expected: Vec<_> = retired
        .iter()
        .filter(|scope| allowed.contains(&scope.domain))
        .chain([&DECLARED])
        .map(|&scope| deletion_at(scope))
        .collect();
    assert_eq!(sent, expected, "{context}");
    Outcome::Deletes
}

/// Every given scope against no, one and several retired scopes, at hosts that allow all scopes, some
/// and not the declared one.
#[test]
fn delete_with_every_given_scope_deletes_every_scope_or_is_scope_mismatch() {
    let retired_scopes: [&[At]; 6] = [
        &[],
        &RETIRED[..1],
        &RETIRED[1..2],
        &RETIRED[..2],
        &RETIRED[1..],
        &RETIRED,
    ];
    // Each with the Domains that the host domain-matches (RFC 6265 §5.1.3).
    let hosts: [(Option<&str>, &[&str]); 4] = [
        (None, &["", "example.com", "old.example.com"]),
        (Some("www.example.com"), &["", "example.com"]),
        (
            Some("old.example.com:8000"),
            &["", "example.com", "old.example.com"],
        ),
        (Some("example.org"), &[""]),
    ];
    let mut outcomes = Vec::new();
    for retired in retired_scopes {
        for (host, allowed) in hosts {
            for given in Given::every() {
                outcomes.push(check_delete(retired, host, allowed, given));
            }
        }
    }
    assert_eq!(outcomes.len(), 6 * 4 * 5 * 6 * 3);
    for expected in [
        Outcome::Deletes,
        Outcome::ScopeMismatch,
        Outcome::DomainMismatch,
    ] {
        let count = outcomes.iter().filter(|&found| *found == expected).count();
        assert!(count > 50, "{expected:?}: {count}");
    }
}

/// The scopes in the tests of `SameSite`, `Secure` and `HttpOnly`: the declared one, and two retired
/// ones.
const SCOPES: [At; 3] = [
    at("example.com", "/app", false),
    at("", "/", false),
    at("", "/old", false),
];

/// Deletes the cookie with `given`, at each scope and without one, and checks the result.
fn check_delete_with_flags(configured: [Flags; 3], given: Flags) -> &'static str {
    let cookie = |i: usize| configured[i].on(SCOPES[i].cookie());
    let layer = CookieLayer::new()
        .declare(cookie(0))
        .and_then(|layer| layer.retire(cookie(1)))
        .and_then(|layer| layer.retire(cookie(2)))
        .expect("valid declarations");
    let [(result, sent), others @ ..] = [None, Some(0), Some(1), Some(2)].map(|place| {
        let cookie = place.map_or(session(), |place: usize| SCOPES[place].cookie());
        let mut result = Ok(());
        let sent = response_cookies(&layer, |jar| result = jar.delete(given.on(cookie.clone())));
        (result, sent)
    });
    let context = format!("{configured:?} {given:?}");
    // The given scope has no influence on the attributes.
    for other in others {
        assert_eq!((&other.0, &other.1), (&result, &sent), "{context}");
    }

    // A retired scope takes SameSite and Secure from the declaration, but not HttpOnly.
    let [declared, first, second] = configured;
    let inherited = Flags {
        http_only: None,
        ..declared
    };
    let effective = [first.or(inherited), second.or(inherited), declared];
    let is_on =
        |of: fn(&Flags) -> Option<bool>| effective.iter().any(|flags| of(flags) == Some(true));
    let downgraded = if given.secure == Some(false) && is_on(|flags| flags.secure) {
        Some("Secure")
    } else if given.http_only == Some(false) && is_on(|flags| flags.http_only) {
        Some("HttpOnly")
    } else {
        None
    };
    let merged = effective.map(|flags| given.or(flags));
    let lacks_secure = merged
        .iter()
        .any(|flags| flags.same_site == Some(SameSite::None) && flags.secure == Some(false));
    if let Some(downgraded) = downgraded {
        assert_matches!(
            result,
            Err(CookieError::Downgrade { name, attribute, .. })
                if name == "session" && *attribute == downgraded
        );
        assert!(sent.is_empty(), "{context}: {sent:?}");
        return "Downgrade";
    }
    if lacks_secure {
        assert_matches!(result, Err(CookieError::SecureRequired { .. }));
        assert!(sent.is_empty(), "{context}: {sent:?}");
        return "SecureRequired";
    }
    assert_eq!(result, Ok(()), "{context}");
    let at_scopes = [SCOPES[1], SCOPES[2], SCOPES[0]].into_iter().zip(merged);
    let expected: Vec<_> = at_scopes
        .map(|(scope, flags)| deletion_with(scope, flags))
        .collect();
    assert_eq!(sent, expected, "{context}");
    "deletes"
}

/// Every `SameSite`, `Secure` and `HttpOnly` given, against declarations and retired scopes with and
/// without them.
#[test]
fn delete_with_same_site_secure_and_http_only_applies_them_at_every_scope() {
    let (strict, lax) = (Some(SameSite::Strict), Some(SameSite::Lax));
    let (on, off) = (Some(true), Some(false));
    let unset = Flags::default();
    // The attributes of the declaration and of the two retired scopes.
    let configured = [
        [unset; 3],
        [flags(lax, on, on), unset, flags(strict, None, None)],
        [unset, flags(strict, on, None), flags(None, None, on)],
        [
            flags(lax, off, off),
            flags(None, off, off),
            flags(None, None, off),
        ],
        [flags(None, on, None), flags(None, off, None), unset],
    ];
    let mut outcomes = Vec::new();
    for configured in configured {
        for given in Flags::every() {
            outcomes.push(check_delete_with_flags(configured, given));
        }
    }
    assert_eq!(outcomes.len(), 5 * 4 * 3 * 3);
    for expected in ["deletes", "Downgrade", "SecureRequired"] {
        let count = outcomes.iter().filter(|&found| *found == expected).count();
        assert!(count > 5, "{expected}: {count}");
    }
}

/// Browsers drop such Domains (RFC 6265bis §5.7, step 9), so the delete there would do nothing.
#[test]
fn retired_scopes_with_public_suffix_are_skipped() {
    fn is_public_suffix(domain: &str) -> bool {
        domain == "co.test"
    }
    let layer = declaring(
        at("example.co.test", "/", false),
        &[
            at("test", "/", false),
            at("CO.test", "/", false),
            at("", "/old", false),
        ],
    )
    .public_suffixes(is_public_suffix);
    let [declared, at_suffix, host_only] = [
        deletion_at(at("example.co.test", "/", false)),
        deletion_at(at("CO.test", "/", false)),
        deletion_at(at("", "/old", false)),
    ];
    for given in [
        session(),
        session().domain("test"),
        session().domain("co.test"),
    ] {
        let delete = |jar: &CookieJar| jar.delete(given.clone());
        assert_eq!(
            cookies_at("example.co.test", &layer, delete),
            [&*host_only, &*declared]
        );
        // Where the host is not known, no Domain is checked.
        assert_eq!(cookies(&layer, delete).len(), 4);
    }
    // Without a list, only a single label is known to be a public suffix.
    let layer = declaring(
        at("example.co.test", "/", false),
        &[at("test", "/", false), at("CO.test", "/", false)],
    );
    assert_eq!(
        cookies_at("example.co.test", &layer, |jar| jar.delete("session")),
        [at_suffix, declared]
    );
}

#[test]
fn set_and_delete_at_host_that_does_not_allow_declared_domain_queue_nothing() {
    let layer = declaring(at("app.example.com", "/", false), &RETIRED);
    for (host, retired_domain) in [("example.com", "example.com"), ("example.org", "")] {
        let request = Request::builder().header("host", host).body(());
        let jar = layer.jar(&request.expect("a valid request"));
        for result in [
            jar.set(("session", "1")),
            jar.delete("session"),
            // A retired scope that the host allows does not help.
            jar.delete(session().domain(retired_domain)),
            jar.delete(session().path("/")),
        ] {
            assert_matches!(
                result,
                Err(CookieError::DomainMismatch { domain, host: found, .. })
                    if domain == "app.example.com" && found == host
            );
        }
        assert!(jar.queued().is_empty());
    }
}
