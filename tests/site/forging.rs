//! No other host forges a cookie whose prefix says that none can.

use http::HeaderValue;
use http::header::SET_COOKIE;
use tower_django_cookies::CookieLayer;

use super::{Browser, EVIL, PARENT, Scheme, Site, WWW};

/// A known way in which a client lets cookies be forged.
pub(crate) struct Deviation {
    pub(crate) client: &'static str,
    pub(crate) reason: &'static str,
}

/// What some reader might take for `__Host-session`.
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
    // Without a name, the value is a pair.
    "=__Host-session",
];

/// The number of forged cookies that reached the victim comes back.
pub(crate) async fn check<B: Browser>(
    site: &Site,
    browser: &mut B,
    deviations: &[Deviation],
) -> usize {
    let (session, arrived) = forge(site, browser).await;
    if let Some(row) = deviations.iter().find(|row| row.client == B::NAME) {
        println!("{}: {} ({arrived} forged cookies)", B::NAME, row.reason);
        let is_forged = session.as_deref() == Some("evil");
        assert!(is_forged, "no longer true: {}", row.reason);
        return arrived;
    }
    assert_eq!(session, None);

    let victim = (Scheme::Https, WWW, "/app/page");
    site.visit(browser, victim, &CookieLayer::new(), |jar, _| {
        jar.set(("__Host-session", "mine")).unwrap();
    })
    .await;
    let (session, arrived) = forge(site, browser).await;
    assert_eq!(session.as_deref(), Some("mine"));
    assert!(arrived > 0, "not one forged cookie came: nothing was tried");
    println!(
        "{}: {arrived} of {} forged cookies came",
        B::NAME,
        2 * FORGED.len()
    );
    arrived
}

/// The victim's session after a visit of the evil page, and how many forged cookies came with it.
async fn forge(site: &Site, browser: &mut impl Browser) -> (Option<String>, usize) {
    let evil = (Scheme::Https, EVIL, "/");
    site.visit(browser, evil, &CookieLayer::new(), |_, fields| {
        for name in FORGED {
            for path in ["/", "/app"] {
                let field = format!("{name}=evil; Domain={PARENT}; Path={path}; Secure");
                fields.append(SET_COOKIE, HeaderValue::try_from(field).unwrap());
            }
        }
    })
    .await;
    let victim = (Scheme::Https, WWW, "/app/page");
    site.visit(browser, victim, &CookieLayer::new(), |jar, _| {
        let session = jar.get("__Host-session").map(str::to_owned);
        let evil = FORGED.iter().flat_map(|name| jar.get_all(name));
        (session, evil.filter(|&value| value == "evil").count())
    })
    .await
}
