//! Whatever becomes of a call, its cookies go out with a response or its jar is told that there is none.

mod support;

use std::convert::Infallible;
use std::future::{Pending, Ready, pending, poll_fn, ready};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::error_handling::HandleErrorLayer;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use support::{jar_of, set_cookies};
use tokio::sync::oneshot;
use tokio::time::sleep;
use tower::buffer::Buffer;
use tower::hedge::{Hedge, Policy};
use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};
use tower_http::catch_panic::CatchPanicLayer;

type Body = Full<Bytes>;
type Answer<E> = Result<Response<Body>, E>;

const SECOND: Duration = Duration::from_secs(1);

/// The jars that handlers had.
#[derive(Clone, Default)]
struct Jars(Arc<Mutex<Vec<CookieJar>>>);

impl Jars {
    /// Queues a cookie, named after the number of the call.
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
        for jar in &*jars {
            let refused = jar.set(("late", "1"));
            assert!(matches!(refused, Err(CookieError::ResponseStarted { .. })));
            assert!(jar.queued().is_empty());
        }
    }
}

fn request() -> Request<Body> {
    Request::default()
}

fn panic_when_polled() -> impl Future<Output = Answer<Infallible>> {
    poll_fn(|_| panic!("on purpose"))
}

fn panic_when_called() -> Ready<Answer<Infallible>> {
    panic!("on purpose")
}

/// A handler that queues a cookie and never answers.
fn hang(jars: Jars) -> impl Fn(Request<Body>) -> Pending<Answer<Infallible>> + Clone {
    move |request| {
        jars.queue(&request);
        pending()
    }
}

/// What a layer that answers for its inner service makes of an error.
fn to_response(answer: Answer<BoxError>) -> Answer<BoxError> {
    answer.or_else(|_| {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        Ok(response)
    })
}

