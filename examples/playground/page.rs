//! The page: the answer, what the browser sent, the declared session, the forms.

use std::fmt::{self, Display};

use tower_django_cookies::CookieJar;

use crate::answer::{Answer, Problem, Tried};
use crate::controls::{delete_form, set_form};
use crate::fields::Fields;
use crate::html::{Escaped, each};

pub(crate) struct Page {
    pub(crate) sent: Sent,
    /// The answer's own `Set-Cookie` fields.
    pub(crate) set_cookie: Vec<String>,
    pub(crate) answer: Answer,
}

pub(crate) struct Sent {
    /// Method and path.
    pub(crate) line: String,
    /// The `Cookie` fields as they came.
    pub(crate) fields: Vec<String>,
    pub(crate) jar: CookieJar,
}

impl Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{outcome}Cookie playground</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header>
<h1>Cookie playground</h1>
<p>Set and delete cookies with <code>tower-django-cookies</code>, and see what really goes over the
wire.</p>
</header>
<main>
<div class="column">
{answer}{sent}{session}</div>
<div class="column">
{set}{delete}</div>
</main>
</body>
</html>
"#,
            outcome = match (&self.answer.tried, &self.answer.problem) {
                (Tried::Nothing, _) => "",
                (_, Some(_)) => "Refused – ",
                (_, None) => "Done – ",
            },
            answer = self.answer_section(),
            sent = self.sent.section(),
            session = self.session_section(),
            set = match &self.answer.tried {
                Tried::Set(fields) => set_form(fields, self.answer.problem.as_ref()),
                _ => set_form(&Fields::default(), None),
            },
            delete = match &self.answer.tried {
                Tried::Delete(fields) => delete_form(fields, self.answer.problem.as_ref()),
                _ => delete_form(&Fields::default(), None),
            },
        )
    }
}

impl Page {
    fn answer_section(&self) -> String {
        let (form, call) = match &self.answer.tried {
            Tried::Nothing => return String::new(),
            Tried::Set(_) => (Some("set"), "jar.set(…)"),
            Tried::Delete(_) => (Some("delete"), "jar.delete(…)"),
            Tried::Session(call) => (None, *call),
        };
        let (outcome, error) = match &self.answer.problem {
            Some(problem) => ("refused", error(problem, form)),
            None => ("done", String::new()),
        };
        format!(
            r#"<section class="card {outcome}" aria-labelledby="answer-title">
<div role="status">
<h2 id="answer-title">The answer: {outcome}</h2>
<p><code>{call}</code></p>
{error}<h3 id="fields-title">Its <code>Set-Cookie</code> fields</h3>
{fields}
</div>
</section>
"#,
            call = Escaped(call),
            fields = self.set_cookie_fields(),
        )
    }

    fn set_cookie_fields(&self) -> String {
        if self.set_cookie.is_empty() {
            return r#"<p id="set-cookie-fields" class="none">None: nothing was queued.</p>"#
                .into();
        }
        let items = each(&self.set_cookie, |field| {
            format!(
                "<li><code>{}</code></li>
",
                Escaped(field)
            )
        });
        format!("<ol id=\"set-cookie-fields\" aria-labelledby=\"fields-title\">\n{items}</ol>")
    }

    fn session_section(&self) -> String {
        format!(
            r#"<section class="card" aria-labelledby="session-title">
<h2 id="session-title">A declared session</h2>
<p>Its scope is said once. What differs is an error, not a logout that logs nobody out.</p>
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
<p id="session-state"><strong>This request came {with} a session.</strong></p>
<form method="post" action="login" aria-labelledby="session-title" {described}>
<div class="buttons">
<button id="login">Log in</button>
<button id="logout" formaction="logout">Log out</button>
<button id="wrong-logout" formaction="wrong-logout" class="quiet">
Log out with the wrong scope</button>
<button id="former-login" formaction="former-login" class="quiet">
Log in as the former site did</button>
</div>
</form>
<p class="hint">The former site kept its session at <code>/app</code>, which browsers send to
<a href="/app/">/app/</a> alone. Log in or out, and the jar ends that twin as well.</p>
</section>
"#,
            with = if self.sent.jar.contains("session") {
                "with"
            } else {
                "without"
            },
            described = match (&self.answer.tried, &self.answer.problem) {
                (Tried::Session(_), Some(_)) => r#"aria-describedby="error""#,
                _ => "",
            },
        )
    }
}

fn error(problem: &Problem, form: Option<&str>) -> String {
    let link = match (form, problem.field) {
        (Some(form), Some(field)) => {
            format!("<p><a href=\"#{form}-{field}\">Go to the field</a></p>\n")
        }
        _ => String::new(),
    };
    format!(
        "<p id=\"error\"><strong>{}</strong> {}</p>\n{link}",
        problem.status,
        Escaped(&problem.message)
    )
}

/// No browser sends more of them; each is looked for in all of the request's cookies.
const MOST_NAMES: usize = 200;

impl Sent {
    fn section(&self) -> String {
        format!(
            r#"<section class="card" aria-labelledby="request-title">
<h2 id="request-title">What the browser sent</h2>
<p>With <code>{line}</code>:</p>
<div id="request-cookies">
{cookies}
</div>
<p class="hint">What an answer sets or deletes shows in the next request, not yet in this one.</p>
<p><a id="reload" class="button" href=".">See what the browser sends now</a></p>
<p class="hint">A Path decides where a cookie goes: look at <a href="/">/</a> and at
<a href="/app/">/app/</a>.</p>
</section>
"#,
            line = Escaped(&self.line),
            cookies = if self.jar.is_empty() {
                r#"<p class="none">No cookies.</p>"#.into()
            } else {
                self.cookies()
            },
        )
    }

    fn cookies(&self) -> String {
        let rows = each(self.jar.iter().take(MOST_NAMES), |(name, _)| {
            self.rows(name)
        });
        let more = match self.jar.len().saturating_sub(MOST_NAMES) {
            0 => String::new(),
            more => format!("<p class=\"hint\">… and {more} more.</p>\n"),
        };
        let fields = each(&self.fields, |field| {
            format!(
                "<pre><code>Cookie: {}</code></pre>
",
                Escaped(field)
            )
        });
        format!(
            r#"<table>
<thead><tr><th scope="col">Name</th><th scope="col">Value</th></tr></thead>
<tbody>
{rows}</tbody>
</table>
{more}<p>As it stands in the request:</p>
{fields}"#
        )
    }

    /// A row for each value of one name.
    fn rows(&self, name: &str) -> String {
        let heading = match name {
            "" => r#"<span class="none">no name</span>"#.into(),
            name => format!("<code>{}</code>", Escaped(name)),
        };
        let last = self.jar.get_all(name).count() - 1;
        each(self.jar.get_all(name).enumerate(), |(number, value)| {
            let note = if last > 0 && number == last {
                r#" <span class="note">the last: <code>jar.get</code> has this</span>"#
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
