//! The order of `Set-Cookie` headers: of the operations on one name, the last one takes effect,
//! whatever scopes a browser takes for one cookie.
//!
//! `ORDER_SEQUENCES=1000000 cargo test --test order random_sequences` runs more sequences than a
//! plain `cargo test`.

#[path = "order/mod.rs"]
mod order;
mod support;

use std::collections::HashMap;
use std::thread;

use http::Request;
use http::header::HOST;
use order::browser::{Browser, Key, Rule};
use order::meaning::{Meaning, headers, headers_replaced_in_place};
use order::random::Random;
use order::run::steps_of_headers;
use order::{LOCALHOST, Refusal, Sequence, Step, WWW};
use support::{deletion, response_cookies, response_headers, set_cookies};
use tower_django_cookies::{Cookie, CookieBuilder, CookieError, CookieJar, CookieLayer, SameSite};

/// The cookie `name=value`, with Path=/ and no Domain.
fn cookie(name: &'static str, value: &'static str) -> CookieBuilder<'static> {
    Cookie::build((name, value))
}

/// The headers of a page `/app/page` of `host`, and the names and values of the cookies that a
/// browser then sends to this page.
fn headers_and_cookies(
    host: &'static str,
    operations: impl Fn(&CookieJar) -> Result<(), CookieError>,
) -> (Vec<String>, Vec<(String, String)>) {
    let request = Request::builder().uri("/app/page").header(HOST, host);
    let request = request.body(()).expect("a valid request");
    let headers = response_headers(&CookieLayer::new(), request, |jar| {
        operations(jar).expect("no error");
    });
    let steps = steps_of_headers(&headers);
    let browser = Browser::standard(host, "/app");
    let sent = browser.sent(&browser.stored(&steps), host, "/app/page");
    (set_cookies(&headers), sent)
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn set_after_delete_with_host_as_domain_is_last_and_stored() {
    let (headers, sent) = headers_and_cookies(LOCALHOST, |jar| {
        jar.set(("s", "1"))?;
        jar.delete(Cookie::build("s").domain(LOCALHOST))?;
        jar.set(("s", "2"))
    });
    let delete = deletion("s", "/").replace("expires", "Domain=localhost; expires");
    assert_eq!(headers, [delete, "s=2; Path=/".to_owned()]);
    assert_eq!(sent, [pair("s", "2")]);
}

#[test]
fn set_after_delete_without_path_is_last_and_stored() {
    for host in [LOCALHOST, WWW] {
        let (headers, sent) = headers_and_cookies(host, |jar| {
            jar.set(cookie("s", "1").path("/app"))?;
            jar.delete(Cookie::build("s").path(""))?;
            jar.set(cookie("s", "2").path("/app"))
        });
        let delete = deletion("s", "").replace("; Path=", "");
        assert_eq!(headers, [delete, "s=2; Path=/app".to_owned()]);
        assert_eq!(sent, [pair("s", "2")]);
    }
}

#[test]
fn delete_after_set_without_path_is_last_and_leaves_no_cookie() {
    let (headers, sent) = headers_and_cookies(WWW, |jar| {
        jar.delete(Cookie::build("s").path("/app"))?;
        jar.set(cookie("s", "1").path(""))?;
        jar.delete(Cookie::build("s").path("/app"))
    });
    assert_eq!(headers, ["s=1".to_owned(), deletion("s", "/app")]);
    assert_eq!(sent, []);
}

#[test]
fn name_with_one_scope_keeps_its_place() {
    let cookies = response_cookies(&CookieLayer::new(), |jar| {
        for (name, value) in [("a", "1"), ("b", "1"), ("c", "1"), ("a", "2"), ("b", "2")] {
            jar.set((name, value)).expect("no error");
        }
        jar.delete("a").expect("no error");
    });
    let expected = [
        deletion("a", "/"),
        "b=2; Path=/".into(),
        "c=1; Path=/".into(),
    ];
    assert_eq!(cookies, expected);
}

#[test]
fn name_with_several_scopes_keeps_its_places_among_other_names() {
    let cookies = response_cookies(&CookieLayer::new(), |jar| {
        let result = (|| {
            jar.set(cookie("a", "1"))?;
            jar.set(cookie("b", "1"))?;
            jar.set(cookie("a", "2").path("/x"))?;
            jar.set(cookie("c", "1"))?;
            jar.set(cookie("a", "3").path("/y"))?;
            jar.set(cookie("b", "2").path("/x"))?;
            // `a` has three places. Its last operations are those of /y, / and /x.
            jar.set(cookie("a", "4"))?;
            jar.set(cookie("a", "5").path("/x"))
        })();
        result.expect("no error");
    });
    let expected = [
        "a=3; Path=/y",
        "b=1; Path=/",
        "a=4; Path=/",
        "c=1; Path=/",
        "a=5; Path=/x",
        "b=2; Path=/x",
    ];
    assert_eq!(cookies, expected);
}

#[test]
fn repeated_operation_on_last_scope_keeps_order_of_earlier_ones() {
    let cookies = response_cookies(&CookieLayer::new(), |jar| {
        for (value, path) in [
            ("1", "/"),
            ("2", "/x"),
            ("3", "/y"),
            ("4", "/y"),
            ("5", "/x"),
        ] {
            jar.set(cookie("a", value).path(path)).expect("no error");
        }
    });
    assert_eq!(cookies, ["a=1; Path=/", "a=4; Path=/y", "a=5; Path=/x"]);
}

/// The headers and cookies of a page of [`WWW`], with a jar of an outer layer without settings, and
/// one of an inner layer that declares `s` at / and has retired its scope at /app.
fn headers_and_cookies_of_layers(
    operations: impl Fn(&CookieJar, &CookieJar) -> Result<(), CookieError>,
) -> (Vec<String>, Vec<(String, String)>) {
    let layer = CookieLayer::new()
        .declare(Cookie::build("s").path("/"))
        .and_then(|layer| layer.retire(Cookie::build("s").path("/app")))
        .expect("valid settings");
    headers_and_cookies(WWW, |outer| {
        let mut request = Request::new(());
        request.extensions_mut().insert(outer.clone());
        let mut result = Ok(());
        response_headers(&layer, request, |inner| result = operations(outer, inner));
        result
    })
}

/// The jar of the outer layer does not know the declaration. So it can set the cookie at a retired
/// scope.
#[test]
fn set_of_declared_cookie_deletes_what_outer_layer_set_at_retired_scope() {
    let (headers, sent) = headers_and_cookies_of_layers(|outer, inner| {
        inner.set(("s", "1"))?;
        outer.set(cookie("s", "2").path("/app"))?;
        inner.set(("s", "3"))
    });
    assert_eq!(headers, [deletion("s", "/app"), "s=3; Path=/".into()]);
    assert_eq!(sent, [pair("s", "3")]);
}

/// Here, the browser takes the scope without a Path for the retired scope. So the delete at the
/// retired scope has to come after that set, although it was queued before.
#[test]
fn set_of_declared_cookie_deletes_what_outer_layer_set_without_path() {
    let (headers, sent) = headers_and_cookies_of_layers(|outer, inner| {
        inner.set(("s", "1"))?;
        outer.set(cookie("s", "2").path(""))?;
        inner.set(("s", "3"))
    });
    let expected = ["s=2".into(), deletion("s", "/app"), "s=3; Path=/".into()];
    assert_eq!(headers, expected);
    assert_eq!(sent, [pair("s", "3")]);
}

/// In a cross-site response, browsers accept a delete of such a cookie only with `SameSite=None`.
#[test]
fn delete_after_set_writes_its_attributes_on_deletes_at_retired_scopes() {
    let layer = CookieLayer::new()
        .declare(Cookie::build("s").path("/x"))
        .and_then(|layer| layer.retire(Cookie::build("s").path("/app")))
        .expect("valid settings");
    let cookies = response_cookies(&layer, |jar| {
        jar.set(("s", "1")).expect("no error");
        let delete = Cookie::build("s").same_site(SameSite::None);
        jar.delete(delete).expect("no error");
    });
    let expected = ["/app", "/x"].map(|path| deletion("s", path) + "; SameSite=None; Secure");
    assert_eq!(cookies, expected);
}

#[test]
fn queued_and_debug_have_order_of_headers() {
    let mut queued = Vec::new();
    let mut debug = String::new();
    let cookies = response_cookies(&CookieLayer::new(), |jar| {
        for (name, value, path) in [
            ("a", "1", "/"),
            ("a", "2", "/x"),
            ("b", "3", "/"),
            ("b", "4", "/x"),
            ("a", "5", "/"),
        ] {
            jar.set(cookie(name, value).path(path)).expect("no error");
        }
        let cookies = jar.queued();
        queued = cookies.iter().map(ToString::to_string).collect();
        debug = format!("{jar:?}");
    });
    let expected = ["a=2; Path=/x", "a=5; Path=/", "b=3; Path=/", "b=4; Path=/x"];
    assert_eq!(cookies, expected);
    assert_eq!(queued, expected);
    assert!(debug.contains(r#"queued: ["a", "a", "b", "b"]"#), "{debug}");
}

/// The queue finds operations with an index if there are more than 16.
#[test]
fn last_operation_is_last_header_with_many_operations() {
    const PATHS: usize = 20;
    let cookies = response_cookies(&CookieLayer::new(), |jar| {
        let set = |name: &'static str, path: usize, value: &'static str| {
            let cookie = cookie(name, value).path(format!("/{path}"));
            jar.set(cookie).expect("no error");
        };
        for path in 0..PATHS {
            set("a", path, "first");
            set("b", path, "first");
        }
        for path in (0..PATHS).rev() {
            set("a", path, "last");
        }
        set("b", 3, "last");
    });
    assert_eq!(cookies.len(), 2 * PATHS);
    let (a, b): (Vec<_>, Vec<_>) = (0..PATHS)
        .map(|number| (&cookies[2 * number], &cookies[2 * number + 1]))
        .unzip();
    let a_paths = (0..PATHS).rev();
    let expected: Vec<_> = a_paths
        .map(|path| format!("a=last; Path=/{path}"))
        .collect();
    assert!(a.into_iter().eq(&expected));
    let b_paths = (0..PATHS).filter(|&path| path != 3);
    let mut expected: Vec<_> = b_paths
        .map(|path| format!("b=first; Path=/{path}"))
        .collect();
    expected.push("b=last; Path=/3".to_owned());
    assert!(b.into_iter().eq(&expected));
}

/// Every kind of browser: it takes host and Domain for one, Path and default-path, or both, or
/// neither; it may ignore Partitioned; or it takes any scopes for one.
fn browsers(random: &mut Random, host: Option<&'static str>) -> Vec<Browser> {
    let host = host.unwrap_or_else(|| random.pick(&[LOCALHOST, WWW]));
    let default_path = random.pick(&["/", "/app"]);
    let merging = [Rule::HostAsDomain, Rule::DefaultPath, Rule::Unpartitioned];
    let mut all: Vec<Vec<Rule>> = (0..8)
        .map(|set: usize| {
            let rules = merging.iter().enumerate();
            rules
                .filter(|(bit, _)| (set >> bit) & 1 == 1)
                .map(|(_, &rule)| rule)
                .collect()
        })
        .collect();
    all.push(vec![Rule::Anything(random.number())]);
    all.into_iter()
        .map(|rules| Browser {
            host,
            default_path,
            rules,
        })
        .collect()
}

/// Which cases random sequences contain.
#[derive(Debug, Default)]
struct Coverage {
    sequences: usize,
    operations: usize,
    refused: HashMap<Refusal, usize>,
    /// Sequences with more than 16 headers.
    indexed: usize,
    /// Sequences with two jars.
    nested: usize,
    /// Sequences that replace an operation, so that headers in place of the replaced ones leave
    /// other cookies in at least one browser.
    in_place_differs: usize,
}

impl Coverage {
    fn add(&mut self, other: Self) {
        self.sequences += other.sequences;
        self.operations += other.operations;
        self.indexed += other.indexed;
        self.nested += other.nested;
        self.in_place_differs += other.in_place_differs;
        for (refusal, count) in other.refused {
            *self.refused.entry(refusal).or_default() += count;
        }
    }
}

/// `true` if both lists have the same cookies with the same last operations, in any order.
fn is_same(one: &[(Key<'_>, &Step)], other: &[(Key<'_>, &Step)]) -> bool {
    let is_in_other = |&(key, step): &(Key<'_>, &Step)| {
        let mut other = other.iter();
        other.any(|(other, other_step)| *other == key && other_step.value == step.value)
    };
    one.len() == other.len() && one.iter().all(is_in_other)
}

/// Returns the first difference between the crate and the meaning of `sequence`.
fn difference(
    sequence: &Sequence,
    browsers: &[Browser],
    coverage: &mut Coverage,
) -> Result<(), String> {
    let meaning = Meaning::new(sequence);
    let mut run = None;
    let sent = response_headers(&sequence.outer_layer(), sequence.request(), |jar| {
        run = Some(sequence.run(jar));
    });
    let sent = steps_of_headers(&sent);
    let run = run.expect("the service is called");

    for (number, (result, expected)) in run.results.iter().zip(&meaning.results).enumerate() {
        if result != expected {
            let operation = &sequence.operations[number];
            return Err(format!("{operation:?}: {result:?}, expected {expected:?}"));
        }
    }
    let expected = headers(&meaning.steps);
    let in_place = headers_replaced_in_place(&meaning.steps);
    let mut in_place_differs = false;
    for browser in browsers {
        let expected = browser.processed(&meaning.steps);
        let processed = browser.processed(&sent);
        if !is_same(&processed, &expected) {
            return Err(format!(
                "{browser:?} has {processed:?}, expected {expected:?}"
            ));
        }
        in_place_differs |= !is_same(&browser.processed(in_place.iter().copied()), &expected);
    }
    if !sent.iter().eq(expected.iter().copied()) {
        return Err(format!("the headers are {sent:?}, expected {expected:?}"));
    }
    if run.queued != sent {
        return Err(format!("queued are {:?}, but sent {sent:?}", run.queued));
    }
    let names: Vec<_> = sent.iter().map(|step| &step.identity.name).collect();
    if !run.debug.contains(&format!("queued: {names:?}")) {
        return Err(format!("{} is not in the order {names:?}", run.debug));
    }

    coverage.sequences += 1;
    coverage.operations += sequence.operations.len();
    coverage.indexed += usize::from(sent.len() > 16);
    coverage.nested += usize::from(sequence.inner.is_some());
    coverage.in_place_differs += usize::from(in_place_differs);
    for refusal in meaning.results.iter().filter_map(|result| result.err()) {
        *coverage.refused.entry(refusal).or_default() += 1;
    }
    Ok(())
}

/// Checks the sequence of `seed`. Panics with the smallest sequence that fails.
fn check(seed: u64, coverage: &mut Coverage) {
    let random = &mut Random::new(!seed);
    let host = random.pick(&[Some(LOCALHOST), Some(WWW), None]);
    let mut sequence = Sequence::random(seed, host, "");
    if random.one_in(8) {
        sequence.deny_undeclared(random);
    }
    let browsers = browsers(random, host);
    if difference(&sequence, &browsers, coverage).is_ok() {
        return;
    }
    let result = |sequence: &Sequence| difference(sequence, &browsers, &mut Coverage::default());
    let smallest = sequence.smallest(|sequence| result(sequence).is_err());
    let difference = result(&smallest).expect_err("it fails");
    panic!("sequence {seed}: {smallest:#?}\n{difference}");
}

#[test]
fn random_sequences_leave_last_operation_in_every_browser() {
    let count = std::env::var("ORDER_SEQUENCES").map_or(20_000, |count| {
        count.parse().expect("a number of sequences")
    });
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut coverage = Coverage::default();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|first| {
                scope.spawn(move || {
                    let mut coverage = Coverage::default();
                    for seed in (first as u64..count).step_by(threads) {
                        check(seed, &mut coverage);
                    }
                    coverage
                })
            })
            .collect();
        for thread in threads {
            coverage.add(thread.join().expect("no difference"));
        }
    });
    println!("{coverage:#?}");
    assert_eq!(coverage.sequences as u64, count);
    if count >= 1000 {
        let sequences = coverage.sequences;
        assert!(coverage.indexed > sequences / 100);
        assert!(coverage.nested > sequences / 4);
        assert!(coverage.in_place_differs > sequences / 20);
        assert_eq!(coverage.refused.len(), 8, "every kind of refusal");
    }
}

