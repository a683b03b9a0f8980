//! Nested layers share the request and one queue; each layer has its own configuration.

mod support;

use std::convert::Infallible;
use std::future::{poll_fn, ready};
use std::sync::{Barrier, Mutex};
use std::task::Poll;
use std::thread;

use http::header::{HOST, SET_COOKIE, VARY};
use http::{Request, Response, StatusCode};
use support::{
    assert_closed, assert_matches, deletion, jar_of, ready_output, request, set_cookies,
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_django_cookies::time::Duration;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, HostSource, SameSite};

/// The response of a service behind `inner`, which is behind `outer`. The service passes the outer
/// and the inner jar to `handler`.
fn nested_response(
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
    ready_output(service.call(request)).unwrap()
}

/// The `Set-Cookie` headers of the response to a request without headers.
fn nested_cookies(
    outer: &CookieLayer,
    inner: &CookieLayer,
    handler: impl Fn(&CookieJar, &CookieJar),
) -> Vec<String> {
    set_cookies(nested_response(outer, inner, Request::new(()), handler).headers())
}

fn declaring(cookie: impl Into<Cookie<'static>>) -> CookieLayer {
    CookieLayer::new().declare(cookie).unwrap()
}

#[track_caller]
fn assert_undeclared(result: &Result<(), CookieError>, cookie: &str) {
    assert_matches!(result, Err(CookieError::Undeclared { name, .. }) if name == cookie);
}

#[test]
fn nested_jars_share_request_and_queue() {
    let layer = CookieLayer::new();
    let response = nested_response(&layer, &layer, request("a=1"), |outer, inner| {
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
fn layer_installed_twice_sends_each_cookie_once() {
    let layer = declaring(Cookie::build("session").path("/app"))
        .retire("session")
        .unwrap()
        .deny_undeclared();
    let cookies = nested_cookies(&layer, &layer, |_, jar| {
        jar.set(("session", "1")).unwrap();
    });
    assert_eq!(
        cookies,
        [deletion("session", "/"), "session=1; Path=/app".into()]
    );
}

#[test]
fn outermost_layer_appends_all_cookies() {
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
        jar.set(("inner", "1")).unwrap();
        ready(Ok::<_, Infallible>(Response::new(jar)))
    }));

    let response = ready_output(service.call(Request::new(()))).unwrap();
    assert_eq!(
        set_cookies(response.headers()),
        ["own=1", "inner=1; Path=/", "between=1; Path=/"]
    );
    assert_closed(response.body());
}

#[test]
fn declaration_of_inner_layer_applies_to_inner_jar_only() {
    let inner = declaring(Cookie::build("theme").path("/shop"));
    let cookies = nested_cookies(&CookieLayer::new(), &inner, |outer, inner| {
        inner.set(("theme", "dark")).unwrap();
        outer.set(("theme", "light")).unwrap();
    });
    assert_eq!(cookies, ["theme=dark; Path=/shop", "theme=light; Path=/"]);

    let strict = CookieLayer::new().deny_undeclared();
    let cookies = nested_cookies(&strict, &inner, |outer, inner| {
        assert_undeclared(&outer.set(("theme", "light")), "theme");
        inner.set(("theme", "dark")).unwrap();
    });
    assert_eq!(cookies, ["theme=dark; Path=/shop"]);
}

#[test]
fn declaration_of_outer_layer_applies_to_both_jars() {
    let outer = declaring(Cookie::build("session").path("/app").http_only(true));
    let cookies = nested_cookies(&outer, &CookieLayer::new(), |outer, inner| {
        inner.set(("session", "1")).unwrap();
        let elsewhere = Cookie::build("session").path("/");
        for jar in [outer, inner] {
            let result = jar.delete(elsewhere.clone());
            assert_matches!(result, Err(CookieError::ScopeMismatch { .. }));
        }
    });
    assert_eq!(cookies, ["session=1; HttpOnly; Path=/app"]);
}

