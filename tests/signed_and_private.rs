//! Signed and private cookies: `get` returns only values that `set` protected with the same key,
//! name and salt.

#![cfg(all(feature = "signed", feature = "private"))]

mod support;

use http::{Request, StatusCode};
use proptest::prelude::*;
use support::{assert_matches, assert_response_started, request, response_cookies};
use tower_django_cookies::cookie::Key;
use tower_django_cookies::signing::{SecretKey, Signer};
use tower_django_cookies::time::Duration;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, IntoCookie};

/// The two jars that protect cookies. Most tests run for both.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Signed,
    Private,
}

use Kind::{Private, Signed};

impl Kind {
    fn get(self, jar: &CookieJar, name: &str) -> Result<String, CookieError> {
        match self {
            Signed => jar.signed().get(name),
            Private => jar.private().get(name),
        }
    }

    fn set<'c>(self, jar: &CookieJar, cookie: impl IntoCookie<'c>) -> Result<(), CookieError> {
        match self {
            Signed => jar.signed().set(cookie),
            Private => jar.private().set(cookie),
        }
    }

    /// A layer with the key number `key`, and with the fallback keys numbered `fallbacks`.
    fn layer(self, key: u8, fallbacks: &[u8]) -> CookieLayer {
        match self {
            Signed => CookieLayer::new()
                .secret_key([key; 50])
                .and_then(|layer| {
                    layer.secret_key_fallbacks(fallbacks.iter().map(|&key| [key; 50]))
                })
                .expect("keys that are not empty"),
            Private => CookieLayer::new()
                .private_key(Key::from(&[key; 64]))
                .private_key_fallbacks(fallbacks.iter().map(|&key| Key::from(&[key; 64]))),
        }
    }

    /// The cookie-pair of a response that sets `a` to `value`.
    fn cookie_pair(self, layer: &CookieLayer, value: &str) -> String {
        self.cookie_pair_with_name(layer, "a", value)
    }

    /// The cookie-pair of a response that sets `name` to `value`.
    fn cookie_pair_with_name(self, layer: &CookieLayer, name: &str, value: &str) -> String {
        let headers = response_cookies(layer, |jar| {
            self.set(jar, (name, value)).expect("a valid cookie");
        });
        let (pair, attributes) = headers[0].split_once("; ").expect("a Path");
        assert_eq!(attributes, "Path=/");
        pair.to_owned()
    }

    /// Reads `a` from a request with this `Cookie` header.
    fn get_a(self, layer: &CookieLayer, header: impl AsRef<[u8]>) -> Result<String, CookieError> {
        self.get(&layer.jar(&request(header)), "a")
    }
}

fn is_bad_signature(result: &Result<String, CookieError>, expected_name: &str) -> bool {
    matches!(result, Err(CookieError::BadSignature { name, .. }) if name == expected_name)
}

#[track_caller]
fn assert_bad_signature(kind: Kind, result: &Result<String, CookieError>) {
    assert!(is_bad_signature(result, "a"), "{kind:?}: {result:?}");
}

#[test]
fn get_returns_value_that_was_set() {
    for kind in [Signed, Private] {
        let layer = kind.layer(1, &[]);
        for value in [
            "",
            "42",
            "a b; c=\"d\"\\",
            "é€😀",
            "x:y:z",
            "{\"a\":[1,2]}",
            "%2F+%3D",
        ] {
            let pair = kind.cookie_pair(&layer, value);
            assert_eq!(
                kind.get_a(&layer, &pair).as_deref(),
                Ok(value),
                "{kind:?}: {pair}"
            );
        }
    }
}

#[test]
fn get_of_absent_cookie_is_missing_cookie() {
    for kind in [Signed, Private] {
        let result = kind.get_a(&kind.layer(1, &[]), "b=1");
        assert!(
            matches!(&result, Err(CookieError::MissingCookie { name, .. }) if name == "a"),
            "{kind:?}: {result:?}"
        );
    }
}

