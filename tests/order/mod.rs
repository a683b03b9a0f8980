//! Sequences of sets and deletes: random ones, their meaning for the caller, and their result in a
//! browser.
//!
//! Nothing here knows how the jar orders its operations, except for
//! [`meaning::headers`], which is the rule itself.

#![allow(dead_code, reason = "not every test file needs every helper")]

pub(crate) mod browser;
pub(crate) mod meaning;
pub(crate) mod random;
pub(crate) mod run;

use tower_django_cookies::Cookie;

pub(crate) const LOCALHOST: &str = "localhost";
pub(crate) const WWW: &str = "www.example.test";
pub(crate) const PARENT: &str = "example.test";

/// A name and the parts of a scope, as an argument of the caller. `None` is unset. An empty Domain
/// or Path is written as no attribute.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) name: String,
    pub(crate) domain: Option<&'static str>,
    pub(crate) path: Option<&'static str>,
    pub(crate) partitioned: Option<bool>,
}

impl Given {
    pub(crate) fn cookie(&self, value: &str) -> Cookie<'static> {
        let mut cookie = Cookie::new(self.name.clone(), value.to_owned());
        if let Some(domain) = self.domain {
            cookie.set_domain(domain);
        }
        if let Some(path) = self.path {
            cookie.set_path(path);
        }
        cookie.set_partitioned(self.partitioned);
        cookie
    }

    /// The scope, with unset parts from `default`.
    fn scope_or(&self, default: Scope) -> Scope {
        Scope {
            domain: self.domain.map_or(default.domain, known),
            path: self.path.map_or(default.path, known),
            partitioned: self.partitioned.unwrap_or(default.partitioned),
        }
    }

    /// `true` if each part that is given is that of `scope`.
    fn matches(&self, scope: Scope) -> bool {
        self.scope_or(scope) == scope
    }
}

/// A scope as it is written in a `Set-Cookie` header. A Domain is in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) domain: Option<&'static str>,
    pub(crate) path: Option<&'static str>,
    pub(crate) partitioned: bool,
}

impl Scope {
    /// Django's default.
    pub(crate) const DEFAULT: Self = Self {
        domain: None,
        path: Some("/"),
        partitioned: false,
    };
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) scope: Scope,
}

/// A set or delete at one scope: one `Set-Cookie` header, or the part of an operation that causes
/// it. A delete has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) identity: Identity,
    pub(crate) value: Option<String>,
}

/// A call of a method of `CookieLayer`.
#[derive(Clone, Debug)]
pub(crate) enum Setting {
    Declare(Given),
    Retire(Given),
    Renamed(Given, String),
    DenyUndeclared,
}

/// The layer in whose jar an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Outer,
    Inner,
}

/// A call of `set`, or of `delete` if there is no value.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) place: Place,
    pub(crate) given: Given,
    pub(crate) value: Option<String>,
}

/// The operations of one response.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sequence {
    /// The host of the request, if the jar knows it.
    pub(crate) host: Option<&'static str>,
    pub(crate) outer: Vec<Setting>,
    /// The settings of a second layer, inside of the first one.
    pub(crate) inner: Option<Vec<Setting>>,
    pub(crate) operations: Vec<Operation>,
}

/// Why an operation is refused: the names of `CookieError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Refusal {
    Renamed,
    Undeclared,
    DeclarationConflict,
    RenameConflict,
    ScopeMismatch,
    AmbiguousScope,
    DomainMismatch,
    SingleLabel,
}

/// The Domain or Path `text` of the tables in [`random`], or `None` if it is empty.
fn known(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return None;
    }
    let texts = [LOCALHOST, WWW, PARENT, "test", "/", "/app", "/app/"];
    let found = texts
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(text));
    Some(found.unwrap_or_else(|| panic!("{text} is not in the table")))
}
