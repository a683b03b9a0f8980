//! Nested layers share the request and one queue, each with its own declarations.

mod support;

use std::convert::Infallible;
use std::future::{poll_fn, ready};
use std::sync::Mutex;
use std::task::Poll;

use http::header::{HOST, SET_COOKIE, VARY};
use http::{Request, Response, StatusCode};
use support::{jar_of, now, request, set_cookies};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_django_cookies::time::Duration;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, HostSource, SameSite};

/// The response of a service within `inner` within `outer`, after `handler` had the jars of both.
fn answer(
    outer: &CookieLayer,
    inner: &CookieLayer,
    request: Request<()>,
    handler: impl Fn(&CookieJar, &CookieJar),
) -> Response<()> {
    let outer_jar = Mutex::new(None);
    let mut service = ServiceBuilder::new()
        .layer(outer)
        .map_request(|request: Request<()>| {
            *outer_jar.lock().unwrap() = Some(jar_of(&request));
            request
        })
        .layer(inner)
        .service(service_fn(|request: Request<()>| {
            let outer_jar = outer_jar.lock().unwrap().take().expect("the outer jar");
            handler(&outer_jar, &jar_of(&request));
            ready(Ok::<_, Infallible>(Response::new(())))
        }));
    now(service.call(request)).unwrap()
}

/// The `Set-Cookie` fields after `handler` had the jars of both.
fn sent(
    outer: &CookieLayer,
    inner: &CookieLayer,
    handler: impl Fn(&CookieJar, &CookieJar),
) -> Vec<String> {
    set_cookies(answer(outer, inner, Request::new(()), handler).headers())
}

fn declaring(cookie: impl Into<Cookie<'static>>) -> CookieLayer {
    CookieLayer::new().declare(cookie).unwrap()
}

fn undeclared(name: &str) -> Result<(), CookieError> {
    Err(CookieError::Undeclared { name: name.into() })
}

const GONE: &str = r#"""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"#;

#[test]
fn both_jars_read_the_same_request_and_write_to_one_queue() {
    let layer = CookieLayer::new();
    let response = answer(&layer, &layer, request("a=1"), |outer, inner| {
        assert_eq!(outer.get("a"), Some("1"));
        assert_eq!(inner.get("a"), Some("1"));

        outer.set(("first", "1")).unwrap();
        inner.set(("second", "1")).unwrap();
        outer.set(("third", "1")).unwrap();
        inner.set(("first", "2")).unwrap();
        assert_eq!(inner.queued(), outer.queued());
        assert_eq!(inner.queued().len(), 3);
    });
    assert_eq!(
        set_cookies(response.headers()),
        ["first=2; Path=/", "second=1; Path=/", "third=1; Path=/"]
    );
}

#[test]
fn a_layer_installed_twice_sends_each_cookie_once() {
    let layer = declaring(Cookie::build("session").path("/app"))
        .retire("session")
        .unwrap()
        .deny_undeclared();
    let sent = sent(&layer, &layer, |_, jar| {
        jar.set(("session", "1")).unwrap();
    });
    assert_eq!(
        sent,
        [
            format!("session={GONE}; Path=/"),
            "session=1; Path=/app".into()
        ]
    );
}

#[test]
fn the_outermost_layer_sends_the_cookies() {
    let between = ServiceBuilder::new()
        .layer(CookieLayer::new())
        .map_response(|mut response: Response<CookieJar>| {
            assert!(!response.headers().contains_key(SET_COOKIE));
            assert_eq!(response.body().queued().len(), 1);
            response.body().set(("between", "1")).unwrap();
            let own = "own=1".parse().unwrap();
            response.headers_mut().append(SET_COOKIE, own);
            response
        })
        .layer(CookieLayer::new());
    let mut service = between.service(service_fn(|request: Request<()>| {
        let jar = jar_of(&request);
        jar.set(("inside", "1")).unwrap();
        ready(Ok::<_, Infallible>(Response::new(jar)))
    }));

    let response = now(service.call(Request::new(()))).unwrap();
    assert_eq!(
        set_cookies(response.headers()),
        ["own=1", "inside=1; Path=/", "between=1; Path=/"]
    );
    let late = response.body().set(("late", "1"));
    let name = "late".to_owned();
    assert_eq!(late, Err(CookieError::ResponseStarted { name }));
}

