//! `vary_on_cookie` adds `Vary: Cookie` if cookies were read, set or deleted before the response
//! headers were sent.

mod support;

use std::convert::Infallible;
use std::future::ready;
use std::sync::Mutex;

use http::header::{HOST, VARY};
use http::{HeaderValue, Request, Response};
use support::{
    assert_matches, assert_response_started, jar_of, ready_output, request, response_headers,
    set_cookies,
};
use tower::{Layer, Service, ServiceBuilder, service_fn};
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

/// Sets and deletes. Django's CSRF middleware adds `Vary: Cookie` too when it sets its cookie.
const WRITES: [(&str, Handler); 5] = [
    ("set", |jar| jar.set(("a", "1")).unwrap()),
    ("set of several cookies", |jar| {
        jar.set(("a", "1")).unwrap();
        jar.set(("b", "1")).unwrap();
    }),
    ("delete", |jar| jar.delete("a").unwrap()),
    ("set, then delete", |jar| {
        jar.set(("a", "1")).unwrap();
        jar.delete("a").unwrap();
    }),
    ("set, then a set that fails", |jar| {
        jar.set(("a", "1")).unwrap();
        assert_matches!(jar.set(("", "1")), Err(CookieError::InvalidName { .. }));
    }),
];

#[test]
fn every_set_and_delete_adds_vary() {
    let layer = CookieLayer::new().vary_on_cookie();
    for (name, write) in WRITES {
        for request in [request("a=1"), Request::new(())] {
            let response = respond(&layer, request, &[], write);
            assert_eq!(vary(&response), ["Cookie"], "{name}");
        }
        let response = respond(&layer, request("a=1"), &["Accept"], write);
        assert_eq!(vary(&response), ["Accept, Cookie"], "{name}");
    }
}

#[test]
fn set_and_delete_of_declared_cookie_add_vary() {
    let layer = CookieLayer::new()
        .declare(Cookie::build("a").path("/app"))
        .and_then(|layer| layer.retire("a"))
        .and_then(|layer| layer.renamed("old", "a"))
        .unwrap()
        .vary_on_cookie();
    let writes: [(&str, Handler); 3] = [
        ("set", |jar| jar.set(("a", "1")).unwrap()),
        ("delete", |jar| jar.delete("a").unwrap()),
        ("delete of the old name", |jar| jar.delete("old").unwrap()),
    ];
    for (name, write) in writes {
        let response = respond(&layer, Request::new(()), &[], write);
        assert_eq!(vary(&response), ["Cookie"], "{name}");
    }
}

#[cfg(feature = "signed")]
#[test]
fn signed_get_and_set_add_vary() {
    let layer = CookieLayer::new()
        .secret_key("a key of more than 32 bytes for tests")
        .unwrap()
        .vary_on_cookie();
    let handlers: [(&str, Handler); 2] = [
        ("get", |jar| {
            assert_matches!(
                jar.signed().get("a"),
                Err(CookieError::MissingCookie { .. })
            );
        }),
        ("set", |jar| jar.signed().set(("a", "1")).unwrap()),
    ];
    for (name, handler) in handlers {
        let response = respond(&layer, Request::new(()), &[], handler);
        assert_eq!(vary(&response), ["Cookie"], "{name}");
    }
}

#[cfg(feature = "private")]
#[test]
fn private_get_and_set_add_vary() {
    let key = tower_django_cookies::cookie::Key::from(&[7; 64]);
    let layer = CookieLayer::new().private_key(key).vary_on_cookie();
    let handlers: [(&str, Handler); 2] = [
        ("get", |jar| {
            assert_matches!(
                jar.private().get("a"),
                Err(CookieError::MissingCookie { .. })
            );
        }),
        ("set", |jar| jar.private().set(("a", "1")).unwrap()),
    ];
    for (name, handler) in handlers {
        let response = respond(&layer, Request::new(()), &[], handler);
        assert_eq!(vary(&response), ["Cookie"], "{name}");
    }
}

#[test]
fn operations_that_neither_read_nor_write_cookies_add_no_vary() {
    const OPERATIONS: [(&str, Handler); 4] = [
        ("no operation", |_| {}),
        ("clone", |jar| drop(jar.clone())),
        ("queued", |jar| {
            let _ = jar.queued();
        }),
        ("Debug", |jar| {
            let _ = format!("{jar:?}");
        }),
    ];

    let layer = CookieLayer::new().vary_on_cookie();
    for (name, operation) in OPERATIONS {
        assert_no_vary(&layer, name, operation);
    }
}

