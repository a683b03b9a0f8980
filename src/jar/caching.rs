//! `Vary` and `Cache-Control` for responses that depend on cookies or carry them.

use http::header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, VARY};

use crate::events;

/// Django's `patch_vary_headers`: one `Vary` header that lists `Cookie`, or `*` alone.
pub(super) fn vary_on_cookie(headers: &mut HeaderMap) {
    let mut members = members(headers, &VARY);
    if members.contains(&&b"*"[..]) {
        members = vec![b"*"];
    } else if !members
        .iter()
        .any(|member| member.eq_ignore_ascii_case(b"Cookie"))
    {
        members.push(b"Cookie");
    }
    let members = members.join(&b", "[..]);
    insert(headers, &VARY, members);
}

/// Keeps shared caches from storing the response (RFC 9111 §5.2.2.7).
///
/// `no-cache` does not: a shared cache may store the response and, once it is validated, send it to
/// another user. Neither does `no-store` beside `must-understand` (§5.2.2.3).
pub(super) fn cache_control_private(headers: &mut HeaderMap) {
    let mut members = members(headers, &CACHE_CONTROL);
    let has = |directive: &[u8]| {
        members
            .iter()
            .any(|member| member.eq_ignore_ascii_case(directive))
    };
    if has(b"private") || (has(b"no-store") && !has(b"must-understand")) {
        return;
    }
    members.retain(|member| {
        let name = member.split(|&byte| byte == b'=').next();
        let name = name.unwrap_or_default().trim_ascii();
        !name.eq_ignore_ascii_case(b"public") && !name.eq_ignore_ascii_case(b"s-maxage")
    });
    members.push(b"private");
    let members = members.join(&b", "[..]);
    insert(headers, &CACHE_CONTROL, members);
}

/// The members of a comma-separated list, in all headers of this name. A comma in quotes is part of a
/// member.
fn members<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a [u8]> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|header| {
            let (mut is_quoted, mut is_escaped) = (false, false);
            header.as_bytes().split(move |&byte| {
                is_quoted ^= byte == b'"' && !is_escaped;
                is_escaped = is_quoted && byte == b'\\' && !is_escaped;
                byte == b',' && !is_quoted
            })
        })
        .map(<[u8]>::trim_ascii)
        .filter(|member| !member.is_empty())
        .collect()
}

fn insert(headers: &mut HeaderMap, name: &HeaderName, members: Vec<u8>) {
    let value = HeaderValue::try_from(members).expect("parts of header values make a header value");
    // A full `HeaderMap` refuses even a name that it has.
    headers.remove(name);
    if headers.try_insert(name, value).is_err() {
        events::header_left_out(name);
    }
}
