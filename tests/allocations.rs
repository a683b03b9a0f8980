//! Reading borrows from the header and decodes each value once. Nothing is parsed before the first
//! read. A jar that outlives its request keeps neither queued operations nor the request's body and
//! extensions.

mod support;

use std::convert::Infallible;
use std::future::{Future, pending, ready};
use std::pin::{Pin, pin};
use std::sync::{Arc, mpsc};
use std::task::Poll;

use allocation_counter::{AllocationInfo, measure};
use http::header::{COOKIE, HOST};
use http::{HeaderValue, Request, Response};
use support::{jar_of, poll, request};
use tower::{Layer, Service, service_fn};
use tower_django_cookies::{Cookie, CookieJar, CookieLayer, HostSource};

/// Most values are in the header as they are read. `escaped` and `broken` must be decoded.
const HEADER: &[u8] =
    b"plain=1; last=1; empty=; quoted=\"2, 3\"; empty_quotes=\"\"; lone_quote=\"; \
    url=https://example.com/?a=b; k\xc3\xa4se=br\xc3\xb6tchen; nameless; \
    escaped=\"\\073\"; broken=\xff; last=2";

fn jar() -> CookieJar {
    CookieJar::from_headers(request(HEADER).headers())
}

fn allocations(code: impl FnOnce()) -> u64 {
    measure(code).count_total
}

#[test]
fn get_of_value_without_escapes_does_not_allocate() {
    for (name, value) in [
        ("plain", "1"),
        ("last", "2"),
        ("empty", ""),
        ("quoted", "2, 3"),
        ("empty_quotes", ""),
        ("lone_quote", "\""),
        ("url", "https://example.com/?a=b"),
        ("käse", "brötchen"),
        ("", "nameless"),
    ] {
        let jar = jar();
        let count = allocations(|| {
            assert!(!jar.is_empty());
            assert!(jar.contains(name));
            assert_eq!(jar.get(name), Some(value));
            assert_eq!(jar.require(name), Ok(value));
            assert_eq!(jar.get_all(name).last(), Some(value));
        });
        assert_eq!(count, 0, "{name}");
    }
}

#[test]
fn get_of_missing_name_does_not_allocate() {
    let jar = jar();
    let count = allocations(|| {
        assert!(!jar.contains("missing"));
        assert_eq!(jar.get("missing"), None);
        assert_eq!(jar.get_all("missing").next(), None);
    });
    assert_eq!(count, 0);
}

#[test]
fn second_get_of_escaped_value_does_not_allocate() {
    let jar = jar();
    let read = || {
        assert_eq!(jar.get("escaped"), Some(";"));
        assert_eq!(jar.require("escaped"), Ok(";"));
        assert_eq!(jar.get_all("escaped").last(), Some(";"));
        assert_eq!(jar.get("broken"), Some("\u{fffd}"));
    };
    assert_ne!(allocations(read), 0);
    assert_eq!(allocations(read), 0);
}

#[test]
fn second_iter_does_not_allocate() {
    let jar = jar();
    let read = || assert_eq!(jar.iter().count(), jar.len());
    assert_ne!(allocations(read), 0);
    assert_eq!(allocations(read), 0);
}

/// The allocations of the layer and of `handler` for a request with these `Cookie` headers.
fn allocations_of_call(headers: &[&str], handler: fn(&CookieJar)) -> AllocationInfo {
    let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
        handler(CookieJar::from_extensions(request.extensions()).expect("the layer's jar"));
        ready(Ok::<_, Infallible>(Response::new(())))
    }));
    let mut request = Request::new(());
    for header in headers {
        let header = HeaderValue::from_str(header).expect("a header value");
        request.headers_mut().append(COOKIE, header);
    }
    // The first clone of a header value may allocate. The headers of hyper are already shared.
    let _shared = request.headers().clone();
    measure(|| {
        let response = poll(pin!(service.call(request)));
        assert!(matches!(response, Poll::Ready(Ok(_))));
    })
}

