//! `CookieJar` as an axum extractor, and `CookieError` as an axum response.

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
use support::{EPOCH, assert_matches, ended_jar, set_cookies};
use tower::ServiceExt;
use tower_django_cookies::time::Duration;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, HostSource, SameSite};

/// The status, the `Set-Cookie` headers and the body of a response.
type ResponseParts = (StatusCode, Vec<String>, String);

async fn send(app: Router, request: Request) -> ResponseParts {
    read(app.oneshot(request).await.unwrap()).await
}

async fn read(response: Response) -> ResponseParts {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    (parts.status, set_cookies(&parts.headers), body)
}

fn get_request(uri: &str) -> Request {
    Request::get(uri).body(Body::empty()).unwrap()
}

fn get_request_with(uri: &str, header: &str, value: &str) -> Request {
    let request = Request::get(uri).header(header, value);
    request.body(Body::empty()).unwrap()
}

/// Returns the cookie `visits` of the request, and sets it to 1.
async fn visits(jar: CookieJar) -> Result<String, CookieError> {
    let visits = jar.get("visits").unwrap_or("0").to_owned();
    jar.set(("visits", "1"))?;
    Ok(visits)
}

#[tokio::test]
async fn jar_as_extractor_reads_and_sets_cookies() {
    let app = Router::new()
        .route("/", get(visits))
        .layer(CookieLayer::new());

    let response = send(app.clone(), get_request("/")).await;
    let expected = vec!["visits=1; Path=/".to_owned()];
    assert_eq!(response, (StatusCode::OK, expected.clone(), "0".into()));

    let response = send(app, get_request_with("/", "cookie", "visits=7")).await;
    assert_eq!(response, (StatusCode::OK, expected, "7".into()));
}

#[tokio::test]
async fn jar_beside_other_extractors_and_state_shares_one_queue() {
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
    let (status, cookies, body) = send(app, request.body(Body::from("body")).unwrap()).await;
    assert_eq!((status, &*body), (StatusCode::OK, "state body 1"));
    assert_eq!(
        cookies,
        ["first=1; Path=/", "second=1; Path=/", "third=1; Path=/"]
    );
}

#[tokio::test]
async fn extractor_without_layer_is_missing_layer_with_status_500() {
    let app = Router::new().route("/", get(visits));

    let response = app.oneshot(get_request("/")).await.unwrap();
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
async fn optional_extractor_without_layer_is_none() {
    async fn handler(jar: Option<CookieJar>) -> Result<&'static str, CookieError> {
        let Some(jar) = jar else {
            return Ok("no layer");
        };
        jar.set(("a", "1"))?;
        Ok("a layer")
    }

    let app = Router::new().route("/", get(handler));
    let response = send(app.clone(), get_request("/")).await;
    assert_eq!(response, (StatusCode::OK, Vec::new(), "no layer".into()));

    let response = send(app.layer(CookieLayer::new()), get_request("/")).await;
    let expected = vec!["a=1; Path=/".to_owned()];
    assert_eq!(response, (StatusCode::OK, expected, "a layer".into()));
}

