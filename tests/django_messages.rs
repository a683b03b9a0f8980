//! The crate reads and writes Django's flash messages. `tests/django/vectors.py` creates the
//! vectors with real Django.
#![cfg(feature = "messages")]

mod support;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use support::{assert_matches, deletion, from_hex, request, response_cookies};
use tower_django_cookies::signing::{SecretKey, TimestampSigner};
use tower_django_cookies::time::OffsetDateTime;
use tower_django_cookies::{
    Cookie, CookieError, CookieJar, CookieLayer, Message, MessageLevel, SameSite,
};

const SECRET: &str = "a secret that nobody guesses";
const MARK: &str = "__messagesnotfinished__";

/// The cases of one kind.
fn vectors<T: DeserializeOwned>(kind: &str) -> Vec<T> {
    let mut vectors: Value = serde_json::from_str(include_str!("django/messages.json"))
        .expect("messages.json is well-formed");
    let cases: Vec<T> = serde_json::from_value(vectors[kind].take()).expect("cases of the kind");
    assert!(!cases.is_empty(), "{kind}");
    cases
}

/// Level, text, extra tags, tags, and `true` if the text is HTML.
type Listed = (i64, String, Option<String>, String, bool);

fn listed(messages: &[Message]) -> Vec<Listed> {
    let listed = messages.iter().map(|message| {
        (
            message.level().value(),
            message.text().to_owned(),
            message.extra_tags().map(str::to_owned),
            message.tags(),
            message.is_html(),
        )
    });
    listed.collect()
}

fn layer() -> CookieLayer {
    CookieLayer::new().secret_key(SECRET).unwrap()
}

/// The jar of a request with the cookie `messages`.
fn jar(layer: &CookieLayer, cookie: Option<&str>) -> CookieJar {
    match cookie {
        None => layer.jar(&http::Request::new(())),
        Some(value) => layer.jar(&request(format!("messages={value}"))),
    }
}

fn signer() -> TimestampSigner {
    let key = format!("django.http.cookies{SECRET}");
    TimestampSigner::new(SecretKey::try_from(key).unwrap()).salt("django.contrib.messages")
}

fn object(signed: &str) -> Value {
    signer().unsign_object(signed).unwrap()
}

#[test]
fn messages_are_read_as_by_django() {
    #[derive(Deserialize)]
    struct Vector {
        case: String,
        key: String,
        fallbacks: Vec<String>,
        cookie: Option<String>,
        all_retrieved: bool,
        messages: Option<Vec<Listed>>,
        differs: Option<Differs>,
    }
    #[derive(Deserialize)]
    struct Differs {
        messages: Vec<Listed>,
    }
    for case in vectors::<Vector>("read") {
        let name = &case.case;
        let fallbacks: Vec<_> = case.fallbacks.iter().map(|key| from_hex(key)).collect();
        let layer = CookieLayer::new().secret_key(from_hex(&case.key)).unwrap();
        let layer = layer.secret_key_fallbacks(fallbacks).unwrap();
        let jar = jar(&layer, case.cookie.as_deref());
        let expected = case.differs.map(|differs| differs.messages);
        let expected = expected.or(case.messages).unwrap();
        assert_eq!(listed(&jar.messages().take().unwrap()), expected, "{name}");

        // `take` deletes the cookie, or keeps only Django's mark `__messagesnotfinished__` in it.
        let queued = jar.queued();
        if case.cookie.is_none() {
            assert!(queued.is_empty(), "{name}");
        } else if case.all_retrieved {
            assert_eq!(queued[0].value(), "", "{name}");
        } else {
            assert_eq!(
                object(queued[0].value()),
                serde_json::json!([MARK]),
                "{name}"
            );
        }
    }
}

