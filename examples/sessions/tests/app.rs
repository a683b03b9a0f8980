//! The app of the example: login, logout, a new id at each login, lifetimes, and the order of its layers.

mod support;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use http::StatusCode;
use http::header::{CACHE_CONTROL, SET_COOKIE, VARY};
use sessions::{COOKIE, app, session};
use support::{Failure, Store, config};
use tower_django_cookies::test::Client;
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};
use tower_sessions::session::Id;
use tower_sessions::{Expiry, MemoryStore, Session, SessionStore};

fn client_with(store: MemoryStore, expiry: Expiry) -> Client<Router> {
    Client::new(app(store, expiry).expect("an app")).follow_redirects(1)
}

fn client() -> Client<Router> {
    client_with(MemoryStore::default(), Expiry::OnSessionEnd)
}

/// Sends a form without fields and follows the redirect to the home page.
async fn post(client: &mut Client<Router>, path: &str) -> String {
    let response = client.post(path, &[]).await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK);
    response.body().text().expect("UTF-8").to_owned()
}

async fn home(client: &mut Client<Router>) -> String {
    let response = client.get("/").await.expect("a response");
    response.body().text().expect("UTF-8").to_owned()
}

fn id(client: &Client<Router>) -> Id {
    let cookie = client.cookie(COOKIE).expect("a cookie");
    cookie.value().parse().expect("an id")
}

#[tokio::test]
async fn login_sets_the_declared_cookie_and_logout_deletes_it() {
    let store = MemoryStore::default();
    let mut client = client_with(store.clone(), Expiry::OnSessionEnd);
    assert!(post(&mut client, "/login").await.contains("Hello, Ann."));
    assert!(home(&mut client).await.contains("Hello, Ann."));

    let cookie = client.cookie(COOKIE).expect("a cookie");
    let expected = format!(
        "{COOKIE}={}; HttpOnly; SameSite=Lax; Secure; Path=/",
        cookie.value()
    );
    assert_eq!(cookie.to_string(), expected);

    let id = id(&client);
    let text = post(&mut client, "/logout").await;
    assert!(text.contains("You are not logged in."), "{text}");
    client.assert_deleted(COOKIE);
    assert_eq!(store.load(&id).await.expect("a store"), None);
}

#[tokio::test]
async fn page_without_changes_sets_no_cookie() {
    let mut client = client();
    let response = client.get("/").await.expect("a response");
    assert!(!response.headers().contains_key(SET_COOKIE));
    assert_eq!(response.headers()[VARY], "Cookie");

    post(&mut client, "/login").await;
    let response = client.get("/").await.expect("a response");
    assert!(!response.headers().contains_key(SET_COOKIE));
}

#[tokio::test]
async fn login_changes_the_id_and_keeps_the_basket() {
    let store = MemoryStore::default();
    let mut client = client_with(store.clone(), Expiry::OnSessionEnd);
    post(&mut client, "/basket").await;
    let before = id(&client);
    let text = post(&mut client, "/basket").await;
    assert!(text.contains("basket: 2"), "{text}");
    assert_eq!(id(&client), before);

    let text = post(&mut client, "/login").await;
    assert!(
        text.contains("Hello, Ann.") && text.contains("basket: 2"),
        "{text}"
    );
    assert_ne!(id(&client), before);
    assert_eq!(store.load(&before).await.expect("a store"), None);
}

/// An attacker who sets the id of his own session in the victim's browser is not logged in with the victim.
#[tokio::test]
async fn login_with_planted_id_does_not_log_in_the_attacker() {
    let store = MemoryStore::default();
    let mut attacker = client_with(store.clone(), Expiry::OnSessionEnd);
    post(&mut attacker, "/basket").await;

    let mut victim = client_with(store, Expiry::OnSessionEnd);
    victim
        .set_cookie(attacker.cookie(COOKIE).expect("a cookie"))
        .expect("a valid cookie");
    assert!(post(&mut victim, "/login").await.contains("Hello, Ann."));
    let text = home(&mut attacker).await;
    assert!(text.contains("You are not logged in."), "{text}");
    attacker.assert_deleted(COOKIE);
}

