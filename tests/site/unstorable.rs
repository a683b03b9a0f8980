//! Cookies that the jar refuses to set. If the same `Set-Cookie` header is appended by hand, the
//! browser drops the cookie or sends it to other URLs than intended.

use http::HeaderValue;
use http::header::SET_COOKIE;
use tower_django_cookies::{
    AttributeReason, Cookie, CookieBuilder, CookieError, CookieLayer, SameSite, SecureReason,
};

use super::{
    Browser, CHILD, ExpectedError, PARENT, SIBLING, Scheme, Site, WWW, expected_error, is_sent,
};

/// The page that sets the cookies.
const PAGE: (Scheme, &str, &str) = (Scheme::Https, WWW, "/app/page");

struct Row {
    cookie: Cookie<'static>,
    /// The header that the jar would write if it did not refuse the cookie.
    header: String,
    /// The jar's error.
    expected: Option<ExpectedError>,
    /// The path to which browsers send the cookie although it was meant for another one. `None` if
    /// they drop the cookie.
    sent_to: Option<&'static str>,
}

/// Gives each row a cookie name of its own, so that no name is reserved and no row reads the cookie
/// of another row.
#[derive(Default)]
struct Table(Vec<Row>);

impl Table {
    /// A name with `prefix` that no other row has.
    fn name(&self, prefix: &str) -> String {
        format!("{prefix}c{}", self.0.len())
    }

    /// A cookie with `Path=/` and a name that begins with `prefix`.
    fn cookie(&self, prefix: &str) -> CookieBuilder<'static> {
        Cookie::build((self.name(prefix), "1")).path("/")
    }

    fn push(
        &mut self,
        cookie: CookieBuilder<'static>,
        attributes: &str,
        expected: Option<ExpectedError>,
    ) {
        let cookie = cookie.build();
        let header = format!("{}={}{attributes}", cookie.name(), cookie.value());
        self.0.push(Row {
            cookie,
            header,
            expected,
            sent_to: None,
        });
    }

    fn push_sent_to(
        &mut self,
        path: &'static str,
        cookie: CookieBuilder<'static>,
        attributes: &str,
        expected: Option<ExpectedError>,
    ) {
        self.push(cookie, attributes, expected);
        let row = self.0.last_mut().expect("a row was pushed");
        row.sent_to = Some(path);
    }
}

fn rows() -> Vec<Row> {
    let mut table = Table::default();
    push_prefixes(&mut table);
    push_attributes(&mut table);
    table.0
}

fn push_prefixes(table: &mut Table) {
    for (prefix, expected) in [
        (
            "__Secure-",
            expected_error!(CookieError::SecureRequired {
                reason: SecureReason::Prefix("__Secure-"),
                ..
            }),
        ),
        (
            "__Host-",
            expected_error!(CookieError::SecureRequired {
                reason: SecureReason::Prefix("__Host-"),
                ..
            }),
        ),
        (
            "__Http-",
            expected_error!(CookieError::SecureRequired {
                reason: SecureReason::Prefix("__Http-"),
                ..
            }),
        ),
        (
            "__Host-Http-",
            expected_error!(CookieError::SecureRequired {
                reason: SecureReason::Prefix("__Host-Http-"),
                ..
            }),
        ),
        (
            "__sEcUrE-",
            expected_error!(CookieError::SecureRequired {
                reason: SecureReason::Prefix("__Secure-"),
                ..
            }),
        ),
        (
            "__hOsT-",
            expected_error!(CookieError::SecureRequired {
                reason: SecureReason::Prefix("__Host-"),
                ..
            }),
        ),
    ] {
        // A name that is only the prefix is a prefixed name too.
        for name in [prefix.to_owned(), table.name(prefix)] {
            let insecure = Cookie::build((name, "1")).path("/").secure(false);
            table.push(insecure, "; Path=/; HttpOnly", expected);
        }
    }
    for (prefix, expected) in [
        (
            "__Http-",
            expected_error!(CookieError::HttpOnlyRequired {
                prefix: "__Http-",
                ..
            }),
        ),
        (
            "__Host-Http-",
            expected_error!(CookieError::HttpOnlyRequired {
                prefix: "__Host-Http-",
                ..
            }),
        ),
    ] {
        let readable = table.cookie(prefix).http_only(false);
        table.push(readable, "; Path=/; Secure", expected);
    }
    for domain in [WWW, PARENT] {
        for prefix in ["__Host-", "__Host-Http-", "__hOsT-"] {
            let attributes = format!("; Path=/; Domain={domain}; Secure; HttpOnly");
            let expected = expected_error!(CookieError::HostPrefixDomain { .. });
            table.push(table.cookie(prefix).domain(domain), &attributes, expected);
        }
    }
    for prefix in ["__Host-", "__Host-Http-"] {
        let with_path = table.cookie(prefix).path("/app");
        let expected = expected_error!(CookieError::HostPrefixPath { path, .. } if path == "/app");
        table.push(with_path, "; Path=/app; Secure; HttpOnly", expected);

        let without_path = table.cookie(prefix).path("");
        let expected = expected_error!(CookieError::HostPrefixPath { path, .. } if path.is_empty());
        table.push(without_path, "; Secure; HttpOnly", expected);
    }
}

