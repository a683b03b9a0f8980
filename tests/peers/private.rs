//! Given the same key, the crate reads the private cookies of tower-cookies and axum-extra, and
//! they read its own. All of them go through services, and as fields of requests and responses.

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
// One type for all: each of them is built on the same version of the `cookie` crate.
use tower_django_cookies::cookie::Key;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};

/// Times that each value is sealed, each with a nonce of its own.
const NONCES: usize = 100;

/// An implementation of private cookies.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Crate,
    TowerCookies,
    AxumExtra,
}

use Side::{AxumExtra, Crate, TowerCookies};

const PEERS: [Side; 2] = [TowerCookies, AxumExtra];

/// Who sets, and who reads.
const EXCHANGES: [(Side, Side); 4] = [
    (TowerCookies, Crate),
    (AxumExtra, Crate),
    (Crate, TowerCookies),
    (Crate, AxumExtra),
];

impl Side {
    /// The cookie-pair of a response that sets `name` to `value`.
    async fn set(self, key: &Key, name: &'static str, value: &str) -> String {
        let cookie = Cookie::new(name, value.to_owned());
        let sealing_key = key.clone();
        let app = match self {
            Crate => {
                let handler = async move |jar: CookieJar| jar.private().set(cookie);
                Router::new().route("/", get(handler))
            }
            TowerCookies => {
                let handler = async move |jar: Cookies| jar.private(&sealing_key).add(cookie);
                Router::new().route("/", get(handler))
            }
            AxumExtra => {
                let handler = async move |jar: PrivateCookieJar| jar.add(cookie);
                Router::new()
                    .route("/", get(handler))
                    .with_state(sealing_key)
            }
        };
        let response = self.answer(app, key, None).await;
        let field = response.headers()[SET_COOKIE].to_str().expect("ASCII");
        let pair = field.split(';').next().expect("a pair");
        assert!(pair.starts_with(&format!("{name}=")), "{field}");
        pair.to_owned()
    }

    /// The value of `name` in a request with `cookies`, unless it is refused.
    async fn get(self, key: &Key, name: &'static str, cookies: &str) -> Option<String> {
        let opening_key = key.clone();
        let app = match self {
            Crate => {
                let handler = async move |jar: CookieJar| match jar.private().get(name) {
                    Err(CookieError::BadSignature { .. }) => Ok("refused".to_owned()),
                    read => read.map(|value| format!("read: {value}")),
                };
                Router::new().route("/", get(handler))
            }
            TowerCookies => {
                let handler = async move |jar: Cookies| shown(jar.private(&opening_key).get(name));
                Router::new().route("/", get(handler))
            }
            AxumExtra => {
                let handler = async move |jar: PrivateCookieJar| shown(jar.get(name));
                Router::new()
                    .route("/", get(handler))
                    .with_state(opening_key)
            }
        };
        let response = self.answer(app, key, Some(cookies)).await;
        let body = response.into_body().collect().await.expect("a body");
        let body = String::from_utf8(body.to_bytes().to_vec()).expect("UTF-8");
        match body.strip_prefix("read: ") {
            Some(value) => Some(value.to_owned()),
            None if body == "refused" => None,
            None => panic!("{self:?} answers {body:?} to {cookies:?}"),
        }
    }

    async fn answer(self, app: Router, key: &Key, cookies: Option<&str>) -> Response {
        let app = match self {
            Crate => app.layer(CookieLayer::new().private_key(key.clone())),
            TowerCookies => app.layer(CookieManagerLayer::new()),
            AxumExtra => app,
        };
        let mut request = Request::new(Body::empty());
        if let Some(cookies) = cookies {
            let field = cookies.parse().expect("a field");
            request.headers_mut().insert(COOKIE, field);
        }
        let Ok(response) = app.oneshot(request).await;
        response
    }
}

/// What a peer read, which doesn't tell a refused cookie from a missing one.
fn shown(cookie: Option<Cookie<'_>>) -> String {
    match cookie {
        Some(cookie) => format!("read: {}", cookie.value()),
        None => "refused".into(),
    }
}

