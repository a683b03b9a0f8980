//! biscotti: request and response cookies apart, without a layer.

use axum_core::body::Body;
use biscotti::config::{CryptoAlgorithm, CryptoRule};
use biscotti::time::SignedDuration;
use biscotti::{
    Key, Processor, ProcessorConfig, RemovalCookie, RequestCookies, ResponseCookie,
    ResponseCookies, SameSite,
};
use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use http::{HeaderMap, Response};
use jiff::Zoned;
use tower::layer::util::Identity;

use super::{MISSING, SECRET, layered, rotate};
use crate::scenarios::{Action, DOMAIN, MAX_AGE, NAME, SET_NAMES, VALUE};
use crate::{Respond, read};

fn plain() -> Processor {
    ProcessorConfig::default().into()
}

fn signing() -> Processor {
    let mut config = ProcessorConfig::default();
    config.crypto_rules.push(CryptoRule {
        cookie_names: vec![NAME.to_owned()],
        algorithm: CryptoAlgorithm::Signing,
        key: Key::from(SECRET.as_bytes().to_vec()),
        fallbacks: vec![],
    });
    config.into()
}

/// Reading: no response cookies are made.
fn reading(processor: Processor, mut handler: impl FnMut(RequestCookies<'_>) + 'static) -> Respond {
    layered(Identity::new(), move |request| {
        handler(parse(request.headers(), &processor));
        Response::new(Body::empty())
    })
}

fn parse<'h>(headers: &'h HeaderMap, processor: &Processor) -> RequestCookies<'h> {
    let fields = headers.get_all(COOKIE).into_iter();
    let fields = fields.map(|field| field.to_str().expect("ASCII"));
    RequestCookies::parse_headers(fields, processor).expect("cookies")
}

/// Writing: the request isn't parsed.
fn writing(
    processor: Processor,
    handler: impl Fn(&mut ResponseCookies<'static>) + 'static,
) -> Respond {
    layered(Identity::new(), move |_| {
        let mut cookies = ResponseCookies::new();
        handler(&mut cookies);
        respond_with(cookies, &processor)
    })
}

fn respond_with(cookies: ResponseCookies<'_>, processor: &Processor) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    for field in cookies.header_values(processor) {
        let field = HeaderValue::try_from(field).expect("a field");
        response.headers_mut().append(SET_COOKIE, field);
    }
    response
}

fn reading_and_writing(processor: Processor) -> Respond {
    layered(Identity::new(), move |request| {
        let sent = parse(request.headers(), &processor);
        read(sent.get(NAME).expect("it was sent").value());
        let mut cookies = ResponseCookies::new();
        cookies.insert(at_root(NAME));
        respond_with(cookies, &processor)
    })
}

fn at_root(name: &'static str) -> ResponseCookie<'static> {
    ResponseCookie::new(name, VALUE).set_path("/")
}

fn session() -> ResponseCookie<'static> {
    ResponseCookie::new(NAME, VALUE)
        .set_domain(DOMAIN)
        .set_path("/app")
        .set_http_only(true)
        .set_secure(true)
        .set_same_site(SameSite::Lax)
}

pub(super) fn respond(action: Action) -> Option<Respond> {
    Some(match action {
        Action::Get(names) => {
            let mut next = rotate(names);
            reading(plain(), move |cookies| {
                read(cookies.get(next()).expect("it was sent").value());
            })
        }
        Action::GetMissing => reading(plain(), |cookies| assert!(cookies.get(MISSING).is_none())),
        // A handler that doesn't parse the cookies pays nothing; there is no way to go through all.
        Action::Nothing | Action::GetAll | Action::Count => return None,
        Action::Set => writing(plain(), |cookies| drop(cookies.insert(at_root(NAME)))),
        Action::SetAttributes => writing(plain(), |cookies| {
            let max_age = SignedDuration::from_secs(MAX_AGE.into());
            let cookie = session()
                .set_max_age(max_age)
                .set_expires(Zoned::now() + max_age);
            cookies.insert(cookie);
        }),
        Action::SetTen => writing(plain(), |cookies| {
            for name in SET_NAMES {
                cookies.insert(at_root(name));
            }
        }),
        Action::Delete => writing(plain(), |cookies| {
            cookies.insert(RemovalCookie::new(NAME).set_path("/"));
        }),
        Action::Declared => writing(plain(), |cookies| {
            cookies.insert(session());
            cookies.insert(RemovalCookie::new("theme").set_path("/app"));
        }),
        Action::GetAndSet => reading_and_writing(plain()),
        Action::SetSigned => writing(signing(), |cookies| drop(cookies.insert(at_root(NAME)))),
        Action::GetSigned => reading(signing(), |cookies| {
            read(cookies.get(NAME).expect("it was signed").value());
        }),
    })
}
