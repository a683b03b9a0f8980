//! `test::Client` passes the public test suites of RFC 6265 and of Go's cookie jar, except for the rows
//! that each test lists.

#![cfg(feature = "test-util")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderValue, Request, Response};
use serde_json::Value;
use tower::util::BoxCloneService;
use tower::{ServiceExt, service_fn};
use tower_django_cookies::Expiration;
use tower_django_cookies::test::{Client, ClientError, RejectReason};
use tower_django_cookies::time::format_description::well_known::Rfc2822;
use tower_django_cookies::time::{Duration, OffsetDateTime};

type App = BoxCloneService<Request<String>, Response<String>, Infallible>;

/// A client whose clock can be set.
struct Browser {
    client: Client<App>,
    /// The headers of the next response.
    set_cookie: Arc<Mutex<Vec<HeaderValue>>>,
    /// The `Cookie` header of the last request.
    cookie: Arc<Mutex<Option<String>>>,
    /// How far the client's clock is ahead of the system's.
    offset: Duration,
}

impl Browser {
    fn new() -> Self {
        let set_cookie: Arc<Mutex<Vec<HeaderValue>>> = Arc::default();
        let cookie: Arc<Mutex<Option<String>>> = Arc::default();
        let (next, last) = (Arc::clone(&set_cookie), Arc::clone(&cookie));
        let service = service_fn(move |request: Request<String>| {
            let sent = request.headers().get(COOKIE);
            *last.lock().unwrap() = sent.map(|header| latin1(header.as_bytes()));
            let mut response = Response::new(String::new());
            for header in next.lock().unwrap().drain(..) {
                response.headers_mut().append(SET_COOKIE, header);
            }
            std::future::ready(Ok(response))
        });
        Self {
            client: Client::new(service.boxed_clone()),
            set_cookie,
            cookie,
            offset: Duration::ZERO,
        }
    }

    /// Sets the client's clock.
    fn set_time(&mut self, time: OffsetDateTime) {
        let step = time - OffsetDateTime::now_utc() - self.offset;
        self.client.advance(step);
        self.offset += step;
    }

    /// Receives these `Set-Cookie` headers from `url`. Returns false if no browser can request it.
    async fn receive(&mut self, url: &str, headers: &[HeaderValue]) -> bool {
        self.set_cookie.lock().unwrap().extend_from_slice(headers);
        match self.client.get(url).await {
            Ok(_) => true,
            Err(ClientError::Url { .. }) => false,
            Err(error) => panic!("{url}: {error}"),
        }
    }

    /// The `Cookie` header that is sent to `url`.
    async fn sent(&mut self, url: &str) -> Option<String> {
        match self.client.get(url).await {
            Ok(_) => self.cookie.lock().unwrap().take(),
            Err(ClientError::Url { .. }) => None,
            Err(error) => panic!("{url}: {error}"),
        }
    }
}

/// The characters U+0000 to U+00FF for the bytes of a header.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn header(text: &str) -> Option<HeaderValue> {
    let bytes: Vec<_> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
    HeaderValue::from_bytes(&bytes).ok()
}

/// The headers of a row. Those that HTTP does not allow are left out.
fn headers(row: &Value) -> Vec<HeaderValue> {
    let headers = list(&row["set"]).iter();
    headers.filter_map(|text| header(text_of(text))).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn time(value: &Value) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(value.as_i64().unwrap()).unwrap()
}

/// The rows on which the client and a suite differ, each with both results.
#[derive(Default)]
struct Differences {
    rows: usize,
    found: BTreeMap<String, String>,
}

impl Differences {
    fn add(&mut self, id: &str, actual: &str, expected: &str) {
        self.rows += 1;
        if actual != expected {
            let difference = format!("{actual:?}, but the suite expects {expected:?}");
            let previous = self.found.insert(id.to_owned(), difference);
            assert_eq!(previous, None, "two rows {id}");
        }
    }

    /// Checks that exactly the `known` rows differ, each of which has a reason.
    fn check(mut self, rows: usize, known: &[(&[&str], &str)]) {
        let mut failures = Vec::new();
        for (ids, reason) in known {
            for id in *ids {
                if self.found.remove(*id).is_none() {
                    failures.push(format!("{id} no longer differs: {reason}"));
                }
            }
        }
        let unknown = self
            .found
            .iter()
            .map(|(id, difference)| format!("{id}: {difference}"));
        failures.extend(unknown);
        assert!(failures.is_empty(), "{}", failures.join("\n"));
        assert_eq!(self.rows, rows, "rows of the suite");
    }
}

