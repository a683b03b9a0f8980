//! Assertions about the cookies of a `Client`.

use std::fmt;

use cookie_store::CookieDomain;

use super::client::Client;
use super::error::RejectReason;
use super::store::{Delete, Stored};
use crate::display::bounded;

impl<S> Client<S> {
    /// Asserts that [`cookie`](Self::cookie) returns a cookie `name` with this value. Laravel's
    /// `assertCookie` is similar, but checks the response.
    ///
    /// A signed or encrypted value differs each time. To assert that such a cookie is stored, use
    /// [`cookie`](Self::cookie), or request a page that reads it.
    ///
    /// # Panics
    ///
    /// Panics if no cookie `name` is stored, or if it has another value. If no cookie is stored, the
    /// message contains the reason. If the value differs, it contains both values.
    ///
    /// ```
    /// # use tower_django_cookies::test::{Client, ClientError};
    /// # let mut browser = Client::new(());
    /// browser.set_cookie(("theme", "dark"))?;
    /// browser.assert_cookie("theme", "dark");
    /// # Ok::<(), ClientError>(())
    /// ```
    #[track_caller]
    pub fn assert_cookie(&self, name: &str, value: &str) {
        let Some(cookie) = self.cookie(name) else {
            panic!("cookie {name:?} is not stored: {}", self.absence(name));
        };
        let actual = cookie.value();
        assert!(
            actual == value,
            "cookie {name:?} has the value {actual:?}, not {value:?}"
        );
    }

    /// Asserts that no cookie `name` is stored for any host, Domain or Path. Laravel's
    /// `assertCookieMissing` is similar, but checks the response.
    ///
    /// This assertion also passes if the cookie was never set. To test a logout, use
    /// [`assert_deleted`](Self::assert_deleted).
    ///
    /// # Panics
    ///
    /// Panics if such a cookie is stored. The message contains its Domain and Path.
    ///
    /// ```
    /// # use tower_django_cookies::test::{Client, ClientError};
    /// # let mut browser = Client::new(());
    /// browser.set_cookie(("theme", "dark"))?;
    /// browser.assert_no_cookie("session");
    /// # Ok::<(), ClientError>(())
    /// ```
    #[track_caller]
    pub fn assert_no_cookie(&self, name: &str) {
        if let [stored, others @ ..] = &self.stored(name)[..] {
            panic!(
                "cookie {name:?} is stored: {}{}",
                Scope::of_stored(stored),
                Others(others.len())
            );
        }
    }

    /// Asserts that the last response deleted the cookie `name`. Laravel's `assertCookieExpired` is
    /// similar, but does not check if a cookie is still stored.
    ///
    /// The assertion passes if both are true:
    ///
    /// - During the last call of [`get`](Self::get), [`post`](Self::post) or [`send`](Self::send), the
    ///   client accepted a `Set-Cookie` header that deletes a cookie `name`: its `Max-Age` or `Expires`
    ///   has passed. Responses of redirects that the client followed count, too.
    /// - No cookie `name` is stored now, for any host, Domain or Path.
    ///
    /// The cookie need not have been stored before: a service does not know which cookies a browser
    /// has at another scope.
    ///
    /// # Panics
    ///
    /// Panics if the cookie was not deleted. The message contains the reason, for example:
    ///
    /// ```text
    /// cookie "session" was not deleted: set with Path=/app, deleted with Path=/
    /// ```
    ///
    /// ```
    /// # use http::{Request, Response};
    /// # use tower::service_fn;
    /// # use tower_django_cookies::test::Client;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = service_fn(async |_: Request<String>| {
    /// #     Response::builder().header("set-cookie", "session=; Path=/; Max-Age=0").body(String::new())
    /// # });
    /// let mut browser = Client::new(app);
    /// browser.set_cookie(("session", "f81d4fae"))?;
    /// browser.get("/logout").await?; // Set-Cookie: session=; Path=/; Max-Age=0
    /// browser.assert_deleted("session");
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn assert_deleted(&self, name: &str) {
        let deletes: Vec<_> = self.store.deletes(name).collect();
        let stored = self.stored(name);
        let cause = match (&stored[..], &deletes[..]) {
            ([], [_, ..]) => return,
            ([], []) => self.no_delete(name) + ", and none is stored",
            ([stored, others @ ..], []) => {
                let cause = if self.store.is_new(stored) {
                    "the last response set it again instead".to_owned()
                } else {
                    self.no_delete(name)
                };
                format!(
                    "{cause}; it is stored with {}{}",
                    Scope::of_stored(stored),
                    Others(others.len())
                )
            }
            ([stored, others @ ..], deletes) => {
                mismatch(stored, deletes) + &Others(others.len()).to_string()
            }
        };
        panic!("cookie {name:?} was not deleted: {cause}");
    }

    /// Returns the stored cookies called `name`.
    fn stored(&self, name: &str) -> Vec<&Stored> {
        let mut stored = self.store.live();
        stored.retain(|stored| stored.cookie.name() == name);
        stored
    }