#[test]
fn messages_are_added_as_by_django() {
    #[derive(Deserialize)]
    struct Vector {
        case: String,
        cookie: Option<String>,
        added: Vec<(i64, String, String)>,
        set: Option<String>,
        text: Option<String>,
        differs: Option<Differs>,
    }
    #[derive(Deserialize)]
    struct Differs {
        error: String,
    }
    let now = OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap();
    for case in vectors::<Vector>("add") {
        let name = &case.case;
        let jar = jar(&layer(), case.cookie.as_deref());
        let added: Result<Vec<_>, _> = case
            .added
            .iter()
            .map(|(level, text, tags)| {
                let messages = jar.messages().with_time(now);
                messages.add_with_tags(MessageLevel::new(*level), text, tags)
            })
            .collect();
        if let Some(differs) = case.differs {
            assert_eq!(differs.error, "MessagesTooLong");
            let error = added.unwrap_err();
            assert_matches!(error, CookieError::MessagesTooLong { len, .. } if *len > 2048);
            continue;
        }
        added.expect(name);
        let queued = jar.queued();
        assert_eq!(queued.len(), usize::from(case.set.is_some()), "{name}");
        if let (Some(set), Some(text)) = (case.set, case.text) {
            let value = queued[0].value();
            assert_eq!(
                object(value),
                serde_json::from_str::<Value>(&text).unwrap(),
                "{name}"
            );
            // Another zlib may compress a value that Django leaves uncompressed, or the reverse.
            if !value.starts_with('.') && !set.starts_with('.') {
                assert_eq!(value, set, "{name}");
            }
        }
    }
}

#[test]
fn take_keeps_only_the_mark_so_django_shows_the_rest() {
    #[derive(Deserialize)]
    struct Vector {
        case: String,
        cookie: String,
        shown: Vec<Listed>,
    }
    let cases = vectors::<Vector>("take");
    // If the cookie contains only the mark, Django shows the messages in its session.
    let alone = &cases[0];
    assert_eq!(alone.case, "mark alone, and one waits");
    assert_eq!(alone.shown[0].1, "waiting");
    let first = &cases[1];
    assert_eq!(first.case, "one, mark, and one waits");

    let jar = jar(&layer(), Some(&first.cookie));
    let taken = listed(&jar.messages().take().unwrap());
    assert_eq!(taken, first.shown[..1]);
    assert_eq!(object(jar.queued()[0].value()), object(&alone.cookie));
}

#[test]
fn messages_cookie_has_the_same_attributes_as_in_django() {
    #[derive(Deserialize)]
    struct Vector {
        case: String,
        settings: Settings,
        set: String,
        deleted: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "UPPERCASE")]
    struct Settings {
        domain: Option<String>,
        secure: Option<bool>,
        httponly: Option<bool>,
        samesite: Option<String>,
    }
    for Vector {
        case,
        settings,
        set,
        deleted,
    } in vectors("set_cookie")
    {
        let mut declared = Cookie::new("messages", "");
        if let Some(domain) = settings.domain {
            declared.set_domain(domain);
        }
        declared.set_secure(settings.secure);
        declared.set_http_only(settings.httponly.unwrap_or(true));
        let is_strict = settings.samesite.as_deref() == Some("Strict");
        declared.set_same_site(if is_strict {
            SameSite::Strict
        } else {
            SameSite::Lax
        });
        let declaring = layer().declare(declared).unwrap();
        let undeclared = (case == "defaults").then(layer);
        for (layer, is_declared) in [(Some(declaring), true), (undeclared, false)] {
            let Some(layer) = layer else { continue };
            let attributes = |handler: fn(&CookieJar)| {
                let headers = response_cookies(&layer, handler);
                headers[0].split_once("; ").unwrap().1.to_owned()
            };
            let add = |jar: &CookieJar| jar.messages().add(MessageLevel::INFO, "hello").unwrap();
            assert_eq!(attributes(add), set, "{case}");
            let take = |jar: &CookieJar| {
                jar.messages().add(MessageLevel::INFO, "hello").unwrap();
                jar.messages().take().unwrap();
            };
            // A `delete` of a declared cookie sends all of its attributes, and Django's does not.
            if !is_declared {
                assert_eq!(attributes(take), deleted, "{case}");
            }
        }
    }
}

#[test]
fn take_after_add_returns_both_and_deletes_the_cookie() {
    let headers = response_cookies(&layer(), |jar| {
        let messages = jar.messages();
        messages.add(MessageLevel::INFO, "one").unwrap();
        messages.add(MessageLevel::ERROR, "two").unwrap();
        let texts = messages.take().unwrap();
        let texts: Vec<_> = texts.iter().map(Message::text).collect();
        assert_eq!(texts, ["one", "two"]);
        assert!(messages.take().unwrap().is_empty());
    });
    assert_eq!(headers, [deletion("messages", "/") + "; SameSite=Lax"]);
}

