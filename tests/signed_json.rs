//! `set_json` and `get_json` of the signed jar: JSON with the keys, salts and scopes of `set`.

#![cfg(feature = "dumps")]

mod support;

use std::collections::HashMap;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use support::{assert_matches, request, response_cookies};
use tower_django_cookies::signing::{PayloadReason, SecretKey, TimestampSigner};
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};

const KEY: &str = "5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60";

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Cart {
    items: Vec<(String, u32)>,
    note: Option<String>,
}

fn cart() -> Cart {
    Cart {
        items: vec![("cocoa".to_owned(), 2), ("Björk; \"tea\"".to_owned(), 1)],
        note: None,
    }
}

fn layer() -> CookieLayer {
    CookieLayer::new().secret_key(KEY).expect("a key")
}

/// The jar of a request with the cookies that `jar` has set.
fn next(layer: &CookieLayer, jar: &CookieJar) -> CookieJar {
    let queued = jar.queued();
    let pairs = queued
        .iter()
        .map(|cookie| format!("{}={}", cookie.name(), cookie.value()));
    layer.jar(&request(pairs.collect::<Vec<_>>().join("; ")))
}

#[test]
fn get_json_returns_value_that_set_json_wrote() {
    let jar = layer().jar(&http::Request::new(()));
    jar.signed()
        .salt("s")
        .set_json("cart", &cart())
        .expect("a valid cookie");
    jar.signed()
        .set_json("number", &-1.5)
        .expect("a valid cookie");
    jar.signed().set_json("text", "").expect("a valid cookie");
    let jar = next(&layer(), &jar);
    assert_eq!(jar.signed().salt("s").get_json("cart"), Ok(cart()));
    assert_eq!(jar.signed().get_json("number"), Ok(-1.5));
    assert_eq!(jar.signed().get_json("text"), Ok(String::new()));
}

#[test]
fn set_json_of_cookie_uses_its_attributes_and_declaration_and_ignores_its_value() {
    let layer = layer()
        .declare(Cookie::build("cart").path("/shop").http_only(true))
        .expect("a declaration");
    let headers = response_cookies(&layer, |jar| {
        let cookie = Cookie::build(("cart", "ignored"))
            .secure(true)
            .max_age(Duration::DAY);
        let time = OffsetDateTime::UNIX_EPOCH;
        let signed = jar.signed().with_time(time);
        signed.set_json(cookie, &[1]).expect("a valid cookie");
        let result = signed.set_json(Cookie::build("cart").path("/"), &[1]);
        assert_matches!(result, Err(CookieError::ScopeMismatch { name, .. }) if name == "cart");
    });
    let [header] = &headers[..] else {
        panic!("{headers:?}");
    };
    // "[1]" in base64.
    assert!(header.starts_with("cart=WzFd:0:"), "{header}");
    assert!(
        header.ends_with("; HttpOnly; Max-Age=86400; Path=/shop; Secure"),
        "{header}"
    );
}

#[test]
fn get_json_of_other_type_is_bad_payload_with_status_400() {
    let jar = layer().jar(&http::Request::new(()));
    jar.signed()
        .set_json("cart", &cart())
        .expect("a valid cookie");
    // `text` is base64 but not JSON, and `plain` is not base64.
    jar.signed()
        .set(("text", "bm90IEpTT04"))
        .expect("a valid cookie");
    jar.signed().set(("plain", "42!")).expect("a valid cookie");
    let jar = next(&layer(), &jar);
    for (cookie, expected) in [
        ("cart", PayloadReason::Json),
        ("text", PayloadReason::Json),
        ("plain", PayloadReason::Base64),
    ] {
        let error = jar.signed().get_json::<u32>(cookie).expect_err(cookie);
        assert_matches!(
            error,
            CookieError::BadPayload { name, reason, .. } if name == cookie && *reason == expected
        );
        assert_eq!(error.status(), StatusCode::BAD_REQUEST);
        assert_eq!(error.name(), Some(cookie));
    }
    let error = jar
        .signed()
        .get_json::<u32>("cart")
        .expect_err("another type");
    assert_eq!(
        error.to_string(),
        "cookie \"cart\": the payload is not JSON of the requested type; read it as the type that \
         was signed"
    );
}

#[test]
fn set_json_of_value_without_json_is_bad_payload_with_status_500() {
    let jar = layer().jar(&http::Request::new(()));
    let unserializable = HashMap::from([((1, 2), 3)]);
    let error = jar
        .signed()
        .set_json("cart", &unserializable)
        .expect_err("keys are tuples");
    assert_matches!(
        error,
        CookieError::BadPayload { name, reason: PayloadReason::Unserializable, .. } if name == "cart"
    );
    assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(jar.queued().is_empty());
}

