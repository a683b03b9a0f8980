//! `tracing` events: which cookies were queued, flushed, discarded or refused, with name and scope.

#![cfg(feature = "tracing")]

#[path = "support/events.rs"]
mod events;
mod support;

use std::fmt::Debug;
use std::future::{Future, pending, ready};
use std::iter::repeat_with;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use events::events;
use http::{Request, Response};
use support::request;
use support::{
    assert_matches, assert_response_started, ended_jar, jar_of, ready_output, response_cookies,
    set_cookies,
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_django_cookies::{
    Cookie, CookieError, CookieJar, CookieLayer, HostSource, ResponseFuture, SameSite,
};
use tower_http::trace::TraceLayer;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

/// The events of a request whose jar is passed to `handler`.
fn request_events(layer: &CookieLayer, handler: impl FnMut(&CookieJar)) -> Vec<String> {
    events(Level::TRACE, || response_cookies(layer, handler)).0
}

#[test]
fn set_and_delete_are_queued_events_then_flushed_events_with_name_and_scope() {
    let events = request_events(&CookieLayer::new(), |jar| {
        jar.set(("a", "1")).unwrap();
        let scoped = Cookie::build(("b", "2")).domain("example.com").path("/app");
        jar.set(scoped.partitioned(true)).unwrap();
        jar.delete(Cookie::build("c").path("")).unwrap();
    });
    assert_eq!(
        events,
        [
            "DEBUG tower_django_cookies cookie queued operation=set name=a scope=host-only; Path=/",
            "DEBUG tower_django_cookies cookie queued operation=set name=b \
             scope=Domain=example.com; Path=/app; Partitioned",
            "DEBUG tower_django_cookies cookie queued operation=delete name=c \
             scope=host-only; no Path",
            "DEBUG tower_django_cookies cookie flushed operation=set name=a scope=host-only; Path=/",
            "DEBUG tower_django_cookies cookie flushed operation=set name=b \
             scope=Domain=example.com; Path=/app; Partitioned",
            "DEBUG tower_django_cookies cookie flushed operation=delete name=c \
             scope=host-only; no Path",
        ]
    );
}

/// The crate's events of a request to the service `stack`.
fn stack_events<S>(stack: S) -> Vec<String>
where
    S: Service<Request<String>, Error: Debug>,
{
    let call = || ready_output(stack.oneshot(Request::default()));
    let (lines, response) = events(Level::DEBUG, call);
    response.unwrap();
    let is_from_crate = |line: &String| line.contains("tower_django_cookies");
    lines.into_iter().filter(is_from_crate).collect()
}

#[test]
fn flushed_event_is_in_span_of_outer_trace_layer_only() {
    let set = |request: Request<String>| {
        let result = jar_of(&request).set(("a", "1"));
        ready(result.map(|()| Response::new(String::new())))
    };
    let (trace, cookies) = (TraceLayer::new_for_http(), CookieLayer::new());
    let stack = || ServiceBuilder::new();
    let trace_outside = stack().layer(trace.clone()).layer(cookies.clone());
    let trace_inside = stack().layer(cookies).layer(trace);
    let event = |operation| {
        format!(
            "DEBUG tower_django_cookies cookie {operation} operation=set name=a scope=host-only; Path=/"
        )
    };
    let (queued, flushed) = (event("queued"), event("flushed"));
    assert_eq!(
        stack_events(trace_outside.service_fn(set)),
        [format!("  {queued}"), format!("  {flushed}")]
    );
    assert_eq!(
        stack_events(trace_inside.service_fn(set)),
        [format!("  {queued}"), flushed]
    );
}

/// Names that browsers store, but that `set` refuses. A name is one field, shown as it is.
#[test]
fn events_of_deletes_show_every_name_that_browsers_store() {
    let long = "n".repeat(5000);
    let cut = format!("{}…", "n".repeat(256));
    for (name, shown) in [
        ("user[id]", "user[id]"),
        ("path", "path"),
        ("c d", "c d"),
        ("é", "é"),
        ("a\tb", "a\tb"),
        ("\u{2000}a", "\u{2000}a"),
        (&long, &cut),
    ] {
        let event = |operation: &str| {
            format!(
                "DEBUG tower_django_cookies cookie {operation} operation=delete name={shown} \
                 scope=host-only; Path=/"
            )
        };
        let lines = request_events(&CookieLayer::new(), |jar| jar.delete(name).unwrap());
        assert_eq!(lines, [event("queued"), event("flushed")]);

        let delete_and_drop = || {
            let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
                jar_of(&request).delete(name).unwrap();
                pending::<Result<Response<()>, CookieError>>()
            }));
            drop(service.call(Request::new(())));
        };
        let (lines, ()) = events(Level::TRACE, delete_and_drop);
        assert_eq!(lines, [event("queued"), event("discarded")]);

        // The error of `set` escapes the name.
        let (lines, result) = events(Level::TRACE, || {
            CookieLayer::new().jar(&Request::new(())).set((name, "1"))
        });
        let error = result.unwrap_err();
        assert!(
            error.to_string().contains(&format!("cookie {shown:?}")),
            "{error}"
        );
        assert_eq!(
            lines,
            [format!(
                "WARN tower_django_cookies cookie refused operation=set name={shown} error={error}"
            )]
        );
    }
}

#[test]
fn delete_of_old_name_has_events_of_old_and_new_name() {
    let layer = CookieLayer::new()
        .declare(Cookie::build("new").path("/app"))
        .and_then(|layer| layer.renamed("old", "new"))
        .unwrap();
    let lines = request_events(&layer, |jar| jar.delete("old").unwrap());
    let [old, new] = [
        "operation=delete name=old scope=host-only; Path=/",
        "operation=delete name=new scope=host-only; Path=/app",
    ];
    let event =
        |operation, fields| format!("DEBUG tower_django_cookies cookie {operation} {fields}");
    assert_eq!(
        lines,
        [
            event("queued", old),
            event("queued", new),
            event("flushed", old),
            event("flushed", new),
        ]
    );
}

