//! `SessionExpiry`: a session's own expiry, which is stored in the session.

use std::fmt::Write;

use cookie::time::format_description::well_known::Iso8601;
use cookie::time::{Duration, OffsetDateTime, PrimitiveDateTime};

use crate::contrib::session::{Session, unreadable};
use crate::error::CookieError;

/// Django's key for the expiry of a session.
const KEY: &str = "_session_expiry";

/// The largest number of seconds of a Python `timedelta`.
const MAX_SECONDS: f64 = 86_400.0 * 999_999_999.0;

/// Django raises an error if the current time plus the duration is not in the years 1 to 9999.
const MAX_INACTIVITY: Duration = Duration::days(365 * 7000);
const MIN_INACTIVITY: Duration = Duration::days(365 * -1900);

/// When a session expires: the argument of Django's `request.session.set_expiry`.
///
/// ```
/// use tower_django_cookies::{CookieError, Session, SessionExpiry};
///
/// let mut session = Session::new();
/// session.set_expiry(SessionExpiry::BrowserClose);
/// assert_eq!(session.raw("_session_expiry"), Some("0"));
/// session.set_expiry(SessionExpiry::Default);
/// assert_eq!(session.raw("_session_expiry"), None);
/// # Ok::<(), CookieError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionExpiry {
    /// After the configured lifetime: Django's `set_expiry(None)`.
    Default,
    /// When the browser is closed: Django's `set_expiry(0)`. On the server, the session expires
    /// after the configured lifetime.
    BrowserClose,
    /// This long after the session was last stored: Django's `set_expiry(seconds)`. Zero is the
    /// same as [`BrowserClose`](Self::BrowserClose).
    Inactivity(Duration),
    /// At this time: Django's `set_expiry(datetime)`. If Django's setting `USE_TZ` is off, use
    /// [`Inactivity`](Self::Inactivity) instead: Django then raises a `TypeError` when it reads this
    /// date.
    At(OffsetDateTime),
}

impl Session {
    /// Returns the session's own expiry, which is stored in its key `_session_expiry`.
    ///
    /// If Django's setting `USE_TZ` is off, Django writes dates without an offset, in the zone of
    /// its setting `TIME_ZONE`. This crate reads them as UTC.
    ///
    /// # Errors
    ///
    /// [`CookieError::UnreadableEntry`] if it is neither a number nor a date.
    ///
    /// ```
    /// use tower_django_cookies::time::Duration;
    /// use tower_django_cookies::{CookieError, Session, SessionExpiry};
    ///
    /// let mut session = Session::new();
    /// assert_eq!(session.expiry()?, SessionExpiry::Default);
    /// session.set_expiry(SessionExpiry::Inactivity(Duration::HOUR));
    /// assert_eq!(session.expiry()?, SessionExpiry::Inactivity(Duration::HOUR));
    /// assert_eq!(session.raw("_session_expiry"), Some("3600"));
    /// # Ok::<(), CookieError>(())
    /// ```
    pub fn expiry(&self) -> Result<SessionExpiry, CookieError> {
        let Some(value) = self.raw(KEY) else {
            return Ok(SessionExpiry::Default);
        };
        match value {
            // Python treats these as false.
            "null" | "[]" | "{}" | r#""""# => return Ok(SessionExpiry::Default),
            "false" => return Ok(SessionExpiry::BrowserClose),
            "true" => return Ok(SessionExpiry::Inactivity(Duration::SECOND)),
            _ => {}
        }
        let expiry = if value.starts_with('"') {
            let text: String = self.get(KEY)?.unwrap_or_default();
            parse_date(&text).map(SessionExpiry::At)
        } else {
            let seconds: Option<f64> = value.parse().ok();
            seconds
                .filter(|seconds| seconds.abs() <= MAX_SECONDS)
                .map(|seconds| match seconds {
                    0.0 => SessionExpiry::BrowserClose,
                    seconds => SessionExpiry::Inactivity(Duration::seconds_f64(seconds)),
                })
        };
        expiry.ok_or_else(|| unreadable(KEY))
    }

