//! The 181st cookie of a site evicts 31 cookies. Cookies without `Secure` are evicted before
//! others, and within each group, the least recently used cookies first.

use std::ops::Range;

use http::HeaderValue;
use http::header::SET_COOKIE;
use tower_django_cookies::CookieLayer;

use super::{Browser, Scheme, Site};

struct Row {
    /// The responses. Each sets the cookies with these numbers, with these attributes.
    responses: &'static [(Range<usize>, &'static str)],
    /// The numbers of the cookies that are sent afterwards, as two ranges.
    sent: [Range<usize>; 2],
}

const ROWS: &[Row] = &[
    Row {
        responses: &[(0..180, "")],
        sent: [0..180, 0..0],
    },
    Row {
        responses: &[(0..180, ""), (180..181, "")],
        sent: [31..181, 0..0],
    },
    Row {
        responses: &[(0..250, "")],
        sent: [93..250, 0..0],
    },
    Row {
        responses: &[(0..40, "; Secure"), (40..181, "")],
        sent: [0..40, 71..181],
    },
    // Setting a cookie again counts as a use of it, even with the same value.
    Row {
        responses: &[(0..180, ""), (0..1, ""), (180..181, "")],
        sent: [0..1, 32..181],
    },
    Row {
        responses: &[(0..150, "; Secure"), (150..300, "; Secure; Partitioned")],
        sent: [0..300, 0..0],
    },
    // A cookie with a non-ASCII Path is stored, and evicts others, although it is never sent.
    Row {
        responses: &[(0..180, ""), (180..181, "; Path=/é")],
        sent: [31..180, 0..0],
    },
    // A cookie with a TAB in its Path is dropped, and evicts none.
    Row {
        responses: &[(0..180, ""), (180..181, "; Path=/x\ty")],
        sent: [0..180, 0..0],
    },
];

/// Checks all rows, each at a site of its own.
pub(crate) async fn check(site: &Site, browser: &mut impl Browser) {
    for (number, row) in ROWS.iter().enumerate() {
        let host = format!("eviction{number}.localhost");
        let page = (Scheme::Http, &*host, "/");
        for (numbers, attributes) in row.responses {
            let set_cookies = numbers.clone().map(move |number| {
                let header = format!("c{number}=1{attributes}");
                HeaderValue::from_bytes(header.as_bytes()).unwrap()
            });
            site.visit(browser, page, &CookieLayer::new(), move |_, headers| {
                headers.extend(set_cookies.map(|header| (SET_COOKIE, header)));
            })
            .await;
        }
        let mut sent = site
            .visit(browser, page, &CookieLayer::new(), |jar, _| {
                let numbers = jar.iter().map(|(name, _)| name[1..].parse().unwrap());
                numbers.collect::<Vec<usize>>()
            })
            .await;
        sent.sort_unstable();
        let expected: Vec<_> = row.sent.iter().cloned().flatten().collect();
        assert_eq!(sent, expected, "{:?}", row.responses);
    }
}
