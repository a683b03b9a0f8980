//! The client sends what was set for there, to nobody else, and takes no field amiss.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use tower::service_fn;
use tower_django_cookies::CookieJar;
use tower_django_cookies::test::Client;
use tower_django_cookies::time::OffsetDateTime;

use super::chance::Chance;
use super::parse::unquoted;
use super::said::Said;
use crate::support::now;

const URLS: [&str; 11] = [
    "https://www.example.com/",
    "https://www.example.com/app/page",
    "https://www.example.com/app/",
    "https://www.example.com/apple",
    "http://www.example.com/app",
    "https://example.com/",
    "https://evilexample.com/",
    "https://other.test/app",
    "http://localhost:3000/",
    "https://127.0.0.1/",
    "https://[::1]/app",
];

/// What a `Set-Cookie` field is made of.
const PIECES: &[&str] = &[
    "; Path=/",
    "; path=/app",
    "; Path=",
    "; Domain=example.com",
    "; Domain=.EXAMPLE.com",
    "; domain=com",
    "; Domain=",
    "; Domain=[::1]",
    "; Domain=127.0.0.1",
    "; Domain=0.0.1",
    "; Secure",
    ";secure",
    "; Secure=false",
    "; HttpOnly",
    "; SameSite=None",
    "; SameSite=x",
    "; Partitioned",
    "; Max-Age=60",
    "; Max-Age=0",
    "; Max-Age=-1",
    "; max-age=99999999999999999999",
    "; expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "; Expires=Fri, 31 Dec 9999 23:59:59 GMT",
    "; expires=1:2:3 29 feb 2100",
    ";",
    "=",
    "\"",
    "\\073",
    " ",
    "\t",
    "x",
    "\u{a0}",
    "é",
];
const NAMES: [&str; 8] = [
    "a=",
    "b=1",
    "=a",
    "a",
    "__Host-id=",
    "__hOST-id=2",
    "\u{2000}__Host-id=",
    "__Secure-id=",
];

/// The answers of the service, one after the other: where from, and their `Set-Cookie` fields.
type Answer<'a> = (&'a str, Vec<HeaderValue>);

pub(crate) fn check(bytes: &[u8]) {
    let mut chance = Chance(bytes);
    let said = chance.maybe(3, Said::by);
    let answers: Vec<_> = (0..=chance.below(6))
        .map(|_| {
            let url = chance.one_of(&URLS);
            let fields = (0..chance.below(4))
                .filter_map(|_| HeaderValue::from_bytes(&field(&mut chance)).ok());
            (url, fields.collect())
        })
        .collect();
    hold(&answers, said.as_ref());
}

fn field(chance: &mut Chance<'_>) -> Vec<u8> {
    if chance.below(4) == 0 {
        let len = chance.byte();
        return chance.bytes(len.into()).to_vec();
    }
    let mut field = chance.one_of(&NAMES).to_owned();
    for _ in 0..chance.below(8) {
        field += chance.one_of(PIECES);
    }
    field.into_bytes()
}

/// A field that came, as far as it must be understood here.
struct Received {
    pair: (String, String),
    host: String,
    path: String,
    is_secure: bool,
}