#[test]
fn add_after_take_sets_only_the_new_messages_and_the_mark() {
    for (text, expected) in [
        (
            r#"[["__json_message",0,20,"old",""]]"#,
            serde_json::json!([]),
        ),
        (
            r#"[["__json_message",0,20,"old",""],"__messagesnotfinished__"]"#,
            serde_json::json!([MARK]),
        ),
    ] {
        let value: Value = serde_json::from_str(text).unwrap();
        let cookie = signer().sign_object(&value).unwrap();
        let jar = jar(&layer(), Some(&cookie));
        assert_eq!(jar.messages().take().unwrap().len(), 1);
        jar.messages().add(MessageLevel::WARNING, "new").unwrap();
        let mut messages = vec![serde_json::json!(["__json_message", 0, 30, "new", ""])];
        messages.extend(expected.as_array().unwrap().clone());
        assert_eq!(object(jar.queued()[0].value()), Value::from(messages));
    }
}

#[test]
fn take_without_messages_queues_nothing() {
    let jar = jar(&layer(), None);
    assert!(jar.messages().take().unwrap().is_empty());
    assert!(jar.queued().is_empty());
}

#[test]
fn messages_too_long_keeps_earlier_messages() {
    let jar = jar(&layer(), None);
    let mut text = String::new();
    let mut seed = 1_u32;
    for _ in 0..3000 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.push(char::from(b'!' + u8::try_from(seed >> 26).unwrap()));
    }
    jar.messages().add(MessageLevel::INFO, "short").unwrap();
    jar.messages()
        .add(MessageLevel::INFO, &text[..500])
        .unwrap();
    let error = jar.messages().add(MessageLevel::INFO, &text).unwrap_err();
    assert_matches!(error, CookieError::MessagesTooLong { name, .. } if name == "messages");
    assert_eq!(object(jar.queued()[0].value()).as_array().unwrap().len(), 2);
    jar.messages().add(MessageLevel::INFO, "last").unwrap();
    assert_eq!(jar.messages().take().unwrap().len(), 3);
}

/// An `add` or `take` that fails does not lose the messages of the request.
#[test]
fn messages_are_kept_if_the_cookie_cannot_be_written() {
    // A `Host` that the declared Domain does not match.
    let cookie = Cookie::build("messages").domain("example.com");
    let layer = layer().declare(cookie).unwrap();
    let sender = self::layer().jar(&http::Request::new(()));
    sender
        .messages()
        .add(MessageLevel::INFO, "from the request")
        .unwrap();
    let mut request = request(format!("messages={}", sender.queued()[0].value()));
    let host = "other.test".parse().unwrap();
    request.headers_mut().insert("host", host);
    let jar = layer.jar(&request);
    let messages = jar.messages();
    for _ in 0..2 {
        let added = messages.add(MessageLevel::INFO, "refused");
        assert_matches!(added, Err(CookieError::DomainMismatch { name, .. }) if name == "messages");
        let taken = messages.take();
        assert_matches!(taken, Err(CookieError::DomainMismatch { name, .. }) if name == "messages");
    }
    assert!(jar.queued().is_empty());

    // A layer without the declaration, for the same request.
    let mut nested = http::Request::new(());
    nested
        .headers_mut()
        .insert("host", "www.example.com".parse().unwrap());
    nested.extensions_mut().insert(jar.clone());
    let texts = |messages: &[Message]| -> Vec<_> {
        messages
            .iter()
            .map(|message| message.text().to_owned())
            .collect()
    };
    let inner = self::layer().jar(&nested);
    let taken = inner.messages().take();
    assert_eq!(
        taken.map(|taken| texts(&taken)),
        Ok(vec!["from the request".to_owned()])
    );
}

#[test]
fn concurrent_adds_are_all_sent() {
    for _ in 0..100 {
        let jar = jar(&layer(), None);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| jar.messages().add(MessageLevel::INFO, "hello").unwrap());
            }
        });
        assert_eq!(object(jar.queued()[0].value()).as_array().unwrap().len(), 4);
    }
}

