//! Each library reads the values that another one has written.

use std::borrow::Cow;
use std::fmt::Write;

use axum::Router;
use http::header::SET_COOKIE;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tower_django_cookies::{Cookie, CookieJar, CookieLayer};

use crate::harness::{Browser, PEERS, Peer, body_of, here};
use crate::page::assert_block;

/// Values of each kind: base64, JSON, an e-mail address, a URL and others. Two have characters outside of
/// ASCII: one of Latin-1, and one that is not.
pub const VALUES: [&str; 13] = [
    "True",
    "",
    "ZGFyaw==",
    "a+b/c=",
    "{\"a\":[1,2.5]}",
    "ann@example.com",
    "/?q=1&r=%20#top",
    " outer spaces ",
    "Björk",
    "Dvořák",
    "2; Path=/",
    "\"quoted\"",
    "100%",
];

/// How a value goes from one library to the other.
#[derive(Clone, Copy, Debug)]
enum Way {
    TheirsToTheirs,
    TheirsToGet,
    TheirsToGetPercentDecoded,
    SetToTheirs,
    SetVerbatimToTheirs,
}

use Way::{
    SetToTheirs, SetVerbatimToTheirs, TheirsToGet, TheirsToGetPercentDecoded, TheirsToTheirs,
};

const WAYS: [Way; 5] = [
    TheirsToTheirs,
    TheirsToGet,
    TheirsToGetPercentDecoded,
    SetToTheirs,
    SetVerbatimToTheirs,
];

/// The result of setting a cookie with one library and reading it with another.
#[derive(Debug, PartialEq)]
enum Outcome {
    Same,
    Reads(String),
    Missing,
    NotSent,
    NotStored,
    Refused,
    /// The other server does not answer the request.
    RequestFails,
    /// A cookie that the browser sends with this one is not read.
    OthersLost,
}

impl Way {
    /// The servers that set the cookie `a`, that read it, and that read the cookie `other`.
    fn servers(self, peer: Peer, value: &'static str) -> [Router; 3] {
        let layer = CookieLayer::new;
        let decoded = |jar: &CookieJar| Ok(body_of(jar.get_percent_decoded("a").as_deref()));
        let encoded = move || {
            (
                "a",
                utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(),
            )
        };
        let ours = |name| here(layer(), move |jar| Ok(body_of(jar.get(name))));
        let theirs = |name| peer.reading(name);
        let set_theirs = || peer.setting(Cookie::new("a", value));
        match self {
            TheirsToTheirs => [set_theirs(), theirs("a"), theirs("other")],
            TheirsToGet => [set_theirs(), ours("a"), ours("other")],
            TheirsToGetPercentDecoded => [set_theirs(), here(layer(), decoded), ours("other")],
            SetToTheirs => {
                let set = here(layer(), move |jar| {
                    jar.set(("a", value)).map(|()| String::new())
                });
                [set, theirs("a"), theirs("other")]
            }
            SetVerbatimToTheirs => {
                let set = here(layer(), move |jar| {
                    jar.set_verbatim(encoded()).map(|()| String::new())
                });
                [set, theirs("a"), theirs("other")]
            }
        }
    }

    fn title(self) -> &'static str {
        match self {
            TheirsToTheirs => "theirs → theirs",
            TheirsToGet => "theirs → `get`",
            TheirsToGetPercentDecoded => "theirs → `get_percent_decoded`",
            SetToTheirs => "`set` → theirs",
            SetVerbatimToTheirs => "`set_verbatim`, percent-encoded → theirs",
        }
    }

    async fn outcome(self, peer: Peer, value: &'static str) -> Outcome {
        let [setting, reading, reading_other] = self.servers(peer, value);
        let mut browser = Browser::new();
        browser
            .visit("/", peer.setting(Cookie::new("other", "1")))
            .await;
        let response = browser.visit("/", setting).await;
        if !response.status().is_success() {
            return Outcome::Refused;
        }
        if !response.headers().contains_key(SET_COOKIE) {
            return Outcome::NotSent;
        }
        if browser.has_rejected_cookies() {
            return Outcome::NotStored;
        }
        let response = browser.visit("/", reading).await;
        if !response.status().is_success() {
            return Outcome::RequestFails;
        }
        if browser.body("/", reading_other).await != "value: 1" {
            return Outcome::OthersLost;
        }
        match response
            .body()
            .text()
            .expect("UTF-8")
            .strip_prefix("value: ")
        {
            Some(read) if read == value => Outcome::Same,
            Some(read) => Outcome::Reads(read.to_owned()),
            None => Outcome::Missing,
        }
    }
}