#[tokio::test]
async fn a_panic_that_is_caught_outside_sends_no_cookies_and_ends_the_jar() {
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
async fn a_panic_that_is_caught_inside_sends_what_was_queued_until_then() {
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
async fn a_panic_in_a_task_that_has_the_jar_loses_nothing() {
    let service = CookieLayer::new().layer(service_fn(|request: Request<Body>| async move {
        let jar = jar_of(&request);
        let of_task = jar.clone();
        let task = tokio::spawn(async move {
            of_task.set(("task", "1")).unwrap();
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
async fn an_error_that_is_answered_outside_sends_no_cookies_and_ends_the_jar() {
    let jars = Jars::default();
    let service = ServiceBuilder::new()
        .map_result(to_response)
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
async fn an_error_that_is_answered_inside_sends_what_was_queued_until_then() {
    let jars = Jars::default();
    let service = ServiceBuilder::new()
        .layer(CookieLayer::new())
        .map_result(to_response)
        .service_fn(|request| {
            jars.queue(&request);
            ready(Err("broken".into()))
        });

    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(set_cookies(response.headers()), ["call1=1; Path=/"]);
    jars.assert_closed(1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_half_way_ends_the_jar() {
    let jars = Jars::default();
    let service = CookieLayer::new().layer(service_fn(|request| {
        jars.queue(&request);
        pending::<Answer<Infallible>>()
    }));

    tokio::select! {
        biased;
        _ = service.oneshot(request()) => unreachable!("it is pending"),
        () = sleep(SECOND) => {}
    }
    jars.assert_closed(1);
}

#[tokio::test]
async fn a_task_that_is_aborted_half_way_ends_the_jar() {
    let (jars, (called, is_called)) = (Jars::default(), oneshot::channel());
    let mut called = Some(called);
    let mut service = CookieLayer::new().layer(service_fn({
        let jars = jars.clone();
        move |request| {
            jars.queue(&request);
            called.take().expect("one call").send(()).unwrap();
            pending::<Answer<Infallible>>()
        }
    }));

    let task = tokio::spawn(async move { service.call(request()).await });
    is_called.await.unwrap();
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    jars.assert_closed(1);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_outside_sends_no_cookies_and_ends_the_jar() {
    let jars = Jars::default();
    let service = ServiceBuilder::new()
        .timeout(SECOND)
        .layer(CookieLayer::new())
        .service_fn(hang(jars.clone()));

    let error = service.oneshot(request()).await.unwrap_err();
    assert!(error.is::<Elapsed>());
    jars.assert_closed(1);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_inside_ends_the_jar_as_any_error_does() {
    let jars = Jars::default();
    let service = ServiceBuilder::new()
        .layer(CookieLayer::new())
        .timeout(SECOND)
        .service_fn(hang(jars.clone()));

    let error = service.oneshot(request()).await.unwrap_err();
    assert!(error.is::<Elapsed>());
    jars.assert_closed(1);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_is_answered_inside_sends_what_was_queued_until_then() {
    let jars = Jars::default();
    let service = ServiceBuilder::new()
        .layer(CookieLayer::new())
        .map_result(to_response)
        .timeout(SECOND)
        .service_fn(hang(jars.clone()));

    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(set_cookies(response.headers()), ["call1=1; Path=/"]);
    jars.assert_closed(1);
}

/// axum's own way to make responses of errors.
async fn handle(error: BoxError) -> StatusCode {
    assert!(error.is::<Elapsed>());
    StatusCode::SERVICE_UNAVAILABLE
}

#[tokio::test(start_paused = true)]
async fn an_error_that_axum_handles_inside_sends_what_was_queued_until_then() {
    let jars = Jars::default();
    let service = ServiceBuilder::new()
        .layer(CookieLayer::new())
        .layer(HandleErrorLayer::new(handle))
        .timeout(SECOND)
        .service_fn(hang(jars.clone()));

    let Ok(response) = service.oneshot(request()).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(set_cookies(response.headers()), ["call1=1; Path=/"]);
    jars.assert_closed(1);
}

#[tokio::test(start_paused = true)]
async fn an_error_that_axum_handles_outside_sends_no_cookies_and_ends_the_jar() {
    let jars = Jars::default();
    let service = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(handle))
        .layer(CookieLayer::new())
        .timeout(SECOND)
        .service_fn(hang(jars.clone()));

    let Ok(response) = service.oneshot(request()).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(set_cookies(response.headers()).is_empty());
    jars.assert_closed(1);
}

#[derive(Clone)]
struct Always;

impl<B: Clone> Policy<Request<B>> for Always {
    fn clone_request(&self, request: &Request<B>) -> Option<Request<B>> {
        Some(request.clone())
    }

    fn can_retry(&self, _: &Request<B>) -> bool {
        true
    }
}

/// Sends a second request where the first takes longer than a second.
fn hedge<S>(service: S) -> Hedge<S, Always>
where
    S: Service<Request<Body>, Error: Into<BoxError>> + Clone,
{
    let latencies = [1000; 10];
    Hedge::new_with_mock_latencies(service, Always, 1, 0.9, 60 * SECOND, &latencies)
}

/// The first call hangs, the second is answered.
async fn slow_then_fast(jars: Jars, request: Request<Body>) -> Answer<Infallible> {
    if jars.queue(&request) == 1 {
        pending::<()>().await;
    }
    Ok(Response::default())
}

#[tokio::test(start_paused = true)]
async fn with_a_hedge_outside_only_the_cookies_of_the_call_that_won_are_sent() {
    let jars = Jars::default();
    let of_handler = jars.clone();
    let handler = service_fn(move |request| slow_then_fast(of_handler.clone(), request));
    let service = hedge(CookieLayer::new().layer(handler));

    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(set_cookies(response.headers()), ["call2=1; Path=/"]);
    jars.assert_closed(2);
}

#[tokio::test(start_paused = true)]
async fn with_a_hedge_inside_both_calls_share_one_jar() {
    let jars = Jars::default();
    let of_handler = jars.clone();
    let handler = service_fn(move |request| slow_then_fast(of_handler.clone(), request));
    let service = CookieLayer::new().layer(hedge(handler));

    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(
        set_cookies(response.headers()),
        ["call1=1; Path=/", "call2=1; Path=/"]
    );
    jars.assert_closed(2);
}

#[tokio::test]
async fn a_buffer_outside_changes_nothing() {
    let jars = Jars::default();
    let of_handler = jars.clone();
    let handler = service_fn(move |request| {
        of_handler.queue(&request);
        ready(Answer::<Infallible>::Ok(Response::default()))
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
async fn a_buffer_inside_changes_nothing() {
    let jars = Jars::default();
    let of_handler = jars.clone();
    let handler = service_fn(move |request| {
        of_handler.queue(&request);
        ready(Answer::<Infallible>::Ok(Response::default()))
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
async fn what_a_buffer_calls_after_its_caller_has_left_finds_its_jar_ended() {
    let (answers, mut told) = tokio::sync::mpsc::unbounded_channel();
    let handler = service_fn(move |request: Request<Body>| {
        answers.send(jar_of(&request).set(("late", "1"))).unwrap();
        ready(Answer::<Infallible>::Ok(Response::default()))
    });
    // The buffer passes over calls that were given up, so that its caller outlives the layer's.
    let (buffer, worker) = Buffer::pair(handler, 1);
    let calls = Arc::new(Mutex::new(Vec::new()));
    let of_service = Arc::clone(&calls);
    let mut buffered = Some(buffer);
    let mut service = CookieLayer::new().layer(service_fn(move |request| {
        let buffer = buffered.take().expect("one call");
        of_service
            .lock()
            .unwrap()
            .push(tokio::spawn(buffer.oneshot(request)));
        pending::<Answer<Infallible>>()
    }));

    drop(service.call(request()));
    tokio::spawn(worker);
    let told = told.recv().await.expect("the handler was called");
    assert!(matches!(told, Err(CookieError::ResponseStarted { .. })));
    let call = calls.lock().unwrap().pop().expect("it was called");
    let response = call.await.unwrap().unwrap();
    assert!(set_cookies(response.headers()).is_empty());
}

#[tokio::test]
async fn what_is_shed_outside_never_has_a_jar() {
    let jars = Jars::default();
    let mut service = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(1)
        .layer(CookieLayer::new())
        .service_fn(hang(jars.clone()));

    let first = service.ready().await.unwrap().call(request());
    let shed = service.ready().await.unwrap().call(request());
    assert!(shed.await.unwrap_err().is::<Overloaded>());
    assert_eq!(jars.0.lock().unwrap()[0].queued().len(), 1);
    drop(first);
    jars.assert_closed(1);
}

#[tokio::test]
async fn what_is_shed_inside_ends_its_own_jar_alone() {
    let jars = Jars::default();
    let mut service = ServiceBuilder::new()
        .layer(CookieLayer::new())
        .map_request(|request| {
            jars.queue(&request);
            request
        })
        .load_shed()
        .concurrency_limit(1)
        .service_fn(|_: Request<Body>| pending::<Answer<Infallible>>());

    let first = service.ready().await.unwrap().call(request());
    let shed = service.ready().await.unwrap().call(request());
    assert!(shed.await.unwrap_err().is::<Overloaded>());
    let queued = |call: usize| jars.0.lock().unwrap()[call].queued().len();
    assert_eq!((queued(0), queued(1)), (1, 0));
    drop(first);
    jars.assert_closed(2);
}

#[test]
fn a_panic_while_the_answer_is_dropped_ends_the_jar() {
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
            pending::<Answer<Infallible>>().await
        }
    }));
    let answer = service.call(request());
    let dropped = std::panic::catch_unwind(AssertUnwindSafe(|| drop(answer)));
    assert!(dropped.is_err());
    jars.assert_closed(1);
}
