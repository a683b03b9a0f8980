//! A client can't make up the value of a signed or a private cookie, nor use one for another.
#![cfg(all(feature = "signed", feature = "private"))]

mod support;

use http::{Request, StatusCode};
use support::{request, sent};
use tower_django_cookies::cookie::Key;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};

/// Both kinds of jar, told apart in the failures of what holds for both.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Signed,
    Private,
}

use Kind::{Private, Signed};

impl Kind {
    fn get(self, jar: &CookieJar, name: &str) -> Result<String, CookieError> {
        match self {
            Signed => jar.signed().get(name),
            Private => jar.private().get(name),
        }
    }

    fn set<'c>(self, jar: &CookieJar, cookie: impl Into<Cookie<'c>>) -> Result<(), CookieError> {
        match self {
            Signed => jar.signed().set(cookie),
            Private => jar.private().set(cookie),
        }
    }

    /// A layer with the key number `key`, and those of `fallbacks` besides.
    fn layer(self, key: u8, fallbacks: &[u8]) -> CookieLayer {
        match self {
            Signed => CookieLayer::new()
                .secret_key(vec![key; 50])
                .secret_key_fallbacks(fallbacks.iter().map(|&key| vec![key; 50])),
            Private => CookieLayer::new()
                .private_key(Key::from(&[key; 64]))
                .private_key_fallbacks(fallbacks.iter().map(|&key| Key::from(&[key; 64]))),
        }
    }

    /// The cookie-pair of a response that sets `a` to `value`.
    fn pair(self, layer: &CookieLayer, value: &str) -> String {
        let fields = sent(layer, |jar| self.set(jar, ("a", value)).expect("set"));
        let (pair, attributes) = fields[0].split_once("; ").expect("a Path");
        assert_eq!(attributes, "Path=/");
        pair.to_owned()
    }

    fn read(self, layer: &CookieLayer, header: impl AsRef<[u8]>) -> Result<String, CookieError> {
        self.get(&layer.jar(&request(header)), "a")
    }
}

fn forged() -> Result<String, CookieError> {
    Err(CookieError::BadSignature { name: "a".into() })
}

#[test]
fn what_is_set_is_read_again() {
    for kind in [Signed, Private] {
        let layer = kind.layer(1, &[]);
        for value in [
            "",
            "42",
            "a b; c=\"d\"\\",
            "é€😀",
            "x:y:z",
            "{\"a\":[1,2]}",
            "%2F+%3D",
        ] {
            let pair = kind.pair(&layer, value);
            assert_eq!(
                kind.read(&layer, &pair).as_deref(),
                Ok(value),
                "{kind:?}: {pair}"
            );
        }
    }
}

#[test]
fn a_missing_a_forged_and_a_plain_cookie_are_told_apart() {
    for kind in [Signed, Private] {
        let layer = kind.layer(1, &[]);
        let missing = kind.read(&layer, "b=1").expect_err("missing");
        assert_eq!(
            missing,
            CookieError::Missing { name: "a".into() },
            "{kind:?}"
        );
        for header in [
            "a=42", "a=", "a=:", "a=::", "a=42:1:", "a=%", "a=\"\"", "a==", "a=AAAA",
        ] {
            assert_eq!(kind.read(&layer, header), forged(), "{kind:?}: {header}");
        }
        assert_eq!(kind.read(&layer, b"a=\xff\xfe"), forged(), "{kind:?}");
        assert_eq!(
            forged().expect_err("an error").status(),
            StatusCode::BAD_REQUEST
        );
    }
}

#[test]
fn every_changed_byte_and_every_truncation_is_refused() {
    for kind in [Signed, Private] {
        let layer = kind.layer(1, &[]);
        let pair = kind.pair(&layer, "hello");
        let sealed = pair.strip_prefix("a=").expect("the name").as_bytes();
        let quoted = |byte| matches!(byte, b'"' | b';' | b'\\');
        let mut changes = 0;
        for at in 0..sealed.len() {
            for byte in (b' '..=b'~')
                .chain(0x80..=0xff)
                .filter(|&byte| !quoted(byte))
            {
                let mut changed = [b"a=", sealed].concat();
                changed[2 + at] = byte;
                // Space at an end is trimmed, so that it is a truncation.
                if byte != sealed[at] {
                    assert_eq!(
                        kind.read(&layer, &changed),
                        forged(),
                        "{kind:?}: {at} {byte}"
                    );
                    changes += 1;
                }
            }
            let cut = [b"a=", &sealed[..at]].concat();
            assert_eq!(kind.read(&layer, &cut), forged(), "{kind:?}: cut at {at}");
            let tail = [b"a=", &sealed[at + 1..]].concat();
            assert_eq!(kind.read(&layer, &tail), forged(), "{kind:?}: from {at} on");
        }
        assert!(changes > 150 * sealed.len(), "{kind:?}: {changes}");
    }
}

#[test]
fn a_value_fits_no_other_name() {
    for kind in [Signed, Private] {
        let layer = kind.layer(1, &[]);
        let pair = kind.pair(&layer, "42");
        let jar = layer.jar(&request(pair.replacen("a=", "b=", 1)));
        let error = kind.get(&jar, "b");
        assert_eq!(
            error,
            Err(CookieError::BadSignature { name: "b".into() }),
            "{kind:?}"
        );
    }
}