impl Outcome {
    fn cell(&self) -> String {
        match self {
            Self::Same => "same".into(),
            Self::Reads(read) => code(read),
            Self::Missing => "missing".into(),
            Self::NotSent => "**not sent**".into(),
            Self::NotStored => "**not stored**".into(),
            Self::Refused => "error".into(),
            Self::RequestFails => "**the request fails**".into(),
            Self::OthersLost => "**all cookies are lost**".into(),
        }
    }
}

/// The value in a table.
fn code(value: &str) -> String {
    // Markdown removes outer spaces from code.
    let inner = value.trim_matches(' ');
    let start = value.len() - value.trim_start_matches(' ').len();
    let end = value.len() - start - inner.len();
    match value {
        "" => "(empty)".into(),
        _ => format!("`{}{inner}{}`", "␣".repeat(start), "␣".repeat(end)),
    }
}

#[tokio::test]
async fn values_of_peers_and_of_this_crate_are_read_as_the_guide_says() {
    let mut tables = String::new();
    for peer in PEERS {
        let mut columns = Vec::new();
        for way in WAYS {
            let mut outcomes = Vec::new();
            for value in VALUES {
                outcomes.push(way.outcome(peer, value).await);
            }
            // Wide tables are hard to read, and the text says that these values are the same.
            let is_shown = !matches!(way, TheirsToTheirs | SetVerbatimToTheirs)
                || outcomes.iter().any(|outcome| *outcome != Outcome::Same);
            if is_shown {
                columns.push((way, outcomes));
            }
        }
        let titles: Vec<_> = columns.iter().map(|(way, _)| way.title()).collect();
        let _ = writeln!(tables, "\n| {} | {} |", peer.name(), titles.join(" | "));
        let _ = writeln!(tables, "|---|{}", "---|".repeat(columns.len()));
        for (row, value) in VALUES.into_iter().enumerate() {
            let _ = write!(tables, "| {} |", code(value));
            for (_, outcomes) in &columns {
                let _ = write!(tables, " {} |", outcomes[row].cell());
            }
            tables.push('\n');
        }
    }
    tables.push('\n');
    assert_block("values", &tables);
}

#[tokio::test]
async fn get_percent_decoded_reads_each_value_that_axum_extra_or_axum_cookie_sets() {
    for peer in [Peer::AxumExtra, Peer::AxumCookie] {
        for value in VALUES {
            let outcome = TheirsToGetPercentDecoded.outcome(peer, value).await;
            assert_eq!(outcome, Outcome::Same, "{peer:?}: {value}");
        }
    }
}

/// tower-cookies sends values as they are, but percent-decodes those that it reads.
#[tokio::test]
async fn get_percent_decoded_reads_what_tower_cookies_itself_reads_but_no_outer_quotes() {
    for value in VALUES {
        let expected = match TheirsToTheirs.outcome(Peer::TowerCookies, value).await {
            Outcome::Same if value == "\"quoted\"" => Outcome::Reads("quoted".into()),
            outcome => outcome,
        };
        let way = TheirsToGetPercentDecoded;
        assert_eq!(way.outcome(Peer::TowerCookies, value).await, expected);
    }
}

