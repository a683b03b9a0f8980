//! Neither values nor keys are shown, by whatever `Debug`, `Display`, event or panic there is.

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
use support::now;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::Level;

const VALUE: &str = "m4rked>Value?";
#[cfg(feature = "signed")]
const KEY: &str = "m4rked-Secret~Key";
#[cfg(feature = "signed")]
const FALLBACK: &str = "f0rmer-Secret~Key";

/// What was shown, and what must not be in it.
struct Shown {
    secrets: Vec<(String, String)>,
    text: String,
}

impl Shown {
    fn new() -> Self {
        let mut shown = Self {
            secrets: Vec::new(),
            text: String::new(),
        };
        shown.hide(VALUE);
        shown
    }

    /// Looks for `secret` as it is and in every form in which it might be written.
    fn hide(&mut self, secret: impl AsRef<[u8]>) {
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
            // As a cookie's value, and as a URL's part.
            forms.push(text.replace('>', "%3E").replace('?', "%3F"));
            forms.push(text.replace('>', r"\076").replace('?', r"\077"));
        }
        for skipped in 0..3 {
            // Wherever it begins in what was encoded, but for the digits that it shares.
            let aligned = &bytes[skipped.min(bytes.len())..];
            let whole = &aligned[..aligned.len() / 3 * 3];
            forms.push(STANDARD_NO_PAD.encode(whole));
            forms.push(URL_SAFE_NO_PAD.encode(whole));
        }
        let name = String::from_utf8_lossy(bytes).into_owned();
        for form in forms {
            assert!(form.len() >= 12, "{form:?} may be there by chance");
            self.secrets.push((name.clone(), form));
        }
    }

    fn debug(&mut self, shown: &impl Debug) {
        let (line, lines) = (format!("{shown:?}"), format!("{shown:#?}"));
        let blanks = [": ,", ": }", "(,"];
        assert!(
            !line.is_empty() && !blanks.iter().any(|&blank| line.contains(blank)),
            "{line}"
        );
        writeln!(self.text, "{line}\n{lines}").unwrap();
    }

    fn display(&mut self, shown: &impl Display) {
        writeln!(self.text, "{shown}\n{shown:#}").unwrap();
    }

    /// Both, and its sources'.
    fn error(&mut self, error: &(dyn Error + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.debug(&error);
            self.display(&error);
            next = error.source();
        }
    }

    #[track_caller]
    fn assert_hidden(&self) {
        for (secret, form) in &self.secrets {
            assert!(
                !self.text.contains(form),
                "{secret:?} is shown as {form:?} in {}",
                self.text
            );
        }
    }
}

/// Runs `show`, and searches what it showed, and the events that came of it.
#[track_caller]
fn assert_hidden(show: impl FnOnce(&mut Shown)) {
    let mut shown = Shown::new();
    let (lines, ()) = events(Level::TRACE, || show(&mut shown));
    shown.text.push_str(&lines.join("\n"));
    assert!(!shown.text.is_empty());
    shown.assert_hidden();
}

fn request() -> Request<()> {
    let cookies = format!(r#"a={VALUE}; b="{VALUE}"; c="\042{VALUE}"; {VALUE}; a={VALUE}"#);
    let request = Request::builder()
        .header("cookie", cookies)
        .header("host", "www.example.com");
    request.body(()).unwrap()
}

fn declaring(name: &'static str) -> CookieLayer {
    let cookie = Cookie::build((name, VALUE)).path("/app").secure(true);
    CookieLayer::new().declare(cookie).unwrap()
}

#[test]
fn by_the_layer_its_service_and_its_answer() {
    assert_hidden(|shown| {
        let former = Cookie::build(("declared", VALUE)).path("/old");
        let layer = declaring("declared").retire(former).unwrap();
        let mut service = layer.layer(service_fn(|_: Request<()>| {
            pending::<Result<Response<()>, Infallible>>()
        }));
        shown.debug(&layer);
        shown.debug(&service);
        shown.debug(&service.call(request()));
    });
}

#[test]
fn by_the_jar_and_its_iterators() {
    assert_hidden(|shown| {
        let jar = CookieLayer::new().jar(&request());
        shown.debug(&jar);
        jar.set(("a", VALUE)).unwrap();
        jar.set(("quoted", format!("\"{VALUE}\""))).unwrap();
        jar.delete(("gone", VALUE)).unwrap();
        // Whatever was decoded and indexed.
        assert_eq!(jar.get("c"), Some(&*format!("\"{VALUE}")));
        assert_eq!(jar.get(""), Some(VALUE));
        assert_eq!(jar.len(), 4);
        shown.debug(&jar);
        shown.debug(&jar.iter());
        shown.debug(&(&jar).into_iter());
        shown.debug(&jar.get_all("a"));
        shown.debug(&CookieJar::from_headers(request().headers()));
    });
}

#[test]
fn by_the_fields_of_the_response() {
    assert_hidden(|shown| {
        let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
            let jar = CookieJar::from_extensions(request.extensions()).unwrap();
            jar.set(("a", VALUE)).unwrap();
            ready(Ok::<_, Infallible>(Response::new(())))
        }));
        let Ok(response) = now(service.call(request()));
        assert!(response.headers().contains_key("set-cookie"));
        shown.debug(&response);
    });
}

