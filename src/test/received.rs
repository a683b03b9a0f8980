//! Parses a `Set-Cookie` header as browsers do (RFC 6265bis §5.6).

use cookie::time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time};
use cookie::{Cookie, Expiration, SameSite};

use crate::set_cookie::validate::MAX_ATTRIBUTE;

/// Returns the cookie and its Domain, or `None` if the cookie has no name.
///
/// The Domain is returned separately, because `Cookie` would strip a leading dot. The `cookie`
/// crate's own parser differs from browsers: it also trims other white space, accepts lifetimes
/// that browsers ignore, and ignores dates that browsers accept.
///
/// Only the last `Max-Age` and the last `Expires` count. If one of them is invalid, it counts as absent,
/// and earlier attributes of that name are ignored. By RFC 6265bis §5.6, the invalid attribute would be
/// ignored instead, but Chromium and Firefox behave as described here.
pub(super) fn parse(text: &str) -> Option<(Cookie<'static>, Option<&str>)> {
    let mut chunks = text.split(';');
    let (name, value) = pair(chunks.next()?).filter(|(name, _)| !name.is_empty())?;
    let mut domain = None;
    let mut cookie = Cookie::new(name.to_owned(), value.to_owned());
    for chunk in chunks {
        let (name, value) = pair(chunk).unwrap_or((trim(chunk), ""));
        if value.len() > MAX_ATTRIBUTE {
            continue;
        }
        match &*name.to_ascii_lowercase() {
            "expires" => {
                cookie.unset_expires();
                if let Some(date) = date(value) {
                    cookie.set_expires(date);
                }
            }
            "max-age" => cookie.set_max_age(seconds(value).map(Duration::seconds)),
            "domain" => domain = Some(value).filter(|domain| !domain.is_empty()),
            "path" => cookie.set_path(value.to_owned()),
            "secure" => cookie.set_secure(true),
            "httponly" => cookie.set_http_only(true),
            "partitioned" => cookie.set_partitioned(true),
            "samesite" => cookie.set_same_site(match &*value.to_ascii_lowercase() {
                "strict" => Some(SameSite::Strict),
                "lax" => Some(SameSite::Lax),
                "none" => Some(SameSite::None),
                _ => None,
            }),
            _ => {}
        }
    }
    if !cookie.path().is_some_and(|path| path.starts_with('/')) {
        cookie.unset_path();
    }
    Some((cookie, domain))
}

/// Returns the time at which the cookie expires, or `None` for a session cookie (RFC 6265bis §5.7).
pub(super) fn expiry(cookie: &Cookie<'_>, now: OffsetDateTime) -> Option<OffsetDateTime> {
    match (cookie.max_age(), cookie.expires()) {
        (Some(max_age), _) if max_age <= Duration::ZERO => Some(OffsetDateTime::UNIX_EPOCH),
        (Some(max_age), _) => {
            let latest = PrimitiveDateTime::MAX.assume_utc();
            Some(now.checked_add(max_age).unwrap_or(latest))
        }
        (None, Some(Expiration::DateTime(date))) => Some(date),
        (None, _) => None,
    }
}

fn pair(chunk: &str) -> Option<(&str, &str)> {
    let (name, value) = chunk.split_once('=')?;
    Some((trim(name), trim(value)))
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Parses the value of Max-Age, in seconds (§5.6.2). A number that is out of range saturates.
fn seconds(value: &str) -> Option<i64> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(if digits.len() < value.len() {
        value.parse().unwrap_or(i64::MIN)
    } else {
        value.parse().unwrap_or(i64::MAX)
    })
}

/// Parses a cookie-date (§5.1.1). Time zone and weekday are ignored.
///
/// By the RFC, a date before the year 1601 is ignored. In Chromium and Firefox, a cookie with such a date
/// has expired.
fn date(value: &str) -> Option<OffsetDateTime> {
    let is_delimiter = |c| matches!(c, '\t' | ' '..='/' | ';'..='@' | '['..='`' | '{'..='~');
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in value.split(is_delimiter).filter(|token| !token.is_empty()) {
        if time.is_none() {
            time = hour_minute_second(token);
            if time.is_some() {
                continue;
            }
        }
        if day.is_none() {
            day = digits(token, 1, 2).map(|(day, _)| day);
            if day.is_some() {
                continue;
            }
        }
        if month.is_none() {
            month = month_of(token);
            if month.is_some() {
                continue;
            }
        }
        if year.is_none() {
            year = digits(token, 2, 4).map(|(year, _)| year);
        }
    }
    let year = match year? {
        year @ 70..=99 => year + 1900,
        year @ 0..=69 => year + 2000,
        year => year,
    };
    let (hour, minute, second) = time?;
    let time = Time::from_hms(to_u8(hour)?, to_u8(minute)?, to_u8(second)?).ok()?;
    let date = Date::from_calendar_date(i32::try_from(year).ok()?, month?, to_u8(day?)?).ok()?;
    Some(date.with_time(time).assume_utc())
}

fn hour_minute_second(token: &str) -> Option<(u32, u32, u32)> {
    let (hour, rest) = digits(token, 1, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 1, 2)?;
    let (second, _) = digits(rest.strip_prefix(':')?, 1, 2)?;
    Some((hour, minute, second))
}

fn month_of(token: &str) -> Option<Month> {
    const NAMES: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let name = token.get(..3)?.to_ascii_lowercase();
    let number = NAMES.iter().position(|&known| known == name)?;
    Month::try_from(u8::try_from(number).ok()? + 1).ok()
}

/// Returns the number at the start of a token and the rest of the token, or `None` if the number
/// does not have `min` to `max` digits.
fn digits(token: &str, min: usize, max: usize) -> Option<(u32, &str)> {
    let len = token.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = token.split_at(len);
    (min..=max)
        .contains(&len)
        .then(|| number.parse().ok())
        .flatten()
        .map(|number| (number, rest))
}

fn to_u8(number: u32) -> Option<u8> {
    u8::try_from(number).ok()
}
