//! A client can't make up the value of a signed or a private cookie, nor use one for another.
#![cfg(all(feature = "signed", feature = "private"))]

mod support;

use http::{Request, StatusCode};
use proptest::prelude::*;
use support::{request, sent};
use tower_django_cookies::cookie::Key;
use tower_django_cookies::signing::Signer;
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
        self.pair_of(layer, "a", value)
    }

    fn pair_of(self, layer: &CookieLayer, name: &str, value: &str) -> String {
        let fields = sent(layer, |jar| self.set(jar, (name, value)).expect("set"));
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
            CookieError::MissingCookie { name: "a".into() },
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
        let error = CookieError::MissingKey {
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

/// No attribute begins with an x.
const NAME: &str = "x[!#$%&'*+.^_`|~0-9A-Za-z-]{0,20}";

proptest! {
    #[test]
    fn no_header_that_was_not_sealed_is_read(
        bytes in prop_oneof![
            any::<Vec<u8>>(),
            "([0-9A-Za-z+/=]|%[0-9A-Fa-f]{1,2}){0,99}".prop_map(String::into_bytes),
            "\\PC{0,20}:[0-9A-Za-z-]{0,9}:[0-9A-Za-z_-]{43}".prop_map(String::into_bytes),
        ],
    ) {
        let legal = bytes.iter().map(|&byte| if byte.is_ascii_control() { b' ' } else { byte });
        let header: Vec<_> = b"a=".iter().copied().chain(legal).collect();
        for kind in [Signed, Private] {
            let read = kind.read(&kind.layer(1, &[2]), &header);
            prop_assert_eq!(read, forged(), "{:?}", kind);
        }
    }

    #[test]
    fn what_is_sealed_is_read_with_the_same_key_and_name_only(
        value in r"[^\p{Cc}]{0,60}",
        [name, other_name] in [NAME, NAME],
        [key, other_key] in any::<[u8; 2]>(),
    ) {
        prop_assume!(name != other_name && key != other_key);
        for kind in [Signed, Private] {
            let pair = kind.pair_of(&kind.layer(key, &[]), &name, &value);
            let renamed = pair.replacen(&*name, &other_name, 1);
            for (name, key, fallbacks, pair, reads) in [
                (&name, key, &[][..], &pair, true),
                (&name, other_key, &[key], &pair, true),
                (&name, other_key, &[], &pair, false),
                (&other_name, key, &[], &renamed, false),
            ] {
                let jar = kind.layer(key, fallbacks).jar(&request(pair));
                let refused = CookieError::BadSignature { name: name.clone() };
                let expected = if reads { Ok(value.clone()) } else { Err(refused) };
                prop_assert_eq!(kind.get(&jar, name), expected, "{:?}: {}", kind, pair);
            }
        }
    }

    #[test]
    fn a_signed_cookie_fits_one_name_and_salt_however_they_are_cut(
        text in "[0-9:a-c]{3,12}",
        cuts in any::<[prop::sample::Index; 2]>(),
    ) {
        let [cut, other_cut] = cuts.map(|cut| cut.index(text.len() - 1) + 1);
        prop_assume!(cut != other_cut);
        let layer = CookieLayer::new().secret_key("key");
        // As Django puts them together, and the other way round.
        for ((salt, name), (other_salt, other_name)) in [
            (text.split_at(cut), text.split_at(other_cut)),
            (flipped(text.split_at(cut)), flipped(text.split_at(other_cut))),
        ] {
            let fields = sent(&layer, |jar| {
                jar.signed().salt(salt).set((name, "42")).expect("set");
            });
            let pair = fields[0].split(';').next().expect("a pair");
            let jar = layer.jar(&request(pair));
            prop_assert_eq!(jar.signed().salt(salt).get(name), Ok("42".to_owned()));
            let jar = layer.jar(&request(pair.replacen(name, other_name, 1)));
            let refused = jar.signed().salt(other_salt).get(other_name);
            prop_assert_eq!(refused, Err(CookieError::BadSignature { name: other_name.into() }));
        }
    }

    #[test]
    fn whatever_was_signed_as_a_cookie_is_read_or_refused(
        text in prop_oneof![r"[^\p{Cc}]{0,60}", r"\PC{0,9}:-?[0-9A-Za-z]{0,99}"],
        max_age in any::<Option<std::time::Duration>>(),
    ) {
        let signer = Signer::new("django.http.cookieskey").salt("django.http.cookies.v2:0:a");
        let signed = signer.sign(&text);
        // The plain jar puts it into the quotes it needs.
        let fields = sent(&CookieLayer::new(), |jar| jar.set(("a", &*signed)).expect("set"));
        let pair = fields[0].split(';').next().expect("a pair");
        let jar = CookieLayer::new().secret_key("key").jar(&request(pair));
        let signed = match max_age {
            Some(max_age) => jar.signed().max_age(max_age),
            None => jar.signed(),
        };
        match signed.get("a") {
            Ok(value) => prop_assert_eq!(Some(&*value), text.rsplit_once(':').map(|(v, _)| v)),
            Err(CookieError::SignatureExpired { age, max_age: most, .. }) => {
                prop_assert!(age > most && Some(most) == max_age);
            }
            Err(error) => prop_assert_eq!(Err(error), forged()),
        }
    }

    #[test]
    fn a_private_cookie_is_read_however_it_is_encoded_and_quoted(
        value in "(?s).{0,60}",
        is_encoded in prop::collection::vec(any::<bool>(), 1..99),
        is_quoted in any::<bool>(),
    ) {
        let layer = Private.layer(1, &[]);
        let pair = Private.pair(&layer, &value);
        let sealed = pair.strip_prefix("a=").expect("the name");
        let encoded: String = sealed
            .bytes()
            .zip(is_encoded.iter().cycle())
            .map(|(byte, &is_encoded)| {
                if is_encoded {
                    format!("%{byte:02X}")
                } else {
                    char::from(byte).into()
                }
            })
            .collect();
        let quote = if is_quoted { "\"" } else { "" };
        let header = format!("a={quote}{encoded}{quote}");
        prop_assert_eq!(Private.read(&layer, &header), Ok(value), "{}", header);
    }
}

fn flipped<'a>((a, b): (&'a str, &'a str)) -> (&'a str, &'a str) {
    (b, a)
}
