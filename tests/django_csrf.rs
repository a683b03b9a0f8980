//! The crate creates and verifies Django's CSRF tokens. `tests/django/vectors.py` creates the
//! vectors with real Django.
#![cfg(feature = "csrf")]

mod support;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use support::{assert_matches, ended_jar, request, response_cookies};
use tower_django_cookies::time::Duration;
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, SameSite};

const SECRET: &str = "abcdefghijklmnopqrstuvwxyzABCDEF";

/// The cases of one kind.
fn vectors<T: DeserializeOwned>(kind: &str) -> Vec<T> {
    let mut vectors: Value =
        serde_json::from_str(include_str!("django/csrf.json")).expect("csrf.json is well-formed");
    let cases: Vec<T> = serde_json::from_value(vectors[kind].take()).expect("cases of the kind");
    assert!(!cases.is_empty(), "{kind}");
    cases
}

fn jar_with(secret: &str) -> CookieJar {
    CookieLayer::new().jar(&request(format!("csrftoken={secret}")))
}

fn jar() -> CookieJar {
    CookieLayer::new().jar(&http::Request::new(()))
}

#[derive(Deserialize)]
struct Differs {
    accepted: bool,
    set: Option<String>,
}

#[test]
fn token_of_django_matches_only_its_own_secret() {
    #[derive(Deserialize)]
    struct Vector {
        token: String,
        secret: String,
    }
    let cases = vectors::<Vector>("tokens");
    for Vector { token, secret } in &cases {
        assert!(jar_with(secret).csrf().verify(token), "{token}");
        for other in cases.iter().filter(|other| other.secret != *secret) {
            assert!(!jar_with(&other.secret).csrf().verify(token), "{token}");
        }
    }
}

#[test]
fn posts_are_accepted_and_secrets_are_set_as_in_django() {
    #[derive(Deserialize)]
    struct Vector {
        case: String,
        cookies: Vec<String>,
        given: String,
        accepted: bool,
        set: Option<String>,
        differs: Option<Differs>,
    }
    for case in vectors::<Vector>("verify") {
        let cookies: Vec<_> = case
            .cookies
            .iter()
            .map(|value| format!("csrftoken={value}"))
            .collect();
        let jar = CookieLayer::new().jar(&request(cookies.join("; ")));
        let expected = case.differs.unwrap_or(Differs {
            accepted: case.accepted,
            set: case.set,
        });
        let is_accepted = jar.csrf().verify(&case.given);
        assert_eq!(is_accepted, expected.accepted, "{}", case.case);

        let token = jar.csrf().token().unwrap();
        let queued = jar.queued();
        let set = queued[0].value();
        match expected.set {
            Some(secret) => assert_eq!(set, secret, "{}", case.case),
            None => assert!(
                !case.cookies.iter().any(|value| value == set),
                "{}",
                case.case
            ),
        }
        assert_eq!(set.len(), 32);
        assert!(jar_with(set).csrf().verify(&token), "{}", case.case);
    }
}

#[test]
fn csrf_cookie_has_the_same_attributes_as_in_django() {
    #[derive(Deserialize)]
    struct Vector {
        case: String,
        settings: Settings,
        attributes: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "UPPERCASE")]
    struct Settings {
        #[serde(default = "fifty_two_weeks")]
        age: Option<i64>,
        domain: Option<String>,
        path: Option<String>,
        secure: Option<bool>,
        httponly: Option<bool>,
        #[serde(default = "lax")]
        samesite: Option<String>,
    }
    #[allow(clippy::unnecessary_wraps, reason = "null is another value")]
    fn fifty_two_weeks() -> Option<i64> {
        Some(31_449_600)
    }
    #[allow(clippy::unnecessary_wraps, reason = "null is another value")]
    fn lax() -> Option<String> {
        Some("Lax".to_owned())
    }
    for Vector {
        case,
        settings,
        attributes,
    } in vectors("set_cookie")
    {
        let mut declared = Cookie::new("csrftoken", "");
        if let Some(domain) = settings.domain {
            declared.set_domain(domain);
        }
        if let Some(path) = settings.path {
            declared.set_path(path);
        }
        declared.set_max_age(settings.age.map(Duration::seconds));
        declared.set_secure(settings.secure);
        declared.set_http_only(settings.httponly);
        declared.set_same_site(settings.samesite.map(|same_site| match &*same_site {
            "Lax" => SameSite::Lax,
            _ => SameSite::Strict,
        }));
        let undeclared = (case == "defaults").then(CookieLayer::new);
        let layers = [
            Some(CookieLayer::new().declare(declared).unwrap()),
            undeclared,
        ];
        for layer in layers.into_iter().flatten() {
            let headers = response_cookies(&layer, |jar| drop(jar.csrf().token().unwrap()));
            let parts: Vec<_> = headers[0].split("; ").skip(1).collect();
            let parts: Vec<_> = parts
                .into_iter()
                .filter(|part| !part.starts_with("expires="))
                .collect();
            assert_eq!(parts.join("; "), attributes, "{case}");
        }
    }
}

