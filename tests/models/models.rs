//! Concurrency models: in every interleaving of threads, each `set` and `delete` is either sent
//! with the response or returns an error.
//!
//! Loom explores all interleavings of the threads that lock a jar:
//! `RUSTFLAGS='--cfg loom' cargo test --package models -- --show-output`.

#![cfg(loom)]

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;
use std::future::{Future, Ready, pending, ready};
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::task::{Context, Poll, Waker};

use http::{Request, Response};
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread::{self, JoinHandle};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};
use tower_layer::Layer;
use tower_service::Service;

/// Runs `model` in every interleaving of its threads, and prints the number of interleavings.
///
/// `model` returns its outcome. Each of `outcomes` must occur: otherwise not all interleavings were
/// explored.
fn explore<O: fmt::Debug + Ord + Send + 'static>(
    name: &str,
    outcomes: impl IntoIterator<Item = O>,
    model: impl Fn() -> O + Send + Sync + 'static,
) {
    let interleavings = Arc::new(AtomicUsize::new(0));
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let (counter, seen_in_model) = (Arc::clone(&interleavings), Arc::clone(&seen));
    loom::model(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        let outcome = model();
        seen_in_model
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(outcome);
    });
    println!(
        "{name}: {} interleavings",
        interleavings.load(Ordering::Relaxed)
    );
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(*seen, outcomes.into_iter().collect());
}

/// A service for one call that sends its jar to the test and returns the given future.
struct Inner<F> {
    jars: mpsc::Sender<CookieJar>,
    response: Option<F>,
}

impl<F, E> Service<Request<()>> for Inner<F>
where
    F: Future<Output = Result<Response<()>, E>>,
{
    type Response = Response<()>;
    type Error = E;
    type Future = F;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> F {
        let jar = CookieJar::from_extensions(request.extensions());
        self.jars
            .send(jar.expect("the layer put a jar into the request").clone())
            .unwrap();
        self.response.take().expect("the service is called once")
    }
}

type ResponseFuture<E> = Pin<Box<dyn Future<Output = Result<Response<()>, E>>>>;

/// Calls a service behind `layers`, the outermost first, whose inner service returns `response`.
/// Returns the jar and the future of the outermost layer, which was not polled.
fn call<E: 'static>(
    layers: &[CookieLayer],
    request: Request<()>,
    response: impl Future<Output = Result<Response<()>, E>> + 'static,
) -> (CookieJar, ResponseFuture<E>) {
    let (jars, jar) = mpsc::channel();
    let inner = Inner {
        jars,
        response: Some(response),
    };
    let response: ResponseFuture<E> = match layers {
        [layer] => Box::pin(layer.layer(inner).call(request)),
        [outer, layer] => Box::pin(outer.layer(layer.layer(inner)).call(request)),
        _ => unreachable!("one layer or two"),
    };
    (jar.recv().expect("the service was called"), response)
}

fn call_one_layer() -> (CookieJar, ResponseFuture<Infallible>) {
    call(&[CookieLayer::new()], Request::new(()), ok())
}

fn ok() -> Ready<Result<Response<()>, Infallible>> {
    ready(Ok(Response::new(())))
}

fn poll<E>(response: &mut ResponseFuture<E>) -> Poll<Result<Response<()>, E>> {
    response
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}

/// The cookie-pairs of the `Set-Cookie` headers of a response that is ready.
fn sent_pairs(response: &mut ResponseFuture<Infallible>) -> Vec<String> {
    let Poll::Ready(Ok(response)) = poll(response) else {
        panic!("the response is pending");
    };
    let headers = response.headers().get_all("set-cookie").iter();
    headers
        .map(|header| header.to_str().expect("ASCII"))
        .map(|header| header.split(';').next().unwrap_or_default().to_owned())
        .collect()
}