#[test]
fn the_inner_jar_knows_what_the_inner_layer_declares_and_the_outer_jar_does_not() {
    let inner = declaring(Cookie::build("theme").path("/shop"));
    let fields = sent(&CookieLayer::new(), &inner, |outer, inner| {
        inner.set(("theme", "dark")).unwrap();
        outer.set(("theme", "light")).unwrap();
    });
    assert_eq!(fields, ["theme=dark; Path=/shop", "theme=light; Path=/"]);

    let strict = CookieLayer::new().deny_undeclared();
    let fields = sent(&strict, &inner, |outer, inner| {
        assert_eq!(outer.set(("theme", "light")), undeclared("theme"));
        inner.set(("theme", "dark")).unwrap();
    });
    assert_eq!(fields, ["theme=dark; Path=/shop"]);
}

#[test]
fn both_jars_know_what_the_outer_layer_declares() {
    let outer = declaring(Cookie::build("session").path("/app").http_only(true));
    let fields = sent(&outer, &CookieLayer::new(), |outer, inner| {
        inner.set(("session", "1")).unwrap();
        let elsewhere = Cookie::build("session").path("/");
        for jar in [outer, inner] {
            let refused = jar.delete(elsewhere.clone());
            assert!(matches!(refused, Err(CookieError::ScopeMismatch { .. })));
        }
    });
    assert_eq!(fields, ["session=1; HttpOnly; Path=/app"]);
}

#[test]
fn what_the_inner_declaration_leaves_unsaid_the_outer_says() {
    let outer = declaring(
        Cookie::build("session")
            .path("/app")
            .http_only(true)
            .secure(true)
            .same_site(SameSite::Lax)
            .max_age(Duration::HOUR),
    );
    let same_scope = || Cookie::build("session").path("/app");

    let fields = sent(&outer, &declaring(same_scope()), |_, inner| {
        inner.set(("session", "1")).unwrap();
    });
    let [field] = &fields[..] else {
        panic!("{fields:?}");
    };
    assert!(field.starts_with("session=1; expires="), "{field}");
    let rest = "; HttpOnly; Max-Age=3600; Path=/app; SameSite=Lax; Secure";
    assert!(field.ends_with(rest), "{field}");

    let inner = declaring(
        same_scope()
            .same_site(SameSite::Strict)
            .max_age(Duration::MINUTE),
    );
    let fields = sent(&outer, &inner, |outer, inner| {
        outer.set(("session", "1")).unwrap();
        assert_eq!(outer.queued()[0].max_age(), Some(Duration::HOUR));
        inner.set(("session", "2")).unwrap();
    });
    let [field] = &fields[..] else {
        panic!("{fields:?}");
    };
    let rest = "; HttpOnly; Max-Age=60; Path=/app; SameSite=Strict; Secure";
    assert!(field.ends_with(rest), "{field}");
}

#[test]
fn one_name_declared_at_different_scopes_is_an_error_where_it_is_used() {
    let outer = declaring(Cookie::build("session").path("/app"));
    let inner = declaring(Cookie::build("session").domain("example.com"));

    let mut request = request("session=1");
    request
        .headers_mut()
        .insert(HOST, "example.com".parse().unwrap());
    let response = answer(&outer, &inner, request, |outer, inner| {
        assert_eq!(inner.get("session"), Some("1"));
        inner.set(("other", "1")).unwrap();
        for refused in [
            inner.set(("session", "2")),
            inner.delete("session"),
            inner.set(Cookie::build(("session", "2")).path("/app")),
        ] {
            let Err(CookieError::DeclarationConflict { name, outer, inner }) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(name, "session");
            assert_eq!((outer.domain(), outer.path()), (None, Some("/app")));
            assert_eq!(inner.domain(), Some("example.com"));
            assert_eq!(inner.path(), Some("/"));
        }
        outer.set(("session", "3")).unwrap();
    });
    assert_eq!(
        set_cookies(response.headers()),
        ["other=1; Path=/", "session=3; Path=/app"]
    );
}

