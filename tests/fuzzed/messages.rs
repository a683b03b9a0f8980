//! Reading arbitrary messages and CSRF tokens never panics, and the ones that the crate writes are
//! read back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tower_django_cookies::signing::{SecretKey, TimestampSigner};
use tower_django_cookies::{CookieError, CookieJar, CookieLayer, MessageLevel};

use super::unstructured::Unstructured;
use crate::support::request;

/// Parts of messages as JSON.
const PIECES: &[&str] = &[
    "[",
    "]",
    ",",
    "[\"__json_message\",0,20,\"hello\",\"\"]",
    "[\"__json_message\",1,25,\"\\ud800\",null]",
    "\"__messagesnotfinished__\"",
    "\"__json_message\"",
    "[\"__json_message\",0,20,",
    "\"text\"",
    "20",
    "1",
    "NaN",
    "{}",
    "null",
    "\\",
    "\"",
    " ",
    "99999999999999999999",
    "-5",
    "\"é\"",
];

pub(crate) fn check(bytes: &[u8]) {
    let mut u = Unstructured(bytes);
    let json = match u.below(3) {
        0 => u.0.iter().copied().map(char::from).collect(),
        1 => (0..u.below(30)).map(|_| u.choose(PIECES)).collect(),
        _ => {
            let items: Vec<_> = (0..u.below(12)).map(|_| u.choose(&PIECES[3..])).collect();
            format!("[{}]", items.join(","))
        }
    };
    let latin1 = json
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'));
    let signer =
        TimestampSigner::new(SecretKey::try_from("django.http.cookieskey").expect("a key"));
    let signed = signer
        .salt("django.contrib.messages")
        .sign(&URL_SAFE_NO_PAD.encode(latin1.collect::<Vec<_>>()));
    let added: Vec<_> = (0..u.below(4)).map(|_| u.text()).collect();
    let level = MessageLevel::new(u.integer());

    let jar = jar(&format!("messages={signed}"));
    let received = jar.messages().take().expect("a key");
    let jar = self::jar(&format!("messages={signed}"));
    let mut texts: Vec<_> = received
        .iter()
        .map(|message| message.text().to_owned())
        .collect();
    for text in added {
        match jar.messages().add(level, &text) {
            Ok(()) if text.is_empty() => {}
            Ok(()) => texts.push(text),
            Err(CookieError::MessagesTooLong { len, .. }) => assert!(len > 2048),
            Err(error) => panic!("{error}"),
        }
    }
    if let [cookie] = &*jar.queued() {
        let next = self::jar(&format!("messages={}", cookie.value()));
        let taken = next.messages().take().expect("a key");
        let taken: Vec<_> = taken
            .iter()
            .map(|message| message.text().to_owned())
            .collect();
        assert_eq!(taken, texts);
    }
    let taken = jar.messages().take().expect("a key");
    assert_eq!(taken.len(), texts.len());
    check_tokens(&u.text(), &json);
}

fn check_tokens(cookie: &str, given: &str) {
    let cookie = cookie.replace(|c: char| c.is_ascii_control() || c == ';', "");
    let jar = jar(&format!("csrftoken={cookie}"));
    let is_secret = cookie.len() == 32 && cookie.bytes().all(|byte| byte.is_ascii_alphanumeric());
    assert_eq!(
        jar.csrf().verify(&cookie),
        is_secret || cookie.len() == 64 && jar.csrf().verify(&cookie)
    );
    if jar.csrf().verify(given) {
        assert!(matches!(given.len(), 32 | 64));
    }
    let token = jar.csrf().token().expect("random bytes");
    let secret = jar.queued()[0].value().to_owned();
    assert!(
        self::jar(&format!("csrftoken={secret}"))
            .csrf()
            .verify(&token)
    );
    assert_eq!(is_secret, secret == cookie);
}

fn jar(cookies: &str) -> CookieJar {
    let layer = CookieLayer::new().secret_key("key").expect("a key");
    layer.jar(&request(cookies))
}