#[test]
fn get_of_unprotected_cookie_is_bad_signature_with_status_400() {
    for kind in [Signed, Private] {
        let layer = kind.layer(1, &[]);
        for value in [
            &b"42"[..],
            b"",
            b":",
            b"::",
            b"42:1:",
            b"%",
            b"\"\"",
            b"=",
            b"AAAA",
            b"\xff\xfe",
        ] {
            let result = kind.get_a(&layer, [b"a=", value].concat());
            assert!(
                is_bad_signature(&result, "a"),
                "{kind:?}: {}: {result:?}",
                value.escape_ascii()
            );
            let error = result.expect_err("BadSignature");
            assert_eq!(error.status(), StatusCode::BAD_REQUEST);
        }
    }
}

#[test]
fn get_of_value_with_changed_byte_or_truncated_is_bad_signature() {
    for kind in [Signed, Private] {
        let layer = kind.layer(1, &[]);
        let pair = kind.cookie_pair(&layer, "hello");
        let value = pair.strip_prefix("a=").expect("the name").as_bytes();
        // These bytes change how the header is parsed.
        let is_syntax = |byte| matches!(byte, b'"' | b';' | b'\\');
        let mut changes = 0;
        for index in 0..value.len() {
            for byte in (b' '..=b'~')
                .chain(0x80..=0xff)
                .filter(|&byte| !is_syntax(byte))
            {
                let mut changed = [b"a=", value].concat();
                changed[2 + index] = byte;
                // A space at either end is trimmed, which makes this a truncation.
                if byte != value[index] {
                    let result = kind.get_a(&layer, &changed);
                    assert!(
                        is_bad_signature(&result, "a"),
                        "{kind:?}: byte {byte} at {index}: {result:?}"
                    );
                    changes += 1;
                }
            }
            for truncated in [&value[..index], &value[index + 1..]] {
                assert_bad_signature(kind, &kind.get_a(&layer, [b"a=", truncated].concat()));
            }
        }
        assert!(changes > 150 * value.len(), "{kind:?}: {changes}");
    }
}

#[test]
fn get_of_value_under_other_name_is_bad_signature() {
    for kind in [Signed, Private] {
        let layer = kind.layer(1, &[]);
        let pair = kind.cookie_pair(&layer, "42");
        let jar = layer.jar(&request(pair.replacen("a=", "b=", 1)));
        let result = kind.get(&jar, "b");
        assert!(is_bad_signature(&result, "b"), "{kind:?}: {result:?}");
    }
}

#[test]
fn get_with_fallback_key_reads_and_with_removed_key_is_bad_signature() {
    for kind in [Signed, Private] {
        let pair = kind.cookie_pair(&kind.layer(1, &[]), "42");
        for (key, fallbacks, can_read) in [
            (1, &[][..], true),
            (2, &[1], true),
            (2, &[3, 1], true),
            (1, &[2], true),
            (2, &[], false),
            (2, &[3], false),
        ] {
            let result = kind.get_a(&kind.layer(key, fallbacks), &pair);
            let is_expected = if can_read {
                result.as_deref() == Ok("42")
            } else {
                is_bad_signature(&result, "a")
            };
            assert!(is_expected, "{kind:?}: {key} {fallbacks:?}: {result:?}");
        }
    }
}

#[test]
fn set_with_fallback_keys_uses_current_key() {
    for kind in [Signed, Private] {
        let pair = kind.cookie_pair(&kind.layer(2, &[1]), "42");
        let result = kind.get_a(&kind.layer(2, &[]), &pair);
        assert_eq!(result.as_deref(), Ok("42"), "{kind:?}");
        assert_bad_signature(kind, &kind.get_a(&kind.layer(1, &[]), &pair));
    }
}

#[test]
fn set_and_get_without_key_are_missing_key() {
    let no_key = CookieLayer::new();
    let other_key = |kind: Kind| kind.layer(1, &[]);
    let only_secret_fallback = CookieLayer::new()
        .secret_key_fallbacks(["1"])
        .expect("a key");
    let only_private_fallback = CookieLayer::new().private_key_fallbacks([Key::generate()]);
    for (kind, layer, expected_setting) in [
        (Signed, &no_key, "secret_key"),
        (Signed, &other_key(Private), "secret_key"),
        (Signed, &only_secret_fallback, "secret_key"),
        (Private, &no_key, "private_key"),
        (Private, &other_key(Signed), "private_key"),
        (Private, &only_private_fallback, "private_key"),
    ] {
        let jar = layer.jar(&request("a=1"));
        for error in [
            kind.set(&jar, ("a", "1")).expect_err("MissingKey"),
            kind.get(&jar, "a").expect_err("MissingKey"),
        ] {
            assert!(
                matches!(
                    &error,
                    CookieError::MissingKey { name, setting, .. }
                        if name == "a" && *setting == expected_setting
                ),
                "{kind:?}: {error:?}"
            );
            let message = error.to_string();
            assert!(
                message.contains(&format!("CookieLayer::{expected_setting}")),
                "{message}"
            );
            assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
        }
        assert!(jar.queued().is_empty());
    }
}

