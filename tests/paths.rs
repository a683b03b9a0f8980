//! Paths that at least one browser never sends: `set` and `declare` refuse them and suggest the Path
//! that browsers send, `delete` and `retire` accept them.

mod support;

use http::Request;
use support::{assert_matches, deletion, response_cookies};
use tower_django_cookies::AttributeReason::{DotSegment, NeverSent};
use tower_django_cookies::{AttributeReason, Cookie, CookieBuilder, CookieError, CookieLayer};

/// The Path, why no browser or not every browser sends it, and the Path that the error suggests.
///
/// The suggestions follow the URL standard: its path percent-encode set and its path state, in which a
/// `\` is a `/`. `|` is encoded too, as in Chromium. `?` and `#` are encoded, since they end a path.
const NEVER_SENT: [(&str, AttributeReason, &str); 53] = [
    ("/my files", NeverSent, "/my%20files"),
    ("/a b/c", NeverSent, "/a%20b/c"),
    ("/a\"b", NeverSent, "/a%22b"),
    ("/\"", NeverSent, "/%22"),
    ("/a#b", NeverSent, "/a%23b"),
    ("/#", NeverSent, "/%23"),
    ("/<x>", NeverSent, "/%3Cx%3E"),
    ("/a<", NeverSent, "/a%3C"),
    ("/>a", NeverSent, "/%3Ea"),
    ("/a?b", NeverSent, "/a%3Fb"),
    ("/?", NeverSent, "/%3F"),
    ("/app?a=1&b", NeverSent, "/app%3Fa=1&b"),
    ("/a\\b", NeverSent, "/a/b"),
    ("/\\", NeverSent, "//"),
    ("/a^b", NeverSent, "/a%5Eb"),
    ("/a`b", NeverSent, "/a%60b"),
    ("/{x}", NeverSent, "/%7Bx%7D"),
    ("/a{", NeverSent, "/a%7B"),
    ("/}", NeverSent, "/%7D"),
    ("/a|b", NeverSent, "/a%7Cb"),
    (
        "/ \"#<>?\\^`{|}/",
        NeverSent,
        "/%20%22%23%3C%3E%3F/%5E%60%7B%7C%7D/",
    ),
    // What is encoded already stays so.
    ("/a%20b c", NeverSent, "/a%20b%20c"),
    ("/100% of", NeverSent, "/100%%20of"),
    ("/.", DotSegment, "/"),
    ("/..", DotSegment, "/"),
    ("/./", DotSegment, "/"),
    ("/../", DotSegment, "/"),
    ("/./app", DotSegment, "/app"),
    ("/../app", DotSegment, "/app"),
    ("/../../app/", DotSegment, "/app/"),
    ("/app/.", DotSegment, "/app/"),
    ("/app/./", DotSegment, "/app/"),
    ("/app/..", DotSegment, "/"),
    ("/app/../", DotSegment, "/"),
    ("/app/../shop", DotSegment, "/shop"),
    ("/a/b/../c", DotSegment, "/a/c"),
    ("/a/b/../../c/./d", DotSegment, "/c/d"),
    ("/a//../b", DotSegment, "/a/b"),
    ("//..", DotSegment, "/"),
    ("//.", DotSegment, "//"),
    ("/%2e", DotSegment, "/"),
    ("/%2E/a", DotSegment, "/a"),
    ("/%2e%2e/", DotSegment, "/"),
    ("/a/%2E%2e", DotSegment, "/"),
    ("/a/.%2e/b", DotSegment, "/b"),
    ("/a/%2E./b", DotSegment, "/b"),
    ("/app/%2e", DotSegment, "/app/"),
    // The segment looks like a drive letter, which is special in URLs of files only.
    ("/C:/../a", DotSegment, "/a"),
    // Both reasons apply. The suggestion has neither of them.
    ("/a b/..", NeverSent, "/"),
    ("/../a b", NeverSent, "/a%20b"),
    ("/./{x}/%2e", NeverSent, "/%7Bx%7D/"),
    // A `\` ends a segment too.
    ("/a\\..\\b", NeverSent, "/b"),
    ("/a/%2e\\b", NeverSent, "/a/b"),
];

