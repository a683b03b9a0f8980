//! Where clients are known not to do as RFC 6265bis says, and why.

use super::curl::Curl;
use super::reqwest::Reqwest;
use super::script::{Requests, ToughCookie, Urllib};
use crate::site::matrix::{Case, Kind, Outcome};
use crate::site::{Browser, Scheme, WWW, forging, matrix, retired, values};

pub(crate) const MATRIX: &[matrix::Deviation] = &[
    matrix::Deviation {
        client: Curl::NAME,
        reason: "cuts off a Path's last slash (`sanitize_cookie_path`), so that /app/ is /app",
        change: cuts_last_slash,
    },
    matrix::Deviation {
        client: Curl::NAME,
        reason: "passes over Partitioned: a cookie is its name, Domain and Path",
        change: knows_no_partitions,
    },
    matrix::Deviation {
        client: Urllib::NAME,
        reason: "has no rules for prefixes",
        change: knows_no_prefixes,
    },
    matrix::Deviation {
        client: Urllib::NAME,
        reason: "sends a cookie without a Domain to the host's children too, since the default \
                  policy is `DomainLiberal`",
        change: sends_to_children,
    },
    matrix::Deviation {
        client: Urllib::NAME,
        reason: "passes over Partitioned: a cookie is its Domain, Path and name",
        change: knows_no_partitions,
    },
    matrix::Deviation {
        client: Requests::NAME,
        reason: "has no rules for prefixes: its jar is a `http.cookiejar.CookieJar`",
        change: knows_no_prefixes,
    },
    matrix::Deviation {
        client: Requests::NAME,
        reason: "sends a cookie without a Domain to the host's children too: its jar has \
                  `http.cookiejar`'s default policy",
        change: sends_to_children,
    },
    matrix::Deviation {
        client: Requests::NAME,
        reason: "passes over Partitioned: its jar is a `http.cookiejar.CookieJar`",
        change: knows_no_partitions,
    },
    matrix::Deviation {
        client: ToughCookie::NAME,
        reason: "has one place (`MemoryCookieStore.idx`) for a cookie without a Domain and one \
                  whose Domain is the host; a __Host- cookie with a Domain doesn't get there",
        change: |case, outcome| {
            if case.kind != Kind::HostPrefix {
                has_one_place_for_a_host(case, outcome);
            }
        },
    },
    matrix::Deviation {
        client: ToughCookie::NAME,
        reason: "passes over Partitioned: a cookie is its host, Path and name",
        change: knows_no_partitions,
    },
    matrix::Deviation {
        client: Reqwest::NAME,
        reason: "has no rules for prefixes in `cookie_store`",
        change: knows_no_prefixes,
    },
    matrix::Deviation {
        client: Reqwest::NAME,
        reason: "has one place (`cookie_store`'s `DomainMap`) for a cookie without a Domain and \
                  one whose Domain is the host",
        change: has_one_place_for_a_host,
    },
    matrix::Deviation {
        client: Reqwest::NAME,
        reason: "passes over Partitioned in `cookie_store`: a cookie is its host, Path and name",
        change: knows_no_partitions,
    },
];

pub(crate) const VALUES: &[values::Deviation] = &[values::Deviation {
    client: Requests::NAME,
    reason: "takes each \\\" out of a value in quotes (`RequestsCookieJar.set_cookie`), when it \
              stores it and when it sends it: quotes go, and the closing one with a backslash",
    reads: takes_escaped_quotes,
}];

pub(crate) const RETIRED: &[retired::Deviation] = &[retired::Deviation {
    client: Curl::NAME,
    reason: "cuts off a Path's last slash, so that the twin at /app/ is the session itself",
    twins: 2,
}];

pub(crate) const FORGING: &[forging::Deviation] = &[
    forging::Deviation {
        client: Urllib::NAME,
        reason: "has no rules for prefixes",
    },
    forging::Deviation {
        client: Requests::NAME,
        reason: "has no rules for prefixes: its jar is a `http.cookiejar.CookieJar`",
    },
    forging::Deviation {
        client: Reqwest::NAME,
        reason: "has no rules for prefixes in `cookie_store`",
    },
];

fn cuts_last_slash(case: Case, outcome: &mut Outcome) {
    if case.path == "/app/" && outcome.sent_to.first() == Some(&"below") {
        outcome.sent_to.insert(1, "/app");
    }
    if case.path != "/" {
        outcome.survives_other_deletes = false;
    }
}

fn knows_no_partitions(case: Case, outcome: &mut Outcome) {
    if case.kind == Kind::Partitioned {
        outcome.survives_other_deletes = false;
    }
}

/// Over HTTP such a cookie isn't seen: it is `Secure`.
fn knows_no_prefixes(case: Case, outcome: &mut Outcome) {
    if case.is_unstorable() && case.scheme == Scheme::Https {
        let kind = Kind::Secure;
        outcome.sent_to = Case { kind, ..case }.expected().sent_to;
    }
}

fn sends_to_children(case: Case, outcome: &mut Outcome) {
    if case.domain.is_none() && !outcome.sent_to.is_empty() {
        outcome.sent_to.push("a child");
    }
}

/// A delete at the one is a delete at the other.
fn has_one_place_for_a_host(case: Case, outcome: &mut Outcome) {
    if matches!(case.domain, None | Some(WWW)) {
        outcome.survives_other_deletes = false;
    }
}

fn takes_escaped_quotes(value: &str) -> Option<String> {
    let mut left = value.replace('"', "");
    if left.ends_with('\\') {
        // Without its closing quote nothing is unescaped.
        left = format!("\"{}", left.replace('\\', r"\\"));
        left.pop();
    }
    (left != value).then_some(left)
}