#[cfg(feature = "sessions")]
#[test]
fn csrf_secret_in_session_matches_django() {
    #[derive(Deserialize)]
    struct Vector {
        case: String,
        session: Option<String>,
        given: String,
        accepted: bool,
        set: Option<String>,
        differs: Option<Differs>,
    }
    for case in vectors::<Vector>("session") {
        let mut session = tower_django_cookies::Session::new();
        if let Some(secret) = &case.session {
            session.insert("_csrftoken", secret).unwrap();
        }
        let expected = case.differs.unwrap_or(Differs {
            accepted: case.accepted,
            set: case.set,
        });
        assert_eq!(
            session.verify_csrf(&case.given),
            expected.accepted,
            "{}",
            case.case
        );
        let token = session.csrf_token().unwrap();
        let stored: String = session.get("_csrftoken").unwrap().unwrap();
        match expected.set {
            Some(secret) => assert_eq!(stored, secret, "{}", case.case),
            None => assert_eq!(stored.len(), 32, "{}", case.case),
        }
        assert!(session.verify_csrf(&token) && session.verify_csrf(&stored));
        session.rotate_csrf().unwrap();
        assert!(!session.verify_csrf(&token) && !session.verify_csrf(&stored));
    }
}

#[test]
fn tokens_of_one_response_share_one_secret() {
    let jar = jar();
    let tokens: Vec<_> = (0..20)
        .map(|_| jar.clone().csrf().token().unwrap())
        .collect();
    let queued = jar.queued();
    assert_eq!(queued.len(), 1);
    let next = jar_with(queued[0].value());
    assert!(tokens.iter().all(|token| next.csrf().verify(token)));
    let different: std::collections::HashSet<_> = tokens.iter().collect();
    assert_eq!(different.len(), 20);
    // The request has no cookie with the secret, so no token is valid in this request.
    assert!(!jar.csrf().verify(&tokens[0]));
}

#[test]
fn tokens_of_nested_layers_share_one_secret() {
    use tower::{Layer, Service, service_fn};

    let tokens = std::sync::Mutex::new(Vec::new());
    let add = |jar: &CookieJar| tokens.lock().unwrap().push(jar.csrf().token().unwrap());
    let inner = CookieLayer::new().declare(Cookie::build("other")).unwrap();
    let headers = response_cookies(&CookieLayer::new(), |jar| {
        add(jar);
        let mut request = http::Request::new(());
        request.extensions_mut().insert(jar.clone());
        let mut service = inner.layer(service_fn(|request: http::Request<()>| {
            add(&support::jar_of(&request));
            std::future::ready(Ok::<_, std::convert::Infallible>(http::Response::new(())))
        }));
        drop(support::ready_output(service.call(request)));
    });
    assert_eq!(headers.len(), 1);
    let secret = headers[0].split([';', '=']).nth(1).unwrap();
    let tokens = tokens.into_inner().unwrap();
    assert_eq!(tokens.len(), 2);
    assert!(
        tokens
            .iter()
            .all(|token| jar_with(secret).csrf().verify(token))
    );
}

#[test]
fn tokens_of_threads_share_one_secret() {
    for _ in 0..100 {
        let jar = jar();
        let tokens: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| jar.csrf().token().unwrap()))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let queued = jar.queued();
        let next = jar_with(queued[0].value());
        assert!(tokens.iter().all(|token| next.csrf().verify(token)));
    }
}

#[test]
fn rotate_replaces_the_secret_in_the_response_only() {
    let jar = jar_with(SECRET);
    let before = jar.csrf().token().unwrap();
    assert_eq!(jar.queued()[0].value(), SECRET);
    jar.csrf().rotate().unwrap();
    let after = jar.csrf().token().unwrap();
    let queued = jar.queued();
    let next = jar_with(queued[0].value());
    assert_eq!(queued.len(), 1);
    assert!(next.csrf().verify(&after) && !next.csrf().verify(&before));
    assert!(jar.csrf().verify(&before) && !jar.csrf().verify(&after));
}

#[test]
fn cookies_of_other_names_have_their_own_secrets() {
    let jar = jar_with(SECRET);
    let token = jar.csrf().cookie_name("other").token().unwrap();
    let queued = jar.queued();
    assert_eq!(queued[0].name(), "other");
    assert!(!jar.csrf().verify(&token));
    assert!(!jar.csrf().cookie_name("other").verify(SECRET));
}

#[test]
fn at_most_eight_cookies_are_read() {
    let cookies = |count: usize| format!("csrftoken={SECRET}") + &"; csrftoken=stray".repeat(count);
    for (count, is_found) in [(0, true), (7, true), (8, false)] {
        let jar = CookieLayer::new().jar(&request(cookies(count)));
        assert_eq!(jar.csrf().verify(SECRET), is_found, "{count}");
    }
}

