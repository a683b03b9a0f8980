//! The layer does not change its inner service: readiness, requests, responses and errors pass
//! through, apart from the jar and the `Set-Cookie` headers.

mod support;

use std::cell::Cell;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomPinned;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::mpsc::{self, TryRecvError};
use std::task::{Context, Poll};

use http::header::{HOST, SERVER, SET_COOKIE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use support::{assert_closed, deletion, jar_of, poll, ready_output, request, set_cookies};
use tower::util::ServiceFn;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_django_cookies::{CookieError, CookieJar, CookieLayer, CookieService, ResponseFuture};
use tower_test::mock::{self, Handle, Mock, SendResponse, Spawn};

type MockedService = Spawn<CookieService<Mock<Request<()>, Response<()>>>>;
type MockHandle = Handle<Request<()>, Response<()>>;

/// A mock service behind the layer, and the handle that controls the mock.
fn mocked_service() -> (MockedService, MockHandle) {
    mock::spawn_layer(CookieLayer::new())
}

#[track_caller]
fn assert_ready(service: &mut MockedService) {
    assert!(matches!(
        service.poll_ready::<Request<()>>(),
        Poll::Ready(Ok(()))
    ));
}

/// The jar of the request that the mock received, and the sender of its response.
#[track_caller]
fn receive(handle: &mut MockHandle) -> (CookieJar, SendResponse<Response<()>>) {
    let Poll::Ready(Some((request, respond))) = handle.poll_request() else {
        panic!("the inner service was not called");
    };
    (jar_of(&request), respond)
}

/// An error of the inner service, with a number to distinguish it from others.
#[derive(Debug, PartialEq)]
struct Broken(u32);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken {}", self.0)
    }
}

impl Error for Broken {}

#[test]
fn poll_ready_forwards_inner_readiness() {
    let (mut service, mut handle) = mocked_service();

    handle.allow(0);
    assert!(service.poll_ready::<Request<()>>().is_pending());
    assert!(!service.is_woken());

    handle.allow(1);
    assert!(service.is_woken());
    assert_ready(&mut service);
    assert!(handle.poll_request().is_pending());
}

#[test]
fn poll_ready_inner_error_is_returned_unchanged() {
    let (mut service, mut handle) = mocked_service();

    handle.send_error(Broken(7));
    let Poll::Ready(Err(error)) = service.poll_ready::<Request<()>>() else {
        panic!("poll_ready did not return the error");
    };
    assert_eq!(error.downcast_ref(), Some(&Broken(7)));

    assert_ready(&mut service);
}

#[test]
fn poll_ready_of_clones_under_backpressure_is_pending() {
    let (mut first, mut handle) = mocked_service();
    let mut second = first.clone();

    handle.allow(1);
    assert_ready(&mut first);
    let response = first.call(Request::new(()));
    assert!(first.poll_ready::<Request<()>>().is_pending());
    assert!(second.poll_ready::<Request<()>>().is_pending());

    let (_, respond) = receive(&mut handle);
    respond.send_response(Response::new(()));
    ready_output(response).unwrap();
    assert!(second.poll_ready::<Request<()>>().is_pending());

    handle.allow(1);
    assert!(second.is_woken());
    assert_ready(&mut second);
    drop(second.call(Request::new(())));
    assert!(handle.poll_request().is_ready());
}

#[test]
fn poll_ready_polls_inner_service_once_per_poll() {
    struct CountPolls(u32);

    impl Service<Request<()>> for CountPolls {
        type Response = Response<u32>;
        type Error = Infallible;
        type Future = Ready<Result<Response<u32>, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            self.0 += 1;
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<()>) -> Self::Future {
            ready(Ok(Response::new(self.0)))
        }
    }

    let mut service = Spawn::new(CookieLayer::new().layer(CountPolls(0)));
    for _ in 0..3 {
        assert!(service.poll_ready::<Request<()>>().is_ready());
    }
    let response = ready_output(service.call(Request::new(()))).unwrap();
    assert_eq!(*response.body(), 3);
}

#[test]
fn inner_error_is_returned_unchanged() {
    let (mut service, mut handle) = mocked_service();
    assert_ready(&mut service);
    let future = service.call(Request::new(()));
    let (_, respond) = receive(&mut handle);

    respond.send_error(Broken(8));
    let error = ready_output(future).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Broken(8)));
}

#[test]
fn dropped_response_future_drops_inner_future() {
    let (dropped, events) = mpsc::channel();
    let mut service = CookieLayer::new().layer(service_fn(|_: Request<()>| {
        let guard = SendOnDrop(dropped.clone());
        async move {
            std::future::pending::<()>().await;
            drop(guard);
            Ok::<_, Infallible>(Response::new(()))
        }
    }));

    let never_polled = service.call(Request::new(()));
    assert_eq!(events.try_recv(), Err(TryRecvError::Empty));
    drop(never_polled);
    assert_eq!(events.try_recv(), Ok(()));

    let mut polled = Box::pin(service.call(Request::new(())));
    assert!(poll(polled.as_mut()).is_pending());
    assert_eq!(events.try_recv(), Err(TryRecvError::Empty));
    drop(polled);
    assert_eq!(events.try_recv(), Ok(()));
}