/// axum-extra ignores a `Cookie` header with non-ASCII bytes, and axum-cookie responds with status 400. So
/// if `set` sends a value as UTF-8, these servers read no cookie of the request.
#[tokio::test]
async fn set_with_character_above_latin_1_makes_axum_peers_lose_all_cookies() {
    for (peer, expected) in [
        (Peer::AxumExtra, Outcome::OthersLost),
        (Peer::TowerCookies, Outcome::Reads("\"Dvoř\\341k\"".into())),
        (Peer::AxumCookie, Outcome::RequestFails),
    ] {
        assert_eq!(SetToTheirs.outcome(peer, "Dvořák").await, expected);
    }
}

/// The guide recommends this encoding as long as a rollback is possible.
#[tokio::test]
async fn peers_read_each_percent_encoded_value_that_set_verbatim_sends() {
    for peer in PEERS {
        for value in VALUES {
            let outcome = SetVerbatimToTheirs.outcome(peer, value).await;
            assert_eq!(outcome, Outcome::Same, "{peer:?}: {value}");
        }
    }
}

/// A switch from percent-encoding to `set` and `get` would change these values, since nothing in a cookie
/// shows how it was written.
#[tokio::test]
async fn percent_encoded_and_set_values_need_different_getters() {
    let mut changed = Vec::new();
    for value in VALUES {
        let set = here(CookieLayer::new(), move |jar| {
            let encoded = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
            jar.set_verbatim(("encoded", encoded))?;
            jar.set(("quoted", value)).map(|()| String::new())
        });
        let read = here(CookieLayer::new(), move |jar| {
            let decoded = |name| jar.get_percent_decoded(name);
            assert_eq!(decoded("encoded").as_deref(), Some(value));
            assert_eq!(jar.get("quoted"), Some(value));
            let is_encoded_same = jar.get("encoded") == Some(value);
            let is_quoted_same = decoded("quoted").as_deref() == Some(value);
            Ok(format!("{is_encoded_same} {is_quoted_same}"))
        });
        let mut browser = Browser::new();
        browser.body("/", set).await;
        let body = browser.body("/", read).await;
        if body != "true true" {
            changed.push((value, body));
        }
    }
    // All except `True` and the empty value.
    assert_eq!(changed.len(), VALUES.len() - 2, "{changed:?}");
    let (of_set, _): (Vec<_>, Vec<_>) = changed
        .into_iter()
        .partition(|(_, body)| body == "false false");
    let of_set: Vec<_> = of_set.into_iter().map(|(value, _)| value).collect();
    assert_eq!(of_set, ["/?q=1&r=%20#top"]);
}

/// The way to end percent-encoding: a new name shows which values `set` wrote.
#[tokio::test]
async fn renamed_cookie_keeps_each_value_when_percent_encoding_ends() {
    let layer = || {
        let declared = CookieLayer::new().declare("theme-2");
        declared.and_then(|layer| layer.renamed("theme", "theme-2"))
    };
    for peer in PEERS {
        for value in VALUES {
            let mut browser = Browser::new();
            let encoded = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
            let set = move |jar: &CookieJar| {
                jar.set_verbatim(("theme", encoded.as_str()))
                    .map(|()| String::new())
            };
            browser.body("/", here(CookieLayer::new(), set)).await;
            let read = browser.body("/", peer.reading("theme")).await;
            assert_eq!(read, body_of(Some(value)), "{peer:?}");

            let read_and_renew = |jar: &CookieJar| {
                let theme = jar.get("theme-2").map(Cow::from);
                let theme = theme.or_else(|| jar.get_percent_decoded("theme"));
                let theme = theme.unwrap_or_default();
                jar.set(("theme-2", &*theme))?;
                Ok(body_of(Some(&theme)))
            };
            let layer = layer().expect("a declaration");
            for _ in 0..2 {
                let server = here(layer.clone(), read_and_renew);
                let read = browser.body("/", server).await;
                assert_eq!(read, body_of(Some(value)), "{peer:?}");
            }
            assert_eq!(browser.cookies(), [format!("/ theme-2={value}")]);
        }
    }
}