/// Paths that look like the refused ones, but which browsers send as they are.
const SENT: [&str; 32] = [
    "/",
    "//",
    "///a//",
    "/app/...",
    "/...",
    "/.../",
    "/....",
    "/.well-known/x",
    "/..a",
    "/a..",
    "/a..b",
    "/a.",
    "/.a/",
    "/a%2eb",
    "/%2ea",
    "/a%2E",
    "/%2e%2e%2e",
    "/.%2e.",
    "/%2f",
    "/%2F%2f",
    "/%2",
    "/%",
    "/%%2e",
    "/%252e",
    "/%7B",
    "/%7Bx%7d",
    "/%20",
    "/%3F%23%5C",
    "/a'b",
    "/~user",
    "/!$&'()*+,=:@[]_-",
    "/C:/",
];

fn cookie(path: &str) -> CookieBuilder<'_> {
    Cookie::build(("a", "1")).path(path)
}

/// Sets a cookie with this Path.
fn set(path: &str) -> Result<(), CookieError> {
    let jar = CookieLayer::new().jar(&Request::new(()));
    let result = jar.set(cookie(path));
    assert_eq!(jar.queued().len(), usize::from(result.is_ok()), "{path}");
    result
}

/// Declares a cookie with this Path.
fn declare(path: &str) -> Result<CookieLayer, CookieError> {
    CookieLayer::new().declare(cookie(path))
}

/// A layer that declares the cookie with `Path=/app/a`.
fn declared() -> CookieLayer {
    declare("/app/a").expect("a valid declaration")
}

#[test]
fn set_and_declare_with_path_that_is_never_sent_are_invalid_path_with_hint() {
    for (given, expected, hint) in NEVER_SENT {
        for error in [set(given).unwrap_err(), declare(given).unwrap_err()] {
            assert_matches!(
                error,
                CookieError::InvalidPath { name, path, reason, .. }
                    if name == "a" && path == given && *reason == expected
            );
            let message = format!("cookie \"a\": Path {given:?} {expected}; use {hint:?}");
            assert_eq!(error.to_string(), message);
        }
        assert_eq!(set(hint), Ok(()), "the hint for {given}");
    }
}

#[test]
fn hint_shows_path_as_sent() {
    let error = set("/my files/../{x}").unwrap_err();
    assert_eq!(
        error.to_string(),
        "cookie \"a\": Path \"/my files/../{x}\" contains a character that browsers never send in a \
         URL path, so the cookie would never be sent; use \"/%7Bx%7D\""
    );
    let error = set("/app/../shop").unwrap_err();
    assert_eq!(
        error.to_string(),
        "cookie \"a\": Path \"/app/../shop\" contains a dot segment, which browsers resolve, so the \
         cookie would never be sent; use \"/shop\""
    );
}

#[test]
fn delete_with_path_that_is_never_sent_is_sent_as_given() {
    for (path, ..) in NEVER_SENT {
        let deleted = response_cookies(&CookieLayer::new(), |jar| {
            jar.delete(cookie(path)).expect("a Path to delete");
        });
        assert_eq!(deleted, [deletion("a", path)]);
    }
}

#[test]
fn retired_path_that_is_never_sent_is_deleted_as_given() {
    for (path, ..) in NEVER_SENT {
        let layer = declared().retire(cookie(path)).expect("a Path to retire");
        let set = response_cookies(&layer, |jar| jar.set(("a", "1")).expect("no error"));
        assert_eq!(set, [deletion("a", path), "a=1; Path=/app/a".to_owned()]);

        let both = [deletion("a", path), deletion("a", "/app/a")];
        let deleted = response_cookies(&layer, |jar| jar.delete("a").expect("no error"));
        assert_eq!(deleted, both);
        // A left-over delete gives the retired Path.
        let deleted = response_cookies(&layer, |jar| jar.delete(cookie(path)).expect("no error"));
        assert_eq!(deleted, both);
    }
}

#[test]
fn renamed_cookie_with_path_that_is_never_sent_is_deleted_as_given() {
    for (path, ..) in NEVER_SENT {
        let old = Cookie::build("old").path(path);
        let layer = declared().renamed(old, "a").expect("a previous name");
        let set = response_cookies(&layer, |jar| jar.set(("a", "1")).expect("no error"));
        assert_eq!(set, [deletion("old", path), "a=1; Path=/app/a".to_owned()]);
    }
}

