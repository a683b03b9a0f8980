//! Tests that the page shows the headers that the response has.

use axum::body::Body;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, SET_COOKIE};
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::app::router;
use crate::html::Escaped;

struct PageResponse {
    status: StatusCode,
    set_cookie: Vec<String>,
    page: String,
}

impl PageResponse {
    /// Asserts that the response has exactly these `Set-Cookie` headers and the page lists them.
    #[track_caller]
    fn assert_set_cookie(&self, expected: &[&str]) {
        assert_eq!(self.set_cookie, expected);
        assert_eq!(self.page.matches("<li>").count(), expected.len());
        for value in expected {
            self.assert_contains(&format!("<li><code>{}</code></li>", Escaped(value)));
        }
    }

    #[track_caller]
    fn assert_contains(&self, text: &str) {
        assert!(
            self.page.contains(text),
            "{text:?} is missing from the page:\n{}",
            self.page
        );
    }

    /// Asserts that the hint of this field contains the text.
    #[track_caller]
    fn assert_hint(&self, form: &str, field: &str, text: &str) {
        let start = format!(r#"id="{form}-{field}-hint">"#);
        let (_, hint) = self.page.split_once(&start).expect("the field has a hint");
        let (hint, _) = hint.split_once("</p>").expect("the hint is a paragraph");
        assert!(hint.contains(text), "{text:?} is missing from {hint:?}");
    }

    /// Asserts that the page shows this error, and that the response has no `Set-Cookie` header.
    #[track_caller]
    fn assert_error(&self, status: StatusCode, message: &str) {
        assert_eq!(self.status, status);
        self.assert_contains(&format!(
            "<strong>{status}</strong> {}</p>",
            Escaped(message)
        ));
        assert!(self.set_cookie.is_empty());
    }
}

async fn send(request: Request<Body>) -> PageResponse {
    let response = router().unwrap().oneshot(request).await.unwrap();
    assert!(response.headers().contains_key(CONTENT_SECURITY_POLICY));
    assert_eq!(response.headers()["cache-control"], "no-store");
    let set_cookie = response.headers().get_all(SET_COOKIE);
    PageResponse {
        status: response.status(),
        set_cookie: set_cookie
            .iter()
            .map(|value| String::from_utf8(value.as_bytes().to_vec()).unwrap())
            .collect(),
        page: {
            let body = response.into_body().collect().await.unwrap();
            String::from_utf8(body.to_bytes().to_vec()).unwrap()
        },
    }
}

async fn get(path: &str, cookie: &str) -> PageResponse {
    let request = Request::get(path).header(COOKIE, cookie);
    send(request.body(Body::empty()).unwrap()).await
}

async fn post(path: &str, form: impl Into<Body>) -> PageResponse {
    let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(request.body(form.into()).unwrap()).await
}

#[tokio::test]
async fn request_cookies_are_listed_and_escaped() {
    let response = get("/", "a=1; b=<script>&'; a=2; nameless").await;
    assert_eq!(response.status, StatusCode::OK);
    response.assert_contains("<td><code>1</code></td>");
    response
        .assert_contains("<td><code>2</code> <span class=\"note\"><code>jar.get</code> returns");
    response.assert_contains("no name");
    response.assert_contains("<td><code>&lt;script&gt;&amp;&#39;</code></td>");
    assert!(!response.page.contains("<script"));
}

#[tokio::test]
async fn set_with_empty_fields_uses_defaults() {
    let response = post(
        "/set",
        "name=a&value=x%3By&path=&max-age=&secure=&same-site=",
    )
    .await;
    assert_eq!(response.status, StatusCode::OK);
    response.assert_set_cookie(&[r#"a="x\073y"; Path=/"#]);
}

/// A field, a part of its hint, a form in which the field is empty, and the header.
const EMPTY_FIELDS: [(&str, &str, &str, &str); 12] = [
    (
        "value",
        "written as <code>\"\"</code>",
        "name=a",
        r#"a=""; Path=/"#,
    ),
    (
        "path",
        "Empty: <code>Path=/</code>",
        "name=a&value=1&path=",
        "a=1; Path=/",
    ),
    (
        "path-empty",
        "the directory of this page",
        "name=a&value=1&path-empty=true",
        "a=1",
    ),
    (
        "domain",
        "Empty: this host only",
        "name=a&value=1&domain=",
        "a=1; Path=/",
    ),
    (
        "partitioned",
        "no <code>Partitioned</code>",
        "name=a&value=1&partitioned=",
        "a=1; Path=/",
    ),
    (
        "secure",
        "Not set: also sent over HTTP",
        "name=a&value=1&secure=",
        "a=1; Path=/",
    ),
    (
        "secure",
        "with <code>SameSite=None</code>",
        "name=a&value=1&same-site=None",
        "a=1; Path=/; SameSite=None; Secure",
    ),
    (
        "secure",
        "with <code>Partitioned</code>",
        "name=a&value=1&partitioned=true",
        "a=1; Partitioned; Path=/; Secure",
    ),
    (
        "secure",
        "such as <code>__Host-</code>",
        "name=__Host-a&value=1",
        "__Host-a=1; Path=/; Secure",
    ),
    (
        "http-only",
        "scripts can read",
        "name=a&value=1&http-only=",
        "a=1; Path=/",
    ),
    (
        "http-only",
        "start with <code>__Http-</code>",
        "name=__Http-a&value=1",
        "__Http-a=1; HttpOnly; Path=/; Secure",
    ),
    (
        "same-site",
        "the browser decides",
        "name=a&value=1&same-site=",
        "a=1; Path=/",
    ),
];

#[tokio::test]
async fn empty_fields_have_the_effect_that_their_hints_describe() {
    for (field, hint, form, header) in EMPTY_FIELDS {
        let response = post("/set", form).await;
        response.assert_hint("set", field, hint);
        response.assert_set_cookie(&[header]);
    }
    // The declared cookie.
    for (field, hint) in [
        (
            "http-only",
            "For <code>session</code>: <code>HttpOnly</code>, as declared",
        ),
        (
            "same-site",
            "For <code>session</code>: <code>SameSite=Lax</code>, as declared",
        ),
    ] {
        let response = post("/set", "name=session&value=1&http-only=&same-site=").await;
        response.assert_hint("set", field, hint);
        assert_eq!(
            response.set_cookie[1],
            "session=1; HttpOnly; Path=/; SameSite=Lax"
        );
    }
    for form in ["set", "delete"] {
        let response = post(&format!("/{form}"), "name=").await;
        assert_eq!(response.status, StatusCode::BAD_REQUEST);
        response.assert_hint(form, "name", "Empty: an error.");
        response.assert_contains(&format!("<a class=\"target\" href=\"#{form}-name\">"));
    }
}

#[tokio::test]
async fn lifetime_is_calculated_from_the_other_field() {
    let response = post("/set", "name=a&max-age=0&expires=").await;
    response.assert_hint("set", "expires", "Empty: calculated from Max-Age.");
    assert!(response.set_cookie[0].contains("; expires="));

    let date = "Fri%2C+31+Dec+2038+23%3A59%3A59+GMT";
    let form = format!("name=a&max-age=&expires={date}");
    let response = post("/set", form).await;
    response.assert_hint("set", "max-age", "Empty: calculated from Expires.");
    assert!(response.set_cookie[0].contains("; Max-Age="));

    let response = post("/set", format!("name=a&max-age=0&expires={date}")).await;
    response.assert_hint("set", "max-age", "Max-Age takes precedence.");
    assert!(response.set_cookie[0].contains("; Max-Age=0; "));
    assert!(!response.set_cookie[0].contains("2038"));
}

#[tokio::test]
async fn delete_with_empty_fields_has_the_effect_that_their_hints_describe() {
    let expired = "expires=Thu, 01 Jan 1970 00:00:00 GMT";
    let response = post(
        "/delete",
        "name=a&path=&domain=&partitioned=&secure=&same-site=",
    )
    .await;
    response.assert_set_cookie(&[&format!("a=\"\"; {expired}; Max-Age=0; Path=/")]);
    for (field, hint) in [
        ("path", "Empty: the cookie with <code>Path=/</code>."),
        ("domain", "Empty: the cookie without a Domain"),
        (
            "partitioned",
            "Not set: the cookie without <code>Partitioned</code>.",
        ),
        ("secure", "Not set: no <code>Secure</code>."),
        ("same-site", "Not set: no <code>SameSite</code>."),
    ] {
        response.assert_hint("delete", field, hint);
    }

    let response = post("/delete", "name=session").await;
    response.assert_hint(
        "delete",
        "path",
        "also the one with the retired <code>Path=/app</code>",
    );
    response.assert_hint(
        "delete",
        "same-site",
        "<code>SameSite=Lax</code>, as declared",
    );
    response.assert_set_cookie(&[
        &format!("session=\"\"; {expired}; Max-Age=0; Path=/app; SameSite=Lax"),
        &format!("session=\"\"; {expired}; HttpOnly; Max-Age=0; Path=/; SameSite=Lax"),
    ]);
}

#[tokio::test]
async fn set_sends_each_given_attribute() {
    let response = post(
        "/set",
        "name=a&value=%E2%82%AC&path=%2Fapp\
         &expires=Thu%2C+01+Jan+1970+00%3A00%3A00+GMT\
         &secure=true&http-only=true&same-site=None&partitioned=true",
    )
    .await;
    let [set_cookie] = &response.set_cookie[..] else {
        panic!("{:?}", response.set_cookie)
    };
    assert!(set_cookie.starts_with(r#"a="€"; expires="#), "{set_cookie}");
    assert!(
        set_cookie
            .ends_with("; HttpOnly; Max-Age=0; Partitioned; Path=/app; SameSite=None; Secure")
    );
    response.assert_set_cookie(&[set_cookie]);

    let response = post(
        "/set",
        "name=a&path-empty=true&secure=false&partitioned=false",
    )
    .await;
    response.assert_set_cookie(&[r#"a="""#]);
    let response = post("/set", "name=a&max-age=+60").await;
    assert!(response.set_cookie[0].contains("; Max-Age=60; "));
}

#[tokio::test]
async fn set_with_invalid_field_shows_error_and_sets_nothing() {
    for (form, field, message) in [
        (
            "name=a&max-age=1h",
            "max-age",
            r#"Max-Age "1h" is not a whole number of seconds: invalid digit found in string"#,
        ),
        (
            "name=a&expires=tomorrow",
            "expires",
            r#"Expires "tomorrow" is not a date; use the format Fri, 31 Dec 2038 23:59:59 GMT"#,
        ),
        (
            "name=a&expires=Fri%2C+31+Dec+2038+23%3A59%3A59+GMT%3B+Secure",
            "expires",
            "Expires \"Fri, 31 Dec 2038 23:59:59 GMT; Secure\" is not a date; \
             use the format Fri, 31 Dec 2038 23:59:59 GMT",
        ),
        (
            "name=a&path=%2F&path-empty=true",
            "path",
            r#"Path "/" is set, but "Send no Path" is checked; choose one of them"#,
        ),
        (
            "name=a&secure=yes",
            "secure",
            r#""yes" is not one of the options"#,
        ),
    ] {
        let response = post("/set", form).await;
        response.assert_error(StatusCode::BAD_REQUEST, message);
        response.assert_contains(&format!(r##"<a class="target" href="#set-{field}">"##));
        assert_eq!(response.page.matches(r#"aria-invalid="true""#).count(), 1);
    }
    let response = post("/set", "name=a&path-empty=perhaps").await;
    assert_eq!(response.status, StatusCode::UNPROCESSABLE_ENTITY);
    response.assert_contains("id=\"error\"");
}

#[tokio::test]
async fn set_with_relative_path_shows_error_and_keeps_input() {
    let response = post("/app/set", "name=a&value=%22%3E%3Cb%3E&path=%3Cb%3E").await;
    response.assert_error(
        StatusCode::BAD_REQUEST,
        r#"cookie "a": Path "<b>" does not start with `/`; write it from the root"#,
    );
    response.assert_contains(r#"value="&quot;&gt;&lt;b&gt;""#);
    assert!(!response.page.contains("<b>"));
}

#[tokio::test]
async fn host_prefix_with_path_shows_error() {
    for action in ["set", "delete"] {
        let response = post(&format!("/{action}"), "name=__Host-a&path=%2Fapp").await;
        assert_eq!(response.status, StatusCode::BAD_REQUEST);
        response.assert_hint("set", "name", "<code>__Host-</code>, with the Path");
        response.assert_contains(&format!(r##"href="#{action}-path">"##));
        assert!(response.set_cookie.is_empty());
    }
}

#[tokio::test]
async fn delete_sends_given_scope_and_same_site() {
    let response = post("/delete", "name=a&path=%2Fapp&same-site=None&secure=").await;
    response.assert_set_cookie(&[
        "a=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/app; SameSite=None; \
         Secure",
    ]);
}

#[tokio::test]
async fn login_and_logout_also_delete_retired_scope() {
    let retired_deleted =
        r#"session=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/app; SameSite=Lax"#;
    let response = post("/login", "").await;
    response.assert_set_cookie(&[
        retired_deleted,
        "session=f81d4fae; HttpOnly; Path=/; SameSite=Lax",
    ]);
    let response = post("/app/logout", "").await;
    response.assert_set_cookie(&[
        retired_deleted,
        "session=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Max-Age=0; Path=/; \
         SameSite=Lax",
    ]);
}

#[tokio::test]
async fn logout_with_other_path_is_scope_mismatch() {
    let response = post("/wrong-logout", "").await;
    response.assert_error(
        StatusCode::INTERNAL_SERVER_ERROR,
        "cookie \"session\": declared with host-only; Path=/, but given host-only; Path=/account; \
         omit Domain, Path and Partitioned, or give that scope to `declare`, `retire` or `renamed`",
    );
}

/// The rows of the table: the part of the scope, the declared and the given one, and a mark if
/// they differ.
#[tokio::test]
async fn scope_mismatch_shows_both_scopes_and_marks_the_difference() {
    let row = |part, declared, given| {
        format!("<tr><th scope=\"row\">{part}</th><td>{declared}</td><td>{given}</td></tr>")
    };
    let marked = |part, declared, given| {
        format!(
            "<tr class=\"differs\"><th scope=\"row\">{part}</th><td>{declared}</td>\
             <td><mark>{given}</mark> <strong class=\"note\">≠ differs</strong></td></tr>"
        )
    };
    let path = "<code>/</code>";
    let response = post("/wrong-logout", "").await;
    response.assert_contains(&row("Domain", "this host only", "this host only"));
    response.assert_contains(&marked("Path", path, "<code>/account</code>"));
    response.assert_contains(&row("Partitioned", "no", "no"));

    for (form, field, expected) in [
        (
            "name=session&domain=LocalHost",
            "domain",
            marked("Domain", "this host only", "<code>LocalHost</code>"),
        ),
        (
            "name=session&path=%2F%3Cb%3E",
            "path",
            marked("Path", path, "<code>/&lt;b&gt;</code>"),
        ),
        (
            "name=session&path-empty=true",
            "path",
            marked("Path", path, "no Path"),
        ),
        (
            "name=session&partitioned=true",
            "partitioned",
            marked("Partitioned", "no", "yes"),
        ),
    ] {
        for action in ["set", "delete"] {
            let response = post(&format!("/{action}"), form).await;
            assert_eq!(response.status, StatusCode::BAD_REQUEST);
            response.assert_contains(&expected);
            assert_eq!(response.page.matches("<mark>").count(), 1, "{form}");
            response.assert_contains(&format!(r##"href="#{action}-{field}">"##));
            assert!(response.set_cookie.is_empty());
        }
    }
    let response = post("/delete", "name=a&path=x").await;
    assert!(
        !response.page.contains("id=\"scopes\""),
        "another error has no scopes"
    );
}

#[tokio::test]
async fn previous_login_sets_cookie_at_retired_scope() {
    let response = post("/previous-login", "").await;
    response.assert_set_cookie(&["session=previous; HttpOnly; Path=/app; SameSite=Lax"]);
}

#[tokio::test]
async fn forms_of_other_origins_are_forbidden() {
    for (site, status) in [
        ("same-origin", StatusCode::OK),
        ("none", StatusCode::OK),
        ("same-site", StatusCode::FORBIDDEN),
        ("cross-site", StatusCode::FORBIDDEN),
    ] {
        let request = Request::post("/login").header("sec-fetch-site", site);
        let response = send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status, status, "{site}");
        assert_eq!(response.set_cookie.is_empty(), status != StatusCode::OK);
    }
    for (origin, status) in [
        ("http://localhost:3005", StatusCode::OK),
        ("http://evil.test", StatusCode::FORBIDDEN),
        ("null", StatusCode::FORBIDDEN),
    ] {
        let request = Request::post("/login").header("host", "localhost:3005");
        let request = request.header("origin", origin).body(Body::empty());
        assert_eq!(send(request.unwrap()).await.status, status, "{origin}");
    }
}

#[tokio::test]
async fn request_with_250_names_lists_200() {
    let cookies: Vec<_> = (0..250).map(|number| format!("c{number}=1")).collect();
    let request = Request::get("/").header(COOKIE, cookies.join("; "));
    let response = send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.page.matches("<tr><th scope=\"row\">").count(), 200);
    response.assert_contains("and 50 more names");
}
