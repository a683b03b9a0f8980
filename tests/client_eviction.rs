//! `test::Client` evicts cookies as Chromium 156 and Firefox 153 do. The expected values were measured
//! in both. Where they differ, the client follows Chromium.

#![cfg(feature = "test-util")]

use std::convert::Infallible;
use std::ops::Range;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderValue, Request, Response};
use tower::util::BoxCloneService;
use tower::{ServiceExt, service_fn};
use tower_django_cookies::test::{Client, ClientError, RejectReason};
use tower_django_cookies::time::Duration;

type App = BoxCloneService<Request<String>, Response<String>, Infallible>;

/// A client of a service that sets the cookies in the request's body, one per line. Its response body
/// is the request's `Cookie` header.
fn client() -> Client<App> {
    let service = service_fn(async |request: Request<String>| {
        let cookies = request.headers().get(COOKIE);
        let cookies = cookies.map_or("", |header| header.to_str().unwrap());
        let mut response = Response::new(cookies.to_owned());
        for line in request.body().lines() {
            let header = HeaderValue::from_str(line).unwrap();
            response.headers_mut().append(SET_COOKIE, header);
        }
        Ok(response)
    });
    Client::new(service.boxed_clone())
}

/// Sets the cookies `c0`, `c1` and so on with these numbers and attributes.
async fn set(client: &mut Client<App>, url: &str, numbers: Range<usize>, attributes: &str) {
    let lines = numbers.map(|number| format!("c{number}=1{attributes}"));
    set_lines(client, url, &lines.collect::<Vec<_>>()).await;
}

async fn set_lines(client: &mut Client<App>, url: &str, lines: &[String]) {
    let request = Request::get(url).body(lines.join("\n")).unwrap();
    client.send(request).await.unwrap();
}

fn number(name: &str) -> usize {
    name.strip_prefix('c').unwrap().parse().unwrap()
}

/// The numbers of the cookies that are sent to `url`, sorted.
async fn sent(client: &mut Client<App>, url: &str) -> Vec<usize> {
    let response = client.get(url).await.unwrap();
    let text = response.body().text().unwrap();
    let names = text.split("; ").filter_map(|pair| pair.split_once('='));
    let mut numbers: Vec<_> = names.map(|(name, _)| number(name)).collect();
    numbers.sort_unstable();
    numbers
}

/// The numbers of the evicted cookies, in the order in which they were reported.
fn evicted(client: &Client<App>) -> Vec<usize> {
    let rejected = client.rejected_cookies().iter();
    rejected
        .map(|cookie| {
            assert_eq!(cookie.reason, RejectReason::Evicted, "{cookie}");
            number(&cookie.name)
        })
        .collect()
}

fn range(numbers: Range<usize>) -> Vec<usize> {
    numbers.collect()
}

fn numbers(ranges: &[Range<usize>]) -> Vec<usize> {
    ranges.iter().cloned().flatten().collect()
}

const NONE: [usize; 0] = [];
const SITE: &str = "https://a.test/";

#[tokio::test]
async fn cookie_181_of_site_evicts_31_least_recently_used() {
    let mut client = client();
    set(&mut client, SITE, 0..180, "").await;
    assert_eq!(evicted(&client), NONE);
    assert_eq!(sent(&mut client, SITE).await, range(0..180));

    set(&mut client, SITE, 180..181, "").await;
    assert_eq!(evicted(&client), range(0..31));
    assert_eq!(sent(&mut client, SITE).await, range(31..181));
    assert_eq!(client.cookies().len(), 150);
    assert_eq!(
        evicted(&client),
        NONE,
        "the evicted cookies of a previous response"
    );
}

#[tokio::test]
async fn cookies_of_one_response_are_evicted_twice() {
    let mut client = client();
    set(&mut client, SITE, 0..250, "").await;
    assert_eq!(evicted(&client), range(0..93));
    assert_eq!(sent(&mut client, SITE).await, range(93..250));
}

#[tokio::test]
async fn cookie_without_secure_is_evicted_first() {
    for (secure, kept) in [
        (range(0..40), numbers(&[0..40, 71..181])),
        (numbers(&[0..5, 170..181]), numbers(&[0..5, 36..181])),
    ] {
        let mut client = client();
        let lines = (0..181).map(|number| {
            let is_secure = secure.contains(&number);
            format!("c{number}=1{}", if is_secure { "; Secure" } else { "" })
        });
        set_lines(&mut client, SITE, &lines.collect::<Vec<_>>()).await;
        assert_eq!(sent(&mut client, SITE).await, kept);
    }
}

/// This is the behavior of Chromium. Firefox evicts only 170 to 179, so 171 cookies are left.
#[tokio::test]
async fn new_cookie_without_secure_can_be_evicted() {
    let mut client = client();
    set(&mut client, SITE, 0..170, "; Secure").await;
    set(&mut client, SITE, 170..181, "").await;
    assert_eq!(evicted(&client), numbers(&[170..180, 0..20, 180..181]));
    assert_eq!(sent(&mut client, SITE).await, range(20..170));
}

#[tokio::test]
async fn cookie_set_again_is_evicted_last() {
    for value in [1, 2] {
        let mut client = client();
        set(&mut client, SITE, 0..180, "").await;
        let lines = [format!("c0={value}"), "c180=1".to_owned()];
        set_lines(&mut client, SITE, &lines).await;
        assert_eq!(sent(&mut client, SITE).await, numbers(&[0..1, 32..181]));
    }
}

