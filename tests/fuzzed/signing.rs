//! Any text that was signed is accepted, and no other text. The work is proportional to the length.

use http::Request;
use serde_json::Value;
use tower_django_cookies::signing::{self, SecretKey, SignatureError, Signer, TimestampSigner};
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{CookieError, CookieLayer};

use super::unstructured::Unstructured;
use crate::support::request;

const TIMESTAMP_SALT: &str = "django.core.signing.TimestampSigner";
const INFLATE_LIMIT: usize = 10_000;
/// The end of the year 9999, in seconds since 1970.
const LAST_SECOND: i64 = 253_402_300_799;

pub(crate) fn check(bytes: &[u8]) {
    let mut u = Unstructured(bytes);
    let seconds = (u.integer() >> 24).abs() % (LAST_SECOND + 1);
    let now = OffsetDateTime::from_unix_timestamp(seconds).expect("a date");
    let max_age = u.option(2, |u| Duration::seconds(u.byte().into()));
    let position = u.below(256);
    let bit = u.below(8);
    let text = match u.below(3) {
        0 => u.text(),
        // A value and something in the place of its timestamp.
        1 => format!("{}:{}", u.text(), u.text()),
        _ => String::from_utf8_lossy(u.0).into_owned(),
    };
    check_text(&text, now, max_age, (position, bit));
}

/// `position` and `bit` say which bit of a signed text is changed, to forge it.
fn check_text(
    text: &str,
    now: OffsetDateTime,
    max_age: Option<Duration>,
    (position, bit): (usize, usize),
) {
    let key = SecretKey::try_from("key").expect("a key");
    let signer = Signer::new(key.clone()).salt(TIMESTAMP_SALT);
    let without_max_age = TimestampSigner::new(key.clone())
        .with_time(now)
        .inflate_limit(INFLATE_LIMIT);
    let timed = match max_age {
        Some(max_age) => without_max_age.clone().max_age(max_age),
        None => without_max_age.clone(),
    };
    let forged = Err(SignatureError::BadSignature);

    assert_eq!(signer.unsign(text), forged);
    assert_eq!(timed.unsign(text), forged);
    for loaded in [
        timed.unsign_object::<Value>(text),
        signing::loads::<Value>(&key, text),
    ] {
        assert_eq!(loaded, Err(SignatureError::BadSignature));
    }

    let signed = signer.sign(text);
    assert_eq!(signer.unsign(&signed).as_deref(), Ok(text));
    let mut changed = signed.clone().into_bytes();
    let position = changed.len() - 1 - position % changed.len();
    changed[position] ^= 1 << bit;
    if let Ok(changed) = String::from_utf8(changed) {
        assert_eq!(signer.unsign(&changed), forged, "{changed:?}");
    }
    match timed.unsign(&signed) {
        Ok(value) => assert_eq!(Some(&*value), text.rsplit_once(':').map(|(v, _)| v)),
        Err(SignatureError::SignatureExpired {
            age,
            max_age: limit,
            ..
        }) => {
            assert!(age > limit && Some(limit) == max_age);
        }
        Err(error) => assert_eq!(error, SignatureError::BadTimestamp),
    }
    let signed = timed.sign(text);
    assert_eq!(timed.unsign(&signed).as_deref(), Ok(text));

    let cookie = format!("a={text}").replace(|c: char| c.is_ascii_control(), "");
    let jar = CookieLayer::new()
        .secret_key(&key)
        .expect("a key")
        .jar(&request(cookie));
    assert!(matches!(
        jar.signed().get("a"),
        Err(CookieError::BadSignature { .. })
    ));

    check_duplicates(text, position, bit);
    if let Ok(object) = without_max_age.unsign_object::<Value>(&signed) {
        let dumped = signing::dumps(&key, &object).expect("JSON");
        let loaded = signing::loads::<Value>(&key, &dumped);
        assert_eq!(loaded.as_ref(), Ok(&object), "{dumped}");
    }
    let allocated =
        allocation_counter::measure(|| match without_max_age.unsign_object::<Value>(&signed) {
            Ok(object) => {
                let with_high_limit = timed.clone().inflate_limit(1 << 24);
                for signer in [with_high_limit.clone(), with_high_limit.compress()] {
                    let dumped = signer.sign_object(&object).expect("JSON");
                    assert!(dumped.is_ascii());
                    let loaded_again = signer.unsign_object::<Value>(&dumped);
                    assert_eq!(loaded_again.as_ref(), Ok(&object), "{dumped}");
                }
            }
            Err(error) => assert!(matches!(error, SignatureError::BadPayload(_)), "{error}"),
        });
    // The inflated JSON is not longer than the limit. Its objects take several times as much
    // memory.
    let max = 512 * (INFLATE_LIMIT + text.len()) + (1 << 21);
    assert!(
        usize::try_from(allocated.bytes_total).is_ok_and(|total| total < max),
        "{}",
        allocated.bytes_total
    );
}

/// If several cookies have the same name, the valid one is found if it is among the last eight.
fn check_duplicates(text: &str, strays: usize, position: usize) {
    let strays = strays % 12;
    let text = text.replace(|c: char| c.is_ascii_control(), "");
    let layer = CookieLayer::new().secret_key("key").expect("a key");
    let jar = layer.jar(&Request::new(()));
    if jar.signed().set(("a", &*text)).is_err() {
        return;
    }
    let valid = jar.queued()[0].clone();
    let mut jar_of_pairs = vec![format!("a={text}"); strays];
    let position = position.min(strays);
    let quoted = valid
        .value()
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace(';', "\\073");
    jar_of_pairs.insert(position, format!("a=\"{quoted}\""));
    let header = jar_of_pairs.join("; ");
    // A `;` in the text starts another pair, which has another name or none.
    let signed = layer.jar(&request(header)).signed();
    match signed.verify("a") {
        Ok(verified) => {
            assert_eq!(verified.value(), text);
            assert!(!verified.needs_renewal());
            assert!(strays - position < 8, "{strays} {position}");
        }
        Err(error) => {
            assert!(matches!(error, CookieError::BadSignature { .. }), "{error}");
            assert!(
                strays - position >= 8 || text.contains(';'),
                "{strays} {position}"
            );
        }
    }
}
