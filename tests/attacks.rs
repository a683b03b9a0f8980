//! Known attacks on cookies, most of them with a CVE number, fail against this crate.
//!
//! Each was found in other software. `tests/linear.rs` tests the attacks on the running time.

mod support;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use support::{assert_matches, request, response_cookies};
use tower_django_cookies::time::Duration;
use tower_django_cookies::{AttributeReason, Cookie, CookieError, CookieJar, CookieLayer};

fn jar(cookies: impl AsRef<[u8]>) -> CookieJar {
    CookieJar::from_headers(request(cookies).headers())
}

/// Returns the error of `set`, and asserts that no cookie is sent.
#[track_caller]
fn set_error(cookie: impl Into<Cookie<'static>>) -> CookieError {
    let cookie = cookie.into();
    let mut error = None;
    let headers = response_cookies(&CookieLayer::new(), |jar| {
        error = jar.set(cookie.clone()).err();
    });
    assert!(headers.is_empty(), "{headers:?}");
    error.expect("`set` must fail")
}

/// CVE-2020-8184: if names are percent-decoded, an attacker can forge a name with a prefix.
#[test]
fn get_of_host_prefix_with_percent_encoded_prefix_is_none() {
    for name in ["__%48ost-id", "%5F%5FHost-id", "%5f_Host%2Did"] {
        let jar = jar(format!("{name}=evil"));
        assert_eq!(jar.get("__Host-id"), None);
        assert_eq!(jar.get(name), Some("evil"));
    }
}

/// If names are trimmed of all Unicode white space, an attacker can forge a name with a prefix.
#[test]
fn get_of_host_prefix_with_unicode_white_space_is_none() {
    for space in [
        '\u{a0}', '\u{2000}', '\u{2028}', '\u{3000}', '\u{feff}', '\u{85}',
    ] {
        let jar = jar(format!("{space}__Host-id=evil; __Host-id{space}=evil"));
        assert_eq!(jar.get("__Host-id"), None, "{space:?}");
        assert_eq!(jar.len(), 2);
    }
}

/// CVE-2023-23934: browsers send only the value of a cookie without a name, so a value that
/// contains `=` can look like another cookie.
#[test]
fn nameless_cookie_is_not_read_as_other_name() {
    let jar = jar("=__Host-test=bad");
    assert_eq!(jar.get("__Host-test"), None);
    assert_eq!(jar.get(""), Some("__Host-test=bad"));

    assert_matches!(
        set_error(("", "__Host-test=bad")),
        CookieError::InvalidName { .. }
    );
}