#[tokio::test]
async fn cookie_sent_after_a_minute_is_evicted_last() {
    for (seconds, kept) in [
        (0, range(31..181)),
        (59, range(31..181)),
        (63, numbers(&[0..10, 41..181])),
    ] {
        let mut client = client();
        set(&mut client, SITE, 0..10, "; Path=/a").await;
        set(&mut client, SITE, 10..180, "; Path=/b").await;
        client.advance(Duration::seconds(seconds));
        sent(&mut client, "https://a.test/a").await;
        set(&mut client, SITE, 180..181, "; Path=/a").await;
        let mut stored: Vec<_> = client
            .cookies()
            .iter()
            .map(|cookie| number(cookie.name()))
            .collect();
        stored.sort_unstable();
        assert_eq!(stored, kept, "{seconds} s");
    }
}

#[tokio::test]
async fn cookies_of_site_are_counted_together() {
    let mut client = client();
    set(&mut client, "https://www.a.test/", 0..90, "").await;
    set(&mut client, "https://b.test/", 0..90, "").await;
    set(&mut client, "https://other.a.test/", 90..180, "").await;
    set(
        &mut client,
        "https://www.a.test/",
        180..181,
        "; Domain=a.test",
    )
    .await;
    assert_eq!(evicted(&client), range(0..31));
    let expected = numbers(&[31..90, 180..181]);
    assert_eq!(sent(&mut client, "https://www.a.test/").await, expected);
    let expected = range(90..181);
    assert_eq!(sent(&mut client, "https://other.a.test/").await, expected);
    assert_eq!(sent(&mut client, "https://b.test/").await, range(0..90));
}

#[tokio::test]
async fn site_depends_on_public_suffixes() {
    for has_list in [false, true] {
        let mut client = client();
        set(&mut client, "https://www.a.co.uk/", 0..90, "").await;
        if has_list {
            client = client.public_suffixes(|domain| domain == "co.uk");
        }
        set(&mut client, "https://b.co.uk/", 90..180, "").await;
        set(&mut client, "https://a.co.uk/", 180..181, "").await;
        assert_eq!(evicted(&client).is_empty(), has_list);
        set(&mut client, "https://a.co.uk/", 181..271, "").await;
        assert!(!evicted(&client).is_empty());
    }
}

#[tokio::test]
async fn address_and_public_suffix_are_sites() {
    for hosts in [
        ["1.2.3.4", "5.2.3.4"],
        ["[::1]", "[::2]"],
        ["intranet", "localhost"],
        ["a.test", "a.test."],
    ] {
        let mut client = client();
        for host in hosts {
            set(&mut client, &format!("https://{host}/"), 0..180, "").await;
            assert_eq!(evicted(&client), NONE, "{host}");
        }
        set(&mut client, &format!("https://{}/", hosts[0]), 180..181, "").await;
        assert_eq!(evicted(&client), range(0..31));
        assert_eq!(client.cookies().len(), 330);
    }
}

#[tokio::test]
async fn partitioned_cookies_are_counted_separately() {
    let mut client = client();
    set(&mut client, SITE, 0..150, "; Secure").await;
    set(&mut client, SITE, 150..300, "; Secure; Partitioned").await;
    assert_eq!(sent(&mut client, SITE).await, range(0..300));
    set(&mut client, SITE, 300..331, "; Secure; Partitioned").await;
    assert_eq!(evicted(&client), range(150..181));
}

#[tokio::test]
async fn expired_cookies_do_not_count() {
    let mut client = client();
    set(&mut client, SITE, 0..100, "; Max-Age=60").await;
    set(&mut client, SITE, 100..180, "").await;
    client.advance(Duration::seconds(61));
    set(&mut client, SITE, 180..280, "").await;
    assert_eq!(evicted(&client), NONE);
    assert_eq!(sent(&mut client, SITE).await, range(100..280));
}

#[tokio::test]
async fn cookies_above_3300_are_evicted_if_unused_for_30_days() {
    let mut client = client();
    let site = |number| format!("https://site{number}.test/");
    for number in 0..25 {
        set(&mut client, &site(number), 0..150, "").await;
    }
    // As in Chromium and Firefox.
    assert_eq!(client.cookies().len(), 3750);
    assert_eq!(evicted(&client), NONE);

    client.advance(Duration::days(29));
    sent(&mut client, &site(0)).await;
    set(&mut client, &site(25), 0..1, "").await;
    assert_eq!(evicted(&client), NONE);

    client.advance(Duration::days(1));
    set(&mut client, &site(25), 1..2, "").await;
    assert_eq!(evicted(&client).len(), 752);
    assert_eq!(client.cookies().len(), 3000);
    assert_eq!(sent(&mut client, &site(0)).await, range(0..150));
    for number in 1..=5 {
        assert_eq!(sent(&mut client, &site(number)).await, NONE, "{number}");
    }
    assert_eq!(sent(&mut client, &site(6)).await, range(2..150));

    set(&mut client, &site(7), 150..180, "").await;
    for number in 26..29 {
        set(&mut client, &site(number), 0..150, "").await;
        assert_eq!(evicted(&client).is_empty(), number != 27);
    }
}

#[test]
fn set_cookie_evicts_as_response_does() {
    let mut client = client();
    for number in 0..181 {
        client.set_cookie((format!("c{number}"), "1")).unwrap();
    }
    assert_eq!(evicted(&client), range(0..31));

    client.clear_cookies();
    for number in 0..180 {
        let cookie = tower_django_cookies::Cookie::build((format!("c{number}"), "1"));
        client.set_cookie(cookie.secure(true)).unwrap();
    }
    let error = client.set_cookie(("c180", "1")).unwrap_err();
    assert!(matches!(
        error,
        ClientError::Rejected(cookie) if cookie.name == "c180" && cookie.reason == RejectReason::Evicted
    ));
}
