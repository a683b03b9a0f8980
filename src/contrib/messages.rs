//! `Messages`: Django's flash messages in a cookie.

use std::mem;

use cookie::time::OffsetDateTime;
use cookie::{Cookie, SameSite};

use crate::contrib::json::{from_latin1, split_array, to_latin1};
use crate::contrib::message::{Message, MessageLevel, string};
use crate::display::display_name;
use crate::error::CookieError;
use crate::events;
use crate::jar::CookieJar;
use crate::jar::secure::{Scheme, last_verified};
use crate::signing::{DEFAULT_INFLATE_LIMIT, TimestampSigner, pack, unpack};

/// Django's `CookieStorage.cookie_name`, `key_salt`, `not_finished` and `max_cookie_size`.
const NAME: &str = "messages";
const SALT: &str = "django.contrib.messages";
const NOT_FINISHED: &str = "__messagesnotfinished__";
const MAX_LEN: usize = 2048;

impl CookieJar {
    /// Returns access to Django's flash messages, with the layer's
    /// [`secret_key`](crate::CookieLayer::secret_key), which must be Django's `SECRET_KEY`.
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, CookieLayer, MessageLevel};
    /// # let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// # let jar = layer.jar(&http::Request::new(()));
    /// jar.messages().add(MessageLevel::SUCCESS, "The order was sent.")?;
    /// assert_eq!(jar.queued()[0].name(), "messages");
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn messages(&self) -> Messages {
        Messages {
            jar: self.clone(),
            now: None,
        }
    }
}

/// Adds flash messages, which the user's next page shows once, and takes those that wait to be
/// shown: `django.contrib.messages`.
///
/// Django shows the messages that this type adds, and [`take`](Self::take) returns messages that
/// Django added. Django's default `FallbackStorage` stores messages in the cookie `messages`, and
/// stores those that do not fit into the cookie in the session. This type does not read those in
/// the session. It also works with Django's `CookieStorage`, but not with `SessionStorage`.
///
/// Clients can read messages, but not forge them. [Declare](crate::CookieLayer::declare) the cookie
/// with Django's settings `SESSION_COOKIE_…`, but with `Path=/`. If it is not declared, it has Django's
/// defaults: `Path=/`, `HttpOnly` and `SameSite=Lax`.
///
/// ```
/// use tower_django_cookies::{CookieError, CookieLayer, MessageLevel};
///
/// let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
/// # let jar = layer.jar(&http::Request::new(()));
/// jar.messages().add(MessageLevel::SUCCESS, "The order was sent.")?;
/// # let header = format!("messages={}", jar.queued()[0].value());
/// # let jar = layer.jar(&http::Request::builder().header("cookie", header).body(()).unwrap());
///
/// // In the next request, here or in Django:
/// let messages = jar.messages().take()?;
/// assert_eq!(messages[0].text(), "The order was sent.");
/// assert_eq!(messages[0].tags(), "success");
/// # Ok::<(), CookieError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Messages {
    jar: CookieJar,
    /// `None` means the system clock.
    now: Option<OffsetDateTime>,
}

/// The changes to the messages in this request.
#[derive(Clone, Default)]
struct State {
    /// `true` if the messages of the request were taken.
    is_taken: bool,
    /// The JSON of the messages that were added.
    added: Vec<String>,
    /// The number of changes so far.
    changes: usize,
}

/// The messages of a request.
#[derive(Default)]
struct Received {
    /// The JSON of each message.
    items: Vec<String>,
    /// `true` if Django has stored further messages in its session.
    is_unfinished: bool,
}

impl Messages {
    /// Signs with `now` as the current time, for tests. Messages do not expire.
    ///
    /// ```
    /// use tower_django_cookies::time::OffsetDateTime;
    /// # use tower_django_cookies::{CookieError, CookieLayer, MessageLevel};
    /// # let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// # let jar = layer.jar(&http::Request::new(()));
    /// let messages = jar.messages().with_time(OffsetDateTime::UNIX_EPOCH);
    /// messages.add(MessageLevel::INFO, "hello")?;
    /// assert!(jar.queued()[0].value().contains(":0:")); // zero seconds since 1970
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn with_time(mut self, now: OffsetDateTime) -> Self {
        self.now = Some(now);
        self
    }

