//! Known differences between clients and RFC 6265bis, with their reasons.

use tower_django_cookies::AttributeReason;

use super::curl::Curl;
use super::reqwest::Reqwest;
use super::script::{Requests, ToughCookie, Urllib};
use crate::site::matrix::{Case, Kind, Outcome};
use crate::site::sequences::order::browser::Rule;
use crate::site::{
    Browser, Scheme, WWW, forging, matrix, names, never_sent, retired, sequences, values,
};

pub(crate) const MATRIX: &[matrix::Deviation] = &[
    matrix::Deviation {
        client: Curl::NAME,
        reason: "removes the trailing slash of a Path (`sanitize_cookie_path`), so that /app/ is /app",
        change: remove_trailing_slash,
    },
    matrix::Deviation {
        client: Curl::NAME,
        reason: "ignores Partitioned: it identifies a cookie by name, Domain and Path",
        change: ignore_partitioned,
    },
    matrix::Deviation {
        client: Urllib::NAME,
        reason: "has no rules for prefixes",
        change: ignore_prefixes,
    },
    matrix::Deviation {
        client: Urllib::NAME,
        reason: "sends a host-only cookie to subdomains too, because the default policy is \
                  `DomainLiberal`",
        change: send_to_subdomains,
    },
    matrix::Deviation {
        client: Urllib::NAME,
        reason: "ignores Partitioned: it identifies a cookie by Domain, Path and name",
        change: ignore_partitioned,
    },
    matrix::Deviation {
        client: Requests::NAME,
        reason: "has no rules for prefixes: its jar is a `http.cookiejar.CookieJar`",
        change: ignore_prefixes,
    },
    matrix::Deviation {
        client: Requests::NAME,
        reason: "sends a host-only cookie to subdomains too: its jar has the default policy of \
                  `http.cookiejar`",
        change: send_to_subdomains,
    },
    matrix::Deviation {
        client: Requests::NAME,
        reason: "ignores Partitioned: its jar is a `http.cookiejar.CookieJar`",
        change: ignore_partitioned,
    },
    matrix::Deviation {
        client: ToughCookie::NAME,
        reason: "stores a host-only cookie and one whose Domain is the host in the same place \
                  (`MemoryCookieStore.idx`); it does not store a __Host- cookie with a Domain",
        change: |case, outcome| {
            if case.kind != Kind::HostPrefix {
                merge_host_only_with_domain(case, outcome);
            }
        },
    },
    matrix::Deviation {
        client: ToughCookie::NAME,
        reason: "ignores Partitioned: it identifies a cookie by host, Path and name",
        change: ignore_partitioned,
    },
    matrix::Deviation {
        client: Reqwest::NAME,
        reason: "has no rules for prefixes in `cookie_store`",
        change: ignore_prefixes,
    },
    matrix::Deviation {
        client: Reqwest::NAME,
        reason: "stores a host-only cookie and one whose Domain is the host in the same place \
                  (`DomainMap` of `cookie_store`)",
        change: merge_host_only_with_domain,
    },
    matrix::Deviation {
        client: Reqwest::NAME,
        reason: "ignores Partitioned in `cookie_store`, which identifies a cookie by host, Path and name",
        change: ignore_partitioned,
    },
];

pub(crate) const VALUES: &[values::Deviation] = &[values::Deviation {
    client: Requests::NAME,
    reason: "removes each \\\" from a value in quotes (`RequestsCookieJar.set_cookie`), both when it \
              stores the cookie and when it sends it: all quotes are lost, and after a last \
              backslash the closing quote too",
    reads: without_escaped_quotes,
}];

pub(crate) const RETIRED: &[retired::Deviation] = &[retired::Deviation {
    client: Curl::NAME,
    reason: "removes the trailing slash of a Path, so that the duplicate at /app/ is the session itself",
    duplicates: 2,
}];

