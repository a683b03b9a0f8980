//! Names that a browser stores although the jar does not set them: the jar deletes them.

use http::HeaderValue;
use http::header::SET_COOKIE;
use tower_django_cookies::{CookieError, CookieLayer};

use super::{Browser, ExpectedError, Scheme, Site, WWW, expected_error, is_sent};

const PAGE: (Scheme, &str, &str) = (Scheme::Https, WWW, "/");

const INVALID: Option<ExpectedError> = expected_error!(CookieError::InvalidName { .. });
const RESERVED: Option<ExpectedError> = expected_error!(CookieError::ReservedName { .. });

struct Row {
    name: String,
    value: &'static str,
    /// The error of `set`. `None` if `set` accepts the name too.
    expected: Option<ExpectedError>,
    /// The browsers that do not store the cookie.
    dropped_by: &'static [&'static str],
}

fn row(name: impl Into<String>, expected: Option<ExpectedError>) -> Row {
    Row {
        name: name.into(),
        value: "1",
        expected,
        dropped_by: &[],
    }
}

fn rows() -> Vec<Row> {
    let long = |len| row("x".repeat(len), None);
    vec![
        row("user[id]", INVALID),
        row("path", RESERVED),
        row("Secure", RESERVED),
        row("c d", INVALID),
        row("é", INVALID),
        row("日本", INVALID),
        row("\"quoted\"", INVALID),
        row("a,b", INVALID),
        row("a/b", INVALID),
        row("a\\b", INVALID),
        row("<b>?@{}()", INVALID),
        // Browsers trim only spaces and TABs.
        row("\u{2000}a", INVALID),
        row("a\u{a0}", INVALID),
        // RFC 6265bis §5.6 allows a TAB. Chromium drops the cookie.
        Row {
            dropped_by: &["Chromium"],
            ..row("a\tb", INVALID)
        },
        long(4000),
        long(4094),
        // Browsers ignore a delete whose name and value take more than 4096 bytes, such as one with
        // the value `""`.
        long(4095),
        Row {
            value: "",
            ..long(4096)
        },
    ]
}

/// The observed or expected behaviour of a client with the cookie of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) is_sent: bool,
    pub(crate) survives_delete: bool,
}

/// A known difference between a client and browsers.
pub(crate) struct Deviation {
    pub(crate) client: &'static str,
    pub(crate) reason: &'static str,
    /// Returns `true` if the client does not store a cookie with exactly this name.
    pub(crate) drops: fn(&str) -> bool,
}

pub(crate) async fn check<B: Browser>(site: &Site, browser: &mut B, deviations: &[Deviation]) {
    let deviations: Vec<_> = deviations
        .iter()
        .filter(|deviation| deviation.client == B::NAME)
        .collect();
    let mut used = vec![0; deviations.len()];
    let mut failures = Vec::new();
    let rows = rows();
    let in_loop = rows.iter().filter(|row| {
        let is_dropped = deviations.iter().any(|other| (other.drops)(&row.name));
        !is_dropped && !row.dropped_by.contains(&B::NAME) && row.name.len() < 100
    });
    if let Err(failure) = check_loop(site, browser, in_loop).await {
        failures.push(failure);
    }
    for row in &rows {
        let mut expected = Outcome {
            is_sent: !row.dropped_by.contains(&B::NAME),
            survives_delete: false,
        };
        for (deviation, used) in deviations.iter().zip(&mut used) {
            if (deviation.drops)(&row.name) {
                expected.is_sent = false;
                *used += 1;
            }
        }
        match outcome(site, browser, row).await {
            Ok(outcome) if outcome == expected => {}
            outcome => {
                let shown: String = row.name.chars().take(20).collect();
                failures.push(format!(
                    "{shown:?}, {} bytes:\n  expected {expected:?}\n       but {outcome:?}",
                    row.name.len()
                ));
            }
        }
    }
    for (deviation, used) in deviations.iter().zip(used) {
        println!("{}: {} ({used} names)", B::NAME, deviation.reason);
        if used == 0 {
            failures.push(format!("no longer true: {}", deviation.reason));
        }
    }
    assert!(failures.is_empty(), "{}:\n{}", B::NAME, failures.join("\n"));
    println!("{}: {} names to delete", B::NAME, rows.len());
}

/// Sets the cookie with a header that is appended by hand, and deletes it with the jar.
async fn outcome<B: Browser>(site: &Site, browser: &mut B, row: &Row) -> Result<Outcome, String> {
    let name = row.name.clone();
    let header = header(row);
    let expected = row.expected;
    let result = site
        .visit(browser, PAGE, &CookieLayer::new(), move |jar, headers| {
            headers.append(SET_COOKIE, header);
            match expected {
                Some(_) => jar.set((name, "1")),
                None => Ok(()),
            }
        })
        .await;
    if !ExpectedError::is_met(expected, &result) {
        return Err(format!(
            "the jar returns {result:?}, expected error: {expected:?}"
        ));
    }
    let is_sent_before = is_sent(site, browser, PAGE, &row.name).await;
    let name = row.name.clone();
    let result = site
        .visit(browser, PAGE, &CookieLayer::new(), |jar, _| {
            jar.delete(name)
        })
        .await;
    if result != Ok(()) {
        return Err(format!("the delete returns {result:?}"));
    }
    Ok(Outcome {
        is_sent: is_sent_before,
        survives_delete: is_sent(site, browser, PAGE, &row.name).await,
    })
}

/// A loop over the names of a request deletes all its cookies.
async fn check_loop<'a>(
    site: &Site,
    browser: &mut impl Browser,
    rows: impl Iterator<Item = &'a Row>,
) -> Result<(), String> {
    let headers: Vec<_> = rows.map(header).collect();
    let number = headers.len();
    site.visit(browser, PAGE, &CookieLayer::new(), |_, response| {
        for header in headers {
            response.append(SET_COOKIE, header);
        }
    })
    .await;
    let deleted = site
        .visit(browser, PAGE, &CookieLayer::new(), |jar, _| {
            let mut deleted = 0;
            for (name, _) in jar {
                jar.delete(name)?;
                deleted += 1;
            }
            Ok::<_, CookieError>(deleted)
        })
        .await;
    let left = site
        .visit(browser, PAGE, &CookieLayer::new(), |jar, _| jar.len())
        .await;
    if (&deleted, left) == (&Ok(number), 0) {
        return Ok(());
    }
    Err(format!(
        "a loop over {number} names: {deleted:?}, and {left} cookies are left"
    ))
}

fn header(row: &Row) -> HeaderValue {
    let Row { name, value, .. } = row;
    HeaderValue::try_from(format!("{name}={value}; Path=/")).unwrap()
}