fn http_state() -> Value {
    serde_json::from_str(include_str!("client/http_state.json")).unwrap()
}

fn go() -> Value {
    serde_json::from_str(include_str!("client/go_cookiejar.json")).unwrap()
}

#[tokio::test]
async fn set_cookie_matches_http_state_suite() {
    let suite = http_state();
    let mut differences = Differences::default();
    for case in list(&suite["cases"]) {
        let mut browser = Browser::new();
        browser.set_time(time(&suite["now"]));
        browser
            .receive(text_of(&case["set_at"]), &headers(case))
            .await;
        let sent = browser.sent(text_of(&case["get_at"])).await;
        let expected = case["cookie"].as_str();
        differences.add(
            text_of(&case["id"]),
            &sent.unwrap_or_default(),
            expected.unwrap_or_default(),
        );
    }
    differences.check(
        222,
        &[
            (
                &["disabled-chromium0022", "disabled-chromium0023"],
                "disabled in the suite: no header contains NUL or CR (RFC 9110 §5.5)",
            ),
            (
                &["disabled-path0029"],
                "disabled in the suite: a Path is not percent-decoded (RFC 6265bis §5.1.4), and not in \
                 Chromium and Firefox either",
            ),
            (
                &["optional-domain0042"],
                "optional in the suite: only the last Domain counts, and an empty one counts as absent \
                 (RFC 6265bis §5.7); Chromium and Firefox store a host-only cookie, too",
            ),
        ],
    );
}

#[tokio::test]
async fn expires_matches_http_state_suite() {
    let suite = http_state();
    let mut differences = Differences::default();
    for row in list(&suite["dates"]) {
        let mut browser = Browser::new();
        browser.set_time(OffsetDateTime::from_unix_timestamp(-11_700_000_000).unwrap());
        let header = header(&format!("a=1; Expires={}", text_of(&row["date"]))).unwrap();
        assert!(browser.receive("http://home.example.org/", &[header]).await);
        let expected = row["expected"].as_str();
        let expected = expected.map(|date| OffsetDateTime::parse(date, &Rfc2822).unwrap());
        let cookie = browser.client.cookie("a").unwrap();
        let expires = cookie.expires().and_then(Expiration::datetime);
        differences.add(
            text_of(&row["id"]),
            &format!("{expires:?}"),
            &format!("{expected:?}"),
        );
    }
    differences.check(70, &[]);
}

/// The suite's jar has the public suffix `co.uk` in addition to every last label.
fn go_browser() -> Browser {
    let mut browser = Browser::new();
    browser.client = browser.client.public_suffixes(|domain| domain == "co.uk");
    browser
}

#[tokio::test]
async fn cookies_match_go_suite() {
    let suite = go();
    let start = time(&suite["now"]);
    let mut differences = Differences::default();
    for group in list(&suite["groups"]) {
        let mut browser = go_browser();
        for test in list(&group["tests"]) {
            let id = text_of(&test["id"]);
            if group["one_jar"] != true {
                browser = go_browser();
            }
            // As in the suite, each step is a bit more than a second after the previous one.
            let mut now = start;
            browser.set_time(now);
            let from = text_of(&test["from"]);
            assert!(browser.receive(from, &headers(test)).await);
            now += Duration::milliseconds(1001);
            browser.set_time(now);
            let cookies = browser.client.cookies();
            let mut content: Vec<_> = cookies
                .iter()
                .map(|cookie| format!("{}={}", cookie.name(), cookie.value()))
                .collect();
            content.sort_unstable();
            differences.add(id, &content.join(" "), text_of(&test["content"]));
            for (number, query) in list(&test["queries"]).iter().enumerate() {
                now += Duration::milliseconds(1001);
                browser.set_time(now);
                let sent = browser.sent(text_of(&query[0])).await.unwrap_or_default();
                let sent = sent.replace("; ", " ");
                differences.add(&format!("{id}, query {number}"), &sent, text_of(&query[1]));
            }
        }
    }
    differences.check(
        281,
        &[
            (
                &[
                    "basicsTests#1",
                    "basicsTests#1, query 3",
                    "basicsTests#1, query 4",
                    "basicsTests#1, query 5",
                    "updateAndDeleteTests#0",
                    "updateAndDeleteTests#0, query 1",
                    "updateAndDeleteTests#1",
                    "updateAndDeleteTests#1, query 1",
                    // `b` and `d` are created here, after `c`.
                    "updateAndDeleteTests#2, query 0",
                ],
                "browsers refuse a Secure cookie over plain HTTP (RFC 6265bis §5.7, step 8)",
            ),
            (
                &[
                    "basicsTests#11",
                    "basicsTests#11, query 0",
                    "chromiumBasicsTests#9",
                    "chromiumBasicsTests#9, query 0",
                ],
                "the leading dot of a Domain is removed before an address, too (RFC 6265bis §5.6.3); \
                 Chromium and Firefox store such a cookie",
            ),
        ],
    );
}

