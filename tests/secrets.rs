//! No `Debug` or `Display` output, event or panic message shows a cookie's value or a key.

#[path = "support/events.rs"]
mod events;
mod support;

use std::convert::Infallible;
use std::error::Error;
use std::fmt::{Debug, Display, Write};
use std::future::{pending, ready};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use events::events;
use http::{HeaderMap, Request, Response};
use support::{ended_jar, ready_output};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, SameSite};
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::Level;

const VALUE: &str = "m4rked>Value?";
#[cfg(feature = "signed")]
const KEY: &str = "m4rked-Secret~Key";
#[cfg(feature = "signed")]
const FALLBACK: &str = "f4llback-Secret~Key";

/// A predicate for the error that a test expects.
type IsExpected<E> = fn(&E) -> bool;

/// Collects output, and searches it for secrets.
struct Output {
    /// Each secret, with one form in which it could be written.
    secrets: Vec<(String, String)>,
    text: String,
}

impl Output {
    fn new() -> Self {
        let mut output = Self {
            secrets: Vec::new(),
            text: String::new(),
        };
        output.add_secret(VALUE);
        output
    }

    /// The output must not contain `secret`, neither as it is nor encoded.
    fn add_secret(&mut self, secret: impl AsRef<[u8]>) {
        let bytes = secret.as_ref();
        let hex = |prefix: &str, upper: bool| {
            bytes.iter().fold(String::new(), |mut hex, byte| {
                hex.push_str(prefix);
                if upper {
                    write!(hex, "{byte:02X}").unwrap();
                } else {
                    write!(hex, "{byte:02x}").unwrap();
                }
                hex
            })
        };
        let list = format!("{bytes:?}");
        let mut forms = vec![
            hex("", false),
            hex("", true),
            hex("%", true),
            list.trim_matches(['[', ']']).to_owned(),
        ];
        if let Ok(text) = std::str::from_utf8(bytes) {
            forms.extend([text.to_owned(), text.escape_debug().to_string()]);
            // Escaped as in a URL, and as in a cookie's value.
            forms.push(text.replace('>', "%3E").replace('?', "%3F"));
            forms.push(text.replace('>', r"\076").replace('?', r"\077"));
        }
        // Base64 encodes groups of three bytes, and the secret may begin at any byte of a group. The
        // digits that the secret shares with its neighbours are left out.
        for skipped in 0..3 {
            let aligned = &bytes[skipped.min(bytes.len())..];
            let whole = &aligned[..aligned.len() / 3 * 3];
            forms.push(STANDARD_NO_PAD.encode(whole));
            forms.push(URL_SAFE_NO_PAD.encode(whole));
        }
        let name = String::from_utf8_lossy(bytes).into_owned();
        for form in forms {
            assert!(
                form.len() >= 12,
                "{form:?} is so short that it may occur by chance"
            );
            self.secrets.push((name.clone(), form));
        }
    }

    fn debug(&mut self, value: &impl Debug) {
        let (line, lines) = (format!("{value:?}"), format!("{value:#?}"));
        let empty_fields = [": ,", ": }", "(,"];
        assert!(
            !line.is_empty() && !empty_fields.iter().any(|&empty| line.contains(empty)),
            "{line}"
        );
        writeln!(self.text, "{line}\n{lines}").unwrap();
    }

    fn display(&mut self, value: &impl Display) {
        writeln!(self.text, "{value}\n{value:#}").unwrap();
    }

    /// Adds `Debug` and `Display` of an error and its sources.
    fn error(&mut self, error: &(dyn Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.debug(&error);
            self.display(&error);
            next = error.source();
        }
    }

    /// Adds the error of `result`, which must satisfy `is_expected`, and returns it.
    #[track_caller]
    fn error_of<T, E: Error + 'static>(
        &mut self,
        result: Result<T, E>,
        is_expected: IsExpected<E>,
    ) -> E {
        let error = result.err().expect("the operation must fail");
        assert!(is_expected(&error), "{error:?}");
        self.error(&error);
        error
    }

    #[track_caller]
    fn assert_hidden(&self) {
        for (secret, form) in &self.secrets {
            assert!(
                !self.text.contains(form),
                "the output shows {secret:?} as {form:?}: {}",
                self.text
            );
        }
    }
}

