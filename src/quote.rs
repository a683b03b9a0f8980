//! Python's cookie quoting, both ways: `_quote` and `_unquote` of `CPython`'s `http/cookies.py`.

/// Whether `byte` may stand in a cookie-name, and in a value without quotes (`_LegalChars`).
pub(crate) const fn is_legal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
                | b':'
        )
}

/// Whether `byte` stays as it is between quotes (`_UnescapedChars`).
const fn is_unescaped(byte: u8) -> bool {
    is_legal(byte)
        || matches!(
            byte,
            b' ' | b'('
                | b')'
                | b'/'
                | b'<'
                | b'='
                | b'>'
                | b'?'
                | b'@'
                | b'['
                | b']'
                | b'{'
                | b'}'
        )
}

/// The number of bytes that [`quote`] appends.
pub(crate) fn quoted_len(value: &str) -> usize {
    if needs_no_quotes(value) {
        return value.len();
    }
    let inner: usize = value
        .chars()
        .map(|c| match c {
            '"' | '\\' => 2,
            c if u8::try_from(c).is_ok_and(|byte| !is_unescaped(byte)) => 4,
            c => c.len_utf8(),
        })
        .sum();
    inner + 2
}

/// Appends `value` as a cookie-value.
///
/// Characters above U+00FF go out as UTF-8, where Django's servers raise.
pub(crate) fn quote(value: &str, out: &mut String) {
    if needs_no_quotes(value) {
        out.push_str(value);
        return;
    }
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c => match u8::try_from(c) {
                Ok(byte) if !is_unescaped(byte) => {
                    out.push('\\');
                    for shift in [6, 3, 0] {
                        out.push(char::from(b'0' + (byte >> shift & 7)));
                    }
                }
                _ => out.push(c),
            },
        }
    }
    out.push('"');
}

fn needs_no_quotes(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(is_legal)
}

/// The value where it stands in the field without its quotes; `None` if it has escapes to undo.
pub(crate) fn without_quotes(value: &[u8]) -> Option<&[u8]> {
    match value {
        [b'"', inner @ .., b'"'] => memchr::memchr(b'\\', inner).is_none().then_some(inner),
        _ => Some(value),
    }
}

/// Appends `value` without its quotes and with its escapes undone, in one pass (`_unquote`).
pub(crate) fn unquote(value: &str, out: &mut String) {
    let Some(mut inner) = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        out.push_str(value);
        return;
    };
    while let Some(backslash) = memchr::memchr(b'\\', inner.as_bytes()) {
        out.push_str(&inner[..backslash]);
        let rest = &inner[backslash + 1..];
        if let [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] = *rest.as_bytes() {
            out.push(char::from((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0')));
            inner = &rest[3..];
        } else {
            let mut chars = rest.chars();
            // A lone backslash at the end stays.
            out.push(chars.next().unwrap_or('\\'));
            inner = chars.as_str();
        }
    }
    out.push_str(inner);
}
