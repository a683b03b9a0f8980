//! Renames in nested layers: in the outer one, in the inner one, and in both.

use std::sync::Mutex;

use http::{Request, Response};
use tower::{Service, ServiceBuilder, service_fn};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};

use super::support::{assert_matches, deletion, jar_of, ready_output, set_cookies};
use super::{assert_renamed, layer, new, old};

/// The response of a service behind both layers. `handler` gets the jars of both.
fn nested_cookies(
    outer: &CookieLayer,
    inner: &CookieLayer,
    handler: impl Fn(&CookieJar, &CookieJar),
) -> Vec<String> {
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
            std::future::ready(Ok::<_, CookieError>(Response::new(())))
        }));
    let response = ready_output(service.call(Request::new(())));
    set_cookies(response.expect("a response").headers())
}

fn declaring_new() -> CookieLayer {
    CookieLayer::new()
        .declare(new().path("/app"))
        .expect("a valid declaration")
}

/// An inner layer without declarations, with those of the outer one, with its own rename, and with
/// both.
#[test]
fn rename_of_either_layer_applies_to_inner_jar() {
    let other_settings = CookieLayer::new().declare("other").expect("a declaration");
    for (outer, inner) in [
        (layer(), CookieLayer::new()),
        (layer(), other_settings.clone()),
        (layer(), other_settings.clone().deny_undeclared()),
        (layer(), declaring_new()),
        (declaring_new(), layer()),
        (other_settings, layer()),
        (layer(), layer()),
    ] {
        let set = nested_cookies(&outer, &inner, |_, inner| {
            assert_renamed(inner.set(("old", "1")), "old", "new");
            assert!(inner.queued().is_empty());
            inner.set(("new", "1")).expect("the new name");
        });
        assert_eq!(set, [deletion("old", "/"), "new=1; Path=/app".into()]);
        for given in [new(), old(), old().path("/")] {
            let deleted = nested_cookies(&outer, &inner, |_, inner| {
                inner.delete(given.clone()).expect("either name");
            });
            assert_eq!(deleted, [deletion("old", "/"), deletion("new", "/app")]);
        }
        nested_cookies(&outer, &inner, |_, inner| {
            let result = inner.delete(old().path("/app"));
            assert_matches!(
                result,
                Err(CookieError::ScopeMismatch { name, .. }) if name == "old"
            );
        });
    }
}

#[test]
fn renames_of_both_layers_are_merged() {
    let renamed = |old: &'static str, path: &'static str| {
        let layer = declaring_new().renamed(Cookie::build(old).path(path), "new");
        layer.expect("a previous name")
    };
    let (outer, inner) = (renamed("old", "/"), renamed("older", "/old"));
    for name in ["new", "old", "older"] {
        let mut sent = nested_cookies(&outer, &inner, |_, inner| {
            inner.delete(name).expect("either name");
        });
        assert_eq!(sent.pop(), Some(deletion("new", "/app")));
        sent.sort_unstable();
        assert_eq!(sent, [deletion("old", "/"), deletion("older", "/old")]);
    }
    // Several scopes of one name, one in each layer.
    let (outer, inner) = (renamed("old", "/"), renamed("old", "/old"));
    for given in [old(), old().path("/"), old().path("/old")] {
        let mut sent = nested_cookies(&outer, &inner, |_, inner| {
            inner.delete(given.clone()).expect("a previous scope");
        });
        assert_eq!(sent.pop(), Some(deletion("new", "/app")));
        sent.sort_unstable();
        assert_eq!(sent, [deletion("old", "/"), deletion("old", "/old")]);
    }
}

#[test]
fn rename_of_inner_layer_does_not_apply_to_outer_jar() {
    let sent = nested_cookies(&declaring_new(), &layer(), |outer, _| {
        outer.set(("new", "1")).expect("the new name");
        outer.set(("old", "1")).expect("an undeclared name");
    });
    assert_eq!(sent, ["new=1; Path=/app", "old=1; Path=/"]);

    // The last operation on a cookie takes effect, so the inner layer's rename deletes it.
    let sent = nested_cookies(&declaring_new(), &layer(), |outer, inner| {
        outer.set(("old", "1")).expect("an undeclared name");
        inner.set(("new", "1")).expect("the new name");
        assert_eq!(outer.queued(), inner.queued());
    });
    assert_eq!(sent, [deletion("old", "/"), "new=1; Path=/app".into()]);
}