/// Runs `collect`, and asserts that the output it collects and its events show no secret.
#[track_caller]
fn assert_hidden(collect: impl FnOnce(&mut Output)) {
    let mut output = Output::new();
    let (lines, ()) = events(Level::TRACE, || collect(&mut output));
    output.text.push_str(&lines.join("\n"));
    assert!(!output.text.is_empty());
    output.assert_hidden();
}

/// A predicate for errors that match a pattern.
macro_rules! is {
    ($pattern:pat) => {
        |error| matches!(error, $pattern)
    };
}

fn request() -> Request<()> {
    let cookies = format!(r#"a={VALUE}; b="{VALUE}"; c="\042{VALUE}"; {VALUE}; a={VALUE}"#);
    let request = Request::builder()
        .header("cookie", cookies)
        .header("host", "www.example.com");
    request.body(()).unwrap()
}

fn layer_declaring(name: &'static str) -> CookieLayer {
    let cookie = Cookie::build((name, VALUE)).path("/app").secure(true);
    CookieLayer::new().declare(cookie).unwrap()
}

#[test]
fn debug_of_layer_service_and_future_hides_values() {
    assert_hidden(|output| {
        let previous = Cookie::build(("declared", VALUE)).path("/old");
        let layer = layer_declaring("declared").retire(previous).unwrap();
        let mut service = layer.layer(service_fn(|_: Request<()>| {
            pending::<Result<Response<()>, Infallible>>()
        }));
        output.debug(&layer);
        output.debug(&service);
        output.debug(&service.call(request()));
    });
}

#[test]
fn debug_of_jar_and_its_iterators_hides_values() {
    assert_hidden(|output| {
        let jar = CookieLayer::new().jar(&request());
        output.debug(&jar);
        jar.set(("a", VALUE)).unwrap();
        jar.set(("quoted", format!("\"{VALUE}\""))).unwrap();
        jar.delete(("deleted", VALUE)).unwrap();
        // Reading fills the jar's decoded values and its index.
        assert_eq!(jar.get("c"), Some(&*format!("\"{VALUE}")));
        assert_eq!(jar.get(""), Some(VALUE));
        assert_eq!(jar.len(), 4);
        output.debug(&jar);
        output.debug(&jar.iter());
        output.debug(&(&jar).into_iter());
        output.debug(&jar.get_all("a"));
        output.debug(&CookieJar::from_headers(request().headers()));
    });
}

#[test]
fn debug_of_set_cookie_headers_hides_values() {
    assert_hidden(|output| {
        let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
            let jar = support::jar_of(&request);
            jar.set(("a", VALUE)).unwrap();
            ready(Ok::<_, Infallible>(Response::new(())))
        }));
        let Ok(response) = ready_output(service.call(request()));
        assert!(response.headers().contains_key("set-cookie"));
        output.debug(&response);
    });
}

#[test]
fn trace_layer_with_response_headers_hides_values() {
    assert_hidden(|output| {
        let on_response = DefaultOnResponse::new().include_headers(true);
        let trace = TraceLayer::new_for_http().on_response(on_response);
        let handler = service_fn(|request: Request<String>| {
            let jar = support::jar_of(&request);
            jar.set(("a", VALUE)).unwrap();
            ready(Ok::<_, Infallible>(Response::new(String::new())))
        });
        let service = trace.layer(CookieLayer::new().layer(handler));
        let (lines, _) = events(Level::TRACE, || {
            ready_output(service.oneshot(request().map(|()| String::new())))
        });
        assert!(lines.iter().any(|line| line.contains("set-cookie")));
        output.display(&lines.join("\n"));
    });
}

