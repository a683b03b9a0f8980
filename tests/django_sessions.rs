//! The crate reads and writes Django's sessions and logins. `tests/django/vectors.py` creates the
//! vectors with real Django.
#![cfg(feature = "sessions")]

mod support;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use support::{assert_matches, from_hex, request, response_cookies};
use tower_django_cookies::signing::{SecretKey, TimestampSigner, salted_hmac};
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{
    Cookie, CookieError, CookieJar, CookieLayer, Session, SessionExpiry, SessionReason, Sessions,
};

const SECRET: &str = "a secret that nobody guesses";
const NOW: i64 = 1_790_000_000;
const BACKEND: &str = "django.contrib.auth.backends.ModelBackend";
const ROW_SALT: &str = "django.contrib.sessions.SessionStore";

/// The cases of one kind.
fn vectors<T: DeserializeOwned>(kind: &str) -> Vec<T> {
    let mut vectors: Value = serde_json::from_str(include_str!("django/sessions.json"))
        .expect("sessions.json is well-formed");
    let cases: Vec<T> = serde_json::from_value(vectors[kind].take()).expect("cases of the kind");
    assert!(!cases.is_empty(), "{kind}");
    cases
}

#[derive(Deserialize)]
struct Keys {
    case: String,
    key: String,
    #[serde(default)]
    fallbacks: Vec<String>,
}

impl Keys {
    fn layer(&self) -> CookieLayer {
        let fallbacks: Vec<_> = self.fallbacks.iter().map(|key| from_hex(key)).collect();
        let layer = CookieLayer::new().secret_key(from_hex(&self.key)).unwrap();
        layer.secret_key_fallbacks(fallbacks).unwrap()
    }

    fn sessions(&self) -> Sessions {
        sessions_of(&self.layer())
    }
}

fn layer() -> CookieLayer {
    CookieLayer::new().secret_key(SECRET).unwrap()
}

fn sessions_of(layer: &CookieLayer) -> Sessions {
    layer.jar(&http::Request::new(())).sessions()
}

fn sessions() -> Sessions {
    sessions_of(&layer()).with_time(at(1_790_000_000.0))
}

fn at(seconds: f64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::seconds_f64(seconds)
}

/// Signs a text as in the column `session_data`.
fn row(json: &[u8]) -> String {
    let signer = TimestampSigner::new(SecretKey::try_from(SECRET).unwrap());
    let signer = signer.salt(ROW_SALT).with_time(at(1_790_000_000.0));
    signer.sign(&URL_SAFE_NO_PAD.encode(json))
}

fn session(json: &str) -> Session {
    sessions().decode(row(json.as_bytes())).expect(json)
}

/// The JSON in a signed session.
fn json_of(signed: &str) -> String {
    let payload = signed.split(':').next().unwrap();
    let bytes = match payload.strip_prefix('.') {
        None => URL_SAFE_NO_PAD.decode(payload).unwrap(),
        Some(deflated) => {
            let mut bytes = Vec::new();
            let deflated = URL_SAFE_NO_PAD.decode(deflated).unwrap();
            let mut decoder = flate2::read::ZlibDecoder::new(&*deflated);
            std::io::Read::read_to_end(&mut decoder, &mut bytes).unwrap();
            bytes
        }
    };
    bytes.into_iter().map(char::from).collect()
}

fn error_name(error: &CookieError) -> &'static str {
    match error {
        CookieError::BadSignature { .. } => "BadSignature",
        CookieError::SignatureExpired { .. } => "SignatureExpired",
        CookieError::SessionExpired { .. } => "SessionExpired",
        CookieError::InvalidSession { reason, .. } => match reason {
            SessionReason::Pickled => "Pickled",
            SessionReason::NotJson => "NotJson",
            SessionReason::NotObject => "NotObject",
            SessionReason::TooDeep => "TooDeep",
            SessionReason::TooLong => "TooLong",
            _ => "another reason",
        },
        _ => "another error",
    }
}

#[derive(Deserialize)]
struct Reading {
    #[serde(flatten)]
    keys: Keys,
    data: Option<String>,
    value: Option<String>,
    now: Option<f64>,
    age: Option<f64>,
    entries: Option<Vec<[String; 3]>>,
    rewritten: Option<String>,
    error: Option<String>,
}

impl Reading {
    /// Checks what was read, changes one key and checks what is written.
    fn check(&self, read: Result<Session, CookieError>, write: impl Fn(&Session) -> String) {
        let case = &self.keys.case;
        let (Some(entries), Some(rewritten)) = (&self.entries, &self.rewritten) else {
            let expected = self.error.as_deref().expect(case);
            match read {
                Ok(_) => assert_eq!(expected, "none", "{case}"),
                Err(error) => assert_eq!(error_name(&error), expected, "{case}: {error}"),
            }
            return;
        };
        let mut session = read.unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(session.keys().count(), entries.len(), "{case}");
        for [key, text, value] in entries {
            // Keys with lone surrogates cannot be Rust strings.
            let Ok(key) = serde_json::from_str::<String>(key) else {
                continue;
            };
            assert_eq!(session.raw(&key), Some(&**text), "{case}: {key}");
            // Python reads `-0` as an integer, and `serde_json` as a float. `serde_json` also
            // refuses an object with a duplicate key whose first value only Python reads.
            let is_readable = text == value || serde_json::from_str::<Value>(text).is_ok();
            if let (Ok(expected), true) = (
                serde_json::from_str::<Value>(value),
                is_readable && !text.contains("-0"),
            ) {
                let found = session.get::<Value>(&key);
                assert_eq!(found, Ok(Some(expected)), "{case}: {key}");
            }
        }
        session.insert("rust", &[1]).unwrap();
        assert_eq!(json_of(&write(&session)), *rewritten, "{case}");
    }
}