/// The same sequences through `test::Client`.
#[cfg(feature = "test-util")]
mod client {
    use std::convert::Infallible;
    use std::sync::{Arc, Mutex};

    use http::header::COOKIE;
    use http::{HeaderMap, Response};
    use tower::{Service, service_fn};
    use tower_django_cookies::test::Client;

    use super::*;

    const SEQUENCES: u64 = 10_000;

    /// A service whose response to `/app/before` and `/app/page` is that of a sequence. It keeps
    /// the headers of the last request.
    fn service(
        before: Sequence,
        sequence: Sequence,
        last: Arc<Mutex<HeaderMap>>,
    ) -> impl Service<
        Request<String>,
        Response = Response<String>,
        Error = Infallible,
        Future = std::future::Ready<Result<Response<String>, Infallible>>,
    > {
        service_fn(move |request: Request<String>| {
            *last.lock().expect("no panic") = request.headers().clone();
            let sequence = match (request.uri().path(), request.uri().query()) {
                ("/app/before", None) => Some(&before),
                ("/app/page", None) => Some(&sequence),
                _ => None,
            };
            let mut response = Response::new(String::new());
            if let Some(sequence) = sequence {
                let request = request.map(drop);
                let headers = response_headers(&sequence.outer_layer(), request, |jar| {
                    sequence.run(jar);
                });
                *response.headers_mut() = headers;
            }
            std::future::ready(Ok(response))
        })
    }

