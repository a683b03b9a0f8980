//! HTML helpers: escaping, which all text from a request needs, and lists.

use std::fmt::{self, Display, Write};

/// Escapes text for use between tags and in quoted attributes.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// Renders each item with `render` and concatenates the results.
pub(crate) fn render_all<T>(
    items: impl IntoIterator<Item = T>,
    render: impl Fn(T) -> String,
) -> String {
    items
        .into_iter()
        .fold(String::new(), |html, item| html + &render(item))
}
