//! `CookieLayer` and tower-sessions serve one application, in either order: each sends its own `Set-Cookie` headers
//! once, and neither changes the other's cookies.

#[path = "../support/mod.rs"]
mod support;

use axum::Router;
use axum::routing::{get, post};
use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::{Response, StatusCode};
use support::set_cookies;
use tower_django_cookies::test::Client;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

/// Both orders of the two layers, by the name of the outer one.
const ORDERS: [&str; 2] = ["CookieLayer", "SessionManagerLayer"];

/// Sets a cookie in the jar and a value in the session.
async fn both(jar: CookieJar, session: Session) -> Result<String, CookieError> {
    let visits = session.get("visits").await.expect("a number").unwrap_or(0) + 1;
    session.insert("visits", visits).await.expect("a session");
    jar.set(("theme", "dark"))?;
    let theme = jar.get("theme").unwrap_or("none");
    Ok(format!("{visits} {theme}"))
}

/// Deletes the cookie of the jar, and reads the session.
async fn delete_theme(jar: CookieJar, session: Session) -> Result<String, CookieError> {
    jar.delete("theme")?;
    let visits: Option<u32> = session.get("visits").await.expect("a number");
    Ok(format!("{visits:?}"))
}

/// Deletes the session, and reads the cookie of the jar.
async fn flush_session(jar: CookieJar, session: Session) -> String {
    session.flush().await.expect("a session");
    jar.get("theme").unwrap_or("none").to_owned()
}