struct SendOnDrop(mpsc::Sender<()>);

impl Drop for SendOnDrop {
    fn drop(&mut self) {
        self.0.send(()).unwrap();
    }
}

#[test]
fn pending_response_future_stays_pending_and_sends_cookies_once() {
    let (mut service, mut handle) = mocked_service();
    assert_ready(&mut service);
    let mut future = pin!(service.call(Request::new(())));
    let (jar, respond) = receive(&mut handle);

    assert!(poll(future.as_mut()).is_pending());
    jar.set(("a", "1")).unwrap();
    assert!(poll(future.as_mut()).is_pending());
    jar.set(("b", "2")).unwrap();
    assert!(poll(future.as_mut()).is_pending());
    assert_eq!(jar.queued().len(), 2);

    respond.send_response(Response::new(()));
    let response = ready_output(future.as_mut()).unwrap();
    assert_eq!(
        set_cookies(response.headers()),
        ["a=1; Path=/", "b=2; Path=/"]
    );
    assert_closed(&jar);
}

#[test]
fn concurrent_requests_in_two_clones_have_separate_cookies() {
    let (mut first, mut handle) = mocked_service();
    let mut second = first.clone();
    assert_ready(&mut first);
    assert_ready(&mut second);
    let mut first_future = pin!(first.call(request("who=first")));
    let (first_jar, first_respond) = receive(&mut handle);
    first_jar.set(("to", "first")).unwrap();

    let second_future = pin!(second.call(request("who=second")));
    let (second_jar, second_respond) = receive(&mut handle);
    second_jar.set(("to", "second")).unwrap();
    assert_eq!(first_jar.get("who"), Some("first"));
    assert_eq!(second_jar.get("who"), Some("second"));

    second_respond.send_response(Response::new(()));
    let response = ready_output(second_future).unwrap();
    assert_eq!(set_cookies(response.headers()), ["to=second; Path=/"]);
    assert_closed(&second_jar);

    first_jar.set(("more", "1")).unwrap();
    assert!(poll(first_future.as_mut()).is_pending());
    first_respond.send_response(Response::new(()));
    let response = ready_output(first_future).unwrap();
    let sent = set_cookies(response.headers());
    assert_eq!(sent, ["to=first; Path=/", "more=1; Path=/"]);
}

#[tokio::test]
async fn request_reaches_inner_service_unchanged() {
    let service = CookieLayer::new().layer(service_fn(|request: Request<String>| async move {
        assert_eq!(request.method(), Method::PATCH);
        assert_eq!(request.uri(), "http://example.test:81/a%20b?c=d");
        assert_eq!(request.version(), Version::HTTP_2);
        let headers: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let expected: [(&str, &[u8]); 4] = [
            ("cookie", b"a=1"),
            ("cookie", b"\xff"),
            ("host", b"example.test:81"),
            ("x-proxy", b""),
        ];
        assert_eq!(headers, expected);
        assert_eq!(request.extensions().get(), Some(&9_u32));
        assert_eq!(request.extensions().len(), 2, "only the jar is added");
        assert_eq!(request.body(), "the body");
        Ok::<_, Infallible>(Response::new(()))
    }));
    let request = Request::patch("http://example.test:81/a%20b?c=d")
        .version(Version::HTTP_2)
        .header("cookie", "a=1")
        .header("cookie", HeaderValue::from_bytes(b"\xff").unwrap())
        .header(HOST, "example.test:81")
        .header("x-proxy", "")
        .extension(9_u32)
        .body("the body".to_owned());

    service.oneshot(request.unwrap()).await.unwrap();
}

#[tokio::test]
async fn response_is_unchanged_except_for_set_cookie() {
    for cookies in [0, 1] {
        let service = CookieLayer::new().layer(service_fn(|request: Request<()>| async move {
            for _ in 0..cookies {
                jar_of(&request).set(("a", "1")).unwrap();
            }
            Response::builder()
                .status(StatusCode::IM_A_TEAPOT)
                .version(Version::HTTP_10)
                .header(SERVER, "teapot")
                .extension(9_u32)
                .body("the body")
        }));

        let mut response = service.oneshot(Request::new(())).await.unwrap();
        assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
        assert_eq!(response.version(), Version::HTTP_10);
        assert_eq!(response.extensions().get(), Some(&9_u32));
        assert_eq!(*response.body(), "the body");
        let sent = response.headers().get_all(SET_COOKIE).iter().count();
        assert_eq!(sent, cookies);
        response.headers_mut().remove(SET_COOKIE);
        assert_eq!(response.headers().len(), 1);
        assert_eq!(response.headers()[SERVER], "teapot");
    }
}

