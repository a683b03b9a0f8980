//! AWS Lambda: `lambda_http` passes the request's cookies to the layer, and the layer's `Set-Cookie` headers to the gateway,
//! with the exceptions below.
//!
//! The tests pass events as in AWS's documentation to the adapter that `lambda_http::run` runs, and check the JSON that the
//! function returns to the gateway. `lambda_http` 1.3 loses cookies in these cases:
//!
//! - Response to API Gateway with payload format 2.0, or to a function URL: a cookie with a character above U+00FF becomes an
//!   empty string. `set` escapes characters up to U+00FF, so these values are not lost. Percent-encode other values, and use
//!   `set_verbatim` and `get_percent_decoded`. Streamed responses are not affected.
//! - Response to a load balancer whose target group has no multi-value headers, or to VPC Lattice: only the first
//!   `Set-Cookie` header is sent. Enable `lambda.multi_value_headers.enabled` of the target group.
//! - Request from API Gateway with payload format 1.0: only the last of several `Cookie` headers is read. Clients may send
//!   several over HTTP/2, which a gateway to HTTP/1.1 joins (RFC 9113, section 8.2.3).
//!
//! The host is that of the `Host` header, or else the domain name of the gateway. A CDN in front of a gateway or of a
//! function URL replaces `Host`, so a layer that declares a Domain needs `HostSource::Fixed` there.

#[path = "../support/mod.rs"]
mod support;

use std::convert::Infallible;
use std::env;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use lambda_http::lambda_runtime::Context;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, LambdaEvent, Request, Response, StreamAdapter};
use serde_json::{Value, json};
use support::deletion;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, HostSource};

/// API Gateway (HTTP API), payload format 2.0. Function URLs have the same format.
fn api_gateway_v2(host: Option<&str>, cookies: &[&str]) -> Value {
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/my/path",
        "rawQueryString": "parameter1=value1",
        "cookies": cookies,
        "headers": {"accept": "*/*", "x-forwarded-proto": "https"},
        "queryStringParameters": {"parameter1": "value1"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api-id",
            "domainName": "id.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "id",
            "http": {
                "method": "GET",
                "path": "/my/path",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "agent"
            },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1_583_348_638_390_u64
        },
        "isBase64Encoded": false
    });
    if let Some(host) = host {
        event["headers"]["host"] = host.into();
    }
    event
}

/// API Gateway (REST API), payload format 1.0. `headers` has the last value of each header.
fn api_gateway_v1(host: &str, cookies: &[&str]) -> Value {
    json!({
        "resource": "/{proxy+}",
        "path": "/hello/world",
        "httpMethod": "GET",
        "headers": {
            "Cookie": cookies.last(),
            "Host": host,
            "X-Forwarded-Proto": "https"
        },
        "multiValueHeaders": {
            "Cookie": cookies,
            "Host": [host],
            "X-Forwarded-Proto": ["https"]
        },
        "queryStringParameters": null,
        "multiValueQueryStringParameters": null,
        "pathParameters": {"proxy": "hello/world"},
        "stageVariables": null,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "id",
            "domainName": "id.execute-api.us-east-1.amazonaws.com",
            "httpMethod": "GET",
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "agent"},
            "path": "/test/hello/world",
            "requestId": "id",
            "resourceId": "abc123",
            "resourcePath": "/{proxy+}",
            "stage": "test"
        },
        "body": null,
        "isBase64Encoded": false
    })
}

fn load_balancer() -> Value {
    json!({
        "requestContext": {
            "elb": {
                "targetGroupArn":
                    "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/lambda/6d0ecf831eec9f09"
            }
        },
        "httpMethod": "GET",
        "path": "/lambda",
        "queryStringParameters": {},
        "body": "",
        "isBase64Encoded": false
    })
}

/// An application load balancer whose target group has multi-value headers. The event has no `headers`.
fn load_balancer_multi_value(host: &str, cookies: &[&str]) -> Value {
    let mut event = load_balancer();
    event["multiValueHeaders"] = json!({
        "cookie": cookies,
        "host": [host],
        "x-forwarded-proto": ["https"]
    });
    event
}

/// An application load balancer whose target group has no multi-value headers, which is the default.
fn load_balancer_single_value(host: &str, cookie: &str) -> Value {
    let mut event = load_balancer();
    event["headers"] = json!({"cookie": cookie, "host": host, "x-forwarded-proto": "https"});
    event
}

