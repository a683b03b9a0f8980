//! The layer is transparent to the service it wraps.

mod support;

use std::cell::Cell;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomPinned;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Context, Poll};

use http::header::{HOST, SERVER, SET_COOKIE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use support::{jar_of, now, poll, request, set_cookies};
use tower::util::ServiceFn;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_django_cookies::{CookieError, CookieJar, CookieLayer, CookieService, ResponseFuture};
use tower_test::mock::{self, Handle, Mock, SendResponse, Spawn};

type Mocked = Spawn<CookieService<Mock<Request<()>, Response<()>>>>;
type OtherSide = Handle<Request<()>, Response<()>>;

/// The layer on a mock service, and the mock's other side.
fn mocked() -> (Mocked, OtherSide) {
    mock::spawn_layer(CookieLayer::new())
}

#[track_caller]
fn assert_ready(service: &mut Mocked) {
    assert!(matches!(
        service.poll_ready::<Request<()>>(),
        Poll::Ready(Ok(()))
    ));
}

/// The jar of the request that has come to the mock, and the way to answer it.
#[track_caller]
fn received(handle: &mut OtherSide) -> (CookieJar, SendResponse<Response<()>>) {
    let Poll::Ready(Some((request, respond))) = handle.poll_request() else {
        panic!("the inner service was not called");
    };
    (jar_of(&request), respond)
}

#[track_caller]
fn assert_closed(jar: &CookieJar) {
    let name = "late".to_owned();
    assert_eq!(
        jar.set(("late", "1")),
        Err(CookieError::ResponseStarted { name })
    );
    assert!(jar.queued().is_empty());
}

/// An error that can be told from another.
#[derive(Debug, PartialEq)]
struct Broken(u32);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken {}", self.0)
    }
}

impl Error for Broken {}

#[test]
fn readiness_is_the_inner_services() {
    let (mut service, mut handle) = mocked();

    handle.allow(0);
    assert!(service.poll_ready::<Request<()>>().is_pending());
    assert!(!service.is_woken());

    handle.allow(1);
    assert!(service.is_woken());
    assert_ready(&mut service);
    assert!(handle.poll_request().is_pending());
}

#[test]
fn an_error_of_readiness_passes_unchanged() {
    let (mut service, mut handle) = mocked();

    handle.send_error(Broken(7));
    let Poll::Ready(Err(error)) = service.poll_ready::<Request<()>>() else {
        panic!("the error was lost");
    };
    assert_eq!(error.downcast_ref(), Some(&Broken(7)));

    assert_ready(&mut service);
}

#[test]
fn back_pressure_reaches_every_clone() {
    let (mut first, mut handle) = mocked();
    let mut second = first.clone();

    handle.allow(1);
    assert_ready(&mut first);
    let answer = first.call(Request::new(()));
    assert!(first.poll_ready::<Request<()>>().is_pending());
    assert!(second.poll_ready::<Request<()>>().is_pending());

    let (_, respond) = received(&mut handle);
    respond.send_response(Response::new(()));
    now(answer).unwrap();
    assert!(second.poll_ready::<Request<()>>().is_pending());

    handle.allow(1);
    assert!(second.is_woken());
    assert_ready(&mut second);
    drop(second.call(Request::new(())));
    assert!(handle.poll_request().is_ready());
}

#[test]
fn readiness_is_asked_for_as_often_as_outside() {
    struct Asked(u32);

    impl Service<Request<()>> for Asked {
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

    let mut service = Spawn::new(CookieLayer::new().layer(Asked(0)));
    for _ in 0..3 {
        assert!(service.poll_ready::<Request<()>>().is_ready());
    }
    let response = now(service.call(Request::new(()))).unwrap();
    assert_eq!(*response.body(), 3);
}

#[test]
fn an_inner_error_passes_unchanged_and_ends_the_queue() {
    let (mut service, mut handle) = mocked();
    assert_ready(&mut service);
    let mut answer = pin!(service.call(Request::new(())));
    let (jar, respond) = received(&mut handle);
    jar.set(("a", "1")).unwrap();

    respond.send_error(Broken(8));
    let error = now(answer.as_mut()).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Broken(8)));
    assert_closed(&jar);
}

