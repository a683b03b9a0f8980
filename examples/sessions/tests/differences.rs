//! The differences from tower-sessions' own layer, which the README lists. Most tests send the same requests to both.

mod support;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use http::header::{CACHE_CONTROL, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use sessions::session;
use support::{Store, both, config, router};
use tower_django_cookies::test::Client;
use tower_django_cookies::time::Duration;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

/// Adds the middleware for the cookie `name`, and the layer.
fn ours(router: Router, store: &Store, name: &'static str, cookies: CookieLayer) -> Client<Router> {
    let sessions = from_fn_with_state(config(store, name), session::manage);
    Client::new(router.layer(sessions).layer(cookies))
}

fn declared<'c>(cookie: impl Into<Cookie<'c>>) -> CookieLayer {
    CookieLayer::new().declare(cookie).expect("a declaration")
}

fn upstream_layer() -> SessionManagerLayer<MemoryStore> {
    SessionManagerLayer::new(MemoryStore::default())
}

fn upstream(layer: SessionManagerLayer<MemoryStore>) -> Client<Router> {
    Client::new(router(&Store::default()).layer(layer))
}

async fn headers(client: &mut Client<Router>, url: &str) -> HeaderMap {
    let response = client.get(url).await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK, "{url}");
    response.into_parts().0.headers
}

fn paths(client: &Client<Router>) -> Vec<String> {
    let cookies = client.cookies();
    let paths = cookies.iter().map(|cookie| cookie.path().expect("a Path"));
    paths.map(str::to_owned).collect()
}

/// Browsers reject a `Set-Cookie` header with the prefix `__Host-` and without `Secure`, even if it deletes the cookie.
/// tower-sessions 0.15.0 omits `Secure` when it deletes the cookie. Its pull request 268 adds it.
#[tokio::test]
async fn logout_deletes_a_cookie_with_prefix() {
    let store = Store::default();
    let mut ours = ours(router(&store), &store, "__Host-id", declared("__Host-id"));
    headers(&mut ours, "/?insert").await;
    headers(&mut ours, "/?flush").await;
    ours.assert_deleted("__Host-id");
}

/// The session must not be stored with its previous id, which an attacker may know.
#[tokio::test]
async fn change_after_flush_changes_the_id() {
    for query in [
        "/?get,flush,insert",
        "/?flush,insert",
        "/?insert,flush,same",
    ] {
        for is_upstream in [true, false] {
            let store = Store::default();
            let mut client = Client::new(both(is_upstream, &store, false));
            headers(&mut client, "/?insert").await;
            let before = client.cookie("id").expect("a cookie");
            store.take_calls();
            headers(&mut client, query).await;
            let after = client.cookie("id").expect("a cookie");
            let is_same = before.value() == after.value();
            assert_eq!(is_same, is_upstream, "{query}");
            let response = client.get("/?get").await.expect("a response");
            assert!(response.body().text().expect("UTF-8").starts_with("Some"));
        }
    }
}

/// The Path of the cookie was `/app` before, and is `/` now.
#[tokio::test]
async fn logout_deletes_the_cookie_at_a_previous_path() {
    let previous = Cookie::build(("id", "AAAAAAAAAAAAAAAAAAAAAA")).path("/app");
    let mut upstream = upstream(upstream_layer());
    upstream.set_cookie(previous.clone()).expect("a cookie");
    headers(&mut upstream, "/app?insert").await;
    headers(&mut upstream, "/app?flush").await;
    assert_eq!(paths(&upstream), ["/app"]);

    let store = Store::default();
    let cookies = declared("id").retire(Cookie::build("id").path("/app"));
    let mut ours = ours(router(&store), &store, "id", cookies.expect("a scope"));
    ours.set_cookie(previous).expect("a cookie");
    headers(&mut ours, "/app?insert").await;
    assert_eq!(paths(&ours), ["/"]);
    headers(&mut ours, "/app?flush").await;
    assert_eq!(paths(&ours), [""; 0]);
}