fn vpc_lattice(host: &str, cookies: &[&str]) -> Value {
    json!({
        "version": "2.0",
        "path": "/",
        "method": "GET",
        "headers": {"host": [host], "cookie": cookies},
        "isBase64Encoded": false,
        "requestContext": {
            "serviceNetworkArn": "arn:aws:vpc-lattice:us-east-2:123456789012:servicenetwork/sn-0bf3f2882e9cc805a",
            "serviceArn": "arn:aws:vpc-lattice:us-east-2:123456789012:service/svc-0a40eebed65f8d69c",
            "targetGroupArn": "arn:aws:vpc-lattice:us-east-2:123456789012:targetgroup/tg-6d0ecf831eec9f09",
            "identity": {
                "sourceVpcArn": "arn:aws:ec2:us-east-2:123456789012:vpc/vpc-0b8276c84697e7339"
            },
            "region": "us-east-2",
            "timeEpoch": "1724875399456789"
        }
    })
}

fn lambda_event(event: &Value) -> LambdaEvent<LambdaRequest> {
    let request = serde_json::from_str(&event.to_string()).expect("an HTTP event");
    LambdaEvent::new(request, Context::default())
}

/// The JSON that the function returns for `event`.
async fn invoke<H>(layer: CookieLayer, event: &Value, handler: H) -> Value
where
    H: Fn(&CookieJar) -> Result<String, CookieError> + Clone + Send + Sync + 'static,
{
    let handler = async move |jar: CookieJar| handler(&jar);
    let app = Router::new().fallback(handler).layer(layer);
    let response = Adapter::from(app).oneshot(lambda_event(event)).await;
    serde_json::to_value(response.expect("a response")).expect("JSON")
}

/// Reads all cookies, sets one and deletes one.
fn visit(jar: &CookieJar) -> Result<String, CookieError> {
    jar.set(Cookie::build(("visited", "True")).secure(true))?;
    jar.delete("session")?;
    Ok(jar.iter().fold(String::new(), |all, (name, value)| {
        all + name + "=" + value + ";"
    }))
}

const VISITED: &str = "visited=True; Path=/; Secure";

fn visit_cookies() -> Value {
    json!([VISITED, deletion("session", "/")])
}

#[tokio::test]
async fn payload_2_passes_all_cookies_in_its_arrays() {
    let event = api_gateway_v2(Some("example.com"), &["theme=dark", "session=f81d4fae"]);
    let response = invoke(CookieLayer::new(), &event, visit).await;
    assert_eq!(response["body"], "theme=dark;session=f81d4fae;");
    assert_eq!(response["cookies"], visit_cookies());
    assert_eq!(response["headers"]["set-cookie"], Value::Null);
    assert_eq!(response["multiValueHeaders"], json!({}));
}

/// The event of a function URL has the cookies in `headers` too.
#[tokio::test]
async fn function_url_cookies_are_read_once() {
    let mut event = api_gateway_v2(Some("id.lambda-url.eu-west-2.on.aws"), &["a=1", "b=2"]);
    event["headers"]["cookie"] = "a=1; b=2".into();
    let response = invoke(CookieLayer::new(), &event, visit).await;
    assert_eq!(response["body"], "a=1;b=2;");
    assert_eq!(response["cookies"], visit_cookies());
}

#[tokio::test]
async fn payload_1_response_has_all_cookies_in_multi_value_headers() {
    let event = api_gateway_v1("example.com", &["theme=dark; session=f81d4fae"]);
    let response = invoke(CookieLayer::new(), &event, visit).await;
    assert_eq!(response["body"], "theme=dark;session=f81d4fae;");
    assert_eq!(response["multiValueHeaders"]["set-cookie"], visit_cookies());
    assert_eq!(response["headers"], json!({}));
}

/// `lambda_http` replaces the values of `multiValueHeaders` with the value of `headers`.
#[tokio::test]
async fn payload_1_request_with_two_cookie_headers_loses_the_first() {
    let event = api_gateway_v1("example.com", &["theme=dark", "session=f81d4fae"]);
    let response = invoke(CookieLayer::new(), &event, visit).await;
    assert_eq!(response["body"], "session=f81d4fae;");
}

#[tokio::test]
async fn load_balancer_with_multi_value_headers_passes_all_cookies() {
    let event = load_balancer_multi_value("example.com", &["theme=dark", "session=f81d4fae"]);
    let response = invoke(CookieLayer::new(), &event, visit).await;
    assert_eq!(response["body"], "theme=dark;session=f81d4fae;");
    assert_eq!(response["multiValueHeaders"]["set-cookie"], visit_cookies());
}

/// This load balancer reads only `headers` of the response, which has one value for each name.
#[tokio::test]
async fn load_balancer_without_multi_value_headers_loses_the_second_set_cookie() {
    let event = load_balancer_single_value("example.com", "theme=dark; session=f81d4fae");
    let response = invoke(CookieLayer::new(), &event, visit).await;
    assert_eq!(response["body"], "theme=dark;session=f81d4fae;");
    assert_eq!(response["statusDescription"], "200 OK");
    assert_eq!(response["headers"]["set-cookie"], VISITED);
}