    /// Sets when the session expires: Django's `request.session.set_expiry`.
    ///
    /// A duration of more than 7000 years becomes 7000 years, because Django has no dates after the year
    /// 9999. A duration below -1900 years becomes -1900 years.
    ///
    /// [`Sessions::set_cookie`](crate::Sessions::set_cookie) and
    /// [`Sessions::set_key`](crate::Sessions::set_key) give the cookie the same lifetime.
    ///
    /// ```
    /// use tower_django_cookies::time::OffsetDateTime;
    /// use tower_django_cookies::{Session, SessionExpiry};
    ///
    /// let mut session = Session::new();
    /// let date = OffsetDateTime::from_unix_timestamp(1_790_000_000)?;
    /// session.set_expiry(SessionExpiry::At(date));
    /// assert_eq!(session.raw("_session_expiry"), Some(r#""2026-09-21T14:13:20+00:00""#));
    /// # Ok::<(), tower_django_cookies::time::error::ComponentRange>(())
    /// ```
    pub fn set_expiry(&mut self, expiry: SessionExpiry) {
        let written = match expiry {
            SessionExpiry::Default => {
                self.remove(KEY);
                return;
            }
            SessionExpiry::BrowserClose => self.insert(KEY, &0),
            SessionExpiry::Inactivity(duration) => {
                let duration = duration.clamp(MIN_INACTIVITY, MAX_INACTIVITY);
                if duration.subsec_nanoseconds() == 0 {
                    self.insert(KEY, &duration.whole_seconds())
                } else {
                    self.insert(KEY, &duration.as_seconds_f64())
                }
            }
            SessionExpiry::At(date) => self.insert(KEY, &iso_format(date)),
        };
        debug_assert!(written.is_ok(), "numbers and strings can be written");
    }
}

/// Reads what Python's `datetime.isoformat` writes, and other forms of ISO 8601.
fn parse_date(text: &str) -> Option<OffsetDateTime> {
    let mut text = text.to_owned();
    if matches!(text.as_bytes(), [_, _, _, _, b'-', _, _, b'-', _, _, ..]) {
        // Python accepts any character in place of the `T`, and a date without a time.
        match text.get(10..)?.chars().next() {
            Some(separator) => text.replace_range(10..10 + separator.len_utf8(), "T"),
            None => text.push_str("T00:00:00"),
        }
    }
    if !text.contains('T') {
        return None;
    }
    let offset_seconds = cut_offset_seconds(&mut text);
    OffsetDateTime::parse(&text, &Iso8601::DEFAULT)
        .or_else(|_| {
            PrimitiveDateTime::parse(&text, &Iso8601::DEFAULT).map(PrimitiveDateTime::assume_utc)
        })
        .ok()?
        .checked_sub(offset_seconds)
}

/// Removes and returns the seconds of an offset such as `+05:30:15`. ISO 8601 has no seconds in
/// offsets.
fn cut_offset_seconds(text: &mut String) -> Duration {
    let len = text.len();
    let [.., sign @ (b'+' | b'-'), _, _, b':', _, _, b':', tens, ones] = *text.as_bytes() else {
        return Duration::ZERO;
    };
    if !(tens.is_ascii_digit() && ones.is_ascii_digit()) {
        return Duration::ZERO;
    }
    let seconds = Duration::seconds(i64::from(tens - b'0') * 10 + i64::from(ones - b'0'));
    text.truncate(len - 3);
    if sign == b'-' { -seconds } else { seconds }
}

/// Formats a date as Python's `datetime.isoformat` does. Python has no dates before the year 1, so
/// an earlier date becomes the first date of the year 1.
fn iso_format(date: OffsetDateTime) -> String {
    let date = if date.year() < 1 {
        OffsetDateTime::UNIX_EPOCH - Duration::seconds(62_135_596_800)
    } else {
        date
    };
    let (hour, minute, second) = date.to_hms();
    let mut text = format!(
        "{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}",
        date.year(),
        u8::from(date.month()),
        date.day(),
    );
    // Writing to a string cannot fail.
    if date.microsecond() > 0 {
        let _ = write!(text, ".{:06}", date.microsecond());
    }
    let offset = date.offset();
    let (hours, minutes, seconds) = offset.as_hms();
    let sign = if offset.is_negative() { '-' } else { '+' };
    let _ = write!(text, "{sign}{:02}:{:02}", hours.abs(), minutes.abs());
    if seconds != 0 {
        let _ = write!(text, ":{:02}", seconds.abs());
    }
    text
}
