//! What the crate refuses, sent past it: the browser drops it, or takes it for another cookie.

use http::HeaderValue;
use http::header::SET_COOKIE;
use tower_django_cookies::{Cookie, CookieLayer, SameSite};

use super::{Browser, CHILD, PARENT, SIBLING, Scheme, Site, WWW};

struct Row {
    cookie: Cookie<'static>,
    /// The field that would say it.
    field: String,
    /// Where it goes instead of where it was meant to.
    strays_to: Option<&'static str>,
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = |cookie: Cookie<'static>, attributes: &str, strays_to| {
        let field = format!("{}={}{attributes}", cookie.name(), cookie.value());
        rows.push(Row {
            cookie,
            field,
            strays_to,
        });
    };
    let cookie = |name: &str| Cookie::build((name.to_owned(), "1")).path("/");
    let insecure = |name: &str| cookie(name).secure(false);

    for name in [
        "__Secure-",
        "__Host-",
        "__Http-",
        "__Host-Http-",
        "__sEcUrE-",
        "__hOsT-",
    ] {
        row(insecure(name).build(), "; Path=/; HttpOnly", None);
    }
    for name in ["__Http-readable", "__Host-Http-readable"] {
        let readable = cookie(name).http_only(false).build();
        row(readable, "; Path=/; Secure", None);
    }
    for domain in [WWW, PARENT] {
        for name in ["__Host-domain", "__Host-Http-domain", "__hOsT-domain"] {
            let attributes = format!("; Path=/; Domain={domain}; Secure; HttpOnly");
            row(cookie(name).domain(domain).build(), &attributes, None);
        }
    }
    for name in ["__Host-path", "__Host-Http-path"] {
        let below = cookie(name).path("/app").build();
        row(below, "; Path=/app; Secure; HttpOnly", None);
        let unsaid = cookie(name).path("").build();
        row(unsaid, "; Secure; HttpOnly", None);
    }
    let none = insecure("none").same_site(SameSite::None).build();
    row(none, "; Path=/; SameSite=None", None);
    let partitioned = insecure("partitioned").partitioned(true).build();
    row(partitioned, "; Path=/; Partitioned", None);
    for domain in [
        SIBLING,
        CHILD,
        "test",
        "example.com",
        "www.example.test:443",
    ] {
        let attributes = format!("; Path=/; Domain={domain}");
        row(cookie("domain").domain(domain).build(), &attributes, None);
    }
    let long = Cookie::new("long", "x".repeat(4093));
    row(long, "; Path=/", None);

    let relative = cookie("relative").path("shop").build();
    row(relative, "; Path=shop", Some("/app/page"));
    let cut = cookie("cut").path("/shop;/b").build();
    row(cut, "; Path=/shop;/b", Some("/shop/page"));
    let deep = format!("/{}", "x".repeat(1024));
    let attributes = format!("; Path={deep}");
    row(
        cookie("deep").path(deep).build(),
        &attributes,
        Some("/app/page"),
    );
    rows
}

/// The number of rows comes back.
pub(crate) async fn check<B: Browser>(site: &Site, browser: &mut B) -> usize {
    let mut wrong = Vec::new();
    for Row {
        cookie,
        field,
        strays_to,
    } in rows()
    {
        let (name, sent) = (cookie.name().to_owned(), field.clone());
        let page = (Scheme::Https, WWW, "/app/page");
        site.visit(browser, page, &CookieLayer::new(), move |jar, fields| {
            assert!(jar.set(cookie).is_err(), "the crate sets {sent}");
            fields.append(SET_COOKIE, HeaderValue::try_from(sent).unwrap());
        })
        .await;
        let page = (Scheme::Https, WWW, strays_to.unwrap_or("/app/page"));
        let comes = site
            .visit(browser, page, &CookieLayer::new(), move |jar, _| {
                jar.contains(&name)
            })
            .await;
        if comes != strays_to.is_some() {
            let field: String = field.chars().take(80).collect();
            wrong.push(format!("{field} comes: {comes}"));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", B::NAME, wrong.join("\n"));
    let rows = rows().len();
    println!("{}: {rows} cookies that are refused", B::NAME);
    rows
}
