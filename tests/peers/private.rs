//! With the same key, this crate reads the private cookies of tower-cookies and axum-extra, and they
//! read those of this crate.
//!
//! Each cookie is set and read by a service, and passed on as a header.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use axum_extra::extract::PrivateCookieJar;
use http::header::{COOKIE, SET_COOKIE};
use http_body_util::BodyExt;
use tower::ServiceExt;
use tower_cookies::{CookieManagerLayer, Cookies};
// All three crates use this type, because they depend on the same version of the `cookie` crate.
use tower_django_cookies::cookie::Key;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};

/// How often each value is encrypted, each time with another nonce.
const NONCES: usize = 100;

/// An implementation of private cookies.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Implementation {
    ThisCrate,
    TowerCookies,
    AxumExtra,
}

use Implementation::{AxumExtra, ThisCrate, TowerCookies};

const PEERS: [Implementation; 2] = [TowerCookies, AxumExtra];

/// The implementation that sets, and the one that reads.
const SETTERS_AND_READERS: [(Implementation, Implementation); 4] = [
    (TowerCookies, ThisCrate),
    (AxumExtra, ThisCrate),
    (ThisCrate, TowerCookies),
    (ThisCrate, AxumExtra),
];

impl Implementation {
    /// The cookie-pair of a response that sets `name` to `value`.
    async fn set(self, key: &Key, name: &'static str, value: &str) -> String {
        let cookie = Cookie::new(name, value.to_owned());
        let handler_key = key.clone();
        let app = match self {
            ThisCrate => {
                let handler = async move |jar: CookieJar| jar.private().set(cookie);
                Router::new().route("/", get(handler))
            }
            TowerCookies => {
                let handler = async move |jar: Cookies| jar.private(&handler_key).add(cookie);
                Router::new().route("/", get(handler))
            }
            AxumExtra => {
                let handler = async move |jar: PrivateCookieJar| jar.add(cookie);
                Router::new()
                    .route("/", get(handler))
                    .with_state(handler_key)
            }
        };
        let response = self.call(app, key, None).await;
        let set_cookie = response.headers()[SET_COOKIE].to_str().expect("ASCII");
        let pair = set_cookie.split(';').next().expect("a pair");
        assert!(pair.starts_with(&format!("{name}=")), "{set_cookie}");
        pair.to_owned()
    }

    /// The value of `name` in a request with `cookies`, or `None` if it is not authentic.
    async fn get(self, key: &Key, name: &'static str, cookies: &str) -> Option<String> {
        let handler_key = key.clone();
        let app = match self {
            ThisCrate => {
                let handler = async move |jar: CookieJar| match jar.private().get(name) {
                    Err(CookieError::BadSignature { .. }) => Ok("none".to_owned()),
                    result => result.map(|value| format!("value: {value}")),
                };
                Router::new().route("/", get(handler))
            }
            TowerCookies => {
                let handler =
                    async move |jar: Cookies| body_of(jar.private(&handler_key).get(name));
                Router::new().route("/", get(handler))
            }
            AxumExtra => {
                let handler = async move |jar: PrivateCookieJar| body_of(jar.get(name));
                Router::new()
                    .route("/", get(handler))
                    .with_state(handler_key)
            }
        };
        let response = self.call(app, key, Some(cookies)).await;
        let body = response.into_body().collect().await.expect("a body");
        let body = String::from_utf8(body.to_bytes().to_vec()).expect("UTF-8");
        match body.strip_prefix("value: ") {
            Some(value) => Some(value.to_owned()),
            None if body == "none" => None,
            None => panic!("{self:?} responds {body:?} to {cookies:?}"),
        }
    }

    async fn call(self, app: Router, key: &Key, cookies: Option<&str>) -> Response {
        let app = match self {
            ThisCrate => app.layer(CookieLayer::new().private_key(key.clone())),
            TowerCookies => app.layer(CookieManagerLayer::new()),
            AxumExtra => app,
        };
        let mut request = Request::new(Body::empty());
        if let Some(cookies) = cookies {
            let header = cookies.parse().expect("a valid header value");
            request.headers_mut().insert(COOKIE, header);
        }
        let Ok(response) = app.oneshot(request).await;
        response
    }
}

/// The body for the cookie that a peer read. Peers return `None` both for a missing cookie and for
/// one that is not authentic.
fn body_of(cookie: Option<Cookie<'_>>) -> String {
    match cookie {
        Some(cookie) => format!("value: {}", cookie.value()),
        None => "none".into(),
    }
}

/// Values of each kind, with lengths that need each padding of base64.
fn values() -> Vec<String> {
    let kilobyte = "0123456789abcdef".repeat(64);
    [
        "",
        "1",
        "42",
        "abc",
        "True",
        " outer spaces ",
        "ZGFyaw==",
        "a+b/c=",
        "ann@example.com",
        "https://example.com/?q=1&r=%20#top",
        "a=b; Path=/; c=d",
        ";",
        "a,b",
        "\"quoted\"",
        "\"",
        "back\\slash \\073",
        "100% %2F+%3D%",
        "!#$%&'*+-.^_`|~:/<>?@[]{}()",
        "{\"a\":[1,2.5,null]}",
        "tab\tline\r\nNUL\0DEL\x7f",
        "é",
        "Grüße aus Köln",
        "日本語のクッキー",
        "\u{2000}\u{feff}\u{1f36a}e\u{301}",
        &kilobyte,
        &"ü".repeat(512),
    ]
    .map(str::to_owned)
    .to_vec()
}

fn key(byte: u8) -> Key {
    Key::from(&[byte; 64])
}

