//! The sentences next to the fields: the effect of an empty field. `tests.rs` compares them with
//! the headers, and `tests/browser/playground.rs` with the cookies that browsers store.

/// Returns the hint of a field of the set form or the delete form, as HTML.
pub(crate) fn hint(form: &str, field: &str) -> &'static str {
    match (form, field) {
        ("set", "name") => {
            "Empty: an error. Try a name that starts with <code>__Host-</code>, with the Path \
             <code>/app</code>."
        }
        ("set", "value") => {
            "Empty: no text, written as <code>\"\"</code>. Any text without control characters is \
             accepted. It is quoted and escaped where necessary."
        }
        ("set", "path") => "Empty: <code>Path=/</code>, so all pages of this host.",
        ("set", "domain") => "Empty: this host only. With a Domain: its subdomains too.",
        ("set", "partitioned") => {
            "Not set: no <code>Partitioned</code>. With it, browsers keep a separate cookie for \
             each site that embeds this page."
        }
        ("set", "max-age") => {
            "Empty: calculated from Expires. If both are set, Max-Age takes precedence."
        }
        ("set", "expires") => {
            "Empty: calculated from Max-Age. Example: \
             <code>Fri, 31 Dec 2038 23:59:59 GMT</code>."
        }
        ("set", "secure") => {
            "Not set: also sent over HTTP. <code>Secure</code> is added where browsers require it: \
             with <code>SameSite=None</code>, with <code>Partitioned</code>, and with a name prefix \
             such as <code>__Host-</code>."
        }
        ("set", "http-only") => {
            "Not set: scripts can read the cookie. For <code>session</code>: \
             <code>HttpOnly</code>, as declared. It is also added for names that start with \
             <code>__Http-</code>."
        }
        ("set", "same-site") => {
            "Not set: the browser decides. For <code>session</code>: <code>SameSite=Lax</code>, \
             as declared."
        }
        ("delete", "name") => {
            "Empty: an error. The delete is sent even if the browser has no such cookie."
        }
        ("delete", "path") => {
            "Empty: the cookie with <code>Path=/</code>. For <code>session</code>: also the one \
             with the retired <code>Path=/app</code>."
        }
        ("delete", "domain") => "Empty: the cookie without a Domain, of this host only.",
        ("delete", "partitioned") => "Not set: the cookie without <code>Partitioned</code>.",
        ("delete", "secure") => {
            "Not set: no <code>Secure</code>. It is added where browsers require it, as in a set."
        }
        ("delete", "same-site") => {
            "Not set: no <code>SameSite</code>. For <code>session</code>: \
             <code>SameSite=Lax</code>, as declared."
        }
        (_, "path-empty") => {
            "Checked: the browser uses the directory of this page as the Path, <code>/</code> or \
             <code>/app</code>."
        }
        _ => unreachable!("each field has a hint"),
    }
}
