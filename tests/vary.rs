//! `vary_on_cookie` adds `Vary: Cookie` if the request's cookies were read before the response
//! headers were sent.

mod support;

use std::convert::Infallible;
use std::future::ready;
use std::sync::Mutex;

use http::header::VARY;
use http::{HeaderValue, Request, Response};
use support::{assert_matches, jar_of, ready_output, request, set_cookies};
use tower::{Layer, Service, service_fn};
use tower_django_cookies::{AttributeReason, Cookie, CookieError, CookieJar, CookieLayer};

type Handler = fn(&CookieJar);

/// The response of a service that passes its jar to `handler` and has the `Vary` headers `existing`.
fn respond(
    layer: &CookieLayer,
    request: Request<()>,
    existing: &[&str],
    handler: Handler,
) -> Response<CookieJar> {
    let mut service = layer.layer(service_fn(|request: Request<()>| {
        let jar = jar_of(&request);
        handler(&jar);
        let mut response = Response::new(jar);
        for value in existing {
            let value = HeaderValue::from_str(value).unwrap();
            response.headers_mut().append(VARY, value);
        }
        ready(Ok::<_, Infallible>(response))
    }));
    ready_output(service.call(request)).unwrap()
}

/// The values of the response's `Vary` headers.
fn vary<B>(response: &Response<B>) -> Vec<&str> {
    let values = response.headers().get_all(VARY).iter();
    values.map(|value| value.to_str().unwrap()).collect()
}

/// Every method that reads cookies.
const READS: [(&str, Handler); 8] = [
    ("get", |jar| {
        let _ = jar.get("a");
    }),
    ("get_all", |jar| {
        let _ = jar.get_all("a");
    }),
    ("require", |jar| {
        let _ = jar.require("a");
    }),
    ("contains", |jar| {
        let _ = jar.contains("a");
    }),
    ("len", |jar| {
        let _ = jar.len();
    }),
    ("is_empty", |jar| {
        let _ = jar.is_empty();
    }),
    ("iter", |jar| {
        let _ = jar.iter();
    }),
    ("for", |jar| for _ in jar {}),
];

#[test]
fn every_read_adds_vary() {
    let layer = CookieLayer::new().vary_on_cookie();
    for (method, read) in READS {
        let response = respond(&layer, request("a=1"), &[], read);
        assert_eq!(vary(&response), ["Cookie"], "{method}");
    }
}

#[test]
fn read_of_absent_cookie_adds_vary() {
    let layer = CookieLayer::new().vary_on_cookie();
    for (method, read) in READS {
        let response = respond(&layer, request("b=1"), &[], read);
        assert_eq!(vary(&response), ["Cookie"], "{method}");
        let response = respond(&layer, Request::new(()), &[], read);
        assert_eq!(vary(&response), ["Cookie"], "{method}");
    }
}

#[test]
fn operations_that_read_no_cookie_add_no_vary() {
    const OPERATIONS: [(&str, Handler); 6] = [
        ("no operation", |_| {}),
        ("set", |jar| jar.set(("a", "1")).unwrap()),
        ("delete", |jar| jar.delete("a").unwrap()),
        ("set that fails", |jar| {
            assert_matches!(
                jar.set(Cookie::build(("a", "1")).path("x")),
                Err(CookieError::InvalidPath {
                    reason: AttributeReason::NotAbsolute,
                    ..
                })
            );
        }),
        ("queued", |jar| {
            let _ = jar.queued();
        }),
        ("Debug", |jar| {
            let _ = format!("{jar:?}");
        }),
    ];

    let layer = CookieLayer::new().vary_on_cookie();
    for (name, operation) in OPERATIONS {
        let response = respond(&layer, request("a=1"), &[], operation);
        assert!(vary(&response).is_empty(), "{name}");
        let response = respond(&layer, request("a=1"), &["Accept"], operation);
        assert_eq!(vary(&response), ["Accept"], "{name}");
    }
}

#[test]
fn read_by_clone_of_jar_adds_vary() {
    let layer = CookieLayer::new().vary_on_cookie();
    let response = respond(&layer, request("a=1"), &[], |jar| {
        assert_eq!(jar.clone().get("a"), Some("1"));
    });
    assert_eq!(vary(&response), ["Cookie"]);
}

#[test]
fn read_without_vary_on_cookie_adds_no_vary() {
    for (method, read) in READS {
        let response = respond(&CookieLayer::new(), request("a=1"), &[], read);
        assert!(vary(&response).is_empty(), "{method}");
        let response = respond(&CookieLayer::new(), request("a=1"), &["Accept"], read);
        assert_eq!(vary(&response), ["Accept"], "{method}");
    }
}