async fn fail(jar: CookieJar, session: Session) -> Result<StatusCode, CookieError> {
    session.insert("visits", 100).await.expect("a session");
    jar.set(("theme", "light"))?;
    Ok(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The jar and the session both see the other's cookie in the request.
async fn names(jar: CookieJar) -> String {
    let mut names: Vec<_> = jar.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.join(" ")
}

fn declared() -> CookieLayer {
    let theme = Cookie::build("theme").path("/app").http_only(true);
    CookieLayer::new()
        .declare(theme)
        .expect("a declaration")
        .deny_undeclared()
}

fn app_with(outer: &str, cookies: CookieLayer) -> Router {
    let sessions = SessionManagerLayer::new(MemoryStore::default()).with_secure(false);
    let app = Router::new()
        .route("/app", get(both))
        .route("/app/names", get(names))
        .route("/app/theme/delete", post(delete_theme))
        .route("/app/session/flush", post(flush_session))
        .route("/app/fail", get(fail));
    // axum's last layer is the outermost.
    match outer {
        "CookieLayer" => app.layer(sessions).layer(cookies),
        _ => app.layer(cookies).layer(sessions),
    }
}

fn client(outer: &str) -> Client<Router> {
    Client::new(app_with(outer, declared()))
}

/// The names of the response's `Set-Cookie` headers, sorted, because the order follows that of the layers.
fn names_set<B>(response: &Response<B>) -> Vec<String> {
    let headers = set_cookies(response.headers());
    let mut names: Vec<_> = headers
        .iter()
        .map(|header| header.split('=').next().expect("a name").to_owned())
        .collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn set_and_insert_send_each_cookie_once() {
    for outer in ORDERS {
        let response = client(outer).get("/app").await.expect("a response");
        assert_eq!(names_set(&response), ["id", "theme"], "{outer} outside");
        let headers = set_cookies(response.headers());
        let theme = "theme=dark; HttpOnly; Path=/app";
        assert!(headers.iter().any(|header| header == theme), "{headers:?}");
    }
}

#[tokio::test]
async fn session_and_cookie_last_over_two_requests() {
    for outer in ORDERS {
        let mut client = client(outer);
        for expected in ["1 none", "2 dark", "3 dark"] {
            let response = client.get("/app").await.expect("a response");
            assert_eq!(response.body().text(), Ok(expected), "{outer} outside");
        }
        let response = client.get("/app/names").await.expect("a response");
        assert_eq!(response.body().text(), Ok("id theme"), "{outer} outside");
        assert_eq!(names_set(&response), [""; 0], "{outer} outside");
    }
}

#[tokio::test]
async fn delete_of_our_cookie_keeps_the_session() {
    for outer in ORDERS {
        let mut client = client(outer);
        client.get("/app").await.expect("a response");
        let response = client
            .post("/app/theme/delete", &[])
            .await
            .expect("a response");
        assert_eq!(response.body().text(), Ok("Some(1)"), "{outer} outside");
        assert_eq!(names_set(&response), ["theme"], "{outer} outside");
        assert!(client.cookie("theme").is_none(), "{outer} outside");

        let response = client.get("/app").await.expect("a response");
        assert_eq!(response.body().text(), Ok("2 none"), "{outer} outside");
    }
}

#[tokio::test]
async fn flush_of_the_session_keeps_our_cookie() {
    for outer in ORDERS {
        let mut client = client(outer);
        client.get("/app").await.expect("a response");
        let response = client
            .post("/app/session/flush", &[])
            .await
            .expect("a response");
        assert_eq!(response.body().text(), Ok("dark"), "{outer} outside");
        assert_eq!(names_set(&response), ["id"], "{outer} outside");
        assert!(client.cookie("id").is_none(), "{outer} outside");

        let response = client.get("/app").await.expect("a response");
        assert_eq!(response.body().text(), Ok("1 dark"), "{outer} outside");
    }
}

/// tower-sessions does not save the session of a response with status 5xx. The jar is independent of the status.
#[tokio::test]
async fn error_response_sends_our_cookie_without_the_session() {
    for outer in ORDERS {
        let mut client = client(outer);
        let response = client.get("/app/fail").await.expect("a response");
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(
            set_cookies(response.headers()),
            ["theme=light; HttpOnly; Path=/app"],
            "{outer} outside"
        );
    }
}

/// A jar can delete the session's cookie too. A browser takes the last header of a name and scope (RFC 6265, section 5.3),
/// which is that of the outer layer.
#[tokio::test]
async fn delete_of_the_session_cookie_takes_effect_if_our_layer_is_outside() {
    async fn insert_and_delete(jar: CookieJar, session: Session) -> Result<(), CookieError> {
        session.insert("visits", 1).await.expect("a session");
        jar.delete("id")
    }
    for (outer, is_stored) in [("CookieLayer", false), ("SessionManagerLayer", true)] {
        let app = Router::new().route("/", get(insert_and_delete));
        let sessions = SessionManagerLayer::new(MemoryStore::default()).with_secure(false);
        let app = match outer {
            "CookieLayer" => app.layer(sessions).layer(CookieLayer::new()),
            _ => app.layer(CookieLayer::new()).layer(sessions),
        };
        let mut client = Client::new(app);
        let response = client.get("/").await.expect("a response");
        assert_eq!(names_set(&response), ["id", "id"], "{outer} outside");
        assert_eq!(client.cookie("id").is_some(), is_stored, "{outer} outside");
    }
}

/// `cache_control_private` covers the session's `Set-Cookie` if the layer is outside, as its documentation says.
#[tokio::test]
async fn cache_control_private_outside_covers_the_session_cookie() {
    async fn insert(session: Session) {
        session.insert("visits", 1).await.expect("a session");
    }
    for (outer, expected) in [
        ("CookieLayer", Some("private")),
        ("SessionManagerLayer", None),
    ] {
        let app = Router::new().route("/", get(insert));
        let sessions = SessionManagerLayer::new(MemoryStore::default()).with_secure(false);
        let cookies = CookieLayer::new().cache_control_private();
        let app = match outer {
            "CookieLayer" => app.layer(sessions).layer(cookies),
            _ => app.layer(cookies).layer(sessions),
        };
        let response = Client::new(app).get("/").await.expect("a response");
        assert!(response.headers().contains_key(SET_COOKIE));
        let found = response.headers().get(CACHE_CONTROL);
        let found = found.map(|value| value.to_str().expect("ASCII"));
        assert_eq!(found, expected, "{outer} outside");
    }
}