/// A declared cookie cannot be set at such a Path either: that is another scope.
#[test]
fn set_of_declared_cookie_at_path_that_is_never_sent_is_scope_mismatch() {
    for (path, ..) in NEVER_SENT {
        let jar = declared().jar(&Request::new(()));
        let result = jar.set(cookie(path));
        assert_matches!(result, Err(CookieError::ScopeMismatch { .. }));
        let result = jar.delete(cookie(path));
        assert_matches!(result, Err(CookieError::ScopeMismatch { .. }));
    }
}

#[test]
fn set_and_declare_with_path_that_is_sent_succeed() {
    for path in SENT {
        let expected = format!("a=1; Path={path}");
        let set = response_cookies(&CookieLayer::new(), |jar| {
            jar.set(cookie(path)).expect("a Path");
        });
        assert_eq!(set, [&*expected]);
        let set = response_cookies(&declare(path).expect("a Path"), |jar| {
            jar.set(("a", "1")).expect("no error");
        });
        assert_eq!(set, [expected]);
    }
}

/// The URL standard's path percent-encode set, and `\` and `|`.
#[test]
fn path_with_each_ascii_character_is_refused_if_browsers_encode_it() {
    for character in ' '..='~' {
        let path = format!("/a{character}b");
        let result = set(&path);
        match character {
            ' ' | '"' | '#' | '<' | '>' | '?' | '\\' | '^' | '`' | '{' | '|' | '}' => {
                let hint = match character {
                    '\\' => "; use \"/a/b\"".to_owned(),
                    _ => format!("; use \"/a%{:02X}b\"", u32::from(character)),
                };
                let error = result.unwrap_err();
                assert_matches!(
                    error,
                    CookieError::InvalidPath {
                        reason: NeverSent,
                        ..
                    }
                );
                assert!(error.to_string().ends_with(&hint), "{error}");
            }
            ';' => assert_matches!(
                result,
                Err(CookieError::InvalidPath {
                    reason: AttributeReason::Semicolon,
                    ..
                })
            ),
            _ => assert_eq!(result, Ok(()), "{path}"),
        }
    }
}

/// Paths that browsers cut or ignore keep their own reason, and have no hint.
#[test]
fn path_with_other_fault_too_has_reason_of_that_fault() {
    let long = format!("/{}/..", "a".repeat(1024));
    for (path, expected) in [
        ("/a b ", AttributeReason::OuterWhiteSpace),
        ("a b", AttributeReason::NotAbsolute),
        ("../a", AttributeReason::NotAbsolute),
        ("?", AttributeReason::NotAbsolute),
        ("/a\tb c", AttributeReason::ControlCharacter),
        ("/a b;c", AttributeReason::Semicolon),
        ("/é/..", AttributeReason::NonAscii),
        (&long, AttributeReason::TooLong),
    ] {
        let jar = CookieLayer::new().jar(&Request::new(()));
        for result in [
            set(path),
            declare(path).map(drop),
            jar.delete(cookie(path)),
            declared().retire(cookie(path)).map(drop),
        ] {
            let error = result.unwrap_err();
            assert_matches!(
                error,
                CookieError::InvalidPath { reason, .. } if *reason == expected
            );
            assert!(!error.to_string().contains("; use "), "{error}");
        }
    }
}

/// A message shows at most 256 characters of a Path. A hint for the rest would be wrong.
#[test]
fn path_of_more_than_256_characters_has_no_hint() {
    let longest = format!("/{}/..", "a".repeat(252));
    let message = set(&longest).unwrap_err().to_string();
    assert!(message.ends_with("; use \"/\""), "{message}");

    for path in [
        format!("/{}/..", "a".repeat(253)),
        format!("/{} b", "a".repeat(1000)),
        format!("/a b/{}", "a".repeat(1000)),
    ] {
        let message = set(&path).unwrap_err().to_string();
        assert!(message.contains("so the cookie would never be sent"));
        assert!(!message.contains("; use "), "{message}");
        assert!(message.len() < 500, "{message}");
    }
}