#[test]
fn unset_attributes_of_inner_declaration_default_to_outer_declaration() {
    let outer = declaring(
        Cookie::build("session")
            .path("/app")
            .http_only(true)
            .secure(true)
            .same_site(SameSite::Lax)
            .max_age(Duration::HOUR),
    );
    let same_scope = || Cookie::build("session").path("/app");

    let cookies = nested_cookies(&outer, &declaring(same_scope()), |_, inner| {
        inner.set(("session", "1")).unwrap();
    });
    let [cookie] = &cookies[..] else {
        panic!("{cookies:?}");
    };
    assert!(cookie.starts_with("session=1; expires="), "{cookie}");
    let rest = "; HttpOnly; Max-Age=3600; Path=/app; SameSite=Lax; Secure";
    assert!(cookie.ends_with(rest), "{cookie}");

    let inner = declaring(
        same_scope()
            .same_site(SameSite::Strict)
            .max_age(Duration::MINUTE),
    );
    let cookies = nested_cookies(&outer, &inner, |outer, inner| {
        outer.set(("session", "1")).unwrap();
        assert_eq!(outer.queued()[0].max_age(), Some(Duration::HOUR));
        inner.set(("session", "2")).unwrap();
    });
    let [cookie] = &cookies[..] else {
        panic!("{cookies:?}");
    };
    let rest = "; HttpOnly; Max-Age=60; Path=/app; SameSite=Strict; Secure";
    assert!(cookie.ends_with(rest), "{cookie}");
}

