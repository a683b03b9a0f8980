//! A cookie's value, and how it is written.

use crate::quote::{quote, quoted_len};

#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    /// Written as Django writes it, between quotes if necessary.
    Quoted(&'a str),
    /// Written unchanged. The text must be a cookie-value (RFC 6265 §4.1.1).
    Verbatim(&'a str),
}

impl<'a> Value<'a> {
    pub(super) fn as_str(self) -> &'a str {
        match self {
            Self::Quoted(text) | Self::Verbatim(text) => text,
        }
    }

    /// The number of bytes written for a value whose bytes have these `classes`.
    pub(super) fn len(self, classes: u8) -> usize {
        match self {
            Self::Quoted(text) => quoted_len(text, classes),
            Self::Verbatim(text) => text.len(),
        }
    }

    pub(super) fn push_to(self, len: usize, out: &mut String) {
        match self {
            Self::Quoted(text) => quote(text, len, out),
            Self::Verbatim(text) => out.push_str(text),
        }
    }
}