#[tokio::test]
async fn session_end_deletes_the_cookie_at_a_restart() {
    let mut client = client_with(MemoryStore::default(), Expiry::OnSessionEnd);
    post(&mut client, "/login").await;
    client.advance(Duration::weeks(52));
    assert!(home(&mut client).await.contains("Hello, Ann."));
    client.restart();
    client.assert_no_cookie(COOKIE);
}

#[tokio::test]
async fn expiry_on_inactivity_expires_the_cookie() {
    let expiry = Expiry::OnInactivity(Duration::hours(1));
    let mut client = client_with(MemoryStore::default(), expiry);
    post(&mut client, "/login").await;
    client.restart();
    client.advance(Duration::minutes(50));
    post(&mut client, "/basket").await; // A change extends the session.
    client.advance(Duration::minutes(55));
    assert!(home(&mut client).await.contains("Hello, Ann."));
    client.advance(Duration::minutes(6));
    assert!(home(&mut client).await.contains("You are not logged in."));
    client.assert_no_cookie(COOKIE);
}

#[tokio::test]
async fn expiry_at_date_time_expires_the_cookie() {
    let date = OffsetDateTime::now_utc() + Duration::hours(1);
    let mut client = client_with(MemoryStore::default(), Expiry::AtDateTime(date));
    let response = client.post("/login", &[]).await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK);
    client.advance(Duration::minutes(59));
    assert!(home(&mut client).await.contains("Hello, Ann."));
    client.advance(Duration::seconds(62));
    assert!(home(&mut client).await.contains("You are not logged in."));
}

/// A browser whose clock is wrong still sends the cookie of a session that has expired in the store.
#[tokio::test]
async fn session_expired_in_the_store_is_a_new_one() {
    let store = MemoryStore::default();
    let mut client = client_with(store.clone(), Expiry::OnSessionEnd);
    post(&mut client, "/login").await;
    let mut record = store
        .load(&id(&client))
        .await
        .expect("a store")
        .expect("a record");
    record.expiry_date = OffsetDateTime::now_utc() - Duration::SECOND;
    store.save(&record).await.expect("a store");

    assert!(home(&mut client).await.contains("You are not logged in."));
    client.assert_deleted(COOKIE);
}

#[tokio::test]
async fn response_with_a_session_cookie_is_private() {
    let mut client =
        Client::new(app(MemoryStore::default(), Expiry::OnSessionEnd).expect("an app"));
    let response = client.post("/login", &[]).await.expect("a response");
    assert!(response.headers().contains_key(SET_COOKIE));
    assert_eq!(response.headers()[CACHE_CONTROL], "private");
}

/// The session is not stored, so the client must not receive its id. Other cookies are still sent.
#[tokio::test]
async fn store_failure_is_status_500_without_the_session_cookie() {
    async fn set_theme(jar: CookieJar, session: Session) -> Result<(), CookieError> {
        session.insert("key", "value").await.expect("a session");
        jar.set(("theme", "dark"))
    }
    let store = Store::default();
    store.fail(Failure::Write);
    let app = Router::new()
        .route("/", get(set_theme))
        .layer(from_fn_with_state(config(&store, COOKIE), session::manage))
        .layer(CookieLayer::new().declare(COOKIE).expect("a declaration"));
    let mut client = Client::new(app);
    let response = client.get("/").await.expect("a response");
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.body().text(), Ok(""));
    client.assert_no_cookie(COOKIE);
    client.assert_cookie("theme", "dark");

    store.fail(Failure::None);
    let response = client.get("/").await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK);
    assert!(client.cookie(COOKIE).is_some());
}

#[tokio::test]
async fn middleware_outside_of_the_cookie_layer_is_missing_layer() {
    let store = Store::default();
    let app = Router::new()
        .route("/", get(async |_: Session| "never called"))
        .layer(CookieLayer::new())
        .layer(from_fn_with_state(config(&store, COOKIE), session::manage));
    let response = Client::new(app).get("/").await.expect("a response");
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let text = response.body().text().expect("UTF-8");
    assert_eq!(text, CookieError::MissingLayer.to_string());
}
