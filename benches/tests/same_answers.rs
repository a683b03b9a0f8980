//! Every library answers a scenario alike, so that their costs can be compared.

use std::collections::BTreeSet;

use benches::libraries::{BARE, LIBRARIES, OURS};
use benches::scenarios::{Action, SCENARIOS, Scenario};
use benches::take_read;
use cookie::Cookie;
use cookie::time::{Duration, OffsetDateTime};
use http::header::SET_COOKIE;

/// What a client makes of an answer, and how much the handler read.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    /// Names, values if they aren't signatures, and attributes.
    cookies: BTreeSet<String>,
    read: usize,
}

fn answer(scenario: &Scenario, library: &benches::libraries::Library) -> Option<Answer> {
    let mut respond = (library.respond)(scenario.action)?;
    take_read();
    let response = respond(scenario.request(library));
    let fields = response.headers().get_all(SET_COOKIE).iter();
    let cookies = fields.map(|field| {
        let mut cookie = Cookie::parse(field.to_str().expect("ASCII")).expect("a cookie");
        if scenario.action == Action::SetSigned {
            cookie.set_value("");
        }
        let expires = cookie.expires_datetime();
        if expires.is_some_and(|expires| expires <= OffsetDateTime::now_utc()) {
            // Deleted, one way or another.
            return format!("{}: deleted at {:?}", cookie.name(), cookie.path());
        }
        if let Some(expires) = expires {
            // It is written a second sooner or later.
            let days = (expires - OffsetDateTime::now_utc() + Duration::MINUTE).whole_days();
            cookie.set_expires(OffsetDateTime::UNIX_EPOCH + Duration::days(days));
        }
        cookie.to_string()
    });
    Some(Answer {
        cookies: cookies.collect(),
        read: take_read(),
    })
}

#[test]
fn every_library_answers_a_scenario_alike() {
    for scenario in SCENARIOS {
        let ours = answer(scenario, &OURS).expect("it can all");
        for library in &LIBRARIES {
            if let Some(mut theirs) = answer(scenario, library) {
                if scenario.name == "read-quoted" && library.name != OURS.name {
                    // Only this crate undoes the escapes: others give the value as it was sent.
                    assert!(theirs.read > ours.read, "{}", library.name);
                    theirs.read = ours.read;
                }
                assert_eq!(theirs, ours, "{} of {}", scenario.name, library.name);
            }
        }
        let bare = answer(scenario, &BARE).expect("it can all");
        assert_eq!(bare.read, 0, "{}", scenario.name);
    }
}
