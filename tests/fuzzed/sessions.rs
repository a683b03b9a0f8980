//! Sessions are read whenever `serde_json` reads their JSON as an object, and entries that are not
//! changed are written back unchanged.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use tower_django_cookies::signing::{SecretKey, TimestampSigner};
use tower_django_cookies::time::OffsetDateTime;
use tower_django_cookies::{CookieError, CookieLayer, Session, Sessions};

use super::unstructured::Unstructured;
use crate::support::request;

/// Parts of JSON, and texts that resemble such parts.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\"a\"",
    "\"b\":",
    "\"a\":1",
    "{\"a\":",
    "}}",
    "[[",
    "]]",
    "0",
    "-",
    "1.5",
    "1e5",
    "9223372036854775808",
    "1e999",
    "NaN",
    "Infinity",
    "-Infinity",
    "null",
    "true",
    "false",
    "\\",
    "\\u",
    "\"\\ud800\"",
    "\"\\ud83e\\udd8a\"",
    "\\\"",
    " ",
    "\n",
    "\u{b}",
    "\u{a0}",
    "ÿ",
    "\0",
    "\"_session_expiry\":",
    "\"2026-09-21T14:13:20+00:00\"",
    "\"_auth_user_id\":",
    "\"_auth_user_hash\":\"\"",
    "\"_auth_user_backend\":\"\"",
];

pub(crate) fn check(bytes: &[u8]) {
    let mut u = Unstructured(bytes);
    let text = match u.below(3) {
        0 => u.0.iter().copied().map(char::from).collect(),
        1 => (0..u.below(40)).map(|_| u.choose(PIECES)).collect(),
        _ => {
            let count = u.below(20);
            let items: Vec<_> = (0..count)
                .map(|_| {
                    format!(
                        "\"{}\":{}",
                        u.choose(&["a", "b", "é", "\\ud800"]),
                        value(&mut u)
                    )
                })
                .collect();
            format!("{{{}}}", items.join(","))
        }
    };
    check_text(&text);

    let data = sessions("").decode(bytes);
    assert!(matches!(
        data,
        Err(CookieError::BadSignature { .. } | CookieError::InvalidSession { .. })
    ));
    if let Ok(text) = std::str::from_utf8(bytes) {
        if !text.contains(|c: char| c.is_ascii_control() || c == ';') {
            let sessions = sessions(text);
            let key = sessions.key().unwrap_or("12345678");
            assert!(key.len() >= 8 && key.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            assert!(matches!(
                sessions.from_cookie(),
                Err(CookieError::BadSignature { .. })
            ));
        }
    }
}

/// A random value, which may be invalid JSON.
fn value(u: &mut Unstructured<'_>) -> String {
    match u.below(6) {
        0 => format!(
            "\"{}\"",
            u.text()
                .replace(|c: char| !matches!(c, ' '..='ÿ') || "\"\\".contains(c), "?")
        ),
        1 => u.integer().to_string(),
        2 => u.choose(PIECES).to_owned(),
        3 => format!("[{},{}]", u.choose(PIECES), u.integer()),
        4 => "[".repeat(u.below(250)) + &"]".repeat(u.below(250)),
        _ => format!("{{\"a\":{}}}", u.choose(&["NaN", "1", "\"\\udc00\""])),
    }
}

fn sessions(cookie: &str) -> Sessions {
    let layer = CookieLayer::new().secret_key("key").expect("a key");
    let jar = layer.jar(&request(format!("sessionid={cookie}")));
    let now = OffsetDateTime::from_unix_timestamp(1_790_000_000).expect("a date");
    jar.sessions().with_time(now)
}

/// The keys, and the values that can be found by key.
fn contents(session: &Session) -> Vec<(String, Option<String>)> {
    let keys = session.keys();
    keys.map(|key| (key.to_owned(), session.raw(key).map(str::to_owned)))
        .collect()
}

/// Checks a session with this JSON. Skips texts with characters outside of Latin-1.
fn check_text(text: &str) {
    let Some(bytes) = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).ok())
        .collect::<Option<Vec<_>>>()
    else {
        return;
    };
    let sessions = sessions("");
    let now = OffsetDateTime::from_unix_timestamp(1_790_000_000).expect("a date");
    let signer = TimestampSigner::new(SecretKey::try_from("key").expect("a key"))
        .salt("django.contrib.sessions.SessionStore")
        .with_time(now);
    let other = serde_json::from_str::<Map<String, Value>>(text);
    let mut session = match sessions.decode(signer.sign(&URL_SAFE_NO_PAD.encode(bytes))) {
        Ok(session) => session,
        Err(CookieError::InvalidSession { .. }) => {
            assert!(other.is_err(), "{text:?}");
            return;
        }
        Err(error) => {
            assert!(
                matches!(
                    error,
                    CookieError::UnreadableEntry { .. } | CookieError::SessionExpired { .. }
                ),
                "{error}"
            );
            return;
        }
    };
    if let Ok(other) = other {
        let keys: Vec<_> = session.keys().collect();
        assert_eq!(keys, other.keys().collect::<Vec<_>>(), "{text:?}");
        for (key, value) in &other {
            assert_eq!(session.get::<Value>(key).as_ref(), Ok(&Some(value.clone())));
        }
    }
    let _ = (
        session.expiry(),
        session.user_id(),
        session.backend(),
        format!("{session:?}"),
    );
    assert_eq!(sessions.is_login(&session, "password"), Ok(false));

    let before = contents(&session);
    session.insert("new", text).expect("a string");
    let again = sessions.decode(sessions.encode(&session).expect("a key"));
    let mut again = again.unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!(
        again.get::<String>("new").as_ref(),
        Ok(&Some(text.to_owned()))
    );
    if !before.iter().any(|(key, _)| key == "new") {
        again.remove("new");
        assert_eq!(contents(&again), before, "{text:?}");
    }
}
