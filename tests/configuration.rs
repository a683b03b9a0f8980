//! A wrong configuration is an error when the layer is built, not at the first request.

mod support;

use std::error::Error;

use http::{Request, StatusCode};
use support::{assert_matches, response_cookies};
use tower_django_cookies::{
    AttributeReason, Cookie, CookieError, CookieLayer, HostReason, HostSource, SameSite,
};

/// The error of a layer that cannot be built. Checks that its response is a 500 and that it names
/// `method`.
#[track_caller]
fn configuration_error(method: &str, result: Result<CookieLayer, CookieError>) -> CookieError {
    let error = result.expect_err("the layer must not be built");
    assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let message = error.to_string();
    assert!(message.contains(method), "{message}");
    error
}

fn fixed_host(host: &str) -> Result<CookieLayer, CookieError> {
    CookieLayer::new().host_from(HostSource::Fixed(host.into()))
}

#[track_caller]
fn assert_invalid_host(given: &str, expected_reason: HostReason) {
    let error = configuration_error("CookieLayer::host_from", fixed_host(given));
    assert_eq!((error.name(), error.source().is_none()), (None, true));
    assert_matches!(
        error,
        CookieError::InvalidHost { host, reason, .. }
            if host == given && *reason == expected_reason
    );
}

#[test]
fn empty_fixed_host_is_invalid_host_empty() {
    assert_invalid_host("", HostReason::Empty);
}

#[test]
fn fixed_host_that_is_url_or_has_path_or_user_info_is_invalid_host_url() {
    for host in [
        "https://example.com",
        "https://example.com/",
        "https://example.com:8443/app",
        "//example.com",
        "example.com/",
        "example.com/app",
        "example.com:8000/app",
        "example.com?a=1",
        "example.com#a",
        "example.com\\app",
        "user@example.com",
        "user:password@example.com",
        "user@[::1]",
    ] {
        assert_invalid_host(host, HostReason::Url);
    }
}

#[test]
fn fixed_host_with_port_is_invalid_host_port() {
    for host in [
        "example.com:80",
        "example.com:",
        "localhost:8000",
        "127.0.0.1:80",
        "[::1]:80",
        ":80",
    ] {
        assert_invalid_host(host, HostReason::Port);
    }
}

#[test]
fn fixed_host_with_white_space_or_other_character_is_invalid_host_invalid() {
    for host in [
        " ",
        " example.com",
        "example.com ",
        "exam ple.com",
        "\texample.com",
        "example.com\r\n",
        "example.com\0",
        "a.example, b.example",
        "*.example.com",
        ".example.com",
        "www..example.com",
        "example.com..",
        ".",
        "%65xample.com",
        "[example.com]",
        "[127.0.0.1]",
        "[]",
    ] {
        assert_invalid_host(host, HostReason::Invalid);
    }
}

#[test]
fn fixed_host_that_is_not_ascii_is_invalid_host_invalid() {
    for host in [
        "exämple.com",
        "例え.jp",
        "example.com\u{feff}",
        "example。com",
    ] {
        assert_invalid_host(host, HostReason::Invalid);
    }
}

/// RFC 1035 §3.1.
#[test]
fn fixed_host_over_255_bytes_is_invalid_host_invalid() {
    let longest = "a.".repeat(127) + "a";
    assert_eq!(longest.len(), 255);
    let layer = fixed_host(&longest).expect("a host of 255 bytes");
    let jar = layer.jar(&Request::new(()));
    assert_eq!(jar.set(Cookie::build(("a", "1")).domain(&*longest)), Ok(()));

    assert_invalid_host(&(longest.clone() + "a"), HostReason::Invalid);
    assert_matches!(
        fixed_host(&"a".repeat(257)),
        Err(CookieError::InvalidHost { host, reason: HostReason::Invalid, .. })
            if *host == "a".repeat(256) + "…"
    );
}