/// An existing `Vary` header, and the header that
/// `django.utils.cache.patch_vary_headers(response, ["Cookie"])` of Django 5.2.19 changes it to.
const DJANGO: [(&str, &str); 12] = [
    ("Accept-Encoding", "Accept-Encoding, Cookie"),
    (
        "Accept-Language, Accept-Encoding",
        "Accept-Language, Accept-Encoding, Cookie",
    ),
    ("Cookie", "Cookie"),
    ("cookie", "cookie"),
    ("COOKIE", "COOKIE"),
    ("Accept-Encoding, Cookie", "Accept-Encoding, Cookie"),
    ("Cookie, Accept-Encoding", "Cookie, Accept-Encoding"),
    ("Accept, cookie, Origin", "Accept, cookie, Origin"),
    ("*", "*"),
    ("Set-Cookie", "Set-Cookie, Cookie"),
    ("X-Cookie", "X-Cookie, Cookie"),
    ("Cookies", "Cookies, Cookie"),
];

#[test]
fn existing_vary_is_extended_as_in_django() {
    let layer = CookieLayer::new().vary_on_cookie();
    for (existing, expected) in DJANGO {
        let response = respond(&layer, request("a=1"), &[existing], READS[0].1);
        assert_eq!(vary(&response), [expected], "{existing}");
    }
}

/// As above, for headers whose existing members Django normalizes too.
const DJANGO_NORMALIZED: [(&str, &str); 8] = [
    ("Accept,Origin", "Accept, Origin, Cookie"),
    ("Accept ,  Origin", "Accept, Origin, Cookie"),
    ("Accept\t,Origin", "Accept, Origin, Cookie"),
    ("accept,COOKIE", "accept, COOKIE"),
    ("Accept-Encoding, *", "*"),
    ("*, Accept-Encoding", "*"),
    ("*, Cookie", "*"),
    ("Cookie, *", "*"),
];

#[test]
fn existing_vary_is_normalized_as_in_django() {
    let layer = CookieLayer::new().vary_on_cookie();
    for (existing, expected) in DJANGO_NORMALIZED {
        let response = respond(&layer, request("a=1"), &[existing], READS[0].1);
        assert_eq!(vary(&response), [expected], "{existing}");
    }
}

/// A Django response has one header of each name. Several headers are one list (RFC 9110 §5.3).
#[test]
fn several_vary_headers_become_one() {
    let layer = CookieLayer::new().vary_on_cookie();
    for (existing, expected) in [
        (&["Accept", "Origin"][..], "Accept, Origin, Cookie"),
        (
            &["Accept, Range", "Origin"],
            "Accept, Range, Origin, Cookie",
        ),
    ] {
        let response = respond(&layer, request("a=1"), existing, READS[0].1);
        assert_eq!(vary(&response), [expected], "{existing:?}");
    }
}

#[test]
fn cookie_or_asterisk_in_any_vary_header_is_not_repeated() {
    let layer = CookieLayer::new().vary_on_cookie();
    for existing in [
        &["Accept", "cookie"][..],
        &["Cookie", "Accept"],
        &["Accept", "Origin, COOKIE"],
    ] {
        let response = respond(&layer, request("a=1"), existing, READS[0].1);
        let members = vary(&response).join(", ");
        assert_eq!(members, existing.join(", "));
    }
    for existing in [&["Accept", "*"][..], &["*", "Accept"]] {
        let response = respond(&layer, request("a=1"), existing, READS[0].1);
        let members = vary(&response).join(", ");
        assert!(members.split(", ").any(|member| member == "*"), "{members}");
        assert!(!members.contains("Cookie"), "{members}");
    }
}

#[test]
fn read_after_response_headers_adds_no_vary() {
    let layer = CookieLayer::new().vary_on_cookie();
    let response = respond(&layer, request("a=1"), &[], |jar| {
        jar.set(("b", "1")).unwrap();
    });

    assert_eq!(response.body().get("a"), Some("1"));
    assert!(vary(&response).is_empty());
    assert_eq!(set_cookies(response.headers()), ["b=1; Path=/"]);

    // The next request is not affected.
    let response = respond(&layer, request("a=1"), &[], |_| {});
    assert!(vary(&response).is_empty());
}

#[test]
fn read_by_another_request_adds_no_vary() {
    let layer = CookieLayer::new().vary_on_cookie();
    let jars = Mutex::new(Vec::new());
    let mut service = layer.layer(service_fn(|request: Request<()>| {
        jars.lock().unwrap().push(jar_of(&request));
        ready(Ok::<_, Infallible>(Response::new(())))
    }));
    let reader = service.call(request("a=1"));
    let other = service.call(request("a=1"));
    assert_eq!(jars.lock().unwrap()[0].get("a"), Some("1"));

    for (call, expected) in [(reader, &["Cookie"][..]), (other, &[])] {
        let response = ready_output(call).unwrap();
        assert_eq!(vary(&response), expected);
    }
}

#[test]
fn response_has_vary_and_set_cookie() {
    let layer = CookieLayer::new().vary_on_cookie();
    let response = respond(&layer, request("a=1"), &["Accept"], |jar| {
        if jar.contains("a") {
            jar.set(("b", "1")).unwrap();
        }
    });
    assert_eq!(vary(&response), ["Accept, Cookie"]);
    assert_eq!(set_cookies(response.headers()), ["b=1; Path=/"]);
}