#[test]
fn get_of_absent_cookie_without_key_is_missing_key() {
    for kind in [Signed, Private] {
        for header in ["", "b=1"] {
            let result = kind.get_a(&CookieLayer::new(), header);
            assert!(
                matches!(&result, Err(CookieError::MissingKey { name, .. }) if name == "a"),
                "{kind:?}: {result:?}"
            );
        }
    }
}

/// A handler that calls `get` on a plain jar would read values that are not verified.
#[test]
fn message_of_missing_cookie_does_not_advise_get() {
    let jar = CookieLayer::new().jar(&Request::new(()));
    let mut errors = vec![jar.require("a").expect_err("MissingCookie")];
    for kind in [Signed, Private] {
        errors.push(
            kind.get_a(&kind.layer(1, &[]), "b=1")
                .expect_err("MissingCookie"),
        );
    }
    for error in errors {
        assert_matches!(error, CookieError::MissingCookie { name, .. } if name == "a");
        let message = error.to_string();
        assert!(!message.contains("get"), "{message}");
        assert_eq!(
            message,
            r#"cookie "a" is not in the request; handle this error if the cookie is optional"#
        );
    }
}

#[test]
fn missing_cookie_of_name_value_pair_shows_name_only() {
    for pair in ["session=f81d4fae", "session=", "session=f81d4fae=f81d4fae"] {
        let jar = CookieLayer::new().jar(&request("session=f81d4fae"));
        let mut results = vec![jar.require(pair).map(str::to_owned)];
        for kind in [Signed, Private] {
            results.push(kind.get(&kind.layer(1, &[]).jar(&request("session=f81d4fae")), pair));
        }
        for result in results {
            let error = result.expect_err("no cookie has this name");
            assert_matches!(
                error,
                CookieError::MissingCookie { name, .. } if name == "session=…"
            );
            for text in [error.to_string(), format!("{error:?}")] {
                assert!(!text.contains("f81d4fae"), "{text}");
            }
        }
        for kind in [Signed, Private] {
            let result = kind.get(&jar, pair);
            assert_matches!(
                result,
                Err(CookieError::MissingKey { name, .. }) if name == "session=…"
            );
        }
    }
}

#[test]
fn set_of_declared_cookie_uses_its_scope_and_deletes_at_retired_scope() {
    for kind in [Signed, Private] {
        let headers = response_cookies(&declaring(kind), |jar| {
            kind.set(jar, ("a", "42")).expect("a declared cookie");
        });
        let [deletion, set] = &headers[..] else {
            panic!("{kind:?}: {headers:?}")
        };
        assert!(
            deletion.starts_with("a=\"\"; expires=Thu, 01 Jan 1970"),
            "{kind:?}: {deletion}"
        );
        assert!(set.ends_with("; HttpOnly; Path=/app"), "{kind:?}: {set}");
    }
}

#[test]
fn set_returns_the_errors_of_the_plain_jar() {
    for kind in [Signed, Private] {
        let layer = declaring(kind);
        let jar = layer.jar(&Request::new(()));
        assert_matches!(
            kind.set(&jar, Cookie::build(("a", "42")).path("/")),
            Err(CookieError::ScopeMismatch { .. })
        );
        assert_matches!(
            kind.set(&jar, ("b", "42")),
            Err(CookieError::Undeclared { .. })
        );
        assert_matches!(
            kind.set(&jar, ("a", "v".repeat(4096))),
            Err(CookieError::TooLong { .. })
        );

        let mut kept = None;
        response_cookies(&layer, |jar| kept = Some(jar.clone()));
        let jar = kept.expect("the handler was called");
        assert_response_started(kind.set(&jar, ("a", "42")), "a");
    }
}