fn push_attributes(table: &mut Table) {
    let insecure = table.cookie("").secure(false);
    table.push(
        insecure.same_site(SameSite::None),
        "; Path=/; SameSite=None",
        expected_error!(CookieError::SecureRequired {
            reason: SecureReason::SameSiteNone,
            ..
        }),
    );
    let insecure = table.cookie("").secure(false);
    table.push(
        insecure.partitioned(true),
        "; Path=/; Partitioned",
        expected_error!(CookieError::SecureRequired {
            reason: SecureReason::Partitioned,
            ..
        }),
    );
    for (domain, expected) in [
        (SIBLING, expected_error!(CookieError::DomainMismatch { .. })),
        (CHILD, expected_error!(CookieError::DomainMismatch { .. })),
        // Browsers drop a Domain of a single label as a public suffix.
        (
            "test",
            expected_error!(CookieError::InvalidDomain {
                reason: AttributeReason::SingleLabel,
                ..
            }),
        ),
        (
            "example.com",
            expected_error!(CookieError::DomainMismatch { .. }),
        ),
        (
            "www.example.test:443",
            expected_error!(CookieError::InvalidDomain {
                reason: AttributeReason::Port,
                ..
            }),
        ),
    ] {
        let attributes = format!("; Path=/; Domain={domain}");
        table.push(table.cookie("").domain(domain), &attributes, expected);
    }
    let name = table.name("");
    let value = "x".repeat(4097 - name.len());
    table.push(
        Cookie::build((name, value)),
        "; Path=/",
        expected_error!(CookieError::TooLong { len: 4097, .. }),
    );

    table.push_sent_to(
        "/app/page",
        table.cookie("").path("shop"),
        "; Path=shop",
        expected_error!(CookieError::InvalidPath {
            reason: AttributeReason::NotAbsolute,
            ..
        }),
    );
    table.push_sent_to(
        "/shop/page",
        table.cookie("").path("/shop;/b"),
        "; Path=/shop;/b",
        expected_error!(CookieError::InvalidPath {
            reason: AttributeReason::Semicolon,
            ..
        }),
    );
    let path = format!("/{}", "x".repeat(1024));
    let attributes = format!("; Path={path}");
    table.push_sent_to(
        "/app/page",
        table.cookie("").path(path),
        &attributes,
        expected_error!(CookieError::InvalidPath {
            reason: AttributeReason::TooLong,
            ..
        }),
    );
}

pub(crate) async fn check<B: Browser>(site: &Site, browser: &mut B) {
    let mut failures = Vec::new();
    let rows = rows();
    let number = rows.len();
    for Row {
        cookie,
        header,
        expected,
        sent_to,
    } in rows
    {
        let name = cookie.name().to_owned();
        let shown: String = header.chars().take(80).collect();
        let result = site
            .visit(browser, PAGE, &CookieLayer::new(), move |jar, headers| {
                headers.append(SET_COOKIE, HeaderValue::try_from(header).unwrap());
                jar.set(cookie)
            })
            .await;
        if !ExpectedError::is_met(expected, &result) {
            failures.push(format!(
                "{shown}: the jar returns {result:?}, expected error: {expected:?}"
            ));
        }
        let (scheme, host, path) = PAGE;
        let page = (scheme, host, sent_to.unwrap_or(path));
        let is_sent = is_sent(site, browser, page, &name).await;
        if is_sent != sent_to.is_some() {
            failures.push(format!("{shown}: is sent: {is_sent}"));
        }
    }
    assert!(failures.is_empty(), "{}:\n{}", B::NAME, failures.join("\n"));
    println!(
        "{}: {number} cookies that browsers do not store as meant",
        B::NAME
    );
}