/// A value of each class, and lengths that take each padding.
fn values() -> Vec<String> {
    let kilobyte = "0123456789abcdef".repeat(64);
    [
        "",
        "1",
        "42",
        "abc",
        "True",
        " outer spaces ",
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

/// `pair` with each character of its value put through `f`.
fn rewritten(pair: &str, f: impl Fn(char) -> String) -> String {
    let (name, value) = pair.split_once('=').expect("a pair");
    format!("{name}={}", value.chars().map(f).collect::<String>())
}

fn raw(pair: &str) -> String {
    pair.replace("%2F", "/").replace("%3D", "=")
}

fn in_quotes(pair: &str) -> String {
    let (name, value) = pair.split_once('=').expect("a pair");
    format!("{name}=\"{value}\"")
}

fn encoded(pair: &str) -> String {
    rewritten(&raw(pair), |c| match c {
        '/' | '+' | '=' => format!("%{:02X}", u32::from(c)),
        c => c.into(),
    })
}

/// Every way that a peer's cookie may come back: as it was written, raw, percent-encoded, in quotes.
fn ways_to_send(pair: &str) -> [String; 8] {
    [
        pair.to_owned(),
        raw(pair),
        encoded(pair),
        encoded(pair).replace("%2F", "%2f").replace("%3D", "%3d"),
        rewritten(&raw(pair), |c| format!("%{:02X}", u32::from(c))),
        in_quotes(pair),
        in_quotes(&raw(pair)),
        in_quotes(&encoded(pair)),
    ]
}

/// How often each of `what` occurs in `texts`.
fn occurrences<'a, const N: usize>(texts: &[String], what: [&'a str; N]) -> [(&'a str, usize); N] {
    what.map(|what| {
        (
            what,
            texts.iter().map(|text| text.matches(what).count()).sum(),
        )
    })
}

#[tokio::test]
async fn the_crate_reads_what_its_peers_set() {
    for peer in PEERS {
        let (mut pairs, mut read) = (Vec::new(), 0);
        for value in values() {
            for _ in 0..NONCES {
                let pair = peer.set(&key(1), "session", &value).await;
                for cookies in ways_to_send(&pair) {
                    let found = Crate.get(&key(1), "session", &cookies).await;
                    assert_eq!(found.as_ref(), Some(&value), "{peer:?}: {cookies}");
                    read += 1;
                }
                pairs.push(pair.split_once('=').expect("a pair").1.to_owned());
            }
        }
        // Neither of them encodes a plus, and tower-cookies nothing.
        let written = match peer {
            AxumExtra => ["+", "%2F", "%3D"],
            _ => ["+", "/", "="],
        };
        let written = occurrences(&pairs, written);
        assert!(
            written.iter().all(|&(_, times)| times > NONCES),
            "{written:?}"
        );
        println!(
            "of {peer:?} the crate reads {read}: {} cookies in {} ways, with {written:?}",
            pairs.len(),
            read / pairs.len(),
        );
    }
}

#[tokio::test]
async fn its_peers_read_what_the_crate_sets() {
    for peer in PEERS {
        let mut pairs = Vec::new();
        for value in values() {
            for _ in 0..NONCES {
                let pair = Crate.set(&key(1), "session", &value).await;
                let found = peer.get(&key(1), "session", &pair).await;
                assert_eq!(found.as_ref(), Some(&value), "{peer:?}: {pair}");
                pairs.push(pair.split_once('=').expect("a pair").1.to_owned());
            }
        }
        let written = occurrences(&pairs, ["+", "/", "="]);
        assert!(
            written.iter().all(|&(_, times)| times > NONCES),
            "{written:?}"
        );
        assert_eq!(occurrences(&pairs, ["%", "\""]), [("%", 0), ("\"", 0)]);
        println!(
            "of the crate {peer:?} reads {}, with {written:?}",
            pairs.len()
        );
    }
}

#[tokio::test]
async fn what_was_sealed_otherwise_is_refused_both_ways() {
    for (setter, reader) in EXCHANGES {
        let mut refused = 0;
        for value in values() {
            let pair = setter.set(&key(1), "session", &value).await;
            let found = reader.get(&key(1), "session", &pair).await;
            assert_eq!(found, Some(value), "{setter:?} to {reader:?}: {pair}");

            let sealed = pair.strip_prefix("session=").expect("the name");
            let swapped = format!("user={sealed}");
            let others_value = setter.set(&key(1), "user", "42").await;
            let others_value = others_value.strip_prefix("user=").expect("the name");
            let mut attempts = vec![
                (key(2), "session", pair.clone()),
                (key(1), "user", swapped),
                (key(1), "session", format!("session={others_value}")),
            ];
            let truncated = (0..sealed.len()).map(|len| format!("session={}", &sealed[..len]));
            attempts.extend(truncated.map(|cookies| (key(1), "session", cookies)));
            for (key, name, cookies) in attempts {
                let found = reader.get(&key, name, &cookies).await;
                assert_eq!(found, None, "{setter:?} to {reader:?}: {cookies}");
                refused += 1;
            }
        }
        println!("of {setter:?} {reader:?} refuses {refused}");
    }
}
