//! Errors of sessions and messages: their texts, names and statuses. None shows a value.
#![cfg(all(feature = "messages", feature = "sessions"))]

mod support;

use http::StatusCode;
use support::request;
use tower_django_cookies::{
    CookieError, CookieJar, CookieLayer, MessageLevel, Session, SessionExpiry,
};

fn jar(cookies: &str) -> CookieJar {
    let layer = CookieLayer::new().secret_key("a secret that nobody guesses");
    layer.unwrap().jar(&request(cookies))
}

#[test]
fn errors_show_cause_and_remedy() {
    let jar = jar("sessionid=a:b");
    let sessions = jar.sessions();
    let mut session = Session::new();
    session.insert("visits", "m4rked").unwrap();
    let unserializable = std::collections::HashMap::from([((1, 2), 3)]);
    let unserializable = session.insert("map", &unserializable).unwrap_err();
    let mut expired = Session::new();
    expired.set_expiry(SessionExpiry::Inactivity(
        -tower_django_cookies::time::Duration::HOUR,
    ));
    let expired = sessions
        .decode(sessions.encode(&expired).unwrap())
        .unwrap_err();
    let mut seed = 1_u32;
    let noise: String = (0..4000)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'!' + u8::try_from(seed >> 26).unwrap())
        })
        .collect();
    let too_long = jar.messages().add(MessageLevel::INFO, &noise).unwrap_err();
    let errors: [(CookieError, StatusCode, Option<&str>, &[&str]); 5] = [
        (
            sessions.decode(b"\x80").unwrap_err(),
            StatusCode::INTERNAL_SERVER_ERROR,
            Some("sessionid"),
            &["is pickled", "`cached_db`"],
        ),
        (
            expired,
            StatusCode::BAD_REQUEST,
            Some("sessionid"),
            &["has expired", "start a new one"],
        ),
        (
            session.get::<u8>("visits").unwrap_err(),
            StatusCode::INTERNAL_SERVER_ERROR,
            None,
            &["session key \"visits\"", "`Session::raw`"],
        ),
        (
            unserializable,
            StatusCode::INTERNAL_SERVER_ERROR,
            None,
            &["session key \"map\"", "use strings or numbers"],
        ),
        (
            too_long,
            StatusCode::INTERNAL_SERVER_ERROR,
            Some("messages"),
            &["at most 2048", "shorten the message"],
        ),
    ];
    for (error, status, name, parts) in errors {
        let text = error.to_string();
        assert_eq!((error.status(), error.name()), (status, name), "{text}");
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        assert!(!format!("{text} {error:?}").contains("m4rked"));
    }
}