#[test]
fn salted_hmac_matches_django() {
    #[derive(Deserialize)]
    struct Vector {
        #[serde(flatten)]
        keys: Keys,
        salt: String,
        value: String,
        digest: String,
    }
    for case in vectors::<Vector>("salted_hmac") {
        let key = SecretKey::try_from(from_hex(&case.keys.key)).unwrap();
        let mac = salted_hmac(&case.salt, &case.value, &key);
        assert_eq!(mac.hexdigest(), case.digest, "{}", case.keys.case);
        assert_eq!(mac.digest().to_vec(), from_hex(&case.digest));
        assert!(mac.matches_hex(&case.digest) && !mac.matches_hex(&case.digest[1..]));
    }
}

#[test]
fn session_key_that_django_cannot_generate_is_none() {
    #[derive(Deserialize)]
    struct Vector {
        session_key: String,
        valid: bool,
    }
    for Vector { session_key, valid } in vectors("keys") {
        // With quotes and escapes, a cookie value can contain any character.
        let quoted = session_key.replace('\\', "\\\\").replace('"', "\\\"");
        let quoted = quoted.replace(';', "\\073");
        let jar = layer().jar(&request(format!("sessionid=\"{quoted}\"")));
        assert_eq!(jar.get("sessionid"), Some(&*session_key));
        let expected = valid.then_some(&*session_key);
        assert_eq!(jar.sessions().key(), expected, "{session_key:?}");
    }
}

#[test]
fn new_key_uses_the_alphabet_of_django() {
    let keys: Vec<_> = (0..100).map(|_| Sessions::new_key().unwrap()).collect();
    for key in &keys {
        assert_eq!(key.len(), 32);
        let jar = layer().jar(&request(format!("sessionid={key}")));
        assert_eq!(jar.sessions().key(), Some(&**key));
    }
    let used: std::collections::BTreeSet<_> = keys.concat().chars().collect();
    assert_eq!(used.len(), 36, "{used:?}");
}

#[test]
fn rows_are_read_and_rewritten_as_by_django() {
    for case in vectors::<Reading>("decode") {
        let sessions = case.keys.sessions().with_time(at(1_790_000_000.0));
        let data = from_hex(case.data.as_ref().unwrap());
        case.check(sessions.decode(&data), |session| {
            let row = sessions.encode(session).unwrap();
            let keys: Vec<_> = session.keys().collect();
            let again = sessions.decode(&row).expect(&case.keys.case);
            assert_eq!(again.keys().collect::<Vec<_>>(), keys);
            row
        });
    }
}

#[test]
fn signed_cookies_are_read_and_rewritten_as_by_django() {
    for case in vectors::<Reading>("cookie") {
        let header = format!("sessionid={}", case.value.as_ref().unwrap());
        let layer = case.keys.layer();
        let sessions = layer.jar(&request(header)).sessions();
        let now = at(case.now.unwrap());
        let age = Duration::seconds_f64(case.age.unwrap());
        let sessions = sessions.with_time(now).max_age(age);
        case.check(sessions.from_cookie(), |session| {
            let jar = layer.jar(&http::Request::new(()));
            let sessions = jar.sessions().with_time(now);
            sessions.set_cookie(session).unwrap();
            jar.queued()[0].value().to_owned()
        });
    }
}

#[test]
fn expiry_is_read_and_written_as_by_django() {
    #[derive(Deserialize)]
    struct Vector {
        case: String,
        text: String,
        now: f64,
        date: Option<f64>,
        at_browser_close: Option<bool>,
        raises: Option<String>,
    }
    for case in vectors::<Vector>("expiry") {
        let read = sessions().decode(row(case.text.as_bytes()));
        let Some(date) = case.date else {
            assert!(case.raises.is_some());
            assert_matches!(read, Err(CookieError::UnreadableEntry { key, .. }) if key == "_session_expiry");
            continue;
        };
        // An expired session can only be decoded with a time before its expiry.
        let sessions = sessions().with_time(at(-62_135_596_800.0));
        let mut session = sessions
            .decode(row(case.text.as_bytes()))
            .expect(&case.case);
        let sessions = sessions.with_time(at(case.now));
        let expires_at = sessions.expires_at(&session).unwrap();
        let microseconds = (expires_at - OffsetDateTime::UNIX_EPOCH).whole_microseconds();
        #[allow(clippy::cast_possible_truncation, reason = "Python's floats")]
        let expected = date as i128;
        assert_eq!(microseconds, expected, "{}", case.case);
        let expiry = session.expiry().unwrap();
        assert_eq!(
            Some(expiry == SessionExpiry::BrowserClose),
            case.at_browser_close,
            "{}",
            case.case
        );
        if case.case.starts_with("set_expiry") {
            session.set_expiry(SessionExpiry::Default);
            session.set_expiry(expiry);
            let row = sessions.encode(&session).unwrap();
            assert_eq!(json_of(&row), case.text, "{}", case.case);
        }
    }
}

