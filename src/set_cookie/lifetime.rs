//! `Max-Age` and `expires`, computed as `HttpResponse.set_cookie` does.

use cookie::time::{Duration, OffsetDateTime};
use cookie::{Cookie, Expiration};

/// The first and the last second of the years 1 to 9999. Django raises an exception outside of
/// them.
const EARLIEST: i64 = -62_135_596_800;
const LATEST: i64 = 253_402_300_799;

/// 1970-01-01 as an IMF-fixdate.
const EPOCH: &str = "Thu, 01 Jan 1970 00:00:00 GMT";

/// The lifetime of a cookie, as given.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lifetime {
    /// Until the browser's session ends.
    Session,
    MaxAge(Duration),
    Expires(OffsetDateTime),
    /// Already over: the cookie is deleted.
    Expired,
}

impl Lifetime {
    /// `Max-Age` takes precedence over `Expires` (RFC 6265 §5.3, step 3).
    pub(crate) fn from_cookie(cookie: &Cookie<'_>) -> Option<Self> {
        if let Some(max_age) = cookie.max_age() {
            return Some(Self::MaxAge(max_age));
        }
        cookie.expires().map(|expires| match expires {
            Expiration::DateTime(date) => Self::Expires(date),
            Expiration::Session => Self::Session,
        })
    }
}

/// The written form of a [`Lifetime`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dates {
    /// In seconds.
    pub(crate) max_age: i64,
    /// In UTC and whole seconds, within the years 1 to 9999.
    pub(crate) expires: OffsetDateTime,
}

impl Dates {
    /// Returns `None` for a session cookie.
    pub(crate) fn new(lifetime: Lifetime) -> Option<Self> {
        let (max_age, now) = match lifetime {
            Lifetime::Session => return None,
            Lifetime::Expired => {
                return Some(Self {
                    max_age: 0,
                    expires: OffsetDateTime::UNIX_EPOCH,
                });
            }
            Lifetime::MaxAge(max_age) => (max_age, since_epoch()),
            Lifetime::Expires(date) => {
                let now = since_epoch();
                // Django adds a second, so that `now + Max-Age` is not before the date.
                let left =
                    (date - OffsetDateTime::UNIX_EPOCH - now).saturating_add(Duration::SECOND);
                (Duration::seconds(left.whole_seconds().max(0)), now)
            }
        };
        let expires = now.saturating_add(max_age);
        let is_rounded_up = expires.subsec_nanoseconds() < 0;
        let expires = (expires.whole_seconds() - i64::from(is_rounded_up)).clamp(EARLIEST, LATEST);
        Some(Self {
            max_age: max_age.whole_seconds(),
            expires: OffsetDateTime::from_unix_timestamp(expires).expect("the range was checked"),
        })
    }

    /// The length of [`push_max_age`](Self::push_max_age)'s output.
    pub(crate) fn max_age_len(self) -> usize {
        let digits = self.max_age.unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1;
        digits + usize::from(self.max_age < 0)
    }

    pub(crate) fn push_max_age(self, out: &mut String) {
        if self.max_age < 0 {
            out.push('-');
        }
        push_number(out, self.max_age.unsigned_abs());
    }

    /// The length of an IMF-fixdate.
    pub(crate) const EXPIRES_LEN: usize = EPOCH.len();

    /// Appends an IMF-fixdate (RFC 9110 §5.6.7).
    pub(crate) fn push_expires(self, out: &mut String) {
        const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        const MONTHS: [&str; 12] = [
            " Jan ", " Feb ", " Mar ", " Apr ", " May ", " Jun ", " Jul ", " Aug ", " Sep ",
            " Oct ", " Nov ", " Dec ",
        ];
        // The date of every delete. Formatting it would take 290 more instructions.
        if self.expires == OffsetDateTime::UNIX_EPOCH {
            return out.push_str(EPOCH);
        }
        let (year, month, day) = self.expires.to_calendar_date();
        let (hour, minute, second) = self.expires.to_hms();
        let weekday = self.expires.weekday().number_days_from_monday();
        out.push_str(WEEKDAYS[usize::from(weekday)]);
        out.push_str(", ");
        push_two_digits(out, day.into());
        out.push_str(MONTHS[usize::from(u8::from(month) - 1)]);
        let year = u64::from(year.unsigned_abs());
        push_two_digits(out, year / 100);
        push_two_digits(out, year % 100);
        for (before, part) in [(' ', hour), (':', minute), (':', second)] {
            out.push(before);
            push_two_digits(out, part.into());
        }
        out.push_str(" GMT");
    }
}

/// The time since 1970; a clock before 1970 counts as 1970.
fn since_epoch() -> Duration {
    (OffsetDateTime::now_utc() - OffsetDateTime::UNIX_EPOCH).max(Duration::ZERO)
}

fn push_two_digits(out: &mut String, number: u64) {
    push_digit(out, number / 10);
    push_digit(out, number % 10);
}

fn push_number(out: &mut String, number: u64) {
    if number > 9 {
        push_number(out, number / 10);
    }
    push_digit(out, number % 10);
}

#[allow(clippy::cast_possible_truncation, reason = "a digit")]
fn push_digit(out: &mut String, digit: u64) {
    out.push(char::from(b'0' + digit as u8));
}