/// Replaces each character of the pair's value by `f(character)`.
fn map_value(pair: &str, f: impl Fn(char) -> String) -> String {
    let (name, value) = pair.split_once('=').expect("a pair");
    format!("{name}={}", value.chars().map(f).collect::<String>())
}

fn decoded(pair: &str) -> String {
    pair.replace("%2F", "/").replace("%3D", "=")
}

fn quoted(pair: &str) -> String {
    let (name, value) = pair.split_once('=').expect("a pair");
    format!("{name}=\"{value}\"")
}

fn encoded(pair: &str) -> String {
    map_value(&decoded(pair), |c| match c {
        '/' | '+' | '=' => format!("%{:02X}", u32::from(c)),
        c => c.into(),
    })
}

/// The forms that are read: as a peer set the cookie, percent-decoded, and in quotes.
fn sent_forms(pair: &str) -> [String; 4] {
    [
        pair.to_owned(),
        decoded(pair),
        quoted(pair),
        quoted(&decoded(pair)),
    ]
}

/// The forms that no peer writes and that are not read.
fn other_forms(pair: &str) -> impl Iterator<Item = String> {
    let forms = [
        encoded(pair),
        encoded(pair).replace("%2F", "%2f").replace("%3D", "%3d"),
        map_value(&decoded(pair), |c| format!("%{:02X}", u32::from(c))),
    ];
    // As axum-extra writes it.
    let encoded_by_peer = map_value(&decoded(pair), |c| match c {
        '/' | '=' => format!("%{:02X}", u32::from(c)),
        c => c.into(),
    });
    let known = [decoded(pair), encoded_by_peer];
    forms.into_iter().filter(move |form| !known.contains(form))
}

/// Counts how often each pattern occurs in `texts`.
fn occurrences<'a, const N: usize>(
    texts: &[String],
    patterns: [&'a str; N],
) -> [(&'a str, usize); N] {
    patterns.map(|pattern| {
        let counts = texts.iter().map(|text| text.matches(pattern).count());
        (pattern, counts.sum())
    })
}

#[tokio::test]
async fn get_reads_private_cookies_as_peers_write_them_and_in_no_other_spelling() {
    for peer in PEERS {
        let (mut values_as_set, mut count) = (Vec::new(), 0);
        for value in values() {
            for _ in 0..NONCES {
                let pair = peer.set(&key(1), "session", &value).await;
                for cookies in sent_forms(&pair) {
                    let read = ThisCrate.get(&key(1), "session", &cookies).await;
                    assert_eq!(read.as_ref(), Some(&value), "{peer:?}: {cookies}");
                    count += 1;
                }
                for cookies in other_forms(&pair) {
                    let read = ThisCrate.get(&key(1), "session", &cookies).await;
                    assert_eq!(read, None, "{peer:?}: {cookies}");
                }
                values_as_set.push(pair.split_once('=').expect("a pair").1.to_owned());
            }
        }
        // axum-extra percent-encodes `/` and `=` but not `+`; tower-cookies encodes nothing.
        let patterns = match peer {
            AxumExtra => ["+", "%2F", "%3D"],
            _ => ["+", "/", "="],
        };
        let occurrences = occurrences(&values_as_set, patterns);
        assert!(
            occurrences.iter().all(|&(_, count)| count > NONCES),
            "{occurrences:?}"
        );
        println!(
            "this crate read {count} cookies of {peer:?}: {} values in {} forms, with {occurrences:?}",
            values_as_set.len(),
            count / values_as_set.len(),
        );
    }
}

#[tokio::test]
async fn peers_read_private_cookies_that_set_sends() {
    for peer in PEERS {
        let mut values_as_set = Vec::new();
        for value in values() {
            for _ in 0..NONCES {
                let pair = ThisCrate.set(&key(1), "session", &value).await;
                let read = peer.get(&key(1), "session", &pair).await;
                assert_eq!(read.as_ref(), Some(&value), "{peer:?}: {pair}");
                values_as_set.push(pair.split_once('=').expect("a pair").1.to_owned());
            }
        }
        assert_eq!(
            occurrences(&values_as_set, ["%", "\""]),
            [("%", 0), ("\"", 0)]
        );
        let occurrences = occurrences(&values_as_set, ["+", "/", "="]);
        assert!(
            occurrences.iter().all(|&(_, count)| count > NONCES),
            "{occurrences:?}"
        );
        println!(
            "{peer:?} read {} cookies of this crate, with {occurrences:?}",
            values_as_set.len()
        );
    }
}

#[tokio::test]
async fn private_cookies_with_other_key_name_or_value_or_truncated_are_not_read() {
    for (setter, reader) in SETTERS_AND_READERS {
        let mut count = 0;
        for value in values() {
            let pair = setter.set(&key(1), "session", &value).await;
            let read = reader.get(&key(1), "session", &pair).await;
            assert_eq!(read, Some(value), "{setter:?} to {reader:?}: {pair}");

            let encrypted = pair.strip_prefix("session=").expect("the name");
            let user_pair = setter.set(&key(1), "user", "42").await;
            let encrypted_user = user_pair.strip_prefix("user=").expect("the name");
            let mut attempts = vec![
                (key(2), "session", pair.clone()),
                (key(1), "user", format!("user={encrypted}")),
                (key(1), "session", format!("session={encrypted_user}")),
            ];
            let truncated =
                (0..encrypted.len()).map(|len| format!("session={}", &encrypted[..len]));
            attempts.extend(truncated.map(|cookies| (key(1), "session", cookies)));
            for (key, name, cookies) in attempts {
                let read = reader.get(&key, name, &cookies).await;
                assert_eq!(read, None, "{setter:?} to {reader:?}: {cookies}");
                count += 1;
            }
        }
        println!("{reader:?} rejected {count} changed cookies of {setter:?}");
    }
}