/// A layer that declares `a` with `/app` and `HttpOnly`, and has its Path `/` retired.
fn declaring(kind: Kind) -> CookieLayer {
    kind.layer(1, &[])
        .declare(Cookie::build("a").path("/app").http_only(true))
        .and_then(|layer| layer.retire(Cookie::build("a").path("/")))
        .expect("valid declarations")
        .deny_undeclared()
}

#[test]
fn get_in_nested_layers_uses_inner_key_or_else_outer_key() {
    for kind in [Signed, Private] {
        let pair = kind.cookie_pair(&kind.layer(1, &[]), "42");
        let get_nested = |inner: &CookieLayer, outer: &CookieLayer| {
            let mut request = request(&pair);
            let jar = outer.jar(&request);
            request.extensions_mut().insert(jar);
            kind.get(&inner.jar(&request), "a")
        };
        let (no_key, key_1, key_2) = (CookieLayer::new(), kind.layer(1, &[]), kind.layer(2, &[]));
        assert_eq!(get_nested(&no_key, &key_1).as_deref(), Ok("42"), "{kind:?}");
        assert_eq!(get_nested(&key_1, &key_2).as_deref(), Ok("42"), "{kind:?}");
        assert_bad_signature(kind, &get_nested(&key_2, &key_1));
    }
}

/// An inner layer caches the configurations that it merges. Each outer layer's keys still apply.
#[test]
fn get_in_layer_under_several_outer_layers_uses_key_of_each_outer_layer() {
    for kind in [Signed, Private] {
        for outer_layers in [2, 6] {
            // The declaration is a setting of its own, so the layer cannot use the outer one's.
            let inner = CookieLayer::new()
                .declare("b")
                .expect("a valid declaration");
            let keys = || 1..=outer_layers;
            let outer: Vec<_> = keys().map(|key| kind.layer(key, &[key + 100])).collect();
            let pair = |key| kind.cookie_pair(&kind.layer(key, &[]), "42");
            let pairs: Vec<_> = keys().map(pair).collect();
            let fallback_pairs: Vec<_> = keys().map(|key| pair(key + 100)).collect();
            for _ in 0..3 {
                for (i, outer) in outer.iter().enumerate() {
                    let nested_jar = |pair: &str| {
                        let mut request = request(pair);
                        let jar = outer.jar(&request);
                        request.extensions_mut().insert(jar);
                        inner.jar(&request)
                    };
                    let get = |pair: &str| kind.get(&nested_jar(pair), "a");
                    for (j, (pair, fallback_pair)) in pairs.iter().zip(&fallback_pairs).enumerate()
                    {
                        if i == j {
                            assert_eq!(get(pair).as_deref(), Ok("42"), "{kind:?}");
                            assert_eq!(get(fallback_pair).as_deref(), Ok("42"), "{kind:?}");
                        } else {
                            assert_bad_signature(kind, &get(pair));
                            assert_bad_signature(kind, &get(fallback_pair));
                        }
                    }
                    let jar = nested_jar("");
                    kind.set(&jar, ("a", "7"))
                        .expect("the outer layer has a key");
                    let pair = format!("a={}", jar.queued()[0].value());
                    assert_eq!(kind.get_a(outer, pair).as_deref(), Ok("7"), "{kind:?}");
                }
            }
        }
    }
}

#[test]
fn key_set_on_clone_after_nested_request_is_used() {
    for kind in [Signed, Private] {
        let get_nested = |outer: &CookieLayer, inner: &CookieLayer, pair: &str| {
            let mut request = request(pair);
            let jar = outer.jar(&request);
            request.extensions_mut().insert(jar);
            kind.get(&inner.jar(&request), "a")
        };
        let outer = kind.layer(1, &[]);
        let inner = CookieLayer::new()
            .declare("b")
            .expect("a valid declaration");
        let [pair_1, pair_2] = [1, 2].map(|key| kind.cookie_pair(&kind.layer(key, &[]), "42"));
        assert_eq!(get_nested(&outer, &inner, &pair_1).as_deref(), Ok("42"));

        let changed = match kind {
            Signed => inner.clone().secret_key([2; 50]).expect("a key"),
            Private => inner.clone().private_key(Key::from(&[2; 64])),
        };
        assert_eq!(get_nested(&outer, &changed, &pair_2).as_deref(), Ok("42"));
        assert_bad_signature(kind, &get_nested(&outer, &changed, &pair_1));
        assert_eq!(get_nested(&outer, &inner, &pair_1).as_deref(), Ok("42"));
        assert_bad_signature(kind, &get_nested(&outer, &inner, &pair_2));
    }
}

