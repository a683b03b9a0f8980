//! What the page shows is what the answer carries.

use axum::body::Body;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, SET_COOKIE};
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::app::router;
use crate::html::Escaped;

struct Shown {
    status: StatusCode,
    set_cookie: Vec<String>,
    page: String,
}

impl Shown {
    /// The fields that the page shows are all of those that go out.
    #[track_caller]
    fn shows_fields(&self, fields: &[&str]) {
        assert_eq!(self.set_cookie, fields);
        assert_eq!(self.page.matches("<li>").count(), fields.len());
        for field in fields {
            self.shows(&format!("<li><code>{}</code></li>", Escaped(field)));
        }
    }

    #[track_caller]
    fn shows(&self, text: &str) {
        assert!(self.page.contains(text), "no {text} in {}", self.page);
    }

    /// A refusal carries no field.
    #[track_caller]
    fn refuses(&self, status: StatusCode, message: &str) {
        assert_eq!(self.status, status);
        self.shows(&format!(
            "<strong>{status}</strong> {}</p>",
            Escaped(message)
        ));
        assert!(self.set_cookie.is_empty());
    }
}

async fn ask(request: Request<Body>) -> Shown {
    let response = router().unwrap().oneshot(request).await.unwrap();
    assert!(response.headers().contains_key(CONTENT_SECURITY_POLICY));
    assert_eq!(response.headers()["cache-control"], "no-store");
    let set_cookie = response.headers().get_all(SET_COOKIE);
    Shown {
        status: response.status(),
        set_cookie: set_cookie
            .iter()
            .map(|field| String::from_utf8(field.as_bytes().to_vec()).unwrap())
            .collect(),
        page: {
            let body = response.into_body().collect().await.unwrap();
            String::from_utf8(body.to_bytes().to_vec()).unwrap()
        },
    }
}

async fn get(path: &str, cookie: &str) -> Shown {
    let request = Request::get(path).header(COOKIE, cookie);
    ask(request.body(Body::empty()).unwrap()).await
}

async fn post(path: &str, form: &'static str) -> Shown {
    let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    ask(request.body(form.into()).unwrap()).await
}

#[tokio::test]
async fn every_cookie_is_listed_and_escaped() {
    let shown = get("/", "a=1; b=<script>&'; a=2; nameless").await;
    assert_eq!(shown.status, StatusCode::OK);
    shown.shows("<td><code>1</code></td>");
    shown.shows("<td><code>2</code> <span class=\"note\">the last");
    shown.shows("no name");
    shown.shows("<td><code>&lt;script&gt;&amp;&#39;</code></td>");
    assert!(!shown.page.contains("<script"));
}