#[test]
fn rows_expire_as_in_django() {
    #[derive(Deserialize)]
    struct Vector {
        #[serde(flatten)]
        keys: Keys,
        data: String,
        now: f64,
        alive: bool,
        differs: Option<Differs>,
    }
    #[derive(Deserialize)]
    struct Differs {
        alive: bool,
    }
    for case in vectors::<Vector>("rows") {
        let sessions = case.keys.sessions().with_time(at(case.now));
        let is_alive = case.differs.map_or(case.alive, |differs| differs.alive);
        match sessions.decode(&case.data) {
            Ok(session) => {
                assert!(is_alive, "{}", case.keys.case);
                assert_eq!(session.get("a"), Ok(Some(1)));
            }
            Err(error) => {
                assert_matches!(error, CookieError::SessionExpired { .. });
                assert!(!is_alive, "{}", case.keys.case);
            }
        }
    }
}

#[test]
fn login_is_valid_if_django_accepts_it() {
    #[derive(Deserialize)]
    struct Vector {
        #[serde(flatten)]
        keys: Keys,
        text: String,
        password: String,
        is_login: bool,
        renewed: bool,
        hash: Option<String>,
    }
    for case in vectors::<Vector>("is_login") {
        let sessions = case.keys.sessions();
        let name = &case.keys.case;
        let mut session = session(&case.text);
        let is_login = sessions.is_login(&session, &case.password).unwrap();
        assert_eq!(is_login, case.is_login, "{name}");
        let is_renewed = sessions.renew_login(&mut session, &case.password);
        assert_eq!(is_renewed, Ok(case.renewed), "{name}");
        if is_login {
            let hash = session.get::<String>("_auth_user_hash").unwrap();
            assert_eq!(hash, case.hash, "{name}");
        }
    }
}

#[test]
fn login_hash_with_one_changed_character_is_not_a_login() {
    let sessions = sessions();
    let mut session = Session::new();
    let logged_in = sessions.log_in(&mut session, "42", BACKEND, "password");
    assert_eq!(logged_in, Ok(()));
    let good: String = session.get("_auth_user_hash").unwrap().unwrap();
    for place in 0..good.len() {
        for c in (0..0x80_u8).map(char::from) {
            let mut forged = good.clone();
            forged.replace_range(place..=place, &c.to_string());
            session.insert("_auth_user_hash", &forged).unwrap();
            let is_login = sessions.is_login(&session, "password");
            assert_eq!(is_login, Ok(forged == good), "{forged:?}");
        }
        session.insert("_auth_user_hash", &good[..place]).unwrap();
        assert_eq!(sessions.is_login(&session, "password"), Ok(false));
    }
}

#[test]
fn log_in_writes_the_same_session_as_django() {
    #[derive(Deserialize)]
    struct Vector {
        #[serde(flatten)]
        keys: Keys,
        password: String,
        user_id: String,
        before: String,
        after: String,
    }
    for case in vectors::<Vector>("log_in") {
        let sessions = case.keys.sessions();
        let mut session = session(&case.before);
        let logged_in = sessions.log_in(&mut session, &case.user_id, BACKEND, &case.password);
        assert_eq!(logged_in, Ok(()));
        let after = json_of(&sessions.encode(&session).unwrap());
        assert_eq!(after, case.after, "{}", case.keys.case);
        assert_eq!(session.backend().as_deref(), Some(BACKEND));
        assert_eq!(sessions.is_login(&session, &case.password), Ok(true));
    }
}

#[test]
fn update_login_writes_the_session_of_django() {
    #[derive(Deserialize)]
    struct Vector {
        #[serde(flatten)]
        keys: Keys,
        password: String,
        before: String,
        after: String,
    }
    for case in vectors::<Vector>("update_login") {
        let sessions = case.keys.sessions();
        let mut session = session(&case.before);
        let updated = sessions.update_login(&mut session, &case.password);
        assert_eq!(updated, Ok(()), "{}", case.keys.case);
        let after = json_of(&sessions.encode(&session).unwrap());
        assert_eq!(after, case.after, "{}", case.keys.case);
        let is_login = sessions.is_login(&session, &case.password);
        assert_eq!(
            is_login,
            Ok(session.user_id().is_some()),
            "{}",
            case.keys.case
        );
    }
    let without_key = sessions_of(&CookieLayer::new());
    assert_matches!(
        without_key.update_login(&mut Session::new(), "hash"),
        Err(CookieError::MissingKey {
            setting: "secret_key",
            ..
        })
    );
}

