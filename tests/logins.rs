//! Who logs out is logged out, and a test with a browser notices who isn't.

#![cfg(all(feature = "axum-core", feature = "test-util"))]

use axum::Router;
use axum::response::Redirect;
use axum::routing::{get, post};
use http::StatusCode;
use tower_django_cookies::test::Client;
use tower_django_cookies::{Cookie, CookieBuilder, CookieError, CookieJar, CookieLayer, SameSite};

fn session() -> CookieBuilder<'static> {
    Cookie::build("session")
        .path("/app")
        .domain("example.com")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
}

async fn home(jar: CookieJar) -> String {
    format!("{} session", jar.get_all("session").count())
}

async fn login(jar: CookieJar) -> Result<Redirect, CookieError> {
    jar.set(("session", "f81d4fae"))?;
    Ok(Redirect::to("/app"))
}

async fn logout(jar: CookieJar) -> Result<Redirect, CookieError> {
    jar.delete("session")?;
    Ok(Redirect::to("/app"))
}

async fn wrong_logout(jar: CookieJar) -> Result<Redirect, CookieError> {
    jar.delete(Cookie::build("session").path("/"))?;
    Ok(Redirect::to("/app"))
}

fn browser(cookies: CookieLayer) -> Client<Router> {
    let app = Router::new()
        .route("/app", get(home))
        .route("/app/login", post(login))
        .route("/app/logout", post(logout))
        .route("/app/wrong-logout", post(wrong_logout))
        .layer(cookies);
    Client::new(app)
        .base_url("https://www.example.com")
        .unwrap()
        .follow_redirects(1)
}

/// What the page at the end of the redirects shows, and its status.
async fn send(browser: &mut Client<Router>, path: &str) -> (StatusCode, String) {
    let answer = browser.post(path, &[]).await.unwrap();
    (answer.status(), answer.body().text().unwrap().to_owned())
}

#[tokio::test]
async fn logging_out_ends_the_session() {
    let mut browser = browser(CookieLayer::new().declare(session()).unwrap());
    assert_eq!(send(&mut browser, "/app/login").await.1, "1 session");
    assert_eq!(send(&mut browser, "/app/logout").await.1, "0 session");
    assert!(browser.cookies().is_empty());
}

#[tokio::test]
async fn a_wrong_logout_is_an_error_and_ends_nothing() {
    let mut browser = browser(CookieLayer::new().declare(session()).unwrap());
    send(&mut browser, "/app/login").await;
    let (status, message) = send(&mut browser, "/app/wrong-logout").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(message.contains("Path=/app"), "{message}");
    assert_eq!(browser.cookie("session").unwrap().value(), "f81d4fae");
}

/// What every stack without declarations does, and what a browser makes of it.
#[tokio::test]
async fn a_session_that_a_logout_misses_is_still_there() {
    let mut browser = browser(CookieLayer::new());
    browser.set_cookie(session()).unwrap();
    assert_eq!(send(&mut browser, "/app/wrong-logout").await.1, "1 session");
    assert_eq!(send(&mut browser, "/app/logout").await.1, "1 session");
}

#[tokio::test]
async fn a_twin_from_before_a_move_ends_with_the_session() {
    let cookies = CookieLayer::new().declare(session()).unwrap();
    let mut browser = browser(cookies.retire(Cookie::build("session").path("/")).unwrap());
    browser.set_cookie(("session", "old")).unwrap();
    assert_eq!(send(&mut browser, "/app/login").await.1, "1 session");
    assert_eq!(browser.cookie("session").unwrap().value(), "f81d4fae");

    browser.set_cookie(("session", "old")).unwrap();
    assert_eq!(send(&mut browser, "/app/logout").await.1, "0 session");
}

#[cfg(feature = "signed")]
#[tokio::test]
async fn a_remembered_login_ends_when_its_signature_is_too_old() {
    use std::time::{Duration, SystemTime};

    const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
    async fn home(jar: CookieJar) -> Result<String, CookieError> {
        jar.signed().salt("login").max_age(2 * WEEK).get("user")
    }
    let cookies = CookieLayer::new().secret_key("a secret that nobody guesses");
    let app = Router::new().route("/", get(home)).layer(cookies.clone());
    let mut browser = Client::new(app);

    for (weeks, expected) in [(1, Some("ann")), (3, None)] {
        let jar = cookies.jar(&http::Request::new(()));
        let signed = jar.signed().salt("login");
        signed
            .with_time(SystemTime::now() - weeks * WEEK)
            .set(("user", "ann"))
            .unwrap();
        browser.set_cookie(jar.queued().remove(0)).unwrap();
        let answer = browser.get("/").await.unwrap();
        match expected {
            Some(user) => assert_eq!(answer.body().text(), Ok(user)),
            None => assert_eq!(answer.status(), StatusCode::BAD_REQUEST),
        }
    }
}