/// A client can cause these errors at will, with a host of its choice.
#[test]
fn refused_domains_that_browsers_drop_at_the_host_are_debug_events() {
    let layer = CookieLayer::new().public_suffixes(|domain| domain == "co.test");
    let request = Request::builder().header("host", "a.co.test").body(());
    let jar = layer.jar(&request.unwrap());
    for domain in ["test", "co.test"] {
        let cookie = || Cookie::build(("a", "1")).domain(domain);
        let (lines, results) = events(Level::TRACE, || [jar.set(cookie()), jar.delete(cookie())]);
        for ((line, result), operation) in lines.iter().zip(results).zip(["set", "delete"]) {
            let error = result.unwrap_err();
            assert_matches!(error, CookieError::InvalidDomain { .. });
            let expected = format!(
                "DEBUG tower_django_cookies cookie refused operation={operation} name=a error={error}"
            );
            assert_eq!(*line, expected);
        }
        assert_eq!(lines.len(), 2);
    }
}

/// Each is an error of the program, so each is a warning.
#[test]
fn refused_renames_and_sets_of_old_name_are_warnings() {
    let layer = CookieLayer::new()
        .declare("new")
        .and_then(|layer| layer.renamed("old", "new"))
        .unwrap();
    let jar = layer.jar(&Request::new(()));
    let (lines, errors) = events(Level::TRACE, || {
        [
            jar.set(("old", "1")).unwrap_err(),
            layer.clone().declare("old").unwrap_err(),
            layer.clone().renamed("older", "newer").unwrap_err(),
            layer.clone().renamed("new", "new").unwrap_err(),
        ]
    });
    assert_matches!(
        errors,
        [
            CookieError::Renamed { .. },
            CookieError::Renamed { .. },
            CookieError::RenameUndeclared { .. },
            CookieError::AlreadyDeclared { .. },
        ]
    );
    let refused = [
        "operation=set name=old",
        "operation=declare name=old",
        "operation=renamed name=older",
        "operation=renamed name=new",
    ];
    let expected: Vec<_> = refused
        .iter()
        .zip(&errors)
        .map(|(fields, error)| {
            format!("WARN tower_django_cookies cookie refused {fields} error={error}")
        })
        .collect();
    assert_eq!(lines, expected);
}

#[test]
fn delete_that_replaces_queued_set_is_the_only_flushed_event() {
    let events = request_events(&CookieLayer::new(), |jar| {
        jar.set(("a", "1")).unwrap();
        jar.delete("a").unwrap();
    });
    assert_eq!(
        events,
        [
            "DEBUG tower_django_cookies cookie queued operation=set name=a scope=host-only; Path=/",
            "DEBUG tower_django_cookies cookie queued operation=delete name=a scope=host-only; Path=/",
            "DEBUG tower_django_cookies cookie flushed operation=delete name=a scope=host-only; Path=/",
        ]
    );
}

#[test]
fn set_of_declared_cookie_has_events_with_declared_and_retired_scope() {
    let declared = CookieLayer::new().declare(Cookie::build("a").path("/app"));
    let layer = declared.and_then(|layer| layer.retire("a")).unwrap();
    let events = request_events(&layer, |jar| {
        jar.set(("a", "1")).unwrap();
        // The delete of the retired scope is already queued.
        jar.set(("a", "2")).unwrap();
    });
    let [delete, set] = [
        "operation=delete name=a scope=host-only; Path=/",
        "operation=set name=a scope=host-only; Path=/app",
    ];
    let queued = |fields| format!("DEBUG tower_django_cookies cookie queued {fields}");
    let flushed = |fields| format!("DEBUG tower_django_cookies cookie flushed {fields}");
    let expected = [
        queued(delete),
        queued(set),
        queued(set),
        flushed(delete),
        flushed(set),
    ];
    assert_eq!(events, expected);
}

/// Runs `operation`, and asserts that it has one event, at `level` and with the text of the error.
/// Returns the error.
#[track_caller]
fn refused_event_error<T>(
    level: &str,
    operation: &str,
    name: &str,
    run: impl FnOnce() -> Result<T, CookieError>,
) -> CookieError {
    let (events, result) = events(Level::TRACE, run);
    let error = result.err().expect("the operation must fail");
    let event = format!(
        "{level} tower_django_cookies cookie refused operation={operation} name={name} error={error}"
    );
    assert_eq!(events, [event]);
    error
}

/// Asserts that an operation has a refused event at the level, with the operation and the name,
/// and that its error matches the pattern.
macro_rules! assert_refused_event {
    ([$level:literal, $operation:literal, $name:literal], $run:expr, $pattern:pat) => {
        assert_matches!(
            refused_event_error($level, $operation, $name, || $run),
            $pattern
        )
    };
}

#[test]
fn refused_operation_is_warning_with_text_of_error() {
    let layer = CookieLayer::new().declare("a").unwrap();
    let jar = layer.jar(&Request::new(()));
    let without_response = CookieJar::from_headers(&http::HeaderMap::new());

    let other_path = || Cookie::build("a").path("/app");
    assert_refused_event!(
        ["WARN", "set", "b"],
        jar.set(("b", "\n")),
        CookieError::ControlCharacter { .. }
    );
    assert_refused_event!(
        ["WARN", "set", "a"],
        jar.set(other_path()),
        CookieError::ScopeMismatch { .. }
    );
    assert_refused_event!(
        ["WARN", "set", "a"],
        without_response.set(("a", "1")),
        CookieError::NoResponse { .. }
    );
    assert_refused_event!(
        ["WARN", "delete", "a"],
        jar.delete(other_path()),
        CookieError::ScopeMismatch { .. }
    );
    assert_refused_event!(
        ["WARN", "declare", "a"],
        layer.clone().declare("a"),
        CookieError::AlreadyDeclared { .. }
    );
    assert_refused_event!(
        ["WARN", "declare", "b c"],
        layer.clone().declare("b c"),
        CookieError::InvalidName { .. }
    );
    assert_refused_event!(
        ["WARN", "retire", "a"],
        layer.clone().retire("a"),
        CookieError::RetireDeclared { .. }
    );
}