#[test]
fn a_former_key_still_reads_and_a_forgotten_one_does_not() {
    for kind in [Signed, Private] {
        let pair = kind.pair(&kind.layer(1, &[]), "42");
        for (key, fallbacks, reads) in [
            (1, &[][..], true),
            (2, &[1], true),
            (2, &[3, 1], true),
            (1, &[2], true),
            (2, &[], false),
            (2, &[3], false),
        ] {
            let read = kind.read(&kind.layer(key, fallbacks), &pair);
            let expected = if reads { Ok("42".to_owned()) } else { forged() };
            assert_eq!(read, expected, "{kind:?}: {key} {fallbacks:?}");
        }
        // A former key seals nothing.
        let renewed = kind.pair(&kind.layer(2, &[1]), "42");
        assert_eq!(
            kind.read(&kind.layer(1, &[]), &renewed),
            forged(),
            "{kind:?}"
        );
    }
}

#[test]
fn without_a_key_or_with_an_empty_one_nothing_is_sealed_or_opened() {
    let without = CookieLayer::new();
    let empty = CookieLayer::new().secret_key("");
    let empty_fallback = CookieLayer::new()
        .secret_key("1")
        .secret_key_fallbacks([""]);
    for (kind, layer, setting) in [
        (Signed, &without, "secret_key"),
        (Signed, &empty, "secret_key"),
        (Signed, &empty_fallback, "secret_key_fallbacks"),
        (Private, &without, "private_key"),
    ] {
        let error = CookieError::KeyMissing {
            name: "a".into(),
            setting,
        };
        let jar = layer.jar(&request("a=1"));
        assert_eq!(kind.set(&jar, ("a", "1")), Err(error.clone()), "{kind:?}");
        assert_eq!(kind.get(&jar, "a"), Err(error.clone()), "{kind:?}");
        assert!(
            error
                .to_string()
                .contains(&format!("CookieLayer::{setting}")),
            "{error}"
        );
        assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(jar.queued().is_empty());
    }
}

#[test]
fn declarations_scopes_and_errors_are_those_of_the_plain_jar() {
    for kind in [Signed, Private] {
        let layer = kind
            .layer(1, &[])
            .declare(Cookie::build("a").path("/app").http_only(true))
            .and_then(|layer| layer.retire(Cookie::build("a").path("/")))
            .expect("a declaration")
            .deny_undeclared();
        let fields = sent(&layer, |jar| {
            kind.set(jar, ("a", "42")).expect("set");
            let mismatch = kind.set(jar, Cookie::build(("a", "42")).path("/"));
            assert!(
                matches!(mismatch, Err(CookieError::ScopeMismatch { .. })),
                "{kind:?}"
            );
            let undeclared = kind.set(jar, ("b", "42"));
            assert!(
                matches!(undeclared, Err(CookieError::Undeclared { .. })),
                "{kind:?}"
            );
        });
        let [retired, set] = &fields[..] else {
            panic!("{kind:?}: {fields:?}")
        };
        assert!(
            retired.starts_with("a=\"\"; expires=Thu, 01 Jan 1970"),
            "{kind:?}: {retired}"
        );
        assert!(set.ends_with("; HttpOnly; Path=/app"), "{kind:?}: {set}");

        let mut kept = None;
        sent(&layer, |jar| kept = Some(jar.clone()));
        let late = kind.set(&kept.expect("the jar"), ("a", "42"));
        assert_eq!(
            late,
            Err(CookieError::ResponseStarted { name: "a".into() }),
            "{kind:?}"
        );

        let long = kind.set(&layer.jar(&Request::new(())), ("a", "v".repeat(4096)));
        assert!(matches!(long, Err(CookieError::TooLong { .. })), "{kind:?}");
    }
}

#[test]
fn an_inner_layers_keys_come_before_the_outer_ones() {
    for kind in [Signed, Private] {
        let pair = kind.pair(&kind.layer(1, &[]), "42");
        let nested = |inner: &CookieLayer, outer: &CookieLayer| {
            let mut request = request(&pair);
            let jar = outer.jar(&request);
            request.extensions_mut().insert(jar);
            kind.get(&inner.jar(&request), "a")
        };
        let plain = CookieLayer::new();
        assert_eq!(
            nested(&plain, &kind.layer(1, &[])),
            Ok("42".into()),
            "{kind:?}"
        );
        assert_eq!(
            nested(&kind.layer(1, &[]), &kind.layer(2, &[])),
            Ok("42".into()),
            "{kind:?}"
        );
        assert_eq!(
            nested(&kind.layer(2, &[]), &kind.layer(1, &[])),
            forged(),
            "{kind:?}"
        );
    }
}

#[test]
fn debug_shows_neither_values_nor_keys() {
    let layer = CookieLayer::new()
        .secret_key("s3cret key")
        .secret_key_fallbacks(["s3cret fallback"])
        .private_key(Key::from(&[b'x'; 64]));
    let jar = layer.jar(&request("a=s3cret"));
    jar.signed().set(("b", "s3cret")).expect("set");
    jar.private().set(("c", "s3cret")).expect("set");
    let text = format!("{layer:?} {:?} {:?}", jar.signed().salt("s"), jar.private());
    assert!(
        !text.contains("s3cret") && !text.contains("xxx") && !text.contains("120, 120"),
        "{text}"
    );
}
