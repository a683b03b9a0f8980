//! Builds the parts of a test case from the bytes of a fuzzer or of a random generator.

/// Text that some rule quotes, trims, splits at or rejects, and text that only resembles it.
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

/// The bytes that are left. When none are left, zeros follow.
///
/// The name is that of the same type in the crate `arbitrary`.
pub(crate) struct Unstructured<'a>(pub(crate) &'a [u8]);

impl<'a> Unstructured<'a> {
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first
    }

    pub(crate) fn bytes(&mut self, max_len: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(max_len.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    pub(crate) fn integer(&mut self) -> i64 {
        let mut integer = [0; 8];
        let bytes = self.bytes(8);
        integer[..bytes.len()].copy_from_slice(bytes);
        i64::from_le_bytes(integer)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound
    }

    pub(crate) fn boolean(&mut self) -> bool {
        self.below(2) == 1
    }

    pub(crate) fn choose<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    /// Returns `Some` in one of `odds` cases.
    pub(crate) fn option<T>(
        &mut self,
        odds: usize,
        some: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        (self.below(odds) == 1).then(|| some(self))
    }

    /// Returns some pieces, any characters, or a long text.
    pub(crate) fn text(&mut self) -> String {
        let kind = self.byte();
        match kind {
            0..=0xbf => (0..kind % 12).map(|_| self.choose(PIECES)).collect(),
            0xc0..=0xfb => {
                let bytes = self.bytes(usize::from(kind - 0xc0));
                String::from_utf8_lossy(bytes).into_owned()
            }
            // Near the length limits: of a name with its value, and of a Path.
            0xfc | 0xfd => self.choose(PIECES).repeat(4080 + self.below(24)),
            _ => self.choose(PIECES).repeat(1010 + self.below(24)),
        }
    }
}
