//! Runs a sequence with the jars of its layers, and reads the headers and the queue.

use http::header::{HOST, SET_COOKIE};
use http::{HeaderMap, Request};
use tower_django_cookies::time::Duration;
use tower_django_cookies::{AttributeReason, Cookie, CookieError, CookieJar, CookieLayer};

use super::{Identity, Operation, Place, Refusal, Scope, Sequence, Setting, Step, known};
use crate::support::{response_headers, set_cookies};

/// The result of each operation, and the queue after the last one.
pub(crate) struct Run {
    pub(crate) results: Vec<Result<(), Refusal>>,
    pub(crate) queued: Vec<Step>,
    /// `Debug` of the jar.
    pub(crate) debug: String,
}

impl Sequence {
    /// A request without cookies.
    pub(crate) fn request(&self) -> Request<()> {
        let mut request = Request::new(());
        if let Some(host) = self.host {
            let host = host.parse().expect("a valid header");
            request.headers_mut().insert(HOST, host);
        }
        request
    }

    pub(crate) fn outer_layer(&self) -> CookieLayer {
        layer(&self.outer)
    }

    /// Runs the operations with `jar`, the jar of the outer layer.
    pub(crate) fn run(&self, jar: &CookieJar) -> Run {
        let Some(inner) = &self.inner else {
            return self.run_with(jar, None);
        };
        let mut request = self.request();
        request.extensions_mut().insert(jar.clone());
        let mut run = None;
        let headers = response_headers(&layer(inner), request, |inner| {
            run = Some(self.run_with(jar, Some(inner)));
        });
        assert!(!headers.contains_key(SET_COOKIE), "the outer layer flushes");
        run.expect("the service is called")
    }

    fn run_with(&self, outer: &CookieJar, inner: Option<&CookieJar>) -> Run {
        let run = |operation: &Operation| {
            let jar = match operation.place {
                Place::Outer => outer,
                Place::Inner => inner.expect("an inner layer"),
            };
            let result = match &operation.value {
                Some(value) => jar.set(operation.given.cookie(value)),
                None => jar.delete(operation.given.cookie("")),
            };
            result.map_err(|error| refusal(&error))
        };
        Run {
            results: self.operations.iter().map(run).collect(),
            queued: outer.queued().iter().map(queued_step).collect(),
            debug: format!("{outer:?}"),
        }
    }
}

fn layer(settings: &[Setting]) -> CookieLayer {
    settings.iter().fold(CookieLayer::new(), |layer, setting| {
        let changed = match setting {
            Setting::Declare(given) => layer.declare(given.cookie("")),
            Setting::Retire(given) => layer.retire(given.cookie("")),
            Setting::Renamed(old, new_name) => layer.renamed(old.cookie(""), new_name),
            Setting::DenyUndeclared => Ok(layer.deny_undeclared()),
        };
        changed.unwrap_or_else(|error| panic!("{setting:?}: {error}"))
    })
}

fn refusal(error: &CookieError) -> Refusal {
    match error {
        CookieError::Renamed { .. } => Refusal::Renamed,
        CookieError::Undeclared { .. } => Refusal::Undeclared,
        CookieError::DeclarationConflict { .. } => Refusal::DeclarationConflict,
        CookieError::RenameConflict { .. } => Refusal::RenameConflict,
        CookieError::ScopeMismatch { .. } => Refusal::ScopeMismatch,
        CookieError::AmbiguousScope { .. } => Refusal::AmbiguousScope,
        CookieError::DomainMismatch { .. } => Refusal::DomainMismatch,
        CookieError::InvalidDomain {
            reason: AttributeReason::SingleLabel,
            ..
        } => Refusal::SingleLabel,
        other => panic!("unexpected {other:?}"),
    }
}

fn queued_step(cookie: &Cookie<'_>) -> Step {
    let is_deleted = cookie.max_age().is_some_and(Duration::is_zero);
    Step {
        identity: Identity {
            name: cookie.name().to_owned(),
            scope: Scope {
                domain: cookie.domain().and_then(known),
                path: cookie.path().and_then(known),
                partitioned: cookie.partitioned() == Some(true),
            },
        },
        value: (!is_deleted).then(|| cookie.value().to_owned()),
    }
}

/// The steps of the `Set-Cookie` headers. The values of a sequence need no quotes.
pub(crate) fn steps_of_headers(headers: &HeaderMap) -> Vec<Step> {
    let cookies = set_cookies(headers);
    cookies
        .iter()
        .map(|cookie| step_of_header(cookie))
        .collect()
}

fn step_of_header(header: &str) -> Step {
    let mut parts = header.split("; ");
    let pair = parts.next().and_then(|pair| pair.split_once('='));
    let (name, value) = pair.expect("a cookie-pair");
    let mut scope = Scope {
        domain: None,
        path: None,
        partitioned: false,
    };
    let mut is_deleted = false;
    for part in parts {
        match part.split_once('=').unwrap_or((part, "")) {
            ("Domain", domain) => scope.domain = known(domain),
            ("Path", path) => scope.path = known(path),
            ("Partitioned", "") => scope.partitioned = true,
            ("Max-Age", "0") => is_deleted = true,
            ("expires", _) | ("Secure", "") => {}
            other => panic!("unexpected attribute {other:?}"),
        }
    }
    Step {
        identity: Identity {
            name: name.to_owned(),
            scope,
        },
        value: (!is_deleted).then(|| value.to_owned()),
    }
}
