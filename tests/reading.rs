//! `get` and the other reads return the cookies of the `Cookie` headers as Django parses them, and
//! no cookie can be mistaken for one with another name.

mod support;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue, Request};
use support::{request, response_headers, set_cookies};
use tower_django_cookies::{CookieJar, CookieLayer};

fn jar(cookies: impl AsRef<[u8]>) -> CookieJar {
    CookieLayer::new().jar(&request(cookies))
}

/// Browsers do not allow a subdomain to set a `__Host-` cookie for its parent. But a subdomain can
/// set a name that becomes such a name if it is decoded or trimmed.
#[test]
fn get_of_prefixed_name_finds_no_forged_name() {
    for forged in [
        "__%48ost-id",
        "%5F%5FHost-id",
        "__Host%2Did",
        "__host-id",
        "\"__Host-id\"",
        "__Host\\055id",
        "__Host-idx",
    ] {
        let header = format!("{forged}=evil");
        assert_eq!(jar(&header).get("__Host-id"), None, "{header}");
        let both = jar(format!("__Host-id=good; {header}"));
        assert_eq!(both.get("__Host-id"), Some("good"), "{header}");
        assert_eq!(both.get_all("__Host-id").count(), 1, "{header}");
    }
}

#[test]
fn get_with_unicode_white_space_in_name_does_not_trim_it() {
    let spaces = "\u{85}\u{a0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\
                  \u{2008}\u{2009}\u{200a}\u{200b}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}";
    for space in spaces.chars() {
        for forged in [format!("{space}__Host-id"), format!("__Host-id{space}")] {
            let jar = jar(format!("{forged}=evil; other=1"));
            assert_eq!(jar.get("__Host-id"), None, "{forged:?}");
            assert!(!jar.contains("__Host-id"), "{forged:?}");
            assert_eq!(jar.get(&forged), Some("evil"), "{forged:?}");
        }
    }
    assert_eq!(jar("\t __Host-id \t= x").get("__Host-id"), Some("x"));
}

/// Django trims the names of the request's cookies.
#[test]
fn get_of_name_with_outer_white_space_finds_nothing() {
    let jar = jar("x=1; a=2;\ta\t=3; =4;\t=5");
    assert_eq!((jar.get("a"), jar.get("")), (Some("3"), Some("5")));
    for name in [" a", "a ", "\ta", "a\t", "\ta\t", " ", "\t", "  "] {
        assert_eq!(jar.get(name), None, "{name:?}");
        assert_eq!(jar.get_all(name).count(), 0, "{name:?}");
    }
}

#[test]
fn get_with_duplicate_names_returns_last_and_get_all_returns_all() {
    let jar = jar("a=1; b=2; a=; a=3");
    assert_eq!(jar.get("a"), Some("3"));
    assert_eq!(jar.require("a"), Ok("3"));
    assert_eq!(jar.get_all("a").collect::<Vec<_>>(), ["1", "", "3"]);
    assert_eq!(jar.get_all("none").count(), 0);
    assert_eq!(jar.iter().collect::<Vec<_>>(), [("a", "3"), ("b", "2")]);
    assert_eq!(jar.iter().len(), jar.len());
}

/// An HTTP/2 client may send a header for each cookie (RFC 9113 §8.2.3).
#[test]
fn several_cookie_headers_are_one_list() {
    let mut headers = HeaderMap::new();
    for header in ["a=1; b=2", "", "c=\"\\063\"", "a=4;d"] {
        headers.append(COOKIE, HeaderValue::from_static(header));
    }
    let jar = CookieJar::from_headers(&headers);
    let cookies = [("a", "4"), ("b", "2"), ("c", "3"), ("", "d")];
    assert_eq!(jar.iter().collect::<Vec<_>>(), cookies);
    assert_eq!((&jar).into_iter().count(), 4);
    for (name, value) in cookies {
        assert_eq!(jar.get(name), Some(value));
    }
    assert_eq!(jar.get_all("a").collect::<Vec<_>>(), ["1", "4"]);
}

