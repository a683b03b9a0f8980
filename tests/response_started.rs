//! Every set and delete is either in the response or answered with `ResponseStarted`.

mod support;

use std::convert::Infallible;
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Poll};
use std::thread;

use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame};
use support::{jar_of, now, poll, request, set_cookies};
use tokio::sync::oneshot;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};

fn response_started(name: &str) -> Result<(), CookieError> {
    Err(CookieError::ResponseStarted { name: name.into() })
}

/// Nothing can be queued any more, and reading goes on.
#[track_caller]
fn assert_closed(jar: &CookieJar) {
    for jar in [jar, &jar.clone()] {
        assert_eq!(jar.set(("late", "1")), response_started("late"));
        assert_eq!(jar.delete("late"), response_started("late"));
        assert_eq!(jar.delete("queued"), response_started("queued"));
        assert!(jar.queued().is_empty());
        assert_eq!(jar.get("a"), Some("1"));
        assert_eq!(jar.iter().collect::<Vec<_>>(), [("a", "1")]);
    }
}

/// What becomes of a call that has queued a cookie and then runs into `end`.
struct Call<F> {
    future: Pin<Box<F>>,
    jar: CookieJar,
}

fn call<E>(
    end: impl Future<Output = Result<(), E>>,
) -> Call<impl Future<Output = Result<Response<()>, E>>> {
    let kept = Arc::new(Mutex::new(None));
    let mut end = Some(end);
    let future = CookieLayer::new()
        .layer(service_fn(|request: Request<()>| {
            let jar = jar_of(&request);
            jar.set(("queued", "1")).unwrap();
            *kept.lock().unwrap() = Some(jar);
            let end = end.take().expect("one call");
            async move { end.await.map(Response::new) }
        }))
        .call(request("a=1"));
    let jar = kept.lock().unwrap().take().expect("the service was called");
    assert_eq!(jar.queued().len(), 1);
    Call {
        future: Box::pin(future),
        jar,
    }
}

#[test]
fn after_an_answer_operations_are_refused() {
    let mut call = call(ready(Ok::<_, Infallible>(())));

    let response = now(call.future.as_mut()).unwrap();
    assert_closed(&call.jar);
    drop(call.future);
    assert_closed(&call.jar);
    assert_eq!(set_cookies(response.headers()), ["queued=1; Path=/"]);
}

#[test]
fn after_an_error_operations_are_refused() {
    let mut call = call(ready(Err("broken")));

    assert_eq!(now(call.future.as_mut()).unwrap_err(), "broken");
    assert_closed(&call.jar);
    drop(call.future);
    assert_closed(&call.jar);
}

#[test]
fn after_a_drop_operations_are_refused() {
    let never_polled = call(ready(Ok::<_, Infallible>(())));
    drop(never_polled.future);
    assert_closed(&never_polled.jar);

    let mut unfinished = call(pending::<Result<(), Infallible>>());
    assert!(poll(unfinished.future.as_mut()).is_pending());
    drop(unfinished.future);
    assert_closed(&unfinished.jar);
}

#[test]
fn after_the_drop_of_what_panicked_operations_are_refused() {
    let end = poll_fn(|_| -> Poll<Result<(), Infallible>> { panic!("on purpose") });
    let mut call = call(end);

    let poll = AssertUnwindSafe(|| drop(poll(call.future.as_mut())));
    assert!(catch_unwind(poll).is_err());
    drop(call.future);
    assert_closed(&call.jar);
}

#[tokio::test]
async fn a_spawned_task_is_told_that_the_response_has_left() {
    let (left, has_left) = oneshot::channel();
    let tasks = Mutex::new(Some(has_left));
    let spawned = Mutex::new(None);
    let service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
        let jar = jar_of(&request);
        let has_left = tasks.lock().unwrap().take().expect("one call");
        let (queued, has_queued) = oneshot::channel();
        *spawned.lock().unwrap() = Some(tokio::spawn(async move {
            let in_time = jar.set(("in_time", "1"));
            queued.send(()).unwrap();
            has_left.await.unwrap();
            (in_time, jar.set(("late", "1")), jar.delete("late"))
        }));
        async move {
            has_queued.await.unwrap();
            Ok::<_, Infallible>(Response::new(()))
        }
    }));

    let response = service.oneshot(Request::new(())).await.unwrap();
    left.send(()).unwrap();
    let task = spawned.lock().unwrap().take().expect("it was spawned");
    let refused = response_started("late");
    assert_eq!(task.await.unwrap(), (Ok(()), refused.clone(), refused));
    assert_eq!(set_cookies(response.headers()), ["in_time=1; Path=/"]);
}

/// A body that queues a cookie whenever a frame of it is read, and tells what came of that.
struct Streaming {
    jar: CookieJar,
    frames: u32,
}

impl Body for Streaming {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.frames == 0 {
            return Poll::Ready(None);
        }
        self.frames -= 1;
        let text = match self.jar.set(("frame", "1")) {
            Ok(()) => "queued ",
            Err(CookieError::ResponseStarted { .. }) => "refused ",
            Err(_) => "another error ",
        };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(text.as_bytes())))))
    }
}