/// Browsers ignore a delete with another scope.
#[tokio::test]
async fn delete_with_other_path_is_scope_mismatch() {
    async fn delete(jar: CookieJar) -> Result<(), CookieError> {
        jar.delete(Cookie::build("id").path("/app"))
    }
    let store = Store::default();
    let app = || router(&store).route("/delete", get(delete));
    let mut upstream = Client::new(app().layer(upstream_layer()).layer(CookieLayer::new()));
    headers(&mut upstream, "/?insert").await;
    headers(&mut upstream, "/delete").await;
    assert_eq!(paths(&upstream), ["/"]);

    let mut ours = ours(app(), &store, "id", declared("id"));
    headers(&mut ours, "/?insert").await;
    let response = ours.get("/delete").await.expect("a response");
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let text = response.body().text().expect("UTF-8");
    let expected =
        r#"cookie "id": declared with host-only; Path=/, but given host-only; Path=/app"#;
    assert!(text.starts_with(expected), "{text}");
}

/// Two layers send two `Set-Cookie` headers, and the header of the outer layer takes effect.
#[tokio::test]
async fn delete_in_the_handler_of_a_changed_session_is_one_header() {
    async fn insert_and_delete(jar: CookieJar, session: Session) -> Result<(), CookieError> {
        session.insert("key", 1).await.expect("a session");
        jar.delete("id")
    }
    let app = || Router::new().route("/", get(insert_and_delete));
    for is_outer in [false, true] {
        let app = if is_outer {
            app().layer(CookieLayer::new()).layer(upstream_layer())
        } else {
            app().layer(upstream_layer()).layer(CookieLayer::new())
        };
        let mut upstream = Client::new(app);
        let headers = headers(&mut upstream, "/").await;
        assert_eq!(headers.get_all(SET_COOKIE).iter().count(), 2);
        assert_eq!(upstream.cookie("id").is_some(), is_outer);
    }
    let store = Store::default();
    let mut ours = ours(app(), &store, "id", declared("id"));
    let headers = headers(&mut ours, "/").await;
    assert_eq!(headers.get_all(SET_COOKIE).iter().count(), 1);
    assert!(ours.cookie("id").is_some());
}