#[test]
fn session_cookie_has_the_same_attributes_as_in_django() {
    #[derive(Deserialize)]
    struct Vector {
        #[serde(flatten)]
        keys: Keys,
        engine: String,
        text: String,
        now: f64,
        attributes: String,
        value: Option<String>,
    }
    let long_ago = sessions().with_time(at(-62_135_596_800.0));
    for case in vectors::<Vector>("set_cookie") {
        let session = long_ago.decode(row(case.text.as_bytes())).unwrap();
        let headers = response_cookies(&case.keys.layer(), |jar| {
            let sessions = jar.sessions().with_time(at(case.now));
            match &*case.engine {
                "db" => sessions.set_key("0123456789abcdef", &session).unwrap(),
                _ => sessions.set_cookie(&session).unwrap(),
            }
        });
        let (value, attributes) = headers[0].split_once("; ").unwrap();
        // `expires` depends on the time.
        let attributes: Vec<_> = attributes
            .split("; ")
            .filter(|part| !part.starts_with("expires="))
            .collect();
        assert_eq!(attributes.join("; "), case.attributes, "{}", case.keys.case);
        let value = value.strip_prefix("sessionid=").unwrap();
        match case.value.as_deref() {
            None => assert_eq!(value, "0123456789abcdef"),
            // Another zlib may compress a value that Django leaves uncompressed, or the reverse.
            Some(expected) if [value, expected].iter().any(|value| value.starts_with('.')) => {
                assert_eq!(json_of(value), json_of(expected), "{}", case.keys.case);
            }
            Some(expected) => assert_eq!(value, expected, "{}", case.keys.case),
        }
    }
}

