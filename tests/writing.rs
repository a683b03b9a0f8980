//! `Set-Cookie` headers are those of Django, byte for byte, and their values are read back unchanged.
//!
//! `tests/django.rs` compares the output with Django. The tests here check what its vectors cannot.

mod support;

use http::Request;
use proptest::prelude::*;
use support::{deletion, request, response_cookies};
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{Cookie, CookieLayer, Expiration, IntoCookie, SameSite};

/// The `Set-Cookie` header of a response with one `set`.
fn set(cookie: impl IntoCookie<'static>) -> String {
    let cookie = cookie.into_cookie();
    let mut cookies = response_cookies(&CookieLayer::new(), |jar| {
        jar.set(cookie.clone()).expect("no error");
    });
    assert_eq!(cookies.len(), 1);
    cookies.remove(0)
}

#[test]
fn set_writes_attributes_in_order_and_spelling_of_morsel() {
    let cookie = Cookie::build(("a", "1"))
        .secure(true)
        .same_site(SameSite::Strict)
        .path("/app")
        .partitioned(true)
        .http_only(true)
        .domain("example.com");
    let expected =
        "a=1; Domain=example.com; HttpOnly; Partitioned; Path=/app; SameSite=Strict; Secure";
    assert_eq!(set(cookie), expected);
}

#[test]
fn set_with_unset_attributes_uses_django_defaults() {
    assert_eq!(set(("visited", "True")), "visited=True; Path=/");
    assert_eq!(set(("a", "")), "a=\"\"; Path=/");
    for domain in ["", "."] {
        let cookie = Cookie::build(("a", "1")).path("").domain(domain);
        assert_eq!(set(cookie), "a=1", "{domain:?}");
    }
}

#[test]
fn set_adds_secure_and_http_only_where_browsers_require_them() {
    assert_eq!(set(("__Host-a", "1")), "__Host-a=1; Path=/; Secure");
    assert_eq!(set(("__Secure-a", "1")), "__Secure-a=1; Path=/; Secure");
    assert_eq!(
        set(("__Http-a", "1")),
        "__Http-a=1; HttpOnly; Path=/; Secure"
    );
    assert_eq!(
        set(("__host-http-a", "1")),
        "__host-http-a=1; HttpOnly; Path=/; Secure"
    );
    let cross_site = Cookie::build(("a", "1")).same_site(SameSite::None);
    assert_eq!(set(cross_site), "a=1; Path=/; SameSite=None; Secure");
    let partitioned = Cookie::build(("a", "1")).partitioned(true);
    assert_eq!(set(partitioned), "a=1; Partitioned; Path=/; Secure");
}

/// `header` without Max-Age and `expires`, the seconds of Max-Age, and the date of `expires`.
fn split_lifetime(header: &str) -> (String, Option<i64>, Option<OffsetDateTime>) {
    let cookie = Cookie::parse(header.to_owned()).expect("a valid set-cookie-string");
    let other_parts: Vec<_> = header
        .split("; ")
        .filter(|part| !part.starts_with("Max-Age=") && !part.starts_with("expires="))
        .collect();
    let max_age = cookie.max_age().map(Duration::whole_seconds);
    (other_parts.join("; "), max_age, cookie.expires_datetime())
}

#[test]
fn set_with_parsed_expires_writes_max_age_and_expires() {
    let cookie = Cookie::parse("a=1; Expires=Fri, 31 Dec 2100 23:59:59 GMT; Path=/x")
        .expect("a valid set-cookie-string");
    let before = OffsetDateTime::now_utc();
    let (other_parts, max_age, expires) = split_lifetime(&set(cookie));
    assert_eq!(other_parts, "a=1; Path=/x");
    let date = OffsetDateTime::from_unix_timestamp(4_133_980_799).expect("a valid timestamp");
    let left = (date - before).whole_seconds();
    assert!(
        (left - 60..=left + 1).contains(&max_age.expect("Max-Age")),
        "{max_age:?}"
    );
    let difference = (expires.expect("expires") - date).whole_seconds();
    assert!((0..=1).contains(&difference), "{expires:?}");
}

/// RFC 6265 §5.3, step 3.
#[test]
fn set_with_max_age_and_expires_uses_max_age() {
    let cookie = Cookie::build(("a", "1"))
        .max_age(Duration::hours(1))
        .expires(OffsetDateTime::UNIX_EPOCH);
    let before = OffsetDateTime::now_utc().unix_timestamp();
    let (_, max_age, expires) = split_lifetime(&set(cookie));
    assert_eq!(max_age, Some(3600));
    let expires = expires.expect("expires").unix_timestamp();
    let after = OffsetDateTime::now_utc().unix_timestamp();
    assert!((before + 3600..=after + 3600).contains(&expires));
}

