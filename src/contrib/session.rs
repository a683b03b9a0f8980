//! `Session`: the contents of a Django session, as raw JSON.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Found;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::contrib::json::{self, JsonError};
use crate::display::bounded;
use crate::error::CookieError;
use crate::signing::to_json;

/// The contents of a Django session: Django's `request.session`.
///
/// A session maps keys to values, and keeps the order of its keys. It stores each value as the JSON
/// that Django wrote. So values that you do not change are written back unchanged, even if your
/// program cannot read them: integers of any size, `NaN`, lone surrogates, and unknown types.
/// [`get`](Self::get) reads one value.
///
/// Read a session with [`Sessions::decode`](crate::Sessions::decode) or
/// [`Sessions::from_cookie`](crate::Sessions::from_cookie). Changes are stored only if you write it
/// back, with [`Sessions::encode`](crate::Sessions::encode) or
/// [`Sessions::set_cookie`](crate::Sessions::set_cookie).
///
/// `Debug` shows keys, never values.
///
/// ```
/// use tower_django_cookies::{CookieError, Session};
///
/// let mut session = Session::new();
/// session.insert("basket", &["tea", "cocoa"])?;
/// assert_eq!(session.get::<Vec<String>>("basket")?.unwrap(), ["tea", "cocoa"]);
/// assert_eq!(session.get::<u32>("visits")?, None);
/// assert_eq!(session.keys().collect::<Vec<_>>(), ["basket"]);
/// # Ok::<(), CookieError>(())
/// ```
#[derive(Clone, Default)]
pub struct Session {
    entries: Vec<Entry>,
    is_modified: bool,
}

#[derive(Clone)]
struct Entry {
    key: Key,
    /// The key as JSON.
    key_json: String,
    /// The value as JSON.
    value: String,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    /// The key, with U+FFFD in place of lone surrogates.
    text: String,
    /// The UTF-16 code units, only if the key contains lone surrogates.
    units: Option<Vec<u16>>,
}

impl Key {
    fn from_json(json: &str) -> Self {
        let units = json::string_units(json);
        match String::from_utf16(&units) {
            Ok(text) => Self { text, units: None },
            Err(_) => Self {
                text: String::from_utf16_lossy(&units),
                units: Some(units),
            },
        }
    }

    fn is(&self, text: &str) -> bool {
        self.units.is_none() && self.text == text
    }
}