#[test]
fn every_part_of_the_scope_makes_a_conflict() {
    for (outer, inner) in [
        (Cookie::build("a").path("/x"), Cookie::build("a")),
        (Cookie::build("a").domain("x.test"), Cookie::build("a")),
        (Cookie::build("a").partitioned(true), Cookie::build("a")),
    ] {
        for (outer, inner) in [(&outer, &inner), (&inner, &outer)] {
            let (outer, inner) = (declaring(outer.clone()), declaring(inner.clone()));
            let fields = sent(&outer, &inner, |_, inner| {
                let refused = inner.set(("a", "1"));
                assert!(matches!(
                    refused,
                    Err(CookieError::DeclarationConflict { .. })
                ));
            });
            assert!(fields.is_empty());
        }
    }
}

#[test]
fn scopes_that_a_browser_takes_for_one_make_no_conflict() {
    let outer = declaring(Cookie::build("a").domain("Example.test"));
    let inner = declaring(Cookie::build("a").domain(".example.TEST").path("/"));
    let fields = sent(&outer, &inner, |_, inner| inner.set(("a", "1")).unwrap());
    assert_eq!(fields.len(), 1);
}

#[test]
fn the_inner_layer_can_not_switch_off_what_the_outer_declares() {
    for (outer, inner, attribute) in [
        (
            Cookie::build("a").secure(true),
            Cookie::build("a").secure(false),
            "Secure",
        ),
        (
            Cookie::build("a").http_only(true),
            Cookie::build("a").http_only(false),
            "HttpOnly",
        ),
    ] {
        let fields = sent(&declaring(outer), &declaring(inner), |_, inner| {
            let name = "a".to_owned();
            assert_eq!(
                inner.set(("a", "1")),
                Err(CookieError::Downgrade { name, attribute })
            );
        });
        assert!(fields.is_empty());
    }
}

#[test]
fn deny_undeclared_of_the_outer_layer_holds_within() {
    let outer = declaring("mine").deny_undeclared();
    let inner = declaring("yours");
    let fields = sent(&outer, &inner, |outer, inner| {
        for name in ["other", "another"] {
            assert_eq!(inner.set((name, "1")), undeclared(name));
            assert_eq!(outer.delete(name), undeclared(name));
        }
        inner.set(("mine", "1")).unwrap();
        inner.set(("yours", "1")).unwrap();
    });
    assert_eq!(fields, ["mine=1; Path=/", "yours=1; Path=/"]);
}

#[test]
fn deny_undeclared_of_the_inner_layer_holds_only_within() {
    let outer = declaring("mine");
    let inner = declaring("yours").deny_undeclared();
    let fields = sent(&outer, &inner, |outer, inner| {
        assert_eq!(inner.set(("other", "1")), undeclared("other"));
        inner.set(("mine", "1")).unwrap();
        inner.set(("yours", "1")).unwrap();
        outer.set(("other", "2")).unwrap();
    });
    assert_eq!(
        fields,
        ["mine=1; Path=/", "yours=1; Path=/", "other=2; Path=/"]
    );
}