pub(crate) const SEQUENCES: &[sequences::Deviation] = &[
    sequences::Deviation {
        client: Curl::NAME,
        reason: "removes the trailing slash of a Path (`sanitize_cookie_path`), so that /app/ is /app",
        change: |browser| browser.rules.push(Rule::TrailingSlash),
    },
    sequences::Deviation {
        client: Curl::NAME,
        reason: "stores a host-only cookie and one with Domain=localhost in two places",
        change: |browser| browser.rules.retain(|&rule| rule != Rule::HostAsDomain),
    },
    sequences::Deviation {
        client: Curl::NAME,
        reason: "ignores Partitioned: it identifies a cookie by name, Domain and Path",
        change: |browser| browser.rules.push(Rule::Unpartitioned),
    },
    sequences::Deviation {
        client: Urllib::NAME,
        reason: "refuses Domain=localhost, because it has no dot",
        change: |browser| browser.rules.push(Rule::NoSingleLabel),
    },
    sequences::Deviation {
        client: Urllib::NAME,
        reason: "sends a host-only cookie to subdomains too, because the default policy is \
                  `DomainLiberal`",
        change: |browser| browser.rules.push(Rule::SentToSubdomains),
    },
    sequences::Deviation {
        client: Urllib::NAME,
        reason: "ignores Partitioned: it identifies a cookie by Domain, Path and name",
        change: |browser| browser.rules.push(Rule::Unpartitioned),
    },
    sequences::Deviation {
        client: Urllib::NAME,
        reason: "processes the deletes of a response before its sets (`CookieJar.make_cookies`), so \
                  that a delete does not delete a cookie that the same response sets",
        change: |browser| browser.rules.push(Rule::DeletesFirst),
    },
    sequences::Deviation {
        client: Requests::NAME,
        reason: "refuses Domain=localhost, because it has no dot",
        change: |browser| browser.rules.push(Rule::NoSingleLabel),
    },
    sequences::Deviation {
        client: Requests::NAME,
        reason: "sends a host-only cookie to subdomains too: its jar has the default policy of \
                  `http.cookiejar`",
        change: |browser| browser.rules.push(Rule::SentToSubdomains),
    },
    sequences::Deviation {
        client: Requests::NAME,
        reason: "ignores Partitioned: its jar is a `http.cookiejar.CookieJar`",
        change: |browser| browser.rules.push(Rule::Unpartitioned),
    },
    sequences::Deviation {
        client: Requests::NAME,
        reason: "processes the deletes of a response before its sets: its jar is a \
                  `http.cookiejar.CookieJar`",
        change: |browser| browser.rules.push(Rule::DeletesFirst),
    },
    sequences::Deviation {
        client: ToughCookie::NAME,
        reason: "stores a host-only cookie and one whose Domain is the host in the same place \
                  (`MemoryCookieStore.idx`)",
        change: |browser| browser.rules.push(Rule::HostAsDomain),
    },
    sequences::Deviation {
        client: ToughCookie::NAME,
        reason: "ignores Partitioned: it identifies a cookie by host, Path and name",
        change: |browser| browser.rules.push(Rule::Unpartitioned),
    },
    sequences::Deviation {
        client: Reqwest::NAME,
        reason: "stores a host-only cookie and one whose Domain is the host in the same place \
                  (`DomainMap` of `cookie_store`)",
        change: |browser| browser.rules.push(Rule::HostAsDomain),
    },
    sequences::Deviation {
        client: Reqwest::NAME,
        reason: "ignores Partitioned in `cookie_store`, which identifies a cookie by host, Path and name",
        change: |browser| browser.rules.push(Rule::Unpartitioned),
    },
];

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

pub(crate) const NEVER_SENT: &[never_sent::Deviation] = &[
    never_sent::Deviation {
        client: Curl::NAME,
        reason: "does not resolve `%2e` as a dot (`dedotdotify`)",
        needs_encoded_url: true,
        change: |row, outcome| {
            outcome.is_sent_to_path |=
                is_dots(row) && row.path.to_ascii_lowercase().contains("%2e");
        },
    },
    never_sent::Deviation {
        client: Urllib::NAME,
        reason: "encodes the Path of a cookie too (`http.cookiejar.escape_path`)",
        needs_encoded_url: true,
        change: encode_path,
    },
    never_sent::Deviation {
        client: Urllib::NAME,
        reason: "does not resolve dot segments",
        needs_encoded_url: true,
        change: |row, outcome| outcome.is_sent_to_path |= is_dots(row),
    },
    never_sent::Deviation {
        client: Requests::NAME,
        reason: "encodes the Path of a cookie too: its jar is a `http.cookiejar.CookieJar`",
        needs_encoded_url: false,
        change: |row, outcome| {
            encode_path(row, outcome);
            // Unlike a browser, it encodes a `\` in a URL.
            outcome.is_sent_to_path = !is_dots(row) && !row.path.contains(['#', '?']);
        },
    },
    never_sent::Deviation {
        client: ToughCookie::NAME,
        reason: "decodes the path of a URL, but not the Path of a cookie (`decodeURI` in \
                  `getCookieContext`)",
        needs_encoded_url: false,
        change: |row, outcome| {
            // `decodeURI` does not decode `%23` and `%3F`. A `\` in a URL is a `/`.
            if !is_dots(row) && !row.path.contains(['#', '?', '\\']) {
                outcome.is_sent_to_path = true;
                outcome.is_sent_to_hint = true;
                outcome.is_hint_sent = false;
            }
        },
    },
];

