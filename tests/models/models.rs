//! In whatever order threads do it, each set and delete is in the response or was refused.
//!
//! Loom goes through all orders of what meets at the jar's lock:
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

use http::{HeaderMap, Request, Response};
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread::{self, JoinHandle};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};
use tower_layer::Layer;
use tower_service::Service;

/// Runs `model` in every order of its threads, and prints how many there were.
///
/// It tells how its threads fared. All of `fares` must have come about, or the orders weren't all.
fn explore<F: fmt::Debug + Ord + Send + 'static>(
    name: &str,
    fares: impl IntoIterator<Item = F>,
    model: impl Fn() -> F + Send + Sync + 'static,
) {
    let orders = Arc::new(AtomicUsize::new(0));
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let (counter, fares_seen) = (Arc::clone(&orders), Arc::clone(&seen));
    loom::model(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        let fare = model();
        fares_seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(fare);
    });
    println!("{name}: {} orders", orders.load(Ordering::Relaxed));
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(*seen, fares.into_iter().collect());
}

/// A service that hands out its jar and answers with a future of the test's.
struct Inner<F> {
    jars: mpsc::Sender<CookieJar>,
    answer: Option<F>,
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
            .send(jar.expect("the layer's jar").clone())
            .unwrap();
        self.answer.take().expect("one call")
    }
}

type Answer<E> = Pin<Box<dyn Future<Output = Result<Response<()>, E>>>>;

/// The jar of a call through `layers`, the outermost first, and the answer that is to be polled.
fn call<E: 'static>(
    layers: &[CookieLayer],
    request: Request<()>,
    answer: impl Future<Output = Result<Response<()>, E>> + 'static,
) -> (CookieJar, Answer<E>) {
    let (jars, jar) = mpsc::channel();
    let inner = Inner {
        jars,
        answer: Some(answer),
    };
    let answer: Answer<E> = match layers {
        [layer] => Box::pin(layer.layer(inner).call(request)),
        [outer, layer] => Box::pin(outer.layer(layer.layer(inner)).call(request)),
        _ => unreachable!("one layer or two"),
    };
    (jar.recv().expect("the service was called"), answer)
}

fn one_layer() -> (CookieJar, Answer<Infallible>) {
    call(&[CookieLayer::new()], Request::new(()), ok())
}

fn ok() -> Ready<Result<Response<()>, Infallible>> {
    ready(Ok(Response::new(())))
}

fn poll<E>(answer: &mut Answer<E>) -> Poll<Result<Response<()>, E>> {
    answer
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}

/// The `Set-Cookie` fields of an answer that is ready, by what stands before their first `;`.
fn sent(answer: &mut Answer<Infallible>) -> Vec<String> {
    let Poll::Ready(Ok(response)) = poll(answer) else {
        panic!("it is pending");
    };
    fields(response.headers())
}

fn fields(headers: &HeaderMap) -> Vec<String> {
    let fields = headers.get_all("set-cookie").iter();
    fields
        .map(|field| field.to_str().expect("ASCII"))
        .map(|field| field.split(';').next().unwrap_or_default().to_owned())
        .collect()
}