#[test]
fn messages_cookie_with_one_changed_character_is_deleted() {
    let jar1 = jar(&layer(), None);
    jar1.messages().add(MessageLevel::INFO, "hello").unwrap();
    let good = jar1.queued()[0].value().to_owned();
    let take = |value: &str| {
        let jar = jar(&layer(), Some(value));
        let count = jar.messages().take().unwrap().len();
        assert_eq!(jar.queued()[0].value(), "");
        count
    };
    assert_eq!(take(&good), 1);
    for place in 0..good.len() {
        assert_eq!(take(&good[..place]), 0);
        let mut swapped = good.clone().into_bytes();
        swapped.swap(place, (place + 1) % good.len());
        let swapped = String::from_utf8(swapped).unwrap();
        assert_eq!(take(&swapped), usize::from(swapped == good), "{swapped}");
        for c in (0x21..0x7f_u8)
            .map(char::from)
            .filter(|c| !"\";\\".contains(*c))
        {
            let mut forged = good.clone();
            forged.replace_range(place..=place, &c.to_string());
            assert_eq!(take(&forged), usize::from(forged == good), "{forged}");
        }
    }
}

#[test]
fn take_reads_the_last_valid_cookie() {
    let cookie = |text: &str| {
        let jar = jar(&layer(), None);
        jar.messages().add(MessageLevel::INFO, text).unwrap();
        jar.queued()[0].value().to_owned()
    };
    let header = format!(
        "messages={}; messages={}; messages=stray",
        cookie("one"),
        cookie("two")
    );
    let jar = layer().jar(&request(header));
    assert_eq!(jar.messages().take().unwrap()[0].text(), "two");
}

#[test]
fn messages_without_key_are_missing_key() {
    let jar = jar(&CookieLayer::new(), Some("a:b:c"));
    let added = jar.messages().add(MessageLevel::INFO, "hello");
    assert_matches!(
        added,
        Err(CookieError::MissingKey {
            setting: "secret_key",
            ..
        })
    );
    assert_matches!(jar.messages().take(), Err(CookieError::MissingKey { .. }));
    assert!(jar.queued().is_empty());
}

#[test]
fn debug_shows_no_text() {
    let jar = jar(&layer(), None);
    jar.messages().add(MessageLevel::INFO, "m4rked").unwrap();
    let debug = format!("{:?} {:?}", jar.messages(), jar.messages().take().unwrap());
    assert!(
        debug.contains("MessageLevel(20)") && !debug.contains("m4rked"),
        "{debug}"
    );
    assert!(!debug.contains("nobody"), "{debug}");
}

/// Signs any JSON as messages.
fn signed(json: &str) -> String {
    let value: Value = serde_json::from_str(json).unwrap();
    signer().sign_object(&value).unwrap()
}