    /// Returns why no cookie `name` is stored.
    fn absence(&self, name: &str) -> String {
        if let Some(reason) = self.rejection(name) {
            reason
        } else if self.store.deletes(name).next().is_some() {
            "the last response deleted it".to_owned()
        } else if self.store.was_evicted(name) {
            "an earlier response evicted it, because the site had too many cookies".to_owned()
        } else {
            let live = self.store.live();
            let (shown, others) = live.split_at(live.len().min(10));
            let names: Vec<_> = shown.iter().map(|stored| stored.cookie.name()).collect();
            let more = match others.len() {
                0 => String::new(),
                others => format!(" and {others} more"),
            };
            let response = self.last_response();
            format!("{response} did not set it; stored cookies: {names:?}{more}")
        }
    }

    /// Returns why no delete of `name` was received.
    fn no_delete(&self, name: &str) -> String {
        self.rejection(name).unwrap_or_else(|| {
            let response = self.last_response();
            format!("{response} has no `Set-Cookie` header that deletes it")
        })
    }

    /// Returns words for the last response, with its status if that is an error.
    fn last_response(&self) -> String {
        match self.store.status {
            Some(status) if status.is_client_error() || status.is_server_error() => {
                format!("the last response (status {})", status.as_u16())
            }
            _ => "the last response".to_owned(),
        }
    }

    /// Returns why a `Set-Cookie` header of the last response with this name was dropped.
    fn rejection(&self, name: &str) -> Option<String> {
        let rejected = self
            .rejected_cookies()
            .iter()
            .rfind(|cookie| cookie.name == name)?;
        Some(match rejected.reason {
            RejectReason::Evicted => {
                "the last response evicted it, because the site has too many cookies".to_owned()
            }
            reason => format!("browsers drop it, because {reason}"),
        })
    }
}

/// Returns why none of `deletes` deleted the stored cookie.
fn mismatch(stored: &Stored, deletes: &[&Delete]) -> String {
    let stored = Scope::of_stored(stored);
    let deleted = deletes.iter().map(|&delete| Scope::of_delete(delete));
    let Some(deleted) = deleted.min_by_key(|deleted| stored.differences(deleted)) else {
        return String::new();
    };
    if stored.differences(&deleted) == 0 {
        return format!("it was set again after the delete, with {stored}");
    }
    let (set, deleted) = stored.compared_with(&deleted);
    format!("set with {set}, deleted with {deleted}")
}

/// The scope of a cookie, for messages.
struct Scope<'a> {
    domain: &'a CookieDomain,
    path: &'a str,
    partitioned: bool,
}

impl<'a> Scope<'a> {
    fn of_stored(stored: &'a Stored) -> Self {
        Self {
            domain: &stored.cookie.domain,
            path: &stored.cookie.path,
            partitioned: stored.cookie.partitioned() == Some(true),
        }
    }

    fn of_delete(delete: &'a Delete) -> Self {
        Self {
            domain: &delete.domain,
            path: &delete.path,
            partitioned: delete.partitioned,
        }
    }

    /// Counts the attributes that differ.
    fn differences(&self, other: &Self) -> usize {
        usize::from(self.domain != other.domain)
            + usize::from(self.path != other.path)
            + usize::from(self.partitioned != other.partitioned)
    }

    /// Returns both scopes as text, without the attributes that they share.
    fn compared_with(&self, other: &Self) -> (String, String) {
        let (mut one, mut two) = (Vec::new(), Vec::new());
        if self.domain != other.domain {
            one.push(domain(self.domain));
            two.push(domain(other.domain));
        }
        if self.path != other.path {
            one.push(path(self.path));
            two.push(path(other.path));
        }
        if self.partitioned != other.partitioned {
            one.push(partitioned(self.partitioned));
            two.push(partitioned(other.partitioned));
        }
        (one.join("; "), two.join("; "))
    }
}

impl fmt::Display for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", domain(self.domain), path(self.path))?;
        if self.partitioned {
            f.write_str("; Partitioned")?;
        }
        Ok(())
    }
}

fn domain(domain: &CookieDomain) -> String {
    match domain {
        CookieDomain::Suffix(domain) => format!("Domain={}", bounded(domain).escape_debug()),
        CookieDomain::HostOnly(host) => {
            format!("no Domain (host {})", bounded(host).escape_debug())
        }
        CookieDomain::NotPresent | CookieDomain::Empty => "no Domain".to_owned(),
    }
}

fn path(path: &str) -> String {
    format!("Path={}", bounded(path).escape_debug())
}

fn partitioned(partitioned: bool) -> String {
    if partitioned {
        "Partitioned".to_owned()
    } else {
        "no Partitioned".to_owned()
    }
}

/// The number of other cookies of the name, for messages.
struct Others(usize);

impl fmt::Display for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            1 => f.write_str(" (and one more cookie of that name)"),
            others => write!(f, " (and {others} more cookies of that name)"),
        }
    }
}
