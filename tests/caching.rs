//! `cache_control_private` keeps shared caches from storing responses that carry cookies.

mod support;

use std::convert::Infallible;
use std::future::ready;
use std::sync::Mutex;

use http::header::{CACHE_CONTROL, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use support::{
    assert_closed, assert_matches, assert_response_started, jar_of, ready_output, request,
    set_cookies,
};
use tower::{Layer, Service, ServiceBuilder, service_fn};
use tower_django_cookies::{AttributeReason, Cookie, CookieError, CookieJar, CookieLayer};

type Handler = fn(&CookieJar);

const NOTHING: Handler = |_| {};
const SET: Handler = |jar| jar.set(("a", "1")).unwrap();
const DELETE: Handler = |jar| jar.delete("a").unwrap();

fn private() -> CookieLayer {
    CookieLayer::new().cache_control_private()
}

/// A response with these `Cache-Control` headers.
fn response_with(cache_control: &[&str]) -> Response<()> {
    let mut response = Response::new(());
    for value in cache_control {
        let value = HeaderValue::from_str(value).unwrap();
        response.headers_mut().append(CACHE_CONTROL, value);
    }
    response
}

/// The headers of a response that has the `Cache-Control` headers `existing` and comes from a service
/// that passes its jar to `handler`.
fn respond(layer: &CookieLayer, existing: &[&str], handler: Handler) -> HeaderMap {
    let mut service = layer.layer(service_fn(|request: Request<()>| {
        handler(&jar_of(&request));
        ready(Ok::<_, Infallible>(response_with(existing)))
    }));
    let Ok(response) = ready_output(service.call(request("a=1")));
    response.into_parts().0.headers
}

/// The values of the `Cache-Control` headers.
fn cache_control(headers: &HeaderMap) -> Vec<&str> {
    let values = headers.get_all(CACHE_CONTROL).iter();
    values.map(|value| value.to_str().unwrap()).collect()
}

#[test]
fn set_and_delete_add_private() {
    for write in [SET, DELETE] {
        let headers = respond(&private(), &[], write);
        assert_eq!(cache_control(&headers), ["private"]);
        assert_eq!(set_cookies(&headers).len(), 1);
    }
}

#[test]
fn set_of_several_cookies_adds_private_once() {
    let headers = respond(&private(), &[], |jar| {
        for name in ["a", "b", "c"] {
            jar.set((name, "1")).unwrap();
        }
    });
    assert_eq!(cache_control(&headers), ["private"]);
    assert_eq!(set_cookies(&headers).len(), 3);
}

/// Existing directives, and those that `django.utils.cache.patch_cache_control(response,
/// private=True)` of Django 5.2.19 changes them to.
const DJANGO: [(&str, &str); 10] = [
    ("", "private"),
    ("max-age=60", "max-age=60, private"),
    ("immutable", "immutable, private"),
    ("public", "private"),
    ("public, max-age=60", "max-age=60, private"),
    ("max-age=60, public", "max-age=60, private"),
    (
        "max-age=60,must-revalidate",
        "max-age=60, must-revalidate, private",
    ),
    ("private", "private"),
    ("no-cache", "no-cache, private"),
    (
        r#"no-cache="set-cookie""#,
        r#"no-cache="set-cookie", private"#,
    ),
];

#[test]
fn private_replaces_public_as_in_django() {
    for (existing, expected) in DJANGO {
        let headers = respond(&private(), &[existing], SET);
        assert_eq!(cache_control(&headers), [expected], "{existing}");
    }
}

/// `s-maxage` is a lifetime for shared caches alone (RFC 9111 §5.2.2.10). Names of directives are
/// compared without regard to case (§5.2).
#[test]
fn public_and_s_maxage_in_any_case_are_removed() {
    for (existing, expected) in [
        ("PUBLIC", "private"),
        ("Public, Max-Age=60", "Max-Age=60, private"),
        ("public,public", "private"),
        ("s-maxage=10", "private"),
        ("S-MaxAge=10", "private"),
        (r#"s-maxage="10""#, "private"),
        ("s-maxage", "private"),
        ("s-maxage = 10", "private"),
        ("max-age=60, s-maxage=10", "max-age=60, private"),
        ("public, s-maxage=10, max-age=60", "max-age=60, private"),
        ("\tpublic\t,\tmax-age=60 ", "max-age=60, private"),
        (" , ,", "private"),
        ("public,,max-age=60,", "max-age=60, private"),
    ] {
        let headers = respond(&private(), &[existing], SET);
        assert_eq!(cache_control(&headers), [expected], "{existing}");
    }
}

#[test]
fn directives_with_similar_names_are_kept() {
    for existing in [
        "publication",
        "x-public",
        "s-maxage-x=1",
        "xs-maxage=1",
        "x=public",
        "x=s-maxage",
        "proxy-revalidate",
        "must-understand",
        "stale-while-revalidate=30",
    ] {
        let headers = respond(&private(), &[existing], SET);
        let expected = format!("{existing}, private");
        assert_eq!(cache_control(&headers), [expected], "{existing}");
    }
    // These do not mean `private` or `no-store` either.
    for existing in ["privately", "no-store-x", "x-no-store", "x=private"] {
        let headers = respond(&private(), &[existing], SET);
        let expected = format!("{existing}, private");
        assert_eq!(cache_control(&headers), [expected], "{existing}");
    }
}

#[test]
fn private_and_no_store_are_kept_as_they_are() {
    for existing in [
        &["private"][..],
        &["PRIVATE"],
        &["no-store"],
        &["No-Store"],
        &["private,max-age=60"],
        &["max-age=0, no-cache, no-store, must-revalidate, private"],
        &["public ,  no-store"],
        &["max-age=60", "private"],
        &["no-store", "public"],
        &["", "no-store"],
        &["no-store,no-cache,s-maxage=10"],
        &["no-store, must-understand, private"],
        &["private", "must-understand"],
        &[r#"no-store, x="must-understand, ""#],
    ] {
        for write in [SET, DELETE] {
            let headers = respond(&private(), existing, write);
            assert_eq!(cache_control(&headers), existing);
        }
    }
}

/// With `no-cache`, a shared cache may store the response, and send it to another user once it is
/// validated (RFC 9111 §4.3.4 and §5.2.2.4). A cache that knows `must-understand` ignores `no-store`
/// beside it (§5.2.2.3).
#[test]
fn no_cache_and_no_store_with_must_understand_are_not_enough() {
    for (existing, expected) in [
        (&["no-cache"][..], "no-cache, private"),
        (&["NO-CACHE"], "NO-CACHE, private"),
        (&["public, no-cache"], "no-cache, private"),
        (&["no-cache,s-maxage=10"], "no-cache, private"),
        (&["", "no-cache"], "no-cache, private"),
        (
            &["no-store, must-understand, public, max-age=600"],
            "no-store, must-understand, max-age=600, private",
        ),
        (
            &["Must-Understand, public, No-Store"],
            "Must-Understand, No-Store, private",
        ),
        (
            &["must-understand", "no-store"],
            "must-understand, no-store, private",
        ),
        (
            &[r#"x="a\", private, b", public, max-age=60"#],
            r#"x="a\", private, b", max-age=60, private"#,
        ),
    ] {
        for write in [SET, DELETE] {
            let headers = respond(&private(), existing, write);
            assert_eq!(cache_control(&headers), [expected]);
        }
    }
}

/// With field names, `private` and `no-cache` limit these headers only (RFC 9111 §5.2.2.4 and
/// §5.2.2.7), so the response itself could be stored.
#[test]
fn private_and_no_cache_with_header_names_are_not_enough() {
    for (existing, expected) in [
        (r#"private="x""#, r#"private="x", private"#),
        (
            r#"private="set-cookie""#,
            r#"private="set-cookie", private"#,
        ),
        (
            r#"no-cache="set-cookie""#,
            r#"no-cache="set-cookie", private"#,
        ),
        (
            r#"public, no-cache="set-cookie, x", max-age=60"#,
            r#"no-cache="set-cookie, x", max-age=60, private"#,
        ),
    ] {
        let headers = respond(&private(), &[existing], SET);
        assert_eq!(cache_control(&headers), [expected], "{existing}");
    }
}

/// A quoted string is one value, with its commas, and with `\"` as a quote in it (RFC 9110 §5.6.4).
#[test]
fn directives_in_quoted_strings_do_not_count() {
    for existing in [
        r#"x="a, b""#,
        r#"x="a, private, b""#,
        r#"x="no-store, no-cache""#,
        r#"x="public, s-maxage=10""#,
        r#"x=",", y=",private,""#,
        r#"x="a\", private, \"b""#,
        r#"x="\\", y=", private,""#,
    ] {
        let headers = respond(&private(), &[existing], SET);
        let expected = format!("{existing}, private");
        assert_eq!(cache_control(&headers), [expected], "{existing}");
    }
    // After the end of a quoted string, directives count again.
    for (existing, expected) in [
        (r#"x="a\"b", public"#, r#"x="a\"b", private"#),
        (r#"x="\\", public"#, r#"x="\\", private"#),
        (r#"x="a\"b", private"#, r#"x="a\"b", private"#),
    ] {
        let headers = respond(&private(), &[existing], SET);
        assert_eq!(cache_control(&headers), [expected], "{existing}");
    }
}

/// Several headers are one list (RFC 9110 §5.3).
#[test]
fn several_headers_become_one() {
    for (existing, expected) in [
        (&["public", "max-age=60"][..], "max-age=60, private"),
        (&["max-age=60", "s-maxage=10"], "max-age=60, private"),
        (&["public", "public"], "private"),
        (&["", ""], "private"),
        (
            &["max-age=60", "immutable"],
            "max-age=60, immutable, private",
        ),
    ] {
        let headers = respond(&private(), existing, SET);
        assert_eq!(cache_control(&headers), [expected], "{existing:?}");
    }
}

/// Header values may contain bytes that are not ASCII (`obs-text`, RFC 9110 §5.5).
#[test]
fn directives_that_are_not_ascii_are_kept() {
    let mut service = private().layer(service_fn(|request: Request<()>| {
        SET(&jar_of(&request));
        let mut response = Response::new(());
        let value = HeaderValue::from_bytes(b"public, x=\"\xe9\xff\"").unwrap();
        response.headers_mut().insert(CACHE_CONTROL, value);
        ready(Ok::<_, Infallible>(response))
    }));
    let Ok(response) = ready_output(service.call(Request::new(())));
    let values: Vec<_> = response.headers().get_all(CACHE_CONTROL).iter().collect();
    assert_eq!(values, [&b"x=\"\xe9\xff\", private"[..]]);
}

/// Existing headers that must not change.
const UNTOUCHED: [&[&str]; 6] = [
    &[],
    &[""],
    &["public"],
    &["public ,max-age=60", "s-maxage=10"],
    &["private"],
    &["no-store"],
];

#[track_caller]
fn assert_untouched(layer: &CookieLayer, handler: Handler) {
    for existing in UNTOUCHED {
        let headers = respond(layer, existing, handler);
        assert_eq!(cache_control(&headers), existing);
        assert!(!headers.contains_key(SET_COOKIE));
    }
}

#[test]
fn response_without_set_cookie_is_untouched() {
    let operations: [Handler; 5] = [
        NOTHING,
        |jar| assert_eq!(jar.get("a"), Some("1")),
        |jar| assert_eq!(jar.iter().count(), 1),
        |jar| assert!(jar.queued().is_empty()),
        |jar| drop(jar.clone()),
    ];
    for operation in operations {
        assert_untouched(&private(), operation);
    }
}

#[test]
fn response_without_cache_control_private_is_untouched() {
    for existing in UNTOUCHED {
        for layer in [CookieLayer::new(), CookieLayer::new().vary_on_cookie()] {
            let headers = respond(&layer, existing, SET);
            assert_eq!(cache_control(&headers), existing);
            assert_eq!(set_cookies(&headers).len(), 1);
        }
    }
}

#[test]
fn refused_operations_leave_response_untouched() {
    let layer = private()
        .declare(Cookie::build("declared").secure(true))
        .and_then(|layer| layer.renamed("old", "declared"))
        .unwrap();
    let refused: [Handler; 6] = [
        |jar| assert_matches!(jar.set(("", "1")), Err(CookieError::InvalidName { .. })),
        |jar| {
            assert_matches!(
                jar.set(Cookie::build(("a", "1")).path("/../x")),
                Err(CookieError::InvalidPath {
                    reason: AttributeReason::DotSegment,
                    ..
                })
            );
        },
        |jar| {
            assert_matches!(
                jar.set(Cookie::build(("declared", "1")).path("/x")),
                Err(CookieError::ScopeMismatch { .. })
            );
        },
        |jar| assert_matches!(jar.set(("old", "1")), Err(CookieError::Renamed { .. })),
        |jar| assert_matches!(jar.delete("a=b"), Err(CookieError::InvalidName { .. })),
        |jar| {
            assert_matches!(
                jar.delete(Cookie::build("declared").secure(false)),
                Err(CookieError::Downgrade { .. })
            );
        },
    ];
    for operation in refused {
        assert_untouched(&layer, operation);
    }
    assert_untouched(&layer.deny_undeclared(), |jar| {
        assert_matches!(jar.set(("a", "1")), Err(CookieError::Undeclared { .. }));
        assert_matches!(jar.delete("a"), Err(CookieError::Undeclared { .. }));
    });
}

#[test]
fn operation_after_response_headers_leaves_response_untouched() {
    let mut service = private().layer(service_fn(|request: Request<()>| {
        let response = response_with(&["public"]).map(|()| jar_of(&request));
        ready(Ok::<_, Infallible>(response))
    }));
    let Ok(response) = ready_output(service.call(Request::new(())));
    assert_closed(response.body());
    assert_eq!(cache_control(response.headers()), ["public"]);
}

#[test]
fn refused_operation_after_a_set_adds_private() {
    let headers = respond(&private(), &["public"], |jar| {
        SET(jar);
        assert_matches!(jar.set(("", "1")), Err(CookieError::InvalidName { .. }));
    });
    assert_eq!(cache_control(&headers), ["private"]);
}

/// The response of a service that writes `Set-Cookie` itself, without the jar.
#[test]
fn set_cookie_of_inner_service_adds_private() {
    for handler in [NOTHING, SET] {
        let mut service = private().layer(service_fn(|request: Request<()>| {
            handler(&jar_of(&request));
            let mut response = response_with(&["public, max-age=60"]);
            let own = HeaderValue::from_static("own=1");
            response.headers_mut().append(SET_COOKIE, own);
            ready(Ok::<_, Infallible>(response))
        }));
        let Ok(response) = ready_output(service.call(Request::new(())));
        assert_eq!(cache_control(response.headers()), ["max-age=60, private"]);
        assert_eq!(set_cookies(response.headers())[0], "own=1");
    }
}

#[test]
fn response_with_error_status_and_set_cookie_is_private() {
    let mut service = private().layer(service_fn(|request: Request<()>| {
        SET(&jar_of(&request));
        let mut response = response_with(&["public"]);
        *response.status_mut() = StatusCode::NOT_FOUND;
        ready(Ok::<_, Infallible>(response))
    }));
    let Ok(response) = ready_output(service.call(Request::new(())));
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(cache_control(response.headers()), ["private"]);
}

#[test]
fn error_of_inner_service_is_returned() {
    let mut service = private().layer(service_fn(|request: Request<()>| {
        SET(&jar_of(&request));
        ready(Err::<Response<()>, _>("broken"))
    }));
    let result = ready_output(service.call(Request::new(())));
    assert_eq!(result.unwrap_err(), "broken");
}

#[test]
fn set_of_one_request_leaves_other_responses_untouched() {
    let jars = Mutex::new(Vec::new());
    let mut service = private().layer(service_fn(|request: Request<()>| {
        jars.lock().unwrap().push(jar_of(&request));
        ready(Ok::<_, Infallible>(response_with(&["public"])))
    }));
    let with_cookie = service.call(Request::new(()));
    let without_cookie = service.call(Request::new(()));
    SET(&jars.lock().unwrap()[0]);
    for (call, expected) in [(with_cookie, "private"), (without_cookie, "public")] {
        let Ok(response) = ready_output(call);
        assert_eq!(cache_control(response.headers()), [expected]);
    }
}

#[test]
fn vary_and_private_are_both_added() {
    let headers = respond(&private().vary_on_cookie(), &["public"], SET);
    assert_eq!(cache_control(&headers), ["private"]);
    assert_eq!(headers[VARY], "Cookie");
    assert_eq!(set_cookies(&headers), ["a=1; Path=/"]);

    // A read alone varies, but carries no cookie.
    let headers = respond(&private().vary_on_cookie(), &["public"], |jar| {
        assert!(jar.contains("a"));
    });
    assert_eq!(cache_control(&headers), ["public"]);
    assert_eq!(headers[VARY], "Cookie");
}

/// The places in which a cookie is set around two nested layers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    BeforeInner,
    Handler,
    AfterInner,
    Nowhere,
}

/// The `Cache-Control` headers between the layers and at the end, if the handler's response has
/// `public`.
fn nested(outer: &CookieLayer, inner: &CookieLayer, place: Place) -> [Vec<String>; 2] {
    let owned = |headers: &HeaderMap| -> Vec<String> {
        let values = cache_control(headers).into_iter();
        values.map(str::to_owned).collect()
    };
    let between = Mutex::new(Vec::new());
    let mut service = ServiceBuilder::new()
        .layer(outer)
        .map_request(|request: Request<()>| {
            if place == Place::BeforeInner {
                SET(&jar_of(&request));
            }
            request
        })
        .map_response(|response: Response<CookieJar>| {
            if place == Place::AfterInner {
                SET(response.body());
            }
            *between.lock().unwrap() = owned(response.headers());
            response
        })
        .layer(inner)
        .service(service_fn(|request: Request<()>| {
            let jar = jar_of(&request);
            if place == Place::Handler {
                SET(&jar);
            }
            let response = response_with(&["public"]).map(|()| jar);
            ready(Ok::<_, Infallible>(response))
        }));
    let Ok(response) = ready_output(service.call(Request::new(())));
    let cookies = usize::from(place != Place::Nowhere);
    assert_eq!(set_cookies(response.headers()).len(), cookies, "{place:?}");
    let end = owned(response.headers());
    let between = between.lock().unwrap().clone();
    [between, end]
}

#[test]
fn set_around_nested_layers_is_private_by_outer_layer() {
    for inner in [CookieLayer::new(), private()] {
        for place in [Place::BeforeInner, Place::Handler, Place::AfterInner] {
            let [_, end] = nested(&private(), &inner, place);
            assert_eq!(end, ["private"], "{place:?}");
        }
        let [_, end] = nested(&private(), &inner, Place::Nowhere);
        assert_eq!(end, ["public"]);
    }
}

#[test]
fn set_before_response_of_inner_layer_is_private_by_inner_layer() {
    for place in [Place::BeforeInner, Place::Handler] {
        let [between, end] = nested(&CookieLayer::new(), &private(), place);
        assert_eq!(between, ["private"], "{place:?}");
        assert_eq!(end, ["private"], "{place:?}");
    }
    let [between, end] = nested(&CookieLayer::new(), &private(), Place::Nowhere);
    assert_eq!([between, end], [["public"], ["public"]]);
}

#[test]
fn nested_layers_without_cache_control_private_leave_response_untouched() {
    let plain = CookieLayer::new();
    for place in [Place::BeforeInner, Place::Handler, Place::AfterInner] {
        assert_eq!(nested(&plain, &plain, place), [["public"], ["public"]]);
    }
}

#[test]
fn set_cookie_of_service_inside_nested_layers_is_private_by_either_layer() {
    let plain = CookieLayer::new;
    for (outer, inner) in [
        (private(), plain()),
        (plain(), private()),
        (private(), private()),
    ] {
        let service = outer.layer(inner.layer(service_fn(|_: Request<()>| {
            let mut response = response_with(&["public, max-age=60"]);
            let own = HeaderValue::from_static("own=1");
            response.headers_mut().append(SET_COOKIE, own);
            ready(Ok::<_, Infallible>(response))
        })));
        let mut service = service;
        let Ok(response) = ready_output(service.call(Request::new(())));
        assert_eq!(cache_control(response.headers()), ["max-age=60, private"]);
    }
}

/// The outer service abandons the inner one, so the request ends before the inner response.
#[test]
fn operation_of_inner_service_after_end_of_request_leaves_response_untouched() {
    let inner_calls = Mutex::new(Vec::new());
    let inner = Mutex::new(private().layer(service_fn(|request: Request<()>| {
        let jar = jar_of(&request);
        async move {
            assert_response_started(jar.set(("late", "1")), "late");
            Ok::<_, Infallible>(response_with(&["public"]))
        }
    })));
    let mut outer = private().layer(service_fn(|request: Request<()>| {
        let call = inner.lock().unwrap().call(request);
        inner_calls.lock().unwrap().push(call);
        ready(Err::<Response<()>, _>("abandoned"))
    }));
    let result = ready_output(outer.call(Request::new(())));
    assert_eq!(result.unwrap_err(), "abandoned");

    let call = inner_calls.lock().unwrap().pop().unwrap();
    let Ok(response) = ready_output(call);
    assert_eq!(cache_control(response.headers()), ["public"]);
}