#[test]
fn every_refused_operation_with_status_500_is_warning() {
    let declared = Cookie::build("declared").path("/app").secure(true);
    let layer = CookieLayer::new()
        .declare(declared)
        .and_then(|layer| layer.retire(Cookie::build("declared").path("/old")))
        .unwrap();
    let jar = layer.jar(&Request::new(()));
    jar.set(Cookie::build(("twice", "1")).path("/1")).unwrap();
    jar.set(Cookie::build(("twice", "1")).path("/2")).unwrap();
    let mut nested = Request::new(());
    nested.extensions_mut().insert(jar.clone());
    let conflicting = CookieLayer::new().declare("declared").unwrap().jar(&nested);

    let a = || Cookie::build(("a", "1"));
    assert_refused_event!(
        ["WARN", "set", "Path"],
        jar.set(("Path", "1")),
        CookieError::ReservedName { .. }
    );
    assert_refused_event!(
        ["WARN", "set", "a"],
        jar.set_verbatim(("a", "a b")),
        CookieError::InvalidValue { .. }
    );
    assert_refused_event!(
        ["WARN", "set", "a"],
        jar.set(("a", "v".repeat(4096))),
        CookieError::TooLong { .. }
    );
    assert_refused_event!(
        ["WARN", "set", "a"],
        jar.set(a().path("app")),
        CookieError::InvalidPath { .. }
    );
    assert_refused_event!(
        ["WARN", "delete", "a"],
        jar.delete(a().domain("a:80")),
        CookieError::InvalidDomain { .. }
    );
    assert_refused_event!(
        ["WARN", "set", "__Host-a"],
        jar.set(Cookie::build(("__Host-a", "1")).domain("a.test")),
        CookieError::HostPrefixDomain { .. }
    );
    assert_refused_event!(
        ["WARN", "set", "__Host-a"],
        jar.set(Cookie::build(("__Host-a", "1")).path("/app")),
        CookieError::HostPrefixPath { .. }
    );
    assert_refused_event!(
        ["WARN", "set", "a"],
        jar.set(a().same_site(SameSite::None).secure(false)),
        CookieError::SecureRequired { .. }
    );
    assert_refused_event!(
        ["WARN", "set", "__Http-a"],
        jar.set(Cookie::build(("__Http-a", "1")).http_only(false)),
        CookieError::HttpOnlyRequired { .. }
    );
    assert_refused_event!(
        ["WARN", "set", "declared"],
        jar.set(Cookie::build(("declared", "1")).secure(false)),
        CookieError::Downgrade { .. }
    );
    assert_refused_event!(
        ["WARN", "delete", "twice"],
        jar.delete("twice"),
        CookieError::AmbiguousScope { .. }
    );
    assert_refused_event!(
        ["WARN", "set", "declared"],
        conflicting.set(("declared", "1")),
        CookieError::DeclarationConflict { .. }
    );
    assert_refused_event!(
        ["WARN", "delete", "a"],
        layer
            .clone()
            .deny_undeclared()
            .jar(&Request::new(()))
            .delete("a"),
        CookieError::Undeclared { .. }
    );
    let ended = ended_jar();
    assert_refused_event!(
        ["WARN", "set", "a"],
        ended.set(("a", "1")),
        CookieError::ResponseStarted { .. }
    );
    assert_refused_event!(
        ["WARN", "retire", "b"],
        layer.clone().retire("b"),
        CookieError::RetireUndeclared { .. }
    );
    assert_refused_event!(
        ["WARN", "retire", "declared"],
        layer.clone().retire(Cookie::build("declared").path("/old")),
        CookieError::AlreadyRetired { .. }
    );
}

/// Any client can send any `Host`, so a mismatch must not cause warnings.
#[test]
fn domain_mismatch_is_debug_event_that_shows_host() {
    let request = Request::get("https://Www.Example.test:8443/").body(());
    let jar = CookieLayer::new().jar(&request.unwrap());
    let cookie = || Cookie::build(("a", "1")).domain("example.org");
    for operation in ["set", "delete"] {
        let run = || match operation {
            "set" => jar.set(cookie()),
            _ => jar.delete(cookie()),
        };
        let (lines, result) = events(Level::TRACE, run);
        let error = result.expect_err("the host does not domain-match");
        assert_matches!(
            error,
            CookieError::DomainMismatch { host, .. } if host == "www.example.test"
        );
        assert!(error.status().is_client_error());
        assert_eq!(
            lines,
            [format!(
                "DEBUG tower_django_cookies cookie refused operation={operation} name=a \
                 host=www.example.test error={error}"
            )]
        );
        let (warnings, _) = events(Level::WARN, run);
        assert!(warnings.is_empty(), "{warnings:?}");
    }
}

#[cfg(feature = "signed")]
fn short_key_event(setting: &str, len: usize) -> String {
    format!(
        "WARN tower_django_cookies secret key is shorter than 32 bytes; use at least 32 random bytes \
         setting={setting} len={len}"
    )
}

#[cfg(feature = "signed")]
#[test]
fn short_key_is_one_warning_when_layer_is_built_and_none_for_requests() {
    let (lines, layer) = events(Level::TRACE, || {
        let layer = CookieLayer::new().secret_key("a secret").unwrap();
        layer.declare("a").unwrap().vary_on_cookie()
    });
    assert_eq!(lines, [short_key_event("secret_key", 8)]);

    let outer = CookieLayer::new().declare("b").unwrap();
    let (lines, ()) = events(Level::WARN, || {
        for _ in 0..3 {
            let mut service =
                outer.layer(layer.clone().layer(service_fn(|request: Request<()>| {
                    let jar = jar_of(&request);
                    jar.signed().set(("a", "1")).unwrap();
                    let result = jar.signed().get("a");
                    assert_matches!(result, Err(CookieError::BadSignature { .. }));
                    ready(Ok::<_, CookieError>(Response::new(())))
                })));
            let response = ready_output(service.call(request("a=1:2:3"))).unwrap();
            assert_eq!(set_cookies(response.headers()).len(), 1);
        }
    });
    assert!(lines.is_empty(), "{lines:?}");
}