/// Cookie-names. No attribute's name begins with `x`, so none of these is reserved.
const NAME: &str = "x[!#$%&'*+.^_`|~0-9A-Za-z-]{0,20}";

proptest! {
    #[test]
    fn get_of_generated_header_is_bad_signature(
        bytes in prop_oneof![
            any::<Vec<u8>>(),
            "([0-9A-Za-z+/=]|%[0-9A-Fa-f]{1,2}){0,99}".prop_map(String::into_bytes),
            "\\PC{0,20}:[0-9A-Za-z-]{0,9}:[0-9A-Za-z_-]{43}".prop_map(String::into_bytes),
        ],
    ) {
        let valid = bytes.iter().map(|&byte| if byte.is_ascii_control() { b' ' } else { byte });
        let header: Vec<_> = b"a=".iter().copied().chain(valid).collect();
        for kind in [Signed, Private] {
            let result = kind.get_a(&kind.layer(1, &[2]), &header);
            prop_assert!(is_bad_signature(&result, "a"), "{kind:?}: {result:?}");
        }
    }

    #[test]
    fn get_reads_value_with_same_key_and_name_only(
        value in r"[^\p{Cc}]{0,60}",
        [name, other_name] in [NAME, NAME],
        [key, other_key] in any::<[u8; 2]>(),
    ) {
        prop_assume!(name != other_name && key != other_key);
        for kind in [Signed, Private] {
            let pair = kind.cookie_pair_with_name(&kind.layer(key, &[]), &name, &value);
            let renamed = pair.replacen(&*name, &other_name, 1);
            for (name, key, fallbacks, pair, can_read) in [
                (&name, key, &[][..], &pair, true),
                (&name, other_key, &[key], &pair, true),
                (&name, other_key, &[], &pair, false),
                (&other_name, key, &[], &renamed, false),
            ] {
                let jar = kind.layer(key, fallbacks).jar(&request(pair));
                let result = kind.get(&jar, name);
                let is_expected = if can_read {
                    result.as_deref() == Ok(&*value)
                } else {
                    is_bad_signature(&result, name)
                };
                prop_assert!(is_expected, "{kind:?}: {pair}: {result:?}");
            }
        }
    }

    #[test]
    fn signed_get_with_same_concatenation_of_name_and_salt_is_bad_signature(
        text in "[0-9:a-c]{3,12}",
        cuts in any::<[prop::sample::Index; 2]>(),
    ) {
        let [cut, other_cut] = cuts.map(|cut| cut.index(text.len() - 1) + 1);
        prop_assume!(cut != other_cut);
        let layer = CookieLayer::new().secret_key("key").expect("a key");
        // Django concatenates the salt and the name. The other order is tested too.
        for ((salt, name), (other_salt, other_name)) in [
            (text.split_at(cut), text.split_at(other_cut)),
            (flipped(text.split_at(cut)), flipped(text.split_at(other_cut))),
        ] {
            let headers = response_cookies(&layer, |jar| {
                jar.signed().salt(salt).set((name, "42")).expect("a valid cookie");
            });
            let pair = headers[0].split(';').next().expect("a pair");
            let jar = layer.jar(&request(pair));
            prop_assert_eq!(jar.signed().salt(salt).get(name), Ok("42".to_owned()));
            let jar = layer.jar(&request(pair.replacen(name, other_name, 1)));
            let result = jar.signed().salt(other_salt).get(other_name);
            prop_assert!(is_bad_signature(&result, other_name), "{result:?}");
        }
    }

    #[test]
    fn signed_get_of_any_text_signed_with_its_key_is_value_expired_or_bad_signature(
        text in prop_oneof![r"[^\p{Cc}]{0,60}", r"\PC{0,9}:-?[0-9A-Za-z]{0,99}"],
        max_age in prop::option::of((any::<i64>(), -999_999_999..=999_999_999)),
    ) {
        let max_age = max_age.map(|(seconds, nanoseconds)| Duration::new(seconds, nanoseconds));
        let key = SecretKey::try_from("django.http.cookieskey").expect("a key");
        let signer = Signer::new(key).salt("django.http.cookies.v2:0:a");
        let signed = signer.sign(&text);
        // The plain jar quotes the value where needed.
        let headers = response_cookies(&CookieLayer::new(), |jar| {
            jar.set(("a", &*signed)).expect("a valid cookie");
        });
        let pair = headers[0].split(';').next().expect("a pair");
        let layer = CookieLayer::new().secret_key("key").expect("a key");
        let jar = layer.jar(&request(pair));
        let signed = match max_age {
            Some(max_age) => jar.signed().max_age(max_age),
            None => jar.signed(),
        };
        match signed.get("a") {
            Ok(value) => prop_assert_eq!(Some(&*value), text.rsplit_once(':').map(|(v, _)| v)),
            Err(CookieError::SignatureExpired { age, max_age: limit, .. }) => {
                prop_assert!(age > limit && Some(limit) == max_age);
            }
            result => prop_assert!(is_bad_signature(&result, "a"), "{result:?}"),
        }
    }
}

