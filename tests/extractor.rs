//! In axum the jar is an extractor, and its errors are responses.
#![cfg(feature = "axum-core")]

mod support;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HOST, LOCATION};
use http_body_util::BodyExt;
use support::set_cookies;
use tower::ServiceExt;
use tower_django_cookies::time::Duration;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, SameSite};

/// A status, the `Set-Cookie` fields and the body.
type Answer = (StatusCode, Vec<String>, String);

async fn ask(app: Router, request: Request) -> Answer {
    read(app.oneshot(request).await.unwrap()).await
}

async fn read(response: Response) -> Answer {
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    (head.status, set_cookies(&head.headers), body)
}

fn to(uri: &str) -> Request {
    Request::get(uri).body(Body::empty()).unwrap()
}

fn with_cookies(uri: &str, cookies: &str) -> Request {
    let request = Request::get(uri).header("cookie", cookies);
    request.body(Body::empty()).unwrap()
}

async fn visits(jar: CookieJar) -> Result<String, CookieError> {
    let visits = jar.get("visits").unwrap_or("0").to_owned();
    jar.set(("visits", "1"))?;
    Ok(visits)
}

#[tokio::test]
async fn the_jar_is_an_extractor() {
    let app = Router::new()
        .route("/", get(visits))
        .layer(CookieLayer::new());

    let answer = ask(app.clone(), to("/")).await;
    let expected = vec!["visits=1; Path=/".to_owned()];
    assert_eq!(answer, (StatusCode::OK, expected.clone(), "0".into()));

    let answer = ask(app, with_cookies("/", "visits=7")).await;
    assert_eq!(answer, (StatusCode::OK, expected, "7".into()));
}

#[tokio::test]
async fn the_jar_stands_beside_other_extractors_and_state() {
    async fn handler(
        State(state): State<&'static str>,
        first: CookieJar,
        Extension(jar): Extension<CookieJar>,
        second: Option<CookieJar>,
        body: String,
    ) -> Result<String, CookieError> {
        let second = second.ok_or(CookieError::MissingLayer)?;
        first.set(("first", "1"))?;
        second.set(("second", "1"))?;
        jar.set(("third", "1"))?;
        Ok(format!("{state} {body} {}", first.require("a")?))
    }

    let app = Router::new()
        .route("/", get(handler))
        .layer(CookieLayer::new())
        .with_state("state");
    let request = Request::get("/").header("cookie", "a=1");
    let (status, cookies, body) = ask(app, request.body(Body::from("body")).unwrap()).await;
    assert_eq!((status, &*body), (StatusCode::OK, "state body 1"));
    assert_eq!(
        cookies,
        ["first=1; Path=/", "second=1; Path=/", "third=1; Path=/"]
    );
}

#[tokio::test]
async fn without_the_layer_the_extractor_answers_500_and_says_so() {
    let app = Router::new().route("/", get(visits));

    let response = app.oneshot(to("/")).await.unwrap();
    assert_eq!(
        response.headers()[CONTENT_TYPE],
        "text/plain; charset=utf-8"
    );
    let (status, cookies, body) = read(response).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(cookies.is_empty());
    assert!(body.contains("CookieLayer is not installed"), "{body}");
}

#[tokio::test]
async fn the_optional_extractor_tells_whether_the_layer_is_there() {
    async fn handler(jar: Option<CookieJar>) -> Result<&'static str, CookieError> {
        let Some(jar) = jar else {
            return Ok("no layer");
        };
        jar.set(("a", "1"))?;
        Ok("a layer")
    }

    let app = Router::new().route("/", get(handler));
    let answer = ask(app.clone(), to("/")).await;
    assert_eq!(answer, (StatusCode::OK, Vec::new(), "no layer".into()));

    let answer = ask(app.layer(CookieLayer::new()), to("/")).await;
    let expected = vec!["a=1; Path=/".to_owned()];
    assert_eq!(answer, (StatusCode::OK, expected, "a layer".into()));
}