#[cfg(feature = "signed")]
#[test]
fn each_short_fallback_is_one_warning_that_shows_its_length_only() {
    let [short, long] = ["s".repeat(31), "s".repeat(32)];
    let (lines, layer) = events(Level::TRACE, || {
        let layer = CookieLayer::new().secret_key(&long).unwrap();
        layer.secret_key_fallbacks([&*long, &*short, "s", &*long])
    });
    assert!(layer.is_ok(), "{layer:?}");
    let setting = "secret_key_fallbacks";
    assert_eq!(lines, [31, 1].map(|len| short_key_event(setting, len)));
}

#[cfg(feature = "signed")]
#[test]
fn empty_key_is_error_without_short_key_warning() {
    let (lines, result) = events(Level::TRACE, || CookieLayer::new().secret_key(""));
    assert_matches!(result, Err(CookieError::InvalidKey { .. }));
    assert!(
        !lines.iter().any(|line| line.contains("shorter")),
        "{lines:?}"
    );
}

/// The longest event, and the longest `Debug` or `Display` output of an error, in bytes.
const MAX_OUTPUT: usize = 2000;

/// Runs `operation`, which must fail, and asserts that its error and its events are short.
/// Returns the error.
#[track_caller]
fn short_error<T>(operation: impl FnOnce() -> Result<T, CookieError>) -> CookieError {
    let (mut texts, result) = events(Level::TRACE, operation);
    let error = result.err().expect("the operation must fail");
    texts.extend([
        error.to_string(),
        format!("{error:?}"),
        format!("{error:#?}"),
    ]);
    for text in texts {
        assert!(text.len() < MAX_OUTPUT, "{} bytes: {text:.999}", text.len());
    }
    error
}

/// Asserts that the error and the events of an operation are short, that the error matches the
/// pattern, and that its name is cut.
macro_rules! assert_cut_name {
    ($run:expr, $pattern:pat) => {{
        let error = short_error(|| $run);
        assert_matches!(error, $pattern);
        let name = error.name().expect("a name");
        assert!(
            name.chars().count() <= 259 && name.ends_with('…'),
            "{error}"
        );
        assert!(error.to_string().contains('…'), "{error}");
    }};
}

#[test]
fn error_and_event_of_name_with_300_000_characters_are_short() {
    for character in ["a", "é", " ", "\0", "\u{1}"] {
        let name = character.repeat(300_000);
        let pair = || (name.clone(), "1");
        let layer = CookieLayer::new();
        let jar = layer.jar(&Request::new(()));
        let strict = layer.clone().deny_undeclared().jar(&Request::new(()));

        assert_cut_name!(jar.require(&name), CookieError::MissingCookie { .. });
        let long_pair = format!("{name}={name}");
        assert_cut_name!(jar.require(&long_pair), CookieError::MissingCookie { .. });
        // Only `aaa…` consists of valid characters.
        assert_cut_name!(
            jar.set(pair()),
            CookieError::InvalidName { .. } | CookieError::TooLong { .. }
        );
        // `delete` accepts names of any length, but no control characters or outer white space.
        if ["a", "é"].contains(&character) {
            let (lines, result) = events(Level::TRACE, || jar.delete(pair()));
            assert_eq!(result, Ok(()));
            let shown_name = format!(" name={}… ", character.repeat(256));
            assert!(lines[0].contains(&shown_name), "{}", lines[0]);
            assert!(lines[0].len() < MAX_OUTPUT);
        } else {
            assert_cut_name!(jar.delete(pair()), CookieError::InvalidName { .. });
        }
        assert_cut_name!(
            layer.clone().declare(pair()),
            CookieError::InvalidName { .. } | CookieError::TooLong { .. }
        );
        assert_cut_name!(
            layer.clone().retire(pair()),
            CookieError::RetireUndeclared { .. }
        );
        assert_cut_name!(strict.set(pair()), CookieError::Undeclared { .. });
        assert_cut_name!(strict.delete(pair()), CookieError::Undeclared { .. });
        let ended = ended_jar();
        assert_cut_name!(ended.set(pair()), CookieError::ResponseStarted { .. });
        let read_only = CookieJar::from_headers(&http::HeaderMap::new());
        assert_cut_name!(read_only.delete(pair()), CookieError::NoResponse { .. });
    }
}

/// Such a name is valid, since name and value can have 4096 bytes.
#[test]
fn error_and_event_of_declared_name_with_4000_characters_are_short() {
    let name = "a".repeat(4000);
    let cookie = || Cookie::build((name.clone(), "1"));
    let layer = CookieLayer::new().declare(cookie().path("/app").secure(true));
    let layer = layer.and_then(|layer| layer.retire(cookie().path("/old")));
    let layer = layer.unwrap();
    let jar = layer.jar(&Request::new(()));
    let mut nested = Request::new(());
    nested.extensions_mut().insert(jar.clone());
    let conflicting = CookieLayer::new().declare(cookie()).unwrap().jar(&nested);

    assert_cut_name!(
        jar.set(cookie().path("/")),
        CookieError::ScopeMismatch { .. }
    );
    assert_cut_name!(
        jar.delete(cookie().path("/")),
        CookieError::ScopeMismatch { .. }
    );
    assert_cut_name!(
        jar.set(cookie().secure(false)),
        CookieError::Downgrade { .. }
    );
    assert_cut_name!(
        conflicting.set(cookie()),
        CookieError::DeclarationConflict { .. }
    );
    assert_cut_name!(
        layer.clone().declare(cookie()),
        CookieError::AlreadyDeclared { .. }
    );
    assert_cut_name!(
        layer.clone().retire(cookie().path("/app")),
        CookieError::RetireDeclared { .. }
    );
    assert_cut_name!(
        layer.clone().retire(cookie().path("/old")),
        CookieError::AlreadyRetired { .. }
    );
    assert_cut_name!(
        layer.clone().retire(cookie().path("")),
        CookieError::InvalidPath { .. }
    );
    let rename_undeclared = || layer.clone().renamed("old", &format!("{name}b"));
    assert_cut_name!(rename_undeclared(), CookieError::RenameUndeclared { .. });
    let long_old = format!("é{name}");
    let renamed = layer.clone().renamed(long_old.clone(), &name).unwrap();
    let set_old = || renamed.jar(&Request::new(())).set((&*long_old, "1"));
    assert_cut_name!(set_old(), CookieError::Renamed { .. });
    assert_matches!(
        set_old(),
        Err(CookieError::Renamed { new_name, .. }) if *new_name == "a".repeat(256) + "…"
    );
    let undeclared = CookieLayer::new().jar(&Request::new(()));
    undeclared.set(cookie().path("/1")).unwrap();
    undeclared.set(cookie().path("/2")).unwrap();
    assert_cut_name!(
        undeclared.delete(name.clone()),
        CookieError::AmbiguousScope { .. }
    );

    // The events of cookies that are queued, flushed and discarded.
    let mut lines = request_events(&layer, |jar| jar.set(cookie()).unwrap());
    assert_eq!(lines.len(), 4);
    let set_and_drop = || {
        let mut service = layer.layer(service_fn(|request: Request<()>| {
            jar_of(&request).set(cookie()).unwrap();
            pending::<Result<Response<()>, CookieError>>()
        }));
        drop(service.call(Request::new(())));
    };
    lines.extend(events(Level::TRACE, set_and_drop).0);
    assert_eq!(lines.len(), 8);
    let shown_name = format!("name={}… ", "a".repeat(256));
    for line in lines {
        assert!(
            line.len() < MAX_OUTPUT && line.contains(&shown_name),
            "{line}"
        );
    }
}