/// Whether an operation was accepted; else it was told that the response had started.
#[track_caller]
fn accepted(answer: Result<(), CookieError>) -> bool {
    match answer {
        Ok(()) => true,
        Err(CookieError::ResponseStarted { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Sets and deletes in a thread of its own; comes to the fields of what was accepted.
fn operate(jar: &CookieJar, set: &'static str, delete: &'static str) -> JoinHandle<Vec<String>> {
    let jar = jar.clone();
    thread::spawn(move || {
        let mut fields = Vec::new();
        if accepted(jar.set((set, "1"))) {
            fields.push(format!("{set}=1"));
        }
        if accepted(jar.delete(delete)) {
            fields.push(format!(r#"{delete}="""#));
        }
        fields
    })
}

#[track_caller]
fn assert_closed(jar: &CookieJar) {
    assert!(!accepted(jar.set(("late", "1"))));
    assert!(!accepted(jar.delete("late")));
    assert!(jar.queued().is_empty());
}

#[test]
fn what_a_thread_sets_and_deletes_is_in_the_response_or_refused() {
    explore("set and delete against the response", 0..=2, || {
        let (jar, mut answer) = one_layer();
        let thread = operate(&jar, "a", "b");

        let sent = sent(&mut answer);
        let queued = thread.join().unwrap();
        assert_eq!(sent, queued);
        drop(answer);
        assert_closed(&jar);
        queued.len()
    });
}

#[test]
fn what_clones_of_a_jar_queue_in_several_threads_is_in_the_response_or_refused() {
    explore("two threads against the response", 0..=4, || {
        let (jar, mut answer) = one_layer();
        let threads = [operate(&jar, "a", "b"), operate(&jar, "c", "d")];

        let mut sent = sent(&mut answer);
        let mut queued = threads.map(|thread| thread.join().unwrap()).concat();
        sent.sort_unstable();
        queued.sort_unstable();
        assert_eq!(sent, queued);
        assert_closed(&jar);
        queued.len()
    });
}

#[test]
fn of_what_threads_do_with_one_cookie_the_last_that_was_accepted_is_sent() {
    let fares = [(false, false), (false, true), (true, false), (true, true)];
    explore("set against delete against the response", fares, || {
        let (jar, mut answer) = one_layer();
        let setter = thread::spawn({
            let jar = jar.clone();
            move || accepted(jar.set(("a", "1")))
        });
        let deleter = thread::spawn({
            let jar = jar.clone();
            move || accepted(jar.delete("a"))
        });

        let sent = sent(&mut answer);
        let fare = (setter.join().unwrap(), deleter.join().unwrap());
        match fare {
            (false, false) => assert!(sent.is_empty()),
            (true, false) => assert_eq!(sent, ["a=1"]),
            (false, true) => assert_eq!(sent, [r#"a="""#]),
            (true, true) => assert!(sent == ["a=1"] || sent == [r#"a="""#], "{sent:?}"),
        }
        fare
    });
}

#[test]
fn a_set_and_the_ends_of_its_retired_scopes_are_sent_together_or_refused_together() {
    explore(
        "a retired scope against the response",
        [false, true],
        || {
            let layer = CookieLayer::new()
                .declare(Cookie::build("a").path("/app"))
                .and_then(|layer| layer.retire("a"))
                .expect("as any cookie");
            let (jar, mut answer) = call(&[layer], Request::new(()), ok());
            let setter = thread::spawn(move || accepted(jar.set(("a", "1"))));

            let sent = sent(&mut answer);
            let was_accepted = setter.join().unwrap();
            let expected: &[&str] = if was_accepted {
                &[r#"a="""#, "a=1"]
            } else {
                &[]
            };
            assert_eq!(sent, expected);
            was_accepted
        },
    );
}

#[test]
fn what_a_thread_queues_before_the_handler_returns_is_in_the_response() {
    explore("a handler that waits for its thread", [2], || {
        let (tasks, task) = mpsc::channel::<JoinHandle<Vec<String>>>();
        let (jar, mut answer) = call(&[CookieLayer::new()], Request::new(()), async move {
            task.recv().expect("it was spawned").join().unwrap();
            ok().await
        });
        tasks.send(operate(&jar, "a", "b")).unwrap();

        let other = operate(&jar, "c", "d");
        let sent = sent(&mut answer);
        let others = other.join().unwrap();
        let mine: Vec<_> = sent
            .iter()
            .filter(|field| !others.contains(field))
            .collect();
        assert_eq!(mine, ["a=1", r#"b="""#]);
        mine.len()
    });
}

/// Operates in a thread while `end` ends the request without a response; once it has ended nothing
/// is accepted.
fn ends(end: fn(&mut Option<Answer<()>>), answer: fn() -> Answer<()>) -> usize {
    let (jar, answer) = call(&[CookieLayer::new()], Request::new(()), answer());
    let mut answer = Some(answer);
    let has_ended = Arc::new(AtomicBool::new(false));
    let thread = thread::spawn({
        let (jar, has_ended) = (jar.clone(), Arc::clone(&has_ended));
        move || {
            let operations: [fn(&CookieJar) -> _; 2] =
                [|jar| jar.set(("a", "1")), |jar| jar.delete("b")];
            operations.map(|operation| {
                let is_late = has_ended.load(Ordering::Acquire);
                let was_accepted = accepted(operation(&jar));
                assert!(!(is_late && was_accepted), "queued after the end");
                was_accepted
            })
        }
    });

    end(&mut answer);
    has_ended.store(true, Ordering::Release);
    let queued = thread.join().unwrap();
    assert_closed(&jar);
    assert!(queued[0] || !queued[1], "it was opened again");
    queued.iter().filter(|&&accepted| accepted).count()
}

#[test]
fn after_an_error_what_a_thread_sets_and_deletes_is_refused() {
    explore("set and delete against an error", 0..=2, || {
        ends(
            |answer| {
                let answer = answer.as_mut().expect("it was called");
                assert!(matches!(poll(answer), Poll::Ready(Err(()))));
            },
            || Box::pin(ready(Err(()))),
        )
    });
}

#[test]
fn after_a_drop_what_a_thread_sets_and_deletes_is_refused() {
    explore("set and delete against a drop", 0..=2, || {
        ends(|answer| *answer = None, || Box::pin(pending()))
    });
}

#[test]
fn after_a_drop_half_way_what_a_thread_sets_and_deletes_is_refused() {
    explore("set and delete against a drop half-way", 0..=2, || {
        ends(
            |answer| {
                assert!(poll(answer.as_mut().expect("it was called")).is_pending());
                *answer = None;
            },
            || Box::pin(pending()),
        )
    });
}

#[test]
fn what_the_jar_of_a_nested_layer_queues_is_in_the_outer_response_or_refused() {
    explore("a nested layer against the response", 0..=2, || {
        let layers = [CookieLayer::new(), CookieLayer::new()];
        let (jar, mut answer) = call(&layers, Request::new(()), ok());
        let thread = operate(&jar, "a", "b");

        let sent = sent(&mut answer);
        let queued = thread.join().unwrap();
        assert_eq!(sent, queued);
        assert_closed(&jar);
        queued.len()
    });
}

/// A spawned call with the outer request's extensions shares its queue, or has its own if that has
/// been closed. What it is to queue goes out with one response, and only with one, or is refused.
#[test]
fn what_a_layer_within_queues_while_the_outer_response_leaves_is_sent_once_or_refused() {
    let fares = [(1, 0), (0, 1), (0, 0)];
    explore("a late layer against the outer response", fares, || {
        let (outer, mut answer) = one_layer();
        let late = thread::spawn(move || {
            let mut request = Request::new(());
            request.extensions_mut().insert(outer);
            let (jar, mut answer) = call(&[CookieLayer::new()], request, ok());
            let was_accepted = accepted(jar.set(("a", "1")));
            (was_accepted, sent(&mut answer))
        });

        let outer = sent(&mut answer);
        let (was_accepted, late) = late.join().unwrap();
        assert_eq!(outer.len() + late.len(), usize::from(was_accepted));
        (outer.len(), late.len())
    });
}

#[test]
fn what_a_thread_has_queued_it_sees_until_the_response_leaves() {
    explore("queued against the response", 0..=2, || {
        let (jar, mut answer) = one_layer();
        let thread = thread::spawn(move || {
            let was_accepted = accepted(jar.set(("a", "1")));
            let queued = jar.queued().len();
            assert!(was_accepted || queued == 0);
            usize::from(was_accepted) + queued
        });

        let sent = sent(&mut answer);
        let fare = thread.join().unwrap();
        assert_eq!(sent.len(), fare.min(1));
        fare
    });
}

#[test]
fn what_a_thread_read_before_the_handler_returns_varies_the_response() {
    explore("reading before the response", [()], || {
        let (tasks, task) = mpsc::channel::<JoinHandle<()>>();
        let layer = CookieLayer::new().vary_on_cookie();
        let (jar, mut answer) = call(&[layer], Request::new(()), async move {
            task.recv().expect("it was spawned").join().unwrap();
            ok().await
        });
        let reader = thread::spawn(move || assert!(jar.is_empty()));
        tasks.send(reader).unwrap();

        let Poll::Ready(Ok(response)) = poll(&mut answer) else {
            panic!("it is pending");
        };
        assert_eq!(response.headers()["vary"], "Cookie");
    });
}
