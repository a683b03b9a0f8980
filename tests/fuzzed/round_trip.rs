//! `get` returns the value that was passed to `set`, after a client sent the cookie back. This is
//! true of the plain, the signed and the private jar.

use std::collections::BTreeMap;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Request};
use tower_django_cookies::cookie::Key;
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};

use super::input::{CookieInput, name};
use super::set::Operation;
use super::unstructured::Unstructured;
use crate::support::{kind, response_headers};

pub(crate) fn check(bytes: &[u8]) {
    let mut u = Unstructured(bytes);
    let is_one_header = u.boolean();
    let salt = u.text();
    let cookies: Vec<_> = (0..=u.below(5)).map(|_| (name(&mut u), u.text())).collect();
    check_cookies(&cookies, &salt, is_one_header);
    for (name, value) in &cookies {
        check_verbatim(name, value);
    }
}

/// `set_verbatim` sends the value as it is, or returns an error.
fn check_verbatim(name: &str, value: &str) {
    let layer = CookieLayer::new();
    let mut queued = None;
    let headers = response_headers(&layer, Request::new(()), |jar| {
        match jar.set_verbatim((name, value)) {
            Ok(()) => queued = jar.queued().pop(),
            Err(CookieError::InvalidValue { .. }) => {
                let inner = value
                    .strip_prefix('"')
                    .and_then(|value| value.strip_suffix('"'));
                let is_octet = |byte| matches!(byte, 0x21 | 0x23..=0x2B | 0x2D..=0x3A | 0x3C..=0x5B | 0x5D..=0x7E);
                assert!(!inner.unwrap_or(value).bytes().all(is_octet), "{value:?}");
            }
            Err(error) => assert!(
                ["name", "control", "size"].contains(&kind(&error)),
                "{error}"
            ),
        }
    });
    let Some(queued) = queued else {
        assert!(!headers.contains_key(SET_COOKIE));
        return;
    };
    let pair = format!("{name}={value}; ");
    assert!(headers[SET_COOKIE].as_bytes().starts_with(pair.as_bytes()));
    let mut request = Request::new(());
    let pair = HeaderValue::try_from(format!("{name}={value}")).expect("a header value");
    request.headers_mut().insert(COOKIE, pair);
    let jar = layer.jar(&request);
    assert_eq!(jar.get(name), Some(queued.value()));
}

fn check_cookies(cookies: &[(String, String)], salt: &str, is_one_header: bool) {
    let layer = CookieLayer::new()
        .secret_key("a secret that nobody guesses")
        .expect("a key")
        .private_key(Key::from(&[7; 64]));
    for api in [Jar::Plain, Jar::Signed, Jar::Private] {
        let mut expected = BTreeMap::new();
        let headers = response_headers(&layer, Request::new(()), |jar| {
            for (name, value) in cookies {
                let input = CookieInput {
                    name: name.clone(),
                    value: api.written(value),
                    ..CookieInput::default()
                };
                let errors = input.expected_errors(Operation::Set, &input.value);
                match api.set(jar, salt, name, value) {
                    Ok(()) => {
                        assert!(
                            errors.is_empty(),
                            "no error for {input:?}, expected {errors:?}"
                        );
                        expected.insert(name.as_str(), value.as_str());
                    }
                    Err(error) => assert!(
                        errors.contains(&kind(&error)),
                        "{error}, expected {errors:?}"
                    ),
                }
            }
        });
        let pairs: Vec<_> = headers
            .get_all(SET_COOKIE)
            .iter()
            .map(|header| {
                let pair = header.as_bytes().split(|&byte| byte == b';').next();
                pair.expect("a cookie-pair").to_vec()
            })
            .collect();
        assert_eq!(pairs.len(), expected.len());
        let values = if is_one_header {
            vec![pairs.join(&b"; "[..])]
        } else {
            pairs
        };
        let request_headers = values.iter().map(|value| {
            let value = HeaderValue::from_bytes(value).expect("bytes of a response header");
            (COOKIE, value)
        });
        let mut request = Request::new(());
        *request.headers_mut() = request_headers.collect::<HeaderMap>();
        let jar = layer.jar(&request);
        assert_eq!(jar.len(), expected.len());
        for (&name, &value) in &expected {
            assert_eq!(
                api.get(&jar, salt, name).as_deref(),
                Ok(value),
                "{name:?} in {api:?}"
            );
            assert_eq!(jar.get_all(name).count(), 1);
            let other_salt = [salt, "x"].concat();
            assert!(matches!(
                Jar::Signed.get(&jar, &other_salt, name),
                Err(CookieError::BadSignature { .. })
            ));
            let is_plain = matches!(api, Jar::Plain);
            assert!(is_plain || jar.get(name) != Some(value));
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Jar {
    Plain,
    Signed,
    Private,
}

impl Jar {
    fn set(self, jar: &CookieJar, salt: &str, name: &str, value: &str) -> Result<(), CookieError> {
        match self {
            Self::Plain => jar.set((name, value)),
            Self::Signed => jar.signed().salt(salt).set((name, value)),
            Self::Private => jar.private().set((name, value)),
        }
    }

    /// The value that is written for `value`, with other characters for the timestamp, the
    /// signature and the ciphertext. Its length is that of the real one.
    fn written(self, value: &str) -> String {
        match self {
            Self::Plain => value.to_owned(),
            Self::Signed => [value, ":", &"t".repeat(6), ":", &"s".repeat(43)].concat(),
            // A nonce, the encrypted value and a tag, in base64.
            Self::Private => "c".repeat((12 + value.len() + 16).div_ceil(3) * 4),
        }
    }

    fn get(self, jar: &CookieJar, salt: &str, name: &str) -> Result<String, CookieError> {
        match self {
            Self::Plain => jar.require(name).map(str::to_owned),
            Self::Signed => jar.signed().salt(salt).get(name),
            Self::Private => jar.private().get(name),
        }
    }
}
