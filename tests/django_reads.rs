//! Real Django reads the sessions, tokens and messages that the crate writes.
//!
//! The test writes a line for each to the file whose path is in `DJANGO_LINES`, and
//! `tests/django/verify_sessions.py` reads them.
#![cfg(all(feature = "csrf", feature = "messages", feature = "sessions"))]

mod support;

use std::fmt::Write;

use serde_json::{Value, json};
use support::from_hex;
use tower_django_cookies::time::OffsetDateTime;
use tower_django_cookies::{CookieJar, CookieLayer, MessageLevel, Session};

const NOW: i64 = 1_790_000_000;
const BACKEND: &str = "django.contrib.auth.backends.ModelBackend";

fn jar(key: &[u8]) -> CookieJar {
    let layer = CookieLayer::new().secret_key(key).unwrap();
    layer.jar(&http::Request::new(()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

fn vectors(kind: &str) -> Vec<Value> {
    let vectors: Value = serde_json::from_str(include_str!("django/sessions.json")).unwrap();
    vectors[kind].as_array().unwrap().clone()
}

fn texts() -> Vec<String> {
    let mut texts: Vec<_> = [
        "",
        "hello",
        "<b>",
        "\"\\;,",
        "é€😀",
        "\0\n\u{7f}",
        "__messagesnotfinished__",
    ]
    .map(str::to_owned)
    .into();
    texts.push("long ".repeat(400));
    texts.extend((0..200).map(|i| format!("{} {}", "x".repeat(i), i * i)));
    texts
}

fn session_lines(lines: &mut Vec<Value>) {
    let now = OffsetDateTime::from_unix_timestamp(NOW).unwrap();
    for case in vectors("decode") {
        let Some(rewritten) = case["rewritten"].as_str() else {
            continue;
        };
        let key = from_hex(case["key"].as_str().unwrap());
        let layer = CookieLayer::new().secret_key(&key).unwrap();
        let fallbacks = case["fallbacks"].as_array().unwrap().iter();
        let fallbacks = fallbacks.map(|key| from_hex(key.as_str().unwrap()));
        let layer = layer.secret_key_fallbacks(fallbacks).unwrap();
        let jar = layer.jar(&http::Request::new(()));
        let sessions = jar.sessions().with_time(now);
        let data = from_hex(case["data"].as_str().unwrap());
        let mut session = sessions.decode(data).unwrap();
        session.insert("rust", &[1]).unwrap();
        let line = |kind, data: &str| json!({"kind": kind, "key": hex(&key), "data": data, "expected": rewritten, "now": NOW});
        lines.push(line("row", &sessions.encode(&session).unwrap()));
        if sessions.set_cookie(&session).is_ok() {
            lines.push(line("cookie", jar.queued()[0].value()));
        }
    }
    for (i, text) in texts().iter().enumerate() {
        let key = format!("key {i}");
        let jar = jar(key.as_bytes());
        let mut session = Session::new();
        session.insert(text, text).unwrap();
        session.insert("number", &1e-7).unwrap();
        let expected = json!({text: text, "number": 1e-7}).to_string();
        let data = jar.sessions().with_time(now).encode(&session).unwrap();
        lines.push(json!({"kind": "row", "key": hex(key.as_bytes()), "data": data, "expected": expected, "now": NOW}));

        let password = text.replace('\0', "");
        jar.sessions()
            .log_in(&mut session, "7", BACKEND, &password)
            .unwrap();
        let keys: Vec<_> = session
            .keys()
            .map(|key| (key.to_owned(), session.get::<Value>(key).unwrap()))
            .collect();
        let object: serde_json::Map<_, _> = keys
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect();
        lines.push(json!({"kind": "login", "key": hex(key.as_bytes()), "text": Value::from(object).to_string(), "password": password, "user_id": 7}));
    }
}

fn other_lines(lines: &mut Vec<Value>) {
    for (i, text) in texts().iter().enumerate() {
        let key = format!("key {i}");
        let jar = jar(key.as_bytes());
        let token = jar.csrf().token().unwrap();
        let secret = jar.queued().remove(0);
        lines.push(json!({"kind": "token", "key": hex(key.as_bytes()), "cookie": secret.value(), "given": token}));

        jar.messages().add(MessageLevel::ERROR, "first").unwrap();
        let level = MessageLevel::new(i64::try_from(i).unwrap());
        jar.messages().add_with_tags(level, text, text).unwrap();
        let mut expected = vec![json!([40, "first", ""])];
        if !text.is_empty() {
            expected.push(json!([i, text, text]));
        }
        let cookie = jar.queued().pop().unwrap();
        lines.push(json!({"kind": "messages", "key": hex(key.as_bytes()), "cookie": cookie.value(), "expected": expected}));
    }
}

#[test]
fn written_sessions_tokens_and_messages_are_lines_for_django() {
    let mut lines = Vec::new();
    session_lines(&mut lines);
    other_lines(&mut lines);
    assert!(lines.len() > 1000, "{}", lines.len());
    if let Some(path) = std::env::var_os("DJANGO_LINES") {
        let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
        std::fs::write(path, lines.join("\n")).unwrap();
    }
}
