//! A page that recognizes a returning visitor.

use tower_django_cookies::{CookieError, CookieJar, CookieLayer};

use super::{Browser, Scheme, Site, WWW};

pub(crate) async fn check(site: &Site, browser: &mut impl Browser) {
    fn greet(jar: &CookieJar) -> Result<&'static str, CookieError> {
        if jar.contains("visited") {
            return Ok("Welcome back!");
        }
        jar.set(("visited", "True"))?;
        Ok("Welcome to my website!")
    }

    let mut greetings = Vec::new();
    for _ in 0..2 {
        let page = (Scheme::Http, WWW, "/");
        let greeting = site
            .visit(browser, page, &CookieLayer::new(), |jar, _| greet(jar))
            .await;
        greetings.push(greeting.unwrap());
    }
    assert_eq!(greetings, ["Welcome to my website!", "Welcome back!"]);
}
