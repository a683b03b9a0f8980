//! Events of sessions, tokens and messages. None shows a value.
//!
//! If another test ran in the same process at the same time and had no subscriber, `tracing` could skip
//! some of the events. So there is no other test in this file.
#![cfg(all(
    feature = "csrf",
    feature = "messages",
    feature = "sessions",
    feature = "tracing"
))]

#[path = "support/events.rs"]
mod events;
mod support;

use support::request;
use tower_django_cookies::time::OffsetDateTime;
use tower_django_cookies::{CookieJar, CookieLayer, Session, SessionExpiry};

fn jar(cookies: &str) -> CookieJar {
    let layer = CookieLayer::new().secret_key("a secret that nobody guesses");
    layer.unwrap().jar(&request(cookies))
}

#[test]
fn refused_operations_are_events_without_values() {
    let jar = jar("sessionid=m4rked; messages=m4rked; csrftoken=m4rked");
    let (lines, ()) = events::events(tracing::Level::DEBUG, || {
        let sessions = jar.sessions();
        sessions.from_cookie().unwrap_err();
        sessions.decode("m4rked").unwrap_err();
        sessions.decode(b"\x80m4rked").unwrap_err();
        let mut session = Session::new();
        session.set_expiry(SessionExpiry::At(OffsetDateTime::UNIX_EPOCH));
        let data = sessions.encode(&session).unwrap();
        sessions.decode(data).unwrap_err();
        jar.messages().take().unwrap();
        jar.csrf().token().unwrap();
    });
    let expected = [
        ("DEBUG", "operation=get name=sessionid", "does not match"),
        ("WARN", "stored session refused", "does not match"),
        ("WARN", "operation=get name=sessionid", "pickled"),
        ("DEBUG", "operation=get name=sessionid", "expired"),
        ("DEBUG", "operation=get name=messages", "does not match"),
        ("DEBUG", "operation=delete name=messages", "cookie queued"),
        ("DEBUG", "operation=set name=csrftoken", "cookie queued"),
    ];
    for (line, (level, fields, error)) in lines.iter().zip(expected) {
        let line = line.replace('"', "");
        assert!(line.starts_with(level), "{line}");
        assert!(line.contains(fields) && line.contains(error), "{line}");
        assert!(!line.contains("m4rked"), "{line}");
    }
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
}