#[test]
fn the_inner_layer_takes_the_host_as_it_says_or_else_as_the_outer_says() {
    let unsaid = CookieLayer::new;
    let from = |source| CookieLayer::new().host_from(source);
    let fixed = |host: &str| HostSource::Fixed(host.into());
    // The request's host is a.test, and b.test as its proxy says. For which does the inner set?
    for (outer, inner, expected) in [
        (unsaid(), unsaid(), &["a.test"][..]),
        (from(fixed("c.test")), unsaid(), &["c.test"]),
        (unsaid(), from(fixed("c.test")), &["c.test"]),
        (from(HostSource::XForwardedHost), unsaid(), &["b.test"]),
        (unsaid(), from(HostSource::XForwardedHost), &["b.test"]),
        (
            from(HostSource::XForwardedHost),
            from(HostSource::Request),
            &["a.test"],
        ),
        (
            from(HostSource::Unchecked),
            unsaid(),
            &["a.test", "b.test", "c.test"],
        ),
        (
            from(HostSource::Unchecked),
            from(fixed("c.test")),
            &["c.test"],
        ),
    ] {
        let request = Request::builder()
            .header(HOST, "a.test")
            .header("x-forwarded-host", "b.test")
            .body(())
            .unwrap();
        answer(&outer, &inner, request, |_, jar| {
            let hosts = ["a.test", "b.test", "c.test"];
            let fits = |&domain: &&str| jar.set(Cookie::build(("a", "1")).domain(domain)).is_ok();
            let fitting: Vec<_> = hosts.into_iter().filter(fits).collect();
            assert_eq!(fitting, expected, "{outer:?} {inner:?}");
        });
    }
}

#[test]
fn the_outer_jar_keeps_its_own_host() {
    let inner = CookieLayer::new().host_from(HostSource::Fixed("b.test".into()));
    let outer = CookieLayer::new().host_from(HostSource::Fixed("a.test".into()));
    let fields = sent(&outer, &inner, |outer, inner| {
        outer
            .set(Cookie::build(("a", "1")).domain("a.test"))
            .unwrap();
        inner
            .set(Cookie::build(("b", "1")).domain("b.test"))
            .unwrap();
        let refused = outer.set(Cookie::build(("b", "1")).domain("b.test"));
        assert!(matches!(refused, Err(CookieError::DomainMismatch { .. })));
    });
    assert_eq!(
        fields,
        ["a=1; Domain=a.test; Path=/", "b=1; Domain=b.test; Path=/"]
    );
}

#[test]
fn the_retired_scopes_of_both_layers_are_expired_once() {
    let session = |path: &'static str| Cookie::build("session").path(path);
    let outer = declaring(session("/app"))
        .retire(session("/"))
        .unwrap()
        .retire(session("/old"))
        .unwrap();
    let inner = declaring(session("/app"))
        .retire(session("/"))
        .unwrap()
        .retire(session("/older"))
        .unwrap();

    let mut fields = sent(&outer, &inner, |outer, inner| {
        inner.set(("session", "1")).unwrap();
        outer.set(("session", "2")).unwrap();
    });
    assert_eq!(fields.pop().as_deref(), Some("session=2; Path=/app"));
    fields.sort_unstable();
    let gone = |path: &str| format!("session={GONE}; Path={path}");
    assert_eq!(fields, [gone("/"), gone("/old"), gone("/older")]);

    // The outer jar doesn't know what the inner layer retired.
    let fields = sent(&outer, &inner, |outer, _| {
        outer.delete("session").unwrap();
    });
    assert_eq!(fields, [gone("/"), gone("/old"), gone("/app")]);
}

#[test]
fn a_retired_scope_takes_its_attributes_from_both_declarations() {
    let bare = || declaring(Cookie::build("session").path("/app"));
    let full = || {
        declaring(
            Cookie::build("session")
                .path("/app")
                .same_site(SameSite::None)
                .secure(true),
        )
    };
    for (outer, inner) in [
        (full(), bare().retire("session").unwrap()),
        (bare().retire("session").unwrap(), full()),
    ] {
        let fields = sent(&outer, &inner, |_, inner| {
            inner.set(("session", "1")).unwrap();
        });
        assert_eq!(
            fields,
            [
                format!("session={GONE}; Path=/; SameSite=None; Secure"),
                "session=1; Path=/app; SameSite=None; Secure".into()
            ]
        );
    }
}