#[tokio::test]
async fn what_is_unsaid_is_djangos_default() {
    let shown = post(
        "/set",
        "name=a&value=x%3By&path=&max-age=&secure=&same-site=",
    )
    .await;
    assert_eq!(shown.status, StatusCode::OK);
    shown.shows_fields(&[r#"a="x\073y"; Path=/"#]);
}

#[tokio::test]
async fn each_attribute_can_be_said() {
    let shown = post(
        "/set",
        "name=a&value=%E2%82%AC&path=%2Fapp&domain-empty=true\
         &expires=Thu%2C+01+Jan+1970+00%3A00%3A00+GMT\
         &secure=true&http-only=true&same-site=None&partitioned=true",
    )
    .await;
    let [field] = &shown.set_cookie[..] else {
        panic!("{:?}", shown.set_cookie)
    };
    assert!(field.starts_with(r#"a="€"; expires="#), "{field}");
    assert!(
        field.ends_with("; HttpOnly; Max-Age=0; Partitioned; Path=/app; SameSite=None; Secure")
    );
    shown.shows_fields(&[field]);

    let shown = post(
        "/set",
        "name=a&path-empty=true&secure=false&partitioned=false",
    )
    .await;
    shown.shows_fields(&[r#"a="""#]);
    let shown = post("/set", "name=a&max-age=+60").await;
    assert!(shown.set_cookie[0].contains("; Max-Age=60; "));
}

#[tokio::test]
async fn what_cannot_be_read_is_told_and_sets_nothing() {
    for (form, field, message) in [
        (
            "name=a&max-age=1h",
            "max-age",
            r#"Max-Age "1h" is not a whole number of seconds: invalid digit found in string"#,
        ),
        (
            "name=a&expires=tomorrow",
            "expires",
            r#"Expires "tomorrow" is not a date; write it as in Fri, 31 Dec 2038 23:59:59 GMT"#,
        ),
        (
            "name=a&expires=Fri%2C+31+Dec+2038+23%3A59%3A59+GMT%3B+Secure",
            "expires",
            "Expires \"Fri, 31 Dec 2038 23:59:59 GMT; Secure\" is not a date; \
             write it as in Fri, 31 Dec 2038 23:59:59 GMT",
        ),
        (
            "name=a&path=%2F&path-empty=true",
            "path",
            r#"Path "/" is given, and to be left out; do one of them"#,
        ),
        (
            "name=a&secure=yes",
            "secure",
            r#""yes" is not one of the choices"#,
        ),
    ] {
        let shown = post("/set", form).await;
        shown.refuses(StatusCode::BAD_REQUEST, message);
        shown.shows(&format!(r##"<a href="#set-{field}">"##));
        assert_eq!(shown.page.matches(r#"aria-invalid="true""#).count(), 1);
    }
    let shown = post("/set", "name=a&path-empty=perhaps").await;
    assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY);
    shown.shows("id=\"error\"");
}

#[tokio::test]
async fn what_the_jar_refuses_is_told_and_typed_again() {
    let shown = post("/app/set", "name=a&value=%22%3E%3Cb%3E&path=%3Cb%3E").await;
    shown.refuses(
        StatusCode::BAD_REQUEST,
        r#"cookie "a": Path "<b>" doesn't start with `/`; write it from the root"#,
    );
    shown.shows(r#"value="&quot;&gt;&lt;b&gt;""#);
    assert!(!shown.page.contains("<b>"));
}

#[tokio::test]
async fn a_delete_names_its_scope() {
    let shown = post("/delete", "name=a&path=%2Fapp&same-site=None&secure=").await;
    shown.shows_fields(&[
        "a=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/app; SameSite=None; \
         Secure",
    ]);
}

#[tokio::test]
async fn the_session_has_one_scope_and_ends_its_twin() {
    let twin_ends =
        r#"session=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/app; SameSite=Lax"#;
    let shown = post("/login", "").await;
    shown.shows_fields(&[
        twin_ends,
        "session=f81d4fae; HttpOnly; Path=/; SameSite=Lax",
    ]);
    let shown = post("/app/logout", "").await;
    shown.shows_fields(&[
        twin_ends,
        "session=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Max-Age=0; Path=/; \
         SameSite=Lax",
    ]);
    let shown = post("/wrong-logout", "").await;
    shown.refuses(
        StatusCode::INTERNAL_SERVER_ERROR,
        "cookie \"session\": declared with host-only; Path=/, given with host-only; Path=/account; \
         leave the scope out, or declare or retire the one meant",
    );
    let shown = post("/former-login", "").await;
    shown.shows_fields(&["session=former; HttpOnly; Path=/app; SameSite=Lax"]);
}

#[tokio::test]
async fn other_sites_forms_are_refused() {
    for (site, status) in [
        ("same-origin", StatusCode::OK),
        ("none", StatusCode::OK),
        ("same-site", StatusCode::FORBIDDEN),
        ("cross-site", StatusCode::FORBIDDEN),
    ] {
        let request = Request::post("/login").header("sec-fetch-site", site);
        let shown = ask(request.body(Body::empty()).unwrap()).await;
        assert_eq!(shown.status, status, "{site}");
        assert_eq!(shown.set_cookie.is_empty(), status != StatusCode::OK);
    }
    for (origin, status) in [
        ("http://localhost:3005", StatusCode::OK),
        ("http://evil.test", StatusCode::FORBIDDEN),
        ("null", StatusCode::FORBIDDEN),
    ] {
        let request = Request::post("/login").header("host", "localhost:3005");
        let request = request.header("origin", origin).body(Body::empty());
        assert_eq!(ask(request.unwrap()).await.status, status, "{origin}");
    }
}

#[tokio::test]
async fn of_very_many_cookies_some_are_listed() {
    let cookies: Vec<_> = (0..250).map(|number| format!("c{number}=1")).collect();
    let request = Request::get("/").header(COOKIE, cookies.join("; "));
    let shown = ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!(shown.page.matches("<tr><th scope=\"row\">").count(), 200);
    shown.shows("and 50 more");
}
