//! A cookie with retired scopes leaves no duplicate at those scopes.

use tower_django_cookies::{Cookie, CookieBuilder, CookieError, CookieJar, CookieLayer};

use super::{Browser, PARENT, Scheme, Site, WWW};

/// A client that is known to store fewer duplicates.
pub(crate) struct Deviation {
    pub(crate) client: &'static str,
    pub(crate) reason: &'static str,
    /// The number of duplicates that it stores.
    pub(crate) duplicates: usize,
}

type Operation = fn(&CookieJar) -> Result<(), CookieError>;

fn session() -> CookieBuilder<'static> {
    Cookie::build(("session", "new"))
}

/// The session at each retired scope.
fn retired() -> [CookieBuilder<'static>; 3] {
    let session = || Cookie::build(("session", "old"));
    [
        session().path("/"),
        session().path("/app/"),
        session().path("/").domain(PARENT),
    ]
}

pub(crate) async fn check<B: Browser>(site: &Site, browser: &mut B, deviations: &[Deviation]) {
    let mut duplicates = retired().len();
    for row in deviations.iter().filter(|row| row.client == B::NAME) {
        println!(
            "{}: {} ({} duplicates)",
            B::NAME,
            row.reason,
            row.duplicates
        );
        assert_ne!(row.duplicates, duplicates, "no longer true: {}", row.reason);
        duplicates = row.duplicates;
    }
    let set: Operation = |jar| jar.set(("session", "new"));
    let delete: Operation = |jar| jar.delete("session");
    // Deletes that were left over when the cookie was moved.
    let at_root: Operation = |jar| jar.delete(session().path("/"));
    let at_folder: Operation = |jar| jar.delete(session().path("/app/"));
    let at_parent: Operation = |jar| jar.delete(session().path("/").domain(PARENT));
    for (operation, expected) in [
        (set, vec!["new"]),
        (delete, vec![]),
        (at_root, vec![]),
        (at_folder, vec![]),
        (at_parent, vec![]),
    ] {
        check_operation(site, browser, duplicates, operation, &expected).await;
    }
}

async fn check_operation(
    site: &Site,
    browser: &mut impl Browser,
    duplicates: usize,
    operation: Operation,
    expected: &[&str],
) {
    let page = (Scheme::Https, WWW, "/app/page");
    let undeclared = CookieLayer::new();
    site.visit(browser, page, &undeclared, |jar, _| {
        for cookie in retired() {
            jar.set(cookie).unwrap();
        }
        jar.set(session().path("/app")).unwrap();
    })
    .await;
    let before = sessions_sent_to(site, browser, "/app/page").await;
    assert_eq!(before.len(), duplicates + 1, "{before:?}");

    let mut layer = CookieLayer::new().declare(session().path("/app")).unwrap();
    for cookie in retired() {
        layer = layer.retire(cookie).unwrap();
    }
    site.visit(browser, page, &layer, move |jar, _| operation(jar).unwrap())
        .await;
    let after = sessions_sent_to(site, browser, "/app/page").await;
    assert_eq!(after, expected);
    assert!(sessions_sent_to(site, browser, "/").await.is_empty());
}

/// The values of all `session` cookies that the browser sends to `path`.
async fn sessions_sent_to(site: &Site, browser: &mut impl Browser, path: &str) -> Vec<String> {
    let page = (Scheme::Https, WWW, path);
    site.visit(browser, page, &CookieLayer::new(), |jar, _| {
        jar.get_all("session").map(str::to_owned).collect()
    })
    .await
}