#[test]
fn errors_of_jar_and_layer_hide_values() {
    let a = || Cookie::build(("a", VALUE));
    let named = |name| Cookie::build((name, VALUE));
    assert_hidden(|output| {
        let jar = CookieLayer::new().jar(&request());
        output.error_of(
            jar.set(("a", format!("{VALUE}\n"))),
            is!(CookieError::ControlCharacter { .. }),
        );
        output.error_of(
            jar.set(("a", VALUE.repeat(400))),
            is!(CookieError::TooLong { .. }),
        );
        // `delete` accepts every name and Path that browsers can store.
        let invalid_to_set: [(Cookie<'_>, IsExpected<CookieError>); 4] = [
            (named("a b").into(), is!(CookieError::InvalidName { .. })),
            (named("path").into(), is!(CookieError::ReservedName { .. })),
            (
                a().path("/a b").into(),
                is!(CookieError::InvalidPath { .. }),
            ),
            (a().path("/..").into(), is!(CookieError::InvalidPath { .. })),
        ];
        for (cookie, is_expected) in invalid_to_set {
            output.error_of(jar.set(cookie), is_expected);
        }
        let invalid: [(Cookie<'_>, IsExpected<CookieError>); 14] = [
            (named("").into(), is!(CookieError::InvalidName { .. })),
            (named("a;b").into(), is!(CookieError::InvalidName { .. })),
            (
                a().domain("com").into(),
                is!(CookieError::InvalidDomain { .. }),
            ),
            (a().path("app").into(), is!(CookieError::InvalidPath { .. })),
            (a().path("/;").into(), is!(CookieError::InvalidPath { .. })),
            (
                a().domain("..").into(),
                is!(CookieError::InvalidDomain { .. }),
            ),
            (
                a().domain("a b").into(),
                is!(CookieError::InvalidDomain { .. }),
            ),
            (
                a().domain("example.org").into(),
                is!(CookieError::DomainMismatch { .. }),
            ),
            (
                a().same_site(SameSite::None).secure(false).into(),
                is!(CookieError::SecureRequired { .. }),
            ),
            (
                a().partitioned(true).secure(false).into(),
                is!(CookieError::SecureRequired { .. }),
            ),
            (
                named("__Host-a").domain("example.com").into(),
                is!(CookieError::HostPrefixDomain { .. }),
            ),
            (
                named("__Host-a").path("/app").into(),
                is!(CookieError::HostPrefixPath { .. }),
            ),
            (
                named("__Secure-a").secure(false).into(),
                is!(CookieError::SecureRequired { .. }),
            ),
            (
                named("__Http-a").http_only(false).into(),
                is!(CookieError::HttpOnlyRequired { .. }),
            ),
        ];
        for (cookie, is_expected) in invalid {
            output.error_of(jar.set(cookie.clone()), is_expected);
            output.error_of(jar.delete(cookie), is_expected);
        }
        jar.set(a().path("/1")).unwrap();
        jar.set(a().path("/2")).unwrap();
        output.error_of(
            jar.delete(("a", VALUE)),
            is!(CookieError::AmbiguousScope { .. }),
        );

        let name_from_value = VALUE.split('>').next().unwrap();
        output.error_of(
            CookieLayer::new().jar(&request()).require(name_from_value),
            is!(CookieError::MissingCookie { .. }),
        );
        output.error_of(
            CookieJar::from_headers(&HeaderMap::new()).set(a()),
            is!(CookieError::NoResponse { .. }),
        );
        output.error_of(
            ended_jar().set(a()),
            is!(CookieError::ResponseStarted { .. }),
        );
        for unparsable in [format!("={VALUE}"), VALUE.to_owned()] {
            output.error_of(
                Cookie::parse(unparsable).map_err(CookieError::from),
                is!(CookieError::Parse(_)),
            );
        }
    });
}

#[test]
fn errors_of_declarations_hide_values() {
    let a = || Cookie::build(("a", VALUE));
    let b = || Cookie::build(("b", VALUE));
    assert_hidden(|output| {
        let layer = layer_declaring("a").deny_undeclared();
        let jar = layer.jar(&request());
        output.error_of(
            jar.set(a().path("/")),
            is!(CookieError::ScopeMismatch { .. }),
        );
        output.error_of(
            jar.set(a().secure(false)),
            is!(CookieError::Downgrade { .. }),
        );
        output.error_of(
            jar.delete(a().path("/")),
            is!(CookieError::ScopeMismatch { .. }),
        );
        output.error_of(jar.set(b()), is!(CookieError::Undeclared { .. }));

        output.error_of(
            layer.clone().declare(a()),
            is!(CookieError::AlreadyDeclared { .. }),
        );
        output.error_of(
            layer.clone().declare(b().path("")),
            is!(CookieError::InvalidPath { .. }),
        );
        output.error_of(
            layer.clone().retire(a().path("/app")),
            is!(CookieError::RetireDeclared { .. }),
        );
        output.error_of(
            layer.clone().retire(b()),
            is!(CookieError::RetireUndeclared { .. }),
        );
        output.error_of(
            layer.clone().renamed(b(), "c"),
            is!(CookieError::RenameUndeclared { .. }),
        );
        let renamed = layer.clone().renamed(b(), "a").unwrap();
        output.error_of(
            renamed.jar(&request()).set(b()),
            is!(CookieError::Renamed { .. }),
        );
        output.error_of(
            renamed.clone().declare(b()),
            is!(CookieError::Renamed { .. }),
        );
        let mut nested = request();
        nested.extensions_mut().insert(jar.clone());
        let middle = renamed.jar(&nested);
        nested.extensions_mut().insert(middle);
        let inner = CookieLayer::new().declare(b()).unwrap().jar(&nested);
        output.error_of(inner.delete(b()), is!(CookieError::RenameConflict { .. }));
        let retired = layer.retire(a().path("/old")).unwrap();
        output.error_of(
            retired.retire(a().path("/old")),
            is!(CookieError::AlreadyRetired { .. }),
        );

        let mut nested = request();
        nested.extensions_mut().insert(jar);
        let inner = CookieLayer::new().declare(a()).unwrap().jar(&nested);
        output.error_of(inner.set(a()), is!(CookieError::DeclarationConflict { .. }));
    });
}

/// `Cookie::from("a=1")` is an easy mistake for `Cookie::new("a", "1")`.
#[test]
fn errors_for_name_value_pair_as_name_hide_value() {
    let pair = || Cookie::from(format!("a={VALUE}"));
    assert_hidden(|output| {
        let jar = CookieLayer::new().jar(&request());
        let strict = CookieLayer::new().deny_undeclared();
        let jars: [(CookieJar, IsExpected<CookieError>); 4] = [
            (jar.clone(), is!(CookieError::InvalidName { .. })),
            (strict.jar(&request()), is!(CookieError::Undeclared { .. })),
            (
                CookieJar::from_headers(&HeaderMap::new()),
                is!(CookieError::NoResponse { .. }),
            ),
            (ended_jar(), is!(CookieError::ResponseStarted { .. })),
        ];
        let mut errors = Vec::new();
        for (jar, is_expected) in jars {
            errors.push(output.error_of(jar.set(pair()), is_expected));
            errors.push(output.error_of(jar.delete(pair()), is_expected));
        }
        for result in [
            strict.clone().declare(pair()),
            strict.clone().declare(Cookie::build(pair()).path("")),
        ] {
            errors.push(output.error_of(result, is!(CookieError::InvalidName { .. })));
        }
        errors.push(output.error_of(
            strict.retire(pair()),
            is!(CookieError::RetireUndeclared { .. }),
        ));
        #[cfg(feature = "signed")]
        errors.push(output.error_of(
            jar.signed().set(pair()),
            is!(CookieError::MissingKey { .. }),
        ));
        #[cfg(feature = "private")]
        errors.push(output.error_of(
            jar.private().set(pair()),
            is!(CookieError::MissingKey { .. }),
        ));
        for error in errors {
            assert!(error.to_string().contains(r#""a=…""#), "{error}");
        }
    });
}

#[cfg(feature = "signed")]
fn key(key: &str) -> tower_django_cookies::signing::SecretKey {
    key.try_into().unwrap()
}

#[cfg(feature = "signed")]
#[test]
fn signed_jar_and_its_errors_hide_values_and_keys() {
    use tower_django_cookies::time::{Duration, OffsetDateTime};

    assert_hidden(|output| {
        output.add_secret(KEY);
        output.add_secret(FALLBACK);
        // Both keys are short, so these calls emit warnings.
        let with_key = CookieLayer::new().secret_key(KEY).unwrap();
        let layer = with_key.clone().secret_key_fallbacks([FALLBACK]).unwrap();
        output.debug(&layer);
        output.debug(&layer.layer(()));
        let jar = layer.jar(&request());
        let long_ago = OffsetDateTime::UNIX_EPOCH + Duration::seconds(1_000_000_000);
        let signed = jar.signed().salt("login").with_time(long_ago);
        signed.set(("a", VALUE)).unwrap();
        output.debug(&jar);
        output.debug(&signed);
        output.error_of(
            jar.set_verbatim(("verbatim", [VALUE, " "].concat())),
            is!(CookieError::InvalidValue { .. }),
        );

        let signed_value = jar.queued()[0].value().to_owned();
        output.add_secret(&signed_value[VALUE.len()..]);
        let header = format!("a={signed_value}; other={signed_value}; unsigned={VALUE}");
        let request = Request::builder()
            .header("cookie", header)
            .body(())
            .unwrap();
        let jar = layer.jar(&request);
        output.debug(&jar.signed().salt("login").verify("a").unwrap());
        let signed = jar.signed().salt("login").max_age(Duration::ZERO);
        output.error_of(signed.get("a"), is!(CookieError::SignatureExpired { .. }));
        output.error_of(signed.get("other"), is!(CookieError::BadSignature { .. }));
        output.error_of(
            signed.get("unsigned"),
            is!(CookieError::BadSignature { .. }),
        );
        output.error_of(
            signed.get("missing"),
            is!(CookieError::MissingCookie { .. }),
        );
        output.debug(&jar);
        output.debug(&signed);

        let only_fallback = CookieLayer::new().secret_key_fallbacks([FALLBACK]).unwrap();
        for layer in [CookieLayer::new(), only_fallback] {
            output.debug(&layer);
            let signed = layer.jar(&request).signed();
            output.error_of(signed.get("a"), is!(CookieError::MissingKey { .. }));
            output.error_of(
                signed.set(("a", VALUE)),
                is!(CookieError::MissingKey { .. }),
            );
        }
        for result in [
            with_key.clone().secret_key(""),
            with_key.secret_key_fallbacks([FALLBACK, ""]),
        ] {
            output.error_of(result, is!(CookieError::InvalidKey { .. }));
        }
    });
}

#[cfg(feature = "signed")]
#[test]
fn signers_and_their_errors_hide_values_and_keys() {
    use sha2::{Digest, Sha256};
    use tower_django_cookies::signing::{
        EmptyKey, SecretKey, SignatureError, Signer, TimestampSigner,
    };
    use tower_django_cookies::time::{Duration, OffsetDateTime};

    assert_hidden(|output| {
        for key in [KEY, FALLBACK] {
            output.add_secret(key);
            for salt in ["Signer", "TimestampSigner"] {
                // The key of the HMAC, which signers store: Django's `salted_hmac`.
                let derived = format!("django.core.signing.{salt}signer{key}");
                output.add_secret(Sha256::digest(derived));
            }
        }
        output.debug(&key(KEY));
        let signer = Signer::new(key(KEY)).fallbacks([key(FALLBACK)]);
        let timed = TimestampSigner::new(key(KEY)).fallbacks([key(FALLBACK)]);
        let timed = timed.with_time(OffsetDateTime::UNIX_EPOCH);
        output.debug(&signer);
        output.debug(&timed);

        let signature = signer.sign(VALUE).split_off(VALUE.len() + 1);
        output.add_secret(&signature);
        for forged in [VALUE.to_owned(), format!("{VALUE}:{VALUE}")] {
            output.error_of(signer.unsign(&forged), is!(SignatureError::BadSignature));
        }
        let other_separator = timed.clone().separator("|").unwrap().sign(VALUE);
        output.error_of(
            timed.unsign(&other_separator),
            is!(SignatureError::BadSignature),
        );
        let without_time = signer.clone().salt("salt").sign(VALUE);
        output.error_of(
            timed.clone().salt("salt").unsign(&without_time),
            is!(SignatureError::BadTimestamp),
        );
        let now = timed.clone().with_time(OffsetDateTime::now_utc());
        output.error_of(
            now.max_age(Duration::ZERO).unsign(&timed.sign(VALUE)),
            is!(SignatureError::SignatureExpired { .. }),
        );
        let signed_by_fallback = Signer::new(key(FALLBACK)).sign(VALUE);
        assert_eq!(signer.unsign(&signed_by_fallback).as_deref(), Ok(VALUE));
        // Both signers have stored their derived keys now.
        for signer in [&signer, &signer.clone()] {
            output.debug(signer);
        }
        output.debug(&timed);
        output.error_of(
            signer.clone().separator("-"),
            is!(SignatureError::UnsafeSeparator { .. }),
        );

        output.error_of(SecretKey::try_from(""), is!(EmptyKey));
    });
}

#[cfg(feature = "dumps")]
#[test]
fn errors_of_dumps_and_loads_hide_values_and_keys() {
    use std::collections::HashMap;
    use tower_django_cookies::signing::{
        PayloadReason, SignatureError, TimestampSigner, dumps, loads,
    };

    assert_hidden(|output| {
        output.add_secret(KEY);
        let key = key(KEY);
        // `dumps` and `loads` use this salt.
        let signer = TimestampSigner::new(key.clone()).salt("django.core.signing");
        let long = signer
            .clone()
            .compress()
            .sign_object(&vec![VALUE; 40])
            .unwrap();
        output.error_of(
            loads::<u32>(&key, &long),
            is!(SignatureError::BadPayload(PayloadReason::Json)),
        );
        let limited = signer.clone().inflate_limit(16);
        output.debug(&limited);
        output.error_of(
            limited.unsign_object::<Vec<String>>(&long),
            is!(SignatureError::BadPayload(PayloadReason::TooLong { .. })),
        );
        let encoded = URL_SAFE_NO_PAD.encode(VALUE);
        let payloads: [(&str, IsExpected<SignatureError>); 3] = [
            (
                VALUE,
                is!(SignatureError::BadPayload(PayloadReason::Base64)),
            ),
            (
                &format!(".{encoded}"),
                is!(SignatureError::BadPayload(PayloadReason::Zlib)),
            ),
            (
                &encoded,
                is!(SignatureError::BadPayload(PayloadReason::Json)),
            ),
        ];
        for (payload, is_expected) in payloads {
            let signed = signer.sign(payload);
            output.error_of(loads::<u32>(&key, &signed), is_expected);
            output.error_of(signer.unsign_object::<u32>(&signed), is_expected);
        }
        let unserializable = HashMap::from([((VALUE, 1), VALUE)]);
        output.error_of(
            dumps(&key, &unserializable),
            is!(SignatureError::BadPayload(PayloadReason::Unserializable)),
        );
    });
}

#[cfg(feature = "private")]
#[test]
fn private_jar_and_its_errors_hide_values_and_keys() {
    use tower_django_cookies::cookie::Key;

    assert_hidden(|output| {
        let (key, fallback) = (Key::generate(), Key::generate());
        for key in [&key, &fallback] {
            output.add_secret(key.master());
            output.add_secret(key.encryption());
        }
        let layer = CookieLayer::new()
            .private_key(key)
            .private_key_fallbacks([fallback]);
        output.debug(&layer);
        let jar = layer.jar(&request());
        let private = jar.private();
        private.set(("encrypted", VALUE)).unwrap();
        output.debug(&jar);
        output.debug(&private);
        output.error_of(private.get("a"), is!(CookieError::BadSignature { .. }));
        output.error_of(
            private.get("missing"),
            is!(CookieError::MissingCookie { .. }),
        );
        output.add_secret(jar.queued()[0].value());

        let no_key = CookieLayer::new().jar(&request()).private();
        output.error_of(no_key.get("a"), is!(CookieError::MissingKey { .. }));
        output.error_of(
            no_key.set(("a", VALUE)),
            is!(CookieError::MissingKey { .. }),
        );
    });
}

#[cfg(feature = "test-util")]
#[test]
fn test_client_and_its_errors_hide_values() {
    use tower_django_cookies::test::{Client, ClientError, RejectReason, RejectedCookie};

    assert_hidden(|output| {
        let app = CookieLayer::new().layer(service_fn(|request: Request<String>| {
            let jar = support::jar_of(&request);
            jar.set(("a", VALUE)).unwrap();
            let mut response = Response::new(String::new());
            for set_cookie in [
                format!("__Host-a={VALUE}"),
                format!("={VALUE}"),
                VALUE.to_owned(),
                format!("a={VALUE}; Domain=example.org"),
                format!("a={}", VALUE.repeat(400)),
            ] {
                let headers = response.headers_mut();
                headers.append("set-cookie", set_cookie.parse().unwrap());
            }
            ready(Ok::<_, Infallible>(response))
        }));
        let mut client = Client::new(app);
        client.set_cookie(("b", VALUE)).unwrap();
        output.debug(&ready_output(client.get("/")).unwrap().body());
        assert_eq!(client.cookies().len(), 2);
        output.debug(&client);
        assert!(!client.rejected_cookies().is_empty());
        for rejected in client.rejected_cookies() {
            output.error(rejected);
        }
        let a = || Cookie::build(("a", VALUE));
        output.error_of(
            client.set_cookie(("a b", VALUE)),
            is!(ClientError::Cookie(CookieError::InvalidName { .. })),
        );
        output.error_of(
            client.set_cookie(a().domain("example.org")),
            is!(ClientError::Rejected(RejectedCookie {
                reason: RejectReason::Domain,
                ..
            })),
        );
        output.error_of(
            client.set_cookie(a().path("app")),
            is!(ClientError::Cookie(CookieError::InvalidPath { .. })),
        );
    });
}
