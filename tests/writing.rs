//! What is set goes out byte for byte as Django sends it, and comes back as it was.
//!
//! `tests/django.rs` holds the whole of it against Django; here is what its vectors can't hold.

mod support;

use http::Request;
use http::header::SET_COOKIE;
use proptest::prelude::*;
use support::{answer, request, sent};
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{Cookie, CookieLayer, Expiration, SameSite};

fn set(cookie: impl Into<Cookie<'static>>) -> String {
    let cookie = cookie.into();
    let mut fields = sent(&CookieLayer::new(), |jar| {
        jar.set(cookie.clone()).expect("set");
    });
    assert_eq!(fields.len(), 1);
    fields.remove(0)
}

#[test]
fn attributes_come_in_the_order_and_spelling_of_morsel() {
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
fn what_is_left_unsaid_is_djangos_default() {
    assert_eq!(set(("visited", "True")), "visited=True; Path=/");
    assert_eq!(set("a"), "a=\"\"; Path=/");
    assert_eq!(set(Cookie::build(("a", "1")).path("").domain("")), "a=1");
}

#[test]
fn secure_and_http_only_are_added_where_browsers_demand_them() {
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

/// Each part of `field` but its dates, and the seconds that `expires` is after `Max-Age`.
fn dates(field: &str) -> (String, Option<i64>, Option<OffsetDateTime>) {
    let cookie = Cookie::parse(field.to_owned()).expect("a set-cookie-string");
    let plain: Vec<_> = field
        .split("; ")
        .filter(|part| !part.starts_with("Max-Age=") && !part.starts_with("expires="))
        .collect();
    let max_age = cookie.max_age().map(Duration::whole_seconds);
    (plain.join("; "), max_age, cookie.expires_datetime())
}

#[test]
fn a_date_in_a_string_becomes_max_age_and_expires() {
    let cookie =
        Cookie::parse("a=1; Expires=Fri, 31 Dec 2100 23:59:59 GMT; Path=/x").expect("a cookie");
    let before = OffsetDateTime::now_utc();
    let (plain, max_age, expires) = dates(&set(cookie));
    assert_eq!(plain, "a=1; Path=/x");
    let date = OffsetDateTime::from_unix_timestamp(4_133_980_799).expect("a date");
    let left = (date - before).whole_seconds();
    assert!(
        (left - 60..=left + 1).contains(&max_age.expect("Max-Age")),
        "{max_age:?}"
    );
    let off = (expires.expect("expires") - date).whole_seconds();
    assert!((0..=1).contains(&off), "{expires:?}");
}

/// RFC 6265 §5.3, step 3.
#[test]
fn of_both_expiries_max_age_wins() {
    let cookie = Cookie::build(("a", "1"))
        .max_age(Duration::hours(1))
        .expires(OffsetDateTime::UNIX_EPOCH);
    let before = OffsetDateTime::now_utc().unix_timestamp();
    let (_, max_age, expires) = dates(&set(cookie));
    assert_eq!(max_age, Some(3600));
    let expires = expires.expect("expires").unix_timestamp();
    let after = OffsetDateTime::now_utc().unix_timestamp();
    assert!((before + 3600..=after + 3600).contains(&expires));
}

#[test]
fn no_lifetime_overflows() {
    for (max_age, expires) in [
        (i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (i64::MIN, "Mon, 01 Jan 0001 00:00:00 GMT"),
    ] {
        let field = set(Cookie::build(("a", "1")).max_age(Duration::seconds(max_age)));
        assert_eq!(
            field,
            format!("a=1; expires={expires}; Max-Age={max_age}; Path=/")
        );
    }
}

#[test]
fn a_declared_lifetime_is_replaced_whole_and_a_session_cancels_it() {
    let layer = CookieLayer::new()
        .declare(
            Cookie::build("a")
                .max_age(Duration::hours(1))
                .expires(OffsetDateTime::UNIX_EPOCH),
        )
        .expect("a declaration");
    let max_age = |cookie: Cookie<'static>| {
        let fields = sent(&layer, |jar| jar.set(cookie.clone()).expect("set"));
        dates(&fields[0]).1
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
fn fields_are_marked_sensitive() {
    let headers = answer(&CookieLayer::new(), Request::new(()), |jar| {
        jar.set(("a", "1")).expect("set");
        jar.delete("b").expect("delete");
    });
    assert_eq!(
        headers
            .get_all(SET_COOKIE)
            .iter()
            .filter(|field| field.is_sensitive())
            .count(),
        2
    );
}

#[test]
fn the_last_operation_on_an_identity_wins_and_keeps_the_first_ones_place() {
    let fields = sent(&CookieLayer::new(), |jar| {
        jar.set(("a", "1")).expect("set");
        jar.set(("b", "1")).expect("set");
        jar.set(Cookie::build(("a", "2")).http_only(true))
            .expect("set");
        jar.set(("a", "3")).expect("set");
    });
    // No attribute of one operation is left in another.
    assert_eq!(fields, ["a=3; Path=/", "b=1; Path=/"]);
}

#[test]
fn other_scopes_of_a_name_stand_beside_it() {
    let fields = sent(&CookieLayer::new(), |jar| {
        for (path, domain) in [("/", ""), ("/app", ""), ("/", "Example.com"), ("", "")] {
            let cookie = || Cookie::build(("a", "1")).path(path).domain(domain);
            jar.set(cookie()).expect("set");
        }
        jar.set(Cookie::build(("a", "2")).domain(".example.COM"))
            .expect("set");
        jar.set(Cookie::build(("a", "3")).partitioned(true))
            .expect("set");
        jar.delete(Cookie::build("a").path("/x")).expect("delete");
    });
    assert_eq!(
        fields,
        [
            "a=1; Path=/",
            "a=1; Path=/app",
            "a=2; Domain=example.COM; Path=/",
            "a=1",
            "a=3; Partitioned; Path=/; Secure",
            "a=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/x",
        ]
    );
}

#[test]
fn many_operations_keep_their_order_and_identity() {
    let names: Vec<_> = (0..100).map(|i| format!("n{i}")).collect();
    let fields = sent(&CookieLayer::new(), |jar| {
        for value in ["1", "2"] {
            for name in &names {
                jar.set((name, value)).expect("set");
            }
        }
        jar.set(Cookie::build(("n7", "3")).path("/app"))
            .expect("set");
        jar.delete(Cookie::build("n7").path("/app"))
            .expect("delete");
    });
    let mut expected: Vec<_> = names
        .iter()
        .map(|name| format!("{name}=2; Path=/"))
        .collect();
    expected.push("n7=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/app".into());
    assert_eq!(fields, expected);
}

#[test]
fn queued_shows_what_the_response_will_carry() {
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
    .expect("set");
    jar.set(
        Cookie::build(("b", ""))
            .max_age(Duration::seconds(i64::MIN))
            .path(""),
    )
    .expect("set");
    jar.delete(Cookie::build("c").same_site(SameSite::Lax))
        .expect("delete");

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
    fn every_value_comes_back_as_it_was_set(value in r"[^\p{Cc}]{0,60}|[\u{80}-\u{9f}]{1,9}") {
        let fields = sent(&CookieLayer::new(), |jar| jar.set(("a", &*value)).expect("set"));
        let pair = fields[0].split(';').next().expect("a pair");
        let jar = CookieLayer::new().jar(&request(pair));
        prop_assert_eq!(jar.get("a"), Some(&*value));
        prop_assert_eq!(jar.len(), 1);
    }
}