#[cfg(all(feature = "signed", feature = "private"))]
#[test]
fn error_and_event_of_protected_name_with_300_000_characters_are_short() {
    use tower_django_cookies::cookie::Key;
    use tower_django_cookies::time::{Duration, OffsetDateTime};

    let name = "a".repeat(300_000);
    let no_key = CookieLayer::new().jar(&Request::new(()));
    assert_cut_name!(no_key.signed().get(&name), CookieError::MissingKey { .. });
    assert_cut_name!(no_key.private().get(&name), CookieError::MissingKey { .. });
    let set = || no_key.signed().set((&*name, "1"));
    assert_cut_name!(set(), CookieError::MissingKey { .. });
    let set = || no_key.private().set((&*name, "1"));
    assert_cut_name!(set(), CookieError::MissingKey { .. });

    let layer = CookieLayer::new().secret_key("k".repeat(32)).unwrap();
    let layer = layer.private_key(Key::generate());
    let jar = layer.jar(&request(format!("{name}=1")));
    assert_cut_name!(jar.signed().get(&name), CookieError::BadSignature { .. });
    assert_cut_name!(jar.private().get(&name), CookieError::BadSignature { .. });
    let absent = format!("{name}b");
    assert_cut_name!(jar.signed().get(&absent), CookieError::MissingCookie { .. });
    assert_cut_name!(
        jar.private().get(&absent),
        CookieError::MissingCookie { .. }
    );

    // No `set` signs for such a name, so this uses the signer of cookies.
    let key = ["django.http.cookies", &*"k".repeat(32)].concat();
    let key = tower_django_cookies::signing::SecretKey::try_from(key).unwrap();
    let signer = tower_django_cookies::signing::TimestampSigner::new(key)
        .salt(format!("django.http.cookies.v2:0:{name}"))
        .with_time(OffsetDateTime::UNIX_EPOCH);
    let jar = layer.jar(&request(format!("{name}={}", signer.sign("1"))));
    let signed = jar.signed().max_age(Duration::MINUTE);
    assert_cut_name!(signed.get(&name), CookieError::SignatureExpired { .. });
}

/// A longer host counts as unknown, so Domains are not checked and no message shows it.
#[test]
fn error_and_event_of_host_show_at_most_255_bytes() {
    let longest = "h".repeat(255);
    let long = "h".repeat(300_000);
    let cookie = || Cookie::build(("a", "1")).domain("example.com");
    let x_forwarded = CookieLayer::new().host_from(HostSource::XForwardedHost);
    for (layer, header) in [
        (CookieLayer::new(), "host"),
        (x_forwarded.unwrap(), "x-forwarded-host"),
    ] {
        let jar = |host: String| {
            let request = Request::builder().header(header, host).body(()).unwrap();
            layer.jar(&request)
        };
        for host in [
            longest.clone(),
            format!("{longest}:80"),
            longest.to_uppercase(),
        ] {
            let jar = jar(host);
            for error in [
                short_error(|| jar.set(cookie())),
                short_error(|| jar.delete(cookie())),
            ] {
                assert_matches!(
                    error,
                    CookieError::DomainMismatch { host, .. } if *host == longest
                );
            }
            let (lines, result) = events(Level::DEBUG, || jar.set(cookie()));
            assert_matches!(result, Err(CookieError::DomainMismatch { .. }));
            let shown_host = format!(" host={longest} error=");
            assert!(lines[0].contains(&shown_host), "{}", lines[0]);
        }
        for host in [
            format!("{longest}h"),
            long.clone(),
            format!("{long}:80"),
            long.to_uppercase(),
        ] {
            let jar = jar(host);
            let (lines, results) = events(Level::TRACE, || {
                [jar.set(cookie()), jar.delete(cookie().path("/app"))]
            });
            assert_eq!(results, [Ok(()), Ok(())]);
            for line in lines {
                assert!(!line.to_lowercase().contains("hhh"), "{line}");
            }
        }
    }

    let error = short_error(|| CookieLayer::new().host_from(HostSource::Fixed(long)));
    assert_matches!(
        error,
        CookieError::InvalidHost { host, .. } if *host == "h".repeat(256) + "…"
    );
}

#[test]
fn error_and_event_of_path_or_domain_with_300_000_bytes_are_short() {
    let jar = CookieLayer::new().jar(&Request::new(()));
    let path = "/p".repeat(150_000);
    let domain = "d".repeat(300_000);
    let a = || Cookie::build(("a", "1"));
    assert_matches!(
        short_error(|| jar.set(a().path(&*path))),
        CookieError::InvalidPath { path, .. } if *path == "/p".repeat(128) + "…"
    );
    assert_matches!(
        short_error(|| jar.delete(a().domain(&*domain))),
        CookieError::InvalidDomain { domain, .. } if *domain == "d".repeat(256) + "…"
    );
    let request = Request::builder().header("host", "a.test").body(());
    let jar_at_host = CookieLayer::new().jar(&request.unwrap());
    assert_matches!(
        short_error(|| jar_at_host.set(a().domain(&domain[..1024]))),
        CookieError::DomainMismatch { domain, .. } if *domain == "d".repeat(256) + "…"
    );
    let host_prefixed = || Cookie::build(("__Host-a", "1"));
    // Attributes are validated before the prefix is.
    assert_matches!(
        short_error(|| jar.set(host_prefixed().path(&path[..1024]))),
        CookieError::HostPrefixPath { path, .. } if *path == "/p".repeat(128) + "…"
    );
    assert_matches!(
        short_error(|| jar.set(host_prefixed().domain(&domain[..1024]))),
        CookieError::HostPrefixDomain { domain, .. } if *domain == "d".repeat(256) + "…"
    );
}

