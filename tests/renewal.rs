//! `signed().verify` returns when a value was signed and whether to sign it again. A renewed cookie
//! replaces the previous one in the browser.

#![cfg(feature = "signed")]

mod support;

use support::{assert_matches, request};
use tower_django_cookies::signing::{SecretKey, TimestampSigner};
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};

const KEYS: [&str; 3] = [
    "5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60",
    "0e4f2b1c9d8a7f6e5d4c3b2a19080706",
    "f1c2d3b4a5968778695a4b3c2d1e0f00",
];

fn signer(key: &str, salt: &str) -> TimestampSigner {
    let key = SecretKey::try_from(format!("django.http.cookies{key}")).expect("a key");
    TimestampSigner::new(key).salt(salt)
}

/// A jar of a request with this cookie.
fn jar(layer: &CookieLayer, signed: &str) -> CookieJar {
    layer.jar(&request(format!("user={signed}")))
}

/// A layer with the first key, and with the others as fallbacks.
fn layer() -> CookieLayer {
    CookieLayer::new()
        .secret_key(KEYS[0])
        .and_then(|layer| layer.secret_key_fallbacks(&KEYS[1..]))
        .expect("keys")
}

#[test]
fn needs_renewal_is_true_for_fallback_key_or_legacy_salt_only() {
    let layer = layer().signed_cookie_legacy_salt_fallback(true);
    for (key, is_fallback) in [(KEYS[0], false), (KEYS[1], true), (KEYS[2], true)] {
        for (salt, is_legacy) in [("django.http.cookies.v2:0:user", false), ("user", true)] {
            let verified = jar(&layer, &signer(key, salt).sign("42"))
                .signed()
                .verify("user")
                .expect("a valid signature");
            assert_eq!(verified.value(), "42");
            assert_eq!(
                verified.needs_renewal(),
                is_fallback || is_legacy,
                "{key}, {salt}"
            );
        }
    }
}

#[test]
fn needs_renewal_is_false_after_renewal() {
    let signed = signer(KEYS[2], "django.http.cookies.v2:0:user").sign("42");
    let before = jar(&layer(), &signed);
    let verified = before.signed().verify("user").expect("a valid signature");
    assert!(verified.needs_renewal());
    before
        .signed()
        .set(("user", verified.value()))
        .expect("a valid cookie");

    // Then the layer no longer needs the previous keys.
    let layer = CookieLayer::new().secret_key(KEYS[0]).expect("a key");
    let renewed = before.queued()[0].value().to_owned();
    let verified = jar(&layer, &renewed).signed().verify("user");
    assert!(!verified.expect("a valid signature").needs_renewal());
}

#[test]
fn signed_at_is_time_of_signature_in_whole_seconds() {
    let salt = "django.http.cookies.v2:0:user";
    for seconds in [0, 1, -1, 1_790_000_000, 253_402_300_799, -62_135_596_800] {
        let time = OffsetDateTime::from_unix_timestamp(seconds).expect("a time");
        // Before 1970, Django rounds up.
        let part = Duration::milliseconds(if seconds < 0 { -999 } else { 999 });
        for now in [Some(time), time.checked_add(part)].into_iter().flatten() {
            let signed = signer(KEYS[0], salt).with_time(now).sign("42");
            let verified = jar(&layer(), &signed).signed().verify("user");
            assert_eq!(verified.expect("a signature").signed_at(), time, "{now}");
        }
    }
}

/// Without `max_age`, Django accepts such timestamps too: Python's integers are unbounded.
#[test]
fn signed_at_of_time_that_has_no_date_is_nearest_date() {
    let key = SecretKey::try_from(format!("django.http.cookies{}", KEYS[0])).expect("a key");
    let signer =
        tower_django_cookies::signing::Signer::new(key).salt("django.http.cookies.v2:0:user");
    // The first number is 2**63.
    for (digits, year) in [
        ("AzL8n0Y58m8", 9999),
        ("zzzzzzzz", 9999),
        ("-AzL8n0Y58m9", -9999),
        ("-zzzzzzzz", -9999),
    ] {
        for digits in [digits.to_owned(), digits.to_owned() + &"z".repeat(100)] {
            let signed = signer.sign(&format!("42:{digits}"));
            let verified = jar(&layer(), &signed).signed().verify("user");
            let signed_at = verified.expect("a signature").signed_at();
            assert_eq!(signed_at.year(), year, "{digits}");
        }
    }
}

