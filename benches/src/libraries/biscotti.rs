//! biscotti: separate types for request and response cookies, and no layer.

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

use crate::action::{Action, DELETED, DOMAIN, MAX_AGE, MISSING, NAME, SECRET, SET_NAMES, VALUE};
use crate::handler::{Respond, layered, read, rotate};

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

/// Parses the request's cookies, and makes no response cookies.
fn reading(processor: Processor, mut handler: impl FnMut(RequestCookies<'_>) + 'static) -> Respond {
    layered(Identity::new(), move |request| {
        handler(parse(request.headers(), &processor));
        Response::new(Body::empty())
    })
}

fn parse<'h>(headers: &'h HeaderMap, processor: &Processor) -> RequestCookies<'h> {
    let headers = headers.get_all(COOKIE).into_iter();
    let headers = headers.map(|header| header.to_str().expect("ASCII"));
    RequestCookies::parse_headers(headers, processor).expect("valid cookies")
}

/// Makes response cookies, and does not parse the request.
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
    for header in cookies.header_values(processor) {
        let header = HeaderValue::try_from(header).expect("a header value");
        response.headers_mut().append(SET_COOKIE, header);
    }
    response
}

fn reading_and_writing(
    processor: Processor,
    write: impl Fn(&mut ResponseCookies<'static>) + 'static,
) -> Respond {
    layered(Identity::new(), move |request| {
        let request_cookies = parse(request.headers(), &processor);
        read(
            request_cookies
                .get(NAME)
                .expect("the request has it")
                .value(),
        );
        let mut cookies = ResponseCookies::new();
        write(&mut cookies);
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
                read(cookies.get(next()).expect("the request has it").value());
            })
        }
        Action::GetEach(names) => reading(plain(), move |cookies| {
            for name in names {
                read(cookies.get(name).expect("the request has it").value());
            }
        }),
        Action::GetMissing => reading(plain(), |cookies| assert!(cookies.get(MISSING).is_none())),
        // A handler that does not parse the cookies costs nothing. RequestCookies has no iterator.
        Action::Nothing
        | Action::GetAll
        | Action::Count
        | Action::FourTasks
        | Action::SetInOneLayer { .. }
        | Action::SetInNestedLayers { .. } => return None,
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
        Action::GetAndSet => {
            reading_and_writing(plain(), |cookies| drop(cookies.insert(at_root(NAME))))
        }
        Action::Session => reading_and_writing(signing(), |cookies| {
            cookies.insert(at_root(SET_NAMES[0]));
            cookies.insert(RemovalCookie::new(DELETED).set_path("/"));
        }),
        Action::SetSigned => writing(signing(), |cookies| drop(cookies.insert(at_root(NAME)))),
        Action::GetSigned => reading(signing(), |cookies| {
            read(cookies.get(NAME).expect("the signature is valid").value());
        }),
    })
}
