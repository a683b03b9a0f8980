//! Splits a JSON object or array into its items, each as raw JSON. Accepts the same JSON as
//! Python's `json.loads`.
//!
//! Python also writes `NaN`, infinities, lone surrogates and integers of any size, which `serde_json`
//! refuses. So this module only finds where each item starts and ends. Items can be written back
//! unchanged.

/// Python reads about this many levels of nesting.
const MAX_DEPTH: usize = 1000;

/// The reason why a text is not a JSON object or array, whichever is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JsonError {
    Syntax,
    /// The outer value has another type than expected.
    OtherType,
    TooDeep,
}

/// Decodes bytes as Latin-1, as Django does.
pub(super) fn from_latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Encodes as Latin-1. The text was decoded from Latin-1 or is ASCII, so no character is lost.
pub(super) fn to_latin1(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
        .collect()
}

/// Returns the names and values of an object as raw JSON, in order.
#[cfg(feature = "sessions")]
pub(super) fn split_object(text: &str) -> Result<Vec<(&str, &str)>, JsonError> {
    let mut scanner = Scanner::new(text);
    let mut entries = Vec::new();
    scanner.open(b'{')?;
    if !scanner.skip(b'}') {
        loop {
            let name = scanner.name()?;
            entries.push((name, scanner.value()?));
            if scanner.skip(b'}') {
                break;
            }
            scanner.expect(b',')?;
        }
    }
    scanner.end()?;
    Ok(entries)
}

/// Returns the items of an array as raw JSON, in order.
#[cfg(feature = "messages")]
pub(super) fn split_array(text: &str) -> Result<Vec<&str>, JsonError> {
    let mut scanner = Scanner::new(text);
    let mut items = Vec::new();
    scanner.open(b'[')?;
    if !scanner.skip(b']') {
        loop {
            items.push(scanner.value()?);
            if scanner.skip(b']') {
                break;
            }
            scanner.expect(b',')?;
        }
    }
    scanner.end()?;
    Ok(items)
}

/// Returns the UTF-16 code units of a string, given with its quotes.
///
/// Python joins an escaped pair of surrogates. So two JSON strings with the same code units are the
/// same string in Python.
pub(super) fn string_units(text: &str) -> Vec<u16> {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    let mut rest = inner.unwrap_or_default();
    let mut units = Vec::with_capacity(rest.len());
    while let Some((before, after)) = rest.split_once('\\') {
        units.extend(before.encode_utf16());
        let mut chars = after.chars();
        let unit = match chars.next() {
            Some('b') => 0x08,
            Some('f') => 0x0C,
            Some('n') => 0x0A,
            Some('r') => 0x0D,
            Some('t') => 0x09,
            Some('u') => {
                let digits = chars.as_str().get(..4).unwrap_or_default();
                chars = chars.as_str()[digits.len()..].chars();
                u16::from_str_radix(digits, 16).unwrap_or(0xFFFD)
            }
            // `"`, `\` or `/`.
            Some(c) => u16::try_from(u32::from(c)).unwrap_or(0xFFFD),
            None => break,
        };
        units.push(unit);
        rest = chars.as_str();
    }
    units.extend(rest.encode_utf16());
    units
}

/// Finds where values end. It uses no recursion.
struct Scanner<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, position: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    /// Skips white space, and then `byte` if it is next.
    fn skip(&mut self, byte: u8) -> bool {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.position += 1;
        }
        let found = self.peek() == Some(byte);
        self.position += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.skip(byte) {
            Ok(())
        } else {
            Err(JsonError::Syntax)
        }
    }

    /// Skips the opening bracket of the outer value.
    fn open(&mut self, bracket: u8) -> Result<(), JsonError> {
        if self.skip(bracket) {
            return Ok(());
        }
        self.value()?;
        self.end()?;
        Err(JsonError::OtherType)
    }

    fn end(&mut self) -> Result<(), JsonError> {
        // `skip` skips all white space first, so this skips only white space.
        self.skip(b' ');
        if self.position == self.text.len() {
            Ok(())
        } else {
            Err(JsonError::Syntax)
        }
    }

    /// Returns a name of an object, and skips the colon.
    fn name(&mut self) -> Result<&'a str, JsonError> {
        self.expect(b'"')?;
        let start = self.position - 1;
        self.string()?;
        let end = self.position;
        self.expect(b':')?;
        Ok(&self.text[start..end])
    }

    /// Returns the next value.
    fn value(&mut self) -> Result<&'a str, JsonError> {
        // The brackets that close the open arrays and objects.
        let mut open = Vec::new();
        let mut start = None;
        loop {
            let mut is_closed = true;
            if self.skip(b'"') {
                start.get_or_insert(self.position - 1);
                self.string()?;
            } else if self.skip(b'{') {
                start.get_or_insert(self.position - 1);
                if !self.skip(b'}') {
                    self.name()?;
                    open.push(b'}');
                    is_closed = false;
                }
            } else if self.skip(b'[') {
                start.get_or_insert(self.position - 1);
                if !self.skip(b']') {
                    open.push(b']');
                    is_closed = false;
                }
            } else {
                start.get_or_insert(self.position);
                self.atom()?;
            }
            if open.len() >= MAX_DEPTH {
                return Err(JsonError::TooDeep);
            }
            while is_closed {
                let Some(&bracket) = open.last() else {
                    return Ok(&self.text[start.unwrap_or_default()..self.position]);
                };
                if self.skip(bracket) {
                    open.pop();
                    continue;
                }
                self.expect(b',')?;
                if bracket == b'}' {
                    self.name()?;
                }
                is_closed = false;
            }
        }
    }

    /// Skips the rest of a string, after its first quote.
    fn string(&mut self) -> Result<(), JsonError> {
        loop {
            match self.next_byte()? {
                b'"' => return Ok(()),
                b'\\' => match self.next_byte()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        for _ in 0..4 {
                            if !self.next_byte()?.is_ascii_hexdigit() {
                                return Err(JsonError::Syntax);
                            }
                        }
                    }
                    _ => return Err(JsonError::Syntax),
                },
                0..0x20 => return Err(JsonError::Syntax),
                _ => {}
            }
        }
    }

    fn next_byte(&mut self) -> Result<u8, JsonError> {
        let byte = self.peek().ok_or(JsonError::Syntax)?;
        self.position += 1;
        Ok(byte)
    }

    /// Skips a number or a constant.
    fn atom(&mut self) -> Result<(), JsonError> {
        let rest = &self.text[self.position..];
        for constant in ["null", "true", "false", "NaN", "Infinity", "-Infinity"] {
            if rest.starts_with(constant) {
                self.position += constant.len();
                return Ok(());
            }
        }
        self.position += number_len(rest.as_bytes()).ok_or(JsonError::Syntax)?;
        Ok(())
    }
}

/// The length of the number at the start of `text`.
fn number_len(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut len = usize::from(text.starts_with(b"-"));
    match digits(len) {
        0 => return None,
        _ if text[len] == b'0' => len += 1,
        count => len += count,
    }
    if text.get(len) == Some(&b'.') && digits(len + 1) > 0 {
        len += 1 + digits(len + 1);
    }
    if matches!(text.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(len + 1), Some(b'+' | b'-')));
        let count = digits(len + 1 + sign);
        if count > 0 {
            len += 1 + sign + count;
        }
    }
    Some(len)
}