#[test]
fn call_without_reads_allocates_nothing_for_the_cookie_header() {
    let escaped = r#"a="\073"; "#.repeat(64 * 1024 / 10);
    let handlers: [fn(&CookieJar); 4] = [
        |_| (),
        |jar| drop(jar.clone()),
        |jar| jar.set(("a", "1")).expect("a valid cookie"),
        |jar| jar.delete("a").expect("a valid cookie"),
    ];
    for handler in handlers {
        let without_header = allocations_of_call(&[], handler);
        let with_header = allocations_of_call(&[&escaped], handler);
        assert_eq!(with_header.count_total, without_header.count_total);
        assert_eq!(with_header.bytes_total, without_header.bytes_total);
    }
}

#[test]
fn call_with_several_cookie_headers_allocates_one_copy_of_them() {
    let headers = ["a=1", "b=2", "c=3"];
    let one = allocations_of_call(&headers[..1], |_| ());
    let several = allocations_of_call(&headers, |_| ());
    assert_eq!(several.count_total, one.count_total + 1);
    let joined = headers.join(";").len() as u64;
    assert_eq!(several.bytes_total, one.bytes_total + joined);

    let several_read = allocations_of_call(&headers, |jar| {
        assert_eq!(jar.get("b"), Some("2"));
    });
    assert_eq!(several_read.count_total, several.count_total);
}

#[test]
fn domain_check_against_host_name_does_not_allocate() {
    let allocations_of_set = |layer: &CookieLayer, host: &'static str| {
        let mut request = Request::new(());
        let host = HeaderValue::from_static(host);
        request.headers_mut().insert(HOST, host);
        let jar = layer.jar(&request);
        allocations(|| {
            let cookie = Cookie::build(("a", "1")).domain("example.com");
            jar.set(cookie).expect("a valid cookie");
        })
    };
    let unchecked = CookieLayer::new()
        .host_from(HostSource::Unchecked)
        .expect("no host to check");
    let without_check = allocations_of_set(&unchecked, "");
    for host in ["www.example.com", "www.example.com:8080", "EXAMPLE.com"] {
        let with_check = allocations_of_set(&CookieLayer::new(), host);
        assert_eq!(with_check, without_check, "{host}");
    }
    // All other hosts are parsed, which copies them.
    let copied = allocations_of_set(&CookieLayer::new(), "user@www.example.com");
    assert!(copied > without_check);
}

/// The allocations of a set of `theme` through these layers, the outermost first, once warm.
fn allocations_of_set(layers: &[CookieLayer]) -> u64 {
    type BoxService = Box<
        dyn Service<
                Request<()>,
                Response = Response<()>,
                Error = Infallible,
                Future = std::future::Ready<Result<Response<()>, Infallible>>,
            >,
    >;
    fn call<S>(mut service: S) -> u64
    where
        S: Service<Request<()>, Response = Response<()>, Error = Infallible>,
    {
        let mut call = || {
            let request = Request::new(());
            measure(|| {
                let response = poll(pin!(service.call(request)));
                assert!(matches!(response, Poll::Ready(Ok(_))));
            })
            .count_total
        };
        call();
        call()
    }
    let handler: BoxService = Box::new(service_fn(|request: Request<()>| {
        jar_of(&request)
            .set(("theme", "dark"))
            .expect("a valid cookie");
        ready(Ok(Response::new(())))
    }));
    match layers {
        [layer] => call(layer.layer(handler)),
        [outer, inner] => call(outer.layer(inner.layer(handler))),
        _ => panic!("one or two layers"),
    }
}

#[test]
fn set_through_two_layers_makes_two_more_allocations_whatever_is_declared() {
    for declared in [0, 10, 100] {
        let outer = (0..declared).fold(CookieLayer::new(), |layer, number| {
            layer
                .declare(format!("declared{number}"))
                .expect("a valid declaration")
        });
        let inner = CookieLayer::new()
            .declare("theme")
            .expect("a valid declaration");
        let one = allocations_of_set(std::slice::from_ref(&outer));
        let two = allocations_of_set(&[outer.clone(), inner]);
        let with_unset_inner = allocations_of_set(&[outer, CookieLayer::new()]);
        println!("{declared} declared: one layer {one}, two {two}, inner unset {with_unset_inner}");
        assert!(two <= one + 2, "{declared} declared: {one}, {two}");
        assert!(
            with_unset_inner < two,
            "{declared} declared: {with_unset_inner}, {two}"
        );
    }
}