/// Only this host can set `__Host-id`, but another host of the site can set `__%48ost-id`.
#[tokio::test]
async fn percent_encoded_name_is_another_cookie() {
    let store = Store::default();
    let upstream = upstream(upstream_layer().with_name("__Host-id"));
    let ours = ours(router(&store), &store, "__Host-id", declared("__Host-id"));
    for (mut client, expected) in [(upstream, r#"Some("value 0")"#), (ours, "None")] {
        headers(&mut client, "/?insert").await;
        let id = client.cookie("__Host-id").expect("a cookie");
        client.clear_cookies();
        let request = Request::get("/?get")
            .header("cookie", format!("__%48ost-id={}", id.value()))
            .body(String::new())
            .expect("a request");
        let response = client.send(request).await.expect("a response");
        assert_eq!(response.body().text(), Ok(expected));
    }
}

/// Scripts and servers of other frameworks send such values in the same header. Both write the id in neither way.
#[tokio::test]
async fn id_beside_non_ascii_bytes_or_in_quotes_is_read_and_percent_encoded_id_is_not() {
    type Header = fn(&str) -> Vec<u8>;
    let headers: [(Header, bool); 3] = [
        (|id| [b"name=\xe9; id=", id.as_bytes()].concat(), true),
        (|id| format!("id=\"{id}\"").into_bytes(), true),
        (
            |id| format!("id=%{:02X}{}", id.as_bytes()[0], &id[1..]).into_bytes(),
            false,
        ),
    ];
    for (header, is_read_here) in headers {
        for is_upstream in [true, false] {
            let store = Store::default();
            let mut client = Client::new(both(is_upstream, &store, false));
            client.get("/?insert").await.expect("a response");
            let id = client.cookie("id").expect("a cookie").value().to_owned();
            client.clear_cookies();
            let header = HeaderValue::from_bytes(&header(&id)).expect("a header value");
            let request = Request::get("/?get").header("cookie", header);
            let request = request.body(String::new()).expect("a request");
            let response = client.send(request).await.expect("a response");
            let is_read = response.body().text() != Ok("None");
            assert_eq!(is_read, is_read_here != is_upstream, "{is_upstream}");
        }
    }
}

/// A browser drops a cookie whose Domain does not match the host, so no login lasts.
#[tokio::test]
async fn domain_of_another_host_is_domain_mismatch() {
    let mut upstream = upstream(upstream_layer().with_domain("example.com"));
    headers(&mut upstream, "/?insert").await;
    assert!(upstream.cookies().is_empty());

    let store = Store::default();
    let cookies = declared(Cookie::build("id").domain("example.com"));
    let mut ours = ours(router(&store), &store, "id", cookies);
    let response = ours.get("/?insert").await.expect("a response");
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(!response.headers().contains_key(SET_COOKIE));
}

/// A browser drops a cookie with the prefix `__Host-` and another Path than `/`.
#[tokio::test]
async fn declaration_of_a_prefix_with_path_is_host_prefix_path() {
    let mut upstream = upstream(upstream_layer().with_name("__Host-id").with_path("/app"));
    headers(&mut upstream, "/app?insert").await;
    assert!(upstream.cookies().is_empty());

    let result = CookieLayer::new().declare(Cookie::build("__Host-id").path("/app"));
    assert!(matches!(result, Err(CookieError::HostPrefixPath { .. })));
}

/// tower-sessions' layer has no method for `Partitioned`.
#[tokio::test]
async fn partitioned_cookie_is_set_and_deleted() {
    let store = Store::default();
    let cookies = declared(Cookie::build("id").partitioned(true));
    let mut ours = ours(router(&store), &store, "id", cookies);
    headers(&mut ours, "/?insert").await;
    assert_eq!(
        ours.cookie("id").expect("a cookie").partitioned(),
        Some(true)
    );
    headers(&mut ours, "/?flush").await;
    ours.assert_deleted("id");
}

/// Logs and HPACK's tables omit sensitive values.
#[tokio::test]
async fn set_cookie_header_is_sensitive_and_the_response_private() {
    let store = Store::default();
    let cookies = || declared("id").cache_control_private();
    // Here `CookieLayer` is inside of the layer of tower-sessions. The middleware does not allow this order.
    let upstream = Client::new(router(&store).layer(cookies()).layer(upstream_layer()));
    let ours = ours(router(&store), &store, "id", cookies());
    for (mut client, expected) in [(upstream, false), (ours, true)] {
        let headers = headers(&mut client, "/?insert").await;
        assert_eq!(headers[SET_COOKIE].is_sensitive(), expected);
        assert_eq!(headers.contains_key(CACHE_CONTROL), expected);
    }
}

#[tokio::test]
async fn lifetime_of_the_session_replaces_that_of_the_declaration() {
    let store = Store::default();
    let cookies = declared(Cookie::build("id").max_age(Duration::WEEK));
    let mut ours = ours(router(&store), &store, "id", cookies);
    headers(&mut ours, "/?insert").await;
    assert_eq!(ours.cookie("id").expect("a cookie").max_age(), None);
    ours.restart();
    ours.assert_no_cookie("id");
}

/// Without `Vary: Cookie`, a shared cache sends one user's page to another user.
#[tokio::test]
async fn page_that_reads_the_session_varies_on_cookie() {
    let store = Store::default();
    let cookies = || declared("id").vary_on_cookie();
    let upstream = Client::new(router(&store).layer(upstream_layer()).layer(cookies()));
    let ours = ours(router(&store), &store, "id", cookies());
    for (mut client, expected) in [(upstream, false), (ours, true)] {
        let headers = headers(&mut client, "/?get").await;
        assert_eq!(headers.contains_key(VARY), expected);
    }
}
