//! A response whose `HeaderMap` is full is sent. Of what the layer adds, as much is sent as fits.
//! `tests/full_header_map_events.rs` tests the events.

mod support;

use std::convert::Infallible;
use std::future::ready;

use http::header::{CACHE_CONTROL, CONNECTION, HOST, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use support::{assert_closed, jar_of, ready_output, set_cookies};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{Layer, Service, service_fn};
use tower_django_cookies::{Cookie, CookieJar, CookieLayer};

type Handler = fn(&CookieJar);

/// The number of different names in a full `HeaderMap`: three quarters of its `MAX_SIZE`, 32,768.
const FULL: usize = 24_576;

const NOTHING: Handler = |_| {};
const READ: Handler = |jar| assert!(jar.is_empty());
const SET: Handler = |jar| jar.set(("a", "1")).unwrap();
const DELETE: Handler = |jar| jar.delete("a").unwrap();
const SET_AND_DELETE: Handler = |jar| {
    jar.set(("a", "1")).unwrap();
    jar.set(("b", "2")).unwrap();
    jar.set(Cookie::build(("a", "3")).path("/app")).unwrap();
    jar.delete("c").unwrap();
};

fn all_headers() -> CookieLayer {
    CookieLayer::new().vary_on_cookie().cache_control_private()
}

/// Headers with `first` and so many other names that `places` places are left.
fn headers(places: usize, first: &[(HeaderName, &'static str)]) -> HeaderMap {
    let first = first
        .iter()
        .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
    let mut headers: HeaderMap = first.collect();
    for number in 0..FULL - places - headers.len() {
        let name = HeaderName::try_from(format!("x-{number}")).unwrap();
        headers.insert(name, HeaderValue::from(number));
    }
    assert_eq!(headers.keys_len(), FULL - places);
    headers
}

/// Checks the assumption of these tests.
#[test]
fn full_header_map_takes_no_other_name() {
    let mut full = headers(0, &[]);
    assert!(
        full.try_append(SET_COOKIE, HeaderValue::from_static("a=1"))
            .is_err()
    );
    let mut almost_full = headers(1, &[]);
    let appended = almost_full.try_append(SET_COOKIE, HeaderValue::from_static("a=1"));
    assert!(appended.is_ok());
    assert_eq!(almost_full, {
        let mut expected = headers(1, &[]);
        expected.insert(SET_COOKIE, HeaderValue::from_static("a=1"));
        expected
    });
}

/// The response of a service whose response has the headers `headers`.
fn respond(layer: &CookieLayer, headers: &HeaderMap, handler: Handler) -> Response<CookieJar> {
    let mut service = layer.layer(service_fn(|request: Request<()>| {
        let jar = jar_of(&request);
        handler(&jar);
        let mut response = Response::new(jar);
        response.headers_mut().clone_from(headers);
        ready(Ok::<_, Infallible>(response))
    }));
    let Ok(response) = ready_output(service.call(Request::new(())));
    assert_closed(response.body());
    response
}

/// Asserts that the response has the headers `before`, and those that fit of what the layer adds:
/// `Set-Cookie` headers and others.
#[track_caller]
fn assert_headers(
    layer: &CookieLayer,
    before: &HeaderMap,
    handler: Handler,
    cookies: &[&str],
    others: &[(HeaderName, &'static str)],
) {
    let mut headers = respond(layer, before, handler).into_parts().0.headers;
    assert_eq!(set_cookies(&headers), cookies);
    headers.remove(SET_COOKIE);
    let mut expected = before.clone();
    expected.remove(SET_COOKIE);
    for (name, value) in others {
        expected.insert(name.clone(), HeaderValue::from_static(value));
    }
    assert!(headers == expected, "other headers have changed");
}

#[test]
fn full_response_is_sent_without_cookies() {
    let full = headers(0, &[]);
    for handler in [NOTHING, READ, SET, DELETE, SET_AND_DELETE] {
        for layer in [
            CookieLayer::new(),
            CookieLayer::new().vary_on_cookie(),
            CookieLayer::new().cache_control_private(),
            all_headers(),
        ] {
            assert_headers(&layer, &full, handler, &[], &[]);
        }
    }
}

#[test]
fn response_with_one_place_left_has_first_cookie() {
    let before = headers(1, &[]);
    let layer = CookieLayer::new();
    assert_headers(&layer, &before, SET, &["a=1; Path=/"], &[]);
    // A full `HeaderMap` takes no further value, even of a name that it has.
    assert_headers(&layer, &before, SET_AND_DELETE, &["a=1; Path=/"], &[]);
}

/// Without them, a shared cache could send the cookies to others.
#[test]
fn vary_and_cache_control_take_places_before_cookies() {
    let vary = (VARY, "Cookie");
    let private = (CACHE_CONTROL, "private");
    let cookies = [
        "a=1; Path=/",
        "b=2; Path=/",
        "a=3; Path=/app",
        &support::deletion("c", "/"),
    ];
    let varying = CookieLayer::new().vary_on_cookie();
    let caching = CookieLayer::new().cache_control_private();
    let both = [vary.clone(), private.clone()];

    let before = headers(1, &[]);
    for handler in [READ, SET, SET_AND_DELETE] {
        assert_headers(&varying, &before, handler, &[], &both[..1]);
        assert_headers(&all_headers(), &before, handler, &[], &both[..1]);
    }
    for handler in [SET, SET_AND_DELETE] {
        assert_headers(&caching, &before, handler, &[], &both[1..]);
    }

    let before = headers(2, &[]);
    assert_headers(&all_headers(), &before, SET_AND_DELETE, &[], &both);
    assert_headers(&varying, &before, SET_AND_DELETE, &cookies[..1], &both[..1]);
    assert_headers(&caching, &before, SET_AND_DELETE, &cookies[..1], &both[1..]);
    assert_headers(&CookieLayer::new(), &before, SET_AND_DELETE, &cookies, &[]);

    let before = headers(3, &[]);
    assert_headers(
        &all_headers(),
        &before,
        SET_AND_DELETE,
        &cookies[..1],
        &both,
    );
    assert_headers(&varying, &before, SET_AND_DELETE, &cookies, &both[..1]);
    assert_headers(&caching, &before, SET_AND_DELETE, &cookies, &both[1..]);

    let before = headers(4, &[]);
    assert_headers(&all_headers(), &before, SET_AND_DELETE, &cookies, &both);
}

/// An existing header is replaced, which takes no place.
#[test]
fn existing_vary_and_cache_control_of_full_response_are_replaced() {
    let existing = [(VARY, "Accept"), (CACHE_CONTROL, "public, max-age=60")];
    let replaced = [
        (VARY, "Accept, Cookie"),
        (CACHE_CONTROL, "max-age=60, private"),
    ];
    let before = headers(1, &existing);
    assert_headers(&all_headers(), &before, SET, &["a=1; Path=/"], &replaced);

    let own = [&existing[..], &[(SET_COOKIE, "own=1")]].concat();
    let before = headers(0, &own);
    assert_headers(&all_headers(), &before, NOTHING, &["own=1"], &replaced[1..]);
    assert_headers(&all_headers(), &before, READ, &["own=1"], &replaced);
}

#[test]
fn full_response_through_nested_layers_is_sent() {
    for (outer, inner) in [
        (CookieLayer::new(), all_headers()),
        (all_headers(), CookieLayer::new()),
        (all_headers(), all_headers()),
    ] {
        for places in [0, 1, 2] {
            let before = headers(places, &[]);
            let mut service = outer.layer(inner.layer(service_fn(|request: Request<()>| {
                SET(&jar_of(&request));
                let mut response = Response::new(());
                response.headers_mut().clone_from(&before);
                ready(Ok::<_, Infallible>(response))
            })));
            let Ok(response) = ready_output(service.call(Request::new(())));
            assert_eq!(response.headers().keys_len(), FULL);
            let kept = before
                .keys()
                .all(|name| response.headers().contains_key(name));
            assert!(kept, "{places}");
        }
    }
}

/// hyper adds `Connection: close`, and panics if that does not fit. So one more place is left for it.
/// `Set-Cookie` needs two places for several cookies.
#[tokio::test]
async fn almost_full_response_over_http1_is_sent_with_its_body() {
    const PLACES: usize = 4;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let before = headers(PLACES, &[]);
    let service = all_headers().layer(service_fn(move |request: Request<Incoming>| {
        SET_AND_DELETE(&jar_of(&request));
        let mut response = Response::new(Full::new(Bytes::from("the body")));
        response.headers_mut().clone_from(&before);
        ready(Ok::<_, Infallible>(response))
    }));
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(service);
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        connection.await.unwrap();
    });

    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\n{HOST}: {addr}\r\n{CONNECTION}: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    server.await.unwrap();

    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(body, "the body");
    let count = |start: &str| head.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!(count("x-"), FULL - PLACES);
    assert_eq!(count("set-cookie: "), 4);
    assert_eq!(count("vary: Cookie"), 1);
    assert_eq!(count("cache-control: private"), 1);
    assert_eq!(count("connection: close"), 1);
}