#[test]
fn dropping_the_answer_drops_the_inner_future_and_ends_the_queue() {
    let (dropped, end) = mpsc::channel::<CookieJar>();
    let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| {
        let jar = jar_of(&request);
        jar.set(("a", "1")).unwrap();
        let guard = SendOnDrop(jar, dropped.clone());
        async move {
            std::future::pending::<()>().await;
            drop(guard);
            Ok::<_, Infallible>(Response::new(()))
        }
    }));

    let never_polled = service.call(Request::new(()));
    assert!(end.try_recv().is_err());
    drop(never_polled);
    assert_closed(&end.try_recv().expect("the inner future is gone"));

    let mut polled = Box::pin(service.call(Request::new(())));
    assert!(poll(polled.as_mut()).is_pending());
    drop(polled);
    assert_closed(&end.try_recv().expect("the inner future is gone"));
}

struct SendOnDrop(CookieJar, mpsc::Sender<CookieJar>);

impl Drop for SendOnDrop {
    fn drop(&mut self) {
        drop(self.1.send(self.0.clone()));
    }
}

#[test]
fn a_call_that_panics_ends_the_queue() {
    type Answer = Ready<Result<Response<()>, Infallible>>;
    let (kept, jars) = mpsc::channel();
    let mut service = CookieLayer::new().layer(service_fn(|request: Request<()>| -> Answer {
        let jar = jar_of(&request);
        jar.set(("a", "1")).unwrap();
        kept.send(jar).unwrap();
        panic!("on purpose");
    }));

    let call = AssertUnwindSafe(|| drop(service.call(Request::new(()))));
    assert!(catch_unwind(call).is_err());
    assert_closed(&jars.recv().unwrap());
}

#[test]
fn an_answer_that_is_pending_stays_so_and_carries_its_cookies_once() {
    let (mut service, mut handle) = mocked();
    assert_ready(&mut service);
    let mut answer = pin!(service.call(Request::new(())));
    let (jar, respond) = received(&mut handle);

    assert!(poll(answer.as_mut()).is_pending());
    jar.set(("a", "1")).unwrap();
    assert!(poll(answer.as_mut()).is_pending());
    jar.set(("b", "2")).unwrap();
    assert!(poll(answer.as_mut()).is_pending());
    assert_eq!(jar.queued().len(), 2);

    respond.send_response(Response::new(()));
    let response = now(answer.as_mut()).unwrap();
    assert_eq!(
        set_cookies(response.headers()),
        ["a=1; Path=/", "b=2; Path=/"]
    );
    assert_closed(&jar);
}

#[test]
fn two_requests_under_way_in_two_clones_have_each_their_own_cookies() {
    let (mut first, mut handle) = mocked();
    let mut second = first.clone();
    assert_ready(&mut first);
    assert_ready(&mut second);
    let mut first_answer = pin!(first.call(request("who=first")));
    let (first_jar, first_respond) = received(&mut handle);
    first_jar.set(("to", "first")).unwrap();

    let second_answer = pin!(second.call(request("who=second")));
    let (second_jar, second_respond) = received(&mut handle);
    second_jar.set(("to", "second")).unwrap();
    assert_eq!(first_jar.get("who"), Some("first"));
    assert_eq!(second_jar.get("who"), Some("second"));

    second_respond.send_response(Response::new(()));
    let response = now(second_answer).unwrap();
    assert_eq!(set_cookies(response.headers()), ["to=second; Path=/"]);
    assert_closed(&second_jar);

    first_jar.set(("more", "1")).unwrap();
    assert!(poll(first_answer.as_mut()).is_pending());
    first_respond.send_response(Response::new(()));
    let response = now(first_answer).unwrap();
    let sent = set_cookies(response.headers());
    assert_eq!(sent, ["to=first; Path=/", "more=1; Path=/"]);
}

