//! Values come back as they were set.

use tower_django_cookies::CookieLayer;

use super::{Browser, Scheme, Site, WWW};

/// A known way in which a client changes values.
pub(crate) struct Deviation {
    pub(crate) client: &'static str,
    pub(crate) reason: &'static str,
    /// What a handler reads of a value instead; `None` where the client does as it should.
    pub(crate) reads: fn(&str) -> Option<String>,
}

/// Of one response curl takes 50 cookies, and Python 100 fields.
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

/// The number of values comes back.
pub(crate) async fn check<B: Browser>(
    site: &Site,
    browser: &mut B,
    deviations: &[Deviation],
) -> usize {
    let page = (Scheme::Https, WWW, "/values/");
    let layer = CookieLayer::new();
    let numbered: Vec<_> = values().into_iter().enumerate().collect();
    for few in numbered.chunks(AT_ONCE) {
        let few = few.to_vec();
        site.visit(browser, page, &layer, |jar, _| {
            for (number, value) in few {
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
    let mut wrong = Vec::new();
    for (value, read) in values().iter().zip(&read) {
        let expected = deviations.iter().find_map(|row| (row.reads)(value));
        let expected = expected.unwrap_or_else(|| value.clone());
        if read.as_ref() != Some(&expected) {
            wrong.push(format!("{value:?}: expected {expected:?}, but {read:?}"));
        }
    }
    for row in deviations {
        let changed = values()
            .into_iter()
            .filter(|value| (row.reads)(value).is_some_and(|read| read != *value))
            .count();
        println!("{}: {} ({changed} values)", B::NAME, row.reason);
        if changed == 0 {
            wrong.push(format!("no longer true: {}", row.reason));
        }
    }
    println!("{}: {} values", B::NAME, read.len());
    assert!(wrong.is_empty(), "{}:\n{}", B::NAME, wrong.join("\n"));
    read.len()
}