#[test]
fn set_and_delete_with_different_declared_scopes_are_declaration_conflict() {
    let outer = declaring(Cookie::build("session").path("/app"));
    let inner = declaring(Cookie::build("session").domain("example.com"));

    let mut request = request("session=1");
    request
        .headers_mut()
        .insert(HOST, "example.com".parse().unwrap());
    let response = nested_response(&outer, &inner, request, |outer, inner| {
        assert_eq!(inner.get("session"), Some("1"));
        inner.set(("other", "1")).unwrap();
        for result in [
            inner.set(("session", "2")),
            inner.delete("session"),
            inner.set(Cookie::build(("session", "2")).path("/app")),
        ] {
            let Err(CookieError::DeclarationConflict {
                name, outer, inner, ..
            }) = result
            else {
                panic!("{result:?}");
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
fn set_with_other_path_domain_or_partitioned_is_declaration_conflict() {
    for (outer, inner) in [
        (Cookie::build("a").path("/x"), Cookie::build("a")),
        (Cookie::build("a").domain("x.test"), Cookie::build("a")),
        (Cookie::build("a").partitioned(true), Cookie::build("a")),
    ] {
        for (outer, inner) in [(&outer, &inner), (&inner, &outer)] {
            let (outer, inner) = (declaring(outer.clone()), declaring(inner.clone()));
            let cookies = nested_cookies(&outer, &inner, |_, inner| {
                let result = inner.set(("a", "1"));
                assert_matches!(result, Err(CookieError::DeclarationConflict { .. }));
            });
            assert!(cookies.is_empty());
        }
    }
}

#[test]
fn equal_declared_scopes_in_other_spelling_are_no_conflict() {
    let outer = declaring(Cookie::build("a").domain("Example.test"));
    let inner = declaring(Cookie::build("a").domain(".example.TEST").path("/"));
    let cookies = nested_cookies(&outer, &inner, |_, inner| inner.set(("a", "1")).unwrap());
    assert_eq!(cookies.len(), 1);
}

#[test]
fn inner_declaration_without_outer_secure_or_http_only_is_downgrade() {
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
        let cookies = nested_cookies(&declaring(outer), &declaring(inner), |_, inner| {
            let result = inner.set(("a", "1"));
            assert_matches!(
                result,
                Err(CookieError::Downgrade { name, attribute: found, .. })
                    if name == "a" && *found == attribute
            );
        });
        assert!(cookies.is_empty());
    }
}

#[test]
fn deny_undeclared_of_outer_layer_applies_to_both_jars() {
    let outer = declaring("mine").deny_undeclared();
    let inner = declaring("yours");
    let cookies = nested_cookies(&outer, &inner, |outer, inner| {
        for name in ["other", "another"] {
            assert_undeclared(&inner.set((name, "1")), name);
            assert_undeclared(&outer.delete(name), name);
        }
        inner.set(("mine", "1")).unwrap();
        inner.set(("yours", "1")).unwrap();
    });
    assert_eq!(cookies, ["mine=1; Path=/", "yours=1; Path=/"]);
}

#[test]
fn deny_undeclared_of_inner_layer_applies_to_inner_jar_only() {
    let outer = declaring("mine");
    let inner = declaring("yours").deny_undeclared();
    let cookies = nested_cookies(&outer, &inner, |outer, inner| {
        assert_undeclared(&inner.set(("other", "1")), "other");
        inner.set(("mine", "1")).unwrap();
        inner.set(("yours", "1")).unwrap();
        outer.set(("other", "2")).unwrap();
    });
    assert_eq!(
        cookies,
        ["mine=1; Path=/", "yours=1; Path=/", "other=2; Path=/"]
    );
}

#[test]
fn host_source_of_inner_jar_defaults_to_outer_layer() {
    let unset = CookieLayer::new;
    let from = |source| CookieLayer::new().host_from(source).unwrap();
    let fixed = |host: &str| HostSource::Fixed(host.into());
    // The request has `Host: a.test` and `X-Forwarded-Host: b.test`. The inner jar accepts the
    // expected Domains.
    for (outer, inner, expected) in [
        (unset(), unset(), &["a.test"][..]),
        (from(fixed("c.test")), unset(), &["c.test"]),
        (unset(), from(fixed("c.test")), &["c.test"]),
        (from(HostSource::XForwardedHost), unset(), &["b.test"]),
        (unset(), from(HostSource::XForwardedHost), &["b.test"]),
        (
            from(HostSource::XForwardedHost),
            from(HostSource::Request),
            &["a.test"],
        ),
        (
            from(HostSource::Unchecked),
            unset(),
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
        nested_response(&outer, &inner, request, |_, jar| {
            let domains = ["a.test", "b.test", "c.test"];
            let is_accepted =
                |&domain: &&str| match jar.set(Cookie::build(("a", "1")).domain(domain)) {
                    Ok(()) => true,
                    Err(CookieError::DomainMismatch { .. }) => false,
                    Err(error) => panic!("{error:?}"),
                };
            let accepted: Vec<_> = domains.into_iter().filter(is_accepted).collect();
            assert_eq!(accepted, expected, "{outer:?} {inner:?}");
        });
    }
}

#[test]
fn host_source_of_outer_jar_ignores_inner_layer() {
    let fixed = |host: &str| CookieLayer::new().host_from(HostSource::Fixed(host.into()));
    let (outer, inner) = (fixed("a.test").unwrap(), fixed("b.test").unwrap());
    let cookies = nested_cookies(&outer, &inner, |outer, inner| {
        outer
            .set(Cookie::build(("a", "1")).domain("a.test"))
            .unwrap();
        inner
            .set(Cookie::build(("b", "1")).domain("b.test"))
            .unwrap();
        let result = outer.set(Cookie::build(("b", "1")).domain("b.test"));
        assert_matches!(result, Err(CookieError::DomainMismatch { .. }));
    });
    assert_eq!(
        cookies,
        ["a=1; Domain=a.test; Path=/", "b=1; Domain=b.test; Path=/"]
    );
}

#[test]
fn retired_scopes_of_both_layers_are_deleted_once() {
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

    let mut cookies = nested_cookies(&outer, &inner, |outer, inner| {
        inner.set(("session", "1")).unwrap();
        outer.set(("session", "2")).unwrap();
    });
    assert_eq!(cookies.pop().as_deref(), Some("session=2; Path=/app"));
    cookies.sort_unstable();
    let deleted = |path| deletion("session", path);
    assert_eq!(cookies, [deleted("/"), deleted("/old"), deleted("/older")]);

    // The retired scopes of the inner layer do not apply to the outer jar.
    let cookies = nested_cookies(&outer, &inner, |outer, _| {
        outer.delete("session").unwrap();
    });
    assert_eq!(cookies, [deleted("/"), deleted("/old"), deleted("/app")]);
}

#[test]
fn retired_scope_gets_attributes_of_both_declarations() {
    let minimal = || declaring(Cookie::build("session").path("/app"));
    let full = || {
        declaring(
            Cookie::build("session")
                .path("/app")
                .same_site(SameSite::None)
                .secure(true),
        )
    };
    for (outer, inner) in [
        (full(), minimal().retire("session").unwrap()),
        (minimal().retire("session").unwrap(), full()),
    ] {
        let cookies = nested_cookies(&outer, &inner, |_, inner| {
            inner.set(("session", "1")).unwrap();
        });
        assert_eq!(
            cookies,
            [
                deletion("session", "/") + "; SameSite=None; Secure",
                "session=1; Path=/app; SameSite=None; Secure".into()
            ]
        );
    }
}

#[test]
fn vary_on_cookie_of_either_layer_adds_vary() {
    let plain = CookieLayer::new;
    let vary = || CookieLayer::new().vary_on_cookie();
    for (outer, inner, expected) in [
        (plain(), plain(), &[][..]),
        (vary(), plain(), &["Cookie"]),
        (plain(), vary(), &["Cookie"]),
        (vary(), vary(), &["Cookie"]),
    ] {
        let response = nested_response(&outer, &inner, request("a=1"), |_, inner| {
            assert_eq!(inner.get("a"), Some("1"));
        });
        let headers = response.headers().get_all(VARY).iter();
        assert_eq!(headers.collect::<Vec<_>>(), expected);

        let unread = nested_response(&outer, &inner, request("a=1"), |_, _| {});
        assert!(!unread.headers().contains_key(VARY));
    }
}

#[test]
fn read_between_the_layers_adds_vary() {
    let response = nested_response(
        &CookieLayer::new().vary_on_cookie(),
        &CookieLayer::new(),
        request("a=1"),
        |outer, _| assert!(outer.contains("a")),
    );
    assert_eq!(response.headers()[VARY], "Cookie");
}

#[test]
fn cookies_after_inner_error_handled_between_the_layers_are_sent() {
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

    let response = ready_output(service.call(Request::new(()))).unwrap();
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(
        set_cookies(response.headers()),
        ["before=1; Path=/", "after=1; Path=/"]
    );
}

/// A timeout between the layers drops the inner future in this way.
#[tokio::test]
async fn cookies_after_inner_future_dropped_between_the_layers_are_sent() {
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
fn delete_at_scope_retired_by_both_layers_deletes_each_scope_once() {
    let retiring = || declaring(Cookie::build("session").path("/app")).retire("session");
    let (outer, inner) = (retiring().unwrap(), retiring().unwrap());
    let cookies = nested_cookies(&outer, &inner, |_, inner| {
        inner.delete(Cookie::build("session").path("/")).unwrap();
    });
    assert_eq!(
        cookies,
        [deletion("session", "/"), deletion("session", "/app")]
    );
}

#[test]
fn jar_made_by_layer_before_the_call_is_replaced() {
    let mut request = Request::new(());
    let kept = CookieLayer::new().jar(&request);
    request.extensions_mut().insert(kept.clone());
    let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
        jar_of(&request).set(("a", "1")).unwrap();
        ready(Ok::<_, Infallible>(Response::new(())))
    }));
    let response = ready_output(service.call(request)).unwrap();
    assert_eq!(set_cookies(response.headers()), ["a=1; Path=/"]);
    assert!(kept.queued().is_empty());
}

#[test]
fn jar_made_by_layer_after_the_response_has_its_own_queue() {
    let kept = Mutex::new(None);
    let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
        *kept.lock().unwrap() = Some(request);
        ready(Ok::<_, Infallible>(Response::new(())))
    }));
    ready_output(service.call(Request::new(()))).unwrap();
    let request = kept.lock().unwrap().take().expect("the request");

    assert_closed(&jar_of(&request));
    let jar = CookieLayer::new().jar(&request);
    jar.set(("a", "1")).unwrap();
    assert_eq!(jar.queued()[0].name(), "a");
}

