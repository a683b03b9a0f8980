//! The least that a layer can do: one shared allocation, a reverse scan, one rendered buffer. It
//! checks nothing, knows no scopes, and writes what it is told.

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

use super::{MISSING, layered, rotate};
use crate::scenarios::{Action, DOMAIN, MAX_AGE, NAME, SET_NAMES, VALUE};
use crate::{Respond, read};

#[derive(Clone)]
struct Jar(Arc<Shared>);

struct Shared {
    field: Option<HeaderValue>,
    rest: Vec<HeaderValue>,
    queue: Mutex<Vec<HeaderValue>>,
}

impl Jar {
    fn fields(&self) -> impl DoubleEndedIterator<Item = &str> {
        let fields = self.0.field.iter().chain(&self.0.rest);
        fields.map(|field| field.to_str().expect("ASCII"))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.fields().rev().find_map(|field| {
            let mut end = field.len();
            loop {
                let start = memrchr(b';', &field.as_bytes()[..end]).map_or(0, |place| place + 1);
                let pair = field[start..end].trim_ascii_start();
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
        let field = HeaderValue::try_from(text).expect("a field");
        self.0.queue.lock().expect("no panic").push(field);
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
        let mut fields = request.headers().get_all(COOKIE).iter().cloned();
        let jar = Jar(Arc::new(Shared {
            field: fields.next(),
            rest: fields.collect(),
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
            for field in self.0.0.queue.lock().expect("no panic").drain(..) {
                response.headers_mut().append(SET_COOKIE, field);
            }
        }
        Poll::Ready(result)
    }
}

fn within(mut handler: impl FnMut(&Jar) + 'static) -> Respond {
    layered(FloorLayer, move |request| {
        handler(request.extensions().get().expect("the layer's"));
        Response::new(Body::empty())
    })
}

pub(super) fn respond(action: Action) -> Option<Respond> {
    let set = |jar: &Jar, name| jar.push(&[name, "=", VALUE, "; Path=/"]);
    Some(match action {
        Action::Nothing => layered(FloorLayer, |_| Response::new(Body::empty())),
        Action::Get(names) => {
            let mut next = rotate(names);
            within(move |jar| read(jar.get(next()).expect("it was sent")))
        }
        Action::GetMissing => within(|jar| assert!(jar.get(MISSING).is_none())),
        Action::GetAll => within(|jar| {
            for pair in jar.fields().flat_map(|field| field.split(';')) {
                if let Some((name, value)) = pair.trim_ascii().split_once('=') {
                    read(name);
                    read(value);
                }
            }
        }),
        Action::Set => within(move |jar| set(jar, NAME)),
        Action::SetAttributes => within(|jar| {
            let expires = SystemTime::now() + Duration::from_secs(MAX_AGE.into());
            let expires = httpdate::fmt_http_date(expires);
            let rest = "; HttpOnly; Max-Age=1209600; Path=/app; SameSite=Lax; Secure";
            jar.push(&[
                NAME,
                "=",
                VALUE,
                "; Domain=",
                DOMAIN,
                "; expires=",
                &expires,
                rest,
            ]);
        }),
        Action::SetTen => within(move |jar| SET_NAMES.iter().for_each(|name| set(jar, name))),
        Action::Delete => within(|jar| jar.push(&[NAME, "=\"\"", END, "; Path=/"])),
        Action::Declared => within(|jar| {
            let rest = "; HttpOnly; Path=/app; SameSite=Lax; Secure";
            jar.push(&[NAME, "=", VALUE, "; Domain=", DOMAIN, rest]);
            jar.push(&["theme=\"\"", END, "; Path=/app"]);
        }),
        Action::GetAndSet => within(move |jar| {
            read(jar.get(NAME).expect("it was sent"));
            set(jar, NAME);
        }),
        Action::Count | Action::SetSigned | Action::GetSigned => return None,
    })
}

const END: &str = "; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0";
