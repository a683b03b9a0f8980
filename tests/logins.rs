//! Login and logout through `test::Client`: a logout deletes the session cookie, and a test
//! notices one that does not.

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

async fn session_count(jar: CookieJar) -> String {
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

async fn logout_at_other_path(jar: CookieJar) -> Result<Redirect, CookieError> {
    jar.delete(Cookie::build("session").path("/"))?;
    Ok(Redirect::to("/app"))
}

fn browser(cookies: CookieLayer) -> Client<Router> {
    let app = Router::new()
        .route("/app", get(session_count))
        .route("/app/login", post(login))
        .route("/app/logout", post(logout))
        .route("/app/logout-at-other-path", post(logout_at_other_path))
        .layer(cookies);
    Client::new(app)
        .base_url("https://www.example.com")
        .unwrap()
        .follow_redirects(1)
}

/// The status and the body of the response after redirects.
async fn post_to(browser: &mut Client<Router>, path: &str) -> (StatusCode, String) {
    let response = browser.post(path, &[]).await.unwrap();
    (
        response.status(),
        response.body().text().unwrap().to_owned(),
    )
}

#[tokio::test]
async fn logout_of_declared_session_deletes_cookie() {
    let mut browser = browser(CookieLayer::new().declare(session()).unwrap());
    assert_eq!(post_to(&mut browser, "/app/login").await.1, "1 session");
    assert_eq!(post_to(&mut browser, "/app/logout").await.1, "0 session");
    assert!(browser.cookies().is_empty());
}

#[tokio::test]
async fn logout_at_other_path_is_error_and_keeps_cookie() {
    let mut browser = browser(CookieLayer::new().declare(session()).unwrap());
    post_to(&mut browser, "/app/login").await;
    let (status, message) = post_to(&mut browser, "/app/logout-at-other-path").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(message.contains("Path=/app"), "{message}");
    assert_eq!(browser.cookie("session").unwrap().value(), "f81d4fae");
}

/// Without a declaration, a delete with other Domain or Path than those of the cookie is no error,
/// and a browser ignores it.
#[tokio::test]
async fn logout_of_undeclared_session_at_other_scope_keeps_cookie() {
    let mut browser = browser(CookieLayer::new());
    browser.set_cookie(session()).unwrap();
    assert_eq!(
        post_to(&mut browser, "/app/logout-at-other-path").await.1,
        "1 session"
    );
    assert_eq!(post_to(&mut browser, "/app/logout").await.1, "1 session");
}

#[tokio::test]
async fn login_and_logout_delete_cookie_at_retired_scope() {
    let cookies = CookieLayer::new().declare(session()).unwrap();
    let mut browser = browser(cookies.retire(Cookie::build("session").path("/")).unwrap());
    browser.set_cookie(("session", "old")).unwrap();
    assert_eq!(post_to(&mut browser, "/app/login").await.1, "1 session");
    assert_eq!(browser.cookie("session").unwrap().value(), "f81d4fae");

    browser.set_cookie(("session", "old")).unwrap();
    assert_eq!(post_to(&mut browser, "/app/logout").await.1, "0 session");
}

#[cfg(feature = "signed")]
#[tokio::test]
async fn signed_login_cookie_older_than_max_age_is_bad_request() {
    use tower_django_cookies::time::{Duration, OffsetDateTime};

    async fn user(jar: CookieJar) -> Result<String, CookieError> {
        let signed = jar.signed().salt("login");
        signed.max_age(Duration::weeks(2)).get("user")
    }
    let cookies = CookieLayer::new()
        .secret_key("a secret that nobody guesses")
        .unwrap();
    let app = Router::new().route("/", get(user)).layer(cookies.clone());
    let mut browser = Client::new(app);

    for (weeks, expected) in [(1, Some("ann")), (3, None)] {
        let jar = cookies.jar(&http::Request::new(()));
        let signed = jar.signed().salt("login");
        signed
            .with_time(OffsetDateTime::now_utc() - Duration::weeks(weeks))
            .set(("user", "ann"))
            .unwrap();
        browser.set_cookie(jar.queued().remove(0)).unwrap();
        let response = browser.get("/").await.unwrap();
        let body = response.body().text().unwrap();
        if let Some(user) = expected {
            assert_eq!((response.status(), body), (StatusCode::OK, user));
        } else {
            assert_eq!(response.status(), StatusCode::BAD_REQUEST);
            // The text of `SignatureExpired`, which shows the maximum age.
            assert!(body.contains("the maximum age is 14d"), "{body}");
        }
    }
}
