//! Texts for errors and events: bounded, and without values.

/// The longest name, host, Domain or Path in a message, in characters.
const MAX_SHOWN: usize = 256;

/// `text` without what exceeds [`MAX_SHOWN`]: such texts can come from a client.
pub(crate) fn bounded(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => [&text[..end], "…"].concat(),
    }
}

/// A name for errors and events. Where a whole `name=value` was given as the name, the value is
/// left out.
pub(crate) fn display_name(name: &str) -> String {
    match name.split_once('=') {
        Some((name, _)) => bounded(name) + "=…",
        None => bounded(name),
    }
}