#[test]
fn quoted_value_ends_at_semicolon_and_at_end_of_header() {
    assert_eq!(jar("a=\"1; b=2; c=3\"").get("b"), Some("2"));
    let mut headers = HeaderMap::new();
    headers.append(COOKIE, HeaderValue::from_static("a=\"1"));
    headers.append(COOKIE, HeaderValue::from_static("b=2\""));
    assert_eq!(CookieJar::from_headers(&headers).get("a"), Some("\"1"));
}

#[test]
fn get_of_value_without_escapes_borrows_from_header() {
    let header = HeaderValue::from_bytes(b"a=plain; b=\"quoted\"; c=\xc3\xa9")
        .expect("a valid header value");
    let mut request = Request::new(());
    request.headers_mut().insert(COOKIE, header.clone());
    let jar = CookieLayer::new().jar(&request);
    let bytes = header.as_bytes().as_ptr_range();
    for (name, value) in [("a", "plain"), ("b", "quoted"), ("c", "é")] {
        let borrowed = jar.get(name).expect("the cookie");
        assert_eq!(borrowed, value);
        assert!(bytes.contains(&borrowed.as_ptr()), "{name} was copied");
    }
}

#[test]
fn get_of_name_with_invalid_utf8_needs_replacement_characters() {
    let jar = jar(b"a\xff=1; b\xc3=2; b\xe2\x82=3");
    assert_eq!(jar.get("a\u{fffd}"), Some("1"));
    assert_eq!(jar.get_all("b\u{fffd}").collect::<Vec<_>>(), ["2", "3"]);
    assert_eq!(
        jar.iter().collect::<Vec<_>>(),
        [("a\u{fffd}", "1"), ("b\u{fffd}", "3")]
    );
    assert_eq!(jar.get("a"), None);
}

#[test]
fn jar_without_cookies_is_empty() {
    for jar in [
        jar(""),
        jar(" ; ;=;\t"),
        CookieLayer::new().jar(&Request::new(())),
    ] {
        assert!(jar.is_empty());
        assert_eq!(jar.len(), 0);
        assert_eq!(jar.iter().next(), None);
        assert_eq!(jar.get(""), None);
    }
}

#[test]
fn get_after_set_and_delete_returns_cookies_of_request() {
    let headers = response_headers(&CookieLayer::new(), request("a=1; b=2"), |jar| {
        jar.set(("a", "new")).expect("no error");
        jar.set(("c", "new")).expect("no error");
        jar.delete("b").expect("no error");
        assert_eq!(jar.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
        assert_eq!(jar.get("c"), None);
    });
    assert_eq!(set_cookies(&headers).len(), 3);
}

#[test]
fn clones_in_other_threads_read_the_same_cookies() {
    let jar = jar("a=\"\\061\"; b=2");
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let jar = jar.clone();
            std::thread::spawn(move || jar.iter().map(|(n, v)| format!("{n}{v}")).collect())
        })
        .collect();
    for thread in threads {
        let cookies: Vec<String> = thread.join().expect("no panic");
        assert_eq!(cookies, ["a1", "b2"]);
    }
}

#[test]
fn debug_of_jar_shows_names_without_values() {
    let jar = jar("a=s3cret; b=\"s3cret\\041\"; s3cretless");
    jar.set(("c", "s3cret")).expect("no error");
    let text = format!("{jar:?} {:?} {:?}", jar.iter(), jar.get_all("a"));
    assert!(
        text.contains(r#""a""#) && text.contains(r#""b""#) && text.contains(r#""c""#),
        "{text}"
    );
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn debug_with_writer_that_uses_the_jar_does_not_deadlock() {
    /// Counts the queued cookies whenever it is written to.
    struct Writer(CookieJar, usize);
    impl std::fmt::Write for Writer {
        fn write_str(&mut self, _: &str) -> std::fmt::Result {
            self.1 = self.0.queued().len();
            Ok(())
        }
    }
    let jar = jar("a=1");
    jar.set(("b", "1")).expect("no error");
    let mut writer = Writer(jar.clone(), 0);
    std::fmt::Write::write_fmt(&mut writer, format_args!("{jar:?}")).expect("no error");
    assert_eq!(writer.1, 1);
}