#[tokio::test]
async fn default_path_matches_go_suite() {
    let mut differences = Differences::default();
    for row in list(&go()["default_path"]) {
        let (path, expected) = (text_of(&row[0]), text_of(&row[1]));
        let mut browser = Browser::new();
        let header = HeaderValue::from_static("a=1");
        let url = format!("http://www.host.test{path}");
        // Two rows are not valid paths.
        if !browser.receive(&url, &[header]).await {
            differences.add(path, "invalid URL", expected);
            continue;
        }
        let cookie = browser.client.cookie("a").unwrap();
        differences.add(path, cookie.path().unwrap(), expected);
    }
    differences.check(
        12,
        &[(
            &["/a/./b", "/a/../b"],
            "a browser resolves dot segments before it requests a URL (URL standard, path state)",
        )],
    );
}

/// A host as it is written in URLs.
fn url_host(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

#[tokio::test]
async fn domain_matches_go_suite() {
    let mut differences = Differences::default();
    for row in list(&go()["domain_and_type"]) {
        let (host, domain) = (text_of(&row[0]), text_of(&row[1]));
        let mut browser = go_browser();
        let header = header(&format!("a=1; Domain={domain}")).unwrap();
        let url_host = url_host(host);
        let is_valid = browser
            .receive(&format!("http://{url_host}/"), &[header])
            .await;
        let actual = match browser.client.cookie("a") {
            Some(cookie) => cookie.domain().unwrap_or("host-only").to_owned(),
            None if is_valid => "rejected".to_owned(),
            None => "invalid URL".to_owned(),
        };
        let expected = match (row[3].as_bool().unwrap(), row[4].as_bool().unwrap()) {
            (_, true) => "rejected",
            (true, _) => "host-only",
            (false, _) => text_of(&row[2]),
        };
        differences.add(&format!("{host} with Domain={domain}"), &actual, expected);
    }
    differences.check(
        25,
        &[
            (
                &["127.www.0.0.1 with Domain=127.0.0.1"],
                "no browser requests this host: its last label is a number, but it is not an IP \
                 address (URL standard, host parsing)",
            ),
            (
                &["2001:4860:0:2001::68 with Domain=2001:4860:0:2001::68"],
                "the host of a URL has brackets, and Chromium and Firefox need them in a Domain, too",
            ),
        ],
    );
}

/// Tests the rows of the suite's function `isIP`. An IP address domain-matches only itself.
#[tokio::test]
async fn address_matches_go_suite() {
    let mut differences = Differences::default();
    for row in list(&go()["is_ip"]) {
        let host = text_of(&row[0]);
        let (_, parent) = host.split_once(['.', ':']).unwrap();
        let url_host = url_host(host);
        let mut browser = Browser::new();
        let header = header(&format!("a=1; Domain={parent}")).unwrap();
        let url = format!("http://{url_host}/");
        if !browser.receive(&url, &[header]).await {
            differences.add(host, "invalid URL", &row[1].to_string());
            continue;
        }
        let rejected = browser.client.rejected_cookies().first();
        let is_address = rejected.is_some_and(|cookie| cookie.reason == RejectReason::Domain);
        differences.add(host, &is_address.to_string(), &row[1].to_string());
    }
    differences.check(
        7,
        &[(
            &["1.1.1.300"],
            "no browser requests this host: its last label is a number, but it is not an IP address \
             (URL standard, host parsing)",
        )],
    );
}