    #[tokio::test]
    async fn client_stores_and_sends_what_random_sequences_mean() {
        let mut stored_count = 0;
        let mut sent_count = 0;
        for seed in 0..SEQUENCES {
            let host = if seed % 2 == 0 { LOCALHOST } else { WWW };
            let sequence = Sequence::random(seed, Some(host), "");
            let before = sequence.before(seed, "");
            let steps: Vec<Step> = [&before, &sequence]
                .into_iter()
                .flat_map(|sequence| Meaning::new(sequence).steps)
                .collect();
            let browser = Browser::standard(host, "/app");
            let expected = browser.stored(&steps);

            let last = Arc::new(Mutex::new(HeaderMap::new()));
            let mut client = Client::new(service(before, sequence, Arc::clone(&last)));
            for path in ["/app/before", "/app/page"] {
                let url = format!("https://{host}{path}");
                client.get(url).await.expect("a response");
            }
            let cookies = client.cookies();
            let mut stored: Vec<_> = cookies
                .iter()
                .map(|cookie| {
                    let is_partitioned = cookie.partitioned() == Some(true);
                    let name_and_value = (cookie.name(), cookie.value());
                    (
                        name_and_value,
                        cookie.domain(),
                        cookie.path(),
                        is_partitioned,
                    )
                })
                .collect();
            let mut expected_stored: Vec<_> = expected
                .iter()
                .map(|(key, step)| {
                    let value = step.value.as_deref().expect("a set");
                    let scope = key.scope;
                    (
                        (key.name, value),
                        scope.domain,
                        scope.path,
                        scope.partitioned,
                    )
                })
                .collect();
            stored.sort_unstable();
            expected_stored.sort_unstable();
            assert_eq!(stored, expected_stored, "sequence {seed}");
            stored_count += stored.len();

            for (host, path) in [
                (host, "/app/page"),
                (host, "/app"),
                (host, "/"),
                ("deep.www.example.test", "/app/page"),
                ("app.example.test", "/app/page"),
            ] {
                let url = format!("https://{host}{path}?check");
                client.get(url).await.expect("a response");
                let header = last.lock().expect("no panic").remove(COOKIE);
                let header = header.map_or(String::new(), |header| {
                    header.to_str().expect("ASCII").to_owned()
                });
                let pairs = header.split("; ").filter(|pair| !pair.is_empty());
                let mut sent: Vec<_> = pairs
                    .map(|text| text.split_once('=').expect("a cookie-pair"))
                    .map(|(name, value)| pair(name, value))
                    .collect();
                sent.sort_unstable();
                let expected = browser.sent(&expected, host, path);
                assert_eq!(sent, expected, "sequence {seed}, {host}{path}");
                sent_count += sent.len();
            }
        }
        println!("{SEQUENCES} sequences: {stored_count} cookies stored, {sent_count} sent");
        assert!(stored_count > 10_000 && sent_count > 20_000);
    }
}