#[tokio::test]
async fn require_of_absent_cookie_is_bad_request() {
    async fn handler(jar: CookieJar) -> Result<String, CookieError> {
        jar.set(("before", "1"))?;
        Ok(jar.require("session")?.to_owned())
    }

    let app = Router::new()
        .route("/", get(handler))
        .layer(CookieLayer::new());
    let (status, cookies, body) = send(app.clone(), get_request("/")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(cookies, ["before=1; Path=/"]);
    assert!(
        body.contains(r#"cookie "session" is not in the request"#),
        "{body}"
    );

    let (status, _, body) = send(app, get_request_with("/", "cookie", "session=1")).await;
    assert_eq!((status, &*body), (StatusCode::OK, "1"));
}

/// The value of every cookie in the requests and of every cookie that is set.
const SECRET: &str = "f81d4fae";

type Handler = fn(&CookieJar) -> Result<(), CookieError>;

/// The variant of each error, the status of its response, its cookie's name, and a handler that
/// returns it. The handlers need the layer `declaring()`.
const ERRORS: &[(&str, u16, Option<&str>, Handler)] = &[
    ("MissingCookie", 400, Some("absent"), |jar| {
        jar.require("absent").map(drop)
    }),
    ("DomainMismatch", 400, Some("a"), |jar| {
        jar.set(Cookie::build(("a", SECRET)).domain("other.test"))
    }),
    ("InvalidName", 500, Some("a b"), |jar| {
        jar.set(("a b", SECRET))
    }),
    ("ReservedName", 500, Some("Path"), |jar| {
        jar.set(("Path", SECRET))
    }),
    ("ControlCharacter", 500, Some("a"), |jar| {
        jar.set(("a", format!("{SECRET}\n")))
    }),
    ("TooLong", 500, Some("a"), |jar| {
        jar.set(("a", SECRET.repeat(512)))
    }),
    ("InvalidPath", 500, Some("a"), |jar| {
        jar.set(Cookie::build(("a", SECRET)).path("app"))
    }),
    ("InvalidPath", 500, Some("a"), |jar| {
        jar.set(Cookie::build(("a", SECRET)).path("/my files"))
    }),
    ("InvalidDomain", 500, Some("a"), |jar| {
        jar.set(Cookie::build(("a", SECRET)).domain("example.test:80"))
    }),
    // The client chooses the host.
    ("InvalidDomain", 400, Some("a"), |jar| {
        jar.set(Cookie::build(("a", SECRET)).domain("test"))
    }),
    ("HostPrefixDomain", 500, Some("__Host-a"), |jar| {
        jar.set(Cookie::build(("__Host-a", SECRET)).domain("example.test"))
    }),
    ("HostPrefixPath", 500, Some("__Host-a"), |jar| {
        jar.set(Cookie::build(("__Host-a", SECRET)).path("/app"))
    }),
    ("SecureRequired", 500, Some("a"), |jar| {
        jar.set(
            Cookie::build(("a", SECRET))
                .same_site(SameSite::None)
                .secure(false),
        )
    }),
    ("HttpOnlyRequired", 500, Some("__Http-a"), |jar| {
        jar.set(Cookie::build(("__Http-a", SECRET)).http_only(false))
    }),
    ("ScopeMismatch", 500, Some("declared"), |jar| {
        jar.set(Cookie::build(("declared", SECRET)).path("/"))
    }),
    ("Downgrade", 500, Some("declared"), |jar| {
        jar.set(Cookie::build(("declared", SECRET)).secure(false))
    }),
    ("AmbiguousScope", 500, Some("a"), |jar| {
        jar.set(Cookie::build(("a", SECRET)).path("/1"))?;
        jar.set(Cookie::build(("a", SECRET)).path("/2"))?;
        jar.delete("a")
    }),
    ("Undeclared", 500, Some("a"), |_| {
        let layer = CookieLayer::new().deny_undeclared();
        layer.jar(&http::Request::new(())).set(("a", SECRET))
    }),
    ("Parse", 500, None, |jar| jar.set(Cookie::parse(SECRET)?)),
    ("MissingLayer", 500, None, |_| {
        CookieJar::from_extensions(&http::Extensions::new()).map(drop)
    }),
    ("NoResponse", 500, Some("a"), |_| {
        CookieJar::from_headers(&http::HeaderMap::new()).set(("a", SECRET))
    }),
    ("AlreadyDeclared", 500, Some("a"), |_| {
        let layer = CookieLayer::new().declare(("a", SECRET))?;
        layer.declare(("a", SECRET)).map(drop)
    }),
    ("RetireUndeclared", 500, Some("a"), |_| {
        CookieLayer::new().retire(("a", SECRET)).map(drop)
    }),
    ("RetireDeclared", 500, Some("a"), |_| {
        let layer = CookieLayer::new().declare(("a", SECRET))?;
        layer.retire(("a", SECRET)).map(drop)
    }),
    ("AlreadyRetired", 500, Some("a"), |_| {
        let previous = || Cookie::build(("a", SECRET)).path("/old");
        let layer = CookieLayer::new().declare(("a", SECRET))?;
        layer.retire(previous())?.retire(previous()).map(drop)
    }),
    ("Renamed", 500, Some("old"), |_| {
        let layer = CookieLayer::new().declare("a")?;
        let layer = layer.renamed(("old", SECRET), "a")?;
        layer.jar(&http::Request::new(())).set(("old", SECRET))
    }),
    ("RenameUndeclared", 500, Some("a"), |_| {
        CookieLayer::new().renamed(("old", SECRET), "a").map(drop)
    }),
    ("RenameConflict", 500, Some("old"), |_| {
        let mut request = http::Request::new(());
        let outer = CookieLayer::new().declare(("a", SECRET))?;
        let jar = outer.renamed(("old", SECRET), "a")?.jar(&request);
        request.extensions_mut().insert(jar);
        let inner = CookieLayer::new().declare(("old", SECRET))?;
        inner.jar(&request).delete(("old", SECRET))
    }),
    ("DeclarationConflict", 500, Some("a"), |_| {
        let mut request = http::Request::new(());
        let outer = CookieLayer::new().declare(Cookie::build("a").path("/app"))?;
        let jar = outer.jar(&request);
        request.extensions_mut().insert(jar);
        let inner = CookieLayer::new().declare("a")?;
        inner.jar(&request).set(("a", SECRET))
    }),
    ("ResponseStarted", 500, Some("a"), |_| {
        // The jar of the handler itself is open until its response is sent.
        ended_jar().set(("a", SECRET))
    }),
    ("InvalidHost", 500, None, |_| {
        let source = HostSource::Fixed("www.example.test:80".into());
        CookieLayer::new().host_from(source).map(drop)
    }),
    #[cfg(feature = "signed")]
    ("InvalidKey", 500, None, |_| {
        CookieLayer::new().secret_key("").map(drop)
    }),
    #[cfg(feature = "signed")]
    ("MissingKey", 500, Some("a"), |jar| {
        jar.signed().set(("a", SECRET))
    }),
    #[cfg(feature = "private")]
    ("MissingKey", 500, Some("b"), |jar| {
        jar.private().get("b").map(drop)
    }),
    #[cfg(feature = "signed")]
    ("BadSignature", 400, Some("a"), |_| {
        let layer = CookieLayer::new().secret_key(SECRET)?;
        let request = http::Request::builder().header("cookie", format!("a={SECRET}:1:2"));
        let jar = layer.jar(&request.body(()).unwrap());
        jar.signed().get("a").map(drop)
    }),
    #[cfg(feature = "private")]
    ("BadSignature", 400, Some("a"), |_| {
        let layer = CookieLayer::new().private_key(tower_django_cookies::cookie::Key::generate());
        let request = http::Request::builder().header("cookie", format!("a={SECRET}"));
        let jar = layer.jar(&request.body(()).unwrap());
        jar.private().get("a").map(drop)
    }),
    #[cfg(feature = "signed")]
    ("SignatureExpired", 400, Some("a"), |_| {
        let layer = CookieLayer::new().secret_key(SECRET)?;
        let jar = layer.jar(&http::Request::new(()));
        jar.signed().set(("a", SECRET))?;
        let header = format!("a={}", jar.queued()[0].value());
        let request = http::Request::builder().header("cookie", header);
        let jar = layer.jar(&request.body(()).unwrap());
        jar.signed().max_age(-Duration::SECOND).get("a").map(drop)
    }),
];

/// A layer that declares the cookie `declared` with `/app`, `Secure` and `HttpOnly`.
fn declaring() -> CookieLayer {
    CookieLayer::new()
        .declare(
            Cookie::build("declared")
                .path("/app")
                .secure(true)
                .http_only(true),
        )
        .unwrap()
}

#[tokio::test]
async fn error_responses_are_plain_text_without_values() {
    for &(variant, expected, _, handler) in ERRORS {
        let app = Router::new()
            .route("/", get(async move |jar: CookieJar| handler(&jar)))
            .layer(declaring());
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
        assert_eq!(status.as_u16(), expected, "{variant}: {body}");
        assert!(!body.contains(SECRET), "{variant}: {body}");
        assert!(body.contains("ookie"), "{variant}: {body}");
    }
}

/// Ensures that each handler of `ERRORS` returns the variant that the table names, and that
/// `CookieError::name` returns the name of its cookie.
#[test]
fn error_table_handlers_return_their_variants_and_names() {
    for &(variant, status, name, handler) in ERRORS {
        let request = http::Request::builder().header(HOST, "www.example.test");
        let error = handler(&declaring().jar(&request.body(()).unwrap())).expect_err(variant);
        let debug = format!("{error:?}");
        let shown_variant = debug.split([' ', '(']).next();
        assert_eq!(shown_variant, Some(variant), "{debug}");
        assert!(!debug.contains(SECRET), "{debug}");
        assert_eq!(error.name(), name, "{debug}");
        assert_eq!(error.status().as_u16(), status);
        assert_eq!(error.into_response().status().as_u16(), status);
    }
}

/// The client chooses the host, so a response that shows it could be used for phishing.
#[tokio::test]
async fn response_of_domain_mismatch_never_shows_host_of_request() {
    const HOST_OF_CLIENT: &str = "attacker.invalid";
    let set = |jar: CookieJar| jar.set(Cookie::build(("a", "1")).domain("example.test"));
    let delete = |jar: CookieJar| jar.delete(Cookie::build(("a", "1")).domain("example.test"));
    let x_forwarded = CookieLayer::new().host_from(HostSource::XForwardedHost);
    for layer in [CookieLayer::new(), x_forwarded.unwrap()] {
        let app = Router::new()
            .route("/set", get(async move |jar: CookieJar| set(jar)))
            .route("/delete", get(async move |jar: CookieJar| delete(jar)))
            .layer(layer);
        for path in ["/set", "/delete"] {
            for request in [
                get_request_with(path, "host", HOST_OF_CLIENT),
                get_request_with(path, "host", "Attacker.Invalid:8443"),
                get_request(&format!("https://user@{HOST_OF_CLIENT}:8443{path}")),
                Request::get(path)
                    .header("host", HOST_OF_CLIENT)
                    .header("x-forwarded-host", "ATTACKER.invalid, proxy.invalid")
                    .body(Body::empty())
                    .unwrap(),
            ] {
                let response = app.clone().oneshot(request).await.unwrap();
                let headers = format!("{:?}", response.headers()).to_lowercase();
                assert!(!headers.contains("invalid"), "{headers}");
                let (status, cookies, body) = read(response).await;
                assert_eq!((status, cookies), (StatusCode::BAD_REQUEST, Vec::new()));
                assert!(body.contains(r#"domain-match "example.test""#), "{body}");
                assert!(!body.to_lowercase().contains("attacker"), "{body}");
            }
        }
    }
}

/// For logs, the error itself keeps the host.
#[test]
fn domain_mismatch_shows_host_in_its_field_only() {
    let request = http::Request::builder().header(HOST, "attacker.invalid");
    let jar = CookieLayer::new().jar(&request.body(()).unwrap());
    let result = jar.set(Cookie::build(("a", "1")).domain("example.test"));
    let error = result.expect_err("the host does not domain-match");
    assert!(!error.to_string().contains("attacker"), "{error}");
    assert_matches!(
        error,
        CookieError::DomainMismatch { host, .. } if host == "attacker.invalid"
    );
}

#[tokio::test]
async fn cookies_set_before_error_response_or_redirect_are_sent() {
    async fn teapot(jar: CookieJar) -> Result<(), StatusCode> {
        jar.set(("a", "1")).unwrap();
        Err(StatusCode::IM_A_TEAPOT)
    }
    async fn redirect(jar: CookieJar) -> Result<Redirect, CookieError> {
        jar.set(("a", "1"))?;
        Ok(Redirect::to("/login"))
    }
    async fn invalid_name(jar: CookieJar) -> Result<(), CookieError> {
        jar.set(("a", "1"))?;
        jar.set(("a;", "2"))
    }

    let app = Router::new()
        .route("/teapot", get(teapot))
        .route("/redirect", get(redirect))
        .route("/invalid-name", get(invalid_name))
        .layer(CookieLayer::new());
    for (uri, expected) in [
        ("/teapot", StatusCode::IM_A_TEAPOT),
        ("/redirect", StatusCode::SEE_OTHER),
        ("/invalid-name", StatusCode::INTERNAL_SERVER_ERROR),
    ] {
        let response = app.clone().oneshot(get_request(uri)).await.unwrap();
        assert_eq!(response.status(), expected);
        assert_eq!(set_cookies(response.headers()), ["a=1; Path=/"]);
        let location = response.headers().get(LOCATION);
        assert_eq!(location.is_some(), uri == "/redirect");
    }
}

/// A middleware that sets a cookie before it calls the handler, and another after it.
async fn set_before_and_after(
    jar: CookieJar,
    request: Request,
    next: Next,
) -> Result<Response, CookieError> {
    jar.set(("before", "1"))?;
    let response = next.run(request).await;
    jar.set(("after", response.status().as_str()))?;
    Ok(response)
}

#[tokio::test]
async fn middleware_inside_layer_sets_cookies_before_and_after_handler() {
    let app = Router::new()
        .route("/", get(visits))
        .layer(middleware::from_fn(set_before_and_after))
        .layer(CookieLayer::new());

    let (status, cookies, _) = send(app.clone(), get_request("/")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        cookies,
        ["before=1; Path=/", "visits=1; Path=/", "after=200; Path=/"]
    );

    // The layer also wraps axum's fallback.
    let (status, cookies, _) = send(app, get_request("/nowhere")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(cookies, ["before=1; Path=/", "after=404; Path=/"]);
}

#[tokio::test]
async fn middleware_outside_layer_is_missing_layer() {
    let app = Router::new()
        .route("/", get(visits))
        .layer(CookieLayer::new())
        .layer(middleware::from_fn(set_before_and_after));

    let (status, cookies, body) = send(app, get_request("/")).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(cookies.is_empty());
    assert!(body.contains("CookieLayer is not installed"), "{body}");
}

#[tokio::test]
async fn layer_on_nested_router_applies_to_that_router_only() {
    let shop = Router::new()
        .route("/", get(visits))
        .layer(CookieLayer::new());
    let app = Router::new().route("/", get(visits)).nest("/shop", shop);

    let (status, cookies, _) = send(app.clone(), get_request("/shop")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(cookies, ["visits=1; Path=/"]);
    let (status, ..) = send(app, get_request("/")).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn layers_on_router_and_nested_router_send_each_cookie_once() {
    let declared = Cookie::build("visits").path("/shop");
    let shop = Router::new()
        .route("/", get(visits))
        .layer(CookieLayer::new().declare(declared).unwrap());
    let app = Router::new()
        .nest("/shop", shop)
        .layer(middleware::from_fn(set_before_and_after))
        .layer(CookieLayer::new());

    let (status, cookies, _) = send(app, get_request("/shop")).await;
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
async fn layer_on_method_router_applies_to_its_earlier_methods_only() {
    let app = Router::new()
        .route("/", get(visits).layer(CookieLayer::new()).post(visits))
        .route("/other", get(visits));

    let (status, cookies, _) = send(app.clone(), get_request("/")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(cookies, ["visits=1; Path=/"]);
    let post = Request::post("/").body(Body::empty()).unwrap();
    for request in [get_request("/other"), post] {
        let (status, ..) = send(app.clone(), request).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    }
}

#[tokio::test]
async fn declared_cookie_is_set_and_deleted_with_its_scope() {
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
    let request = |host: &str, uri: &str| get_request_with(uri, "host", host);

    let (_, cookies, _) = send(app.clone(), request("www.example.test", "/login")).await;
    assert!(cookies[0].starts_with("session=1; Domain=example.test; expires="));
    assert!(cookies[0].ends_with("; Max-Age=3600; Path=/app"));
    let (_, cookies, _) = send(app.clone(), request("www.example.test", "/logout")).await;
    assert_eq!(
        cookies,
        [format!(
            r#"session=""; Domain=example.test; expires={EPOCH}; Max-Age=0; Path=/app"#
        )]
    );
    // This host does not domain-match the declared Domain.
    let (status, cookies, body) = send(app, request("elsewhere.test", "/logout")).await;
    assert_eq!((status, cookies), (StatusCode::BAD_REQUEST, Vec::new()));
    assert!(body.contains(r#"domain-match "example.test""#), "{body}");
    assert!(!body.contains("elsewhere"), "{body}");
}

/// A cookie that a client made up must not turn the logout into an error.
#[tokio::test]
async fn handler_that_deletes_every_cookie_of_hostile_request_is_ok() {
    async fn logout(jar: CookieJar) -> Result<Redirect, CookieError> {
        for (name, _) in &jar {
            jar.delete(name)?;
        }
        Ok(Redirect::to("/"))
    }

    let app = Router::new()
        .route("/", get(logout))
        .layer(CookieLayer::new());
    let header = "session=1; b[c]=2; path=3; \"=4; c d=5; a,b=6";
    let (status, cookies, _) = send(app, get_request_with("/", "cookie", header)).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let expected = ["session", "b[c]", "path", "\"", "c d", "a,b"];
    assert_eq!(cookies, expected.map(|name| support::deletion(name, "/")));
}