#[test]
fn by_a_trace_of_the_response() {
    assert_hidden(|shown| {
        let on_response = DefaultOnResponse::new().include_headers(true);
        let trace = TraceLayer::new_for_http().on_response(on_response);
        let handler = service_fn(|request: Request<String>| {
            let jar = support::jar_of(&request);
            jar.set(("a", VALUE)).unwrap();
            ready(Ok::<_, Infallible>(Response::new(String::new())))
        });
        let service = trace.layer(CookieLayer::new().layer(handler));
        let (lines, _) = events(Level::TRACE, || {
            now(service.oneshot(request().map(|()| String::new())))
        });
        assert!(lines.iter().any(|line| line.contains("set-cookie")));
        shown.display(&lines.join("\n"));
    });
}

#[test]
fn by_what_is_refused() {
    assert_hidden(|shown| {
        let mut refused = |answer: Result<(), CookieError>| {
            shown.error(&answer.expect_err("it is refused"));
        };
        let a = || Cookie::build(("a", VALUE));
        let named = |name| Cookie::build((name, VALUE));
        let jar = CookieLayer::new().jar(&request());
        refused(jar.set(("a", format!("{VALUE}\n"))));
        refused(jar.set(("a", VALUE.repeat(400))));
        for cookie in [
            named(""),
            named("a b"),
            named("path"),
            a().path("app"),
            a().path("/;"),
            a().domain("."),
            a().domain("a b"),
            a().domain("example.org"),
            a().same_site(tower_django_cookies::SameSite::None)
                .secure(false),
            a().partitioned(true).secure(false),
            named("__Host-a").domain("example.com"),
            named("__Host-a").path("/app"),
            named("__Secure-a").secure(false),
            named("__Http-a").http_only(false),
        ] {
            refused(jar.set(cookie.clone()));
            refused(jar.delete(cookie));
        }
        jar.set(a().path("/1")).unwrap();
        jar.set(a().path("/2")).unwrap();
        refused(jar.delete(("a", VALUE)));

        let layer = declaring("a").deny_undeclared();
        let jar = layer.jar(&request());
        refused(jar.set(a().path("/")));
        refused(jar.set(a().secure(false)));
        refused(jar.delete(a().path("/")));
        refused(jar.set(named("undeclared")));
        let built = |layer: Result<CookieLayer, CookieError>| layer.map(drop);
        refused(built(layer.clone().declare(a())));
        refused(built(layer.clone().declare(named("b").path(""))));
        refused(built(layer.clone().retire(a().path("/app"))));
        refused(built(layer.clone().retire(named("b"))));
        let retired = layer.retire(a().path("/old")).unwrap();
        refused(built(retired.retire(a().path("/old"))));
        let mut nested = request();
        nested.extensions_mut().insert(jar);
        let conflict = CookieLayer::new().declare(a()).unwrap().jar(&nested);
        refused(conflict.set(a()));

        refused(CookieJar::from_headers(&HeaderMap::new()).set(a()));
        refused(jar_that_has_ended().set(a()));
        refused(
            CookieLayer::new()
                .jar(&request())
                .require(VALUE.split('>').next().unwrap())
                .map(drop),
        );
        for unparsable in [format!("={VALUE}"), VALUE.to_owned()] {
            refused(
                Cookie::parse(unparsable)
                    .map(drop)
                    .map_err(CookieError::from),
            );
        }
    });
}

