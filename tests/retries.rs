//! Retries: with the retry layer outside the cookie layer, each try has its own jar. With the retry
//! layer inside, all tries share one jar.

mod support;

use std::future::{Ready, ready};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use http::{Request, Response, StatusCode};
use support::{assert_closed, jar_of, request, set_cookies};
use tower::retry::Policy;
use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
use tower_django_cookies::{CookieJar, CookieLayer};

/// Retries after an error or a 503.
#[derive(Clone)]
struct RetryOnFailure;

impl<B: Clone, R, E> Policy<Request<B>, Response<R>, E> for RetryOnFailure {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<B>,
        result: &mut Result<Response<R>, E>,
    ) -> Option<Ready<()>> {
        let is_success = result
            .as_ref()
            .is_ok_and(|response| response.status() != StatusCode::SERVICE_UNAVAILABLE);
        (!is_success).then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request<B>) -> Option<Request<B>> {
        Some(request.clone())
    }
}

/// A handler that fails twice, first with an error, then with a 503.
#[derive(Default)]
struct Flaky {
    tries: AtomicU32,
    jars: Mutex<Vec<CookieJar>>,
}

impl Flaky {
    fn respond(&self, request: &Request<()>) -> Result<Response<()>, BoxError> {
        let number = self.tries.fetch_add(1, Ordering::Relaxed) + 1;
        let jar = jar_of(request);
        assert_eq!(jar.get("a"), Some("1"));
        jar.set((format!("try{number}"), "1"))?;
        jar.set(("last", number.to_string()))?;
        self.jars.lock().unwrap().push(jar);
        match number {
            1 => Err("broken".into()),
            2 => {
                let mut response = Response::new(());
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                Ok(response)
            }
            _ => Ok(Response::new(())),
        }
    }
}

#[tokio::test]
async fn retry_outside_layer_gives_each_try_its_own_jar() {
    let flaky = Flaky::default();
    let service = ServiceBuilder::new()
        .retry(RetryOnFailure)
        .layer(CookieLayer::new())
        .service(service_fn(|request: Request<()>| {
            for jar in &*flaky.jars.lock().unwrap() {
                assert_closed(jar);
            }
            ready(flaky.respond(&request))
        }));

    let response = service.oneshot(request("a=1")).await.unwrap();
    assert_eq!(flaky.tries.load(Ordering::Relaxed), 3);
    assert_eq!(
        set_cookies(response.headers()),
        ["try3=1; Path=/", "last=3; Path=/"]
    );
}

#[tokio::test]
async fn retry_inside_layer_shares_one_jar() {
    let flaky = Flaky::default();
    let service = ServiceBuilder::new()
        .layer(CookieLayer::new())
        .retry(RetryOnFailure)
        .service(service_fn(|request: Request<()>| {
            ready(flaky.respond(&request))
        }));

    let response = service.oneshot(request("a=1")).await.unwrap();
    assert_eq!(flaky.tries.load(Ordering::Relaxed), 3);
    assert_eq!(
        set_cookies(response.headers()),
        [
            "try1=1; Path=/",
            "last=3; Path=/",
            "try2=1; Path=/",
            "try3=1; Path=/"
        ]
    );
}
