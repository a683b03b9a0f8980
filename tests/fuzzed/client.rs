//! `test::Client` accepts `Set-Cookie` headers of any bytes without a panic, and sends each cookie
//! only to a URL that its Domain, Path and Secure attribute allow.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use tower::service_fn;
use tower_django_cookies::test::{Client, ClientError, RejectReason};
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{Cookie, CookieJar};

use super::input::{CookieInput, quoted};
use super::parse::unquoted;
use super::set::Operation;
use super::unstructured::Unstructured;
use crate::support::{kind, ready_output};

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

/// The number of sites of these URLs.
const SITES: usize = 6;

/// The attributes and other text of a generated `Set-Cookie` header.
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

/// A URL, and the `Set-Cookie` headers of the response that the service returns for it.
type UrlAndHeaders<'a> = (&'a str, Vec<HeaderValue>);

pub(crate) fn check(bytes: &[u8]) {
    let mut u = Unstructured(bytes);
    let input = u.option(3, CookieInput::generate);
    let responses: Vec<_> = (0..=u.below(6))
        .map(|_| {
            let url = u.choose(&URLS);
            let headers =
                (0..u.below(4)).filter_map(|_| HeaderValue::from_bytes(&set_cookie(&mut u)).ok());
            let mut headers: Vec<_> = headers.collect();
            if u.below(8) == 1 {
                headers.extend(many_cookies(&mut u));
            }
            (url, headers)
        })
        .collect();
    check_responses(&responses, input.as_ref());
}

fn set_cookie(u: &mut Unstructured<'_>) -> Vec<u8> {
    if u.below(4) == 0 {
        let len = u.byte();
        return u.bytes(len.into()).to_vec();
    }
    let mut header = u.choose(&NAMES).to_owned();
    for _ in 0..u.below(8) {
        header += u.choose(PIECES);
    }
    header.into_bytes()
}

/// Enough cookies to evict others.
fn many_cookies(u: &mut Unstructured<'_>) -> Vec<HeaderValue> {
    let attributes = u.choose(&["", "; Path=/app", "; Secure", "; Secure; Partitioned"]);
    let headers = (0..u.byte()).map(|number| format!("c{number}=1{attributes}"));
    headers
        .map(|header| HeaderValue::try_from(header).expect("a valid header"))
        .collect()
}

/// The parts of a received `Set-Cookie` header that these checks need.
struct Received {
    pair: (String, String),
    host: String,
    path: String,
    is_secure: bool,
}