/// CVE-2023-4639: with an opening quote in one cookie and a closing quote in another, the cookies
/// between them must not become part of a value that scripts can read.
#[test]
fn quotes_across_cookies_are_not_one_value() {
    let jar = jar(r#"open="x; session=secret; close=y""#);
    assert_eq!(jar.get("open"), Some("\"x"));
    assert_eq!(jar.get("session"), Some("secret"));
    assert_eq!(jar.get("close"), Some("y\""));
    assert_eq!(jar.len(), 3);
}

/// RFC 2965 gave `$Version` and `$Path` a special meaning; here they are ordinary names.
#[test]
fn dollar_version_does_not_switch_to_rfc_2965_syntax() {
    let jar = jar(r#"$Version=1; open="x, session=evil"; $Path=/; session=mine"#);
    assert_eq!(jar.get("session"), Some("mine"));
    assert_eq!(jar.get("$Version"), Some("1"));
    assert_eq!(jar.get("open"), Some("x, session=evil"));
}

/// CVE-2024-47764: a `;` in a name, Path or Domain adds attributes.
#[test]
fn semicolon_in_name_path_domain_or_value_adds_no_attribute() {
    assert_matches!(
        set_error((
            "userName=<script>alert('XSS3')</script>; Max-Age=2592000; a",
            "test",
        )),
        CookieError::InvalidName { .. }
    );
    assert_matches!(
        set_error(Cookie::build(("a", "1")).path("/; Max-Age=2592000; a")),
        CookieError::InvalidPath {
            reason: AttributeReason::Semicolon,
            ..
        }
    );
    assert_matches!(
        set_error(Cookie::build(("a", "1")).domain("example.com; Secure")),
        CookieError::InvalidDomain {
            reason: AttributeReason::Semicolon,
            ..
        }
    );

    let headers = response_cookies(&CookieLayer::new(), |jar| {
        jar.set(("a", "1; Path=/evil; HttpOnly")).unwrap();
    });
    assert_eq!(headers, [r#"a="1\073 Path=/evil\073 HttpOnly"; Path=/"#]);
}

/// CVE-2026-3644 and CVE-2026-0672: a control character ends the header and begins another.
#[test]
fn control_character_in_any_part_adds_no_header() {
    for control in ('\0'..' ').chain(['\x7f']) {
        let text = format!("1{control}Set-Cookie: b=2");
        assert_matches!(
            set_error(("a", text.clone())),
            CookieError::ControlCharacter { .. }
        );
        assert_matches!(
            set_error((text.clone(), "1")),
            CookieError::InvalidName { .. }
        );
        assert_matches!(
            set_error(Cookie::build(("a", "1")).path(format!("/{text}"))),
            CookieError::InvalidPath {
                reason: AttributeReason::ControlCharacter,
                ..
            }
        );
        assert_matches!(
            set_error(Cookie::build(("a", "1")).domain(text)),
            CookieError::InvalidDomain {
                reason: AttributeReason::ControlCharacter,
                ..
            }
        );
    }
}

/// CVE-2024-7592 and CVE-2024-52804: quadratic time if each escape copies the rest of the value.
/// `tests/linear.rs` tests the time; this is the result.
#[test]
fn get_of_value_of_many_escapes_is_unquoted() {
    let jar = jar(format!(
        "a=\"{}\"; b=\"{}\"",
        "\\\\".repeat(16_000),
        "\\073".repeat(8_000)
    ));
    assert_eq!(jar.get("a"), Some(&*"\\".repeat(16_000)));
    assert_eq!(jar.get("b"), Some(&*";".repeat(8_000)));
}

/// CVE-2025-58186: each small cookie of a header takes many times its own length in memory.
#[test]
fn get_of_one_cookie_among_many_allocates_under_1_kib() {
    let request = request("a=;".repeat(20_000));
    let one = allocation_counter::measure(|| {
        let jar = CookieJar::from_headers(request.headers());
        assert_eq!((jar.get("a"), jar.get("b")), (Some(""), None));
    });
    assert!(one.bytes_max < 1024, "{one:?}");
    let all = allocation_counter::measure(|| {
        let jar = CookieJar::from_headers(request.headers());
        assert_eq!(jar.len(), 1);
    });
    assert!(all.bytes_max < 4096, "{all:?}");
}

/// The cookie-name with this number in an enumeration of all, the shortest first.
fn unique_name(number: usize) -> Vec<u8> {
    let digits: Vec<_> = (b'!'..=b'~').filter(|byte| !b";=".contains(byte)).collect();
    let mut name = match number / digits.len() {
        0 => Vec::new(),
        quotient => unique_name(quotient - 1),
    };
    name.push(digits[number % digits.len()]);
    name
}

#[test]
fn iter_over_any_cookies_allocates_at_most_32_times_header_length() {
    let shapes: [fn(usize) -> Vec<u8>; 9] = [
        |_| b"a=;".to_vec(),
        |_| b"\xff;".to_vec(),
        |_| b"a=\xff;".to_vec(),
        |_| b"\xff=;".to_vec(),
        |_| br#"a="\";"#.to_vec(),
        |number| [&unique_name(number)[..], b"=;"].concat(),
        |number| [&unique_name(number)[..], br#"="\";"#].concat(),
        |number| [&unique_name(number)[..], b"=\xff;"].concat(),
        |number| [&unique_name(number)[..], b"\xff=;"].concat(),
    ];
    // A vector or hash table doubles its size when an element exceeds its capacity.
    let after_doubling = (2..15).flat_map(|bits| {
        let capacity = 1 << bits;
        [capacity / 8 * 7 + 1, capacity + 1]
    });
    for count in after_doubling.chain([1, 20_000]) {
        for shape in shapes {
            let cookies: Vec<_> = (0..count).flat_map(shape).collect();
            let value = HeaderValue::from_bytes(&cookies).unwrap();
            let one_header = HeaderMap::from_iter([(COOKIE, value)]);
            // HTTP/2 allows one header for each cookie.
            let many_headers: HeaderMap = (0..count)
                .map(|number| (COOKIE, HeaderValue::from_bytes(&shape(number)).unwrap()))
                .collect();
            let limit = 4096 + 32 * u64::try_from(cookies.len()).unwrap();
            for headers in [one_header, many_headers] {
                let allocated = allocation_counter::measure(|| {
                    let jar = CookieJar::from_headers(&headers);
                    let read: usize = jar
                        .iter()
                        .map(|(name, value)| name.len() + value.len())
                        .sum();
                    assert!(read > 0);
                    assert_eq!(jar.get("missing"), None);
                });
                assert!(
                    allocated.bytes_max < limit,
                    "{count} cookies like {} in {} headers: {allocated:?}, limit {limit}",
                    shape(0).escape_ascii(),
                    headers.len()
                );
            }
        }
    }
}

/// RUSTSEC-2017-0005: integer overflow by a very large Max-Age.
#[test]
fn set_with_extreme_max_age_does_not_overflow() {
    for lifetime in [
        Duration::MAX,
        Duration::MIN,
        Duration::seconds(i64::MAX / 1000),
    ] {
        let headers = response_cookies(&CookieLayer::new(), |jar| {
            jar.set(Cookie::build(("a", "1")).max_age(lifetime))
                .unwrap();
        });
        let max_age = format!("; Max-Age={}; ", lifetime.whole_seconds());
        assert!(headers[0].contains(&max_age), "{headers:?}");
        assert!(headers[0].contains(" GMT; "), "{headers:?}");
    }
}

#[cfg(feature = "test-util")]
#[tokio::test]
async fn test_client_stores_cookie_with_max_age_of_400_digits() {
    use http::{Request, Response};
    use tower::{BoxError, service_fn};
    use tower_django_cookies::test::Client;

    let digits = "9".repeat(400);
    let service = service_fn(move |_: Request<String>| {
        let set_cookie = format!("a=1; Max-Age={digits}");
        let response = Response::builder().header("set-cookie", set_cookie);
        std::future::ready(response.body(String::new()).map_err(BoxError::from))
    });
    let mut client = Client::new(service)
        .base_url("https://www.example.com")
        .unwrap();
    client.get("/").await.unwrap();
    client.advance(Duration::days(100 * 365));
    assert_eq!(client.cookies().len(), 1);
}

/// CVE-2026-6873: if name and salt are only concatenated, a signature is valid for other cookies
/// whose name and salt have the same concatenation.
#[cfg(feature = "signed")]
#[test]
fn signed_get_with_other_name_or_salt_is_bad_signature() {
    let layer = CookieLayer::new()
        .secret_key("a secret that nobody guesses")
        .unwrap();
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
        let result = jar.signed().salt(salt).get(name);
        assert!(
            matches!(result, Err(CookieError::BadSignature { .. })),
            "{name}, {salt}: {result:?}"
        );
    }
}

/// A declared `Secure` or `HttpOnly` can't be switched off in a handler.
#[test]
fn set_of_declared_cookie_without_secure_or_http_only_is_downgrade() {
    let session = Cookie::build("session").secure(true).http_only(true);
    let layer = CookieLayer::new().declare(session).unwrap();
    let headers = response_cookies(&layer, |jar| {
        for weaker in [
            Cookie::build(("session", "1")).secure(false),
            Cookie::build(("session", "1")).http_only(false),
        ] {
            assert_matches!(jar.set(weaker), Err(CookieError::Downgrade { .. }));
        }
        jar.set(("session", "1")).unwrap();
    });
    assert_eq!(headers, ["session=1; HttpOnly; Path=/; Secure"]);
}

/// The name of the cookie that browsers delete for this header, or `None` if they ignore the header
/// (RFC 6265bis §5.6 and §5.7). They store the cookie under the name that the request has.
fn name_that_browsers_delete(set_cookie: &str) -> Option<&str> {
    let is_control = |c: char| c.is_ascii_control() && c != '\t';
    let mut parts = set_cookie.split(';');
    let (name, _) = parts.next()?.split_once('=')?;
    let name = name.trim_matches([' ', '\t']);
    let mut attributes = parts.map(|attribute| attribute.trim_matches([' ', '\t']));
    let is_expired = attributes.clone().any(|attribute| attribute == "Max-Age=0");
    let is_secure = attributes.any(|attribute| attribute == "Secure");
    let needs_secure = ["__host-", "__secure-", "__http-"]
        .iter()
        .any(|prefix| name.to_ascii_lowercase().starts_with(prefix));
    let is_accepted = !name.is_empty()
        && !set_cookie.contains(is_control)
        && is_expired
        && (is_secure || !needs_secure);
    is_accepted.then_some(name)
}

/// A handler that deletes all cookies of a request, such as at a logout. Checks that browsers delete
/// each name in `deletable`, and that the deletes of the other names are `InvalidName`.
#[track_caller]
fn assert_loop_deletes_all_but(
    layer: &CookieLayer,
    header: impl AsRef<[u8]>,
    exceptions: &[&str],
) -> Vec<String> {
    let mut names = Vec::new();
    let sent = support::response_headers(layer, request(header), |jar| {
        for (name, _) in jar {
            match jar.delete(name) {
                Ok(()) => names.push(name.to_owned()),
                Err(error) => {
                    assert_matches!(error, CookieError::InvalidName { name: found, .. } if found == name);
                    assert!(exceptions.contains(&name), "{error}");
                }
            }
        }
        assert_eq!(jar.len(), names.len() + exceptions.len());
    });
    let sent = support::set_cookies(&sent);
    let deleted: Vec<_> = sent
        .iter()
        .map(|header| name_that_browsers_delete(header).unwrap_or_else(|| panic!("{header:?}")))
        .collect();
    assert_eq!(deleted, names);
    names
}

/// One hostile cookie must not stop a handler that deletes all cookies of a request: the error would
/// be the response, and no cookie would be deleted. The exceptions are cookies without a name, and
/// names whose bytes are not known.
#[test]
fn loop_over_names_of_hostile_request_deletes_all_but_nameless_and_invalid_utf8() {
    let long = "n".repeat(5000);
    let names = [
        "user[id]",
        "b[c]",
        "path",
        "PATH",
        "expires",
        "partitioned",
        "$Version",
        "c d",
        "a\tb",
        "é",
        "\u{2000}a",
        "a\u{2000}",
        "\u{a0}__Host-id",
        "\u{feff}",
        "\u{85}",
        "__Host-id",
        "__hOsT-id",
        "__Host-Http-id",
        "__Secure-",
        "__Host- ",
        "__%48ost-id",
        "\"quoted\"",
        "\"",
        "a,b",
        "<script>",
        "{\"a\":1}",
        "..",
        "%00",
        "a\\073b",
        "🍪",
        "constructor",
        &long,
        "last",
    ];
    let mut header: Vec<u8> = Vec::new();
    for name in names {
        header.extend(format!("{name}=1; ").as_bytes());
    }
    let expected = names.map(|name| name.trim_matches([' ', '\t']));
    let layer = CookieLayer::new();
    let deleted = assert_loop_deletes_all_but(&layer, &header, &[]);
    assert_eq!(deleted, expected);

    // The exceptions are before, between and after the others.
    let mut hostile = b"=nameless; \xff=1; nameless; ".to_vec();
    hostile.extend(&header);
    hostile.extend(b"a\xc3=1; a\xef\xbf\xbd=1; =; ;; \xf0\x9f=2; after=1; \xff");
    let invalid = ["", "\u{fffd}", "a\u{fffd}"];
    let mut deleted = assert_loop_deletes_all_but(&layer, &hostile, &invalid);
    assert_eq!(deleted.pop().as_deref(), Some("after"));
    assert_eq!(deleted, expected);
}

/// Every byte that a header can contain, and every character of one to three bytes, at the start,
/// the end and within a name.
#[test]
fn loop_over_names_with_every_character_deletes_them() {
    let layer = CookieLayer::new();
    let characters: Vec<_> = ('\t'..='\u{ffff}')
        .filter(|&c| (c >= ' ' && c != '\x7f') || c == '\t')
        .filter(|c| *c < '\u{3100}' || u32::from(*c) % 97 == 0)
        .filter(|c| !matches!(c, ';' | '=' | '\u{fffd}'))
        .collect();
    let mut count = 0;
    for characters in characters.chunks(200) {
        let names = characters
            .iter()
            .flat_map(|c| [format!("{c}n"), format!("n{c}"), format!("n{c}n")]);
        let header: Vec<_> = names.map(|name| name + "=1").collect();
        count += assert_loop_deletes_all_but(&layer, header.join("; "), &[]).len();
    }
    // Space and TAB are trimmed at the start and the end, so four names are `n`. Two are `nn`.
    assert_eq!(count, 3 * characters.len() - 3 - 1);

    for byte in 0x80..=0xff {
        let header = [b"n", &[byte][..], b"=1; after=1"].concat();
        let deleted = assert_loop_deletes_all_but(&layer, header, &["n\u{fffd}"]);
        assert_eq!(deleted, ["after"]);
    }
}

/// The names of a hostile request can be those of declared, retired and renamed cookies too.
#[test]
fn loop_over_names_with_declared_and_renamed_ones_deletes_each_everywhere() {
    let layer = CookieLayer::new()
        .declare(Cookie::build("session").path("/app").http_only(true))
        .and_then(|layer| layer.retire(Cookie::build("session").path("/")))
        .and_then(|layer| layer.renamed("user[id]", "session"))
        .unwrap();
    let header = "user[id]=1; session=2; a=3; session=4; b[c]=5";
    let sent = support::response_headers(&layer, request(header), |jar| {
        for (name, _) in jar {
            jar.delete(name).unwrap();
        }
    });
    let session = format!(
        "session=\"\"; expires={}; HttpOnly; Max-Age=0; Path=/app",
        support::EPOCH
    );
    assert_eq!(
        support::set_cookies(&sent),
        [
            support::deletion("session", "/"),
            support::deletion("user[id]", "/"),
            session,
            support::deletion("a", "/"),
            support::deletion("b[c]", "/"),
        ]
    );
}

/// With `deny_undeclared`, a handler deletes declared cookies only, whatever a client sends.
#[test]
fn loop_over_names_under_deny_undeclared_is_undeclared_for_others() {
    let layer = CookieLayer::new()
        .declare("session")
        .and_then(|layer| layer.renamed("user[id]", "session"))
        .unwrap()
        .deny_undeclared();
    let mut undeclared = Vec::new();
    let header = "path=1; user[id]=2; \u{2000}=3; session=4; =5";
    let sent = support::response_headers(&layer, request(header), |jar| {
        for (name, _) in jar {
            if let Err(error) = jar.delete(name) {
                assert_matches!(error, CookieError::Undeclared { name: found, .. } if found == name);
                undeclared.push(name.to_owned());
            }
        }
    });
    assert_eq!(undeclared, ["path", "\u{2000}", ""]);
    assert_eq!(
        support::set_cookies(&sent),
        [
            support::deletion("user[id]", "/"),
            support::deletion("session", "/")
        ]
    );
}
