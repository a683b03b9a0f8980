//! `SetCookie`: a checked cookie, written as Django writes its `Set-Cookie` header.

pub(crate) mod attributes;
pub(crate) mod lifetime;
pub(crate) mod validate;
mod value;

use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use http::HeaderValue;

use crate::error::CookieError;
use crate::quote::unquote;
use crate::scope::{Identity, ScopeRef};
use crate::set_cookie::attributes::Attributes;
use crate::set_cookie::lifetime::{Dates, Lifetime};

pub(crate) use self::value::Value;

/// The length of an empty value, which is written as `""`.
const QUOTES_LEN: usize = 2;

/// A cookie that is checked, except that its Domain may not domain-match the request's host.
#[derive(Clone, Copy)]
pub(crate) struct SetCookie<'a> {
    name: &'a str,
    value: Value<'a>,
    /// The length of the value as it is written.
    value_len: usize,
    attributes: Attributes<'a>,
}

impl<'a> SetCookie<'a> {
    /// A cookie to set. Checks everything but the host, and adds the `Secure` and `HttpOnly` that
    /// browsers require.
    // All functions that return a `SetCookie` or a `Rendered` are inlined. Otherwise the value is copied,
    // which takes 4 ns.
    #[inline]
    pub(crate) fn new(
        name: &'a str,
        value: Value<'a>,
        mut attributes: Attributes<'a>,
    ) -> Result<Self, CookieError> {
        validate::check_name(name)?;
        let value_len = validate::check_value(name, value)?;
        validate::check_attributes(name, &mut attributes)?;
        validate::check_path_is_sent(name, &attributes)?;
        // With `declared` in place of these lines, a `set` takes 5 % more time.
        Ok(Self {
            name,
            value,
            value_len,
            attributes,
        })
    }

    /// A declared cookie to set. Its name and attributes were checked when it was declared.
    #[inline]
    pub(crate) fn declared(
        name: &'a str,
        value: Value<'a>,
        attributes: Attributes<'a>,
    ) -> Result<Self, CookieError> {
        let value_len = validate::check_value(name, value)?;
        Ok(Self {
            name,
            value,
            value_len,
            attributes,
        })
    }

    /// A cookie to delete. Browsers may store it with a name or Path that [`new`](Self::new) refuses.
    #[inline]
    pub(crate) fn deleting(
        name: &'a str,
        mut attributes: Attributes<'a>,
    ) -> Result<Self, CookieError> {
        validate::check_name_to_delete(name)?;
        validate::check_attributes(name, &mut attributes)?;
        Ok(Self::deleting_declared(name, attributes))
    }

    /// A declared cookie to delete. Its name and attributes were checked when it was declared.
    #[inline]
    pub(crate) fn deleting_declared(name: &'a str, mut attributes: Attributes<'a>) -> Self {
        attributes.lifetime = Some(Lifetime::Expired);
        // Django writes `""`, which would make a long name too long for browsers.
        let (value, value_len) = if name.len() + QUOTES_LEN > validate::MAX_PAIR {
            (Value::Verbatim(""), 0)
        } else {
            (Value::Quoted(""), QUOTES_LEN)
        };
        Self {
            name,
            value,
            value_len,
            attributes,
        }
    }

    pub(crate) fn name(&self) -> &'a str {
        self.name
    }

    pub(crate) fn attributes(&self) -> &Attributes<'a> {
        &self.attributes
    }

    pub(crate) fn identity(&self) -> Identity<'a> {
        Identity {
            name: self.name,
            scope: self.attributes.scope(),
        }
    }

    /// Writes the header in the order and spelling of `Morsel.OutputString`.
    #[inline]
    pub(crate) fn render(&self) -> Rendered {
        let attributes = &self.attributes;
        let dates = attributes.lifetime.and_then(Dates::new);
        let mut text = String::with_capacity(self.rendered_len(dates));
        text.push_str(self.name);
        text.push('=');
        self.value.push_to(self.value_len, &mut text);
        let domain = attributes.domain.unwrap_or_default();
        push_attribute(&mut text, DOMAIN, domain);
        if let Some(dates) = dates {
            text.push_str(EXPIRES);
            dates.push_expires(&mut text);
        }
        push_flag(&mut text, HTTP_ONLY, attributes.http_only);
        if let Some(dates) = dates {
            text.push_str(MAX_AGE);
            dates.push_max_age(&mut text);
        }
        push_flag(&mut text, PARTITIONED, attributes.partitioned);
        let path = attributes.path.unwrap_or("/");
        push_attribute(&mut text, PATH, path);
        let path_start = text.len() - path.len();
        if let Some(same_site) = attributes.same_site {
            push_attribute(&mut text, SAME_SITE, same_site_name(same_site));
        }
        push_flag(&mut text, SECURE, attributes.secure);
        debug_assert_eq!(text.len(), self.rendered_len(dates));

        Rendered {
            text,
            name: self.name.len(),
            name_end: last_byte(self.name),
            value: checked_len(self.value_len),
            domain: checked_len(domain.len()),
            path: checked_len(path.len()),
            path_start,
            partitioned: attributes.partitioned == Some(true),
            http_only: attributes.http_only == Some(true),
            secure: attributes.secure == Some(true),
            same_site: attributes.same_site,
            dates,
        }
    }

    /// The exact length, so that the buffer becomes the header value without a copy.
    fn rendered_len(&self, dates: Option<Dates>) -> usize {
        let attributes = &self.attributes;
        let attribute = |name: &str, value: &str| match value.len() {
            0 => 0,
            len => name.len() + len,
        };
        let flag = |name: &str, value| if value == Some(true) { name.len() } else { 0 };
        let dates = dates.map_or(0, |dates| {
            EXPIRES.len() + Dates::EXPIRES_LEN + MAX_AGE.len() + dates.max_age_len()
        });
        self.name.len()
            + 1
            + self.value_len
            + attribute(DOMAIN, attributes.domain.unwrap_or_default())
            + dates
            + flag(HTTP_ONLY, attributes.http_only)
            + flag(PARTITIONED, attributes.partitioned)
            + attribute(PATH, attributes.path.unwrap_or("/"))
            + attribute(SAME_SITE, attributes.same_site.map_or("", same_site_name))
            + flag(SECURE, attributes.secure)
    }
}