/// Asserts that no `Vary` header is added, and that an existing one stays as it is.
#[track_caller]
fn assert_no_vary(layer: &CookieLayer, name: &str, operation: Handler) {
    let response = respond(layer, request("a=1"), &[], operation);
    assert!(vary(&response).is_empty(), "{name}");
    let response = respond(layer, request("a=1"), &["Accept ,Origin"], operation);
    assert_eq!(vary(&response), ["Accept ,Origin"], "{name}");
}

#[test]
fn refused_operations_add_no_vary() {
    const REFUSED: [(&str, Handler); 9] = [
        ("set of an invalid name", |jar| {
            assert_matches!(jar.set(("a b", "1")), Err(CookieError::InvalidName { .. }));
        }),
        ("set of a control character", |jar| {
            assert_matches!(
                jar.set(("a", "\n")),
                Err(CookieError::ControlCharacter { .. })
            );
        }),
        ("set with an invalid Path", |jar| {
            assert_matches!(
                jar.set(Cookie::build(("a", "1")).path("x")),
                Err(CookieError::InvalidPath {
                    reason: AttributeReason::NotAbsolute,
                    ..
                })
            );
        }),
        ("set with a Path that is never sent", |jar| {
            assert_matches!(
                jar.set(Cookie::build(("a", "1")).path("/x y")),
                Err(CookieError::InvalidPath {
                    reason: AttributeReason::NeverSent,
                    ..
                })
            );
        }),
        ("set with another Path than the declared one", |jar| {
            assert_matches!(
                jar.set(Cookie::build(("declared", "1")).path("/x")),
                Err(CookieError::ScopeMismatch { .. })
            );
        }),
        ("set of an old name", |jar| {
            assert_matches!(jar.set(("old", "1")), Err(CookieError::Renamed { .. }));
        }),
        ("delete of an invalid name", |jar| {
            assert_matches!(jar.delete("a;b"), Err(CookieError::InvalidName { .. }));
        }),
        ("delete with another Path than the declared one", |jar| {
            assert_matches!(
                jar.delete(Cookie::build("declared").path("/x")),
                Err(CookieError::ScopeMismatch { .. })
            );
        }),
        ("delete with a Downgrade", |jar| {
            assert_matches!(
                jar.delete(Cookie::build("declared").secure(false)),
                Err(CookieError::Downgrade { .. })
            );
        }),
    ];

    let layer = CookieLayer::new()
        .declare(Cookie::build("declared").secure(true))
        .and_then(|layer| layer.renamed("old", "declared"))
        .unwrap()
        .vary_on_cookie();
    for (name, operation) in REFUSED {
        assert_no_vary(&layer, name, operation);
    }
    let layer = layer.deny_undeclared();
    assert_no_vary(&layer, "set of an undeclared cookie", |jar| {
        assert_matches!(jar.set(("a", "1")), Err(CookieError::Undeclared { .. }));
    });
    assert_no_vary(&layer, "delete of an undeclared cookie", |jar| {
        assert_matches!(jar.delete("a"), Err(CookieError::Undeclared { .. }));
    });
}