#[test]
fn error_returned_by_outermost_layer_closes_every_jar() {
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

    assert_eq!(
        ready_output(service.call(Request::new(()))).unwrap_err(),
        "broken"
    );
    let jars = jars.lock().unwrap();
    assert_eq!(jars.len(), 2);
    for jar in &*jars {
        assert_closed(jar);
    }
}

#[test]
fn three_layers_share_one_queue_and_each_adds_declarations() {
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
            let result = third.set(("b", "3"));
            assert_matches!(result, Err(CookieError::DeclarationConflict { .. }));
            second.set(("b", "2")).unwrap();
            assert_undeclared(&second.set(("c", "2")), "c");
            assert_undeclared(&first.set(("b", "1")), "b");
            third.set(("a", "1")).unwrap();
            assert_eq!(first.queued(), third.queued());
            ready(Ok::<_, Infallible>(Response::new(())))
        }));

    let response = ready_output(service.call(Request::new(()))).unwrap();
    assert_eq!(
        set_cookies(response.headers()),
        ["c=3; Path=/3", "b=2; Path=/2", "a=1; Path=/1"]
    );
}

#[test]
fn set_behind_three_layers_with_one_conflict_is_declaration_conflict() {
    let at = |path: &'static str| declaring(Cookie::build("a").path(path));
    for (first, second, third, has_conflict) in [
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
                let result = jar_of(&request).set(("a", "1"));
                ready(Ok::<_, Infallible>(Response::new(result)))
            }));
        let response = ready_output(service.call(Request::new(()))).unwrap();
        let is_expected = match response.body() {
            Ok(()) => !has_conflict,
            Err(CookieError::DeclarationConflict { .. }) => has_conflict,
            Err(_) => false,
        };
        let result = response.body();
        assert!(is_expected, "{first} {second} {third}: {result:?}");
    }
}