#[test]
fn cookie_of_2048_bytes_is_sent_and_of_2049_bytes_is_messages_too_long() {
    let mut text = String::new();
    let mut seed = 1_u32;
    let (mut sent, mut refused) = (0, usize::MAX);
    for _ in 0..2200 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.push(char::from(b'!' + u8::try_from(seed >> 26).unwrap()));
        if text.len() < 1500 {
            continue;
        }
        // Timestamps of five and of six base62 digits, because neither alone gives all lengths.
        for seconds in [900_000_000, 1_790_000_000] {
            let jar = jar(&layer(), None);
            let now = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
            match jar.messages().with_time(now).add(MessageLevel::INFO, &text) {
                Ok(()) => sent = sent.max(jar.queued()[0].value().len()),
                Err(CookieError::MessagesTooLong { len, .. }) => refused = refused.min(len),
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert_eq!((sent, refused), (2048, 2049));
}

#[test]
fn mark_that_is_not_last_is_skipped() {
    let hello = r#"["__json_message",0,20,"hello",""]"#;
    let cookie = signed(&format!(r#"["{MARK}",{hello}]"#));
    let jar1 = jar(&layer(), Some(&cookie));
    assert_eq!(jar1.messages().take().unwrap().len(), 1);
    assert_eq!(jar1.queued()[0].value(), "");

    let cookie = signed(&format!(r#"[{hello},"{MARK}",{hello},"{MARK}"]"#));
    let jar2 = jar(&layer(), Some(&cookie));
    jar2.messages().add(MessageLevel::INFO, "new").unwrap();
    let written = object(jar2.queued()[0].value());
    let marks: Vec<_> = written
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item == MARK)
        .collect();
    assert_eq!(marks, [false, false, false, true]);
}

/// Django's `MessageDecoder` compares the first item with `MessageEncoder.message_key`.
#[test]
fn array_without_the_marker_is_no_message() {
    let cookie = signed(
        r#"[["other",0,20,"hello",""],[0,0,20,"hello",""],["__json_message",0,20,"hello",""],
            ["__json_message",0,20],[]]"#,
    );
    let jar = jar(&layer(), Some(&cookie));
    assert_eq!(jar.messages().take().unwrap().len(), 1);
}

#[test]
fn empty_text_without_key_is_missing_key() {
    let jar = jar(&CookieLayer::new(), None);
    let added = jar.messages().add(MessageLevel::INFO, "");
    assert_matches!(
        added,
        Err(CookieError::MissingKey {
            setting: "secret_key",
            ..
        })
    );
}

#[test]
fn messages_of_threads_are_either_taken_or_sent() {
    for _ in 0..300 {
        let jar = jar(&layer(), None);
        let barrier = std::sync::Barrier::new(8);
        let add = || {
            barrier.wait();
            jar.messages().add(MessageLevel::INFO, "hello").unwrap();
            0
        };
        let take = || {
            barrier.wait();
            jar.messages().take().unwrap().len()
        };
        let taken: usize = std::thread::scope(|scope| {
            let threads = [0; 4].map(|_| [scope.spawn(add), scope.spawn(take)]);
            let threads = threads.into_iter().flatten();
            threads.map(|thread| thread.join().unwrap()).sum()
        });
        let sent = match jar.queued()[0].value() {
            "" => 0,
            value => object(value).as_array().unwrap().len(),
        };
        assert_eq!(taken + sent, 4);
    }
}

/// Django's `MessageDecoder` marks the text as HTML if Python treats the second item as true.
#[test]
fn message_is_html_if_python_treats_the_second_item_as_true() {
    for (mark, is_html) in [
        ("1", true),
        ("-1", true),
        ("0.5", true),
        ("NaN", true),
        ("\"0\"", true),
        ("[0]", true),
        ("0", false),
        ("-0", false),
        ("0.0", false),
        ("0e3", false),
        ("1e-999", false),
        ("[]", false),
        ("{}", false),
        ("null", false),
    ] {
        let json = format!("[[\"__json_message\",{mark},20,\"<b>\",\"\"]]");
        let cookie = signer().sign(&URL_SAFE_NO_PAD.encode(json));
        let messages = jar(&layer(), Some(&cookie)).messages().take().unwrap();
        assert_eq!(messages[0].is_html(), is_html, "{mark}");
    }
}

#[test]
fn take_after_the_response_started_is_response_started_each_time() {
    let sender = jar(&layer(), None);
    sender.messages().add(MessageLevel::INFO, "old").unwrap();
    let header = format!("messages={}", sender.queued()[0].value());
    let mut kept = None;
    support::response_headers(&layer(), request(header), |jar| kept = Some(jar.clone()));
    let messages = kept.unwrap().messages();
    for _ in 0..2 {
        assert_matches!(messages.take(), Err(CookieError::ResponseStarted { .. }));
    }
}

/// The message would be compressed to a cookie of 1496 bytes.
#[test]
fn message_that_inflates_beyond_the_limit_is_messages_too_long() {
    let jar = jar(&layer(), None);
    let added = jar
        .messages()
        .add(MessageLevel::INFO, &"x".repeat(1_060_000));
    assert_matches!(added, Err(CookieError::MessagesTooLong { name, .. }) if name == "messages");
    assert!(jar.queued().is_empty());

    jar.messages()
        .add(MessageLevel::INFO, &"x".repeat(500_000))
        .unwrap();
    let next = self::jar(&layer(), Some(jar.queued()[0].value()));
    let taken = next.messages().take().unwrap();
    assert_eq!(taken[0].text().len(), 500_000);
}