impl Session {
    /// Creates an empty session.
    ///
    /// ```
    /// use tower_django_cookies::Session;
    ///
    /// assert!(Session::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses a JSON object. If a key occurs several times, its last value is kept at the position
    /// of its first occurrence, as in Python.
    pub(super) fn from_json(text: &str) -> Result<Self, JsonError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut places: HashMap<Key, usize> = HashMap::new();
        for (key_json, value) in json::split_object(text)? {
            let key = Key::from_json(key_json);
            match places.entry(key.clone()) {
                Found::Occupied(place) => value.clone_into(&mut entries[*place.get()].value),
                Found::Vacant(place) => {
                    place.insert(entries.len());
                    entries.push(Entry {
                        key,
                        key_json: key_json.to_owned(),
                        value: value.to_owned(),
                    });
                }
            }
        }
        Ok(Self {
            entries,
            is_modified: false,
        })
    }

    pub(super) fn to_json(&self) -> String {
        let entries: Vec<_> = self
            .entries
            .iter()
            .map(|entry| [&*entry.key_json, ":", &*entry.value].concat())
            .collect();
        ["{", &entries.join(","), "}"].concat()
    }

    /// Returns the value of a key, or `None` if the session has no such key: Django's
    /// `request.session.get(key)`.
    ///
    /// # Errors
    ///
    /// [`CookieError::UnreadableEntry`] if the value is not of type `T`, or if `serde_json` cannot
    /// read it because it contains `NaN`, an infinity or a lone surrogate, or is nested more than
    /// 127 levels deep.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, Session};
    ///
    /// let mut session = Session::new();
    /// session.insert("visits", &1)?;
    /// assert_eq!(session.get("visits")?, Some(1));
    /// let error = session.get::<String>("visits").unwrap_err();
    /// assert!(matches!(error, CookieError::UnreadableEntry { .. }));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, CookieError> {
        let Some(value) = self.raw(key) else {
            return Ok(None);
        };
        match serde_json::from_str(value) {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(unreadable(key)),
        }
    }

    /// Returns the JSON of a key's value, as Django or [`insert`](Self::insert) wrote it. JSON from
    /// Django may contain `NaN`, `Infinity` and lone surrogates such as `"\ud800"`.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, Session};
    ///
    /// let mut session = Session::new();
    /// session.insert("name", "Björk")?;
    /// assert_eq!(session.raw("name"), Some(r#""Bj\u00f6rk""#));
    /// # Ok::<(), CookieError>(())
    /// ```
    #[must_use]
    pub fn raw(&self, key: &str) -> Option<&str> {
        let entry = self.entries.iter().find(|entry| entry.key.is(key))?;
        Some(&entry.value)
    }

    /// Sets the value of a key: Django's `request.session[key] = value`. An existing key keeps its
    /// position. NaN and the infinities are written as `null`, as by `serde_json`.
    ///
    /// # Errors
    ///
    /// [`CookieError::UnserializableEntry`] if `value` cannot be written as JSON, such as a map whose
    /// keys are tuples. In this case, the session does not change.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, Session};
    ///
    /// let mut session = Session::new();
    /// session.insert("visits", &1)?;
    /// session.insert("visits", &2)?;
    /// assert_eq!(session.get("visits")?, Some(2));
    /// assert!(session.is_modified());
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn insert<T: Serialize + ?Sized>(
        &mut self,
        key: &str,
        value: &T,
    ) -> Result<(), CookieError> {
        let unserializable = |_| CookieError::UnserializableEntry { key: bounded(key) };
        let value = json::from_latin1(&to_json(value).map_err(unserializable)?);
        let key_json = json::from_latin1(&to_json(key).map_err(unserializable)?);
        self.is_modified = true;
        match self.entries.iter_mut().find(|entry| entry.key.is(key)) {
            Some(entry) => entry.value = value,
            None => self.entries.push(Entry {
                key: Key {
                    text: key.to_owned(),
                    units: None,
                },
                key_json,
                value,
            }),
        }
        Ok(())
    }

    /// Removes a key, and returns `true` if the session had it: Django's `del request.session[key]`.
    ///
    /// ```
    /// use tower_django_cookies::{CookieError, Session};
    ///
    /// let mut session = Session::new();
    /// session.insert("visits", &1)?;
    /// assert!(session.remove("visits"));
    /// assert!(!session.remove("visits"));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn remove(&mut self, key: &str) -> bool {
        let place = self.entries.iter().position(|entry| entry.key.is(key));
        if let Some(place) = place {
            self.entries.remove(place);
            self.is_modified = true;
        }
        place.is_some()
    }

    /// Removes all keys: Django's `request.session.clear()`.
    ///
    /// To log a user out, also delete the session's row or file, and the cookie with
    /// [`Sessions::delete_cookie`](crate::Sessions::delete_cookie).
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, Session};
    /// # let mut session = Session::new();
    /// session.insert("visits", &1)?;
    /// session.clear();
    /// assert!(session.is_empty() && session.is_modified());
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn clear(&mut self) {
        self.entries.clear();
        self.is_modified = true;
    }

    /// Returns the keys in order. If a key is not valid Unicode, its invalid parts are replaced by
    /// U+FFFD, and [`get`](Self::get) does not find the key.
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, Session};
    /// # let mut session = Session::new();
    /// session.insert("visits", &1)?;
    /// session.insert("basket", &["tea"])?;
    /// assert_eq!(session.keys().collect::<Vec<_>>(), ["visits", "basket"]);
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| &*entry.key.text)
    }

    /// Returns `true` if the session has no keys.
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, Session};
    /// # let mut session = Session::new();
    /// session.insert("visits", &1)?;
    /// assert!(!session.is_empty());
    /// # Ok::<(), CookieError>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns `true` if the session has changed since it was created or read, and must be stored:
    /// Django's `request.session.modified`.
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, Session};
    /// let mut session = Session::new();
    /// assert!(!session.is_modified());
    /// session.insert("visits", &1)?;
    /// assert!(session.is_modified());
    /// # Ok::<(), CookieError>(())
    /// ```
    #[must_use]
    pub fn is_modified(&self) -> bool {
        self.is_modified
    }
}

pub(super) fn unreadable(key: &str) -> CookieError {
    CookieError::UnreadableEntry { key: bounded(key) }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("keys", &self.keys().collect::<Vec<_>>())
            .field("is_modified", &self.is_modified)
            .finish_non_exhaustive()
    }
}