/// The scope is compared with the declared one before the Path and the Domain are validated.
#[test]
fn message_of_scope_mismatch_with_300_000_bytes_is_short() {
    let layer = CookieLayer::new().declare("a").unwrap();
    let jar = layer.jar(&Request::new(()));
    let (path, domain) = ("/p".repeat(150_000), "d".repeat(300_000));
    let cookie = || Cookie::build(("a", "1")).path(&*path).domain(&*domain);
    for result in [jar.set(cookie()), jar.delete(cookie())] {
        let error = result.expect_err("the scope is not the declared one");
        assert_matches!(error, CookieError::ScopeMismatch { .. });
        let (domain, path) = ("d".repeat(256), "/p".repeat(128));
        let shown = format!("given Domain={domain}…; Path={path}…; omit");
        assert!(error.to_string().contains(&shown), "{error:.999}");
    }
    let (lines, _) = events(Level::TRACE, || jar.set(cookie()));
    assert_eq!(lines.len(), 1);
    assert!(lines[0].len() < MAX_OUTPUT, "{:.999}", lines[0]);
}

#[cfg(feature = "signed")]
#[test]
fn signed_set_and_get_without_key_are_warnings() {
    let jar = CookieLayer::new().jar(&request("a=1"));
    assert_refused_event!(
        ["WARN", "set", "a"],
        jar.signed().set(("a", "1")),
        CookieError::MissingKey { .. }
    );
    assert_refused_event!(
        ["WARN", "get", "a"],
        jar.signed().get("a"),
        CookieError::MissingKey { .. }
    );
}

#[cfg(feature = "private")]
#[test]
fn private_set_and_get_without_key_are_warnings() {
    let jar = CookieLayer::new().jar(&request("a=1"));
    assert_refused_event!(
        ["WARN", "set", "a"],
        jar.private().set(("a", "1")),
        CookieError::MissingKey { .. }
    );
    assert_refused_event!(
        ["WARN", "get", "a"],
        jar.private().get("a"),
        CookieError::MissingKey { .. }
    );
}

/// Any client can send such a cookie, so it must not cause warnings.
#[cfg(feature = "signed")]
#[test]
fn forged_or_expired_signed_cookie_is_debug_event() {
    use tower_django_cookies::time::{Duration, OffsetDateTime};

    let layer = CookieLayer::new().secret_key("a secret").unwrap();
    let forged = layer.jar(&request("a=1:2:3"));
    assert_refused_event!(
        ["DEBUG", "get", "a"],
        forged.signed().get("a"),
        CookieError::BadSignature { .. }
    );

    forged
        .signed()
        .with_time(OffsetDateTime::UNIX_EPOCH)
        .set(("a", "1"))
        .unwrap();
    let signed = format!("a={}", forged.queued()[0].value());
    let expired = layer.jar(&request(signed));
    assert_refused_event!(
        ["DEBUG", "get", "a"],
        expired.signed().max_age(Duration::MINUTE).get("a"),
        CookieError::SignatureExpired { .. }
    );
}

#[cfg(feature = "signed")]
#[test]
fn forged_duplicate_of_valid_signed_cookie_has_no_event() {
    let layer = CookieLayer::new().secret_key("a secret").unwrap();
    let jar = layer.jar(&Request::new(()));
    jar.signed().set(("a", "1")).unwrap();
    let signed = format!("a={}; a=1:2:3", jar.queued()[0].value());
    let jar = layer.jar(&request(signed));
    let (found, value) = events(Level::TRACE, || jar.signed().get("a"));
    assert_eq!(value, Ok("1".to_owned()));
    assert!(found.is_empty(), "{found:?}");
}

/// Each row has the `Cookie` headers of a request and the expected events.
#[test]
fn declared_cookie_received_more_than_once_is_one_debug_event() {
    let layer = CookieLayer::new()
        .declare(Cookie::build("a"))
        .and_then(|layer| layer.declare(Cookie::build("b")))
        .unwrap();
    let event = |name, count| {
        format!(
            "DEBUG tower_django_cookies declared cookie received more than once \
             name={name} count={count}"
        )
    };
    let rows: [(&[&str], Vec<String>); 8] = [
        (&[], vec![]),
        (&["a=1; b=2; c=3; c=4"], vec![]),
        (&["a=1; A=2; %61=3; a"], vec![]),
        (&["a=1; __Host-a=2; a.=3; \u{2000}a=4"], vec![]),
        (&["a=1; a=1"], vec![event("a", 2)]),
        (
            &["b=1; a=1; b=2; a=2; b=3"],
            vec![event("a", 2), event("b", 3)],
        ),
        (&["a=1", "c=2; a=3"], vec![event("a", 2)]),
        (&["a=1; a=\"2\\073\"; \ta =\u{e9}"], vec![event("a", 3)]),
    ];
    for (headers, expected) in rows {
        let mut request = Request::new(());
        for header in headers {
            let value = http::HeaderValue::from_bytes(header.as_bytes()).unwrap();
            request.headers_mut().append("cookie", value);
        }
        let found = events(Level::TRACE, || {
            support::response_headers(&layer, request.clone(), |jar| {
                assert_eq!(
                    jar.get("c").is_some(),
                    headers.iter().any(|h| h.contains("c="))
                );
            })
        });
        assert_eq!(found.0, expected, "{headers:?}");
        let found = events(Level::DEBUG, || {
            support::response_headers(&layer, request.clone(), |_| ())
        });
        assert_eq!(found.0, expected, "{headers:?}");
        let found = events(Level::INFO, || {
            support::response_headers(&layer, request, |_| ())
        });
        assert!(found.0.is_empty(), "{headers:?}");
    }
}