fn check_responses(responses: &[UrlAndHeaders<'_>], input: Option<&CookieInput>) {
    let next_headers: Arc<Mutex<Vec<HeaderValue>>> = Arc::default();
    let last_request: Arc<Mutex<HeaderMap>> = Arc::default();
    let service = {
        let (next_headers, last_request) = (Arc::clone(&next_headers), Arc::clone(&last_request));
        service_fn(move |request: Request<String>| {
            *last_request.lock().expect("no panic") = request.into_parts().0.headers;
            let mut response = Response::new(String::new());
            for header in next_headers.lock().expect("no panic").drain(..) {
                response.headers_mut().append(SET_COOKIE, header);
            }
            std::future::ready(Ok::<_, Infallible>(response))
        })
    };
    let mut client = Client::new(service)
        .base_url("https://www.example.com")
        .expect("a URL");

    let mut received = Vec::new();
    if let Some(input) = input {
        let now = OffsetDateTime::now_utc();
        let errors = input.expected_errors(Operation::Set, &input.value);
        match client.set_cookie(input.cookie(now)) {
            Ok(()) => {
                assert!(errors.is_empty(), "no error for {input:?}");
                received.push(Received {
                    pair: (input.name.clone(), quoted(&input.value)),
                    host: "www.example.com".to_owned(),
                    path: match input.sent_path() {
                        "" => "/".to_owned(),
                        path => path.to_owned(),
                    },
                    is_secure: input.is_secure(),
                });
                if input.max_age.is_none() && input.expires.is_none() {
                    let stored = client.cookie(&input.name).expect("the cookie is stored");
                    assert_eq!(stored.value(), input.value, "{now}");
                }
            }
            Err(ClientError::Cookie(error)) => assert!(errors.contains(&kind(&error)), "{error}"),
            Err(ClientError::Rejected(cookie)) => assert!(
                errors.is_empty() && !input.sent_domain().is_empty(),
                "{cookie:?}"
            ),
            Err(error) => panic!("unexpected {error:?}"),
        }
    }
    for (url, headers) in responses {
        next_headers.lock().expect("no panic").clone_from(headers);
        let uri: Uri = url.parse().expect("a URL");
        let stored = client.cookies();
        ready_output(client.get(url)).expect("a response");
        let sent = last_request.lock().expect("no panic").clone();
        check_request(&sent, &uri, &received);
        let jar = CookieJar::from_headers(&sent);
        for (name, _) in &jar {
            for value in jar.get_all(name) {
                let is_same = |cookie: &tower_django_cookies::Cookie<'_>| {
                    cookie.name_value() == (name, value)
                };
                assert!(stored.iter().any(is_same), "{name:?}={value:?}");
            }
        }
        received.extend(headers.iter().map(|header| parse(header, &uri)));
        check_counts(&client, stored.len(), headers.len());
        check_evictions(&client, &stored, headers);
        for cookie in client.cookies() {
            let is_same = |received: &Received| {
                received.pair.0 == cookie.name() && unquoted(&received.pair.1) == cookie.value()
            };
            assert!(received.iter().any(is_same), "{cookie:?}");
        }
    }
    let before_restart = client.clone().cookies().len();
    client.restart();
    assert!(client.cookies().len() <= before_restart);
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

/// Checks that evicted cookies are reported, and that no site has more than 180 cookies.
///
/// The hosts of a site are those of `URLS`, where `example.com` has two. Each site has at most 180
/// partitioned cookies and 180 others.
fn check_counts<S>(client: &Client<S>, stored_before: usize, received: usize) {
    let rejected = client.rejected_cookies();
    let evicted = rejected
        .iter()
        .filter(|cookie| cookie.reason == RejectReason::Evicted)
        .count();
    let dropped = rejected.len() - evicted;
    assert!(dropped <= received);
    let stored = client.cookies().len();
    assert!(stored + evicted <= stored_before + received - dropped);
    // No cookie is evicted before a site has 181 cookies.
    assert!(evicted == 0 || stored + evicted > 150);
    assert!(stored <= SITES * 2 * 180);
}

/// Checks that each of [`many_cookies`] is stored or reported. No header deletes one, and they do not
/// expire.
fn check_evictions<S>(client: &Client<S>, stored_before: &[Cookie<'_>], received: &[HeaderValue]) {
    let is_one_of_many = |name: &str| {
        let number = name.strip_prefix('c');
        number.is_some_and(|number| number.parse::<u8>().is_ok())
    };
    let stored = client.cookies();
    let stored = stored.iter().map(Cookie::name);
    let rejected = client.rejected_cookies().iter();
    let known: HashSet<_> = stored.chain(rejected.map(|cookie| &*cookie.name)).collect();
    let received = received.iter().filter_map(|header| {
        let (name, _) = header.to_str().ok()?.split_once('=')?;
        Some(name)
    });
    for name in stored_before.iter().map(Cookie::name).chain(received) {
        assert!(!is_one_of_many(name) || known.contains(name), "{name}");
    }
}

fn parse(header: &HeaderValue, uri: &Uri) -> Received {
    let text = String::from_utf8_lossy(header.as_bytes()).into_owned();
    let trim = |text: &str| text.trim_matches([' ', '\t']).to_owned();
    let mut chunks = text.split(';');
    let pair = chunks.next().expect("a cookie-pair");
    let (name, value) = pair.split_once('=').unwrap_or(("", pair));
    let attributes: Vec<_> = chunks
        .map(|chunk| chunk.split_once('=').unwrap_or((chunk, "")))
        .map(|(name, value)| (trim(name).to_lowercase(), trim(value)))
        .collect();
    let path = attributes.iter().rfind(|(name, _)| name == "path");
    // The default-path of RFC 6265 §5.1.4.
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

/// Tests whether `path` path-matches `cookie_path`, by RFC 6265 §5.1.4.
fn path_match(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || cookie_path.ends_with('/'))
}

/// Checks that each cookie-pair in the request was received from the same host, or from one that
/// may set cookies for it, and that the URL path-matches the cookie's Path and may have Secure
/// cookies.
fn check_request(sent: &HeaderMap, uri: &Uri, received: &[Received]) {
    let Some(header) = sent.get(COOKIE) else {
        return;
    };
    assert_eq!(sent.get_all(COOKIE).iter().count(), 1);
    let text = std::str::from_utf8(header.as_bytes()).expect("UTF-8");
    let host = uri.host().expect("a host");
    let is_trustworthy = uri.scheme_str() == Some("https") || host == "localhost";
    for pair in text.split("; ") {
        let (name, value) = pair.split_once('=').expect("a cookie-pair");
        let has_prefix = |prefix| name.to_lowercase().starts_with(prefix);
        let has_host_prefix = has_prefix("__host-");
        let needs_secure = has_host_prefix || has_prefix("__secure-") || has_prefix("__http-");
        let is_site = |host: &str| matches!(host, "example.com" | "www.example.com");
        assert!(
            received.iter().any(|cookie| {
                let is_of_site = !has_host_prefix && is_site(host) && is_site(&cookie.host);
                (&*cookie.pair.0, &*cookie.pair.1) == (name, value)
                    && (cookie.host == host || is_of_site)
                    && path_match(uri.path(), &cookie.path)
                    && (is_trustworthy || !cookie.is_secure)
                    && (cookie.is_secure || !needs_secure)
            }),
            "{pair:?} is sent to {uri}"
        );
    }
}
