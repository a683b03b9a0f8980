//! The middleware and tower-sessions' own layer return the same responses, set the same cookies and call the store in the
//! same way. Each test sends the same requests to both.

mod support;

use std::collections::HashMap;

use http::Request;
use support::{Failure, OPERATIONS, Store, both, cookie_summary};
use tower_django_cookies::test::Client;
use tower_sessions::session::Id;

/// Sends the requests. Returns the responses, the cookies that the client stores, and the calls of the store. Ids are
/// numbered, because they are random.
async fn observe(
    upstream: bool,
    cookie: Option<&str>,
    first: Option<&str>,
    operations: &str,
    failure: Failure,
    always_save: bool,
) -> Vec<String> {
    let store = Store::default();
    let mut client = Client::new(both(upstream, &store, always_save));
    if let Some(cookie) = cookie {
        client.set_cookie(("id", cookie)).expect("a valid cookie");
    }
    let mut seen = Vec::new();
    for (operations, failure) in [
        (first, Failure::None),
        (Some(operations), failure),
        (Some("get"), Failure::None),
    ] {
        let Some(operations) = operations else {
            continue;
        };
        store.fail(failure);
        let uri = format!("/?{operations}");
        let request = Request::get(uri).body(String::new()).expect("a request");
        let response = client.send(request).await.expect("a response");
        let body = response.body().text().expect("UTF-8");
        seen.push(format!("{operations}: {} {body}", response.status()));
        seen.extend(cookie_summary(response.headers()));
        seen.extend(store.take_calls());
        let stored: Vec<_> = client
            .cookies()
            .iter()
            .map(|c| c.name().to_owned())
            .collect();
        seen.push(format!("the client stores {stored:?}"));
    }
    number_ids(seen)
}

/// Replaces each id by the order of its first occurrence.
fn number_ids(lines: Vec<String>) -> Vec<String> {
    let mut numbers = HashMap::new();
    let mut number = |word: &str| match word.parse::<Id>() {
        Ok(id) => {
            let next = numbers.len();
            format!("id{}", numbers.entry(id).or_insert(next))
        }
        Err(_) => word.to_owned(),
    };
    let words = |line: String| {
        line.split(' ')
            .map(&mut number)
            .collect::<Vec<_>>()
            .join(" ")
    };
    lines.into_iter().map(words).collect()
}

/// All sequences of up to two operations, on each kind of session, with each failure of the store and both statuses. A
/// change after a `flush` is in `differences.rs`.
#[tokio::test]
async fn sequences_of_operations_are_as_upstream() {
    let unknown = Id(7).to_string();
    let states = [
        (None, None),
        (None, Some("insert")),
        (None, Some("insert,clear")),
        (Some(unknown.as_str()), None),
        (Some("bogus"), None),
    ];
    let singles = OPERATIONS.iter().map(|operation| (*operation).to_owned());
    let pairs = OPERATIONS.iter().flat_map(|first| {
        OPERATIONS
            .iter()
            .filter(move |second| !(*first == "flush" && ["insert", "same"].contains(second)))
            .map(move |second| format!("{first},{second}"))
    });
    let sequences: Vec<_> = [String::new()]
        .into_iter()
        .chain(singles)
        .chain(pairs)
        .collect();
    let mut compared = 0;
    for (cookie, first) in states {
        for sequence in &sequences {
            for failure in [
                Failure::None,
                Failure::Load,
                Failure::Write,
                Failure::Delete,
            ] {
                for (status, always_save) in [("", false), (",500", false), ("", true)] {
                    let operations = format!("{sequence}{status}");
                    let ours =
                        observe(false, cookie, first, &operations, failure, always_save).await;
                    let upstream =
                        observe(true, cookie, first, &operations, failure, always_save).await;
                    assert_eq!(
                        ours, upstream,
                        "cookie {cookie:?}, first {first:?}, {operations}, {failure:?}, always_save {always_save}"
                    );
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 5000, "{compared}");
}

/// Two requests of one client at the same time: each loads the session before the other saves it.
#[tokio::test]
async fn concurrent_requests_are_as_upstream() {
    for slow in ["get", "get,insert", "get,cycle", "insert,flush"] {
        for fast in ["insert", "flush", "cycle", "remove", "clear"] {
            let mut outcomes = Vec::new();
            for upstream in [false, true] {
                let store = Store::default();
                let app = both(upstream, &store, false);
                let mut client = Client::new(app);
                client.get("/?insert").await.expect("a response");
                let mut other = client.clone();
                store.take_calls();

                let uri = format!("/?get,wait,{slow}");
                let waiting = async {
                    let response = other.get(uri).await.expect("a response");
                    cookie_summary(response.headers())
                };
                let meanwhile = async {
                    store.waiting().await;
                    let response = client.get(format!("/?{fast}")).await.expect("a response");
                    store.proceed();
                    cookie_summary(response.headers())
                };
                let (slow_cookies, fast_cookies) = tokio::join!(waiting, meanwhile);
                let mut seen = [slow_cookies, fast_cookies, store.take_calls()].concat();
                for client in [&mut client, &mut other] {
                    let response = client.get("/?get").await.expect("a response");
                    seen.push(response.body().text().expect("UTF-8").to_owned());
                }
                outcomes.push(number_ids(seen));
            }
            assert_eq!(outcomes[0], outcomes[1], "{slow} during {fast}");
        }
    }
}

/// A session that is saved after its logout is in the store again: `SessionStore::save` also creates sessions.
#[tokio::test]
async fn logout_during_a_slow_change_is_undone_as_upstream() {
    for upstream in [false, true] {
        let store = Store::default();
        let mut client = Client::new(both(upstream, &store, false));
        client.get("/?insert").await.expect("a response");
        let mut other = client.clone();
        let slow = async {
            let response = other.get("/?get,wait,insert").await;
            response.expect("a response");
        };
        let logout = async {
            store.waiting().await;
            client.get("/?flush").await.expect("a response");
            client.assert_deleted("id");
            store.proceed();
        };
        tokio::join!(slow, logout);
        let response = other.get("/?get").await.expect("a response");
        assert_eq!(response.body().text(), Ok(r#"Some("value 2")"#));
    }
}