pub(crate) fn hold(answers: &[Answer<'_>], said: Option<&Said>) {
    let answering: Arc<Mutex<Vec<HeaderValue>>> = Arc::default();
    let asked: Arc<Mutex<HeaderMap>> = Arc::default();
    let service = {
        let (answering, asked) = (Arc::clone(&answering), Arc::clone(&asked));
        service_fn(move |request: Request<String>| {
            *asked.lock().expect("no panic") = request.into_parts().0.headers;
            let mut response = Response::new(String::new());
            for field in answering.lock().expect("no panic").drain(..) {
                response.headers_mut().append(SET_COOKIE, field);
            }
            std::future::ready(Ok::<_, Infallible>(response))
        })
    };
    let mut client = Client::new(service)
        .base_url("https://www.example.com")
        .expect("a URL");

    let mut received = Vec::new();
    if let Some(said) = said {
        let (begun, cookie) = (
            OffsetDateTime::now_utc(),
            said.cookie(OffsetDateTime::now_utc()),
        );
        match client.set_cookie(cookie) {
            Ok(()) => {
                assert!(said.problems(&said.value).is_empty(), "{said:?} passes");
                received.push(Received {
                    pair: (said.name.clone(), super::said::written(&said.value)),
                    host: "www.example.com".to_owned(),
                    path: match said.path() {
                        "" => "/".to_owned(),
                        path => path.to_owned(),
                    },
                    is_secure: said.is_secure(),
                });
                if said.max_age.is_none() && said.expires.is_none() {
                    let stored = client.cookie(&said.name).expect("it is stored");
                    assert_eq!(stored.value(), said.value, "{begun}");
                }
            }
            Err(error) => assert!(
                !said.problems(&said.value).is_empty() || !said.host().is_empty(),
                "{error}"
            ),
        }
    }
    for (url, fields) in answers {
        answering.lock().expect("no panic").clone_from(fields);
        let uri: Uri = url.parse().expect("a URL");
        let stored = client.cookies();
        now(client.get(url)).expect("an answer");
        let sent = asked.lock().expect("no panic").clone();
        check_request(&sent, &uri, &received);
        let jar = CookieJar::from_headers(&sent);
        for (name, _) in &jar {
            for value in jar.get_all(name) {
                let is_it = |cookie: &tower_django_cookies::Cookie<'_>| {
                    cookie.name_value() == (name, value)
                };
                assert!(stored.iter().any(is_it), "{name:?}={value:?}");
            }
        }
        received.extend(fields.iter().map(|field| read(field, &uri)));
        let refused = client.rejected_cookies().len();
        assert!(refused <= fields.len());
        assert!(client.cookies().len() <= stored.len() + fields.len() - refused);
        for cookie in client.cookies() {
            let is_it = |field: &Received| {
                field.pair.0 == cookie.name() && unquoted(&field.pair.1) == cookie.value()
            };
            assert!(received.iter().any(is_it), "{cookie:?}");
        }
    }
    let later = client.clone().cookies().len();
    client.restart();
    assert!(client.cookies().len() <= later);
    assert!(
        client
            .cookies()
            .iter()
            .all(|cookie| cookie.expires().is_some())
    );
    client.advance(Duration::MAX);
    assert!(
        client
            .cookies()
            .iter()
            .all(|cookie| cookie.expires().is_some())
    );
    client.clear_cookies();
    assert!(client.cookies().is_empty());
}

fn read(field: &HeaderValue, uri: &Uri) -> Received {
    let text = String::from_utf8_lossy(field.as_bytes()).into_owned();
    let trim = |text: &str| text.trim_matches([' ', '\t']).to_owned();
    let mut chunks = text.split(';');
    let pair = chunks.next().expect("a pair");
    let (name, value) = pair.split_once('=').unwrap_or(("", pair));
    let attributes: Vec<_> = chunks
        .map(|chunk| chunk.split_once('=').unwrap_or((chunk, "")))
        .map(|(name, value)| (trim(name).to_lowercase(), trim(value)))
        .collect();
    let path = attributes.iter().rfind(|(name, _)| name == "path");
    // RFC 6265 §5.1.4: all before the last `/`, but the first.
    let default_path = match uri.path().rsplit_once('/') {
        None | Some(("", _)) => "/",
        Some((start, _)) => start,
    };
    Received {
        pair: (trim(name), trim(value)),
        host: uri.host().expect("a host").to_owned(),
        path: match path {
            Some((_, path)) if path.starts_with('/') => path.clone(),
            _ => default_path.to_owned(),
        },
        is_secure: attributes.iter().any(|(name, _)| name == "secure"),
    }
}

/// RFC 6265 §5.1.4.
fn path_match(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || cookie_path.ends_with('/'))
}

/// Each pair that is sent came from there, or from a host that may set cookies for it, for a Path around its.
fn check_request(sent: &HeaderMap, uri: &Uri, received: &[Received]) {
    let Some(field) = sent.get(COOKIE) else {
        return;
    };
    assert_eq!(sent.get_all(COOKIE).iter().count(), 1);
    let text = std::str::from_utf8(field.as_bytes()).expect("UTF-8");
    let host = uri.host().expect("a host");
    let is_trustworthy = uri.scheme_str() == Some("https") || host == "localhost";
    for pair in text.split("; ") {
        let (name, value) = pair.split_once('=').expect("a pair");
        let has_prefix = |prefix| name.to_lowercase().starts_with(prefix);
        let is_host_only = has_prefix("__host-");
        let is_prefixed = is_host_only || has_prefix("__secure-") || has_prefix("__http-");
        let is_site = |host: &str| matches!(host, "example.com" | "www.example.com");
        assert!(
            received.iter().any(|field| {
                let is_of_site = !is_host_only && is_site(host) && is_site(&field.host);
                (&*field.pair.0, &*field.pair.1) == (name, value)
                    && (field.host == host || is_of_site)
                    && path_match(uri.path(), &field.path)
                    && (is_trustworthy || !field.is_secure)
                    && (field.is_secure || !is_prefixed)
            }),
            "{pair:?} is sent to {uri}"
        );
    }
}