#[test]
fn rename_under_conflicting_declarations_is_declaration_conflict() {
    let conflicting = CookieLayer::new()
        .declare(new().path("/other"))
        .expect("a valid declaration");
    for (outer, inner) in [(layer(), conflicting.clone()), (conflicting, layer())] {
        let sent = nested_cookies(&outer, &inner, |_, inner| {
            for result in [
                inner.set(("new", "1")),
                inner.delete("new"),
                inner.delete("old"),
            ] {
                assert_matches!(
                    result,
                    Err(CookieError::DeclarationConflict { name, .. }) if name == "new"
                );
            }
            assert_renamed(inner.set(("old", "1")), "old", "new");
        });
        assert!(sent.is_empty(), "{sent:?}");
    }
}

/// Asserts that the layers disagree about `names`: in the inner jar, none of them can be deleted, and
/// none that is not renamed can be set. The other names can.
#[track_caller]
fn assert_rename_conflict(outer: &CookieLayer, inner: &CookieLayer, names: &[&str]) {
    let sent = nested_cookies(outer, inner, |_, inner| {
        for name in names {
            assert_matches!(inner.delete(*name), Err(CookieError::RenameConflict { .. }));
            assert_matches!(
                inner.set((*name, "1")),
                Err(CookieError::RenameConflict { .. } | CookieError::Renamed { .. })
            );
        }
        assert!(inner.queued().is_empty());
        inner.set(("other", "1")).expect("another name");
    });
    assert_eq!(sent, ["other=1; Path=/"]);
}

fn declaring(cookie: impl Into<Cookie<'static>>) -> CookieLayer {
    CookieLayer::new()
        .declare(cookie)
        .expect("a valid declaration")
}

/// A delete of the previous name could reach the scopes of one layer only.
#[test]
fn rename_of_name_that_other_layer_declares_is_rename_conflict() {
    for declaring_old in [
        declaring("old"),
        declaring(old().path("/app")),
        declaring("old").deny_undeclared(),
        declaring("old").declare(new().path("/app")).unwrap(),
    ] {
        let declaring_old = declaring_old.declare("other").expect("a declaration");
        assert_rename_conflict(&layer(), &declaring_old, &["old", "new"]);
        assert_rename_conflict(&declaring_old, &layer(), &["old", "new"]);
    }
    let sent = nested_cookies(&declaring("old"), &layer(), |outer, inner| {
        assert_matches!(
            inner.delete("old"),
            Err(CookieError::RenameConflict { name, new_name, .. })
                if name == "old" && new_name == "new"
        );
        assert_matches!(
            inner.set(("new", "1")),
            Err(CookieError::RenameConflict { name, new_name, .. })
                if name == "old" && new_name == "new"
        );
        assert_renamed(inner.set(("old", "1")), "old", "new");
        // The outer jar knows nothing of the rename.
        outer.set(("old", "1")).expect("the declared name");
    });
    assert_eq!(sent, ["old=1; Path=/"]);
}

/// In one layer, the second rename is the error `Renamed`.
#[test]
fn renames_of_one_name_to_different_names_are_rename_conflict() {
    let renaming_to = |name: &'static str| {
        let layer = declaring(name).renamed("old", name);
        layer.expect("a previous name")
    };
    let (first, second) = (renaming_to("first"), renaming_to("second"));
    let names = ["old", "first", "second"];
    assert_rename_conflict(&first, &second, &names);
    assert_rename_conflict(&second, &first, &names);
    nested_cookies(&first, &second, |outer, inner| {
        assert_renamed(inner.set(("old", "1")), "old", "second");
        assert_renamed(outer.set(("old", "1")), "old", "first");
        outer.delete("old").expect("the rename of the outer layer");
    });
}

/// `a` → `b` in one layer and `b` → `c` in the other: in one layer, `b` could not be declared.
#[test]
fn chain_of_renames_in_two_layers_is_rename_conflict() {
    let renaming = |old: &'static str, new: &'static str| {
        let layer = declaring(new).renamed(old, new);
        layer.expect("a previous name")
    };
    let (first, second) = (renaming("a", "b"), renaming("b", "c"));
    for (outer, inner) in [(&first, &second), (&second, &first)] {
        assert_rename_conflict(outer, inner, &["a", "b", "c"]);
    }
}

#[test]
fn rename_conflict_behind_a_third_layer_is_kept() {
    let conflict = std::cell::Cell::new(0);
    let mut service = ServiceBuilder::new()
        .layer(declaring("old"))
        .layer(layer())
        .layer(declaring("other"))
        .service(service_fn(|request: Request<()>| {
            let jar = jar_of(&request);
            for result in [jar.delete("old"), jar.set(("new", "1")), jar.delete("new")] {
                assert_matches!(result, Err(CookieError::RenameConflict { .. }));
                conflict.set(conflict.get() + 1);
            }
            std::future::ready(Ok::<_, CookieError>(Response::new(())))
        }));
    ready_output(service.call(Request::new(()))).expect("a response");
    assert_eq!(conflict.get(), 3);
}
