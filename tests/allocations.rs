//! Reading borrows from the header, nothing is parsed before it is asked for, and nothing is held on to.

mod support;

use std::convert::Infallible;
use std::future::{Future, pending, ready};
use std::pin::{Pin, pin};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};

use allocation_counter::{AllocationInfo, measure};
use http::header::COOKIE;
use http::{Request, Response};
use support::{jar_of, request};
use tower::{Layer, Service, service_fn};
use tower_django_cookies::{Cookie, CookieJar, CookieLayer};

/// Values that stand in the header as they are read, among others that need decoding.
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
fn plain_values_are_read_without_allocating() {
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
        let reading = allocations(|| {
            assert!(!jar.is_empty());
            assert!(jar.contains(name));
            assert_eq!(jar.get(name), Some(value));
            assert_eq!(jar.require(name), Ok(value));
            assert_eq!(jar.get_all(name).last(), Some(value));
        });
        assert_eq!(reading, 0, "{name}");
    }
}

#[test]
fn a_missing_name_is_looked_for_without_allocating() {
    let jar = jar();
    let reading = allocations(|| {
        assert!(!jar.contains("missing"));
        assert_eq!(jar.get("missing"), None);
        assert_eq!(jar.get_all("missing").next(), None);
    });
    assert_eq!(reading, 0);
}

#[test]
fn values_are_decoded_once() {
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
fn names_are_indexed_once() {
    let jar = jar();
    let read = || assert_eq!(jar.iter().count(), jar.len());
    assert_ne!(allocations(read), 0);
    assert_eq!(allocations(read), 0);
}

/// What the layer and `handler` allocate for a request with this `Cookie` field.
fn allocations_of_a_call(field: Option<&str>, handler: fn(&CookieJar)) -> AllocationInfo {
    let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
        handler(CookieJar::from_extensions(request.extensions()).expect("the layer's jar"));
        ready(Ok::<_, Infallible>(Response::new(())))
    }));
    let request = field.map_or_else(Request::default, request);
    // A header that is shared already is cloned without allocating, as hyper's are.
    let _shared = request.headers().get(COOKIE).cloned();
    measure(|| {
        let answer = pin!(service.call(request));
        let answer = answer.poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(answer, Poll::Ready(Ok(_))));
    })
}

#[test]
fn nothing_is_parsed_when_nothing_is_read() {
    let escaped = r#"a="\073"; "#.repeat(64 * 1024 / 10);
    let handlers: [fn(&CookieJar); 4] = [
        |_| (),
        |jar| drop(jar.clone()),
        |jar| jar.set(("a", "1")).expect("as any cookie"),
        |jar| jar.delete("a").expect("as any cookie"),
    ];
    for handler in handlers {
        let without = allocations_of_a_call(None, handler);
        let with = allocations_of_a_call(Some(&escaped), handler);
        assert_eq!(with.count_total, without.count_total);
        assert_eq!(with.bytes_total, without.bytes_total);
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<()>, &'static str>>>>;

/// How a request ends: with a response, with an error, or not at all until it is dropped.
const ENDS: [fn() -> Answer; 3] = [
    || Box::pin(ready(Ok(Response::new(())))),
    || Box::pin(ready(Err("broken"))),
    || Box::pin(pending()),
];

/// The bytes that are still allocated when a request has ended, whose jar lives on.
fn held_by_a_jar(layer: &CookieLayer, end: fn() -> Answer, handler: fn(&CookieJar)) -> i64 {
    let (jars, jar) = mpsc::sync_channel(1);
    let mut service = layer.layer(service_fn(|request: Request<()>| {
        let jar = jar_of(&request);
        handler(&jar);
        jars.send(jar).expect("it is waited for");
        end()
    }));
    let held = measure(|| {
        let mut answer = Box::pin(service.call(request("a=1")));
        drop(support::poll(answer.as_mut()));
    });
    let jar = jar.recv().expect("the service was called");
    assert_eq!(jar.get("a"), Some("1"));
    held.bytes_current
}

#[test]
fn a_jar_that_outlives_its_request_holds_nothing_of_what_was_queued() {
    let declared = CookieLayer::new()
        .declare("a")
        .and_then(|layer| layer.retire(Cookie::build("a").path("/old")))
        .expect("as any cookie");
    for layer in [CookieLayer::new(), declared] {
        for end in ENDS {
            let nothing = held_by_a_jar(&layer, end, |_| ());
            let much = held_by_a_jar(&layer, end, |jar| {
                let value = "1".repeat(4000);
                for number in 0..100 {
                    jar.set((number.to_string(), &*value)).unwrap();
                    jar.delete(number.to_string()).unwrap();
                    jar.set((number.to_string(), &*value)).unwrap();
                }
                jar.set(("a", value)).unwrap();
                let _ = jar.queued();
            });
            assert_eq!(much, nothing);
            assert!(nothing < 2048, "{nothing} bytes for a jar with one cookie");
        }
    }
}

#[test]
fn a_jar_that_outlives_its_request_holds_neither_body_nor_extensions() {
    for end in ENDS {
        let body = Arc::new(());
        let extension = Arc::new(());
        let (jars, jar) = mpsc::channel();
        let mut service = CookieLayer::new().layer(service_fn(|request: Request<Arc<()>>| {
            jars.send(jar_of(&request)).expect("it is waited for");
            end()
        }));
        let mut request = Request::new(Arc::clone(&body));
        request.extensions_mut().insert(Arc::clone(&extension));

        let mut answer = Box::pin(service.call(request));
        drop(support::poll(answer.as_mut()));
        drop(answer);
        let _jar = jar.recv().expect("the service was called");
        assert_eq!(Arc::strong_count(&body), 1);
        assert_eq!(Arc::strong_count(&extension), 1);
    }
}
