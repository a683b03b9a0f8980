//! The two forms. They keep the visitor's input after it is submitted.

use crate::fields::{FLAGS, Fields, SAME_SITES};
use crate::hints::hint;
use crate::html::{Escaped, render_all};
use crate::outcome::Problem;

/// One form: its fields, and the problem if it was rejected.
pub(crate) struct Controls<'a> {
    /// The form's action, which is also the prefix of its ids.
    form: &'static str,
    fields: &'a Fields,
    problem: Option<&'a Problem>,
}

pub(crate) fn set_form(fields: &Fields, problem: Option<&Problem>) -> String {
    let form = Controls {
        form: "set",
        fields,
        problem,
    };
    format!(
        r#"<form class="card" method="post" action="set" aria-labelledby="set-title"
 {described}>
<h2 id="set-title">Set a cookie</h2>
<p class="hint" id="set-hint">You can leave fields empty. The text next to each field describes the
result. The cookie <code>session</code> is declared, so it has other defaults.</p>
<fieldset><legend>The cookie</legend>
<div class="pair">
{name}
{value}
</div>
</fieldset>
{scope}
<fieldset><legend>Lifetime</legend>
<p class="hint" id="lifetime-hint">If both fields are empty, the cookie lasts until the browser
closes.</p>
<div class="pair">
{max_age}
{expires}
</div>
</fieldset>
<fieldset><legend>Access</legend>
<div class="pair">
{secure}
{http_only}
{same_site}
</div>
</fieldset>
<button id="set-submit">Set the cookie</button>
</form>
"#,
        described = form.described(),
        name = form.text("name", "Name", &fields.name),
        value = form.text("value", "Value", &fields.value),
        scope = form.scope(),
        max_age = form.text("max-age", "Max-Age, in seconds", &fields.max_age),
        expires = form.text("expires", "Expires", &fields.expires),
        secure = form.flag("secure", "Secure", &fields.secure),
        http_only = form.flag("http-only", "HttpOnly", &fields.http_only),
        same_site = form.same_site(),
    )
}

pub(crate) fn delete_form(fields: &Fields, problem: Option<&Problem>) -> String {
    let form = Controls {
        form: "delete",
        fields,
        problem,
    };
    format!(
        r#"<form class="card" method="post" action="delete" aria-labelledby="delete-title"
 {described}>
<h2 id="delete-title">Delete a cookie</h2>
<p class="hint" id="delete-hint">A browser deletes a cookie only if the name, Domain, Path and
Partitioned are the same as when the cookie was set.</p>
<fieldset><legend>The cookie</legend>
{name}
</fieldset>
{scope}
<fieldset><legend>Attributes that the browser may require</legend>
<p class="hint">To delete a cookie that has <code>SameSite=None</code> while this page is embedded
in another site, set <code>SameSite=None</code> here too.</p>
<div class="pair">
{secure}
{same_site}
</div>
</fieldset>
<button id="delete-submit">Delete the cookie</button>
</form>
"#,
        described = form.described(),
        name = form.text("name", "Name", &fields.name),
        scope = form.scope(),
        secure = form.flag("secure", "Secure", &fields.secure),
        same_site = form.same_site(),
    )
}

impl Controls<'_> {
    /// Refers to the form's hint, and to the error if the form was rejected.
    fn described(&self) -> String {
        let error = if self.problem.is_some() { " error" } else { "" };
        format!(r#"aria-describedby="{}-hint{error}""#, self.form)
    }

    fn scope(&self) -> String {
        let fields = self.fields;
        format!(
            r#"<fieldset><legend>Scope: where the browser sends the cookie</legend>
<div class="pair">
<div>
{}
{}
</div>
<div class="stack">
{}
{}
</div>
</div>
</fieldset>"#,
            self.text("path", "Path", &fields.path),
            self.check("path-empty", "Send no Path", fields.path_empty),
            self.text("domain", "Domain", &fields.domain),
            self.flag("partitioned", "Partitioned", &fields.partitioned),
        )
    }

    fn text(&self, name: &str, label: &str, value: &str) -> String {
        let id = format!("{}-{name}", self.form);
        format!(
            r#"<div class="field"><label for="{id}">{label}</label>
<input id="{id}" name="{name}" value="{value}" autocomplete="off" autocapitalize="off"
 spellcheck="false" {described}>
<p class="hint" id="{id}-hint">{hint}</p></div>"#,
            value = Escaped(value),
            described = self.field_described(name),
            hint = hint(self.form, name),
        )
    }

    fn check(&self, name: &str, label: &str, is_checked: bool) -> String {
        let id = format!("{}-{name}", self.form);
        let checked = if is_checked { "checked" } else { "" };
        format!(
            r#"<p class="check"><input type="checkbox" id="{id}" name="{name}" value="true"
 {checked} {described}>
<label for="{id}">{label}</label></p>
<p class="hint" id="{id}-hint">{hint}</p>"#,
            described = self.field_described(name),
            hint = hint(self.form, name),
        )
    }

    fn flag(&self, name: &str, label: &str, chosen: &str) -> String {
        self.select(name, label, chosen, &FLAGS.map(|(text, _)| text))
    }

    fn same_site(&self) -> String {
        let texts = SAME_SITES.map(|(text, _)| text);
        self.select("same-site", "SameSite", &self.fields.same_site, &texts)
    }

    fn select(&self, name: &str, label: &str, chosen: &str, texts: &[&str]) -> String {
        let id = format!("{}-{name}", self.form);
        let options = render_all(texts, |&text| {
            let selected = if text == chosen { "selected" } else { "" };
            format!(r#"<option value="{text}" {selected}>{text}</option>"#)
        });
        format!(
            r#"<div class="field"><label for="{id}">{label}</label>
<select id="{id}" name="{name}" {described}>
<option value="">not set</option>{options}</select>
<p class="hint" id="{id}-hint">{hint}</p></div>"#,
            described = self.field_described(name),
            hint = hint(self.form, name),
        )
    }

    /// Refers to the field's hint, and to the error if the field is invalid.
    fn field_described(&self, name: &str) -> String {
        let id = format!("{}-{name}", self.form);
        if self.problem.and_then(|problem| problem.field) == Some(name) {
            format!(r#"aria-invalid="true" aria-describedby="{id}-hint error""#)
        } else {
            format!(r#"aria-describedby="{id}-hint""#)
        }
    }
}