/// Each layer reports the names that only it declares, so no name is reported twice.
#[test]
fn duplicate_in_nested_layers_is_one_event_for_each_declared_name() {
    let declaring = |name| CookieLayer::new().declare(Cookie::build(name)).unwrap();
    let both = declaring("a").declare(Cookie::build("b")).unwrap();
    for (outer, inner) in [
        (declaring("a"), declaring("b")),
        (both.clone(), both.clone()),
        (both.clone(), declaring("a")),
        (declaring("b"), both.clone()),
        (CookieLayer::new(), both.clone()),
        (both, CookieLayer::new()),
    ] {
        let service = service_fn(|_: Request<()>| {
            std::future::ready(Ok::<_, std::convert::Infallible>(http::Response::new(())))
        });
        let mut service = outer.layer(inner.layer(service));
        let (mut found, _) = events(Level::TRACE, || {
            ready_output(service.call(request("a=1; b=1; a=2; b=2")))
        });
        found.sort();
        let event = "DEBUG tower_django_cookies declared cookie received more than once name=";
        assert_eq!(
            found,
            ["a", "b"].map(|name| format!("{event}{name} count=2"))
        );
    }
}

#[test]
fn duplicate_in_three_layers_is_one_event() {
    let declaring = |name| CookieLayer::new().declare(Cookie::build(name)).unwrap();
    for [outer, middle, inner] in [
        [declaring("a"), CookieLayer::new(), declaring("a")],
        [declaring("a"), declaring("b"), declaring("a")],
        [declaring("b"), declaring("a"), declaring("a")],
    ] {
        let service = service_fn(|_: Request<()>| {
            std::future::ready(Ok::<_, std::convert::Infallible>(http::Response::new(())))
        });
        let mut service = outer.layer(middle.layer(inner.layer(service)));
        let (found, _) = events(Level::TRACE, || {
            ready_output(service.call(request("a=1; a=2")))
        });
        assert_eq!(found.len(), 1, "{found:?}");
    }
}

/// Browsers send a cookie of a previous name until the rename reaches them.
#[test]
fn duplicate_of_previous_name_is_no_event() {
    let layer = CookieLayer::new()
        .declare(Cookie::build("new"))
        .and_then(|layer| layer.renamed("old", "new"))
        .unwrap();
    let (found, _) = events(Level::TRACE, || {
        support::response_headers(&layer, request("old=1; old=2; new=3"), |_| ())
    });
    assert!(found.is_empty(), "{found:?}");
}

/// The filters of `tracing_subscriber` can be such functions.
#[test]
fn duplicate_is_event_for_subscriber_that_enables_only_events_of_the_target() {
    struct OnlyEvents(std::sync::Arc<std::sync::Mutex<Vec<&'static str>>>);

    impl tracing::Subscriber for OnlyEvents {
        fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
            metadata.is_event() && metadata.target() == "tower_django_cookies"
        }

        fn event(&self, event: &tracing::Event<'_>) {
            let fields = event.metadata().fields();
            let is_duplicate = fields.field("count").is_some();
            let kind = if is_duplicate { "duplicate" } else { "other" };
            self.0.lock().unwrap().push(kind);
        }

        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }

        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
        fn enter(&self, _: &tracing::span::Id) {}
        fn exit(&self, _: &tracing::span::Id) {}
    }

    let found = std::sync::Arc::default();
    let subscriber = OnlyEvents(std::sync::Arc::clone(&found));
    let layer = CookieLayer::new().declare(Cookie::build("a")).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        support::response_headers(&layer, request("a=1; a=2"), |jar| {
            jar.set(("a", "1")).unwrap();
        })
    });
    // The set is an event when it is queued, and when it is flushed.
    assert_eq!(*found.lock().unwrap(), ["duplicate", "other", "other"]);
}

/// Reporting duplicates must not count as reading the cookies.
#[test]
fn duplicate_event_adds_no_vary_header() {
    let layer = CookieLayer::new().declare(Cookie::build("a")).unwrap();
    let layer = layer.vary_on_cookie();
    let (found, headers) = events(Level::TRACE, || {
        support::response_headers(&layer, request("a=1; a=2"), |_| ())
    });
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(!headers.contains_key("vary"));
}

/// Clients keep cookies that an earlier version of the service set. Such cookies must not cause warnings.
#[cfg(feature = "dumps")]
#[test]
fn json_of_other_type_is_debug_event_and_value_without_json_is_warning() {
    use std::collections::HashMap;

    let layer = CookieLayer::new()
        .secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")
        .unwrap();
    let jar = layer.jar(&Request::new(()));
    assert_refused_event!(
        ["WARN", "set", "a"],
        jar.signed().set_json("a", &HashMap::from([((1, 2), 3)])),
        CookieError::BadPayload { .. }
    );
    jar.signed().set_json("a", &[1, 2]).unwrap();
    let jar = layer.jar(&request(format!("a={}", jar.queued()[0].value())));
    assert_refused_event!(
        ["DEBUG", "get", "a"],
        jar.signed().get_json::<String>("a"),
        CookieError::BadPayload { .. }
    );
}

/// No client can write to the database, so the keys of the layer and of Django differ.
#[cfg(feature = "sessions")]
#[test]
fn stored_session_with_other_key_is_warning_and_session_cookie_with_other_key_is_debug_event() {
    use tower_django_cookies::Session;

    let layer = |key: &str| CookieLayer::new().secret_key(key).unwrap();
    let writer = layer("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60").jar(&Request::new(()));
    let row = writer.sessions().encode(&Session::new()).unwrap();
    writer.sessions().set_cookie(&Session::new()).unwrap();
    let cookie = format!("sessionid={}", writer.queued()[0].value());
    let jar = layer("0e4f2b1c9d8a7f6e5d4c3b2a19080706").jar(&request(cookie));

    let (found, result) = events(Level::TRACE, || jar.sessions().decode(&row));
    assert_matches!(result, Err(CookieError::BadSignature { .. }));
    let [event] = &found[..] else {
        panic!("{found:?}");
    };
    let start = "WARN tower_django_cookies stored session refused; check that secret_key is Django's \
                 SECRET_KEY name=sessionid error=cookie \"sessionid\": the signature does not match";
    assert!(event.starts_with(start), "{event}");
    assert_refused_event!(
        ["DEBUG", "get", "sessionid"],
        jar.sessions().from_cookie().map(drop),
        CookieError::BadSignature { .. }
    );
}

