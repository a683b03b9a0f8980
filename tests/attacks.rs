//! Attacks that are known by a number fail here. Each was made for software with another reading or
//! writing of cookies; `tests/linear.rs` counts the work that those for slowness cause.

mod support;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use support::{request, sent};
use tower_django_cookies::time::Duration;
use tower_django_cookies::{AttributeReason, Cookie, CookieError, CookieJar, CookieLayer};

fn jar(cookies: impl AsRef<[u8]>) -> CookieJar {
    CookieJar::from_headers(request(cookies).headers())
}

fn refused(cookie: impl Into<Cookie<'static>>) -> CookieError {
    let cookie = cookie.into();
    let mut error = None;
    let fields = sent(&CookieLayer::new(), |jar| {
        error = jar.set(cookie.clone()).err();
    });
    assert!(fields.is_empty(), "{fields:?}");
    error.expect("an error")
}

/// CVE-2020-8184: a name that is percent-decoded passes for one that no other host may set.
#[test]
fn a_percent_encoded_prefix_is_another_name() {
    for name in ["__%48ost-id", "%5F%5FHost-id", "%5f_Host%2Did"] {
        let jar = jar(format!("{name}=evil"));
        assert_eq!(jar.get("__Host-id"), None);
        assert_eq!(jar.get(name), Some("evil"));
    }
}

/// The white space that Unicode knows and cookies don't.
#[test]
fn a_prefix_with_unicode_white_space_is_another_name() {
    for space in [
        '\u{a0}', '\u{2000}', '\u{2028}', '\u{3000}', '\u{feff}', '\u{85}',
    ] {
        let jar = jar(format!("{space}__Host-id=evil; __Host-id{space}=evil"));
        assert_eq!(jar.get("__Host-id"), None, "{space:?}");
        assert_eq!(jar.len(), 2);
    }
}

/// CVE-2023-23934: browsers send a cookie without a name as its value alone, so that it must not be
/// read as a pair.
#[test]
fn a_nameless_cookie_gives_no_other_its_value() {
    let jar = jar("=__Host-test=bad");
    assert_eq!(jar.get("__Host-test"), None);
    assert_eq!(jar.get(""), Some("__Host-test=bad"));

    let error = refused(("", "__Host-test=bad"));
    assert!(matches!(error, CookieError::InvalidName { .. }), "{error}");
}

