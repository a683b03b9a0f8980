//! The jar accepts a Domain if and only if the browser stores a cookie with it.

use http::HeaderValue;
use http::header::SET_COOKIE;
use tower_django_cookies::{AttributeReason, Cookie, CookieError, CookieLayer};

use super::{
    ADDRESS, BRITISH, Browser, CHILD, DOTTED, ExpectedError, PAGES, PARENT, Scheme, Site, USER,
    WWW, expected_error, is_sent,
};

const MISMATCH: Option<ExpectedError> = expected_error!(CookieError::DomainMismatch { .. });
const DOT: Option<ExpectedError> = expected_error!(CookieError::InvalidDomain {
    reason: AttributeReason::Dot,
    ..
});
const BRACKETS: Option<ExpectedError> = expected_error!(CookieError::InvalidDomain {
    reason: AttributeReason::InvalidCharacter,
    ..
});
const SINGLE_LABEL: Option<ExpectedError> = expected_error!(CookieError::InvalidDomain {
    reason: AttributeReason::SingleLabel,
    ..
});
const PUBLIC_SUFFIX: Option<ExpectedError> = expected_error!(CookieError::InvalidDomain {
    reason: AttributeReason::PublicSuffix,
    ..
});

/// The public suffix list that both browsers contain.
pub(crate) fn is_public_suffix(domain: &str) -> bool {
    psl::suffix_str(domain) == Some(domain)
}

/// The host, the Domain, and the jar's error. Without an error the jar accepts the Domain.
const ROWS: [(&str, &str, Option<ExpectedError>); 31] = [
    (WWW, WWW, None),
    (WWW, PARENT, None),
    (WWW, ".example.test", None),
    (WWW, "Example.TEST", None),
    (WWW, "..example.test", DOT),
    (WWW, "..", DOT),
    (WWW, "ample.test", MISMATCH),
    (WWW, "[example.test]", BRACKETS),
    (WWW, "[www.example.test]", BRACKETS),
    (WWW, "example.test.", MISMATCH),
    (WWW, "www.example.test.", MISMATCH),
    (DOTTED, "example.test.", None),
    (DOTTED, "www.example.test.", None),
    (DOTTED, PARENT, MISMATCH),
    (DOTTED, WWW, MISMATCH),
    (ADDRESS, ADDRESS, None),
    (ADDRESS, "0.0.1", MISMATCH),
    (ADDRESS, "127.0.0.1.", MISMATCH),
    (ADDRESS, "[127.0.0.1]", BRACKETS),
    (ADDRESS, "1", MISMATCH),
    (WWW, "test", SINGLE_LABEL),
    (WWW, ".TEST", SINGLE_LABEL),
    (DOTTED, "test.", SINGLE_LABEL),
    (BRITISH, "example.co.uk", None),
    (BRITISH, "co.uk", PUBLIC_SUFFIX),
    (BRITISH, "CO.UK", PUBLIC_SUFFIX),
    (BRITISH, "uk", SINGLE_LABEL),
    (USER, USER, None),
    (USER, PAGES, PUBLIC_SUFFIX),
    // A public suffix can set a cookie for itself, which is host-only.
    (PAGES, PAGES, None),
    (PAGES, "GitHub.io", None),
];

/// Sets two cookies for each row: one with the jar, and one with a `Set-Cookie` header that is
/// appended by hand, which the jar does not check.
pub(crate) async fn check<B: Browser>(site: &Site, browser: &mut B) {
    let layer = CookieLayer::new().public_suffixes(is_public_suffix);
    let mut failures = Vec::new();
    for (number, (host, domain, expected)) in ROWS.into_iter().enumerate() {
        let page = (Scheme::Https, host, "/");
        let (by_jar, by_hand) = (format!("jar{number}"), format!("hand{number}"));
        let cookie = Cookie::build((by_jar.clone(), "1")).domain(domain).build();
        let header = format!("{by_hand}=1; Domain={domain}; Path=/");
        let result = site
            .visit(browser, page, &layer, move |jar, headers| {
                headers.append(SET_COOKIE, HeaderValue::try_from(header).unwrap());
                jar.set(cookie)
            })
            .await;
        if !ExpectedError::is_met(expected, &result) {
            failures.push(format!(
                "{domain} at {host}: the jar returns {result:?}, expected error: {expected:?}"
            ));
        }
        for name in [by_jar, by_hand] {
            let is_sent = is_sent(site, browser, page, &name).await;
            if is_sent != expected.is_none() {
                failures.push(format!("{domain} at {host}: {name} is sent: {is_sent}"));
            }
            if host == PAGES
                && super::is_sent(site, browser, (Scheme::Https, USER, "/"), &name).await
            {
                failures.push(format!("{domain} at {host}: {name} is sent to {USER}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}:\n{}", B::NAME, failures.join("\n"));
    check_only_dot(site, browser).await;
    println!("{}: {} Domains", B::NAME, ROWS.len() + 1);
}

/// The jar writes no Domain if it is only a dot, so the cookie is host-only. Browsers drop a cookie
/// with such a Domain.
async fn check_only_dot(site: &Site, browser: &mut impl Browser) {
    let page = (Scheme::Https, WWW, "/");
    let cookie = Cookie::build(("by_jar", "1")).domain(".");
    let result = site
        .visit(browser, page, &CookieLayer::new(), move |jar, headers| {
            let header = HeaderValue::from_static("by_hand=1; Domain=.; Path=/");
            headers.append(SET_COOKIE, header);
            jar.set(cookie)
        })
        .await;
    assert_eq!(result, Ok(()));
    assert!(is_sent(site, browser, page, "by_jar").await);
    assert!(!is_sent(site, browser, (Scheme::Https, CHILD, "/"), "by_jar").await);
    assert!(!is_sent(site, browser, page, "by_hand").await);
}
