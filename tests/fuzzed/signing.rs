//! Any text that was signed is accepted, and no other text. The work is proportional to the length.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tower_django_cookies::signing::{self, SignatureError, Signer, TimestampSigner};
use tower_django_cookies::{CookieError, CookieLayer};

use super::unstructured::Unstructured;
use crate::support::request;

const TIMESTAMP_SALT: &str = "django.core.signing.TimestampSigner";
const INFLATE_LIMIT: usize = 10_000;

pub(crate) fn check(bytes: &[u8]) {
    let mut u = Unstructured(bytes);
    let now = UNIX_EPOCH + Duration::from_secs(u.integer().unsigned_abs() >> 24);
    let max_age = u.option(2, |u| Duration::from_secs(u.byte().into()));
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
    now: SystemTime,
    max_age: Option<Duration>,
    (position, bit): (usize, usize),
) {
    let signer = Signer::new("key").salt(TIMESTAMP_SALT);
    let timed = TimestampSigner::new("key")
        .with_time(now)
        .inflate_limit(INFLATE_LIMIT);
    let forged = Err(SignatureError::BadSignature);

    assert_eq!(signer.unsign(text), forged);
    assert_eq!(timed.unsign(text, max_age), forged);
    let loaded = signing::loads::<Value>(&timed, text, max_age);
    assert_eq!(loaded, Err(SignatureError::BadSignature));

    let signed = signer.sign(text);
    assert_eq!(signer.unsign(&signed).as_deref(), Ok(text));
    let mut changed = signed.clone().into_bytes();
    let position = changed.len() - 1 - position % changed.len();
    changed[position] ^= 1 << bit;
    if let Ok(changed) = String::from_utf8(changed) {
        assert_eq!(signer.unsign(&changed), forged, "{changed:?}");
    }
    match timed.unsign(&signed, max_age) {
        Ok(value) => assert_eq!(Some(&*value), text.rsplit_once(':').map(|(v, _)| v)),
        Err(SignatureError::SignatureExpired {
            age,
            max_age: limit,
        }) => {
            assert!(age > limit && Some(limit) == max_age);
        }
        Err(error) => assert_eq!(error, SignatureError::BadTimestamp),
    }
    let signed = timed.sign(text);
    assert_eq!(timed.unsign(&signed, max_age).as_deref(), Ok(text));

    let cookie = format!("a={text}").replace(|c: char| c.is_ascii_control(), "");
    let jar = CookieLayer::new().secret_key("key").jar(&request(cookie));
    assert!(matches!(
        jar.signed().get("a"),
        Err(CookieError::BadSignature { .. })
    ));

    let allocated =
        allocation_counter::measure(|| match signing::loads::<Value>(&timed, &signed, None) {
            Ok(object) => {
                for compress in [false, true] {
                    let dumped = signing::dumps(&timed, &object, compress).expect("JSON");
                    assert!(dumped.is_ascii());
                    let loaded_again = signing::loads::<Value>(
                        &timed.clone().inflate_limit(1 << 24),
                        &dumped,
                        max_age,
                    );
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
