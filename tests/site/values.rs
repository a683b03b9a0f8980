//! Values are read as they were set.

use tower_django_cookies::CookieLayer;

use super::{Browser, Scheme, Site, WWW};

/// A client that is known to change values.
pub(crate) struct Deviation {
    pub(crate) client: &'static str,
    pub(crate) reason: &'static str,
    /// The value that a handler reads instead of the value that was set. `None` if the client does
    /// not change the value.
    pub(crate) reads: fn(&str) -> Option<String>,
}

/// The number of cookies in one response: curl accepts at most 50 cookies, Python 100 headers.
const AT_ONCE: usize = 50;

fn values() -> Vec<String> {
    let printable = || (' '..='~').chain('\u{a0}'..='\u{ff}');
    let mut values: Vec<_> = (' '..='~').map(String::from).collect();
    values.push(printable().collect());
    values.push(printable().rev().collect());
    values.extend(
        [
            "",
            "True",
            " outer white space\u{a0}",
            "\"",
            "\"\"",
            "\"in quotes\"",
            "half a \"quote",
            "\\",
            "\\\\\"",
            "\\073",
            "a=b; Path=/; c=d",
            "comma, comma",
            "%3B%20%25",
            "é",
            "日本語",
            "🍪 👩\u{200d}🍳",
            "\u{feff}mark",
        ]
        .map(str::to_owned),
    );
    values
}

pub(crate) async fn check<B: Browser>(site: &Site, browser: &mut B, deviations: &[Deviation]) {
    let page = (Scheme::Https, WWW, "/values/");
    let layer = CookieLayer::new();
    let numbered: Vec<_> = values().into_iter().enumerate().collect();
    for chunk in numbered.chunks(AT_ONCE) {
        let chunk = chunk.to_vec();
        site.visit(browser, page, &layer, |jar, _| {
            for (number, value) in chunk {
                jar.set((format!("value{number}"), value)).unwrap();
            }
        })
        .await;
    }
    let read = site
        .visit(browser, page, &layer, |jar, _| {
            let names = (0..values().len()).map(|number| format!("value{number}"));
            let read = names.map(|name| jar.get(&name).map(str::to_owned));
            read.collect::<Vec<_>>()
        })
        .await;

    let deviations: Vec<_> = deviations
        .iter()
        .filter(|row| row.client == B::NAME)
        .collect();
    let mut failures = Vec::new();
    for (value, read) in values().iter().zip(&read) {
        let expected = deviations.iter().find_map(|row| (row.reads)(value));
        let expected = expected.unwrap_or_else(|| value.clone());
        if read.as_ref() != Some(&expected) {
            failures.push(format!(
                "{value:?}: expected {expected:?}, but read {read:?}"
            ));
        }
    }
    for row in deviations {
        let changed = values()
            .into_iter()
            .filter(|value| (row.reads)(value).is_some_and(|read| read != *value))
            .count();
        println!("{}: {} ({changed} values)", B::NAME, row.reason);
        if changed == 0 {
            failures.push(format!("no longer true: {}", row.reason));
        }
    }
    println!("{}: {} values", B::NAME, read.len());
    assert!(failures.is_empty(), "{}:\n{}", B::NAME, failures.join("\n"));
}
