//! The URLs that a client can request, and how errors show them.

use std::fmt;

use url::Url;

use super::error::ClientError;

pub(super) fn parse(url: &str) -> Result<Url, ClientError> {
    let parsed = Url::parse(url).map_err(|reason| invalid_url(url, reason))?;
    if is_http(&parsed) {
        Ok(parsed)
    } else {
        Err(invalid_url(url, NOT_HTTP))
    }
}

pub(super) fn invalid_url(url: &str, reason: impl fmt::Display) -> ClientError {
    ClientError::Url {
        url: hide_user_info(url),
        reason: reason.to_string(),
    }
}

pub(super) const NOT_HTTP: &str = "its scheme is neither http nor https";

pub(super) fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Returns the URL without user name and password, like `location.href` in browsers.
pub(super) fn without_user_info(url: &Url) -> Url {
    let mut url = url.clone();
    // Both calls fail if the URL cannot have user info.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// Replaces the user name and password of a URL, which need not be valid or absolute.
///
/// The password in an invalid URL can contain any character. So all text before the last `@` counts
/// as user info, except a scheme followed by `//`.
pub(super) fn hide_user_info(text: &str) -> String {
    let is_slash = |c: char| matches!(c, '/' | '\\');
    // URL parsers ignore control characters and spaces at the start, and TABs and newlines everywhere.
    let is_ignored = |c: char| c <= ' ';
    let mut letters = text.chars().filter(|&c| !is_ignored(c));
    let (first, second) = (letters.next(), letters.next());
    let is_relative = match first {
        Some(first) if is_slash(first) => !second.is_some_and(is_slash),
        first => matches!(first, Some('?' | '#')),
    };
    let Some(at) = text.rfind('@').filter(|_| !is_relative) else {
        return text.to_owned();
    };
    if let Ok(url) = Url::parse(text) {
        if url.has_authority() {
            let has_user_info = !url.username().is_empty() || url.password().is_some();
            return if has_user_info {
                without_user_info(&url).into()
            } else {
                text.to_owned()
            };
        }
    }
    let is_scheme_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let start = match text[..at].split_once("//") {
        Some((scheme, _)) if scheme.trim_end_matches(':').chars().all(is_scheme_part) => {
            scheme.len() + 2
        }
        _ => 0,
    };
    format!("{}***{}", &text[..start], &text[at..])
}

#[cfg(test)]
mod tests {
    use super::hide_user_info;

    #[test]
    fn user_info_of_any_text_is_hidden() {
        for (text, expected) in [
            ("https://user:pass@a.test/b", "https://a.test/b"),
            ("https://user@a.test/", "https://a.test/"),
            ("https:user:pass@a.test/", "https://a.test/"),
            ("https:\\\\user:pass@a.test/", "https://a.test/"),
            ("ftp://user:pass@a.test/", "ftp://a.test/"),
            ("https://user:pass@a b/", "https://***@a b/"),
            ("https://user:pa/s?s#@a.test/", "https://***@a.test/"),
            ("//user:pass@a b/", "//***@a b/"),
            ("\\\\user:pass@a b/", "***@a b/"),
            ("/\t/user:pass@a b/", "***@a b/"),
            ("https:user:pass//x@a b/", "***@a b/"),
            ("user:pass@a.test", "***@a.test"),
            ("user:pass@//a.test", "***@//a.test"),
            ("mailto:a@b.test", "***@b.test"),
            ("https://a.test/@b?c@d", "https://a.test/@b?c@d"),
            ("/login?mail=a@b.test", "/login?mail=a@b.test"),
            ("?mail=a@b.test", "?mail=a@b.test"),
            ("#a@b", "#a@b"),
            ("https://a b/", "https://a b/"),
            ("", ""),
        ] {
            assert_eq!(hide_user_info(text), expected, "{text:?}");
        }
    }
}