/// `set("a=1")` is soon written where `set(("a", "1"))` is meant.
#[test]
fn by_a_value_that_was_given_with_the_name() {
    assert_hidden(|shown| {
        let mut refused = |answer: Result<(), CookieError>| {
            let error = answer.expect_err("it is refused");
            assert!(error.to_string().contains(r#""a=…""#), "{error}");
            shown.error(&error);
        };
        let whole = || Cookie::from(format!("a={VALUE}"));
        let jar = CookieLayer::new().jar(&request());
        let strict = CookieLayer::new().deny_undeclared();
        for jar in [
            jar.clone(),
            strict.jar(&request()),
            CookieJar::from_headers(&HeaderMap::new()),
            jar_that_has_ended(),
        ] {
            refused(jar.set(whole()));
            refused(jar.delete(whole()));
        }
        for cookie in [whole(), Cookie::build(whole()).path("").build()] {
            refused(strict.clone().declare(cookie).map(drop));
        }
        refused(strict.retire(whole()).map(drop));
        #[cfg(feature = "signed")]
        refused(jar.signed().set(whole()));
        #[cfg(feature = "private")]
        refused(jar.private().set(whole()));
    });
}

fn jar_that_has_ended() -> CookieJar {
    let (jars, jar) = std::sync::mpsc::channel();
    let mut service = CookieLayer::new().layer(service_fn(|request| {
        jars.send(support::jar_of(&request)).unwrap();
        ready(Err::<Response<()>, _>("broken"))
    }));
    now(service.call(request())).unwrap_err();
    jar.recv().unwrap()
}

/// What a panic says.
#[cfg(feature = "signed")]
fn panic_message<T>(code: impl FnOnce() -> T) -> String {
    let code = std::panic::AssertUnwindSafe(|| drop(code()));
    let message = std::panic::catch_unwind(code).expect_err("it panics");
    match message.downcast::<String>() {
        Ok(message) => *message,
        Err(message) => (*message.downcast::<&str>().expect("a text")).to_owned(),
    }
}

#[cfg(feature = "signed")]
#[test]
fn by_signed_cookies_and_their_keys() {
    use std::time::{Duration, SystemTime};

    assert_hidden(|shown| {
        shown.hide(KEY);
        shown.hide(FALLBACK);
        let layer = CookieLayer::new()
            .secret_key(KEY)
            .secret_key_fallbacks([FALLBACK]);
        shown.debug(&layer);
        shown.debug(&layer.layer(()));
        let jar = layer.jar(&request());
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let signed = jar.signed().salt("login").with_time(long_ago);
        signed.set(("a", VALUE)).unwrap();
        shown.debug(&jar);
        shown.debug(&signed);

        let sealed = jar.queued()[0].value().to_owned();
        shown.hide(&sealed[VALUE.len()..]);
        let header = format!("a={sealed}; forged={sealed}; unsigned={VALUE}");
        let request = Request::builder()
            .header("cookie", header)
            .body(())
            .unwrap();
        let jar = layer.jar(&request);
        let signed = jar.signed().salt("login").max_age(Duration::ZERO);
        for name in ["a", "forged", "unsigned", "missing"] {
            shown.error(&signed.get(name).unwrap_err());
        }
        shown.debug(&jar);
        shown.debug(&signed);

        let without = CookieLayer::new().jar(&request).signed();
        let empty = CookieLayer::new()
            .secret_key(KEY)
            .secret_key_fallbacks([""]);
        let empty = empty.jar(&request).signed();
        for signed in [without, empty] {
            shown.error(&signed.get("a").unwrap_err());
            shown.error(&signed.set(("a", VALUE)).unwrap_err());
        }
    });
}

#[cfg(feature = "signed")]
#[test]
fn by_signers_and_their_errors() {
    use std::time::{Duration, SystemTime};

    use sha2::{Digest, Sha256};
    use tower_django_cookies::signing::{SecretKey, Signer, TimestampSigner};

    assert_hidden(|shown| {
        for key in [KEY, FALLBACK] {
            shown.hide(key);
            for salt in ["Signer", "TimestampSigner"] {
                // What is kept of it: Django's `salted_hmac`.
                let derived = format!("django.core.signing.{salt}signer{key}");
                shown.hide(Sha256::digest(derived));
            }
        }
        shown.debug(&SecretKey::from(KEY));
        let signer = Signer::new(KEY).fallbacks([FALLBACK]);
        let timed = TimestampSigner::new(KEY).fallbacks([FALLBACK]);
        let timed = timed.with_time(SystemTime::UNIX_EPOCH);
        shown.debug(&signer);
        shown.debug(&timed);

        let signature = signer.sign(VALUE).split_off(VALUE.len() + 1);
        shown.hide(&signature);
        shown.error(&signer.unsign(VALUE).unwrap_err());
        shown.error(&signer.unsign(&format!("{VALUE}:{VALUE}")).unwrap_err());
        shown.error(
            &timed
                .unsign(&timed.clone().separator("|").unwrap().sign(VALUE), None)
                .unwrap_err(),
        );
        let same_salt = signer.clone().salt("salt").sign(VALUE);
        shown.error(
            &timed
                .clone()
                .salt("salt")
                .unsign(&same_salt, None)
                .unwrap_err(),
        );
        let now = timed.clone().with_time(SystemTime::now());
        let expired = now.unsign(&timed.sign(VALUE), Some(Duration::ZERO));
        shown.error(&expired.unwrap_err());
        let former = Signer::new(FALLBACK).sign(VALUE);
        assert_eq!(signer.unsign(&former).as_deref(), Ok(VALUE));
        for used in [&signer, &signer.clone()] {
            shown.debug(used);
        }
        shown.debug(&timed);
        shown.error(&signer.clone().separator("-").unwrap_err());

        let messages = [
            panic_message(|| Signer::new("")),
            panic_message(|| TimestampSigner::new("")),
            panic_message(|| signer.clone().fallbacks([KEY, ""])),
            panic_message(|| timed.clone().fallbacks([KEY, ""])),
        ];
        for message in messages {
            assert!(message.contains("empty"), "{message}");
            shown.display(&message);
        }
    });
}

#[cfg(feature = "dumps")]
#[test]
fn by_payloads_that_can_not_be_read_or_written() {
    use std::collections::HashMap;
    use tower_django_cookies::signing::{TimestampSigner, dumps, loads};

    assert_hidden(|shown| {
        shown.hide(KEY);
        let signer = TimestampSigner::new(KEY);
        let signed = dumps(&signer, &vec![VALUE; 40], true).unwrap();
        shown.error(&loads::<u32>(&signer, &signed, None).unwrap_err());
        let small = signer.clone().inflate_limit(16);
        shown.debug(&small);
        shown.error(&loads::<Vec<String>>(&small, &signed, None).unwrap_err());
        for payload in [VALUE, ".m4rked", "m4rked"] {
            let signed = signer.sign(payload);
            shown.error(&loads::<u32>(&signer, &signed, None).unwrap_err());
        }
        let unserializable = HashMap::from([((VALUE, 1), VALUE)]);
        shown.error(&dumps(&signer, &unserializable, false).unwrap_err());
    });
}

#[cfg(feature = "private")]
#[test]
fn by_private_cookies_and_their_keys() {
    use tower_django_cookies::cookie::Key;

    assert_hidden(|shown| {
        let (key, former) = (Key::generate(), Key::generate());
        for key in [&key, &former] {
            shown.hide(key.master());
            shown.hide(key.encryption());
        }
        let layer = CookieLayer::new()
            .private_key(key)
            .private_key_fallbacks([former]);
        shown.debug(&layer);
        let jar = layer.jar(&request());
        let private = jar.private();
        private.set(("sealed", VALUE)).unwrap();
        shown.debug(&jar);
        shown.debug(&private);
        shown.error(&private.get("a").unwrap_err());
        shown.error(&private.get("missing").unwrap_err());
        shown.hide(jar.queued()[0].value());

        let without = CookieLayer::new().jar(&request()).private();
        shown.error(&without.get("a").unwrap_err());
        shown.error(&without.set(("a", VALUE)).unwrap_err());
    });
}

#[cfg(feature = "test-util")]
#[test]
fn by_the_test_client() {
    use tower_django_cookies::test::Client;

    assert_hidden(|shown| {
        let app = CookieLayer::new().layer(service_fn(|request: Request<String>| {
            let jar = support::jar_of(&request);
            jar.set(("a", VALUE)).unwrap();
            let mut response = Response::new(String::new());
            for field in [
                format!("__Host-a={VALUE}"),
                format!("={VALUE}"),
                VALUE.to_owned(),
                format!("a={VALUE}; Domain=example.org"),
                format!("a={}", VALUE.repeat(400)),
            ] {
                let headers = response.headers_mut();
                headers.append("set-cookie", field.parse().unwrap());
            }
            ready(Ok::<_, Infallible>(response))
        }));
        let mut client = Client::new(app);
        client.set_cookie(("b", VALUE)).unwrap();
        shown.debug(&now(client.get("/")).unwrap().body());
        assert_eq!(client.cookies().len(), 2);
        shown.debug(&client);
        assert!(!client.rejected_cookies().is_empty());
        for refused in client.rejected_cookies() {
            shown.error(refused);
        }
        for cookie in [
            Cookie::build(("a b", VALUE)),
            Cookie::build(("a", VALUE)).domain("example.org"),
            Cookie::build(("a", VALUE)).path("app"),
        ] {
            shown.error(&client.set_cookie(cookie).unwrap_err());
        }
    });
}
