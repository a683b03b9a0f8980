//! If several cookies have the same name, `signed().get` and `private().get` return the last one that
//! verifies. So a cookie from another scope does not log the user out.

#![cfg(all(feature = "signed", feature = "private"))]

mod support;

use proptest::prelude::*;
use support::{assert_matches, request};
use tower_django_cookies::cookie::Key;
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};

const SECRET: &str = "5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60";

fn layer() -> CookieLayer {
    CookieLayer::new()
        .secret_key(SECRET)
        .expect("a key")
        .private_key(Key::from(&[1; 64]))
}

fn jar(header: &str) -> CookieJar {
    layer().jar(&request(header))
}

/// `user=value`, signed `age` ago.
fn signed(value: &str, age: Duration) -> String {
    let jar = layer().jar(&http::Request::new(()));
    let signed = jar.signed().with_time(OffsetDateTime::now_utc() - age);
    signed.set(("user", value)).expect("a valid cookie");
    format!("user={}", jar.queued()[0].value())
}

fn encrypted(value: &str) -> String {
    let jar = layer().jar(&http::Request::new(()));
    jar.private().set(("user", value)).expect("a valid cookie");
    format!("user={}", jar.queued()[0].value())
}

/// `user=value` with the salt of Django before 5.2.15, signed `age` ago.
fn legacy(value: &str, age: Duration) -> String {
    use tower_django_cookies::signing::{SecretKey, TimestampSigner};
    let key = SecretKey::try_from(format!("django.http.cookies{SECRET}")).expect("a key");
    let signer = TimestampSigner::new(key).salt("user");
    let signer = signer.with_time(OffsetDateTime::now_utc() - age);
    format!("user={}", signer.sign(value))
}

/// Each row has the cookies of a header and the expected value. `1` and `2` stand for cookies that
/// verify.
const HEADERS: [(&[&str], &str); 9] = [
    (&["1"], "1"),
    (&["1", "2"], "2"),
    (&["2", "1"], "1"),
    (&["1", "user=x"], "1"),
    (&["user=x", "1"], "1"),
    (&["1", "user="], "1"),
    (&["1", "user=x", "user=a:b:c", "user=\"\""], "1"),
    (&["1", "user=x", "2", "user=y"], "2"),
    (&["user=x", "1", "other=2", "user=y"], "1"),
];

#[test]
fn get_returns_last_value_that_verifies() {
    for (pairs, expected) in HEADERS {
        let header = |protect: fn(&str) -> String| {
            let pairs = pairs.iter().map(|&pair| match pair {
                "1" | "2" => protect(pair),
                pair => pair.to_owned(),
            });
            pairs.collect::<Vec<_>>().join("; ")
        };
        let found = jar(&header(|value| signed(value, Duration::ZERO)))
            .signed()
            .get("user");
        assert_eq!(found.as_deref(), Ok(expected), "signed: {pairs:?}");
        let found = jar(&header(encrypted)).private().get("user");
        assert_eq!(found.as_deref(), Ok(expected), "private: {pairs:?}");
    }
}

#[test]
fn get_with_several_cookie_headers_returns_last_value_that_verifies() {
    let mut request = request(signed("42", Duration::ZERO));
    let other = "user=x".parse().expect("a header value");
    request.headers_mut().append("cookie", other);
    assert_eq!(
        layer().jar(&request).signed().get("user"),
        Ok("42".to_owned())
    );
}

#[test]
fn get_verifies_the_last_eight_values_only() {
    for (others, is_found) in [(7, true), (8, false)] {
        let found = |pair: String| [pair, vec!["user=x"; others].join("; ")].join("; ");
        let result = jar(&found(signed("42", Duration::ZERO)))
            .signed()
            .get("user");
        let private = jar(&found(encrypted("42"))).private().get("user");
        for result in [result, private] {
            if is_found {
                assert_eq!(result.as_deref(), Ok("42"), "{others}");
            } else {
                assert_matches!(result, Err(CookieError::BadSignature { name, .. }) if name == "user");
            }
        }
    }
}

#[test]
fn get_with_max_age_returns_last_value_that_is_not_too_old() {
    let (old, new) = (signed("old", Duration::HOUR), signed("new", Duration::ZERO));
    for header in [
        format!("{old}; {new}"),
        format!("{new}; {old}"),
        format!("{new}; {old}; user=x"),
    ] {
        let found = jar(&header).signed().max_age(Duration::MINUTE).get("user");
        assert_eq!(found.as_deref(), Ok("new"), "{header}");
    }
}

#[test]
fn get_of_values_that_do_not_verify_is_signature_expired_if_one_is_only_too_old() {
    let old = signed("old", Duration::HOUR);
    for header in [
        old.clone(),
        format!("{old}; user=x"),
        format!("user=x; {old}"),
        format!("user=x; {old}; user=y"),
    ] {
        let result = jar(&header).signed().max_age(Duration::MINUTE).get("user");
        assert_matches!(
            result,
            Err(CookieError::SignatureExpired { name, max_age, .. })
                if name == "user" && *max_age == Duration::MINUTE
        );
    }
    let result = jar("user=x; user=a:b:c").signed().get("user");
    assert_matches!(result, Err(CookieError::BadSignature { name, .. }) if name == "user");
}

