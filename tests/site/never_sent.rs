//! Paths that at least one browser never sends. It stores a cookie with such a Path, but does not send
//! it to the URL that looks like the Path. The jar refuses to set the cookie, and deletes it.
//!
//! Chromium and `test::Client` list the stored cookies. Firefox does not, so it shows that the cookie is
//! deleted only in the row with `|`. In the other rows, no URL of Firefox matches the Path.

use http::HeaderValue;
use http::header::SET_COOKIE;
use tower_django_cookies::{AttributeReason, Cookie, CookieError, CookieLayer};

use super::{Browser, Scheme, Site, WWW};

/// A Path that the jar refuses to set.
pub(crate) struct Row {
    pub(crate) path: &'static str,
    /// The Path that the error suggests.
    pub(crate) hint: &'static str,
    pub(crate) reason: AttributeReason,
    /// The clients that send the cookie to the URL that looks like the Path: never both real browsers.
    sent_by: &'static [&'static str],
}

impl Row {
    const fn character(path: &'static str, hint: &'static str) -> Self {
        Self {
            path,
            hint,
            reason: AttributeReason::NeverSent,
            sent_by: &[],
        }
    }

    const fn dots(path: &'static str, hint: &'static str) -> Self {
        Self {
            path,
            hint,
            reason: AttributeReason::DotSegment,
            sent_by: &[],
        }
    }

    const fn sent_by(self, sent_by: &'static [&'static str]) -> Self {
        Self { sent_by, ..self }
    }
}

const ROWS: [Row; 24] = [
    Row::character("/my files", "/my%20files"),
    Row::character("/a\"b", "/a%22b"),
    Row::character("/a#b", "/a%23b"),
    Row::character("/<x>", "/%3Cx%3E"),
    Row::character("/a?b", "/a%3Fb"),
    Row::character("/a\\b", "/a/b"),
    // The URL standard added `^` to the characters that are encoded; the `url` crate has not.
    Row::character("/a^b", "/a%5Eb").sent_by(&["test::Client", "reqwest"]),
    Row::character("/a`b", "/a%60b"),
    Row::character("/{x}", "/%7Bx%7D"),
    // Chromium encodes `|`. The URL standard does not.
    Row::character("/a|b", "/a%7Cb").sent_by(&["Firefox", "test::Client", "reqwest"]),
    Row::dots("/.", "/"),
    Row::dots("/..", "/"),
    Row::dots("/app/.", "/app/"),
    Row::dots("/app/..", "/"),
    Row::dots("/./app", "/app"),
    Row::dots("/app/../b", "/b"),
    Row::dots("/app//../b", "/app/b"),
    Row::dots("/../../a", "/a"),
    Row::dots("/%2e%2e/", "/"),
    Row::dots("/%2E/c", "/c"),
    Row::dots("/d/.%2e/e", "/e"),
    Row::dots("/f/%2e./g", "/g"),
    Row::dots("/app/%2e", "/app/"),
    Row::dots("/app/%2E%2e", "/"),
];

/// The observed or expected behaviour of a client with the cookie of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// `true` if the cookie is sent to the URL that looks like the Path.
    pub(crate) is_sent_to_path: bool,
    /// `true` if the cookie is sent to the URL that looks like the hint.
    pub(crate) is_sent_to_hint: bool,
    /// `true` if another cookie, whose Path is the hint, is sent to that URL, before and after the
    /// first one is deleted.
    pub(crate) is_hint_sent: bool,
}

impl Row {
    /// The outcome according to the URL standard, except for the clients in `sent_by`.
    fn expected(&self, client: &str) -> Outcome {
        Outcome {
            is_sent_to_path: self.sent_by.contains(&client),
            is_sent_to_hint: false,
            is_hint_sent: true,
        }
    }
}

/// A known difference between a client and browsers.
pub(crate) struct Deviation {
    pub(crate) client: &'static str,
    pub(crate) reason: &'static str,
    /// `true` if the client does not encode URLs, so that the test requests the hint.
    pub(crate) needs_encoded_url: bool,
    /// Changes the outcome of browsers into the client's outcome.
    pub(crate) change: fn(&Row, &mut Outcome),
}

