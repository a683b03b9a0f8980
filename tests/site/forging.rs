//! No other host can forge a cookie with a `__Host-` prefix.

use http::HeaderValue;
use http::header::SET_COOKIE;
use tower_django_cookies::CookieLayer;

use super::{Browser, EVIL, PARENT, Scheme, Site, WWW};

/// A client that is known to let other hosts forge such cookies.
pub(crate) struct Deviation {
    pub(crate) client: &'static str,
    pub(crate) reason: &'static str,
}

/// Names that a lenient server might read as `__Host-session`.
const FORGED: [&str; 16] = [
    "\u{2000}__Host-session",
    "\u{a0}__Host-session",
    "\u{feff}__Host-session",
    "\u{3000}__Host-session",
    "\u{85}__Host-session",
    "\u{2028}__Host-session",
    "__Host-session\u{2000}",
    "__Host-session\u{a0}",
    "__%48ost-session",
    "%5F%5FHost-session",
    "__Host%2Dsession",
    "__Host-sessio%6e",
    " __Host-session",
    "\t__Host-session",
    "__host-session",
    // A cookie with an empty name, whose value is a cookie-pair.
    "=__Host-session",
];

/// Returns the number of forged cookies that reached the victim.
pub(crate) async fn check<B: Browser>(
    site: &Site,
    browser: &mut B,
    deviations: &[Deviation],
) -> usize {
    let (session, received) = forge(site, browser).await;
    if let Some(row) = deviations.iter().find(|row| row.client == B::NAME) {
        println!("{}: {} ({received} forged cookies)", B::NAME, row.reason);
        let is_forged = session.as_deref() == Some("evil");
        assert!(is_forged, "no longer true: {}", row.reason);
        return received;
    }
    assert_eq!(session, None);

    let victim = (Scheme::Https, WWW, "/app/page");
    site.visit(browser, victim, &CookieLayer::new(), |jar, _| {
        jar.set(("__Host-session", "mine")).unwrap();
    })
    .await;
    let (session, received) = forge(site, browser).await;
    assert_eq!(session.as_deref(), Some("mine"));
    assert!(
        received > 0,
        "no forged cookie was sent, so this test tests nothing"
    );
    println!(
        "{}: {received} of {} forged cookies were sent",
        B::NAME,
        2 * FORGED.len()
    );
    received
}

/// Visits the attacker's page, then the victim's. Returns the victim's session and the number of
/// forged cookies that the victim received.
async fn forge(site: &Site, browser: &mut impl Browser) -> (Option<String>, usize) {
    let attacker = (Scheme::Https, EVIL, "/");
    site.visit(browser, attacker, &CookieLayer::new(), |_, headers| {
        for name in FORGED {
            for path in ["/", "/app"] {
                let header = format!("{name}=evil; Domain={PARENT}; Path={path}; Secure");
                headers.append(SET_COOKIE, HeaderValue::try_from(header).unwrap());
            }
        }
    })
    .await;
    let victim = (Scheme::Https, WWW, "/app/page");
    site.visit(browser, victim, &CookieLayer::new(), |jar, _| {
        let session = jar.get("__Host-session").map(str::to_owned);
        let forged = FORGED.iter().flat_map(|name| jar.get_all(name));
        (session, forged.filter(|&value| value == "evil").count())
    })
    .await
}