#[test]
fn refused_domain_adds_no_vary() {
    let layer = CookieLayer::new().vary_on_cookie();
    for (domain, is_mismatch) in [("example.org", true), ("com", false)] {
        let set = move |jar: &CookieJar| {
            let result = jar.set(Cookie::build(("a", "1")).domain(domain));
            match result {
                Err(CookieError::DomainMismatch { .. }) => assert!(is_mismatch),
                result => assert_matches!(
                    result,
                    Err(CookieError::InvalidDomain {
                        reason: AttributeReason::SingleLabel,
                        ..
                    }) if !is_mismatch
                ),
            }
        };
        let mut request = request("a=1");
        let host = HeaderValue::from_static("www.example.com");
        request.headers_mut().insert(HOST, host);
        let headers = response_headers(&layer, request, set);
        assert!(!headers.contains_key(VARY), "{domain}");
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
fn read_and_write_without_vary_on_cookie_add_no_vary() {
    for (method, read) in READS.into_iter().chain(WRITES) {
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
fn read_and_write_after_response_headers_add_no_vary() {
    let layer = CookieLayer::new().vary_on_cookie();
    let response = respond(&layer, request("a=1"), &[], |_| {});

    assert_eq!(response.body().get("a"), Some("1"));
    assert_response_started(response.body().set(("b", "1")), "b");
    assert_response_started(response.body().delete("b"), "b");
    assert!(vary(&response).is_empty());
    assert!(set_cookies(response.headers()).is_empty());

    // The next request is not affected.
    let response = respond(&layer, request("a=1"), &[], |_| {});
    assert!(vary(&response).is_empty());
}

/// The outer service abandons the inner one, so the request ends before the inner response.
#[test]
fn write_of_inner_service_after_end_of_request_adds_no_vary() {
    let layer = CookieLayer::new().vary_on_cookie();
    for (write, expected) in [(false, &[][..]), (true, &["Cookie"][..])] {
        let inner_calls = Mutex::new(Vec::new());
        let inner = layer.layer(service_fn(|request: Request<()>| {
            let jar = jar_of(&request);
            if write {
                jar.set(("early", "1")).unwrap();
            }
            async move {
                assert_response_started(jar.set(("late", "1")), "late");
                assert_response_started(jar.delete("late"), "late");
                Ok::<_, Infallible>(Response::new(()))
            }
        }));
        let inner = Mutex::new(inner);
        let mut outer = layer.layer(service_fn(|request: Request<()>| {
            let call = inner.lock().unwrap().call(request);
            inner_calls.lock().unwrap().push(call);
            ready(Err::<Response<()>, _>("abandoned"))
        }));
        let result = ready_output(outer.call(Request::new(())));
        assert_eq!(result.unwrap_err(), "abandoned");

        let call = inner_calls.lock().unwrap().pop().unwrap();
        let Ok(response) = ready_output(call);
        assert_eq!(vary(&response), expected);
        assert!(set_cookies(response.headers()).is_empty());
    }
}

#[test]
fn read_and_write_of_another_request_add_no_vary() {
    let layer = CookieLayer::new().vary_on_cookie();
    let operations: [Handler; 3] = [
        |jar| assert_eq!(jar.get("a"), Some("1")),
        |jar| jar.set(("b", "1")).unwrap(),
        |jar| jar.delete("a").unwrap(),
    ];
    for operation in operations {
        let jars = Mutex::new(Vec::new());
        let mut service = layer.layer(service_fn(|request: Request<()>| {
            jars.lock().unwrap().push(jar_of(&request));
            ready(Ok::<_, Infallible>(Response::new(())))
        }));
        let user = service.call(request("a=1"));
        let other = service.call(request("a=1"));
        operation(&jars.lock().unwrap()[0]);

        for (call, expected) in [(user, &["Cookie"][..]), (other, &[])] {
            let response = ready_output(call).unwrap();
            assert_eq!(vary(&response), expected);
        }
    }
}

#[test]
fn write_in_either_layer_adds_vary_of_either_layer() {
    let plain = CookieLayer::new;
    let varying = || CookieLayer::new().vary_on_cookie();
    for (outer, inner, expected) in [
        (varying(), plain(), &["Cookie"][..]),
        (plain(), varying(), &["Cookie"]),
        (varying(), varying(), &["Cookie"]),
        (plain(), plain(), &[]),
    ] {
        for write_in_inner in [false, true] {
            let service = ServiceBuilder::new()
                .layer(&outer)
                .map_request(move |request: Request<()>| {
                    if !write_in_inner {
                        jar_of(&request).set(("a", "1")).unwrap();
                    }
                    request
                })
                .layer(&inner)
                .service(service_fn(|request: Request<()>| {
                    if write_in_inner {
                        jar_of(&request).delete("a").unwrap();
                    }
                    ready(Ok::<_, Infallible>(Response::new(())))
                }));
            let mut service = service;
            let Ok(response) = ready_output(service.call(Request::new(())));
            assert_eq!(vary(&response), expected, "{write_in_inner}");
        }
    }
}

#[test]
fn inner_error_is_returned_without_vary() {
    let layer = CookieLayer::new().vary_on_cookie();
    let mut service = layer.layer(service_fn(|request: Request<()>| {
        jar_of(&request).set(("a", "1")).unwrap();
        ready(Err::<Response<()>, _>("broken"))
    }));
    let result = ready_output(service.call(Request::new(())));
    assert_eq!(result.unwrap_err(), "broken");
}

/// `Vary` may contain bytes that are not ASCII (`obs-text`, RFC 9110 §5.5).
#[test]
fn existing_vary_that_is_not_ascii_is_kept() {
    let layer = CookieLayer::new().vary_on_cookie();
    let mut service = layer.layer(service_fn(|request: Request<()>| {
        jar_of(&request).set(("a", "1")).unwrap();
        let mut response = Response::new(());
        let value = HeaderValue::from_bytes(b"Accept\xff").unwrap();
        response.headers_mut().insert(VARY, value);
        ready(Ok::<_, Infallible>(response))
    }));
    let Ok(response) = ready_output(service.call(Request::new(())));
    let values: Vec<_> = response.headers().get_all(VARY).iter().collect();
    assert_eq!(values, [&b"Accept\xff, Cookie"[..]]);
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