#[tokio::test]
async fn vpc_lattice_loses_the_second_set_cookie() {
    let event = vpc_lattice("example.com", &["theme=dark", "session=f81d4fae"]);
    let response = invoke(CookieLayer::new(), &event, visit).await;
    assert_eq!(response["body"], "theme=dark;session=f81d4fae;");
    assert_eq!(response["headers"]["set-cookie"], VISITED);
    assert_eq!(response["multiValueHeaders"], Value::Null);
}

/// A `service_fn` instead of a router, as in the documentation of `lambda_http`.
#[tokio::test]
async fn service_function_finds_the_jar_in_the_extensions() {
    async fn handler(request: Request) -> Result<Response<String>, CookieError> {
        let jar = CookieJar::from_extensions(request.extensions())?;
        Ok(Response::new(visit(jar)?))
    }
    let service = ServiceBuilder::new()
        .layer(CookieLayer::new())
        .service_fn(handler);
    let event = api_gateway_v2(Some("example.com"), &["theme=dark"]);
    let response = Adapter::from(service).oneshot(lambda_event(&event)).await;
    let response = serde_json::to_value(response.expect("a response")).expect("JSON");
    assert_eq!(response["body"], "theme=dark;");
    assert_eq!(response["cookies"], visit_cookies());
}

#[tokio::test]
async fn streamed_response_has_all_cookies_in_its_prelude() {
    let handler = async |jar: CookieJar| {
        jar.set(("name", "Łukasz"))?;
        visit(&jar)
    };
    let app = Router::new().fallback(handler).layer(CookieLayer::new());
    let event = api_gateway_v2(Some("example.com"), &["theme=dark"]);
    let mut service = StreamAdapter::from(app);
    let response = service.call(lambda_event(&event)).await;
    let prelude = response.expect("a response").metadata_prelude;
    let deleted = deletion("session", "/");
    assert_eq!(
        prelude.cookies,
        ["name=\"Łukasz\"; Path=/", VISITED, &deleted]
    );
    assert!(!prelude.headers.contains_key("set-cookie"));
}

/// The host with which the layer compares the Domain of a cookie.
async fn host_of(layer: CookieLayer, event: &Value) -> Value {
    let response = invoke(layer, event, |jar| {
        let other = Cookie::build(("a", "1")).domain("other.test");
        match jar.set(other) {
            Err(CookieError::DomainMismatch { host, .. }) => Ok(host),
            _ => Ok("unknown".to_owned()),
        }
    });
    response.await["body"].clone()
}

#[tokio::test]
async fn host_is_the_host_header_of_each_event() {
    let host = "www.example.com";
    let events = [
        api_gateway_v2(Some(host), &[]),
        api_gateway_v1(host, &["a=1"]),
        load_balancer_multi_value(host, &["a=1"]),
        load_balancer_single_value(host, "a=1"),
        vpc_lattice(host, &["a=1"]),
    ];
    for event in &events {
        assert_eq!(host_of(CookieLayer::new(), event).await, host, "{event}");

        let session = Cookie::build("session").domain("example.com").secure(true);
        let layer = CookieLayer::new().declare(session).expect("a valid cookie");
        let response = invoke(layer, event, |jar| {
            jar.set(("session", "f81d4fae"))?;
            Ok(String::new())
        });
        let response = response.await.to_string();
        let expected = "session=f81d4fae; Domain=example.com; Path=/; Secure";
        assert!(response.contains(expected), "{response}");
    }
}

#[tokio::test]
async fn host_without_a_host_header_is_the_domain_name_of_the_gateway() {
    let event = api_gateway_v2(None, &[]);
    let host = "id.execute-api.us-east-1.amazonaws.com";
    assert_eq!(host_of(CookieLayer::new(), &event).await, host);
}

/// A CDN sends the host of its origin, unless it is configured to forward the viewer's.
#[tokio::test]
async fn host_behind_a_cdn_is_the_fixed_one() {
    let event = api_gateway_v2(Some("id.execute-api.us-east-1.amazonaws.com"), &[]);
    let host = "www.example.com";
    let layer = CookieLayer::new().host_from(HostSource::Fixed(host.to_owned()));
    assert_eq!(host_of(layer.expect("a valid host"), &event).await, host);
}