#[tokio::test]
async fn set_cookie_headers_are_appended_in_order_after_inner_ones() {
    let service = CookieLayer::new().layer(service_fn(|request: Request<()>| async move {
        let jar = jar_of(&request);
        jar.set(("b", "1")).unwrap();
        jar.set(("a", "2")).unwrap();
        jar.delete("c").unwrap();
        jar.set(("b", "3")).unwrap();
        Response::builder()
            .header(SET_COOKIE, "own=1")
            .header(SET_COOKIE, "a=own")
            .body(())
    }));

    let response = service.oneshot(Request::new(())).await.unwrap();
    assert_eq!(
        set_cookies(response.headers()),
        [
            "own=1",
            "a=own",
            "b=3; Path=/",
            "a=2; Path=/",
            &deletion("c", "/"),
        ]
    );
}

#[tokio::test]
async fn set_cookie_headers_are_sensitive() {
    let service = CookieLayer::new().layer(service_fn(|request: Request<()>| async move {
        let jar = jar_of(&request);
        jar.set(("a", "1")).unwrap();
        jar.delete("b").unwrap();
        Response::builder().header(SET_COOKIE, "own=1").body(())
    }));

    let response = service.oneshot(Request::new(())).await.unwrap();
    let headers = response.headers().get_all(SET_COOKIE).iter();
    let sensitive: Vec<_> = headers.map(HeaderValue::is_sensitive).collect();
    assert_eq!(sensitive, [false, true, true]);
}

/// A service that is not `Send`, `Clone` or `'static`. Its future and bodies are not either.
struct LocalService<'a> {
    calls: &'a Cell<u32>,
    not_send: Rc<()>,
}

struct LocalBody<'a>(&'a Cell<u32>);

struct LocalFuture<'a> {
    response: Cell<Option<Response<LocalBody<'a>>>>,
    not_send: Rc<()>,
    _not_unpin: PhantomPinned,
}

/// An error type that implements neither `Debug` nor `Error`.
struct LocalError;

impl<'a> Service<Request<LocalBody<'a>>> for LocalService<'a> {
    type Response = Response<LocalBody<'a>>;
    type Error = LocalError;
    type Future = LocalFuture<'a>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), LocalError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<LocalBody<'a>>) -> LocalFuture<'a> {
        self.calls.set(self.calls.get() + 1);
        jar_of(&request).set(("a", "1")).unwrap();
        LocalFuture {
            response: Cell::new(Some(Response::new(request.into_body()))),
            not_send: Rc::clone(&self.not_send),
            _not_unpin: PhantomPinned,
        }
    }
}

impl<'a> Future for LocalFuture<'a> {
    type Output = Result<Response<LocalBody<'a>>, LocalError>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        assert_eq!(Rc::strong_count(&self.not_send), 2);
        Poll::Ready(self.response.take().ok_or(LocalError))
    }
}

#[test]
fn inner_service_without_further_traits_is_accepted() {
    let calls = Cell::new(0);
    let mut service = CookieLayer::new().layer(LocalService {
        calls: &calls,
        not_send: Rc::new(()),
    });

    let request = Request::new(LocalBody(&calls));
    let mut future = pin!(service.call(request));
    let Ok(response) = ready_output(future.as_mut()) else {
        panic!("the first poll did not return the response");
    };
    assert_eq!(set_cookies(response.headers()), ["a=1; Path=/"]);
    assert_eq!(response.body().0.get(), 1);
    assert!(matches!(ready_output(future), Err(LocalError)));
}

type Handler = fn(Request<()>) -> HandlerFuture;
type HandlerFuture = Ready<Result<Response<()>, Infallible>>;

/// A struct with a field of each type that a user may have to name.
struct App {
    layer: CookieLayer,
    service: CookieService<ServiceFn<Handler>>,
    future: Option<ResponseFuture<HandlerFuture>>,
}

#[test]
fn public_types_can_be_named() {
    let layer = CookieLayer::new();
    let handler: Handler = |_| ready(Ok(Response::new(())));
    let mut app = App {
        service: layer.layer(service_fn(handler)),
        layer,
        future: None,
    };

    app.future = Some(app.service.call(Request::new(())));
    ready_output(app.future.take().expect("the line above set it")).unwrap();
    let other: CookieService<ServiceFn<Handler>> = app.layer.layer(app.service.into_inner());
    let _: &ServiceFn<Handler> = other.get_ref();
}

#[test]
fn public_types_implement_the_traits_of_their_inner_types() {
    fn is_shareable<T: Clone + Send + Sync + Unpin + 'static>() {}
    fn is_movable<T: Send + Sync + Unpin + 'static>() {}
    fn is_error<T: Error + Clone + PartialEq + Send + Sync + 'static>() {}
    fn is_debug<T: fmt::Debug>() {}

    is_shareable::<CookieLayer>();
    is_shareable::<CookieJar>();
    is_shareable::<CookieService<ServiceFn<Handler>>>();
    is_movable::<ResponseFuture<HandlerFuture>>();
    is_error::<CookieError>();
    is_debug::<CookieLayer>();
    is_debug::<CookieService<Mock<Request<()>, Response<()>>>>();
    is_debug::<ResponseFuture<HandlerFuture>>();
}

#[test]
fn inner_service_is_accessible() {
    let mut service = CookieLayer::new().layer(vec![1]);

    service.get_mut().push(2);
    assert_eq!(service.get_ref(), &[1, 2]);
    assert_eq!(service.into_inner(), [1, 2]);
}