/// Percent-encodes every byte.
fn percent_encoded(text: &str) -> String {
    let bytes = text.bytes().map(|byte| format!("%{byte:02X}"));
    bytes.collect::<Vec<_>>().concat()
}

/// Tests the two encodings in which this crate and others write a ciphertext, and many other encodings.
#[test]
fn private_get_reads_two_spellings_of_a_ciphertext_only() {
    let layer = Private.layer(1, &[]);
    let (mut accepted, mut refused) = (0, 0);
    for len in 0..60 {
        let value = "a".repeat(len);
        let pair = Private.cookie_pair(&layer, &value);
        let encrypted = pair.strip_prefix("a=").expect("the name");
        let by_peers = encrypted.replace('/', "%2F").replace('=', "%3D");
        for spelling in [encrypted, &by_peers] {
            for header in [format!("a={spelling}"), format!("a=\"{spelling}\"")] {
                assert_eq!(
                    Private.get_a(&layer, &header).as_deref(),
                    Ok(&*value),
                    "{header}"
                );
                accepted += 1;
            }
        }
        let one_encoded = encrypted.char_indices().flat_map(|(i, c)| {
            let (before, after) = (&encrypted[..i], &encrypted[i + 1..]);
            let byte = u32::from(c);
            [
                format!("{before}%{byte:02X}{after}"),
                format!("{before}%{byte:02x}{after}"),
            ]
        });
        let others = [
            percent_encoded(encrypted),
            by_peers.to_lowercase(),
            by_peers.replace('+', "%2B"),
            encrypted.replace('+', " "),
            encrypted.replace('+', "-").replace('/', "_"),
            encrypted.trim_end_matches('=').to_owned(),
            format!("{encrypted}="),
            format!("{encrypted}%3D"),
            format!("{encrypted}%"),
        ];
        // With padding, some bits of the last character before it mean nothing.
        let text = encrypted.trim_end_matches('=');
        let (start, padding) = (&text[..text.len() - 1], &encrypted[text.len()..]);
        let other_bits = ('0'..='z')
            .filter(char::is_ascii_alphanumeric)
            .map(|c| format!("{start}{c}{padding}"));
        for spelling in one_encoded.chain(others).chain(other_bits) {
            if spelling != encrypted && spelling != by_peers {
                let result = Private.get_a(&layer, format!("a={spelling}"));
                assert!(is_bad_signature(&result, "a"), "{spelling}: {result:?}");
                refused += 1;
            }
        }
    }
    println!("{accepted} spellings are accepted, {refused} are refused");
}

fn flipped<'a>((a, b): (&'a str, &'a str)) -> (&'a str, &'a str) {
    (b, a)
}