/// `.path("")` writes no Path.
#[test]
fn set_with_empty_path_succeeds() {
    assert_eq!(set(""), Ok(()));
}

/// Compares with the crate `url`, which implements the URL standard. It leaves `|`, which Chromium
/// encodes, and `^`, which the standard and both browsers encode. It does not remove a segment such as
/// `C:` before `..`; the standard and browsers keep it in URLs of files only.
#[cfg(feature = "test-util")]
mod compared_with_url {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;
    use url::Url;

    use super::*;

    /// The path that browsers send if this Path is typed after a host. `None` if the URL has a query
    /// or a fragment.
    fn path_of_url(path: &str) -> Option<String> {
        let url = Url::parse(&format!("https://www.example.com{path}")).expect("a URL");
        let is_path = url.query().is_none() && url.fragment().is_none();
        is_path.then(|| url.path().to_owned())
    }

    fn is_unchanged(path: &str) -> bool {
        path_of_url(path).is_some_and(|sent| sent == path)
    }

    /// The Path that the error suggests.
    fn hint(error: &CookieError) -> String {
        let message = error.to_string();
        let (_, hint) = message.split_once("; use \"").expect("a hint");
        let hint = hint.strip_suffix('"').expect("a closing quote");
        hint.to_owned()
    }

    #[test]
    fn table_of_sent_paths_is_unchanged_by_url() {
        for path in SENT {
            assert!(is_unchanged(path), "{path}");
        }
    }

    #[test]
    fn table_of_never_sent_paths_is_changed_by_url() {
        for (path, _, hint) in NEVER_SENT {
            let is_left = path.contains(['|', '^']);
            assert!(is_left || !is_unchanged(path), "{path} is unchanged");
            assert!(is_unchanged(hint), "{hint} is changed");
            if is_as_in_url(path) {
                assert_eq!(path_of_url(path).as_deref(), Some(hint), "{path}");
            }
        }
    }

    /// `true` if the hint is the path of the URL. It is not if the path ends early, or for the
    /// differences of `url`.
    fn is_as_in_url(path: &str) -> bool {
        !path.contains(['?', '#', '|', '^', ':'])
    }

    /// An absolute ASCII Path without control characters and `;`.
    fn paths() -> impl Strategy<Value = String> {
        let special = select(vec![
            "/", "/", "/", ".", "..", "%2e", "%2E", "%", "%2", "e", "/./", "/../", "/%2e/",
        ]);
        let any = (b' '..=b'~').prop_filter("`;` ends a Path", |&byte| byte != b';');
        let any = any.prop_map(|byte| char::from(byte).to_string());
        let part = prop_oneof![3 => special.prop_map(str::to_owned), 1 => any];
        vec(part, 0..12).prop_map(|parts| format!("/{}", parts.concat()))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn path_is_refused_if_and_only_if_url_changes_it(path in paths()) {
            let is_sent = is_unchanged(&path) && !path.contains(['|', '^']);
            match set(&path) {
                Ok(()) => prop_assert!(is_sent, "{path} is accepted"),
                Err(CookieError::InvalidPath { .. }) => prop_assert!(!is_sent, "{path} is refused"),
                Err(error) => prop_assert!(false, "{error}"),
            }
        }

        #[test]
        fn hint_is_accepted_and_unchanged_by_url(path in paths()) {
            let is_trimmed = path.ends_with(' ');
            if let (Err(error), false) = (set(&path), is_trimmed) {
                let hint = hint(&error);
                prop_assert_eq!(set(&hint), Ok(()), "the hint for {}", path);
                prop_assert!(is_unchanged(&hint), "{} is the hint for {}", hint, path);
                if is_as_in_url(&path) {
                    prop_assert_eq!(path_of_url(&path), Some(hint));
                }
            }
        }

        #[test]
        fn refused_path_can_be_deleted_and_retired(path in paths()) {
            if !path.ends_with(' ') {
                let jar = CookieLayer::new().jar(&Request::new(()));
                prop_assert_eq!(jar.delete(cookie(&path)), Ok(()));
                let cookies = jar.queued();
                prop_assert_eq!(cookies[0].path(), Some(&*path));
                if path != "/app/a" {
                    prop_assert!(declared().retire(cookie(&path)).is_ok());
                }
            }
        }
    }
}