/// A layer whose settings all depend on `number`: a declaration, a retired scope and the host.
fn numbered_outer(number: usize) -> CookieLayer {
    declaring(Cookie::build("a").path(format!("/outer-{number}")))
        .retire(Cookie::build("a").path(format!("/retired-{number}")))
        .unwrap()
        .host_from(HostSource::Fixed(format!("outer-{number}.test")))
        .unwrap()
}

/// An inner layer with settings of its own.
fn declaring_b() -> CookieLayer {
    declaring(Cookie::build("b").path("/inner"))
}

/// Asserts that the jar under `numbered_outer(number)` and `declaring_b()` has the settings of both.
#[track_caller]
fn assert_nested_settings(outer: &CookieLayer, inner: &CookieLayer, number: usize) {
    let cookies = nested_cookies(outer, inner, |_, jar| {
        jar.set(("a", "1")).unwrap();
        jar.set(("b", "1")).unwrap();
        let domain = format!("outer-{number}.test");
        jar.set(Cookie::build(("c", "1")).domain(domain)).unwrap();
        let result = jar.set(Cookie::build(("c", "1")).domain("other.test"));
        assert_matches!(
            result,
            Err(CookieError::DomainMismatch { host, .. }) if *host == format!("outer-{number}.test")
        );
        let result = jar.delete(Cookie::build("a").path("/other"));
        assert_matches!(
            result,
            Err(CookieError::ScopeMismatch { declared, .. })
                if declared.path() == Some(&*format!("/outer-{number}"))
        );
    });
    assert_eq!(
        cookies,
        [
            deletion("a", &format!("/retired-{number}")),
            format!("a=1; Path=/outer-{number}"),
            "b=1; Path=/inner".into(),
            format!("c=1; Domain=outer-{number}.test; Path=/"),
        ]
    );
}

/// A layer caches the merged configurations of at most four outer layers.
#[test]
fn layer_under_several_outer_layers_has_settings_of_each() {
    for outer_layers in [2, 4, 5, 6] {
        let inner = declaring_b();
        let outer: Vec<_> = (0..outer_layers).map(numbered_outer).collect();
        for _ in 0..3 {
            for (number, outer) in outer.iter().enumerate() {
                assert_nested_settings(outer, &inner, number);
            }
            for (number, outer) in outer.iter().enumerate().rev() {
                assert_nested_settings(outer, &inner.clone(), number);
            }
        }
        // Alone, the inner layer has its own settings only.
        let cookies = support::response_cookies(&inner, |jar| jar.set(("a", "1")).unwrap());
        assert_eq!(cookies, ["a=1; Path=/"]);
    }
}

/// The addresses of dropped layers may be used again by new ones.
#[test]
fn layer_under_short_lived_outer_layers_has_settings_of_each() {
    let inner = declaring_b();
    for number in 0..50 {
        assert_nested_settings(&numbered_outer(number), &inner, number);
    }
}

#[test]
fn inner_layer_changed_after_nested_request_uses_new_settings() {
    let outer = numbered_outer(1);
    let inner = declaring_b();
    assert_nested_settings(&outer, &inner, 1);

    // A clone is changed, while the layer is still in use.
    let fixed = |host: &str| HostSource::Fixed(host.into());
    let changed = inner
        .clone()
        .declare(Cookie::build("d").path("/new"))
        .unwrap();
    let changed = changed
        .host_from(fixed("new.test"))
        .unwrap()
        .deny_undeclared();
    for _ in 0..2 {
        let cookies = nested_cookies(&outer, &changed, |_, jar| {
            jar.set(("d", "1")).unwrap();
            jar.set(("b", "1")).unwrap();
            assert_undeclared(&jar.set(("c", "1")), "c");
        });
        assert_eq!(cookies, ["d=1; Path=/new", "b=1; Path=/inner"]);
        assert_nested_settings(&outer, &inner, 1);
    }

    // The only handle is changed.
    let changed = inner
        .retire(Cookie::build("b").path("/old"))
        .unwrap()
        .vary_on_cookie();
    let response = nested_response(&outer, &changed, request("b=1"), |_, jar| {
        assert_eq!(jar.get("b"), Some("1"));
        jar.delete("b").unwrap();
    });
    assert_eq!(
        set_cookies(response.headers()),
        [deletion("b", "/old"), deletion("b", "/inner")]
    );
    assert_eq!(response.headers()[VARY], "Cookie");
    let changed = changed.host_from(fixed("changed.test")).unwrap();
    nested_response(&outer, &changed, Request::new(()), |_, jar| {
        let result = jar.set(Cookie::build(("c", "1")).domain("outer-1.test"));
        assert_matches!(
            result,
            Err(CookieError::DomainMismatch { host, .. }) if host == "changed.test"
        );
    });
}

