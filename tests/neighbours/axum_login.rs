//! `CookieLayer` and axum-login serve one application, in either order: login, a protected route and logout work, and a
//! declared cookie is set and deleted in the same handlers.

#[path = "../support/mod.rs"]
mod support;

use std::convert::Infallible;

use axum::Router;
use axum::routing::{get, post};
use axum_login::{
    AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend, UserId, login_required,
};
use http::{Response, StatusCode};
use support::{deletion, set_cookies};
use tower_django_cookies::test::Client;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};
use tower_sessions_0_14::{MemoryStore, SessionManagerLayer};

/// Both orders of the two layers, by the name of the outer one.
const ORDERS: [&str; 2] = ["CookieLayer", "AuthManagerLayer"];

#[derive(Clone, Debug)]
struct Ann;

impl AuthUser for Ann {
    type Id = u32;

    fn id(&self) -> u32 {
        42
    }

    fn session_auth_hash(&self) -> &[u8] {
        b"a hash of her password"
    }
}

/// Knows one user, whose password is `right`.
#[derive(Clone)]
struct Users;

impl AuthnBackend for Users {
    type User = Ann;
    type Credentials = String;
    type Error = Infallible;

    async fn authenticate(&self, password: String) -> Result<Option<Ann>, Infallible> {
        Ok((password == "right").then_some(Ann))
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<Ann>, Infallible> {
        Ok((*id == 42).then_some(Ann))
    }
}

type Auth = AuthSession<Users>;

/// Logs in, and remembers the name of the user in a cookie.
async fn login(jar: CookieJar, mut auth: Auth, form: String) -> Result<StatusCode, CookieError> {
    let password = form.replace("password=", "");
    let Some(user) = auth.authenticate(password).await.expect("a backend") else {
        jar.delete("name")?;
        return Ok(StatusCode::UNAUTHORIZED);
    };
    auth.login(&user).await.expect("a session");
    jar.set(("name", "ann"))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The name in the cookie and the id of the user.
async fn account(jar: CookieJar, auth: Auth) -> String {
    let id = auth.user.map(|user| user.id());
    format!("{} {id:?}", jar.get("name").unwrap_or("none"))
}

async fn logout(jar: CookieJar, mut auth: Auth) -> Result<StatusCode, CookieError> {
    auth.logout().await.expect("a session");
    jar.delete("name")?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes the cookie at a scope that is not declared: an error, before it logs out.
async fn wrong_logout(jar: CookieJar, mut auth: Auth) -> Result<StatusCode, CookieError> {
    jar.delete(Cookie::build("name").path("/"))?;
    auth.logout().await.expect("a session");
    Ok(StatusCode::NO_CONTENT)
}

fn client(outer: &str) -> Client<Router> {
    let name = Cookie::build("name").path("/app");
    let cookies = CookieLayer::new()
        .declare(name)
        .expect("a declaration")
        .deny_undeclared();
    let sessions = SessionManagerLayer::new(MemoryStore::default()).with_secure(false);
    let auth = AuthManagerLayerBuilder::new(Users, sessions).build();
    let app = Router::new()
        .route("/app/account", get(account))
        .route_layer(login_required!(Users))
        .route("/app/login", post(login))
        .route("/app/logout", post(logout))
        .route("/app/wrong_logout", post(wrong_logout));
    // axum's last layer is the outermost.
    Client::new(match outer {
        "CookieLayer" => app.layer(auth).layer(cookies),
        _ => app.layer(cookies).layer(auth),
    })
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
async fn login_account_and_logout_work_with_both_cookies() {
    for outer in ORDERS {
        let mut client = client(outer);
        let response = client.get("/app/account").await.expect("a response");
        assert_eq!(
            response.status(),
            StatusCode::UNAUTHORIZED,
            "{outer} outside"
        );

        let response = client
            .post("/app/login", &[("password", "right")])
            .await
            .expect("a response");
        assert_eq!(response.status(), StatusCode::NO_CONTENT, "{outer} outside");
        assert_eq!(names_set(&response), ["id", "name"], "{outer} outside");
        let headers = set_cookies(response.headers());
        assert!(
            headers.iter().any(|header| header == "name=ann; Path=/app"),
            "{headers:?}"
        );

        let response = client.get("/app/account").await.expect("a response");
        assert_eq!(
            response.body().text(),
            Ok("ann Some(42)"),
            "{outer} outside"
        );
        assert_eq!(names_set(&response), [""; 0], "{outer} outside");

        let response = client.post("/app/logout", &[]).await.expect("a response");
        assert_eq!(names_set(&response), ["id", "name"], "{outer} outside");
        let headers = set_cookies(response.headers());
        assert!(headers.contains(&deletion("name", "/app")), "{headers:?}");
        assert!(client.cookies().is_empty(), "{outer} outside");

        let response = client.get("/app/account").await.expect("a response");
        assert_eq!(
            response.status(),
            StatusCode::UNAUTHORIZED,
            "{outer} outside"
        );
    }
}

#[tokio::test]
async fn wrong_password_deletes_our_cookie_and_keeps_the_login() {
    for outer in ORDERS {
        let mut client = client(outer);
        client
            .post("/app/login", &[("password", "right")])
            .await
            .expect("a response");
        let response = client
            .post("/app/login", &[("password", "wrong")])
            .await
            .expect("a response");
        assert_eq!(
            response.status(),
            StatusCode::UNAUTHORIZED,
            "{outer} outside"
        );
        assert_eq!(
            set_cookies(response.headers()),
            [deletion("name", "/app")],
            "{outer} outside"
        );

        let response = client.get("/app/account").await.expect("a response");
        assert_eq!(
            response.body().text(),
            Ok("none Some(42)"),
            "{outer} outside"
        );
    }
}

#[tokio::test]
async fn refused_delete_is_an_error_response_and_keeps_both_cookies() {
    for outer in ORDERS {
        let mut client = client(outer);
        client
            .post("/app/login", &[("password", "right")])
            .await
            .expect("a response");
        let response = client
            .post("/app/wrong_logout", &[])
            .await
            .expect("a response");
        assert_eq!(
            response.status(),
            StatusCode::INTERNAL_SERVER_ERROR,
            "{outer} outside"
        );
        assert_eq!(names_set(&response), [""; 0], "{outer} outside");

        let response = client.get("/app/account").await.expect("a response");
        assert_eq!(
            response.body().text(),
            Ok("ann Some(42)"),
            "{outer} outside"
        );
    }
}