/// CVE-2023-4639: an opening quote in one cookie and a closing one in another must not take what is
/// between for a value, be it a secret that scripts can't read.
#[test]
fn a_sandwich_of_quotes_has_no_filling() {
    let jar = jar(r#"open="x; session=secret; close=y""#);
    assert_eq!(jar.get("open"), Some("\"x"));
    assert_eq!(jar.get("session"), Some("secret"));
    assert_eq!(jar.get("close"), Some("y\""));
    assert_eq!(jar.len(), 3);
}

/// The older syntax of RFC 2965 is text like any other.
#[test]
fn a_dollar_version_switches_to_no_other_syntax() {
    let jar = jar(r#"$Version=1; open="x, session=evil"; $Path=/; session=mine"#);
    assert_eq!(jar.get("session"), Some("mine"));
    assert_eq!(jar.get("$Version"), Some("1"));
    assert_eq!(jar.get("open"), Some("x, session=evil"));
}

/// CVE-2024-47764: a name, Path or Domain with a `;` writes attributes of its own.
#[test]
fn names_paths_and_domains_write_no_attributes() {
    let error = refused((
        "userName=<script>alert('XSS3')</script>; Max-Age=2592000; a",
        "test",
    ));
    assert!(matches!(error, CookieError::InvalidName { .. }), "{error}");

    let error = refused(Cookie::build(("a", "1")).path("/; Max-Age=2592000; a"));
    let CookieError::InvalidPath { reason, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(reason, AttributeReason::Semicolon);

    let error = refused(Cookie::build(("a", "1")).domain("example.com; Secure"));
    let CookieError::InvalidDomain { reason, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(reason, AttributeReason::Semicolon);

    let fields = sent(&CookieLayer::new(), |jar| {
        jar.set(("a", "1; Path=/evil; HttpOnly")).unwrap();
    });
    assert_eq!(fields, [r#"a="1\073 Path=/evil\073 HttpOnly"; Path=/"#]);
}

/// CVE-2026-3644, and CVE-2026-0672 before it: control characters end the field and begin another.
#[test]
fn control_characters_write_no_fields() {
    for control in ('\0'..' ').chain(['\x7f']) {
        let text = format!("1{control}Set-Cookie: b=2");
        let error = refused(("a", text.clone()));
        assert!(
            matches!(error, CookieError::ControlCharacter { .. }),
            "{error}"
        );
        let error = refused((text.clone(), "1"));
        assert!(matches!(error, CookieError::InvalidName { .. }), "{error}");
        let error = refused(Cookie::build(("a", "1")).path(format!("/{text}")));
        assert!(matches!(error, CookieError::InvalidPath { .. }), "{error}");
        let error = refused(Cookie::build(("a", "1")).domain(text));
        assert!(
            matches!(error, CookieError::InvalidDomain { .. }),
            "{error}"
        );
    }
}

/// CVE-2024-7592 and CVE-2024-52804: unquoting that copies the rest for each escape.
#[test]
fn a_value_of_escapes_is_undone_in_one_pass() {
    let jar = jar(format!(
        "a=\"{}\"; b=\"{}\"",
        "\\\\".repeat(16_000),
        "\\073".repeat(8_000)
    ));
    assert_eq!(jar.get("a"), Some(&*"\\".repeat(16_000)));
    assert_eq!(jar.get("b"), Some(&*";".repeat(8_000)));
}

/// CVE-2025-58186: each tiny cookie of a field costs many times its own bytes in memory.
#[test]
fn plain_cookies_take_no_memory_until_all_are_asked_for() {
    let request = request("a=;".repeat(20_000));
    let of_one = allocation_counter::measure(|| {
        let jar = CookieJar::from_headers(request.headers());
        assert_eq!((jar.get("a"), jar.get("b")), (Some(""), None));
    });
    assert!(of_one.bytes_max < 1024, "{of_one:?}");
    let of_all = allocation_counter::measure(|| {
        let jar = CookieJar::from_headers(request.headers());
        assert_eq!(jar.len(), 1);
    });
    assert!(of_all.bytes_max < 4096, "{of_all:?}");
}

/// As short as a name can be that none before has.
fn name(number: usize) -> Vec<u8> {
    let digits: Vec<_> = (b'!'..=b'~').filter(|byte| !b";=".contains(byte)).collect();
    let mut name = match number / digits.len() {
        0 => Vec::new(),
        more => self::name(more - 1),
    };
    name.push(digits[number % digits.len()]);
    name
}

#[test]
fn no_cookies_take_many_times_their_own_memory() {
    let shapes: [fn(usize) -> Vec<u8>; 9] = [
        |_| b"a=;".to_vec(),
        |_| b"\xff;".to_vec(),
        |_| b"a=\xff;".to_vec(),
        |_| b"\xff=;".to_vec(),
        |_| br#"a="\";"#.to_vec(),
        |number| [&name(number)[..], b"=;"].concat(),
        |number| [&name(number)[..], br#"="\";"#].concat(),
        |number| [&name(number)[..], b"=\xff;"].concat(),
        |number| [&name(number)[..], b"\xff=;"].concat(),
    ];
    // Tables double when one more comes than they have room for.
    let doubling = (2..15).flat_map(|bits| {
        let places = 1 << bits;
        [places / 8 * 7 + 1, places + 1]
    });
    for number in doubling.chain([1, 20_000]) {
        for shape in shapes {
            let field: Vec<_> = (0..number).flat_map(shape).collect();
            let value = HeaderValue::from_bytes(&field).unwrap();
            let headers = HeaderMap::from_iter([(COOKIE, value)]);
            let taken = allocation_counter::measure(|| {
                let jar = CookieJar::from_headers(&headers);
                let read: usize = jar
                    .iter()
                    .map(|(name, value)| name.len() + value.len())
                    .sum();
                assert!(read > 0);
                assert_eq!(jar.get("missing"), None);
            });
            let most = 4096 + 32 * u64::try_from(field.len()).unwrap();
            assert!(
                taken.bytes_max < most,
                "{number} as {}: {taken:?}, at most {most}",
                shape(0).escape_ascii()
            );
        }
    }
}

/// RUSTSEC-2017-0005: a Max-Age that is larger than a number can be.
#[test]
fn no_lifetime_is_too_long() {
    for lifetime in [
        Duration::MAX,
        Duration::MIN,
        Duration::seconds(i64::MAX / 1000),
    ] {
        let fields = sent(&CookieLayer::new(), |jar| {
            jar.set(Cookie::build(("a", "1")).max_age(lifetime))
                .unwrap();
        });
        let max_age = format!("; Max-Age={}; ", lifetime.whole_seconds());
        assert!(fields[0].contains(&max_age), "{fields:?}");
        assert!(fields[0].contains(" GMT; "), "{fields:?}");
    }
}

#[cfg(feature = "test-util")]
#[tokio::test]
async fn no_lifetime_is_too_long_for_the_test_client() {
    use http::{Request, Response};
    use tower::{BoxError, service_fn};
    use tower_django_cookies::test::Client;

    let digits = "9".repeat(400);
    let service = service_fn(move |_: Request<String>| {
        let field = format!("a=1; Max-Age={digits}");
        let response = Response::builder().header("set-cookie", field);
        std::future::ready(response.body(String::new()).map_err(BoxError::from))
    });
    let mut client = Client::new(service)
        .base_url("https://www.example.com")
        .unwrap();
    client.get("/").await.unwrap();
    client.advance(std::time::Duration::from_secs(100 * 365 * 24 * 60 * 60));
    assert_eq!(client.cookies().len(), 1);
}

/// CVE-2026-6873: a salt and a name that run together, so that a signature fits another cookie.
#[cfg(feature = "signed")]
#[test]
fn a_signature_fits_no_other_name_or_salt() {
    let layer = CookieLayer::new().secret_key("a secret that nobody guesses");
    let signer = layer.jar(&request(""));
    signer.signed().salt("bc").set(("a", "42")).unwrap();
    let signed = signer.queued()[0].value().to_owned();
    for (name, salt) in [
        ("ab", "c"),
        ("abc", ""),
        ("", "abc"),
        ("bca", ""),
        ("b", "ca"),
        ("a", ""),
    ] {
        let jar = layer.jar(&request(format!("{name}={signed}")));
        let error = jar.signed().salt(salt).get(name).unwrap_err();
        assert!(
            matches!(error, CookieError::BadSignature { .. }),
            "{name}, {salt}: {error}"
        );
    }
}

/// What was declared can't be had for less.
#[test]
fn a_declared_cookie_is_not_downgraded() {
    let session = Cookie::build("session").secure(true).http_only(true);
    let layer = CookieLayer::new().declare(session).unwrap();
    let fields = sent(&layer, |jar| {
        for weaker in [
            Cookie::build(("session", "1")).secure(false),
            Cookie::build(("session", "1")).http_only(false),
        ] {
            let error = jar.set(weaker).unwrap_err();
            assert!(matches!(error, CookieError::Downgrade { .. }), "{error}");
        }
        jar.set(("session", "1")).unwrap();
    });
    assert_eq!(fields, ["session=1; HttpOnly; Path=/; Secure"]);
}
