//! Helpers for several tests: a store that can be made to fail and records its calls, except deletes, and an app that runs
//! the operations in the query string on the session.

#![allow(dead_code, reason = "not every test file needs every helper")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use http::HeaderMap;
use http::header::SET_COOKIE;
use sessions::session::{self, Sessions};
use tokio::sync::Notify;
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{Cookie, CookieLayer, SameSite};
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Expiry, MemoryStore, Session, SessionManagerLayer, SessionStore};

/// The operations that [`run`] knows, besides `500` and `wait`.
pub(crate) const OPERATIONS: [&str; 12] = [
    "get", "insert", "same", "remove", "clear", "flush", "cycle", "save", "load", "hour", "past",
    "end",
];

/// The calls of the store that fail.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Failure {
    #[default]
    None,
    Load,
    /// `create` and `save`.
    Write,
    Delete,
}

#[derive(Debug, Default)]
struct StoreState {
    sessions: MemoryStore,
    failure: Mutex<Failure>,
    calls: Mutex<Vec<String>>,
    waiting: Notify,
    proceed: Notify,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Store(Arc<StoreState>);

impl Store {
    pub(crate) fn fail(&self, failure: Failure) {
        *self.0.failure.lock().expect("a lock") = failure;
    }

    pub(crate) fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.0.calls.lock().expect("a lock"))
    }

    /// Returns when a handler has run `wait`.
    pub(crate) async fn waiting(&self) {
        self.0.waiting.notified().await;
    }

    /// Lets that handler proceed.
    pub(crate) fn proceed(&self) {
        self.0.proceed.notify_one();
    }

    fn call(&self, name: &str, id: Id, failure: Failure) -> Result<()> {
        let fails = *self.0.failure.lock().expect("a lock") == failure;
        // The middleware may delete an id twice, and try to store a session with another id than upstream.
        if name != "delete" {
            let call = if fails {
                format!("store {name} fails")
            } else {
                format!("store {name} {id}")
            };
            self.0.calls.lock().expect("a lock").push(call);
        }
        if fails {
            return Err(Error::Backend("the store failed".into()));
        }
        Ok(())
    }
}

#[async_trait]
impl SessionStore for Store {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.call("create", record.id, Failure::Write)?;
        self.0.sessions.create(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.call("save", record.id, Failure::Write)?;
        self.0.sessions.save(record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.call("load", *id, Failure::Load)?;
        self.0.sessions.load(id).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.call("delete", *id, Failure::Delete)?;
        self.0.sessions.delete(id).await
    }
}

/// Runs the operations in the query, and responds with their results.
async fn run(State(store): State<Store>, session: Session, uri: Uri) -> (StatusCode, String) {
    let mut status = StatusCode::OK;
    let mut results = Vec::new();
    let operations = uri.query().unwrap_or_default().split(',');
    for (number, operation) in operations
        .filter(|operation| !operation.is_empty())
        .enumerate()
    {
        let result = match operation {
            "get" => session
                .get::<String>("key")
                .await
                .map(|value| format!("{value:?}")),
            "insert" => session
                .insert("key", format!("value {number}"))
                .await
                .map(|()| "inserted".into()),
            "same" => session
                .insert("key", "value 0")
                .await
                .map(|()| "inserted".into()),
            "remove" => session
                .remove::<String>("key")
                .await
                .map(|value| format!("{value:?}")),
            "clear" => Ok(format!("{:?}", session.clear().await)),
            "flush" => session.flush().await.map(|()| "flushed".into()),
            "cycle" => session.cycle_id().await.map(|()| "cycled".into()),
            "save" => session.save().await.map(|()| "saved".into()),
            "load" => session.load().await.map(|()| "loaded".into()),
            "hour" | "past" | "end" => {
                session.set_expiry(Some(match operation {
                    "hour" => Expiry::OnInactivity(Duration::HOUR),
                    "past" => Expiry::AtDateTime(OffsetDateTime::now_utc() - Duration::HOUR),
                    _ => Expiry::OnSessionEnd,
                }));
                Ok(operation.into())
            }
            "500" => {
                status = StatusCode::INTERNAL_SERVER_ERROR;
                Ok("500".into())
            }
            "wait" => {
                store.0.waiting.notify_one();
                store.0.proceed.notified().await;
                Ok("waited".into())
            }
            other => panic!("no operation {other}"),
        };
        results.push(result.unwrap_or_else(|error| error.to_string()));
    }
    (status, results.join("; "))
}

/// An app that runs operations at `/` and `/app`.
pub(crate) fn router(store: &Store) -> Router {
    Router::new()
        .route("/", get(run))
        .route("/app", get(run))
        .with_state(store.clone())
}

/// The configuration of the middleware for a cookie that is called `name`.
pub(crate) fn config(store: &Store, name: &'static str) -> Sessions<Store> {
    Sessions {
        store: Arc::new(store.clone()),
        cookie: name,
        expiry: Expiry::OnSessionEnd,
        always_save: false,
    }
}

/// An app with tower-sessions' own layer, or with the middleware and the same cookie.
pub(crate) fn both(upstream: bool, store: &Store, always_save: bool) -> Router {
    let expiry = Expiry::AtDateTime(OffsetDateTime::now_utc() + Duration::DAY);
    if upstream {
        let layer = SessionManagerLayer::new(store.clone())
            .with_expiry(expiry)
            .with_always_save(always_save);
        return router(store).layer(layer);
    }
    let cookie = Cookie::build("id")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Strict);
    let cookies = CookieLayer::new().declare(cookie).expect("a declaration");
    let sessions = Sessions {
        expiry,
        always_save,
        ..config(store, "id")
    };
    router(store)
        .layer(from_fn_with_state(sessions, session::manage))
        .layer(cookies)
}

/// The `Set-Cookie` headers, one line each, without the parts that differ between the libraries: `Expires`, one second of
/// `Max-Age`, and the attributes of a delete other than its scope.
pub(crate) fn cookie_summary(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(SET_COOKIE).iter();
    let summary = |text: &str| {
        let cookie = Cookie::parse(text).expect("a cookie");
        let (name, path, domain) = (cookie.name(), cookie.path(), cookie.domain());
        // `Some(0)` for a negative `Max-Age`, as in browsers.
        let minutes = cookie.max_age().map(|age| (age.whole_seconds() + 30) / 60);
        if cookie.value().trim_matches('"').is_empty() {
            return format!("deletes {name} {path:?} {domain:?} {minutes:?}");
        }
        let (value, secure, http_only) = (cookie.value(), cookie.secure(), cookie.http_only());
        let same_site = cookie.same_site();
        format!(
            "sets {name} {value} {path:?} {domain:?} {minutes:?} {secure:?} {http_only:?} {same_site:?}"
        )
    };
    values
        .map(|value| summary(value.to_str().expect("ASCII")))
        .collect()
}