#[test]
fn set_with_extreme_max_age_clamps_expires() {
    for (max_age, expires) in [
        (i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (i64::MIN, "Mon, 01 Jan 0001 00:00:00 GMT"),
    ] {
        let header = set(Cookie::build(("a", "1")).max_age(Duration::seconds(max_age)));
        assert_eq!(
            header,
            format!("a=1; expires={expires}; Max-Age={max_age}; Path=/")
        );
    }
}

#[test]
fn set_with_lifetime_replaces_declared_max_age_and_expires() {
    let layer = CookieLayer::new()
        .declare(
            Cookie::build("a")
                .max_age(Duration::hours(1))
                .expires(OffsetDateTime::UNIX_EPOCH),
        )
        .expect("a valid declaration");
    let max_age = |cookie: Cookie<'static>| {
        let cookies = response_cookies(&layer, |jar| jar.set(cookie.clone()).expect("no error"));
        split_lifetime(&cookies[0]).1
    };
    assert_eq!(max_age(Cookie::new("a", "1")), Some(3600));
    assert_eq!(
        max_age(
            Cookie::build(("a", "1"))
                .max_age(Duration::seconds(5))
                .into()
        ),
        Some(5)
    );
    let past = OffsetDateTime::UNIX_EPOCH;
    assert_eq!(
        max_age(Cookie::build(("a", "1")).expires(past).into()),
        Some(0)
    );
    let session = Cookie::build(("a", "1")).expires(Expiration::Session);
    assert_eq!(max_age(session.into()), None);
}

#[test]
fn last_operation_on_identity_replaces_earlier_ones_in_first_place() {
    let cookies = response_cookies(&CookieLayer::new(), |jar| {
        jar.set(("a", "1")).expect("no error");
        jar.set(("b", "1")).expect("no error");
        jar.set(Cookie::build(("a", "2")).http_only(true))
            .expect("no error");
        jar.set(("a", "3")).expect("no error");
    });
    // The last operation takes no attributes from those that it replaces.
    assert_eq!(cookies, ["a=3; Path=/", "b=1; Path=/"]);
}

/// The operations of one name are sent in the order in which they were last queued: the second set
/// with a Domain replaces the first and is sent after the set without a Path.
#[test]
fn operations_on_one_name_at_several_scopes_are_all_sent() {
    let cookies = response_cookies(&CookieLayer::new(), |jar| {
        for (path, domain) in [("/", ""), ("/app", ""), ("/", "Example.com"), ("", "")] {
            let cookie = || Cookie::build(("a", "1")).path(path).domain(domain);
            jar.set(cookie()).expect("no error");
        }
        jar.set(Cookie::build(("a", "2")).domain(".example.COM"))
            .expect("no error");
        jar.set(Cookie::build(("a", "3")).partitioned(true))
            .expect("no error");
        jar.delete(Cookie::build("a").path("/x")).expect("no error");
    });
    assert_eq!(
        cookies,
        [
            "a=1; Path=/",
            "a=1; Path=/app",
            "a=1",
            "a=2; Domain=example.COM; Path=/",
            "a=3; Partitioned; Path=/; Secure",
            &deletion("a", "/x"),
        ]
    );
}

#[test]
fn many_operations_keep_their_order_and_identity() {
    let names: Vec<_> = (0..100).map(|i| format!("n{i}")).collect();
    let cookies = response_cookies(&CookieLayer::new(), |jar| {
        for value in ["1", "2"] {
            for name in &names {
                jar.set((name, value)).expect("no error");
            }
        }
        jar.set(Cookie::build(("n7", "3")).path("/app"))
            .expect("no error");
        jar.delete(Cookie::build("n7").path("/app"))
            .expect("no error");
    });
    let mut expected: Vec<_> = names
        .iter()
        .map(|name| format!("{name}=2; Path=/"))
        .collect();
    expected.push(deletion("n7", "/app"));
    assert_eq!(cookies, expected);
}

#[test]
fn queued_returns_cookies_of_the_response() {
    let jar = CookieLayer::new().jar(&Request::new(()));
    let date = OffsetDateTime::from_unix_timestamp(-62_135_596_800).expect("the year 1");
    jar.set(
        Cookie::build(("a", "x; \"é€\"\\"))
            .path("/app")
            .domain(".Example.com")
            .http_only(true)
            .same_site(SameSite::None)
            .partitioned(true),
    )
    .expect("no error");
    jar.set(
        Cookie::build(("b", ""))
            .max_age(Duration::seconds(i64::MIN))
            .path(""),
    )
    .expect("no error");
    jar.delete(Cookie::build("c").same_site(SameSite::Lax))
        .expect("no error");

    let queued = jar.queued();
    let expected: [Cookie<'_>; 3] = [
        Cookie::build(("a", "x; \"é€\"\\"))
            .path("/app")
            .domain("Example.com")
            .http_only(true)
            .same_site(SameSite::None)
            .secure(true)
            .partitioned(true)
            .into(),
        Cookie::build(("b", ""))
            .max_age(Duration::seconds(i64::MIN))
            .expires(date)
            .into(),
        Cookie::build(("c", ""))
            .path("/")
            .same_site(SameSite::Lax)
            .max_age(Duration::ZERO)
            .expires(OffsetDateTime::UNIX_EPOCH)
            .into(),
    ];
    assert_eq!(queued, expected);
    assert_eq!(queued[0].same_site(), Some(SameSite::None));
}

proptest! {
    #[test]
    fn set_value_is_read_back_unchanged(value in r"[^\p{Cc}]{0,60}|[\u{80}-\u{9f}]{1,9}") {
        let cookies = response_cookies(&CookieLayer::new(), |jar| {
            jar.set(("a", &*value)).expect("no error");
        });
        let pair = cookies[0].split(';').next().expect("a cookie-pair");
        let jar = CookieLayer::new().jar(&request(pair));
        prop_assert_eq!(jar.get("a"), Some(&*value));
        prop_assert_eq!(jar.len(), 1);
    }
}