/// Returns true if an operation was queued, and false if it returned `ResponseStarted`.
#[track_caller]
fn is_queued(result: Result<(), CookieError>) -> bool {
    match result {
        Ok(()) => true,
        Err(CookieError::ResponseStarted { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Sets one cookie and deletes another in a new thread, which returns the cookie-pairs of the
/// operations that were queued.
fn spawn_set_and_delete(
    jar: &CookieJar,
    set: &'static str,
    delete: &'static str,
) -> JoinHandle<Vec<String>> {
    let jar = jar.clone();
    thread::spawn(move || {
        let mut pairs = Vec::new();
        if is_queued(jar.set((set, "1"))) {
            pairs.push(format!("{set}=1"));
        }
        if is_queued(jar.delete(delete)) {
            pairs.push(format!(r#"{delete}="""#));
        }
        pairs
    })
}

#[track_caller]
fn assert_closed(jar: &CookieJar) {
    assert!(!is_queued(jar.set(("late", "1"))));
    assert!(!is_queued(jar.delete("late")));
    assert!(jar.queued().is_empty());
}

#[test]
fn set_and_delete_in_thread_are_sent_or_response_started() {
    explore("set and delete against the response", 0..=2, || {
        let (jar, mut response) = call_one_layer();
        let thread = spawn_set_and_delete(&jar, "a", "b");

        let sent = sent_pairs(&mut response);
        let queued = thread.join().unwrap();
        assert_eq!(sent, queued);
        drop(response);
        assert_closed(&jar);
        queued.len()
    });
}

#[test]
fn set_and_delete_in_two_threads_are_sent_or_response_started() {
    explore("two threads against the response", 0..=4, || {
        let (jar, mut response) = call_one_layer();
        let threads = [
            spawn_set_and_delete(&jar, "a", "b"),
            spawn_set_and_delete(&jar, "c", "d"),
        ];

        let mut sent = sent_pairs(&mut response);
        let mut queued = threads.map(|thread| thread.join().unwrap()).concat();
        sent.sort_unstable();
        queued.sort_unstable();
        assert_eq!(sent, queued);
        assert_closed(&jar);
        queued.len()
    });
}

#[test]
fn set_and_delete_of_one_cookie_in_two_threads_send_the_last_queued() {
    let outcomes = [(false, false), (false, true), (true, false), (true, true)];
    explore("set against delete against the response", outcomes, || {
        let (jar, mut response) = call_one_layer();
        let setter = thread::spawn({
            let jar = jar.clone();
            move || is_queued(jar.set(("a", "1")))
        });
        let deleter = thread::spawn({
            let jar = jar.clone();
            move || is_queued(jar.delete("a"))
        });

        let sent = sent_pairs(&mut response);
        let outcome = (setter.join().unwrap(), deleter.join().unwrap());
        match outcome {
            (false, false) => assert!(sent.is_empty()),
            (true, false) => assert_eq!(sent, ["a=1"]),
            (false, true) => assert_eq!(sent, [r#"a="""#]),
            (true, true) => assert!(sent == ["a=1"] || sent == [r#"a="""#], "{sent:?}"),
        }
        outcome
    });
}

#[test]
fn set_and_deletes_at_retired_scopes_are_sent_together_or_response_started() {
    explore(
        "a retired scope against the response",
        [false, true],
        || {
            let layer = CookieLayer::new()
                .declare(Cookie::build("a").path("/app"))
                .and_then(|layer| layer.retire("a"))
                .expect("valid declarations");
            let (jar, mut response) = call(&[layer], Request::new(()), ok());
            let setter = thread::spawn(move || is_queued(jar.set(("a", "1"))));

            let sent = sent_pairs(&mut response);
            let was_queued = setter.join().unwrap();
            let expected: &[&str] = if was_queued { &[r#"a="""#, "a=1"] } else { &[] };
            assert_eq!(sent, expected);
            was_queued
        },
    );
}

/// A delete of a previous name is three deletes in one response, or none.
#[test]
fn deletes_under_all_names_and_scopes_are_sent_together_or_response_started() {
    explore(
        "a previous name against the response",
        [false, true],
        || {
            let layer = CookieLayer::new()
                .declare(Cookie::build("a").path("/app"))
                .and_then(|layer| layer.retire("a"))
                .and_then(|layer| layer.renamed("old", "a"))
                .expect("valid declarations");
            let (jar, mut response) = call(&[layer], Request::new(()), ok());
            let deleter = thread::spawn(move || is_queued(jar.delete("old")));

            let sent = sent_pairs(&mut response);
            let was_queued = deleter.join().unwrap();
            let all = [r#"a="""#, r#"old="""#, r#"a="""#];
            let expected: &[&str] = if was_queued { &all } else { &[] };
            assert_eq!(sent, expected);
            was_queued
        },
    );
}

#[test]
fn set_and_delete_in_thread_before_handler_returns_are_sent() {
    explore("a handler that waits for its thread", [2], || {
        let (tasks, task) = mpsc::channel::<JoinHandle<Vec<String>>>();
        let (jar, mut response) = call(&[CookieLayer::new()], Request::new(()), async move {
            task.recv().expect("the thread was spawned").join().unwrap();
            ok().await
        });
        tasks.send(spawn_set_and_delete(&jar, "a", "b")).unwrap();

        let concurrent = spawn_set_and_delete(&jar, "c", "d");
        let sent = sent_pairs(&mut response);
        let concurrent = concurrent.join().unwrap();
        let joined: Vec<_> = sent
            .iter()
            .filter(|pair| !concurrent.contains(pair))
            .collect();
        assert_eq!(joined, ["a=1", r#"b="""#]);
        joined.len()
    });
}

/// Sets and deletes in a thread while `end` ends the request without a response. Checks that no
/// operation is queued after that, and returns the number of queued operations.
fn set_and_delete_while_request_ends(
    end: fn(&mut Option<ResponseFuture<()>>),
    response: ResponseFuture<()>,
) -> usize {
    let (jar, response) = call(&[CookieLayer::new()], Request::new(()), response);
    let mut response = Some(response);
    let has_ended = Arc::new(AtomicBool::new(false));
    let thread = thread::spawn({
        let (jar, has_ended) = (jar.clone(), Arc::clone(&has_ended));
        move || {
            let operations: [fn(&CookieJar) -> _; 2] =
                [|jar| jar.set(("a", "1")), |jar| jar.delete("b")];
            operations.map(|operation| {
                let is_late = has_ended.load(Ordering::Acquire);
                let was_queued = is_queued(operation(&jar));
                assert!(!(is_late && was_queued), "queued after the end");
                was_queued
            })
        }
    });

    end(&mut response);
    has_ended.store(true, Ordering::Release);
    let was_queued = thread.join().unwrap();
    assert_closed(&jar);
    assert!(was_queued[0] || !was_queued[1], "the queue was reopened");
    was_queued.iter().filter(|&&was_queued| was_queued).count()
}

#[test]
fn set_and_delete_in_thread_after_error_are_response_started() {
    explore("set and delete against an error", 0..=2, || {
        set_and_delete_while_request_ends(
            |response| {
                let response = response.as_mut().expect("the future");
                assert!(matches!(poll(response), Poll::Ready(Err(()))));
            },
            Box::pin(ready(Err(()))),
        )
    });
}

#[test]
fn set_and_delete_in_thread_after_drop_are_response_started() {
    explore("set and delete against a drop", 0..=2, || {
        set_and_delete_while_request_ends(|response| *response = None, Box::pin(pending()))
    });
}

#[test]
fn set_and_delete_in_thread_after_poll_and_drop_are_response_started() {
    explore("set and delete against a drop after a poll", 0..=2, || {
        set_and_delete_while_request_ends(
            |response| {
                assert!(poll(response.as_mut().expect("the future")).is_pending());
                *response = None;
            },
            Box::pin(pending()),
        )
    });
}

#[test]
fn set_and_delete_in_nested_layer_are_sent_by_outer_layer_or_response_started() {
    explore("a nested layer against the response", 0..=2, || {
        let layers = [CookieLayer::new(), CookieLayer::new()];
        let (jar, mut response) = call(&layers, Request::new(()), ok());
        let thread = spawn_set_and_delete(&jar, "a", "b");

        let sent = sent_pairs(&mut response);
        let queued = thread.join().unwrap();
        assert_eq!(sent, queued);
        assert_closed(&jar);
        queued.len()
    });
}

/// A call with the extensions of another request shares the queue of that request, or has its own
/// queue if that one is closed. So an operation is sent with exactly one response, or is an error.
#[test]
fn set_in_spawned_inner_layer_is_sent_once_or_response_started() {
    let outcomes = [(1, 0), (0, 1), (0, 0)];
    explore(
        "a spawned layer against the outer response",
        outcomes,
        || {
            let (outer_jar, mut response) = call_one_layer();
            let inner = thread::spawn(move || {
                let mut request = Request::new(());
                request.extensions_mut().insert(outer_jar);
                let (jar, mut response) = call(&[CookieLayer::new()], request, ok());
                let was_queued = is_queued(jar.set(("a", "1")));
                (was_queued, sent_pairs(&mut response))
            });

            let outer_pairs = sent_pairs(&mut response);
            let (was_queued, inner_pairs) = inner.join().unwrap();
            assert_eq!(
                outer_pairs.len() + inner_pairs.len(),
                usize::from(was_queued)
            );
            (outer_pairs.len(), inner_pairs.len())
        },
    );
}

#[test]
fn queued_shows_set_of_same_thread_until_response_is_sent() {
    explore("queued against the response", 0..=2, || {
        let (jar, mut response) = call_one_layer();
        let thread = thread::spawn(move || {
            let was_queued = is_queued(jar.set(("a", "1")));
            let queued = jar.queued().len();
            assert!(was_queued || queued == 0);
            usize::from(was_queued) + queued
        });

        let sent = sent_pairs(&mut response);
        let outcome = thread.join().unwrap();
        assert_eq!(sent.len(), outcome.min(1));
        outcome
    });
}

#[test]
fn read_in_thread_before_handler_returns_adds_vary_cookie() {
    explore("reading before the response", [()], || {
        let (tasks, task) = mpsc::channel::<JoinHandle<()>>();
        let layer = CookieLayer::new().vary_on_cookie();
        let (jar, mut response) = call(&[layer], Request::new(()), async move {
            task.recv().expect("the thread was spawned").join().unwrap();
            ok().await
        });
        let reader = thread::spawn(move || assert!(jar.is_empty()));
        tasks.send(reader).unwrap();

        let Poll::Ready(Ok(response)) = poll(&mut response) else {
            panic!("the response is pending");
        };
        assert_eq!(response.headers()["vary"], "Cookie");
    });
}

/// A shared cache must not store a cookie for everybody, so the headers are in the same response as the
/// cookie, and a refused operation adds none.
#[test]
fn set_in_thread_that_is_sent_adds_vary_and_private_in_the_same_response() {
    explore("a set against the headers", [false, true], || {
        let layer = CookieLayer::new().vary_on_cookie().cache_control_private();
        let (jar, mut response) = call(&[layer], Request::new(()), ok());
        let setter = thread::spawn(move || is_queued(jar.set(("a", "1"))));

        let Poll::Ready(Ok(response)) = poll(&mut response) else {
            panic!("the response is pending");
        };
        let was_queued = setter.join().unwrap();
        for (header, value) in [
            ("set-cookie", "a=1; Path=/"),
            ("vary", "Cookie"),
            ("cache-control", "private"),
        ] {
            let found = response.headers().get(header);
            assert_eq!(found.is_some(), was_queued, "{header}");
            assert!(found.is_none_or(|found| found == value), "{header}");
        }
        was_queued
    });
}