#[test]
fn layers_that_contain_each_other_are_freed() {
    let one_request = |outer: &CookieLayer, inner: &CookieLayer| {
        let mut service = outer.layer(inner.layer(service_fn(|_: Request<()>| {
            ready(Ok::<_, Infallible>(Response::new(())))
        })));
        let response = poll(pin!(service.call(Request::new(()))));
        assert!(matches!(response, Poll::Ready(Ok(_))));
    };
    let layer = |name: &'static str| {
        CookieLayer::new()
            .declare(name)
            .expect("a valid declaration")
    };
    // Thread-locals of the standard library are allocated once.
    one_request(&layer("a"), &layer("b"));
    let kept = measure(|| {
        let (a, b) = (layer("a"), layer("b"));
        for (outer, inner) in [(&a, &b), (&b, &a), (&a, &a)] {
            one_request(outer, inner);
        }
    });
    assert_eq!(kept.bytes_current, 0);
}

type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response<()>, &'static str>>>>;

/// The ways in which a request ends: with a response, with an error, or when its future is dropped.
const ENDS: [fn() -> ResponseFuture; 3] = [
    || Box::pin(ready(Ok(Response::new(())))),
    || Box::pin(ready(Err("broken"))),
    || Box::pin(pending()),
];

/// The number of bytes that are still allocated after a request has ended, while its jar exists.
fn bytes_kept_by_jar(
    layer: &CookieLayer,
    end: fn() -> ResponseFuture,
    handler: fn(&CookieJar),
) -> i64 {
    let (jars, jar) = mpsc::sync_channel(1);
    let mut service = layer.layer(service_fn(|request: Request<()>| {
        let jar = jar_of(&request);
        handler(&jar);
        jars.send(jar).expect("a receiver");
        end()
    }));
    let allocated = measure(|| {
        let mut response = Box::pin(service.call(request("a=1")));
        drop(poll(response.as_mut()));
    });
    let jar = jar.recv().expect("the service was called");
    assert_eq!(jar.get("a"), Some("1"));
    allocated.bytes_current
}

#[test]
fn jar_that_outlives_its_request_keeps_no_queued_operations() {
    let declared = CookieLayer::new()
        .declare("a")
        .and_then(|layer| layer.retire(Cookie::build("a").path("/old")))
        .expect("a valid cookie");
    for layer in [CookieLayer::new(), declared] {
        for end in ENDS {
            let without_operations = bytes_kept_by_jar(&layer, end, |_| ());
            let with_operations = bytes_kept_by_jar(&layer, end, |jar| {
                let value = "1".repeat(4000);
                for number in 0..100 {
                    jar.set((number.to_string(), &*value)).unwrap();
                    jar.delete(number.to_string()).unwrap();
                    jar.set((number.to_string(), &*value)).unwrap();
                }
                jar.set(("a", value)).unwrap();
                let _ = jar.queued();
            });
            assert_eq!(with_operations, without_operations);
            assert!(
                without_operations < 2048,
                "{without_operations} bytes for a jar with one cookie"
            );
        }
    }
}

#[test]
fn jar_that_outlives_its_request_keeps_neither_body_nor_extensions() {
    for end in ENDS {
        let body = Arc::new(());
        let extension = Arc::new(());
        let (jars, jar) = mpsc::channel();
        let mut service = CookieLayer::new().layer(service_fn(|request: Request<Arc<()>>| {
            jars.send(jar_of(&request)).expect("a receiver");
            end()
        }));
        let mut request = Request::new(Arc::clone(&body));
        request.extensions_mut().insert(Arc::clone(&extension));

        let mut response = Box::pin(service.call(request));
        drop(poll(response.as_mut()));
        drop(response);
        let _jar = jar.recv().expect("the service was called");
        assert_eq!(Arc::strong_count(&body), 1);
        assert_eq!(Arc::strong_count(&extension), 1);
    }
}