fn set_names(jar: &CookieJar) -> Result<String, CookieError> {
    jar.set(("latin", "café"))?;
    jar.set(("name", "Łukasz"))?;
    jar.set_verbatim(("encoded", "%C5%81ukasz"))?;
    Ok(String::new())
}

const LATIN: &str = r#"latin="caf\351"; Path=/"#;
const NAME: &str = "name=\"Łukasz\"; Path=/";
const ENCODED: &str = "encoded=%C5%81ukasz; Path=/";

#[tokio::test]
async fn payload_2_response_loses_a_cookie_with_characters_above_u00ff() {
    let event = api_gateway_v2(Some("example.com"), &[]);
    let response = invoke(CookieLayer::new(), &event, set_names).await;
    assert_eq!(response["cookies"], json!([LATIN, "", ENCODED]));
}

#[tokio::test]
async fn other_responses_have_cookies_with_characters_above_u00ff_in_utf_8() {
    let events = [
        api_gateway_v1("example.com", &["a=1"]),
        load_balancer_multi_value("example.com", &["a=1"]),
    ];
    for event in &events {
        let response = invoke(CookieLayer::new(), event, set_names).await;
        let expected = json!([LATIN, NAME, ENCODED]);
        assert_eq!(response["multiValueHeaders"]["set-cookie"], expected);
    }
}

#[tokio::test]
async fn requests_with_non_ascii_or_percent_encoded_cookies_are_read() {
    let cookies = "name=Łukasz; encoded=%C5%81ukasz";
    let events = [
        api_gateway_v2(Some("example.com"), &["name=Łukasz", "encoded=%C5%81ukasz"]),
        api_gateway_v1("example.com", &[cookies]),
        load_balancer_multi_value("example.com", &[cookies]),
        load_balancer_single_value("example.com", cookies),
        vpc_lattice("example.com", &[cookies]),
    ];
    for event in &events {
        let response = invoke(CookieLayer::new(), event, |jar| {
            let decoded = jar.get_percent_decoded("encoded");
            Ok(format!("{:?} {decoded:?}", jar.get("name")))
        });
        let expected = r#"Some("Łukasz") Some("Łukasz")"#;
        assert_eq!(response.await["body"], expected, "{event}");
    }
}

/// The process of a function, which is killed when the test ends.
struct Function(Child);

impl Drop for Function {
    fn drop(&mut self) {
        self.0.kill().expect("the process is our child");
        self.0.wait().expect("the process is our child");
    }
}

/// `lambda_http::run` reads its settings from the environment. So this test starts itself in a second process, which calls
/// `run`.
#[tokio::test]
async fn run_posts_the_cookies_to_the_runtime_api() {
    const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";
    if env::var_os(RUNTIME_API).is_some() {
        let handler = async |jar: CookieJar| visit(&jar);
        let app = Router::new().fallback(handler).layer(CookieLayer::new());
        return lambda_http::run(app).await.expect("no error");
    }

    // The invocations of the function, and their responses.
    let (invocations, queue) = mpsc::channel::<String>(1);
    let queue = Arc::new(Mutex::new(queue));
    let (responses, mut received) = mpsc::channel::<String>(1);
    let next = async move || {
        let Some(event) = queue.lock().await.recv().await else {
            std::future::pending::<Infallible>().await;
            unreachable!()
        };
        let headers = [
            ("lambda-runtime-aws-request-id", "8476a536"),
            ("lambda-runtime-deadline-ms", "9999999999999"),
            (
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:us-east-1:123456789012:function:f",
            ),
        ];
        (headers, event)
    };
    let respond = async move |response: String| {
        responses.send(response).await.expect("the test waits");
    };
    let invocation = "/2018-06-01/runtime/invocation";
    let api = Router::new()
        .route(&format!("{invocation}/next"), get(next))
        .route(&format!("{invocation}/8476a536/response"), post(respond));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async { axum::serve(listener, api).await });

    let test = env::current_exe().expect("the path of this test");
    let process = Command::new(test)
        .args(["--exact", "run_posts_the_cookies_to_the_runtime_api"])
        .env(RUNTIME_API, address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "f")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .stdout(Stdio::null())
        .spawn();
    let function = Function(process.expect("a process"));
    let event = api_gateway_v2(Some("example.com"), &["theme=dark", "session=f81d4fae"]);
    let sent = invocations.send(event.to_string()).await;
    sent.expect("the API runs");
    let response = timeout(Duration::from_secs(20), received.recv()).await;
    let response = response
        .expect("the function responds")
        .expect("a response");
    drop(function);
    server.abort();

    let response: Value = serde_json::from_str(&response).expect("JSON");
    assert_eq!(response["body"], "theme=dark;session=f81d4fae;");
    assert_eq!(response["cookies"], visit_cookies());
}
