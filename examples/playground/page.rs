//! The page: the result, the request's cookies, the declared session, the two forms.

use std::fmt::{self, Display};

use tower_django_cookies::CookieJar;

use crate::controls::{delete_form, set_form};
use crate::fields::Fields;
use crate::html::{Escaped, render_all};
use crate::outcome::{Action, Outcome};
use crate::result::result_section;

pub(crate) struct Page {
    pub(crate) request: ReceivedRequest,
    /// The `Set-Cookie` headers of the response.
    pub(crate) set_cookie_headers: Vec<String>,
    pub(crate) outcome: Outcome,
}

pub(crate) struct ReceivedRequest {
    /// The method and the path.
    pub(crate) line: String,
    /// The `Cookie` headers as received.
    pub(crate) cookie_headers: Vec<String>,
    pub(crate) jar: CookieJar,
}

impl Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            r##"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{prefix}Cookie playground</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header>
<h1>Cookie playground</h1>
<p>Set and delete cookies with <code>tower-django-cookies</code>, and see the exact HTTP
headers.</p>
<nav class="links" aria-label="On this page">
<a class="target" href="#request-title">Cookies that the browser sent</a>
<a class="target" href="#session-title">A declared cookie</a>
<a class="target" href="#set-title">Set a cookie</a>
<a class="target" href="#delete-title">Delete a cookie</a>
</nav>
</header>
<main>
<div class="column">
{result}{request}{session}</div>
<div class="column">
{set}{delete}</div>
</main>
</body>
</html>
"##,
            prefix = match (&self.outcome.action, &self.outcome.problem) {
                (Action::View, _) => "",
                (_, Some(_)) => "Error – ",
                (_, None) => "Success – ",
            },
            result = result_section(&self.outcome, &self.set_cookie_headers),
            request = self.request.section(),
            session = self.session_section(),
            set = match &self.outcome.action {
                Action::Set(fields) => set_form(fields, self.outcome.problem.as_ref()),
                _ => set_form(&Fields::default(), None),
            },
            delete = match &self.outcome.action {
                Action::Delete(fields) => delete_form(fields, self.outcome.problem.as_ref()),
                _ => delete_form(&Fields::default(), None),
            },
        )
    }
}

impl Page {
    fn session_section(&self) -> String {
        format!(
            r#"<section class="card" aria-labelledby="session-title">
<h2 id="session-title">A declared cookie</h2>
<p>This server declares the Domain, the Path and the default attributes of its session cookie once.
After that, a call with a wrong Domain or Path returns an error. Without the declaration, the server
would send such a delete, the browser would ignore it, and the visitor would stay logged in.</p>
<pre><code>.declare(
  Cookie::build("session")
    .path("/")
    .http_only(true)
    .same_site(SameSite::Lax),
)?
.retire(
  Cookie::build("session")
    .path("/app"),
)?</code></pre>
<p id="session-state"><strong>The browser sent {count} session cookie.</strong></p>
<form method="post" action="login" aria-labelledby="session-title" {described}>
<div class="buttons">
<button id="login">Log in</button>
<button id="logout" formaction="logout">Log out</button>
<button id="wrong-logout" formaction="wrong-logout" class="secondary">
Log out with the wrong Path</button>
<button id="previous-login" formaction="previous-login" class="secondary">
Log in with the previous Path</button>
</div>
</form>
<p class="hint">A previous version of this site set its session cookie with <code>Path=/app</code>.
Browsers send that cookie only to URLs below <code>/app</code>. Because of <code>retire</code>, each
login and logout also deletes it.</p>
</section>
"#,
            count = if self.request.jar.contains("session") {
                "a"
            } else {
                "no"
            },
            described = match (&self.outcome.action, &self.outcome.problem) {
                (Action::Session(_), Some(_)) => r#"aria-describedby="error""#,
                _ => "",
            },
        )
    }
}

/// The maximum number of names in the table. Each name is looked up among all cookies of the
/// request. Browsers store fewer cookies for one site.
const MAX_NAMES: usize = 200;

impl ReceivedRequest {
    fn section(&self) -> String {
        format!(
            r#"<section class="card" aria-labelledby="request-title">
<h2 id="request-title">Cookies that the browser sent</h2>
<p>The request was <code>{line}</code>.</p>
<div id="request-cookies">
{cookies}
</div>
<p class="hint">If this response sets or deletes a cookie, the next request shows the change.</p>
<p><a id="reload" class="button" href=".">Send the next request</a></p>
<p class="hint">The browser sends a cookie only to URLs that match its Path. Compare these
pages:</p>
<p class="links"><a class="target" href="/">Page /</a>
<a class="target" href="/app/">Page /app/</a></p>
</section>
"#,
            line = Escaped(&self.line),
            cookies = if self.jar.is_empty() {
                r#"<p class="none">No cookies.</p>"#.into()
            } else {
                self.cookie_table()
            },
        )
    }

    fn cookie_table(&self) -> String {
        let rows = render_all(self.jar.iter().take(MAX_NAMES), |(name, _)| self.rows(name));
        let more = match self.jar.len().saturating_sub(MAX_NAMES) {
            0 => String::new(),
            more => format!("<p class=\"hint\">… and {more} more names.</p>\n"),
        };
        let headers = render_all(&self.cookie_headers, |value| {
            format!(
                "<pre><code>Cookie: {}</code></pre>
",
                Escaped(value)
            )
        });
        format!(
            r#"<table>
<thead><tr><th scope="col">Name</th><th scope="col">Value</th></tr></thead>
<tbody>
{rows}</tbody>
</table>
{more}<p>In the HTTP request:</p>
{headers}"#
        )
    }

    /// Renders one row for each value of the name.
    fn rows(&self, name: &str) -> String {
        let heading = match name {
            "" => r#"<span class="none">no name</span>"#.into(),
            name => format!("<code>{}</code>", Escaped(name)),
        };
        let last = self.jar.get_all(name).count() - 1;
        render_all(self.jar.get_all(name).enumerate(), |(number, value)| {
            let note = if last > 0 && number == last {
                r#" <span class="note"><code>jar.get</code> returns the last value</span>"#
            } else {
                ""
            };
            let value = Escaped(value);
            format!(
                "<tr><th scope=\"row\">{heading}</th><td><code>{value}</code>{note}</td></tr>\n"
            )
        })
    }
}
