//! What `set` writes and a client sends back is what `get` returns, in each of the jars.

use std::collections::BTreeMap;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Request};
use tower_django_cookies::cookie::Key;
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};

use super::chance::Chance;
use super::said::{Said, name};
use crate::support::{answer, kind};

pub(crate) fn check(bytes: &[u8]) {
    let mut chance = Chance(bytes);
    let is_one_field = chance.is();
    let salt = chance.text();
    let cookies: Vec<_> = (0..=chance.below(5))
        .map(|_| (name(&mut chance), chance.text()))
        .collect();
    hold(&cookies, &salt, is_one_field);
}

pub(crate) fn hold(cookies: &[(String, String)], salt: &str, is_one_field: bool) {
    let layer = CookieLayer::new()
        .secret_key("a secret that nobody guesses")
        .private_key(Key::from(&[7; 64]));
    for jar_of in [Jar::Plain, Jar::Signed, Jar::Private] {
        let mut expected = BTreeMap::new();
        let headers = answer(&layer, Request::new(()), |jar| {
            for (name, value) in cookies {
                let sent = Said {
                    name: name.clone(),
                    value: jar_of.sent(value),
                    ..Said::default()
                };
                let problems = sent.problems(&sent.value);
                match jar_of.set(jar, salt, name, value) {
                    Ok(()) => {
                        assert!(problems.is_empty(), "{problems:?} pass: {sent:?}");
                        expected.insert(name.as_str(), value.as_str());
                    }
                    Err(error) => assert!(
                        problems.contains(&kind(&error)),
                        "{error}, expected {problems:?}"
                    ),
                }
            }
        });
        let pairs: Vec<_> = headers
            .get_all(SET_COOKIE)
            .iter()
            .map(|field| {
                let pair = field.as_bytes().split(|&byte| byte == b';').next();
                pair.expect("a pair").to_vec()
            })
            .collect();
        assert_eq!(pairs.len(), expected.len());
        let fields = if is_one_field {
            vec![pairs.join(&b"; "[..])]
        } else {
            pairs
        };
        let fields = fields.iter().map(|field| {
            let field = HeaderValue::from_bytes(field).expect("what came in a field fits into one");
            (COOKIE, field)
        });
        let mut request = Request::new(());
        *request.headers_mut() = fields.collect::<HeaderMap>();
        let jar = layer.jar(&request);
        assert_eq!(jar.len(), expected.len());
        for (&name, &value) in &expected {
            assert_eq!(
                jar_of.get(&jar, salt, name).as_deref(),
                Some(value),
                "{name:?} in {jar_of:?}"
            );
            assert_eq!(jar.get_all(name).count(), 1);
            let other = [salt, "x"].concat();
            let is_plain = matches!(jar_of, Jar::Plain);
            assert_eq!(Jar::Signed.get(&jar, &other, name), None);
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

    /// What `value` becomes, but for the digits of time, signature and cipher.
    fn sent(self, value: &str) -> String {
        match self {
            Self::Plain => value.to_owned(),
            Self::Signed => [value, ":", &"t".repeat(6), ":", &"s".repeat(43)].concat(),
            // In base64, with a nonce and a tag.
            Self::Private => "c".repeat((12 + value.len() + 16).div_ceil(3) * 4),
        }
    }

    fn get(self, jar: &CookieJar, salt: &str, name: &str) -> Option<String> {
        match self {
            Self::Plain => jar.get(name).map(str::to_owned),
            Self::Signed => jar.signed().salt(salt).get(name).ok(),
            Self::Private => jar.private().get(name).ok(),
        }
    }
}
