//! `set` and `delete` fail with `ResponseStarted` after the response future has returned a response
//! or an error, has panicked, or was dropped. If there is a response, it carries all earlier
//! operations.

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
use support::{
    assert_closed, assert_matches, assert_response_started, deletion, jar_of, poll, ready_output,
    request, set_cookies,
};
use tokio::sync::oneshot;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};

/// Asserts that the jar of [`call`] is closed, and that it still reads the request's cookies.
#[track_caller]
fn assert_closed_and_readable(jar: &CookieJar) {
    assert_closed(jar);
    for jar in [jar, &jar.clone()] {
        assert_response_started(jar.delete("queued"), "queued");
        assert_eq!(jar.get("a"), Some("1"));
        assert_eq!(jar.iter().collect::<Vec<_>>(), [("a", "1")]);
    }
}

/// A call whose handler has queued the cookie `queued`.
struct Call<F> {
    future: Pin<Box<F>>,
    jar: CookieJar,
}

/// Calls a service that queues the cookie `queued`, and then awaits `outcome`.
fn call<E>(
    outcome: impl Future<Output = Result<(), E>>,
) -> Call<impl Future<Output = Result<Response<()>, E>>> {
    let kept = Arc::new(Mutex::new(None));
    let mut outcome = Some(outcome);
    let future = CookieLayer::new()
        .layer(service_fn(|request: Request<()>| {
            let jar = jar_of(&request);
            jar.set(("queued", "1")).unwrap();
            *kept.lock().unwrap() = Some(jar);
            let outcome = outcome.take().expect("the service is called once");
            async move { outcome.await.map(Response::new) }
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
fn operations_after_response_are_response_started() {
    let mut call = call(ready(Ok::<_, Infallible>(())));

    let response = ready_output(call.future.as_mut()).unwrap();
    assert_closed_and_readable(&call.jar);
    drop(call.future);
    assert_closed_and_readable(&call.jar);
    assert_eq!(set_cookies(response.headers()), ["queued=1; Path=/"]);
}

#[test]
fn operations_after_inner_error_are_response_started() {
    let mut call = call(ready(Err("broken")));

    assert_eq!(ready_output(call.future.as_mut()).unwrap_err(), "broken");
    assert_closed_and_readable(&call.jar);
    drop(call.future);
    assert_closed_and_readable(&call.jar);
}

#[test]
fn operations_after_drop_of_response_future_are_response_started() {
    let never_polled = call(ready(Ok::<_, Infallible>(())));
    drop(never_polled.future);
    assert_closed_and_readable(&never_polled.jar);

    let mut unfinished = call(pending::<Result<(), Infallible>>());
    assert!(poll(unfinished.future.as_mut()).is_pending());
    drop(unfinished.future);
    assert_closed_and_readable(&unfinished.jar);
}

#[test]
fn operations_after_panic_of_inner_future_are_response_started() {
    let outcome = poll_fn(|_| -> Poll<Result<(), Infallible>> { panic!("on purpose") });
    let mut call = call(outcome);

    let poll = AssertUnwindSafe(|| drop(poll(call.future.as_mut())));
    let panic = catch_unwind(poll).expect_err("the inner future panics");
    assert_eq!(panic.downcast_ref(), Some(&"on purpose"));
    drop(call.future);
    assert_closed_and_readable(&call.jar);
}

#[tokio::test]
async fn operations_in_spawned_task_after_response_are_response_started() {
    let (send_response_sent, response_sent) = oneshot::channel();
    let response_sent = Mutex::new(Some(response_sent));
    let spawned = Mutex::new(None);
    let service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
        let jar = jar_of(&request);
        let mut response_sent = response_sent.lock().unwrap();
        let response_sent = response_sent.take().expect("the service is called once");
        let (send_queued, queued) = oneshot::channel();
        *spawned.lock().unwrap() = Some(tokio::spawn(async move {
            let in_time = jar.set(("in_time", "1"));
            send_queued.send(()).unwrap();
            response_sent.await.unwrap();
            (in_time, jar.set(("late", "1")), jar.delete("late"))
        }));
        async move {
            queued.await.unwrap();
            Ok::<_, Infallible>(Response::new(()))
        }
    }));

    let response = service.oneshot(Request::new(())).await.unwrap();
    send_response_sent.send(()).unwrap();
    let task = spawned
        .lock()
        .unwrap()
        .take()
        .expect("the task was spawned");
    let (in_time, late_set, late_delete) = task.await.unwrap();
    assert_eq!(in_time, Ok(()));
    assert_response_started(late_set, "late");
    assert_response_started(late_delete, "late");
    assert_eq!(set_cookies(response.headers()), ["in_time=1; Path=/"]);
}

/// A body that sets a cookie for each of its frames. Each frame contains the result of its `set`.
struct StreamingBody {
    jar: CookieJar,
    frames: u32,
}

impl Body for StreamingBody {
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
            Ok(()) => "Ok ",
            Err(CookieError::ResponseStarted { .. }) => "ResponseStarted ",
            Err(_) => "another error ",
        };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(text.as_bytes())))))
    }
}

