//! `Message`: one message, as `django.contrib.messages` stores it.

use std::fmt;

use crate::contrib::json::{split_array, string_units};
use crate::signing::{PayloadReason, to_json};

/// Django's `MessageEncoder.message_key`.
const MARKER: &str = "__json_message";

/// The level of a message: a number, with a name for Django's five levels.
///
/// ```
/// use tower_django_cookies::MessageLevel;
///
/// assert!(MessageLevel::ERROR > MessageLevel::INFO);
/// assert_eq!(MessageLevel::SUCCESS.tag(), "success");
/// assert_eq!(MessageLevel::new(50).tag(), "");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageLevel(i64);

impl MessageLevel {
    /// For developers: 10.
    pub const DEBUG: Self = Self(10);
    /// For the user: 20.
    pub const INFO: Self = Self(20);
    /// An action succeeded: 25.
    pub const SUCCESS: Self = Self(25);
    /// An action may fail later: 30.
    pub const WARNING: Self = Self(30);
    /// An action failed: 40.
    pub const ERROR: Self = Self(40);

    /// Creates a level of your own.
    ///
    /// ```
    /// use tower_django_cookies::MessageLevel;
    ///
    /// assert!(MessageLevel::new(50) > MessageLevel::ERROR);
    /// ```
    #[must_use]
    pub const fn new(level: i64) -> Self {
        Self(level)
    }

    /// Returns the number.
    ///
    /// ```
    /// use tower_django_cookies::MessageLevel;
    ///
    /// assert_eq!(MessageLevel::SUCCESS.value(), 25);
    /// ```
    #[must_use]
    pub const fn value(self) -> i64 {
        self.0
    }

    /// Returns the tag of one of Django's levels, such as `success`, or an empty string for another
    /// level: Django's `DEFAULT_TAGS`. Django's setting `MESSAGE_TAGS` has no effect here.
    ///
    /// ```
    /// use tower_django_cookies::MessageLevel;
    ///
    /// assert_eq!(MessageLevel::WARNING.tag(), "warning");
    /// ```
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self.0 {
            10 => "debug",
            20 => "info",
            25 => "success",
            30 => "warning",
            40 => "error",
            _ => "",
        }
    }
}

/// A message that is shown to the user once, known as a flash message:
/// `django.contrib.messages.storage.base.Message`.
///
/// `Debug` shows the level, not the text.
///
/// ```
/// use tower_django_cookies::{CookieError, CookieLayer, MessageLevel};
/// # let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
/// # let jar = layer.jar(&http::Request::new(()));
///
/// jar.messages().add_with_tags(MessageLevel::INFO, "Tea is sold out.", "basket")?;
/// let message = &jar.messages().take()?[0];
/// assert_eq!(message.level(), MessageLevel::INFO);
/// assert_eq!(message.text(), "Tea is sold out.");
/// assert_eq!(message.extra_tags(), Some("basket"));
/// assert_eq!(message.tags(), "basket info");
/// assert!(!message.is_html());
/// # Ok::<(), CookieError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    level: MessageLevel,
    text: String,
    extra_tags: Option<String>,
    is_html: bool,
}

impl Message {
    /// Parses a message. Returns `None` if the JSON is not a message.
    pub(super) fn from_json(json: &str) -> Option<Self> {
        let items = split_array(json).ok()?;
        let (marker, is_html, level, text, extra_tags) = match *items {
            [marker, is_html, level, text] => (marker, is_html, level, text, "null"),
            [marker, is_html, level, text, extra_tags] => {
                (marker, is_html, level, text, extra_tags)
            }
            _ => return None,
        };
        if string(marker)? != MARKER {
            return None;
        }
        Some(Self {
            level: MessageLevel(level.parse().ok()?),
            text: string(text)?,
            extra_tags: match extra_tags {
                "null" => None,
                tags => Some(string(tags)?),
            },
            is_html: is_html.parse().map_or_else(
                |_| !matches!(is_html, "false" | "null" | r#""""# | "[]" | "{}"),
                |number: f64| number != 0.0,
            ),
        })
    }

    /// Writes a message that is not HTML as JSON.
    pub(super) fn to_json(
        level: MessageLevel,
        text: &str,
        extra_tags: &str,
    ) -> Result<Vec<u8>, PayloadReason> {
        to_json(&(MARKER, 0, level.0, text, extra_tags))
    }

    /// Returns the level.
    #[must_use]
    pub fn level(&self) -> MessageLevel {
        self.level
    }

    /// Returns the text. Escape it in HTML, unless [`is_html`](Self::is_html) is `true`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the extra tags with which the message was added, if any.
    #[must_use]
    pub fn extra_tags(&self) -> Option<&str> {
        self.extra_tags.as_deref()
    }

    /// Returns the extra tags and the level's tag, separated by a space: Django's `Message.tags`.
    /// They are usually used as CSS classes. Escape them in HTML: extra tags can have any text.
    #[must_use]
    pub fn tags(&self) -> String {
        let tags = [self.extra_tags().unwrap_or_default(), self.level.tag()];
        let tags: Vec<_> = tags.into_iter().filter(|tag| !tag.is_empty()).collect();
        tags.join(" ")
    }

    /// Returns `true` if the text is HTML that needs no escaping, as marked by Django's
    /// `mark_safe`. The mark is signed, so only a program with the secret key can set it. Messages
    /// from [`Messages::add`](crate::Messages::add) are never HTML.
    #[must_use]
    pub fn is_html(&self) -> bool {
        self.is_html
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}

/// Reads a string, with U+FFFD in place of lone surrogates.
pub(super) fn string(json: &str) -> Option<String> {
    let is_string = json.starts_with('"');
    is_string.then(|| String::from_utf16_lossy(&string_units(json)))
}