    /// Adds a message: Django's `messages.add_message(request, level, text)`.
    ///
    /// Messages of the request that were not taken are kept, before the new message. An empty text
    /// adds nothing, as in Django. Messages of every level are added: Django's setting
    /// `MESSAGE_LEVEL` has no effect here.
    ///
    /// # Errors
    ///
    /// - [`CookieError::MessagesTooLong`] if the cookie's value would be longer than 2048 bytes. In
    ///   this case, Django stores the messages that do not fit in its session.
    /// - [`CookieError::MissingKey`] if the layer has no [`secret_key`](crate::CookieLayer::secret_key).
    /// - The errors of [`CookieJar::set`].
    ///
    /// After an error, this message is not added, and the messages that were added before are kept.
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, CookieLayer, MessageLevel};
    /// # let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// # let jar = layer.jar(&http::Request::new(()));
    /// jar.messages().add(MessageLevel::INFO, "Tea is sold out.")?;
    /// jar.messages().add(MessageLevel::ERROR, "The order was not sent.")?;
    /// assert_eq!(jar.queued().len(), 1);
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn add(&self, level: MessageLevel, text: &str) -> Result<(), CookieError> {
        self.add_with_tags(level, text, "")
    }

    /// Adds a message with extra tags: Django's
    /// `messages.add_message(request, level, text, extra_tags=tags)`.
    ///
    /// # Errors
    ///
    /// Those of [`add`](Self::add).
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, CookieLayer, MessageLevel};
    /// # let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// # let jar = layer.jar(&http::Request::new(()));
    /// let messages = jar.messages();
    /// messages.add_with_tags(MessageLevel::INFO, "Tea is sold out.", "basket")?;
    /// assert_eq!(messages.take()?[0].tags(), "basket info");
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn add_with_tags(
        &self,
        level: MessageLevel,
        text: &str,
        extra_tags: &str,
    ) -> Result<(), CookieError> {
        let refused = |error: &CookieError| events::refused("set", NAME, error);
        let signer = self.signer().inspect_err(refused)?;
        if text.is_empty() {
            return Ok(());
        }
        let item = Message::to_json(level, text, extra_tags).unwrap_or_default();
        let received = self.received(signer);
        let mut contrib = self.jar.contrib();
        let state: &mut State = contrib.get_or_insert_default();
        let item = from_latin1(&item);
        state.added.push(item.clone());
        let json = json(&received, state).unwrap_or_default();
        // Longer JSON could be compressed to a short cookie, which `take` would not read.
        let len = if json.len() > DEFAULT_INFLATE_LIMIT {
            json.len()
        } else {
            self.sign(signer, &json).len()
        };
        if len > MAX_LEN {
            state.added.pop();
            drop(contrib);
            let error = CookieError::MessagesTooLong {
                name: display_name(NAME),
                len,
            };
            refused(&error);
            return Err(error);
        }
        state.changes += 1;
        drop(contrib);
        self.write(signer, &received).inspect_err(|_| {
            let mut contrib = self.jar.contrib();
            let state: &mut State = contrib.get_or_insert_default();
            if let Some(last) = state.added.iter().rposition(|added| *added == item) {
                state.added.remove(last);
            }
        })
    }

    /// Returns the waiting messages and removes them: iterating over Django's
    /// `messages.get_messages(request)`.
    ///
    /// A second call for the same request returns only the messages that were added after the first
    /// call. Django returns all messages again.
    ///
    /// First come the messages of the request, then those added in this response. If Django has
    /// stored further messages in its session, Django shows them on its next page. An invalid
    /// cookie is deleted. In a valid cookie, items that are not messages are skipped.
    ///
    /// If the layer's key is not Django's, this deletes messages from Django and does not return them.
    /// With the feature `tracing`, the event `cookie refused` is then emitted for the cookie
    /// `messages`.
    ///
    /// # Errors
    ///
    /// [`CookieError::MissingKey`] if the layer has no [`secret_key`](crate::CookieLayer::secret_key), and
    /// the errors of [`CookieJar::set`] and [`CookieJar::delete`].
    ///
    /// ```
    /// # use tower_django_cookies::{CookieError, CookieLayer, MessageLevel};
    /// # let layer = CookieLayer::new().secret_key("5c2dbbeb8e6e0b1bd4a7c5fd5f0b2c60")?;
    /// # let jar = layer.jar(&http::Request::new(()));
    /// assert!(jar.messages().take()?.is_empty());
    /// jar.messages().add(MessageLevel::INFO, "Tea is sold out.")?;
    /// assert_eq!(jar.messages().take()?.len(), 1);
    /// assert!(jar.messages().take()?.is_empty());
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn take(&self) -> Result<Vec<Message>, CookieError> {
        let signer = self
            .signer()
            .inspect_err(|error| events::refused("get", NAME, error))?;
        let received = self.received(signer);
        let mut contrib = self.jar.contrib();
        let state: &mut State = contrib.get_or_insert_default();
        let is_written = !state.added.is_empty() || (!state.is_taken && self.jar.contains(NAME));
        let items = state.items(&received);
        let messages = items.filter_map(Message::from_json).collect();
        let was_taken = mem::replace(&mut state.is_taken, true);
        let added = mem::take(&mut state.added);
        state.changes += 1;
        drop(contrib);
        if is_written {
            // If the cookie cannot be written, the messages are still there for the next call.
            self.write(signer, &received).inspect_err(|_| {
                let mut contrib = self.jar.contrib();
                let state: &mut State = contrib.get_or_insert_default();
                state.is_taken = was_taken;
                state.added.splice(0..0, added);
            })?;
        }
        Ok(messages)
    }

    /// Sets or deletes the cookie according to the state. Repeats this if another thread has
    /// changed the state in the meantime.
    fn write(&self, signer: &TimestampSigner, received: &Received) -> Result<(), CookieError> {
        loop {
            let mut contrib = self.jar.contrib();
            let state: &mut State = contrib.get_or_insert_default();
            let changes = state.changes;
            let json = json(received, state);
            drop(contrib);
            let value = json.map(|json| self.sign(signer, &json));
            let mut cookie = Cookie::new(NAME, value.unwrap_or_default());
            let is_deleted = cookie.value().is_empty();
            if let Ok(None) = self.jar.config().declaration_to_set(NAME) {
                cookie.set_same_site(SameSite::Lax);
                if !is_deleted {
                    cookie.set_http_only(true);
                }
            }
            if is_deleted {
                self.jar.delete(cookie)?;
            } else {
                self.jar.set(cookie)?;
            }
            if self.jar.contrib().get_or_insert_default::<State>().changes == changes {
                return Ok(());
            }
        }
    }

    /// The value of the cookie.
    fn sign(&self, signer: &TimestampSigner, json: &str) -> String {
        let payload = pack(&to_latin1(json), true);
        signer.sign_salted(&[SALT], self.now, &payload)
    }

    /// Django's `CookieStorage._get`. An invalid cookie counts as absent.
    fn received(&self, signer: &TimestampSigner) -> Received {
        let invalid = || CookieError::BadSignature {
            name: display_name(NAME),
        };
        let read = |value: &str, _| {
            let unsigned = signer
                .verify_salted(&[SALT], None, value, None)
                .map_err(|_| invalid())?;
            let json = unpack(unsigned.value, DEFAULT_INFLATE_LIMIT).map_err(|_| invalid())?;
            let json = from_latin1(&json);
            let items = split_array(&json).map_err(|_| invalid())?;
            Ok(items.into_iter().map(str::to_owned).collect::<Vec<_>>())
        };
        let items = last_verified(&self.jar, NAME, &[Scheme::Current], |_| false, read);
        let mut items = items.unwrap_or_default();
        let is_mark = |item: &String| string(item).is_some_and(|text| text == NOT_FINISHED);
        let is_unfinished = items.last().is_some_and(is_mark);
        items.retain(|item| !is_mark(item));
        Received {
            items,
            is_unfinished,
        }
    }

    fn signer(&self) -> Result<&TimestampSigner, CookieError> {
        let signer = self.jar.config().signing.signer();
        signer.ok_or_else(|| CookieError::MissingKey {
            name: display_name(NAME),
            setting: "secret_key",
        })
    }
}

impl State {
    /// The messages that were not taken.
    fn items<'a>(&'a self, received: &'a Received) -> impl Iterator<Item = &'a str> {
        let received = received.items.iter().filter(|_| !self.is_taken);
        received.chain(&self.added).map(String::as_str)
    }
}

/// Returns the JSON for the cookie: the messages that were not taken, and Django's mark if it was
/// received. Returns `None` if there is nothing to write.
fn json(received: &Received, state: &State) -> Option<String> {
    let sentinel = format!("\"{NOT_FINISHED}\"");
    let mut items: Vec<_> = state.items(received).collect();
    if received.is_unfinished {
        items.push(&sentinel);
    }
    (!items.is_empty()).then(|| ["[", &items.join(","), "]"].concat())
}
