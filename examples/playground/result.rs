//! The section with the result of a call: the error, the scopes that differ, the `Set-Cookie`
//! headers.

use tower_django_cookies::Scope;

use crate::html::{Escaped, render_all};
use crate::outcome::{Action, Mismatch, Outcome, Problem};

pub(crate) fn result_section(outcome: &Outcome, set_cookie_headers: &[String]) -> String {
    let (form, call) = match &outcome.action {
        Action::View => return String::new(),
        Action::Set(_) => (Some("set"), "jar.set(…)"),
        Action::Delete(_) => (Some("delete"), "jar.delete(…)"),
        Action::Session(call) => (None, *call),
    };
    let (result, error) = match &outcome.problem {
        Some(problem) => ("error", error(problem, form)),
        None => ("success", String::new()),
    };
    // A screen reader announces changes of a live region, but not one that a new page contains.
    // So the heading also takes the focus. The Tab key continues from there.
    format!(
        r#"<section class="card {result}" aria-labelledby="result-title">
<div role="status" aria-live="polite">
<h2 id="result-title" tabindex="-1" autofocus>Result: {result}</h2>
<p><code>{call}</code></p>
{error}<h3 id="headers-title"><code>Set-Cookie</code> headers of the response</h3>
{headers}
</div>
</section>
"#,
        call = Escaped(call),
        headers = set_cookie_list(set_cookie_headers),
    )
}

fn set_cookie_list(headers: &[String]) -> String {
    if headers.is_empty() {
        return r#"<p id="set-cookie-headers" class="none">None. No cookie is set or deleted.</p>"#
            .into();
    }
    let items = render_all(headers, |value| {
        format!("<li><code>{}</code></li>\n", Escaped(value))
    });
    format!("<ol id=\"set-cookie-headers\" aria-labelledby=\"headers-title\">\n{items}</ol>")
}

fn error(problem: &Problem, form: Option<&str>) -> String {
    let link = match (form, problem.field) {
        (Some(form), Some(field)) => {
            format!("<p><a class=\"target\" href=\"#{form}-{field}\">Go to the field</a></p>\n")
        }
        _ => String::new(),
    };
    let scopes = match &problem.mismatch {
        Some(mismatch) => scope_table(mismatch),
        None => String::new(),
    };
    format!(
        "<p id=\"error\"><strong>{}</strong> {}</p>\n{scopes}{link}",
        problem.status,
        Escaped(&problem.message)
    )
}

/// Shows the declared and the given scope side by side. A sign and a word mark the difference,
/// because some visitors do not see the color.
fn scope_table(Mismatch { declared, given }: &Mismatch) -> String {
    let rows = [
        (
            "Domain",
            domain(declared),
            domain(given),
            !is_same_domain(declared, given),
        ),
        (
            "Path",
            path(declared),
            path(given),
            declared.path() != given.path(),
        ),
        (
            "Partitioned",
            partitioned(declared),
            partitioned(given),
            declared.partitioned() != given.partitioned(),
        ),
    ];
    let rows = render_all(rows, |(part, declared, given, differs)| {
        let (given, class) = if differs {
            (
                format!(r#"<mark>{given}</mark> <strong class="note">≠ differs</strong>"#),
                r#" class="differs""#,
            )
        } else {
            (given, "")
        };
        format!(
            "<tr{class}><th scope=\"row\">{part}</th><td>{declared}</td><td>{given}</td></tr>\n"
        )
    });
    format!(
        r#"<h3 id="scopes-title">The declared and the given scope</h3>
<table id="scopes" aria-labelledby="scopes-title">
<thead><tr><th scope="col">Part</th><th scope="col">Declared</th><th scope="col">Given</th></tr></thead>
<tbody>
{rows}</tbody>
</table>
<p class="hint">For a browser, a cookie with another scope is another cookie.</p>
"#
    )
}

pub(crate) fn is_same_domain(one: &Scope, other: &Scope) -> bool {
    match (one.domain(), other.domain()) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (one, other) => one == other,
    }
}

fn domain(scope: &Scope) -> String {
    match scope.domain() {
        Some(domain) => format!("<code>{}</code>", Escaped(domain)),
        None => "this host only".into(),
    }
}

fn path(scope: &Scope) -> String {
    match scope.path() {
        Some(path) => format!("<code>{}</code>", Escaped(path)),
        None => "no Path".into(),
    }
}

fn partitioned(scope: &Scope) -> String {
    if scope.partitioned() { "yes" } else { "no" }.into()
}