#[tokio::test]
async fn set_in_streaming_body_after_response_is_response_started() {
    let service = CookieLayer::new().layer(service_fn(|request: Request<()>| async move {
        let jar = jar_of(&request);
        jar.set(("handler", "1")).unwrap();
        let mut body = StreamingBody { jar, frames: 3 };
        // The handler reads the first frame before it returns the response.
        let first = body.frame().await.unwrap().unwrap();
        assert_eq!(first.into_data().unwrap(), "Ok ");
        Ok::<_, Infallible>(Response::new(body))
    }));

    let response = service.oneshot(Request::new(())).await.unwrap();
    let (parts, body) = response.into_parts();
    assert_eq!(
        set_cookies(&parts.headers),
        ["handler=1; Path=/", "frame=1; Path=/"]
    );
    let body = body.collect().await.unwrap().to_bytes();
    assert_eq!(body, "ResponseStarted ResponseStarted ");
}

/// Each thread queues operations until one of them fails, so the queue is closed while threads use
/// it.
#[test]
fn operations_of_racing_threads_are_sent_or_response_started() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 50;

    for _ in 0..ROUNDS {
        let start = Barrier::new(THREADS + 1);
        let is_response_sent = AtomicBool::new(false);
        let mut call = call(ready(Ok::<_, Infallible>(())));
        let mut queued = vec!["queued=1; Path=/".to_owned()];
        let response = thread::scope(|scope| {
            let (start, is_response_sent) = (&start, &is_response_sent);
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let jar = call.jar.clone();
                    scope.spawn(move || {
                        start.wait();
                        queue_until_closed(&jar, thread, is_response_sent)
                    })
                })
                .collect();
            start.wait();
            let response = ready_output(call.future.as_mut()).unwrap();
            is_response_sent.store(true, Ordering::SeqCst);
            for thread in threads {
                queued.extend(thread.join().expect("the thread does not panic"));
            }
            response
        });

        let mut sent = set_cookies(response.headers());
        sent.sort_unstable();
        queued.sort_unstable();
        assert_eq!(sent, queued);
        assert_closed_and_readable(&call.jar);
    }
}

/// Sets and deletes cookies until an operation fails. Returns the expected `Set-Cookie` headers of
/// the successful operations.
fn queue_until_closed(
    jar: &CookieJar,
    thread: usize,
    is_response_sent: &AtomicBool,
) -> Vec<String> {
    let mut headers = Vec::new();
    loop {
        let is_late = is_response_sent.load(Ordering::SeqCst);
        let name = format!("{thread}-{}", headers.len());
        let (result, header) = if headers.len() % 2 == 0 {
            (jar.set((&*name, "1")), format!("{name}=1; Path=/"))
        } else {
            (jar.delete(&*name), deletion(&name, "/"))
        };
        if result.is_err() {
            assert_response_started(result, &name);
            return headers;
        }
        assert!(!is_late, "{name} was queued after the response was sent");
        headers.push(header);
    }
}

/// Sends a request with the cookie `a=2` and with `jar` in its extensions. Returns the jar that the
/// service received, and the response headers.
fn call_with_jar_in_extensions(jar: CookieJar) -> (CookieJar, HeaderMap) {
    let kept = Mutex::new(None);
    let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
        let jar = jar_of(&request);
        let result = jar.set(("fresh", "1")).map(Response::new);
        *kept.lock().unwrap() = Some(jar);
        ready(result)
    }));
    let mut request = request("a=2");
    request.extensions_mut().insert(jar);
    let response = ready_output(service.call(request)).unwrap();
    let jar = kept.lock().unwrap().take().expect("the service was called");
    (jar, response.into_parts().0.headers)
}

#[test]
fn closed_jar_in_request_extensions_is_replaced() {
    let mut call = call(ready(Ok::<_, Infallible>(())));
    ready_output(call.future.as_mut()).unwrap();

    let (fresh, headers) = call_with_jar_in_extensions(call.jar.clone());
    assert_eq!(fresh.get("a"), Some("2"));
    assert_eq!(set_cookies(&headers), ["fresh=1; Path=/"]);
    assert_closed_and_readable(&call.jar);
}

#[test]
fn jar_from_headers_in_request_extensions_is_replaced() {
    let mut headers = HeaderMap::new();
    headers.insert("cookie", HeaderValue::from_static("a=1"));
    let detached = CookieJar::from_headers(&headers);

    let (fresh, headers) = call_with_jar_in_extensions(detached.clone());
    assert_eq!(fresh.get("a"), Some("2"));
    assert_eq!(set_cookies(&headers), ["fresh=1; Path=/"]);
    assert_eq!(detached.get("a"), Some("1"));
    assert_matches!(
        detached.set(("late", "1")),
        Err(CookieError::NoResponse { name, .. }) if name == "late"
    );
}

struct SetOnDrop(CookieJar, Arc<Mutex<Vec<Result<(), CookieError>>>>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.1.lock().unwrap().push(self.0.set(("dropped", "1")));
    }
}

#[test]
fn set_in_destructor_of_dropped_inner_future_is_response_started() {
    let results = Arc::default();
    let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
        let guard = SetOnDrop(jar_of(&request), Arc::clone(&results));
        async move {
            pending::<()>().await;
            drop(guard);
            Ok::<_, Infallible>(Response::new(()))
        }
    }));

    let mut unfinished = Box::pin(service.call(Request::new(())));
    assert!(poll(unfinished.as_mut()).is_pending());
    drop(unfinished);
    let results: Vec<_> = std::mem::take(&mut *results.lock().unwrap());
    let [result] = <[_; 1]>::try_from(results).expect("one result");
    assert_response_started(result, "dropped");
}
