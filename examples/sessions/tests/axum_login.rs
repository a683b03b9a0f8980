//! axum-login with the middleware: login, a protected route and logout, with a declared cookie.

// `session.rs` with the version of tower-sessions that axum-login depends on.
extern crate tower_sessions_0_14 as tower_sessions;

#[path = "../src/session.rs"]
mod session;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum_login::{AuthManager, AuthSession, AuthUser, AuthnBackend, UserId, login_required};
use http::StatusCode;
use tower::layer::layer_fn;
use tower_django_cookies::CookieLayer;
use tower_django_cookies::test::Client;
use tower_sessions::{Expiry, MemoryStore};

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

/// Knows one user, who needs no password.
#[derive(Clone)]
struct Users;

impl AuthnBackend for Users {
    type User = Ann;
    type Credentials = ();
    type Error = Infallible;

    async fn authenticate(&self, (): ()) -> Result<Option<Ann>, Infallible> {
        Ok(Some(Ann))
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<Ann>, Infallible> {
        Ok((*id == 42).then_some(Ann))
    }
}

type Auth = AuthSession<Users>;

async fn login(mut auth: Auth) {
    let user = auth.authenticate(()).await.expect("a backend");
    auth.login(&user.expect("a user")).await.expect("a session");
}

async fn logout(mut auth: Auth) {
    auth.logout().await.expect("a session");
}

async fn account(auth: Auth) -> String {
    format!("{:?}", auth.user)
}

#[tokio::test]
async fn login_sets_the_declared_cookie_and_logout_deletes_it() {
    let cookies = CookieLayer::new().declare("__Host-id");
    let sessions = session::Sessions {
        store: Arc::new(MemoryStore::default()),
        cookie: "__Host-id",
        expiry: Expiry::OnSessionEnd,
        always_save: false,
    };
    let app = Router::new()
        .route("/account", get(account))
        .route_layer(login_required!(Users))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .layer(layer_fn(|inner| {
            AuthManager::new(inner, Users, "axum-login.data")
        }))
        .layer(from_fn_with_state(sessions, session::manage))
        .layer(cookies.expect("a declaration"));
    let mut client = Client::new(app);
    let response = client.get("/account").await.expect("a response");
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);

    client.post("/login", &[]).await.expect("a response");
    let response = client.get("/account").await.expect("a response");
    assert_eq!(response.body().text(), Ok("Some(Ann)"));

    client.post("/logout", &[]).await.expect("a response");
    client.assert_deleted("__Host-id");
    let response = client.get("/account").await.expect("a response");
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}
