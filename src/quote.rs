//! Python's quoting of cookie values: `_quote` and `_unquote` of `CPython`'s `http/cookies.py`.

/// The classes of bytes in a cookie-value. Each class is a bit, so that the classes of all bytes in
/// a text can be combined.
pub(crate) mod class {
    /// Written as it is, but only between quotes (`_UnescapedChars`).
    pub(crate) const QUOTED: u8 = 1;
    /// Escaped.
    pub(crate) const ESCAPED: u8 = 2;
    /// Part of a non-ASCII character.
    pub(crate) const NON_ASCII: u8 = 4;
    /// A control character, which is not allowed.
    pub(crate) const CONTROL: u8 = 8;
}

/// The class of each byte. Bytes without a class are allowed in a cookie-name, and in a value without
/// quotes (`_LegalChars`).
static CLASSES: [u8; 256] = {
    let mut classes = [class::NON_ASCII; 256];
    let mut byte = 0;
    while byte < 0x80 {
        classes[byte as usize] = match byte {
            0..=0x1f | 0x7f => class::CONTROL,
            b'0'..=b'9'
            | b'A'..=b'Z'
            | b'a'..=b'z'
            | b'!'
            | b'#'..=b'\''
            | b'*'
            | b'+'
            | b'-'
            | b'.'
            | b':'
            | b'^'..=b'`'
            | b'|'
            | b'~' => 0,
            b'"' | b',' | b';' | b'\\' => class::ESCAPED,
            _ => class::QUOTED,
        };
        byte += 1;
    }
    classes
};

/// The classes of the bytes of `text`, combined.
pub(crate) fn classes(text: &str) -> u8 {
    text.bytes()
        .fold(0, |seen, byte| seen | CLASSES[usize::from(byte)])
}

/// The number of bytes that [`quote`] appends for a value whose bytes have these `classes`.
pub(crate) fn quoted_len(value: &str, classes: u8) -> usize {
    let inner = if classes <= class::QUOTED {
        value.len()
    } else {
        value.chars().map(escaped_len).sum()
    };
    if classes == 0 && inner > 0 {
        inner
    } else {
        inner + 2
    }
}

/// The number of bytes that are written for a character between quotes.
fn escaped_len(c: char) -> usize {
    match c {
        '"' | '\\' => 2,
        c if is_octal(c) => 4,
        c => c.len_utf8(),
    }
}

/// Returns `true` if `c` is written as `\ooo`. Characters above U+00FF are written as UTF-8. Django
/// cannot send these: its servers raise an exception.
fn is_octal(c: char) -> bool {
    u8::try_from(c).is_ok_and(|byte| CLASSES[usize::from(byte)] > class::QUOTED)
}

/// Appends `value` as a cookie-value of `len` bytes, the result of [`quoted_len`].
pub(crate) fn quote(value: &str, len: usize, out: &mut String) {
    if len == value.len() {
        out.push_str(value);
        return;
    }
    out.push('"');
    if len == value.len() + 2 {
        out.push_str(value);
    } else {
        for c in value.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                c if is_octal(c) => {
                    let code = u32::from(c);
                    out.push('\\');
                    for shift in [6, 3, 0] {
                        out.extend(char::from_digit(code >> shift & 7, 8));
                    }
                }
                c => out.push(c),
            }
        }
    }
    out.push('"');
}

/// The value without its quotes, borrowed from the header, or `None` if it contains escapes.
pub(crate) fn without_quotes(value: &[u8]) -> Option<&[u8]> {
    match value {
        [b'"', inner @ .., b'"'] => memchr::memchr(b'\\', inner).is_none().then_some(inner),
        _ => Some(value),
    }
}

/// Appends `value` unquoted, in one pass (`_unquote`).
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
            // A backslash at the end is kept.
            out.push(chars.next().unwrap_or('\\'));
            inner = chars.as_str();
        }
    }
    out.push_str(inner);
}
