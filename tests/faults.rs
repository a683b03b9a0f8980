//! After an error, a panic, a timeout or a cancelled call, the queued cookies are sent with a
//! response or discarded. In both cases, the jar is closed.

mod support;

use std::convert::Infallible;
use std::future::{Pending, Ready, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::error_handling::HandleErrorLayer;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use support::{assert_closed, assert_response_started, jar_of, set_cookies};
use tokio::sync::oneshot;
use tower::buffer::Buffer;
use tower::hedge::{Hedge, Policy};
use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_django_cookies::{CookieJar, CookieLayer};
use tower_http::catch_panic::CatchPanicLayer;

type Body = Full<Bytes>;
type HandlerResult<E> = Result<Response<Body>, E>;

const SECOND: Duration = Duration::from_secs(1);

/// The jars that the handler received, one for each call.
#[derive(Clone, Default)]
struct Jars(Arc<Mutex<Vec<CookieJar>>>);

impl Jars {
    /// Stores the jar of `request`, and queues a cookie whose name contains the number of the call.
    /// Returns that number.
    fn queue(&self, request: &Request<Body>) -> usize {
        let mut jars = self.0.lock().unwrap();
        let jar = jar_of(request);
        let number = jars.len() + 1;
        jar.set((format!("call{number}"), "1")).unwrap();
        jars.push(jar);
        number
    }

    #[track_caller]
    fn assert_closed(&self, calls: usize) {
        let jars = self.0.lock().unwrap();
        assert_eq!(jars.len(), calls);
        jars.iter().for_each(assert_closed);
    }
}

fn request() -> Request<Body> {
    Request::default()
}

fn panic_when_polled() -> impl Future<Output = HandlerResult<Infallible>> {
    poll_fn(|_| panic!("on purpose"))
}

fn panic_when_called() -> Ready<HandlerResult<Infallible>> {
    panic!("on purpose")
}

/// Returns a handler that queues a cookie and never returns a response.
fn never_respond(
    jars: Jars,
) -> impl Fn(Request<Body>) -> Pending<HandlerResult<Infallible>> + Clone {
    move |request| {
        jars.queue(&request);
        pending()
    }
}

/// Turns an error into a 503 response.
fn handle_error(result: HandlerResult<BoxError>) -> HandlerResult<BoxError> {
    result.or_else(|_| {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        Ok(response)
    })
}

#[tokio::test]
async fn panic_caught_outside_layer_sends_no_cookies_and_closes_jar() {
    let jars = Jars::default();
    let catching = || {
        ServiceBuilder::new()
            .layer(CatchPanicLayer::new())
            .layer(CookieLayer::new())
    };
    let polled = catching().service_fn(|request| {
        jars.queue(&request);
        panic_when_polled()
    });
    let called = catching().service_fn(|request| {
        jars.queue(&request);
        panic_when_called()
    });

    let Ok(polled) = polled.oneshot(request()).await;
    let Ok(called) = called.oneshot(request()).await;
    for headers in [polled.headers(), called.headers()] {
        assert!(set_cookies(headers).is_empty());
    }
    assert_eq!(polled.status(), StatusCode::INTERNAL_SERVER_ERROR);
    jars.assert_closed(2);
}

#[tokio::test]
async fn panic_caught_inside_layer_sends_queued_cookies() {
    let jars = Jars::default();
    let catching = || {
        ServiceBuilder::new()
            .layer(CookieLayer::new())
            .layer(CatchPanicLayer::new())
    };
    let polled = catching().service_fn(|request| {
        jars.queue(&request);
        panic_when_polled()
    });
    let called = catching().service_fn(|request| {
        jars.queue(&request);
        panic_when_called()
    });

    let Ok(polled) = polled.oneshot(request()).await;
    let Ok(called) = called.oneshot(request()).await;
    assert_eq!(polled.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(set_cookies(polled.headers()), ["call1=1; Path=/"]);
    assert_eq!(set_cookies(called.headers()), ["call2=1; Path=/"]);
    jars.assert_closed(2);
}

#[tokio::test]
async fn panic_in_task_with_jar_loses_no_cookies() {
    let service = CookieLayer::new().layer(service_fn(|request: Request<Body>| async move {
        let jar = jar_of(&request);
        let task_jar = jar.clone();
        let task = tokio::spawn(async move {
            task_jar.set(("task", "1")).unwrap();
            panic!("on purpose");
        });
        assert!(task.await.unwrap_err().is_panic());
        jar.set(("handler", "1")).unwrap();
        Ok::<_, Infallible>(Response::new(()))
    }));

    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(
        set_cookies(response.headers()),
        ["task=1; Path=/", "handler=1; Path=/"]
    );
}

#[tokio::test]
async fn error_handled_outside_layer_sends_no_cookies_and_closes_jar() {
    let jars = Jars::default();
    let service = ServiceBuilder::new()
        .map_result(handle_error)
        .layer(CookieLayer::new())
        .service_fn(|request| {
            jars.queue(&request);
            ready(Err("broken".into()))
        });

    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(set_cookies(response.headers()).is_empty());
    jars.assert_closed(1);
}

#[tokio::test]
async fn error_handled_inside_layer_sends_queued_cookies() {
    let jars = Jars::default();
    let service = ServiceBuilder::new()
        .layer(CookieLayer::new())
        .map_result(handle_error)
        .service_fn(|request| {
            jars.queue(&request);
            ready(Err("broken".into()))
        });

    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(set_cookies(response.headers()), ["call1=1; Path=/"]);
    jars.assert_closed(1);
}

#[tokio::test]
async fn aborted_task_closes_jar() {
    let jars = Jars::default();
    let (send_called, called) = oneshot::channel();
    let mut send_called = Some(send_called);
    let mut service = CookieLayer::new().layer(service_fn({
        let jars = jars.clone();
        move |request| {
            jars.queue(&request);
            let send_called = send_called.take().expect("the service is called once");
            send_called.send(()).unwrap();
            pending::<HandlerResult<Infallible>>()
        }
    }));

    let task = tokio::spawn(async move { service.call(request()).await });
    called.await.unwrap();
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    jars.assert_closed(1);
}

#[tokio::test(start_paused = true)]
async fn timeout_outside_layer_closes_jar() {
    let jars = Jars::default();
    let service = ServiceBuilder::new()
        .timeout(SECOND)
        .layer(CookieLayer::new())
        .service_fn(never_respond(jars.clone()));

    let error = service.oneshot(request()).await.unwrap_err();
    assert!(error.is::<Elapsed>());
    jars.assert_closed(1);
}

#[tokio::test(start_paused = true)]
async fn timeout_inside_layer_closes_jar() {
    let jars = Jars::default();
    let service = ServiceBuilder::new()
        .layer(CookieLayer::new())
        .timeout(SECOND)
        .service_fn(never_respond(jars.clone()));

    let error = service.oneshot(request()).await.unwrap_err();
    assert!(error.is::<Elapsed>());
    jars.assert_closed(1);
}

#[tokio::test(start_paused = true)]
async fn timeout_handled_inside_layer_sends_queued_cookies() {
    let jars = Jars::default();
    let service = ServiceBuilder::new()
        .layer(CookieLayer::new())
        .map_result(handle_error)
        .timeout(SECOND)
        .service_fn(never_respond(jars.clone()));

    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(set_cookies(response.headers()), ["call1=1; Path=/"]);
    jars.assert_closed(1);
}

/// An error handler for axum's `HandleErrorLayer`.
async fn handle_timeout(error: BoxError) -> StatusCode {
    assert!(error.is::<Elapsed>());
    StatusCode::SERVICE_UNAVAILABLE
}

#[tokio::test(start_paused = true)]
async fn axum_handle_error_inside_layer_sends_queued_cookies() {
    let jars = Jars::default();
    let service = ServiceBuilder::new()
        .layer(CookieLayer::new())
        .layer(HandleErrorLayer::new(handle_timeout))
        .timeout(SECOND)
        .service_fn(never_respond(jars.clone()));

    let Ok(response) = service.oneshot(request()).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(set_cookies(response.headers()), ["call1=1; Path=/"]);
    jars.assert_closed(1);
}

#[tokio::test(start_paused = true)]
async fn axum_handle_error_outside_layer_sends_no_cookies_and_closes_jar() {
    let jars = Jars::default();
    let service = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(handle_timeout))
        .layer(CookieLayer::new())
        .timeout(SECOND)
        .service_fn(never_respond(jars.clone()));

    let Ok(response) = service.oneshot(request()).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(set_cookies(response.headers()).is_empty());
    jars.assert_closed(1);
}

#[derive(Clone)]
struct AlwaysRetry;

impl<B: Clone> Policy<Request<B>> for AlwaysRetry {
    fn clone_request(&self, request: &Request<B>) -> Option<Request<B>> {
        Some(request.clone())
    }

    fn can_retry(&self, _: &Request<B>) -> bool {
        true
    }
}

/// Wraps `service` so that it is called a second time if the first call takes longer than a second.
fn hedge<S>(service: S) -> Hedge<S, AlwaysRetry>
where
    S: Service<Request<Body>, Error: Into<BoxError>> + Clone,
{
    let latencies = [1000; 10];
    Hedge::new_with_mock_latencies(service, AlwaysRetry, 1, 0.9, 60 * SECOND, &latencies)
}

/// The first call never completes, the second returns a response.
async fn slow_then_fast(jars: Jars, request: Request<Body>) -> HandlerResult<Infallible> {
    if jars.queue(&request) == 1 {
        pending::<()>().await;
    }
    Ok(Response::default())
}

#[tokio::test(start_paused = true)]
async fn hedge_outside_layer_sends_cookies_of_successful_call_only() {
    let jars = Jars::default();
    let handler_jars = jars.clone();
    let handler = service_fn(move |request| slow_then_fast(handler_jars.clone(), request));
    let service = hedge(CookieLayer::new().layer(handler));

    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(set_cookies(response.headers()), ["call2=1; Path=/"]);
    jars.assert_closed(2);
}

#[tokio::test(start_paused = true)]
async fn hedge_inside_layer_shares_one_jar() {
    let jars = Jars::default();
    let handler_jars = jars.clone();
    let handler = service_fn(move |request| slow_then_fast(handler_jars.clone(), request));
    let service = CookieLayer::new().layer(hedge(handler));

    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(
        set_cookies(response.headers()),
        ["call1=1; Path=/", "call2=1; Path=/"]
    );
    jars.assert_closed(2);
}

#[tokio::test]
async fn buffer_outside_layer_sends_cookies() {
    let jars = Jars::default();
    let handler_jars = jars.clone();
    let handler = service_fn(move |request| {
        handler_jars.queue(&request);
        ready(HandlerResult::<Infallible>::Ok(Response::default()))
    });
    let service = Buffer::new(CookieLayer::new().layer(handler), 1);

    for number in 1..=2 {
        let response = service.clone().oneshot(request()).await.unwrap();
        let sent = set_cookies(response.headers());
        assert_eq!(sent, [format!("call{number}=1; Path=/")]);
    }
    jars.assert_closed(2);
}

#[tokio::test]
async fn buffer_inside_layer_sends_cookies() {
    let jars = Jars::default();
    let handler_jars = jars.clone();
    let handler = service_fn(move |request| {
        handler_jars.queue(&request);
        ready(HandlerResult::<Infallible>::Ok(Response::default()))
    });
    let service = CookieLayer::new().layer(Buffer::new(handler, 1));

    for number in 1..=2 {
        let response = service.clone().oneshot(request()).await.unwrap();
        let sent = set_cookies(response.headers());
        assert_eq!(sent, [format!("call{number}=1; Path=/")]);
    }
    jars.assert_closed(2);
}

#[tokio::test]
async fn buffered_call_after_dropped_response_future_has_closed_jar() {
    let (send_result, mut results) = tokio::sync::mpsc::unbounded_channel();
    let handler = service_fn(move |request: Request<Body>| {
        let result = jar_of(&request).set(("late", "1"));
        send_result.send(result).unwrap();
        ready(HandlerResult::<Infallible>::Ok(Response::default()))
    });
    // The buffer skips a call if nothing waits for its response. So a spawned task waits for it,
    // also after the layer's response future is dropped.
    let (buffer, worker) = Buffer::pair(handler, 1);
    let calls = Arc::new(Mutex::new(Vec::new()));
    let service_calls = Arc::clone(&calls);
    let mut buffered = Some(buffer);
    let mut service = CookieLayer::new().layer(service_fn(move |request| {
        let buffer = buffered.take().expect("the service is called once");
        service_calls
            .lock()
            .unwrap()
            .push(tokio::spawn(buffer.oneshot(request)));
        pending::<HandlerResult<Infallible>>()
    }));

    drop(service.call(request()));
    tokio::spawn(worker);
    let result = results.recv().await.expect("the handler was called");
    assert_response_started(result, "late");
    let call = calls.lock().unwrap().pop().expect("the service was called");
    let response = call.await.unwrap().unwrap();
    assert!(set_cookies(response.headers()).is_empty());
}

#[tokio::test]
async fn load_shed_outside_layer_creates_no_jar_for_shed_call() {
    let jars = Jars::default();
    let mut service = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(1)
        .layer(CookieLayer::new())
        .service_fn(never_respond(jars.clone()));

    let first = service.ready().await.unwrap().call(request());
    let shed = service.ready().await.unwrap().call(request());
    assert!(shed.await.unwrap_err().is::<Overloaded>());
    assert_eq!(jars.0.lock().unwrap()[0].queued().len(), 1);
    drop(first);
    jars.assert_closed(1);
}

#[tokio::test]
async fn load_shed_inside_layer_closes_only_jar_of_shed_call() {
    let jars = Jars::default();
    let mut service = ServiceBuilder::new()
        .layer(CookieLayer::new())
        .map_request(|request| {
            jars.queue(&request);
            request
        })
        .load_shed()
        .concurrency_limit(1)
        .service_fn(|_: Request<Body>| pending::<HandlerResult<Infallible>>());

    let first = service.ready().await.unwrap().call(request());
    let shed = service.ready().await.unwrap().call(request());
    assert!(shed.await.unwrap_err().is::<Overloaded>());
    let queued = |call: usize| jars.0.lock().unwrap()[call].queued().len();
    assert_eq!((queued(0), queued(1)), (1, 0));
    drop(first);
    jars.assert_closed(2);
}

#[test]
fn panic_in_drop_of_response_future_closes_jar() {
    struct PanicOnDrop;

    impl Drop for PanicOnDrop {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }

    let jars = Jars::default();
    let mut service = CookieLayer::new().layer(service_fn(|request| {
        jars.queue(&request);
        let guard = PanicOnDrop;
        async move {
            let _guard = guard;
            pending::<HandlerResult<Infallible>>().await
        }
    }));
    let future = service.call(request());
    let result = catch_unwind(AssertUnwindSafe(|| drop(future)));
    let panic = result.expect_err("the inner future panics when it is dropped");
    assert_eq!(panic.downcast_ref(), Some(&"on purpose"));
    jars.assert_closed(1);
}