/// A session with values that `serde_json` cannot read.
#[test]
fn entries_that_only_python_reads_are_written_unchanged() {
    let text = concat!(
        r#"{"nan":[NaN,{"x":-Infinity}],"lone":"a\ud800b","\udc00":"key","#,
        r#""big":1208925819614629174706177,"changed":1,"float":1e-07}"#
    );
    let mut session = session(text);
    for key in ["nan", "lone"] {
        assert_matches!(
            session.get::<Value>(key),
            Err(CookieError::UnreadableEntry { .. })
        );
    }
    assert_eq!(session.get::<f64>("float"), Ok(Some(1e-7)));
    assert_eq!(session.raw("big"), Some("1208925819614629174706177"));
    assert_eq!(session.get::<u8>("\u{fffd}"), Ok(None));
    session.insert("changed", "x").unwrap();
    let written = json_of(&sessions().encode(&session).unwrap());
    assert_eq!(written, text.replace(r#""changed":1"#, r#""changed":"x""#));
}

fn jar_with(cookies: &str) -> CookieJar {
    layer().jar(&request(cookies))
}

fn signed_cookie(value: i32, now: i64) -> String {
    let jar = layer().jar(&http::Request::new(()));
    let mut session = Session::new();
    session.insert("a", &value).unwrap();
    let now = OffsetDateTime::from_unix_timestamp(now).unwrap();
    jar.sessions().with_time(now).set_cookie(&session).unwrap();
    jar.queued()[0].value().to_owned()
}

#[test]
fn session_with_one_changed_character_is_bad_signature() {
    let cookie = signed_cookie(1, NOW);
    let row = row(br#"{"a":1}"#);
    for (good, is_cookie) in [(cookie, true), (row, false)] {
        let read = |value: &str| {
            if is_cookie {
                let jar = jar_with(&format!("sessionid={value}"));
                jar.sessions().with_time(at(1_790_000_000.0)).from_cookie()
            } else {
                sessions().decode(value)
            }
        };
        assert_eq!(read(&good).unwrap().get("a"), Ok(Some(1)));
        for place in 0..good.len() {
            let mut truncated = good.clone();
            truncated.truncate(place);
            assert_matches!(read(&truncated), Err(CookieError::BadSignature { .. }));
            for c in (0x21..0x7f_u8)
                .map(char::from)
                .filter(|c| !"\";\\".contains(*c))
            {
                if good[place..].starts_with(c) {
                    continue;
                }
                let mut forged = good.clone();
                forged.replace_range(place..=place, &c.to_string());
                assert_matches!(read(&forged), Err(CookieError::BadSignature { .. }));
            }
            let mut swapped = good.clone().into_bytes();
            swapped.swap(place, (place + 1) % good.len());
            let swapped = String::from_utf8(swapped).unwrap();
            if swapped != good {
                assert_matches!(read(&swapped), Err(CookieError::BadSignature { .. }));
            }
        }
    }
}

#[test]
fn row_as_cookie_and_cookie_as_row_are_bad_signature() {
    let cookie = signed_cookie(1, NOW);
    assert_matches!(
        sessions().decode(&cookie),
        Err(CookieError::BadSignature { .. })
    );
    let jar = jar_with(&format!("sessionid={}", row(b"{}")));
    let read = jar.sessions().with_time(at(1_790_000_000.0)).from_cookie();
    assert_matches!(read, Err(CookieError::BadSignature { .. }));
}

#[test]
fn last_valid_cookie_of_at_most_eight_is_read() {
    let [first, second, old] =
        [(1, NOW), (2, NOW), (3, NOW - 3_000_000)].map(|(value, now)| signed_cookie(value, now));
    let read = |cookies: &[&str]| {
        let header = cookies
            .iter()
            .map(|value| format!("sessionid={value}"))
            .collect::<Vec<_>>();
        let jar = jar_with(&header.join("; "));
        let read = jar.sessions().with_time(at(1_790_000_000.0)).from_cookie();
        read.map(|session| session.get::<i32>("a").unwrap().unwrap())
    };
    assert_eq!(read(&[&first, &second]), Ok(2));
    assert_eq!(read(&[&second, &first, "stray"]), Ok(1));
    assert_eq!(read(&[&first, &old, "stray"]), Ok(1));
    assert_matches!(
        read(&[&old, "stray"]),
        Err(CookieError::SignatureExpired { .. })
    );
    assert_matches!(
        read(&["stray", &old]),
        Err(CookieError::SignatureExpired { .. })
    );
    assert_matches!(read(&["stray"]), Err(CookieError::BadSignature { .. }));
    assert_matches!(read(&[]), Err(CookieError::MissingCookie { .. }));
    let mut many = vec!["stray"; 8];
    many[0] = &first;
    assert_eq!(read(&many), Ok(1));
    many.push("stray");
    assert_matches!(read(&many), Err(CookieError::BadSignature { .. }));
}

#[test]
fn key_of_several_cookies_is_the_last_valid_one() {
    let jar = jar_with("sessionid=aaaaaaaa; sessionid=bbbbbbbb; sessionid=Invalid-Key");
    assert_eq!(jar.sessions().key(), Some("bbbbbbbb"));
    assert_eq!(jar.sessions().cookie_name("other").key(), None);
}

#[test]
fn sessions_without_secret_key_return_missing_key() {
    let jar = CookieLayer::new().jar(&request("sessionid=a:b:c"));
    let sessions = jar.sessions();
    let mut session = Session::new();
    let setting = |error| match error {
        CookieError::MissingKey { setting, .. } => setting,
        error => panic!("{error}"),
    };
    assert_eq!(setting(sessions.decode("a:b:c").unwrap_err()), "secret_key");
    assert_eq!(
        setting(sessions.encode(&session).unwrap_err()),
        "secret_key"
    );
    assert_eq!(setting(sessions.from_cookie().unwrap_err()), "secret_key");
    assert_eq!(
        setting(sessions.set_cookie(&session).unwrap_err()),
        "secret_key"
    );
    assert_eq!(
        setting(sessions.is_login(&session, "x").unwrap_err()),
        "secret_key"
    );
    let error = sessions
        .log_in(&mut session, "1", BACKEND, "x")
        .unwrap_err();
    assert_eq!(setting(error), "secret_key");
    assert!(session.is_empty() && jar.queued().is_empty());
}

#[test]
fn declared_cookie_keeps_its_declaration() {
    let declared = Cookie::build("id")
        .path("/app")
        .secure(true)
        .max_age(Duration::HOUR);
    let layer = layer().declare(declared).unwrap();
    let mut session = Session::new();
    let headers = |session: &Session| {
        response_cookies(&layer, |jar| {
            let sessions = jar.sessions().cookie_name("id");
            sessions.set_key("0123456789abcdef", session).unwrap();
        })
        .remove(0)
    };
    let header = headers(&session);
    assert!(
        header.ends_with("Max-Age=3600; Path=/app; Secure"),
        "{header}"
    );
    session.set_expiry(SessionExpiry::BrowserClose);
    assert_eq!(headers(&session), "id=0123456789abcdef; Path=/app; Secure");
    session.set_expiry(SessionExpiry::Inactivity(Duration::MINUTE));
    let header = headers(&session);
    assert!(
        header.ends_with("Max-Age=60; Path=/app; Secure"),
        "{header}"
    );

    let now = at(1_790_000_000.0);
    let sessions = sessions_of(&layer).cookie_name("id").with_time(now);
    let expires_at = sessions.expires_at(&Session::new()).unwrap();
    assert_eq!(expires_at - now, Duration::HOUR);
    let deleted = response_cookies(&layer, |jar| {
        jar.sessions().cookie_name("id").delete_cookie().unwrap();
    });
    assert!(
        deleted[0].ends_with("Max-Age=0; Path=/app; Secure"),
        "{deleted:?}"
    );
}

/// Django's `SessionMiddleware` deletes the cookie with `SameSite`, and without `HttpOnly`.
#[test]
fn delete_of_undeclared_session_cookie_matches_django() {
    let deleted = response_cookies(&layer(), |jar| jar.sessions().delete_cookie().unwrap());
    let expected =
        "sessionid=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax";
    assert_eq!(deleted, [expected]);
}

#[test]
fn session_keeps_the_order_of_its_keys() {
    let mut session = session(r#"{"a":1,"b":2,"c":3}"#);
    assert!(!session.is_modified());
    assert!(!session.remove("x") && !session.is_modified());
    session.insert("a", &9).unwrap();
    assert!(session.is_modified() && session.remove("b"));
    session.insert("b", &8).unwrap();
    assert_eq!(session.keys().collect::<Vec<_>>(), ["a", "c", "b"]);
    session.clear();
    assert!(session.is_empty());
}

#[test]
fn insert_of_unserializable_value_keeps_the_previous_value() {
    let mut session = session(r#"{"a":1}"#);
    let map = std::collections::HashMap::from([((1, 2), 3)]);
    let error = session.insert("a", &map).unwrap_err();
    assert_matches!(error, CookieError::UnserializableEntry { key, .. } if key == "a");
    assert_eq!(session.get("a"), Ok(Some(1)));
    assert!(!session.is_modified());
}

#[test]
fn debug_shows_keys_and_no_values() {
    let session = session(r#"{"basket":"m4rked"}"#);
    let debug = format!("{session:?}");
    assert!(
        debug.contains("basket") && !debug.contains("m4rked"),
        "{debug}"
    );
    let jar = jar_with("sessionid=m4rkedm4rked");
    let debug = format!("{:?}", jar.sessions());
    assert!(
        !debug.contains("m4rked") && !debug.contains("nobody"),
        "{debug}"
    );
    let mac = salted_hmac("m4rked", "m4rked", &SecretKey::try_from("m4rked").unwrap());
    assert_eq!(format!("{mac:?}"), "SaltedHmac(..)");
}

/// Signs a session as Django's `signing.dumps` with `compress=True` does.
fn compressed(salt: &str, bytes: &[u8]) -> String {
    let mut deflated = Vec::new();
    let mut encoder = flate2::read::ZlibEncoder::new(bytes, flate2::Compression::best());
    std::io::Read::read_to_end(&mut encoder, &mut deflated).unwrap();
    let signer = TimestampSigner::new(SecretKey::try_from(SECRET).unwrap());
    let signer = signer.salt(salt).with_time(at(1_790_000_000.0));
    signer.sign(&format!(".{}", URL_SAFE_NO_PAD.encode(deflated)))
}

/// Python's pickles begin with the byte 0x80 since protocol 2.
#[test]
fn compressed_pickle_in_row_or_cookie_is_pickled() {
    let pickle = b"\x80\x04}\x94\x8c\x01a\x94K\x01s.";
    assert_matches!(
        sessions().decode(compressed(ROW_SALT, pickle)),
        Err(CookieError::InvalidSession {
            reason: SessionReason::Pickled,
            ..
        })
    );
    let salt = "django.contrib.sessions.backends.signed_cookies";
    let jar = jar_with(&format!("sessionid={}", compressed(salt, pickle)));
    assert_matches!(
        jar.sessions().with_time(at(1_790_000_000.0)).from_cookie(),
        Err(CookieError::InvalidSession {
            reason: SessionReason::Pickled,
            ..
        })
    );
}

#[test]
fn session_of_more_than_1000_levels_is_too_deep() {
    // The object of the session is a level too.
    let nested = |levels: usize| {
        let arrays = levels - 1;
        format!("{{\"a\":{}1{}}}", "[".repeat(arrays), "]".repeat(arrays))
    };
    assert!(session(&nested(1000)).raw("a").is_some());
    assert_matches!(
        sessions().decode(row(nested(1001).as_bytes())),
        Err(CookieError::InvalidSession {
            reason: SessionReason::TooDeep,
            ..
        })
    );
}

#[test]
fn session_that_inflates_to_more_than_1_mib_is_too_long() {
    let json = |len: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(len - 8)).into_bytes();
    let limit = 1024 * 1024;
    let read = sessions().decode(compressed(ROW_SALT, &json(limit)));
    assert!(read.is_ok());
    assert_matches!(
        sessions().decode(compressed(ROW_SALT, &json(limit + 1))),
        Err(CookieError::InvalidSession {
            reason: SessionReason::TooLong,
            ..
        })
    );
}

/// Django's `SessionBase.encode` calls `signing.dumps` with `compress=True`.
#[test]
fn long_session_is_compressed() {
    let text = format!("{{\"a\":\"{}\"}}", "x".repeat(1000));
    let session = session(&text);
    let row = sessions().encode(&session).unwrap();
    assert!(row.starts_with('.') && row.len() < 200, "{row}");
    assert_eq!(json_of(&row), text);
    assert!(signed_cookie(1, NOW).starts_with("eyJhIjoxfQ:"));
}

#[test]
fn expired_session_beside_stray_cookie_is_session_expired() {
    let jar = layer().jar(&http::Request::new(()));
    let mut session = Session::new();
    session.set_expiry(SessionExpiry::Inactivity(Duration::MINUTE));
    let now = at(1_790_000_000.0);
    jar.sessions().with_time(now).set_cookie(&session).unwrap();
    let cookie = jar.queued()[0].value().to_owned();
    for header in [
        format!("sessionid={cookie}; sessionid=stray"),
        format!("sessionid=stray; sessionid={cookie}"),
    ] {
        let sessions = jar_with(&header).sessions().with_time(now + Duration::HOUR);
        assert_matches!(
            sessions.from_cookie(),
            Err(CookieError::SessionExpired { .. })
        );
    }
}

#[test]
fn expiry_with_a_fraction_of_a_second_is_kept_and_checked() {
    let mut session = Session::new();
    let expiry = SessionExpiry::Inactivity(Duration::milliseconds(1500));
    session.set_expiry(expiry);
    assert_eq!(session.raw("_session_expiry"), Some("1.5"));
    assert_eq!(session.expiry(), Ok(expiry));
    let row = sessions().encode(&session).unwrap();
    let later = |seconds| sessions().with_time(at(1_790_000_000.0 + seconds));
    assert!(later(1.25).decode(&row).is_ok());
    assert_matches!(
        later(1.5).decode(&row),
        Err(CookieError::SessionExpired { .. })
    );
}

#[test]
fn expiry_at_the_limits_of_a_timedelta_is_read() {
    // timedelta.max.days is 999999999.
    for (seconds, is_read) in [
        ("86399999913600", true),
        ("-86399999913600", true),
        ("86400000000000", false),
        ("-86400000000000", false),
    ] {
        let mut session = Session::new();
        let number: serde_json::Number = serde_json::from_str(seconds).unwrap();
        session.insert("_session_expiry", &number).unwrap();
        if is_read {
            let expected = Duration::seconds(seconds.parse().unwrap());
            assert_eq!(session.expiry(), Ok(SessionExpiry::Inactivity(expected)));
        } else {
            assert_matches!(
                session.expiry(),
                Err(CookieError::UnreadableEntry { key, .. }) if key == "_session_expiry"
            );
        }
    }
}

/// Django's `set_expiry` writes such dates if its setting `USE_TZ` is off.
#[test]
fn date_without_offset_is_read_as_utc() {
    let session = session(r#"{"_session_expiry":"2026-09-21T15:13:20.250000"}"#);
    let expected = SessionExpiry::At(at(1_790_003_600.25));
    assert_eq!(session.expiry(), Ok(expected));
}

/// Python's `datetime.min` is in the year 1, and its `isoformat` writes the seconds of an offset.
#[test]
fn dates_are_written_as_by_isoformat() {
    let mut session = Session::new();
    let year_0 = at(-62_135_596_801.0);
    session.set_expiry(SessionExpiry::At(year_0));
    let expected = r#""0001-01-01T00:00:00+00:00""#;
    assert_eq!(session.raw("_session_expiry"), Some(expected));

    let offset = tower_django_cookies::time::UtcOffset::from_hms(-5, -30, -15).unwrap();
    let date = at(1_790_000_000.5).to_offset(offset);
    session.set_expiry(SessionExpiry::At(date));
    let expected = r#""2026-09-21T08:43:05.500000-05:30:15""#;
    assert_eq!(session.raw("_session_expiry"), Some(expected));
}

#[test]
fn max_age_of_sessions_overrides_declared_max_age() {
    let layer = layer()
        .declare(Cookie::build("sessionid").max_age(Duration::HOUR))
        .unwrap();
    let now = at(1_790_000_000.0);
    let sessions = sessions_of(&layer).max_age(Duration::DAY).with_time(now);
    let expires_at = sessions.expires_at(&Session::new()).unwrap();
    assert_eq!(expires_at - now, Duration::DAY);
    let cookie = signed_cookie(1, NOW);
    let sessions = layer
        .jar(&request(format!("sessionid={cookie}")))
        .sessions();
    let sessions = sessions.with_time(now + Duration::hours(2));
    assert!(
        sessions
            .clone()
            .max_age(Duration::DAY)
            .from_cookie()
            .is_ok()
    );
    assert_matches!(
        sessions.from_cookie(),
        Err(CookieError::SignatureExpired { .. })
    );
}

/// Django's `SESSION_EXPIRE_AT_BROWSER_CLOSE`.
#[test]
fn cookie_declared_without_max_age_has_none() {
    let layer = layer().declare(Cookie::build("sessionid")).unwrap();
    let headers = response_cookies(&layer, |jar| {
        let sessions = jar.sessions().max_age(Duration::DAY);
        sessions
            .set_key("0123456789abcdef", &Session::new())
            .unwrap();
    });
    assert_eq!(headers, ["sessionid=0123456789abcdef; Path=/"]);
    let now = at(1_790_000_000.0);
    let sessions = sessions_of(&layer).with_time(now);
    let expires_at = sessions.expires_at(&Session::new()).unwrap();
    assert_eq!(expires_at - now, Duration::weeks(2));
}

/// Django's `get_expiry_age` returns `delta.days * 86400 + delta.seconds`, which rounds down.
#[test]
fn max_age_until_a_date_is_rounded_down() {
    for (more, expected) in [(1.5, 1), (0.5, 0), (-0.5, -1), (-1.0, -1), (-1.5, -2)] {
        let mut session = Session::new();
        session.set_expiry(SessionExpiry::At(at(1_790_000_000.0 + more)));
        let headers = response_cookies(&layer(), |jar| {
            let sessions = jar.sessions().with_time(at(1_790_000_000.0));
            sessions.set_key("0123456789abcdef", &session).unwrap();
        });
        let max_age = format!("Max-Age={expected}");
        assert!(
            headers[0].split("; ").any(|part| part == max_age),
            "{more}: {headers:?}"
        );
    }
}

#[test]
fn remove_and_clear_modify_the_session_and_keep_the_order() {
    let mut session = session(r#"{"a":1,"b":2,"c":3,"d":4}"#);
    let mut other = session.clone();
    assert!(session.remove("a") && session.is_modified());
    assert_eq!(session.keys().collect::<Vec<_>>(), ["b", "c", "d"]);
    other.clear();
    assert!(other.is_modified());
}

/// Django's `_get_user_session_key` converts the id with the `to_python` of the primary key.
#[test]
fn user_id_that_is_a_negative_integer_is_read() {
    let session = session(r#"{"_auth_user_id":-5}"#);
    assert_eq!(session.user_id().as_deref(), Some("-5"));
    for text in ["1.5", "null", "[1]", "true", r#""\ud800""#] {
        let text = format!("{{\"_auth_user_id\":{text}}}");
        assert_eq!(self::session(&text).user_id(), None, "{text}");
    }
}

#[test]
fn new_keys_have_all_characters_with_the_same_probability() {
    let keys: String = (0..10_000).map(|_| Sessions::new_key().unwrap()).collect();
    let mut counts = std::collections::BTreeMap::new();
    for c in keys.chars() {
        *counts.entry(c).or_insert(0_u32) += 1;
    }
    // The mean is 8889, with a standard deviation of 93. A byte modulo 36 would
    // give 10000 for some characters.
    assert!(
        counts.values().all(|count| (8200..9500).contains(count)),
        "{counts:?}"
    );
}

/// Django reads such a row. This crate does not, so it does not write such a row either.
#[test]
fn session_of_more_than_1_mib_is_too_long_when_it_is_written() {
    let mut session = Session::new();
    let sessions = sessions();
    session.insert("a", &"x".repeat((1 << 20) - 8)).unwrap();
    let row = sessions.encode(&session).unwrap();
    assert!(sessions.decode(row).is_ok());
    session.insert("a", &"x".repeat((1 << 20) - 7)).unwrap();
    for written in [
        sessions.encode(&session).map(drop),
        sessions.set_cookie(&session),
    ] {
        assert_matches!(
            written,
            Err(CookieError::InvalidSession { name, reason: SessionReason::TooLong, .. })
                if name == "sessionid"
        );
    }
}

/// Python's `isoformat` writes the seconds of an offset too, and Django reads them.
#[test]
fn date_whose_offset_has_seconds_is_read_again() {
    use tower_django_cookies::time::UtcOffset;

    let date = OffsetDateTime::from_unix_timestamp(4_000_000_000).unwrap();
    for (hours, minutes, seconds) in [(5, 30, 15), (-5, -50, -36), (0, 0, 1)] {
        let offset = UtcOffset::from_hms(hours, minutes, seconds).unwrap();
        let mut session = Session::new();
        session.set_expiry(SessionExpiry::At(date.to_offset(offset)));
        assert_eq!(session.expiry(), Ok(SessionExpiry::At(date)), "{offset}");
        let row = sessions().encode(&session).unwrap();
        assert!(sessions().decode(row).is_ok());
    }
}

/// The dates that Python's `datetime.fromisoformat` reads as 2106-02-07, with the time in UTC.
#[test]
fn dates_that_fromisoformat_reads_are_read() {
    for (text, seconds) in [
        ("2106-02-07x06:28:16+00:00", 4_294_967_296),
        ("2106-02-07\u{e9}06:28:16+00:00", 4_294_967_296),
        ("2106-02-07 06:28:16", 4_294_967_296),
        ("2106-02-07", 4_294_944_000),
        ("21060207T062816Z", 4_294_967_296),
    ] {
        let mut session = Session::new();
        session.insert("_session_expiry", text).unwrap();
        let date = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        assert_eq!(session.expiry(), Ok(SessionExpiry::At(date)), "{text}");
    }
    for text in [
        "2106-02-0",
        "2106-02-07T",
        "2106-02-07+",
        "T",
        "2106-02-07T06:28:16+00:00:x1",
    ] {
        let mut session = Session::new();
        session.insert("_session_expiry", text).unwrap();
        assert_matches!(session.expiry(), Err(CookieError::UnreadableEntry { .. }));
    }
}

/// Python treats `True` as 1. Django treats `False` as 0, and other empty values as no expiry.
#[test]
fn expiry_of_other_types_is_that_of_django() {
    for (json, expected) in [
        ("true", SessionExpiry::Inactivity(Duration::SECOND)),
        ("false", SessionExpiry::BrowserClose),
        ("[]", SessionExpiry::Default),
        ("{}", SessionExpiry::Default),
        ("\"\"", SessionExpiry::Default),
    ] {
        let mut session = Session::new();
        let value: Value = serde_json::from_str(json).unwrap();
        session.insert("_session_expiry", &value).unwrap();
        assert_eq!(session.expiry(), Ok(expected), "{json}");
    }
}

/// Django adds the duration to the current time, and has no dates after the year 9999.
#[test]
fn longest_and_shortest_inactivity_are_read_again() {
    for (duration, years) in [(Duration::MAX, 7000), (Duration::MIN, -1900)] {
        let mut session = Session::new();
        session.set_expiry(SessionExpiry::Inactivity(duration));
        let expected = Duration::days(365 * years);
        assert_eq!(session.expiry(), Ok(SessionExpiry::Inactivity(expected)));
    }
}