#[test]
fn get_json_returns_the_errors_of_get() {
    let jar = layer().jar(&request("cart=forged"));
    let result = jar.signed().get_json::<Cart>("cart");
    assert_matches!(result, Err(CookieError::BadSignature { name, .. }) if name == "cart");
    let result = jar.signed().get_json::<Cart>("absent");
    assert_matches!(result, Err(CookieError::MissingCookie { name, .. }) if name == "absent");

    let jar = layer().jar(&http::Request::new(()));
    let hour_ago = OffsetDateTime::now_utc() - Duration::HOUR;
    let signed = jar.signed().with_time(hour_ago);
    signed.set_json("cart", &cart()).expect("a valid cookie");
    let jar = next(&layer(), &jar);
    let result = jar
        .signed()
        .max_age(Duration::MINUTE)
        .get_json::<Cart>("cart");
    assert_matches!(result, Err(CookieError::SignatureExpired { name, .. }) if name == "cart");
    let result = jar.signed().salt("other").get_json::<Cart>("cart");
    assert_matches!(result, Err(CookieError::BadSignature { .. }));
    let result = CookieLayer::new()
        .jar(&request("cart=x"))
        .signed()
        .get_json::<Cart>("cart");
    assert_matches!(
        result,
        Err(CookieError::MissingKey {
            setting: "secret_key",
            ..
        })
    );
}

#[test]
fn get_json_reads_last_duplicate_that_verifies() {
    let jar = layer().jar(&http::Request::new(()));
    jar.signed()
        .set_json("cart", &cart())
        .expect("a valid cookie");
    let value = jar.queued()[0].value().to_owned();
    let jar = layer().jar(&request(format!("cart={value}; cart=stray")));
    assert_eq!(jar.signed().get_json("cart"), Ok(cart()));
}

/// Django compresses with `compress=True`. The signer has the keys and the salt of the jar.
#[test]
fn get_json_reads_compressed_json_up_to_1_mib() {
    let key = SecretKey::try_from(format!("django.http.cookies{KEY}")).expect("a key");
    let signer = TimestampSigner::new(key)
        .salt("django.http.cookies.v2:0:cart")
        .compress();
    for (len, is_read) in [
        (1_000_000, true),
        ((1 << 20) - 2, true),
        ((1 << 20) - 1, false),
    ] {
        let text = "a".repeat(len);
        let signed = signer.sign_object(&text).expect("JSON");
        assert!(signed.starts_with('.') && signed.len() < 4096);
        let jar = layer().jar(&request(format!("cart={signed}")));
        let result = jar.signed().get_json::<String>("cart");
        if is_read {
            assert!(result.is_ok_and(|found| found == text), "{len}");
        } else {
            let reason = PayloadReason::TooLong { limit: 1 << 20 };
            let error = result.expect_err("too long");
            assert_matches!(
                error,
                CookieError::BadPayload { reason: found, .. } if *found == reason
            );
        }
    }
}

#[test]
fn get_json_of_value_that_is_not_json_of_the_type_names_the_remedy() {
    let key = SecretKey::try_from(format!("django.http.cookies{KEY}")).expect("a key");
    let signer = TimestampSigner::new(key).salt("django.http.cookies.v2:0:cart");
    for (payload, expected) in [
        ("a b", PayloadReason::Base64),
        ("WzFd=", PayloadReason::Base64),
        (".", PayloadReason::Zlib),
        (".WzFd", PayloadReason::Zlib),
        ("", PayloadReason::Json),
        ("WzE", PayloadReason::Json),  // [1
        ("IjEi", PayloadReason::Json), // "1"
    ] {
        let jar = layer().jar(&request(format!("cart={}", signer.sign(payload))));
        let error = jar
            .signed()
            .get_json::<Vec<u32>>("cart")
            .expect_err(payload);
        assert_matches!(
            error,
            CookieError::BadPayload { name, reason, .. } if name == "cart" && *reason == expected
        );
        let remedy = match expected {
            PayloadReason::Json => "read it as the type that was signed",
            _ => "`set_json`",
        };
        assert!(error.to_string().contains(remedy), "{error}");
    }
}

#[test]
fn bad_payload_shows_at_most_256_characters_of_the_name() {
    let jar = layer().jar(&http::Request::new(()));
    let unserializable = HashMap::from([((1, 2), 3)]);
    let result = jar.signed().set_json("n".repeat(300_000), &unserializable);
    let expected = "n".repeat(256) + "…";
    assert_matches!(result, Err(CookieError::BadPayload { name, .. }) if *name == expected);
}

#[test]
fn set_json_returns_the_errors_of_set() {
    let jar = layer().jar(&http::Request::new(()));
    let result = jar.signed().set_json("a b", &1);
    assert_matches!(result, Err(CookieError::InvalidName { name, .. }) if name == "a b");
    let result = jar.signed().set_json("cart", &"x".repeat(4096));
    assert_matches!(result, Err(CookieError::TooLong { name, .. }) if name == "cart");
    let jar = CookieLayer::new().jar(&http::Request::new(()));
    let result = jar.signed().set_json("cart", &1);
    assert_matches!(
        result,
        Err(CookieError::MissingKey {
            setting: "secret_key",
            ..
        })
    );
}
