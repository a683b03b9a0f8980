//! What was signed is read, whatever it is; what was not is refused; neither costs more than it is long.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tower_django_cookies::CookieLayer;
use tower_django_cookies::signing::{self, SignatureError, Signer, TimestampSigner};

use super::chance::Chance;
use crate::support::request;

const TIMESTAMP_SALT: &str = "django.core.signing.TimestampSigner";
const LIMIT: usize = 10_000;

pub(crate) fn check(bytes: &[u8]) {
    let mut chance = Chance(bytes);
    let now = UNIX_EPOCH + Duration::from_secs(chance.number().unsigned_abs() >> 24);
    let max_age = chance.maybe(2, |chance| Duration::from_secs(chance.byte().into()));
    let place = chance.below(256);
    let bit = chance.below(8);
    let text = match chance.below(3) {
        0 => chance.text(),
        // A value with a time, with whatever digits.
        1 => format!("{}:{}", chance.text(), chance.text()),
        _ => String::from_utf8_lossy(chance.0).into_owned(),
    };
    hold(&text, now, max_age, (place, bit));
}

pub(crate) fn hold(
    text: &str,
    now: SystemTime,
    max_age: Option<Duration>,
    (place, bit): (usize, usize),
) {
    let signer = Signer::new("key").salt(TIMESTAMP_SALT);
    let timed = TimestampSigner::new("key")
        .with_time(now)
        .inflate_limit(LIMIT);
    let forged = Err(SignatureError::BadSignature);

    assert_eq!(signer.unsign(text), forged);
    assert_eq!(timed.unsign(text, max_age), forged);
    let loaded = signing::loads::<Value>(&timed, text, max_age);
    assert_eq!(loaded, Err(SignatureError::BadSignature));

    let signed = signer.sign(text);
    assert_eq!(signer.unsign(&signed).as_deref(), Ok(text));
    let mut changed = signed.clone().into_bytes();
    let place = changed.len() - 1 - place % changed.len();
    changed[place] ^= 1 << bit;
    if let Ok(changed) = String::from_utf8(changed) {
        assert_eq!(signer.unsign(&changed), forged, "{changed:?}");
    }
    match timed.unsign(&signed, max_age) {
        Ok(value) => assert_eq!(Some(&*value), text.rsplit_once(':').map(|(v, _)| v)),
        Err(SignatureError::SignatureExpired { age, max_age: most }) => {
            assert!(age > most && Some(most) == max_age);
        }
        Err(error) => assert_eq!(error, SignatureError::BadTimestamp),
    }
    let signed = timed.sign(text);
    assert_eq!(timed.unsign(&signed, max_age).as_deref(), Ok(text));

    let cookie = format!("a={text}").replace(|c: char| c.is_ascii_control(), "");
    let jar = CookieLayer::new().secret_key("key").jar(&request(cookie));
    assert!(jar.signed().get("a").is_err());

    let work =
        allocation_counter::measure(|| match signing::loads::<Value>(&timed, &signed, None) {
            Ok(object) => {
                for compress in [false, true] {
                    let dumped = signing::dumps(&timed, &object, compress).expect("JSON");
                    assert!(dumped.is_ascii());
                    let again = signing::loads::<Value>(
                        &timed.clone().inflate_limit(1 << 24),
                        &dumped,
                        max_age,
                    );
                    assert_eq!(again.as_ref(), Ok(&object), "{dumped}");
                }
            }
            Err(error) => assert!(matches!(error, SignatureError::BadPayload(_)), "{error}"),
        });
    // What inflates is as long as the limit at most; its objects are some times that.
    let most = 512 * (LIMIT + text.len()) + (1 << 21);
    assert!(
        usize::try_from(work.bytes_total).is_ok_and(|total| total < most),
        "{}",
        work.bytes_total
    );
}