const DOMAIN: &str = "; Domain=";
const EXPIRES: &str = "; expires=";
const HTTP_ONLY: &str = "; HttpOnly";
const MAX_AGE: &str = "; Max-Age=";
const PARTITIONED: &str = "; Partitioned";
const PATH: &str = "; Path=";
const SAME_SITE: &str = "; SameSite=";
const SECURE: &str = "; Secure";

/// The length of a value, Domain or Path. [`validate`] refuses those that are longer than this type
/// can count.
fn checked_len(len: usize) -> u16 {
    u16::try_from(len).expect("a checked length")
}

fn last_byte(name: &str) -> u8 {
    name.bytes().next_back().unwrap_or_default()
}

/// Appends an attribute unless its value is empty.
fn push_attribute(text: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        text.push_str(name);
        text.push_str(value);
    }
}

fn push_flag(text: &mut String, name: &str, value: Option<bool>) {
    if value == Some(true) {
        text.push_str(name);
    }
}

fn same_site_name(same_site: SameSite) -> &'static str {
    match same_site {
        SameSite::Strict => "Strict",
        SameSite::Lax => "Lax",
        SameSite::None => "None",
    }
}

/// A finished header value, and the places of its parts. It is small, since the queue moves it.
#[derive(Clone)]
pub(crate) struct Rendered {
    text: String,
    name: usize,
    /// The last byte of the name, in which most names differ.
    name_end: u8,
    value: u16,
    /// The Domain is the first attribute.
    domain: u16,
    path: u16,
    path_start: usize,
    partitioned: bool,
    http_only: bool,
    secure: bool,
    same_site: Option<SameSite>,
    dates: Option<Dates>,
}

impl Rendered {
    pub(crate) fn name(&self) -> &str {
        &self.text[..self.name]
    }

    #[inline]
    pub(crate) fn has_identity(&self, identity: Identity<'_>) -> bool {
        self.name_end == last_byte(identity.name) && self.identity() == identity
    }

    pub(crate) fn identity(&self) -> Identity<'_> {
        Identity {
            name: self.name(),
            scope: self.scope(),
        }
    }

    pub(crate) fn scope(&self) -> ScopeRef<'_> {
        let (domain, path) = (usize::from(self.domain), usize::from(self.path));
        let domain_start = if domain == 0 {
            0
        } else {
            self.value_start() + usize::from(self.value) + DOMAIN.len()
        };
        ScopeRef {
            domain: &self.text[domain_start..][..domain],
            path: &self.text[self.path_start..][..path],
            partitioned: self.partitioned,
        }
    }

    fn value_start(&self) -> usize {
        self.name + 1
    }

    /// The value is marked as sensitive, so that `Debug` and HPACK's dynamic table leave it out.
    pub(crate) fn into_header_value(self) -> HeaderValue {
        let mut value =
            HeaderValue::try_from(self.text).expect("`SetCookie::new` refuses control characters");
        value.set_sensitive(true);
        value
    }

    /// The cookie that a client reads from the header, with its value unquoted.
    ///
    /// It is made of its parts: `Cookie::parse` trims Unicode white space, loses the sign of `Max-Age`,
    /// and does not know early years of `expires`.
    pub(crate) fn to_cookie(&self) -> Cookie<'static> {
        let mut value = String::new();
        unquote(
            &self.text[self.value_start()..][..self.value.into()],
            &mut value,
        );
        let mut cookie = Cookie::new(self.name().to_owned(), value);
        let ScopeRef { domain, path, .. } = self.scope();
        if !domain.is_empty() {
            cookie.set_domain(domain.to_owned());
        }
        if !path.is_empty() {
            cookie.set_path(path.to_owned());
        }
        if let Some(Dates { max_age, expires }) = self.dates {
            cookie.set_max_age(Duration::seconds(max_age));
            cookie.set_expires(expires);
        }
        cookie.set_partitioned(self.partitioned.then_some(true));
        cookie.set_http_only(self.http_only.then_some(true));
        cookie.set_secure(self.secure.then_some(true));
        cookie.set_same_site(self.same_site);
        cookie
    }
}
