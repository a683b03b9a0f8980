//! Tests that all libraries send the same response in a scenario, so that their costs are comparable.

use std::collections::BTreeSet;

use benches::action::{Action, SET_COOKIE_VALUE};
use benches::handler::take_read;
use benches::libraries::{BASELINE, LIBRARIES, Library, OURS};
use benches::scenarios::{SCENARIOS, Scenario};
use cookie::Cookie;
use cookie::time::{Duration, OffsetDateTime};
use http::Request;
use http::header::SET_COOKIE;

/// The parts of a response that a client sees, and how much the handler has read.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// Names, attributes, and values except those that are signed.
    cookies: BTreeSet<String>,
    read: usize,
}

/// `None` if the library cannot do it.
fn outcome(scenario: &Scenario, library: &Library) -> Option<Outcome> {
    let mut respond = (library.respond)(scenario.action)?;
    take_read();
    let response = respond(scenario.request(library));
    let headers = response.headers().get_all(SET_COOKIE).iter();
    let cookies = headers.map(|header| {
        let mut cookie = Cookie::parse(header.to_str().expect("ASCII")).expect("a valid cookie");
        if scenario.action == Action::SetSigned {
            cookie.set_value("");
        }
        let expires = cookie.expires_datetime();
        if expires.is_some_and(|expires| expires <= OffsetDateTime::now_utc()) {
            // Libraries write different values and dates.
            return format!("{}: deleted at {:?}", cookie.name(), cookie.path());
        }
        if let Some(expires) = expires {
            // A second may pass between two libraries.
            let days = (expires - OffsetDateTime::now_utc() + Duration::MINUTE).whole_days();
            cookie.set_expires(OffsetDateTime::UNIX_EPOCH + Duration::days(days));
        }
        cookie.to_string()
    });
    Some(Outcome {
        cookies: cookies.collect(),
        read: take_read(),
    })
}

#[test]
fn libraries_in_same_scenario_send_same_response() {
    for scenario in SCENARIOS {
        let ours = outcome(scenario, &OURS).expect("this crate can do every action");
        for library in &LIBRARIES {
            if let Some(mut theirs) = outcome(scenario, library) {
                if ["read-quoted", "read-two-quoted"].contains(&scenario.name)
                    && library.name != OURS.name
                {
                    // Only this crate decodes the escapes; the others return the value as it was sent.
                    assert!(theirs.read > ours.read, "{}", library.name);
                    theirs.read = ours.read;
                }
                assert_eq!(theirs, ours, "{} with {}", scenario.name, library.name);
            }
        }
        let baseline = outcome(scenario, &BASELINE).expect("the baseline can do every action");
        assert_eq!(baseline.read, 0, "{}", scenario.name);
    }
}

#[test]
fn set_in_one_or_nested_layers_sends_one_header() {
    for action in [0, 10, 100].into_iter().flat_map(|declared| {
        [
            Action::SetInOneLayer { declared },
            Action::SetInNestedLayers {
                outer_declared: declared,
            },
        ]
    }) {
        let mut respond = (OURS.respond)(action).expect("this crate can do every action");
        let response = respond(Request::new(()));
        let headers: Vec<_> = response.headers().get_all(SET_COOKIE).iter().collect();
        assert_eq!(headers, [SET_COOKIE_VALUE], "{action:?}");
    }
}
