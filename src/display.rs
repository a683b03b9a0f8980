//! Shortens texts for errors and events, and removes values from them.

/// The longest name, host, Domain or Path in a message, in characters.
const MAX_SHOWN: usize = 256;

/// Cuts `text` after [`MAX_SHOWN`] characters, since it can come from a client.
pub(crate) fn bounded(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => [&text[..end], "…"].concat(),
    }
}

/// Returns `name` for an error or event. If a caller passed `name=value` as the name, the value is
/// left out.
pub(crate) fn display_name(name: &str) -> String {
    match name.split_once('=') {
        Some((name, _)) => bounded(name) + "=…",
        None => bounded(name),
    }
}
