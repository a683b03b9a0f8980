//! A cookie with previous names leaves no copy under those names.

use tower_django_cookies::{Cookie, CookieBuilder, CookieError, CookieJar, CookieLayer};

use super::{Browser, PARENT, Scheme, Site, WWW};

/// The cookies of one site before and after a rename.
struct Rename {
    declared: fn() -> CookieBuilder<'static>,
    /// Previous scopes of the new name.
    retired: fn() -> Vec<CookieBuilder<'static>>,
    /// Previous scopes of the previous names.
    renamed: fn() -> Vec<CookieBuilder<'static>>,
}

fn session() -> CookieBuilder<'static> {
    Cookie::build(("session", "old"))
}

const RENAMES: [Rename; 2] = [
    Rename {
        declared: || Cookie::build(("__Host-session", "new")).http_only(true),
        retired: Vec::new,
        renamed: || {
            vec![
                session().path("/"),
                session().path("/app"),
                session().path("/").domain(PARENT),
            ]
        },
    },
    // A cookie that has had two names and was moved too.
    Rename {
        declared: || Cookie::build(("sid", "new")).path("/app"),
        retired: || vec![Cookie::build(("sid", "old")).path("/")],
        renamed: || {
            vec![
                session().path("/app").domain(PARENT),
                Cookie::build(("PHPSESSID", "old")).path("/"),
            ]
        },
    },
];

type Operation = Box<dyn FnOnce(&CookieJar) -> Result<(), CookieError> + Send>;

pub(crate) async fn check<B: Browser>(site: &Site, browser: &mut B) {
    let mut checked = 0;
    for rename in RENAMES {
        let name = (rename.declared)().build().name().to_owned();
        let new_name = name.clone();
        let set: Operation = Box::new(move |jar| jar.set((new_name, "new")));
        let kept = vec![(name.clone(), "new".to_owned())];
        check_operation(site, browser, &rename, set, &kept).await;

        let delete: Operation = Box::new(move |jar| jar.delete(name));
        check_operation(site, browser, &rename, delete, &[]).await;
        checked += 2;
        // A left-over delete gives a previous name, and may give its scope.
        for old in (rename.renamed)() {
            let old = old.build();
            let name = old.name().to_owned();
            let without_scope: Operation = Box::new(move |jar| jar.delete(name));
            let with_scope: Operation = Box::new(move |jar| jar.delete(old));
            check_operation(site, browser, &rename, without_scope, &[]).await;
            check_operation(site, browser, &rename, with_scope, &[]).await;
            checked += 2;
        }
    }
    println!("{}: {checked} operations on renamed cookies", B::NAME);
}

/// Sets the cookie under all its names and at all its scopes, and lets the renamed one be set or
/// deleted.
async fn check_operation(
    site: &Site,
    browser: &mut impl Browser,
    rename: &Rename,
    operation: Operation,
    expected: &[(String, String)],
) {
    let page = (Scheme::Https, WWW, "/app/page");
    let previous = || (rename.retired)().into_iter().chain((rename.renamed)());
    let all: Vec<_> = previous().chain([(rename.declared)()]).collect();
    let number = all.len();
    site.visit(browser, page, &CookieLayer::new(), |jar, _| {
        for cookie in all {
            jar.set(cookie).unwrap();
        }
    })
    .await;
    let before = cookies_sent_to(site, browser, "/app/page").await;
    assert_eq!(before.len(), number, "{before:?}");

    let declared = (rename.declared)().build();
    let mut layer = CookieLayer::new().declare(declared.clone()).unwrap();
    for cookie in (rename.retired)() {
        layer = layer.retire(cookie).unwrap();
    }
    for cookie in (rename.renamed)() {
        layer = layer.renamed(cookie, declared.name()).unwrap();
    }
    site.visit(browser, page, &layer, |jar, _| operation(jar).unwrap())
        .await;
    let after = cookies_sent_to(site, browser, "/app/page").await;
    assert_eq!(after, expected);

    // Cookies of the next operation must not find the kept one.
    site.visit(browser, page, &layer, move |jar, _| {
        jar.delete(declared.name().to_owned()).unwrap();
    })
    .await;
    let left = cookies_sent_to(site, browser, "/app/page").await;
    assert!(left.is_empty(), "{left:?}");
}

/// The names and values of all cookies that the browser sends to `path`.
async fn cookies_sent_to(
    site: &Site,
    browser: &mut impl Browser,
    path: &str,
) -> Vec<(String, String)> {
    let page = (Scheme::Https, WWW, path);
    site.visit(browser, page, &CookieLayer::new(), |jar, _| {
        let names: Vec<_> = jar.iter().map(|(name, _)| name).collect();
        let values = names.into_iter().flat_map(|name| {
            let values = jar.get_all(name);
            values.map(move |value| (name.to_owned(), value.to_owned()))
        });
        values.collect()
    })
    .await
}
