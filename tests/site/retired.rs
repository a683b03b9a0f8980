//! A cookie that has moved leaves no twin behind.

use tower_django_cookies::{Cookie, CookieBuilder, CookieError, CookieJar, CookieLayer};

use super::{Browser, PARENT, Scheme, Site, WWW};

/// A known way in which a client keeps fewer twins.
pub(crate) struct Deviation {
    pub(crate) client: &'static str,
    pub(crate) reason: &'static str,
    /// How many it keeps.
    pub(crate) twins: usize,
}

type Operation = fn(&CookieJar) -> Result<(), CookieError>;

fn session() -> CookieBuilder<'static> {
    Cookie::build(("session", "new"))
}

/// Where the session lived before.
fn former() -> [CookieBuilder<'static>; 3] {
    let session = || Cookie::build(("session", "old"));
    [
        session().path("/"),
        session().path("/app/"),
        session().path("/").domain(PARENT),
    ]
}

pub(crate) async fn check<B: Browser>(site: &Site, browser: &mut B, deviations: &[Deviation]) {
    let mut twins = former().len();
    for row in deviations.iter().filter(|row| row.client == B::NAME) {
        println!("{}: {} ({} twins)", B::NAME, row.reason, row.twins);
        assert_ne!(row.twins, twins, "no longer true: {}", row.reason);
        twins = row.twins;
    }
    let set: Operation = |jar| jar.set(("session", "new"));
    let delete: Operation = |jar| jar.delete("session");
    for (operation, left) in [(set, vec!["new"]), (delete, vec![])] {
        check_operation(site, browser, twins, operation, &left).await;
    }
}

async fn check_operation(
    site: &Site,
    browser: &mut impl Browser,
    twins: usize,
    operation: Operation,
    left: &[&str],
) {
    let page = (Scheme::Https, WWW, "/app/page");
    let undeclared = CookieLayer::new();
    site.visit(browser, page, &undeclared, |jar, _| {
        for twin in former() {
            jar.set(twin).unwrap();
        }
        jar.set(session().path("/app")).unwrap();
    })
    .await;
    let before = sent(site, browser, "/app/page").await;
    assert_eq!(before.len(), twins + 1, "{before:?}");

    let mut layer = CookieLayer::new().declare(session().path("/app")).unwrap();
    for twin in former() {
        layer = layer.retire(twin).unwrap();
    }
    site.visit(browser, page, &layer, move |jar, _| operation(jar).unwrap())
        .await;
    assert_eq!(sent(site, browser, "/app/page").await, left);
    assert!(sent(site, browser, "/").await.is_empty());
}

/// The values of the sessions that are sent there.
async fn sent(site: &Site, browser: &mut impl Browser, path: &str) -> Vec<String> {
    let page = (Scheme::Https, WWW, path);
    site.visit(browser, page, &CookieLayer::new(), |jar, _| {
        jar.get_all("session").map(str::to_owned).collect()
    })
    .await
}
