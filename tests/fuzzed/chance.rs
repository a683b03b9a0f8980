//! Bytes, a fuzzer's or a generator's, made into what a case consists of.

/// What is quoted, trimmed, cut at or refused somewhere, and what only looks so.
const PIECES: &[&str] = &[
    "a",
    "b",
    "1",
    "Z",
    "-",
    ".",
    ":",
    "~",
    "\"",
    "\"",
    "\\",
    "\\",
    "\\\"",
    "\\073",
    "\\101",
    "\\42",
    "\\377",
    "\\400",
    ";",
    "; ",
    "=",
    "==",
    ",",
    " ",
    "\t",
    "/",
    "(",
    "{",
    "%41",
    "%3B",
    "\u{85}",
    "\u{a0}",
    "\u{2000}",
    "\u{2028}",
    "\u{feff}",
    "\u{fffd}",
    "é",
    "ÿ",
    "Ā",
    "漢",
    "😀",
    "e\u{301}",
    "\r",
    "\n",
    "\0",
    "\u{1f}",
    "\u{7f}",
    "__Host-",
    "; Path=/evil",
    "; Secure",
    "$1",
];

/// Ends in zeros, as many as are asked for.
pub(crate) struct Chance<'a>(pub(crate) &'a [u8]);

impl<'a> Chance<'a> {
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first
    }

    pub(crate) fn bytes(&mut self, most: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    pub(crate) fn number(&mut self) -> i64 {
        let mut number = [0; 8];
        let bytes = self.bytes(8);
        number[..bytes.len()].copy_from_slice(bytes);
        i64::from_le_bytes(number)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound
    }

    pub(crate) fn is(&mut self) -> bool {
        self.below(2) == 1
    }

    pub(crate) fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    /// Something in one of `of` cases.
    pub(crate) fn maybe<T>(&mut self, of: usize, some: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(of) == 1).then(|| some(self))
    }

    /// Some pieces, any characters, or a long text.
    pub(crate) fn text(&mut self) -> String {
        let kind = self.byte();
        match kind {
            0..=0xbf => (0..kind % 12).map(|_| self.one_of(PIECES)).collect(),
            0xc0..=0xfb => {
                let bytes = self.bytes(usize::from(kind - 0xc0));
                String::from_utf8_lossy(bytes).into_owned()
            }
            // About as long as a name with a value, or a Path, may be.
            0xfc | 0xfd => self.one_of(PIECES).repeat(4080 + self.below(24)),
            _ => self.one_of(PIECES).repeat(1010 + self.below(24)),
        }
    }
}
