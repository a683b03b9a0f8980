//! `vary_on_cookie`: `Vary: Cookie` when the request's cookies were read before the head left.

mod support;

use std::convert::Infallible;
use std::future::ready;
use std::sync::Mutex;

use http::header::VARY;
use http::{HeaderValue, Request, Response};
use support::{jar_of, now, request, set_cookies};
use tower::{Layer, Service, service_fn};
use tower_django_cookies::{Cookie, CookieJar, CookieLayer};

type Handler = fn(&CookieJar);

/// The response of a service that hands the jar to `handler` and writes the fields `existing`.
fn answer(
    layer: &CookieLayer,
    request: Request<()>,
    existing: &[&str],
    handler: Handler,
) -> Response<CookieJar> {
    let mut service = layer.layer(service_fn(|request: Request<()>| {
        let jar = jar_of(&request);
        handler(&jar);
        let mut response = Response::new(jar);
        for field in existing {
            let field = HeaderValue::from_str(field).unwrap();
            response.headers_mut().append(VARY, field);
        }
        ready(Ok::<_, Infallible>(response))
    }));
    now(service.call(request)).unwrap()
}

fn fields<B>(response: &Response<B>) -> Vec<&str> {
    let fields = response.headers().get_all(VARY).iter();
    fields.map(|field| field.to_str().unwrap()).collect()
}

/// Every way of reading.
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
fn every_way_of_reading_counts() {
    let layer = CookieLayer::new().vary_on_cookie();
    for (way, read) in READS {
        let response = answer(&layer, request("a=1"), &[], read);
        assert_eq!(fields(&response), ["Cookie"], "{way}");
    }
}

#[test]
fn reading_what_the_request_does_not_have_counts() {
    let layer = CookieLayer::new().vary_on_cookie();
    for (way, read) in READS {
        let response = answer(&layer, request("b=1"), &[], read);
        assert_eq!(fields(&response), ["Cookie"], "{way}");
        let response = answer(&layer, Request::new(()), &[], read);
        assert_eq!(fields(&response), ["Cookie"], "{way}");
    }
}

#[test]
fn what_does_not_read_does_not_count() {
    const OTHERS: [(&str, Handler); 6] = [
        ("nothing", |_| {}),
        ("set", |jar| jar.set(("a", "1")).unwrap()),
        ("delete", |jar| jar.delete("a").unwrap()),
        ("a refused set", |jar| {
            jar.set(Cookie::build(("a", "1")).path("x")).unwrap_err();
        }),
        ("queued", |jar| {
            let _ = jar.queued();
        }),
        ("Debug", |jar| {
            let _ = format!("{jar:?}");
        }),
    ];

    let layer = CookieLayer::new().vary_on_cookie();
    for (what, other) in OTHERS {
        let response = answer(&layer, request("a=1"), &[], other);
        assert!(fields(&response).is_empty(), "{what}");
        let response = answer(&layer, request("a=1"), &["Accept"], other);
        assert_eq!(fields(&response), ["Accept"], "{what}");
    }
}

#[test]
fn a_clone_of_the_jar_counts() {
    let layer = CookieLayer::new().vary_on_cookie();
    let response = answer(&layer, request("a=1"), &[], |jar| {
        assert_eq!(jar.clone().get("a"), Some("1"));
    });
    assert_eq!(fields(&response), ["Cookie"]);
}

#[test]
fn without_the_setting_nothing_is_added() {
    for (way, read) in READS {
        let response = answer(&CookieLayer::new(), request("a=1"), &[], read);
        assert!(fields(&response).is_empty(), "{way}");
        let response = answer(&CookieLayer::new(), request("a=1"), &["Accept"], read);
        assert_eq!(fields(&response), ["Accept"], "{way}");
    }
}

/// An existing `Vary`, and what `django.utils.cache.patch_vary_headers(response, ["Cookie"])` of
/// Django 5.2.19 makes of it.
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
fn an_existing_vary_is_merged_as_django_does() {
    let layer = CookieLayer::new().vary_on_cookie();
    for (existing, expected) in DJANGO {
        let response = answer(&layer, request("a=1"), &[existing], READS[0].1);
        assert_eq!(fields(&response), [expected], "{existing}");
    }
}

/// The same, where Django also tidies what was there.
const DJANGO_TIDIES: [(&str, &str); 8] = [
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
fn an_existing_vary_is_tidied_as_django_does() {
    let layer = CookieLayer::new().vary_on_cookie();
    for (existing, expected) in DJANGO_TIDIES {
        let response = answer(&layer, request("a=1"), &[existing], READS[0].1);
        assert_eq!(fields(&response), [expected], "{existing}");
    }
}

/// Django's responses have one field of a name. Several are one list (RFC 9110 §5.3).
#[test]
fn several_vary_fields_become_one() {
    let layer = CookieLayer::new().vary_on_cookie();
    for (existing, expected) in [
        (&["Accept", "Origin"][..], "Accept, Origin, Cookie"),
        (
            &["Accept, Range", "Origin"],
            "Accept, Range, Origin, Cookie",
        ),
    ] {
        let response = answer(&layer, request("a=1"), existing, READS[0].1);
        assert_eq!(fields(&response), [expected], "{existing:?}");
    }
}

#[test]
fn a_cookie_or_an_asterisk_in_any_vary_field_is_enough() {
    let layer = CookieLayer::new().vary_on_cookie();
    for existing in [
        &["Accept", "cookie"][..],
        &["Cookie", "Accept"],
        &["Accept", "Origin, COOKIE"],
    ] {
        let response = answer(&layer, request("a=1"), existing, READS[0].1);
        let members = fields(&response).join(", ");
        assert_eq!(members, existing.join(", "));
    }
    for existing in [&["Accept", "*"][..], &["*", "Accept"]] {
        let response = answer(&layer, request("a=1"), existing, READS[0].1);
        let members = fields(&response).join(", ");
        assert!(members.split(", ").any(|member| member == "*"), "{members}");
        assert!(!members.contains("Cookie"), "{members}");
    }
}

#[test]
fn reading_after_the_head_has_left_does_not_count() {
    let layer = CookieLayer::new().vary_on_cookie();
    let response = answer(&layer, request("a=1"), &[], |jar| {
        jar.set(("b", "1")).unwrap();
    });

    assert_eq!(response.body().get("a"), Some("1"));
    assert!(fields(&response).is_empty());
    assert_eq!(set_cookies(response.headers()), ["b=1; Path=/"]);

    // Nor does it count for the next request.
    let response = answer(&layer, request("a=1"), &[], |_| {});
    assert!(fields(&response).is_empty());
}

#[test]
fn what_another_request_read_does_not_count() {
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
        let response = now(call).unwrap();
        assert_eq!(fields(&response), expected);
    }
}

#[test]
fn vary_stands_beside_the_cookies_of_the_response() {
    let layer = CookieLayer::new().vary_on_cookie();
    let response = answer(&layer, request("a=1"), &["Accept"], |jar| {
        if jar.contains("a") {
            jar.set(("b", "1")).unwrap();
        }
    });
    assert_eq!(fields(&response), ["Accept, Cookie"]);
    assert_eq!(set_cookies(response.headers()), ["b=1; Path=/"]);
}
