//! URL paths as browsers send them, which cookie Paths are compared with.

/// Why no browser, or not every browser, sends a path that starts with this Path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NeverSent {
    /// It contains a character that browsers percent-encode, or that ends the path.
    Character,
    /// It contains a segment such as `.` or `%2E%2e`, which browsers resolve.
    DotSegment,
}

/// Returns why browsers do not send paths that start with the absolute ASCII `path`, or `None` if all
/// of them do.
pub(crate) fn never_sent(path: &str) -> Option<NeverSent> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_');
    if path.bytes().all(is_plain) {
        None
    } else if path.bytes().any(is_encoded) {
        Some(NeverSent::Character)
    } else if path.split('/').any(|segment| dots(segment) > 0) {
        Some(NeverSent::DotSegment)
    } else {
        None
    }
}

/// The path in the form in which browsers send paths. `?` and `#`, which end a path, are encoded too.
pub(crate) fn as_sent(path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut segments: Vec<String> = Vec::new();
    let mut rest = path.split('/').skip(1).peekable();
    while let Some(segment) = rest.next() {
        let dots = dots(segment);
        if dots == 0 {
            segments.push(encoded(segment));
            continue;
        }
        if dots == 2 {
            segments.pop();
        }
        if rest.peek().is_none() {
            segments.push(String::new());
        }
    }
    format!("/{}", segments.join("/"))
}

/// The path percent-encode set of the URL standard, `\`, which browsers turn into `/`, and `|`, which
/// Chromium encodes and Firefox does not.
fn is_encoded(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'"' | b'#' | b'<' | b'>' | b'?' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
    )
}

fn encoded(segment: &str) -> String {
    let mut encoded = String::new();
    for c in segment.chars() {
        match u8::try_from(c) {
            Ok(byte) if is_encoded(byte) => {
                encoded.push('%');
                for digit in [byte >> 4, byte & 15] {
                    encoded
                        .extend(char::from_digit(digit.into(), 16).map(|c| c.to_ascii_uppercase()));
                }
            }
            _ => encoded.push(c),
        }
    }
    encoded
}

/// 1 or 2 for a segment that is one dot or two, each written as `.`, `%2e` or `%2E`; else 0.
fn dots(segment: &str) -> usize {
    let mut rest = segment;
    let mut dots = 0;
    while !rest.is_empty() && dots < 3 {
        let is_encoded = rest
            .get(..3)
            .is_some_and(|start| start.eq_ignore_ascii_case("%2e"));
        rest = match rest.strip_prefix('.') {
            Some(rest) => rest,
            None if is_encoded => &rest[3..],
            None => return 0,
        };
        dots += 1;
    }
    if dots < 3 { dots } else { 0 }
}