#[test]
fn csrf_token_with_one_changed_character_is_refused() {
    let jar = jar_with(SECRET);
    for good in [SECRET.to_owned(), jar.csrf().token().unwrap()] {
        assert!(jar.csrf().verify(&good));
        for place in 0..good.len() {
            assert!(!jar.csrf().verify(&good[..place]));
            let mut swapped = good.clone().into_bytes();
            swapped.swap(place, (place + 1) % good.len());
            let swapped = String::from_utf8(swapped).unwrap();
            assert_eq!(jar.csrf().verify(&swapped), swapped == good, "{swapped}");
            assert!(!jar.csrf().verify(&good[place + 1..]));
            for c in (0..0x7f_u8).map(char::from).chain(['é', '€']) {
                let mut forged = good.clone();
                forged.replace_range(place..=place, &c.to_string());
                assert_eq!(jar.csrf().verify(&forged), forged == good, "{forged:?}");
            }
        }
        assert!(!jar.csrf().verify(&good.chars().rev().collect::<String>()));
    }
}

#[test]
fn token_that_cannot_set_its_cookie_is_error() {
    let denying = CookieLayer::new().deny_undeclared();
    let jar = denying.jar(&http::Request::new(()));
    assert_matches!(jar.csrf().token(), Err(CookieError::Undeclared { .. }));
    assert_matches!(jar.csrf().rotate(), Err(CookieError::Undeclared { .. }));
    let jar = CookieJar::from_headers(request(format!("csrftoken={SECRET}")).headers());
    assert_matches!(jar.csrf().token(), Err(CookieError::NoResponse { .. }));
    assert!(jar.csrf().verify(SECRET));
    let jar = ended_jar();
    assert_matches!(jar.csrf().token(), Err(CookieError::ResponseStarted { .. }));
}

#[test]
fn debug_shows_no_secret() {
    let jar = jar_with(SECRET);
    jar.csrf().token().unwrap();
    let debug = format!("{:?}", jar.csrf());
    assert!(
        debug.contains("csrftoken") && !debug.contains(SECRET),
        "{debug}"
    );
}

/// The cookie with the new secret was not set, so the browser still has the previous secret.
#[test]
fn rotate_that_fails_keeps_the_secret() {
    let cookie = Cookie::build("csrftoken").domain("example.com");
    let layer = CookieLayer::new().declare(cookie).unwrap();
    let mut request = request(format!("csrftoken={SECRET}"));
    request
        .headers_mut()
        .insert("host", "other.test".parse().unwrap());
    let jar = layer.jar(&request);
    assert_matches!(
        jar.csrf().rotate(),
        Err(CookieError::DomainMismatch { name, .. }) if name == "csrftoken"
    );

    let mut nested = http::Request::new(());
    nested
        .headers_mut()
        .insert("host", "www.example.com".parse().unwrap());
    nested.extensions_mut().insert(jar.clone());
    let inner = CookieLayer::new().vary_on_cookie().jar(&nested);
    let token = inner.csrf().token().unwrap();
    assert_eq!(jar.queued()[0].value(), SECRET);
    assert!(jar.csrf().verify(&token));
}

#[test]
fn cookies_of_two_names_get_two_secrets_in_one_response() {
    let jar = jar();
    let token = jar.csrf().token().unwrap();
    let other = jar.csrf().cookie_name("other").token().unwrap();
    let queued = jar.queued();
    assert_eq!(queued.len(), 2);
    assert_ne!(queued[0].value(), queued[1].value());
    assert!(jar_with(queued[0].value()).csrf().verify(&token));
    assert!(jar_with(queued[1].value()).csrf().verify(&other));
}

#[test]
fn secrets_and_masks_have_all_characters_with_the_same_probability() {
    let jar = jar();
    let csrf = jar.csrf();
    let mut masks = String::new();
    let mut secrets = String::new();
    for _ in 0..5_000 {
        csrf.rotate().unwrap();
        let token = csrf.token().unwrap();
        masks.push_str(&token[..32]);
        secrets.push_str(jar.queued()[0].value());
    }
    for text in [masks, secrets] {
        let mut counts = std::collections::BTreeMap::new();
        for c in text.chars() {
            *counts.entry(c).or_insert(0_u32) += 1;
        }
        // The mean is 2581, with a standard deviation of 50. A byte modulo 62 would
        // give 3125 for some characters.
        assert_eq!(counts.len(), 62);
        assert!(
            counts.values().all(|count| (2230..2930).contains(count)),
            "{counts:?}"
        );
    }
}

/// Django's `_set_csrf_cookie` writes the secret only if it differs from the stored one.
#[cfg(feature = "sessions")]
#[test]
fn token_of_a_stored_secret_does_not_modify_the_session() {
    let layer = CookieLayer::new().secret_key("key").unwrap();
    let sessions = layer.jar(&http::Request::new(())).sessions();
    let stored = |value: &str| {
        let mut session = tower_django_cookies::Session::new();
        session.insert("_csrftoken", value).unwrap();
        let mut session = sessions.decode(sessions.encode(&session).unwrap()).unwrap();
        let token = session.csrf_token().unwrap();
        assert!(session.verify_csrf(&token));
        session.is_modified()
    };
    assert!(!stored(SECRET));
    // A token that an old Django stored is replaced by its secret.
    let token = jar_with(SECRET).csrf().token().unwrap();
    assert!(stored(&token));
}