#[tokio::test]
async fn the_request_reaches_the_inner_service_unchanged() {
    let service = CookieLayer::new().layer(service_fn(|request: Request<String>| async move {
        assert_eq!(request.method(), Method::PATCH);
        assert_eq!(request.uri(), "http://example.test:81/a%20b?c=d");
        assert_eq!(request.version(), Version::HTTP_2);
        let fields: Vec<_> = request
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
        assert_eq!(fields, expected);
        assert_eq!(request.extensions().get(), Some(&9_u32));
        assert_eq!(request.extensions().len(), 2, "the jar is the only new one");
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
async fn the_response_comes_back_unchanged_but_for_the_cookies() {
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
async fn cookies_go_out_in_order_behind_those_that_the_inner_service_wrote() {
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
            r#"c=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"#,
        ]
    );
}

#[tokio::test]
async fn set_cookie_fields_are_marked_sensitive() {
    let service = CookieLayer::new().layer(service_fn(|request: Request<()>| async move {
        let jar = jar_of(&request);
        jar.set(("a", "1")).unwrap();
        jar.delete("b").unwrap();
        Response::builder().header(SET_COOKIE, "own=1").body(())
    }));

    let response = service.oneshot(Request::new(())).await.unwrap();
    let fields = response.headers().get_all(SET_COOKIE).iter();
    let sensitive: Vec<_> = fields.map(HeaderValue::is_sensitive).collect();
    assert_eq!(sensitive, [false, true, true]);
}

/// Neither `Send` nor `Clone` nor `'static`, with a future and bodies that are no more.
struct Local<'a> {
    calls: &'a Cell<u32>,
    not_send: Rc<()>,
}

struct LocalBody<'a>(&'a Cell<u32>);

struct LocalFuture<'a> {
    response: Cell<Option<Response<LocalBody<'a>>>>,
    not_send: Rc<()>,
    _not_unpin: PhantomPinned,
}

/// Neither `Debug` nor `Error`.
struct LocalError;

impl<'a> Service<Request<LocalBody<'a>>> for Local<'a> {
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
fn nothing_is_asked_of_the_inner_service_its_future_error_and_bodies() {
    let calls = Cell::new(0);
    let mut service = CookieLayer::new().layer(Local {
        calls: &calls,
        not_send: Rc::new(()),
    });

    let request = Request::new(LocalBody(&calls));
    let mut answer = pin!(service.call(request));
    let Ok(response) = now(answer.as_mut()) else {
        panic!("the first poll has the response");
    };
    assert_eq!(set_cookies(response.headers()), ["a=1; Path=/"]);
    assert_eq!(response.body().0.get(), 1);
    assert!(matches!(now(answer), Err(LocalError)));
}

type Handler = fn(Request<()>) -> Answer;
type Answer = Ready<Result<Response<()>, Infallible>>;

/// Every type that a user may have to write down.
struct App {
    layer: CookieLayer,
    service: CookieService<ServiceFn<Handler>>,
    answer: Option<ResponseFuture<Answer>>,
}

#[test]
fn every_type_can_be_named() {
    let layer = CookieLayer::new();
    let handler: Handler = |_| ready(Ok(Response::new(())));
    let mut app = App {
        service: layer.layer(service_fn(handler)),
        layer,
        answer: None,
    };

    app.answer = Some(app.service.call(Request::new(())));
    now(app.answer.take().expect("it was put there")).unwrap();
    let other: CookieService<ServiceFn<Handler>> = app.layer.layer(app.service.into_inner());
    let _: &ServiceFn<Handler> = other.get_ref();
}

#[test]
fn the_types_go_wherever_their_inner_types_go() {
    fn shared<T: Clone + Send + Sync + Unpin + 'static>() {}
    fn moved<T: Send + Sync + Unpin + 'static>() {}
    fn error<T: Error + Clone + PartialEq + Send + Sync + 'static>() {}
    fn shown<T: fmt::Debug>() {}

    shared::<CookieLayer>();
    shared::<CookieJar>();
    shared::<CookieService<ServiceFn<Handler>>>();
    moved::<ResponseFuture<Answer>>();
    error::<CookieError>();
    shown::<CookieLayer>();
    shown::<CookieService<Mock<Request<()>, Response<()>>>>();
    shown::<ResponseFuture<Answer>>();
}

#[test]
fn the_inner_service_can_be_reached() {
    let mut service = CookieLayer::new().layer(vec![1]);

    service.get_mut().push(2);
    assert_eq!(service.get_ref(), &[1, 2]);
    assert_eq!(service.into_inner(), [1, 2]);
}