pub(crate) const NAMES: &[names::Deviation] = &[
    names::Deviation {
        client: Curl::NAME,
        reason: "drops a name with a TAB",
        drops: has_tab,
    },
    names::Deviation {
        client: Curl::NAME,
        reason: "drops a name of 4095 bytes or more (`MAX_NAME`)",
        drops: |name| name.len() >= 4095,
    },
    names::Deviation {
        client: Urllib::NAME,
        reason: "trims the byte A0 of the UTF-8 form of U+00A0, because it reads headers as ISO-8859-1",
        drops: ends_with_no_break_space,
    },
    names::Deviation {
        client: Requests::NAME,
        reason: "trims the byte A0 of the UTF-8 form of U+00A0, because it reads headers as ISO-8859-1",
        drops: ends_with_no_break_space,
    },
    names::Deviation {
        client: ToughCookie::NAME,
        reason: "drops a name with a TAB",
        drops: has_tab,
    },
    names::Deviation {
        client: ToughCookie::NAME,
        reason: "trims the byte A0 of the UTF-8 form of U+00A0, because it reads headers as ISO-8859-1",
        drops: ends_with_no_break_space,
    },
    names::Deviation {
        client: Reqwest::NAME,
        reason: "trims Unicode white space (`Cookie::parse` of the `cookie` crate)",
        drops: |name| name.trim() != name,
    },
];

fn is_dots(row: &never_sent::Row) -> bool {
    row.reason == AttributeReason::DotSegment
}

fn encode_path(row: &never_sent::Row, outcome: &mut never_sent::Outcome) {
    if !is_dots(row) && !row.path.contains('\\') {
        outcome.is_sent_to_path = true;
        outcome.is_sent_to_hint = true;
    }
}

fn has_tab(name: &str) -> bool {
    name.contains('\t')
}

fn ends_with_no_break_space(name: &str) -> bool {
    name.ends_with('\u{a0}')
}

fn remove_trailing_slash(case: Case, outcome: &mut Outcome) {
    if case.path == "/app/" && outcome.sent_to.first() == Some(&"below") {
        outcome.sent_to.insert(1, "/app");
    }
    if case.path != "/" {
        outcome.survives_other_deletes = false;
    }
}

fn ignore_partitioned(case: Case, outcome: &mut Outcome) {
    if case.kind == Kind::Partitioned {
        outcome.survives_other_deletes = false;
    }
}

/// Over HTTP there is no difference, because a cookie with a prefix is `Secure`.
fn ignore_prefixes(case: Case, outcome: &mut Outcome) {
    if case.is_unstorable() && case.scheme == Scheme::Https {
        let kind = Kind::Secure;
        outcome.sent_to = Case { kind, ..case }.expected().sent_to;
    }
}

fn send_to_subdomains(case: Case, outcome: &mut Outcome) {
    if case.domain.is_none() && !outcome.sent_to.is_empty() {
        outcome.sent_to.push("a subdomain");
    }
}

/// A delete of the host-only cookie also deletes the one whose Domain is the host, and vice versa.
fn merge_host_only_with_domain(case: Case, outcome: &mut Outcome) {
    if matches!(case.domain, None | Some(WWW)) {
        outcome.survives_other_deletes = false;
    }
}

fn without_escaped_quotes(value: &str) -> Option<String> {
    let mut read = value.replace('"', "");
    if read.ends_with('\\') {
        // The server unescapes nothing in a value without a closing quote.
        read = format!("\"{}", read.replace('\\', r"\\"));
        read.pop();
    }
    (read != value).then_some(read)
}
