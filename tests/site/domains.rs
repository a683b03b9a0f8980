//! Which hosts a Domain belongs to: the jar takes what the browser keeps.

use http::HeaderValue;
use http::header::SET_COOKIE;
use tower_django_cookies::{Cookie, CookieLayer};

use super::{ADDRESS, Browser, DOTTED, PARENT, Scheme, Site, WWW};

/// Host, Domain, and whether the one may set cookies of the other.
const ROWS: [(&str, &str, bool); 20] = [
    (WWW, WWW, true),
    (WWW, PARENT, true),
    (WWW, ".example.test", true),
    (WWW, "Example.TEST", true),
    (WWW, "..example.test", false),
    (WWW, ".", false),
    (WWW, "..", false),
    (WWW, "ample.test", false),
    (WWW, "[example.test]", false),
    (WWW, "[www.example.test]", false),
    (WWW, "example.test.", false),
    (WWW, "www.example.test.", false),
    (DOTTED, "example.test.", true),
    (DOTTED, "www.example.test.", true),
    (DOTTED, PARENT, false),
    (DOTTED, WWW, false),
    (ADDRESS, ADDRESS, true),
    (ADDRESS, "0.0.1", false),
    (ADDRESS, "127.0.0.1.", false),
    (ADDRESS, "[127.0.0.1]", false),
];

/// The number of rows comes back.
pub(crate) async fn check<B: Browser>(site: &Site, browser: &mut B) -> usize {
    let mut wrong = Vec::new();
    for (number, (host, domain, fits)) in ROWS.into_iter().enumerate() {
        let page = (Scheme::Https, host, "/");
        let (by_jar, by_hand) = (format!("jar{number}"), format!("hand{number}"));
        let cookie = Cookie::build((by_jar.clone(), "1")).domain(domain).build();
        let field = format!("{by_hand}=1; Domain={domain}; Path=/");
        let is_taken = site
            .visit(browser, page, &CookieLayer::new(), move |jar, fields| {
                fields.append(SET_COOKIE, HeaderValue::try_from(field).unwrap());
                jar.set(cookie).is_ok()
            })
            .await;
        let come = site
            .visit(browser, page, &CookieLayer::new(), move |jar, _| {
                [jar.contains(&by_jar), jar.contains(&by_hand)]
            })
            .await;
        if (is_taken, come) != (fits, [fits; 2]) {
            wrong.push(format!(
                "{domain} at {host}: the jar takes it: {is_taken}, it comes: {come:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", B::NAME, wrong.join("\n"));
    println!("{}: {} Domains", B::NAME, ROWS.len());
    ROWS.len()
}