#[tokio::test]
async fn a_streaming_body_is_told_that_the_response_has_left() {
    let service = CookieLayer::new().layer(service_fn(|request: Request<()>| async move {
        let jar = jar_of(&request);
        jar.set(("head", "1")).unwrap();
        let mut body = Streaming { jar, frames: 3 };
        // Read by the handler itself, it is in time.
        let first = body.frame().await.unwrap().unwrap();
        assert_eq!(first.into_data().unwrap(), "queued ");
        Ok::<_, Infallible>(Response::new(body))
    }));

    let response = service.oneshot(Request::new(())).await.unwrap();
    let (head, body) = response.into_parts();
    assert_eq!(
        set_cookies(&head.headers),
        ["head=1; Path=/", "frame=1; Path=/"]
    );
    let body = body.collect().await.unwrap().to_bytes();
    assert_eq!(body, "refused refused ");
}

/// Each thread goes on until it is refused, so that the response always comes in between.
#[test]
fn what_threads_race_to_queue_is_in_the_response_or_refused() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 50;

    for _ in 0..ROUNDS {
        let start = Barrier::new(THREADS + 1);
        let has_left = AtomicBool::new(false);
        let mut call = call(ready(Ok::<_, Infallible>(())));
        let mut queued = vec!["queued=1; Path=/".to_owned()];
        let response = thread::scope(|scope| {
            let (start, has_left) = (&start, &has_left);
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let jar = call.jar.clone();
                    scope.spawn(move || {
                        start.wait();
                        queue_until_refused(&jar, thread, has_left)
                    })
                })
                .collect();
            start.wait();
            let response = now(call.future.as_mut()).unwrap();
            has_left.store(true, Ordering::SeqCst);
            for thread in threads {
                queued.extend(thread.join().expect("it was refused"));
            }
            response
        });

        let mut sent = set_cookies(response.headers());
        sent.sort_unstable();
        queued.sort_unstable();
        assert_eq!(sent, queued);
        assert_closed(&call.jar);
    }
}

/// The fields of the operations that were answered with `Ok`.
fn queue_until_refused(jar: &CookieJar, thread: usize, has_left: &AtomicBool) -> Vec<String> {
    let mut fields = Vec::new();
    loop {
        let is_late = has_left.load(Ordering::SeqCst);
        let name = format!("{thread}-{}", fields.len());
        let (answer, field) = if fields.len() % 2 == 0 {
            (jar.set((&*name, "1")), format!("{name}=1; Path=/"))
        } else {
            let gone = r#"""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"#;
            (jar.delete(&*name), format!("{name}={gone}"))
        };
        if answer.is_err() {
            assert_eq!(answer, response_started(&name));
            return fields;
        }
        assert!(!is_late, "{name} was queued after the response had left");
        fields.push(field);
    }
}

/// The jar and the fields of a request for `a=2` that comes with `jar` in its extensions.
fn answer_with(jar: CookieJar) -> (CookieJar, HeaderMap) {
    let kept = Mutex::new(None);
    let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
        let jar = jar_of(&request);
        let answer = jar.set(("fresh", "1")).map(Response::new);
        *kept.lock().unwrap() = Some(jar);
        ready(answer)
    }));
    let mut request = request("a=2");
    request.extensions_mut().insert(jar);
    let response = now(service.call(request)).unwrap();
    let jar = kept.lock().unwrap().take().expect("the service was called");
    (jar, response.into_parts().0.headers)
}

#[test]
fn a_closed_jar_in_the_extensions_is_replaced() {
    let mut call = call(ready(Ok::<_, Infallible>(())));
    now(call.future.as_mut()).unwrap();

    let (fresh, headers) = answer_with(call.jar.clone());
    assert_eq!(fresh.get("a"), Some("2"));
    assert_eq!(set_cookies(&headers), ["fresh=1; Path=/"]);
    assert_closed(&call.jar);
}

#[test]
fn a_jar_without_a_layer_in_the_extensions_is_replaced() {
    let mut headers = HeaderMap::new();
    headers.insert("cookie", HeaderValue::from_static("a=1"));
    let detached = CookieJar::from_headers(&headers);

    let (fresh, headers) = answer_with(detached.clone());
    assert_eq!(fresh.get("a"), Some("2"));
    assert_eq!(set_cookies(&headers), ["fresh=1; Path=/"]);
    assert_eq!(detached.get("a"), Some("1"));
    let name = "late".to_owned();
    assert_eq!(
        detached.set(("late", "1")),
        Err(CookieError::NoResponse { name })
    );
}

struct SetOnDrop(CookieJar, Arc<Mutex<Vec<Result<(), CookieError>>>>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.1.lock().unwrap().push(self.0.set(("dropped", "1")));
    }
}

#[test]
fn a_destructor_in_a_dropped_answer_is_refused() {
    let answers = Arc::default();
    let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
        let guard = SetOnDrop(jar_of(&request), Arc::clone(&answers));
        async move {
            pending::<()>().await;
            drop(guard);
            Ok::<_, Infallible>(Response::new(()))
        }
    }));

    let mut unfinished = Box::pin(service.call(Request::new(())));
    assert!(poll(unfinished.as_mut()).is_pending());
    drop(unfinished);
    assert_eq!(*answers.lock().unwrap(), [response_started("dropped")]);
}