pub(crate) async fn check<B: Browser>(site: &Site, browser: &mut B, deviations: &[Deviation]) {
    let deviations: Vec<_> = deviations
        .iter()
        .filter(|deviation| deviation.client == B::NAME)
        .collect();
    let needs_encoded_url = deviations.iter().any(|row| row.needs_encoded_url);
    let mut used = vec![0; deviations.len()];
    let mut failures = Vec::new();
    for (number, row) in ROWS.iter().enumerate() {
        let is_refused_rightly = ["Chromium", "Firefox"]
            .iter()
            .any(|browser| !row.sent_by.contains(browser));
        assert!(is_refused_rightly, "{}", row.path);

        let mut expected = row.expected(B::NAME);
        for (deviation, used) in deviations.iter().zip(&mut used) {
            let before = expected.clone();
            (deviation.change)(row, &mut expected);
            *used += usize::from(before != expected);
        }
        let url = match row.reason {
            AttributeReason::NeverSent if needs_encoded_url => row.hint,
            _ => row.path,
        };
        match outcome(site, browser, row, url, number).await {
            Ok(outcome) if outcome == expected => {}
            outcome => failures.push(format!(
                "{}:\n  expected {expected:?}\n       but {outcome:?}",
                row.path
            )),
        }
    }
    for (deviation, used) in deviations.iter().zip(used) {
        println!("{}: {} ({used} Paths)", B::NAME, deviation.reason);
        if used == 0 {
            failures.push(format!("no longer true: {}", deviation.reason));
        }
    }
    assert!(failures.is_empty(), "{}:\n{}", B::NAME, failures.join("\n"));
    println!("{}: {} Paths that are never sent", B::NAME, ROWS.len());
}

/// Sets a cookie at the row's Path with a header that is appended by hand, and another one at the hint
/// with the jar. Then deletes the first one with the jar.
async fn outcome<B: Browser>(
    site: &Site,
    browser: &mut B,
    row: &Row,
    url: &str,
    number: usize,
) -> Result<Outcome, String> {
    let page = (Scheme::Https, WWW, "/");
    let names = [format!("path{number}"), format!("hint{number}")];
    let [never_sent, hint] = names.clone();
    let cookie = Cookie::build((never_sent.clone(), "1")).path(row.path);
    let header = format!("{never_sent}=1; Path={}", row.path);
    let with_hint = Cookie::build((hint, "1")).path(row.hint);
    let result = site
        .visit(browser, page, &CookieLayer::new(), move |jar, headers| {
            headers.append(SET_COOKIE, HeaderValue::try_from(header).unwrap());
            jar.set(with_hint)?;
            jar.set(cookie)
        })
        .await;
    let suggestion = format!("; use {:?}", row.hint);
    match result {
        Err(error @ CookieError::InvalidPath { reason, .. })
            if reason == row.reason && error.to_string().ends_with(&suggestion) => {}
        other => return Err(format!("the jar returns {other:?}")),
    }
    if is_listed(browser, &never_sent).await == Some(false) {
        return Err("the cookie is not stored".to_owned());
    }
    let [is_sent_to_path, _] = are_sent(site, browser, url, &names).await;
    let [is_sent_to_hint, is_hint_sent] = are_sent(site, browser, row.hint, &names).await;

    let cookie = Cookie::build(never_sent.clone()).path(row.path);
    let result = site
        .visit(browser, page, &CookieLayer::new(), |jar, _| {
            jar.delete(cookie)
        })
        .await;
    if result != Ok(()) {
        return Err(format!("the delete returns {result:?}"));
    }
    if is_listed(browser, &never_sent).await == Some(true) {
        return Err("the cookie is still stored after its delete".to_owned());
    }
    let [at_path, _] = are_sent(site, browser, url, &names).await;
    let [at_hint, is_hint_still_sent] = are_sent(site, browser, row.hint, &names).await;
    if at_path || at_hint {
        return Err("the cookie is still sent after its delete".to_owned());
    }
    if is_hint_still_sent != is_hint_sent {
        return Err("the delete deletes the cookie whose Path is the hint".to_owned());
    }
    Ok(Outcome {
        is_sent_to_path,
        is_sent_to_hint,
        is_hint_sent,
    })
}

/// `true` if the browser lists the cookie. `None` if it has no list.
async fn is_listed(browser: &mut impl Browser, name: &str) -> Option<bool> {
    let names = browser.stored_names().await?;
    Some(names.iter().any(|stored| stored == name))
}

/// For each name, `true` if a cookie with that name is sent to `url`.
async fn are_sent(
    site: &Site,
    browser: &mut impl Browser,
    url: &str,
    names: &[String; 2],
) -> [bool; 2] {
    let names = names.clone();
    site.visit(
        browser,
        (Scheme::Https, WWW, url),
        &CookieLayer::new(),
        |jar, _| names.map(|name| jar.contains(&name)),
    )
    .await
}