#[test]
fn signature_expired_has_age_of_last_value_that_is_too_old() {
    let (day, hour) = (signed("day", Duration::DAY), signed("hour", Duration::HOUR));
    let legacy = legacy("legacy", Duration::WEEK);
    for (header, expected) in [
        (format!("{day}; {hour}"), Duration::HOUR),
        (format!("{hour}; {day}"), Duration::DAY),
        (format!("{hour}; {day}; user=x"), Duration::DAY),
        (format!("user=x; {day}; {hour}; user=y"), Duration::HOUR),
        (format!("{hour}; {legacy}"), Duration::HOUR),
    ] {
        let layer = layer().signed_cookie_legacy_salt_fallback(true);
        let jar = layer.jar(&request(&header));
        let result = jar.signed().max_age(Duration::MINUTE).get("user");
        assert_matches!(
            result,
            Err(CookieError::SignatureExpired { age, .. })
                if (*age - expected).abs() < Duration::MINUTE
        );
    }
}

#[test]
fn get_prefers_current_salt_to_legacy_salt() {
    let jar = |header: &str, accept| {
        let layer = layer().signed_cookie_legacy_salt_fallback(accept);
        layer.jar(&request(header))
    };
    let (present, legacy) = (
        signed("present", Duration::ZERO),
        legacy("legacy", Duration::ZERO),
    );
    for header in [
        format!("{present}; {legacy}"),
        format!("{legacy}; {present}"),
    ] {
        for accept in [false, true] {
            let found = jar(&header, accept).signed().get("user");
            assert_eq!(found.as_deref(), Ok("present"), "{header}, {accept}");
        }
    }
    for header in [format!("{legacy}; user=x"), format!("user=x; {legacy}")] {
        let found = jar(&header, true).signed().get("user");
        assert_eq!(found.as_deref(), Ok("legacy"), "{header}");
        let result = jar(&header, false).signed().get("user");
        assert_matches!(result, Err(CookieError::BadSignature { .. }));
    }
}

#[test]
fn get_of_legacy_value_that_is_too_old_is_signature_expired() {
    let layer = layer().signed_cookie_legacy_salt_fallback(true);
    let header = format!("{}; user=x", legacy("42", Duration::HOUR));
    let jar = layer.jar(&request(header));
    let result = jar.signed().max_age(Duration::MINUTE).get("user");
    assert_matches!(result, Err(CookieError::SignatureExpired { .. }));
}

/// The kinds of values that a request can have.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Present,
    Legacy,
    TooOld,
    LegacyTooOld,
    Forged,
    OtherName,
}

proptest! {
    #[test]
    fn get_of_random_duplicates_returns_value_or_error_that_the_documentation_names(
        kinds in prop::collection::vec(
            prop::sample::select(vec![
                Kind::Present,
                Kind::Legacy,
                Kind::TooOld,
                Kind::LegacyTooOld,
                Kind::Forged,
                Kind::Forged,
                Kind::Forged,
                Kind::OtherName,
            ]),
            1..14,
        ),
        accepts_legacy in any::<bool>(),
    ) {
        let pairs = kinds.iter().enumerate().map(|(index, kind)| {
            let value = index.to_string();
            match kind {
                Kind::Present => signed(&value, Duration::ZERO),
                Kind::Legacy => legacy(&value, Duration::ZERO),
                Kind::TooOld => signed(&value, Duration::HOUR),
                Kind::LegacyTooOld => legacy(&value, Duration::HOUR),
                Kind::Forged => format!("user={value}:1:x"),
                Kind::OtherName => format!("x{}", signed(&value, Duration::ZERO)),
            }
        });
        let header = pairs.collect::<Vec<_>>().join("; ");
        let of_name = kinds.iter().enumerate().rev().filter(|(_, kind)| **kind != Kind::OtherName);
        let tried: Vec<_> = of_name.take(8).collect();
        let last = |kind| tried.iter().find(|(_, found)| **found == kind).map(|(index, _)| *index);
        let last_legacy = |kind| last(kind).filter(|_| accepts_legacy);

        let layer = layer().signed_cookie_legacy_salt_fallback(accepts_legacy);
        let jar = layer.jar(&request(&header));
        let result = jar.signed().max_age(Duration::MINUTE).get("user");
        if let Some(index) = last(Kind::Present).or(last_legacy(Kind::Legacy)) {
            prop_assert_eq!(result, Ok(index.to_string()));
        } else if tried.is_empty() {
            assert_matches!(result, Err(CookieError::MissingCookie { .. }));
        } else if last(Kind::TooOld).or(last_legacy(Kind::LegacyTooOld)).is_some() {
            assert_matches!(result, Err(CookieError::SignatureExpired { .. }));
        } else {
            assert_matches!(result, Err(CookieError::BadSignature { .. }));
        }
    }
}

/// A browser on `app.example.com` sends the cookie that `www.example.com` set for `example.com`.
#[cfg(feature = "test-util")]
#[tokio::test]
async fn cookie_set_by_other_host_does_not_log_user_out() {
    use http::{Request, Response};
    use tower::{Layer, service_fn};
    use tower_django_cookies::Cookie;
    use tower_django_cookies::test::Client;

    let app = layer().layer(service_fn(async |request: Request<String>| {
        let jar = support::jar_of(&request);
        match request.uri().path() {
            "/login" => jar.signed().set(("user", "42"))?,
            "/stray" => jar.set(Cookie::build(("user", "x")).domain("example.com"))?,
            _ => {}
        }
        let user = jar.signed().get("user").unwrap_or_default();
        Ok::<_, CookieError>(Response::new(user))
    }));
    let mut browser = Client::new(app)
        .base_url("https://app.example.com")
        .expect("a URL");
    for paths in [["/login", "/stray"], ["/stray", "/login"]] {
        browser.clear_cookies();
        for path in paths {
            browser.get(path).await.expect("a response");
        }
        assert_eq!(browser.cookies().len(), 2);
        let response = browser.get("/").await.expect("a response");
        assert_eq!(response.body().text(), Ok("42"), "{paths:?}");
    }
}