#[tokio::test]
async fn a_missing_cookie_is_a_bad_request() {
    async fn handler(jar: CookieJar) -> Result<String, CookieError> {
        jar.set(("before", "1"))?;
        Ok(jar.require("session")?.to_owned())
    }

    let app = Router::new()
        .route("/", get(handler))
        .layer(CookieLayer::new());
    let (status, cookies, body) = ask(app.clone(), to("/")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(cookies, ["before=1; Path=/"]);
    assert!(body.contains("session"), "{body}");

    let (status, _, body) = ask(app, with_cookies("/", "session=1")).await;
    assert_eq!((status, &*body), (StatusCode::OK, "1"));
}

/// It stands in the request, and in whatever is set.
const SECRET: &str = "f81d4fae";

type Handler = fn(&CookieJar) -> Result<(), CookieError>;

/// What is wrong, the status of its response, and a handler that does it. `declared` is a
/// cookie at `/app`, `Secure` and `HttpOnly`.
const ERRORS: [(&str, u16, Handler); 25] = [
    ("Missing", 400, |jar| jar.require("absent").map(drop)),
    ("DomainMismatch", 400, |jar| {
        jar.set(Cookie::build(("a", SECRET)).domain("other.test"))
    }),
    ("InvalidName", 500, |jar| jar.set(("a b", SECRET))),
    ("ReservedName", 500, |jar| jar.set(("Path", SECRET))),
    ("ControlCharacter", 500, |jar| {
        jar.set(("a", format!("{SECRET}\n")))
    }),
    ("TooLong", 500, |jar| jar.set(("a", SECRET.repeat(512)))),
    ("InvalidPath", 500, |jar| {
        jar.set(Cookie::build(("a", SECRET)).path("app"))
    }),
    ("InvalidDomain", 500, |jar| {
        jar.set(Cookie::build(("a", SECRET)).domain("example.test:80"))
    }),
    ("HostPrefixDomain", 500, |jar| {
        jar.set(Cookie::build(("__Host-a", SECRET)).domain("example.test"))
    }),
    ("HostPrefixPath", 500, |jar| {
        jar.set(Cookie::build(("__Host-a", SECRET)).path("/app"))
    }),
    ("SecureRequired", 500, |jar| {
        jar.set(
            Cookie::build(("a", SECRET))
                .same_site(SameSite::None)
                .secure(false),
        )
    }),
    ("HttpOnlyRequired", 500, |jar| {
        jar.set(Cookie::build(("__Http-a", SECRET)).http_only(false))
    }),
    ("ScopeMismatch", 500, |jar| {
        jar.set(Cookie::build(("declared", SECRET)).path("/"))
    }),
    ("Downgrade", 500, |jar| {
        jar.set(Cookie::build(("declared", SECRET)).secure(false))
    }),
    ("AmbiguousScope", 500, |jar| {
        jar.set(Cookie::build(("a", SECRET)).path("/1"))?;
        jar.set(Cookie::build(("a", SECRET)).path("/2"))?;
        jar.delete("a")
    }),
    ("Undeclared", 500, |_| {
        let strict = CookieLayer::new().deny_undeclared();
        strict.jar(&http::Request::new(())).set(("a", SECRET))
    }),
    ("Parse", 500, |jar| jar.set(Cookie::parse(SECRET)?)),
    ("MissingLayer", 500, |_| {
        CookieJar::from_extensions(&http::Extensions::new()).map(drop)
    }),
    ("NoResponse", 500, |_| {
        CookieJar::from_headers(&http::HeaderMap::new()).set(("a", SECRET))
    }),
    ("AlreadyDeclared", 500, |_| {
        let layer = CookieLayer::new().declare(("a", SECRET))?;
        layer.declare(("a", SECRET)).map(drop)
    }),
    ("RetireUndeclared", 500, |_| {
        CookieLayer::new().retire(("a", SECRET)).map(drop)
    }),
    ("RetireDeclared", 500, |_| {
        let layer = CookieLayer::new().declare(("a", SECRET))?;
        layer.retire(("a", SECRET)).map(drop)
    }),
    ("AlreadyRetired", 500, |_| {
        let old = || Cookie::build(("a", SECRET)).path("/old");
        let layer = CookieLayer::new().declare(("a", SECRET))?;
        layer.retire(old())?.retire(old()).map(drop)
    }),
    ("DeclarationConflict", 500, |_| {
        let mut request = http::Request::new(());
        let outer = CookieLayer::new().declare(Cookie::build("a").path("/app"))?;
        let jar = outer.jar(&request);
        request.extensions_mut().insert(jar);
        let inner = CookieLayer::new().declare("a")?;
        inner.jar(&request).set(("a", SECRET))
    }),
    ("ResponseStarted", 500, |_| {
        // No handler's own jar can be closed yet.
        Err(CookieError::ResponseStarted { name: "a".into() })
    }),
];

#[tokio::test]
async fn errors_are_responses_that_show_no_value() {
    let layer = CookieLayer::new()
        .declare(
            Cookie::build("declared")
                .path("/app")
                .secure(true)
                .http_only(true),
        )
        .unwrap();
    for (error, expected, handler) in ERRORS {
        let app = Router::new()
            .route("/", get(async move |jar: CookieJar| handler(&jar)))
            .layer(layer.clone());
        let request = Request::get("/")
            .header(HOST, "www.example.test")
            .header("cookie", format!("a={SECRET}; declared={SECRET}"));
        let response = app.oneshot(request.body(Body::empty()).unwrap());

        let response = response.await.unwrap();
        assert_eq!(
            response.headers()[CONTENT_TYPE],
            "text/plain; charset=utf-8"
        );
        let (status, _, body) = read(response).await;
        assert_eq!(status.as_u16(), expected, "{error}: {body}");
        assert!(!body.contains(SECRET), "{error}: {body}");
        assert!(body.contains("ookie"), "{error}: {body}");
    }
}

/// So that the table above has the errors that it says it has.
#[test]
fn each_handler_makes_its_error() {
    let layer = CookieLayer::new()
        .declare(
            Cookie::build("declared")
                .path("/app")
                .secure(true)
                .http_only(true),
        )
        .unwrap();
    for (name, status, handler) in ERRORS {
        let request = http::Request::builder().header(HOST, "www.example.test");
        let error = handler(&layer.jar(&request.body(()).unwrap())).unwrap_err();
        let shown = format!("{error:?}");
        assert!(shown.starts_with(name), "{name}: {shown}");
        assert!(!shown.contains(SECRET), "{shown}");
        assert_eq!(error.status().as_u16(), status);
        assert_eq!(error.into_response().status().as_u16(), status);
    }
}

#[tokio::test]
async fn cookies_set_before_a_handler_fails_or_redirects_go_out() {
    async fn teapot(jar: CookieJar) -> Result<(), StatusCode> {
        jar.set(("a", "1")).unwrap();
        Err(StatusCode::IM_A_TEAPOT)
    }
    async fn redirect(jar: CookieJar) -> Result<Redirect, CookieError> {
        jar.set(("a", "1"))?;
        Ok(Redirect::to("/login"))
    }
    async fn refused(jar: CookieJar) -> Result<(), CookieError> {
        jar.set(("a", "1"))?;
        jar.set(("a;", "2"))
    }

    let app = Router::new()
        .route("/teapot", get(teapot))
        .route("/redirect", get(redirect))
        .route("/refused", get(refused))
        .layer(CookieLayer::new());
    for (uri, expected) in [
        ("/teapot", StatusCode::IM_A_TEAPOT),
        ("/redirect", StatusCode::SEE_OTHER),
        ("/refused", StatusCode::INTERNAL_SERVER_ERROR),
    ] {
        let response = app.clone().oneshot(to(uri)).await.unwrap();
        assert_eq!(response.status(), expected);
        assert_eq!(set_cookies(response.headers()), ["a=1; Path=/"]);
        let location = response.headers().get(LOCATION);
        assert_eq!(location.is_some(), uri == "/redirect");
    }
}

async fn count(jar: CookieJar, request: Request, next: Next) -> Result<Response, CookieError> {
    jar.set(("before", "1"))?;
    let response = next.run(request).await;
    jar.set(("after", response.status().as_str()))?;
    Ok(response)
}

#[tokio::test]
async fn a_middleware_uses_the_jar_outside_the_handler() {
    let app = Router::new()
        .route("/", get(visits))
        .layer(middleware::from_fn(count))
        .layer(CookieLayer::new());

    let (status, cookies, _) = ask(app.clone(), to("/")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        cookies,
        ["before=1; Path=/", "visits=1; Path=/", "after=200; Path=/"]
    );

    // Where no route answers it is there too.
    let (status, cookies, _) = ask(app, to("/nowhere")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(cookies, ["before=1; Path=/", "after=404; Path=/"]);
}

#[tokio::test]
async fn a_middleware_outside_the_layer_is_told_that_the_layer_is_missing() {
    let app = Router::new()
        .route("/", get(visits))
        .layer(CookieLayer::new())
        .layer(middleware::from_fn(count));

    let (status, cookies, body) = ask(app, to("/")).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(cookies.is_empty());
    assert!(body.contains("CookieLayer is not installed"), "{body}");
}

#[tokio::test]
async fn the_layer_on_a_nested_router_holds_there() {
    let shop = Router::new()
        .route("/", get(visits))
        .layer(CookieLayer::new());
    let app = Router::new()
        .route("/", get(visits))
        .nest("/shop", shop.clone());

    let (status, cookies, _) = ask(app.clone(), to("/shop")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(cookies, ["visits=1; Path=/"]);
    let (status, ..) = ask(app, to("/")).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn the_layer_on_a_router_and_on_a_nested_one_sends_each_cookie_once() {
    let declared = Cookie::build("visits").path("/shop");
    let shop = Router::new()
        .route("/", get(visits))
        .layer(CookieLayer::new().declare(declared).unwrap());
    let app = Router::new()
        .nest("/shop", shop)
        .layer(middleware::from_fn(count))
        .layer(CookieLayer::new());

    let (status, cookies, _) = ask(app, to("/shop")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        cookies,
        [
            "before=1; Path=/",
            "visits=1; Path=/shop",
            "after=200; Path=/"
        ]
    );
}

#[tokio::test]
async fn the_layer_on_a_method_router_holds_there() {
    let app = Router::new()
        .route("/", get(visits).layer(CookieLayer::new()).post(visits))
        .route("/other", get(visits));

    let (status, cookies, _) = ask(app.clone(), to("/")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(cookies, ["visits=1; Path=/"]);
    let post = Request::post("/").body(Body::empty()).unwrap();
    for request in [to("/other"), post] {
        let (status, ..) = ask(app.clone(), request).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    }
}

#[tokio::test]
async fn a_declared_cookie_is_set_and_deleted_at_its_scope() {
    async fn login(jar: CookieJar) -> Result<Redirect, CookieError> {
        jar.set(("session", "1"))?;
        Ok(Redirect::to("/app"))
    }
    async fn logout(jar: CookieJar) -> Result<Redirect, CookieError> {
        jar.delete("session")?;
        Ok(Redirect::to("/"))
    }

    let session = Cookie::build("session")
        .domain("example.test")
        .path("/app")
        .max_age(Duration::HOUR);
    let app = Router::new()
        .route("/login", get(login))
        .route("/logout", get(logout))
        .layer(CookieLayer::new().declare(session).unwrap());
    let from = |host: &str, uri: &str| {
        let request = Request::get(uri).header(HOST, host);
        request.body(Body::empty()).unwrap()
    };

    let (_, cookies, _) = ask(app.clone(), from("www.example.test", "/login")).await;
    assert!(cookies[0].starts_with("session=1; Domain=example.test; expires="));
    assert!(cookies[0].ends_with("; Max-Age=3600; Path=/app"));
    let (_, cookies, _) = ask(app.clone(), from("www.example.test", "/logout")).await;
    let gone = "expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0";
    assert_eq!(
        cookies,
        [format!(
            r#"session=""; Domain=example.test; {gone}; Path=/app"#
        )]
    );
    let (status, cookies, _) = ask(app, from("elsewhere.test", "/logout")).await;
    assert_eq!((status, cookies), (StatusCode::BAD_REQUEST, Vec::new()));
}
