//! An estimate of the least cost of a layer: one shared allocation, a reverse scan, and one buffer for
//! each `Set-Cookie` header. It validates nothing and knows no scopes.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use axum_core::body::Body;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use http::{Request, Response};
use memchr::memrchr;
use tower::{Layer, Service};

use crate::action::{Action, DOMAIN, MAX_AGE, MISSING, NAME, NAMES, SET_NAMES, VALUE};
use crate::handler::{Respond, layered, read, rotate};

#[derive(Clone)]
struct Jar(Arc<Shared>);

struct Shared {
    first_header: Option<HeaderValue>,
    other_headers: Vec<HeaderValue>,
    queue: Mutex<Vec<HeaderValue>>,
}

impl Jar {
    fn headers(&self) -> impl DoubleEndedIterator<Item = &str> {
        let headers = self.0.first_header.iter().chain(&self.0.other_headers);
        headers.map(|header| header.to_str().expect("ASCII"))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.headers().rev().find_map(|header| {
            let mut end = header.len();
            loop {
                let start = memrchr(b';', &header.as_bytes()[..end]).map_or(0, |index| index + 1);
                let pair = header[start..end].trim_ascii_start();
                if let Some(value) = pair
                    .strip_prefix(name)
                    .and_then(|rest| rest.strip_prefix('='))
                {
                    return Some(value);
                }
                end = start.checked_sub(1)?;
            }
        })
    }

    fn push(&self, parts: &[&str]) {
        let mut text = String::with_capacity(parts.iter().map(|part| part.len()).sum());
        text.extend(parts.iter().copied());
        let header = HeaderValue::try_from(text).expect("a header value");
        self.0.queue.lock().expect("no panic").push(header);
    }
}

#[derive(Clone)]
struct FloorLayer;

struct Floor<S>(S);

impl<S> Layer<S> for FloorLayer {
    type Service = Floor<S>;

    fn layer(&self, inner: S) -> Floor<S> {
        Floor(inner)
    }
}

impl<S, B, R> Service<Request<B>> for Floor<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Unpin,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Flush<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let mut headers = request.headers().get_all(COOKIE).iter().cloned();
        let jar = Jar(Arc::new(Shared {
            first_header: headers.next(),
            other_headers: headers.collect(),
            queue: Mutex::default(),
        }));
        request.extensions_mut().insert(jar.clone());
        Flush(jar, self.0.call(request))
    }
}

struct Flush<F>(Jar, F);

impl<F, R, E> Future for Flush<F>
where
    F: Future<Output = Result<Response<R>, E>> + Unpin,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut result = ready!(Pin::new(&mut self.1).poll(cx));
        if let Ok(response) = &mut result {
            for header in self.0.0.queue.lock().expect("no panic").drain(..) {
                response.headers_mut().append(SET_COOKIE, header);
            }
        }
        Poll::Ready(result)
    }
}

fn with_jar(mut handler: impl FnMut(&Jar) + 'static) -> Respond {
    layered(FloorLayer, move |request| {
        handler(request.extensions().get().expect("the layer inserts it"));
        Response::new(Body::empty())
    })
}

pub(super) fn respond(action: Action) -> Option<Respond> {
    let set = |jar: &Jar, name| jar.push(&[name, "=", VALUE, "; Path=/"]);
    Some(match action {
        Action::Nothing => layered(FloorLayer, |_| Response::new(Body::empty())),
        Action::Get(names) => {
            let mut next = rotate(names);
            with_jar(move |jar| read(jar.get(next()).expect("the request has it")))
        }
        Action::GetMissing => with_jar(|jar| assert!(jar.get(MISSING).is_none())),
        Action::GetEach(names) => layered(FloorLayer, move |request| {
            for name in names {
                let jar: &Jar = request.extensions().get().expect("the layer inserts it");
                read(jar.get(name).expect("the request has it"));
            }
            Response::new(Body::empty())
        }),
        Action::GetAll => with_jar(|jar| {
            for pair in jar.headers().flat_map(|header| header.split(';')) {
                if let Some((name, value)) = pair.trim_ascii().split_once('=') {
                    read(name);
                    read(value);
                }
            }
        }),
        Action::Set => with_jar(move |jar| set(jar, NAME)),
        Action::SetAttributes => with_jar(|jar| {
            let expires = SystemTime::now() + Duration::from_secs(MAX_AGE.into());
            let expires = httpdate::fmt_http_date(expires);
            let attributes = "; HttpOnly; Max-Age=1209600; Path=/app; SameSite=Lax; Secure";
            jar.push(&[
                NAME,
                "=",
                VALUE,
                "; Domain=",
                DOMAIN,
                "; expires=",
                &expires,
                attributes,
            ]);
        }),
        Action::SetTen => with_jar(move |jar| SET_NAMES.iter().for_each(|name| set(jar, name))),
        Action::FourTasks => with_jar(move |jar| {
            let tasks = [(); 4].map(|()| jar.clone());
            for ((jar, name), set_name) in tasks.into_iter().zip(NAMES).zip(SET_NAMES) {
                read(jar.get(name).expect("the request has it"));
                set(&jar, set_name);
            }
        }),
        Action::Delete => with_jar(|jar| jar.push(&[NAME, "=\"\"", EXPIRED, "; Path=/"])),
        Action::Declared => with_jar(|jar| {
            let attributes = "; HttpOnly; Path=/app; SameSite=Lax; Secure";
            jar.push(&[NAME, "=", VALUE, "; Domain=", DOMAIN, attributes]);
            jar.push(&["theme=\"\"", EXPIRED, "; Path=/app"]);
        }),
        Action::GetAndSet => with_jar(move |jar| {
            read(jar.get(NAME).expect("the request has it"));
            set(jar, NAME);
        }),
        Action::Count
        | Action::SetInOneLayer { .. }
        | Action::SetInNestedLayers { .. }
        | Action::SetSigned
        | Action::GetSigned
        | Action::Session => return None,
    })
}

const EXPIRED: &str = "; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0";