#[test]
fn outer_layer_changed_after_nested_request_uses_new_settings() {
    let outer = numbered_outer(1);
    let inner = declaring_b();
    assert_nested_settings(&outer, &inner, 1);

    let changed = outer
        .clone()
        .declare(Cookie::build("c").path("/new"))
        .unwrap();
    let cookies = nested_cookies(&changed, &inner, |_, jar| jar.set(("c", "1")).unwrap());
    assert_eq!(cookies, ["c=1; Path=/new"]);
    assert_nested_settings(&outer, &inner, 1);

    let changed = outer.deny_undeclared();
    nested_cookies(&changed, &inner, |_, jar| {
        assert_undeclared(&jar.set(("c", "1")), "c");
    });
}

/// Services made by a layer before a change keep its previous settings.
#[test]
fn service_made_before_change_of_its_layer_keeps_previous_settings() {
    let inner = declaring_b();
    let mut service = numbered_outer(1).layer(inner.layer(service_fn(|request: Request<()>| {
        jar_of(&request).set(("c", "1")).unwrap();
        ready(Ok::<_, Infallible>(Response::new(())))
    })));
    let mut send = || {
        set_cookies(
            ready_output(service.call(Request::new(())))
                .unwrap()
                .headers(),
        )
    };
    assert_eq!(send(), ["c=1; Path=/"]);
    let changed = inner.declare(Cookie::build("c").path("/new")).unwrap();
    assert_eq!(send(), ["c=1; Path=/"]);
    let cookies = nested_cookies(&numbered_outer(1), &changed, |_, jar| {
        jar.set(("c", "1")).unwrap();
    });
    assert_eq!(cookies, ["c=1; Path=/new"]);
}

/// Every first request races to fill the cache.
#[test]
fn concurrent_requests_through_one_pair_have_settings_of_both_layers() {
    for _ in 0..20 {
        let (outer, inner) = (numbered_outer(1), declaring_b());
        let barrier = Barrier::new(8);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    for _ in 0..10 {
                        assert_nested_settings(&outer, &inner, 1);
                    }
                });
            }
        });
    }
}

#[test]
fn concurrent_requests_through_six_pairs_have_settings_of_each_pair() {
    for _ in 0..20 {
        let inner = declaring_b();
        let outer: Vec<_> = (0..6).map(numbered_outer).collect();
        let barrier = Barrier::new(12);
        thread::scope(|scope| {
            for first in 0..12 {
                let (outer, inner, barrier) = (&outer, &inner, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    for number in (first..first + 12).map(|number| number % 6) {
                        assert_nested_settings(&outer[number], inner, number);
                    }
                });
            }
        });
    }
}

/// A layer between two others is both an inner and an outer one.
#[test]
fn three_layers_under_several_outermost_layers_have_settings_of_each() {
    let (middle, inner) = (declaring_b(), declaring(Cookie::build("d").path("/third")));
    let outer: Vec<_> = (0..6).map(numbered_outer).collect();
    for _ in 0..3 {
        for (number, outer) in outer.iter().enumerate() {
            let mut service = ServiceBuilder::new()
                .layer(outer)
                .layer(&middle)
                .layer(&inner)
                .service(service_fn(|request: Request<()>| {
                    let jar = jar_of(&request);
                    for name in ["a", "b", "d"] {
                        jar.set((name, "1")).unwrap();
                    }
                    ready(Ok::<_, Infallible>(Response::new(())))
                }));
            let response = ready_output(service.call(Request::new(()))).unwrap();
            assert_eq!(
                set_cookies(response.headers()),
                [
                    deletion("a", &format!("/retired-{number}")),
                    format!("a=1; Path=/outer-{number}"),
                    "b=1; Path=/inner".into(),
                    "d=1; Path=/third".into(),
                ]
            );
        }
    }
}
