//! The page that knows who was there before.

use tower_django_cookies::{CookieError, CookieJar, CookieLayer};

use super::{Browser, Scheme, Site, WWW};

pub(crate) async fn check(site: &Site, browser: &mut impl Browser) {
    fn home(jar: &CookieJar) -> Result<&'static str, CookieError> {
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
            .visit(browser, page, &CookieLayer::new(), |jar, _| home(jar))
            .await;
        greetings.push(greeting.unwrap());
    }
    assert_eq!(greetings, ["Welcome to my website!", "Welcome back!"]);
}