#[test]
fn either_layer_can_ask_for_vary() {
    let plain = CookieLayer::new;
    let vary = || CookieLayer::new().vary_on_cookie();
    for (outer, inner, expected) in [
        (plain(), plain(), &[][..]),
        (vary(), plain(), &["Cookie"]),
        (plain(), vary(), &["Cookie"]),
        (vary(), vary(), &["Cookie"]),
    ] {
        let response = answer(&outer, &inner, request("a=1"), |_, inner| {
            assert_eq!(inner.get("a"), Some("1"));
        });
        let fields = response.headers().get_all(VARY).iter();
        assert_eq!(fields.collect::<Vec<_>>(), expected);

        let unread = answer(&outer, &inner, request("a=1"), |_, _| {});
        assert!(!unread.headers().contains_key(VARY));
    }
}

#[test]
fn what_is_read_between_the_layers_varies_the_response() {
    let response = answer(
        &CookieLayer::new().vary_on_cookie(),
        &CookieLayer::new(),
        request("a=1"),
        |outer, _| assert!(outer.contains("a")),
    );
    assert_eq!(response.headers()[VARY], "Cookie");
}

#[test]
fn an_inner_error_that_becomes_a_response_between_the_layers_keeps_the_cookies() {
    let jars = Mutex::new(Vec::new());
    let mut service = ServiceBuilder::new()
        .layer(CookieLayer::new())
        .map_result(|result: Result<Response<()>, &'static str>| {
            let jar: CookieJar = jars.lock().unwrap().pop().expect("the inner jar");
            jar.set(("after", "1")).unwrap();
            let mut response = Response::new(());
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            Ok::<_, &str>(result.unwrap_or(response))
        })
        .layer(CookieLayer::new())
        .service(service_fn(|request: Request<()>| {
            let jar = jar_of(&request);
            jar.set(("before", "1")).unwrap();
            jars.lock().unwrap().push(jar);
            ready(Err::<Response<()>, _>("broken"))
        }));

    let response = now(service.call(Request::new(()))).unwrap();
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(
        set_cookies(response.headers()),
        ["before=1; Path=/", "after=1; Path=/"]
    );
}

/// As a timeout between the layers does it.
#[tokio::test]
async fn an_inner_answer_that_is_dropped_between_the_layers_keeps_the_cookies() {
    let inner = CookieLayer::new().layer(service_fn(|request: Request<()>| async move {
        jar_of(&request).set(("before", "1")).unwrap();
        std::future::pending::<Result<Response<()>, Infallible>>().await
    }));
    let service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
        let jar = jar_of(&request);
        let mut unfinished = Box::pin(inner.clone().oneshot(request));
        async move {
            poll_fn(|cx| Poll::Ready(unfinished.as_mut().poll(cx).is_pending())).await;
            drop(unfinished);
            jar.set(("after", "1")).unwrap();
            Ok::<_, Infallible>(Response::new(()))
        }
    }));

    let response = service.oneshot(Request::new(())).await.unwrap();
    assert_eq!(
        set_cookies(response.headers()),
        ["before=1; Path=/", "after=1; Path=/"]
    );
}

#[test]
fn a_scope_that_both_layers_retire_is_one() {
    let retiring = || declaring(Cookie::build("session").path("/app")).retire("session");
    let (outer, inner) = (retiring().unwrap(), retiring().unwrap());
    let fields = sent(&outer, &inner, |_, inner| {
        inner.delete(Cookie::build("session").path("/")).unwrap();
    });
    assert_eq!(fields, [format!("session={GONE}; Path=/")]);
}

#[test]
fn a_jar_that_was_made_for_a_test_takes_no_cookies_of_a_layer() {
    let mut request = Request::new(());
    let kept = CookieLayer::new().jar(&request);
    request.extensions_mut().insert(kept.clone());
    let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
        jar_of(&request).set(("a", "1")).unwrap();
        ready(Ok::<_, Infallible>(Response::new(())))
    }));
    let response = now(service.call(request)).unwrap();
    assert_eq!(set_cookies(response.headers()), ["a=1; Path=/"]);
    assert!(kept.queued().is_empty());
}