#[test]
fn require_of_absent_cookie_has_no_event() {
    let jar = CookieLayer::new().jar(&Request::new(()));
    let (events, result) = events(Level::TRACE, || jar.require("a"));
    assert_matches!(result, Err(CookieError::MissingCookie { .. }));
    assert!(events.is_empty(), "{events:?}");
}

/// Asserts that operations are discarded if the inner service returns no response.
///
/// `inner` is the future of the inner service; `end` ends the future of the layer.
#[track_caller]
fn assert_discarded<F, E>(inner: impl Fn() -> F, end: impl FnOnce(ResponseFuture<F>))
where
    F: Future<Output = Result<Response<()>, E>>,
{
    let (events, ()) = events(Level::TRACE, || {
        let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
            let jar = jar_of(&request);
            jar.set(("a", "1")).unwrap();
            jar.delete("b").unwrap();
            inner()
        }));
        end(service.call(Request::new(())));
    });
    let [a, b] = ["set name=a", "delete name=b"].map(|operation| {
        let scope = "scope=host-only; Path=/";
        ["queued", "discarded"].map(|event| {
            format!("DEBUG tower_django_cookies cookie {event} operation={operation} {scope}")
        })
    });
    assert_eq!(events, [&*a[0], &*b[0], &*a[1], &*b[1]]);
}

#[test]
fn operations_of_failed_request_are_discarded_events() {
    assert_discarded(
        || ready(Err::<Response<()>, _>("the request failed")),
        |future| {
            let error = ready_output(future).expect_err("an error");
            assert_eq!(error, "the request failed");
        },
    );
}

#[test]
fn operations_of_dropped_request_are_discarded_events() {
    assert_discarded(pending::<Result<Response<()>, CookieError>>, drop);
}

/// Runs `code`, and asserts that it panics with "on purpose".
#[track_caller]
fn assert_panics_on_purpose<T>(code: impl FnOnce() -> T) {
    let result = catch_unwind(AssertUnwindSafe(|| drop(code())));
    let payload = result.expect_err("a panic");
    assert_eq!(payload.downcast_ref(), Some(&"on purpose"));
}

#[test]
fn operations_of_panicked_request_are_discarded_events() {
    assert_discarded(
        async || -> Result<Response<()>, CookieError> { panic!("on purpose") },
        |future| assert_panics_on_purpose(|| ready_output(future)),
    );
}

#[test]
fn subscriber_of_warnings_receives_warnings_only() {
    let (events, _) = events(Level::WARN, || {
        response_cookies(&CookieLayer::new(), |jar| {
            jar.set(("a", "1")).unwrap();
            assert_matches!(
                jar.set(("a", "\n")),
                Err(CookieError::ControlCharacter { .. })
            );
        })
    });
    let [warning] = &*events else {
        panic!("{events:?}");
    };
    assert!(warning.starts_with("WARN"), "{warning}");
}

/// A subscriber that calls a function for the crate's events: with `None` when it is asked whether
/// an event is enabled, and with each event.
struct Listener<F>(F);

impl<F: Fn(Option<&Event<'_>>) + 'static> Subscriber for Listener<F> {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_from_crate = metadata.target() == "tower_django_cookies";
        if is_from_crate {
            self.0(None);
        }
        is_from_crate
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        self.0(Some(event));
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn subscriber_that_uses_jar_does_not_deadlock() {
    let (sender, receiver) = mpsc::channel();
    // A separate thread, so that a deadlock fails the test instead of blocking it.
    thread::spawn(move || {
        let layer = CookieLayer::new()
            .declare(Cookie::build("declared").path("/app"))
            .unwrap()
            .retire("declared")
            .unwrap();
        let jar = layer.jar(&Request::new(()));
        let listener_jar = jar.clone();
        let listener = Listener(move |event: Option<&Event<'_>>| {
            let queued = listener_jar.queued().len();
            sender.send((event.is_some(), queued)).unwrap();
        });
        tracing::subscriber::with_default(listener, || {
            jar.set(("a", "1")).unwrap();
            jar.set(("declared", "1")).unwrap();
            jar.delete("declared").unwrap();
        });
    });
    let next_call = || receiver.recv_timeout(Duration::from_secs(10)).unwrap();
    // `enabled` is called before the cookie is queued, and `event` after.
    assert_eq!(next_call(), (false, 0));
    let mut last_queued = 1;
    let event_call = repeat_with(next_call).find(|&(is_event, _)| is_event);
    assert_eq!(event_call, Some((true, 1)));
    // The declared cookie and its retired scope are queued too, and both operations end.
    while let Ok((_, queued)) = receiver.recv_timeout(Duration::from_secs(10)) {
        assert!(queued <= 3);
        last_queued = queued;
    }
    assert_eq!(last_queued, 3);
}

#[test]
fn set_with_panicking_subscriber_keeps_every_cookie() {
    let kept = Arc::new(Mutex::new(None));
    let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
        let jar = jar_of(&request);
        jar.set(("a", "1")).unwrap();
        let listener = Listener(|event: Option<&Event<'_>>| assert!(event.is_none(), "on purpose"));
        let set = || tracing::subscriber::with_default(listener, || jar.set(("b", "2")));
        assert_panics_on_purpose(set);
        jar.set(("c", "3")).unwrap();
        *kept.lock().unwrap() = Some(jar);
        ready(Ok::<_, CookieError>(Response::new(())))
    }));

    let response = ready_output(service.call(Request::new(()))).unwrap();
    assert_eq!(
        set_cookies(response.headers()),
        ["a=1; Path=/", "b=2; Path=/", "c=3; Path=/"]
    );
    let jar = kept.lock().unwrap().take().expect("the service was called");
    assert_response_started(jar.set(("late", "1")), "late");
}