#[test]
fn verify_returns_the_errors_of_get() {
    let result = jar(&layer(), "forged").signed().verify("user");
    assert_matches!(result, Err(CookieError::BadSignature { name, .. }) if name == "user");
    let result = jar(&layer(), "x").signed().verify("absent");
    assert_matches!(result, Err(CookieError::MissingCookie { name, .. }) if name == "absent");
    let result = jar(&CookieLayer::new(), "x").signed().verify("user");
    assert_matches!(
        result,
        Err(CookieError::MissingKey {
            setting: "secret_key",
            ..
        })
    );
    let hour_ago = OffsetDateTime::now_utc() - Duration::HOUR;
    let signer = signer(KEYS[0], "django.http.cookies.v2:0:user").with_time(hour_ago);
    let signed = jar(&layer(), &signer.sign("42")).signed();
    let result = signed.max_age(Duration::MINUTE).verify("user");
    assert_matches!(result, Err(CookieError::SignatureExpired { name, .. }) if name == "user");
}

#[test]
fn debug_of_verified_hides_value() {
    let signed = signer(KEYS[0], "django.http.cookies.v2:0:user").sign("SECRET-VALUE");
    let verified = jar(&layer(), &signed)
        .signed()
        .verify("user")
        .expect("a signature");
    let debug = format!("{verified:?}");
    assert!(debug.starts_with("Verified { signed_at: "), "{debug}");
    assert!(!debug.contains("SECRET-VALUE"), "{debug}");
}

/// Rails and pillarjs renew cookies with `Path=/`, so the browser then has two cookies.
#[cfg(feature = "test-util")]
#[tokio::test]
async fn renewed_cookie_replaces_previous_cookie_at_its_declared_scope() {
    use http::{Request, Response};
    use tower::{Layer, service_fn};
    use tower_django_cookies::Cookie;
    use tower_django_cookies::test::Client;

    let declared = |layer: CookieLayer| {
        let cookie = Cookie::build("user").path("/app").domain("example.com");
        layer.declare(cookie.secure(true)).expect("a declaration")
    };
    let before = declared(CookieLayer::new().secret_key(KEYS[1]).expect("a key"));
    let rotating = declared(layer());
    let after = declared(CookieLayer::new().secret_key(KEYS[0]).expect("a key"));
    let app = service_fn(async |request: Request<String>| {
        let step = request.uri().path().trim_start_matches("/app/").to_owned();
        let layer = match &*step {
            "login" => &before,
            "rotated" => &rotating,
            _ => &after,
        };
        let mut service = layer.layer(service_fn(async |request: Request<String>| {
            let signed = support::jar_of(&request).signed();
            if request.uri().path() == "/app/login" {
                signed.set(("user", "42"))?;
                return Ok(Response::new(String::new()));
            }
            let user = signed.verify("user")?;
            if user.needs_renewal() {
                signed.set(("user", user.value()))?;
            }
            Ok::<_, CookieError>(Response::new(user.into_value()))
        }));
        tower::Service::call(&mut service, request).await
    });
    let mut browser = Client::new(app)
        .base_url("https://www.example.com")
        .expect("a URL");
    for path in ["/app/login", "/app/rotated", "/app/dropped"] {
        let response = browser.get(path).await.expect("a response");
        if path != "/app/login" {
            assert_eq!(response.body().text(), Ok("42"), "{path}");
        }
        assert_eq!(browser.cookies().len(), 1, "{path}");
        assert!(browser.rejected_cookies().is_empty(), "{path}");
    }
}