#[test]
fn a_jar_that_is_made_after_the_response_stands_alone() {
    let kept = Mutex::new(None);
    let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
        *kept.lock().unwrap() = Some(request);
        ready(Ok::<_, Infallible>(Response::new(())))
    }));
    now(service.call(Request::new(()))).unwrap();
    let request = kept.lock().unwrap().take().expect("the request");

    assert!(jar_of(&request).set(("late", "1")).is_err());
    let jar = CookieLayer::new().jar(&request);
    jar.set(("a", "1")).unwrap();
    assert_eq!(jar.queued()[0].name(), "a");
}

#[test]
fn an_error_that_leaves_the_outermost_layer_ends_every_jar() {
    let jars = Mutex::new(Vec::new());
    let keep = |request: Request<()>| {
        jars.lock().unwrap().push(jar_of(&request));
        request
    };
    let mut service = ServiceBuilder::new()
        .layer(CookieLayer::new())
        .map_request(keep)
        .layer(CookieLayer::new())
        .map_request(keep)
        .service(service_fn(|_: Request<()>| {
            ready(Err::<Response<()>, _>("broken"))
        }));

    assert_eq!(now(service.call(Request::new(()))).unwrap_err(), "broken");
    let jars = jars.lock().unwrap();
    assert_eq!(jars.len(), 2);
    for jar in &*jars {
        let refused = jar.set(("late", "1"));
        assert!(matches!(refused, Err(CookieError::ResponseStarted { .. })));
    }
}

#[test]
fn three_layers_share_one_queue_and_each_adds_its_declarations() {
    let jars = Mutex::new(Vec::new());
    let keep = |request: Request<()>| {
        jars.lock().unwrap().push(jar_of(&request));
        request
    };
    let at = |name: &'static str, path: &'static str| declaring(Cookie::build(name).path(path));
    let mut service = ServiceBuilder::new()
        .layer(at("a", "/1").deny_undeclared())
        .map_request(keep)
        .layer(
            at("b", "/2")
                .declare(Cookie::build("a").path("/1"))
                .unwrap(),
        )
        .map_request(keep)
        .layer(
            at("c", "/3")
                .declare(Cookie::build("b").path("/0"))
                .unwrap(),
        )
        .map_request(keep)
        .service(service_fn(|_: Request<()>| {
            let jars = jars.lock().unwrap();
            let [first, second, third] = &jars[..] else {
                panic!("{jars:?}");
            };
            third.set(("c", "3")).unwrap();
            let refused = third.set(("b", "3"));
            assert!(matches!(
                refused,
                Err(CookieError::DeclarationConflict { .. })
            ));
            second.set(("b", "2")).unwrap();
            assert_eq!(second.set(("c", "2")), undeclared("c"));
            assert_eq!(first.set(("b", "1")), undeclared("b"));
            third.set(("a", "1")).unwrap();
            assert_eq!(first.queued(), third.queued());
            ready(Ok::<_, Infallible>(Response::new(())))
        }));

    let response = now(service.call(Request::new(()))).unwrap();
    assert_eq!(
        set_cookies(response.headers()),
        ["c=3; Path=/3", "b=2; Path=/2", "a=1; Path=/1"]
    );
}

#[test]
fn a_conflict_between_the_outer_layers_is_one_within() {
    let at = |path: &'static str| declaring(Cookie::build("a").path(path));
    for (first, second, third, conflicts) in [
        ("/x", "/x", "/x", false),
        ("/y", "/x", "/x", true),
        ("/x", "/y", "/x", true),
        ("/x", "/x", "/y", true),
    ] {
        let mut service = ServiceBuilder::new()
            .layer(at(first))
            .layer(at(second))
            .layer(at(third))
            .service(service_fn(|request: Request<()>| {
                let answer = jar_of(&request).set(("a", "1"));
                ready(Ok::<_, Infallible>(Response::new(answer)))
            }));
        let response = now(service.call(Request::new(()))).unwrap();
        let conflict = matches!(
            response.body(),
            Err(CookieError::DeclarationConflict { .. })
        );
        assert_eq!(conflict, conflicts, "{first} {second} {third}");
        assert_eq!(response.body().is_ok(), !conflicts);
    }
}