#[test]
fn fixed_host_that_is_name_or_address_is_the_host_of_every_request() {
    for (host, domain) in [
        ("localhost", "localhost"),
        ("www.example.com", "example.com"),
        ("WWW.Example.COM", "www.example.com"),
        ("www.example.com.", "example.com."),
        ("xn--exmple-cua.com", "xn--exmple-cua.com"),
        ("a_b-1.example", "a_b-1.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "[::1]"),
        ("[::1]", "[::1]"),
        ("[2001:DB8::1]", "[2001:db8::1]"),
        ("::ffff:127.0.0.1", "[::ffff:127.0.0.1]"),
    ] {
        let layer = fixed_host(host).unwrap_or_else(|error| panic!("{host}: {error}"));
        let request = Request::get("https://other.test/").body(());
        let jar = layer.jar(&request.expect("a request"));
        let cookie = |domain| Cookie::build(("a", "1")).domain(domain);
        assert_eq!(jar.set(cookie(domain)), Ok(()), "{host}");
        assert_matches!(
            jar.set(cookie("other.test")),
            Err(CookieError::DomainMismatch { .. })
        );
    }
}

#[test]
fn host_source_without_fixed_host_is_valid() {
    for source in [
        HostSource::Request,
        HostSource::XForwardedHost,
        HostSource::Unchecked,
    ] {
        let result = CookieLayer::new().host_from(source.clone());
        assert!(result.is_ok(), "{source:?}: {result:?}");
    }
}

#[test]
fn failed_call_leaves_clones_of_layer_unchanged() {
    let layer = fixed_host("a.test")
        .and_then(|layer| layer.declare(Cookie::build("a").path("/app")))
        .expect("a valid configuration");
    let invalid = |host: &str| layer.clone().host_from(HostSource::Fixed(host.into()));
    assert_matches!(invalid("b.test:80"), Err(CookieError::InvalidHost { .. }));
    assert_matches!(
        layer.clone().declare(Cookie::build("a").path("/other")),
        Err(CookieError::AlreadyDeclared { .. })
    );
    assert_matches!(
        layer.clone().retire(Cookie::build("a").path("/app")),
        Err(CookieError::RetireDeclared { .. })
    );

    let headers = response_cookies(&layer, |jar| {
        jar.set(("a", "1")).expect("a declared cookie");
        let cookie = Cookie::build(("b", "1")).domain("a.test");
        jar.set(cookie).expect("the fixed host");
    });
    assert_eq!(headers, ["a=1; Path=/app", "b=1; Domain=a.test; Path=/"]);
}

/// A layer that declares `a` with `/app`, and has its Path `/old` retired.
fn declaring() -> CookieLayer {
    CookieLayer::new()
        .declare(Cookie::build("a").path("/app"))
        .and_then(|layer| layer.retire(Cookie::build("a").path("/old")))
        .expect("valid declarations")
}

#[test]
fn declare_of_declared_name_is_already_declared() {
    for path in ["/app", "/old", "/"] {
        let result = declaring().declare(Cookie::build("a").path(path));
        let error = configuration_error("is declared already", result);
        assert_matches!(error, CookieError::AlreadyDeclared { name, .. } if name == "a");
    }
}

#[test]
fn retire_before_declare_is_retire_undeclared() {
    for layer in [
        CookieLayer::new(),
        declaring(),
        declaring().deny_undeclared(),
    ] {
        let error = configuration_error("call `declare` before `retire`", layer.retire("b"));
        assert_matches!(error, CookieError::RetireUndeclared { name, .. } if name == "b");
    }
}

#[test]
fn retire_of_declared_scope_is_retire_declared() {
    let result = declaring().retire(Cookie::build("a").path("/app"));
    let error = configuration_error("retire previous scopes only", result);
    assert_matches!(
        error,
        CookieError::RetireDeclared { name, scope, .. }
            if name == "a" && scope.path() == Some("/app")
    );
}

#[test]
fn retire_of_one_scope_twice_is_already_retired() {
    let result = declaring().retire(Cookie::build("a").path("/old"));
    let error = configuration_error("give it once", result);
    assert_matches!(
        error,
        CookieError::AlreadyRetired { name, scope, .. }
            if name == "a" && scope.path() == Some("/old")
    );
}

#[test]
fn declare_and_retire_of_invalid_cookie_return_the_error_of_that_part() {
    /// Asserts that `declare`, and `retire` after a valid declaration, return an error that matches.
    macro_rules! assert_refused {
        ($cookie:expr, $pattern:pat) => {{
            let cookie = Cookie::from($cookie);
            assert_matches!(CookieLayer::new().declare(cookie.clone()), Err($pattern));
            let declared = CookieLayer::new().declare(cookie.name().to_owned());
            assert_matches!(
                declared.and_then(|layer| layer.retire(cookie)),
                Err($pattern)
            );
        }};
    }

    let a = || Cookie::build("a");
    assert_refused!("", CookieError::InvalidName { .. });
    assert_refused!("a b", CookieError::InvalidName { .. });
    assert_refused!("expires", CookieError::ReservedName { .. });
    assert_refused!(
        a().path("app"),
        CookieError::InvalidPath {
            reason: AttributeReason::NotAbsolute,
            ..
        }
    );
    assert_refused!(
        a().path(""),
        CookieError::InvalidPath {
            reason: AttributeReason::Empty,
            ..
        }
    );
    assert_refused!(
        a().domain("example.com:80"),
        CookieError::InvalidDomain {
            reason: AttributeReason::Port,
            ..
        }
    );
    assert_refused!(
        a().domain("https://example.com"),
        CookieError::InvalidDomain {
            reason: AttributeReason::InvalidCharacter,
            ..
        }
    );
    assert_refused!(
        a().same_site(SameSite::None).secure(false),
        CookieError::SecureRequired { .. }
    );
    assert_refused!(
        a().partitioned(true).secure(false),
        CookieError::SecureRequired { .. }
    );
    assert_refused!(
        Cookie::build("__Host-a").path("/app"),
        CookieError::HostPrefixPath { .. }
    );
    assert_refused!(
        Cookie::build("__Host-a").domain("example.com"),
        CookieError::HostPrefixDomain { .. }
    );
    assert_refused!(
        Cookie::build("__Http-a").http_only(false),
        CookieError::HttpOnlyRequired { .. }
    );
}

#[cfg(feature = "signed")]
mod keys {
    use std::iter;

    use tower_django_cookies::signing::{EmptyKey, SecretKey};

    use super::*;
    use crate::support::request;

    const KEY: &str = "5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60";
    const PREVIOUS: &str = "0e4f2b1c9d8a7f6e5d4c3b2a19080706";

    fn with_key() -> CookieLayer {
        CookieLayer::new().secret_key(KEY).expect("a key")
    }

    /// The cookie-pair of a response that sets the signed cookie `a`.
    fn signed_pair(layer: &CookieLayer) -> String {
        let jar = layer.jar(&Request::new(()));
        jar.signed().set(("a", "42")).expect("a key");
        format!("a={}", jar.queued()[0].value())
    }

    /// Whether `layer` reads a cookie that was signed with `key`.
    fn reads_cookie_of(layer: &CookieLayer, key: &str) -> bool {
        let pair = signed_pair(&CookieLayer::new().secret_key(key).expect("a key"));
        match layer.jar(&request(pair)).signed().get("a") {
            Ok(value) => value == "42",
            Err(CookieError::BadSignature { .. }) => false,
            Err(error) => panic!("{error:?}"),
        }
    }

    #[track_caller]
    fn assert_empty_key(expected_setting: &str, result: Result<CookieLayer, CookieError>) {
        let error = configuration_error(&format!("`CookieLayer::{expected_setting}`: "), result);
        assert_eq!(error.name(), None);
        let source = error.source().expect("a source");
        assert_eq!(source.downcast_ref(), Some(&EmptyKey));
        assert!(error.to_string().ends_with(&source.to_string()), "{error}");
        assert_matches!(
            error,
            CookieError::InvalidKey { setting, source: EmptyKey, .. }
                if *setting == expected_setting
        );
    }

    #[test]
    fn empty_key_of_every_type_is_invalid_key() {
        /// Asserts that each of the empty keys is refused, as key and as fallback.
        macro_rules! assert_refused {
            ($($key:expr),* $(,)?) => {
                $(
                    assert_eq!(SecretKey::try_from($key).err(), Some(EmptyKey));
                    assert_empty_key("secret_key", CookieLayer::new().secret_key($key));
                    assert_empty_key("secret_key", with_key().secret_key($key));
                    let fallbacks = with_key().secret_key_fallbacks([$key]);
                    assert_empty_key("secret_key_fallbacks", fallbacks);
                )*
            };
        }

        assert_refused!("", &"", String::new(), &String::new());
        assert_refused!(&b""[..], &&b""[..], Vec::<u8>::new(), &Vec::<u8>::new());
        assert_refused!([0_u8; 0], &[0_u8; 0], b"");
    }

    #[test]
    fn key_of_every_type_is_the_same_key() {
        /// Asserts that each of the keys is `KEY`, as key and as fallback.
        macro_rules! assert_same_key {
            ($($key:expr),* $(,)?) => {
                $(
                    let layer = CookieLayer::new().secret_key($key).expect("a key");
                    assert!(reads_cookie_of(&layer, KEY));
                    let layer = CookieLayer::new().secret_key(PREVIOUS).expect("a key");
                    assert!(!reads_cookie_of(&layer, KEY));
                    let layer = layer.secret_key_fallbacks([$key]).expect("keys");
                    assert!(reads_cookie_of(&layer, KEY));
                )*
            };
        }

        let bytes = KEY.as_bytes();
        let array: [u8; 32] = bytes.try_into().expect("32 bytes");
        let secret = SecretKey::try_from(KEY).expect("a key");
        assert_same_key!(KEY, &KEY, KEY.to_owned(), &KEY.to_owned());
        assert_same_key!(bytes, &bytes, bytes.to_vec(), &bytes.to_vec());
        assert_same_key!(array, &array, secret.clone(), &secret);
    }

    #[test]
    fn key_of_one_byte_or_white_space_is_valid() {
        for key in ["a", " ", "\0", "\n"] {
            let layer = CookieLayer::new().secret_key(key).expect("a key");
            assert!(reads_cookie_of(&layer, key));
        }
    }

    #[test]
    fn empty_key_among_fallbacks_is_invalid_key() {
        for keys in [
            &["", "1", "2"][..],
            &["1", "", "2"],
            &["1", "2", ""],
            &["", ""],
        ] {
            for layer in [CookieLayer::new(), with_key()] {
                let result = layer.secret_key_fallbacks(keys);
                assert_empty_key("secret_key_fallbacks", result);
            }
        }
    }

    #[test]
    fn fallbacks_of_every_iterable_verify() {
        let assert_verify = |result: Result<CookieLayer, CookieError>| {
            let layer = result.expect("keys");
            for key in [KEY, PREVIOUS, "third"] {
                assert!(reads_cookie_of(&layer, key), "{key}");
            }
            assert!(!reads_cookie_of(&layer, "fourth"));
        };
        let slice: &[&str] = &[PREVIOUS, "third"];
        let strings: Vec<String> = slice.iter().map(|&key| key.to_owned()).collect();
        let keys = || {
            let keys = strings.iter().map(SecretKey::try_from);
            keys.map(|key| key.expect("a key"))
        };
        assert_verify(with_key().secret_key_fallbacks([PREVIOUS, "third"]));
        assert_verify(with_key().secret_key_fallbacks(slice));
        assert_verify(with_key().secret_key_fallbacks(slice.iter().copied()));
        assert_verify(with_key().secret_key_fallbacks(&strings));
        assert_verify(with_key().secret_key_fallbacks(strings.iter().map(String::as_bytes)));
        assert_verify(with_key().secret_key_fallbacks(strings.clone()));
        assert_verify(with_key().secret_key_fallbacks(strings.clone().into_iter().rev()));
        assert_verify(with_key().secret_key_fallbacks(keys()));
        let secrets: Vec<_> = keys().collect();
        assert_verify(with_key().secret_key_fallbacks(&secrets));
    }

    #[test]
    fn empty_iterator_of_fallbacks_removes_previous_fallbacks() {
        let layer = with_key().secret_key_fallbacks([PREVIOUS]).expect("keys");
        assert!(reads_cookie_of(&layer, PREVIOUS));
        let no_keys: &[&str] = &[];
        let no_strings: Vec<String> = Vec::new();
        for result in [
            layer.clone().secret_key_fallbacks(no_keys),
            layer.clone().secret_key_fallbacks(&no_strings),
            layer
                .clone()
                .secret_key_fallbacks(iter::empty::<SecretKey>()),
            layer.secret_key_fallbacks([""; 0]),
        ] {
            let layer = result.expect("no keys are valid");
            assert!(reads_cookie_of(&layer, KEY));
            assert!(!reads_cookie_of(&layer, PREVIOUS));
        }
    }

    /// The layer derives keys from them when it first signs or verifies.
    #[test]
    fn key_and_fallbacks_set_after_use_replace_previous_ones() {
        let layer = with_key().secret_key_fallbacks([PREVIOUS]).expect("keys");
        assert!(reads_cookie_of(&layer, KEY) && reads_cookie_of(&layer, PREVIOUS));
        let layer = layer.secret_key("third").expect("a key");
        assert!(reads_cookie_of(&layer, "third") && reads_cookie_of(&layer, PREVIOUS));
        assert!(!reads_cookie_of(&layer, KEY));
        let layer = layer.secret_key_fallbacks([KEY]).expect("keys");
        assert!(reads_cookie_of(&layer, "third") && reads_cookie_of(&layer, KEY));
        assert!(!reads_cookie_of(&layer, PREVIOUS));
    }

    #[test]
    fn failed_key_leaves_clones_of_layer_unchanged() {
        let layer = with_key().secret_key_fallbacks([PREVIOUS]).expect("keys");
        assert_empty_key("secret_key", layer.clone().secret_key(""));
        let fallbacks = layer.clone().secret_key_fallbacks(["third", ""]);
        assert_empty_key("secret_key_fallbacks", fallbacks);
        assert!(reads_cookie_of(&layer, KEY) && reads_cookie_of(&layer, PREVIOUS));
        assert!(!reads_cookie_of(&layer, "third"));
    }
}

#[test]
fn rename_of_undeclared_name_to_itself_is_rename_undeclared() {
    let result = CookieLayer::new().renamed("a", "a");
    assert!(matches!(result, Err(CookieError::RenameUndeclared { .. })));
}

#[test]
fn retire_of_previous_name_is_renamed() {
    let layer = CookieLayer::new().declare("new").unwrap();
    let layer = layer.renamed("old", "new").unwrap();
    let result = layer.retire(Cookie::build("old").path("/x"));
    assert!(matches!(result, Err(CookieError::Renamed { .. })));
}
