//! Sends random `Set-Cookie` headers, and checks that the browser then sends the same cookies as
//! `test::Client`, except for the known `DEVIATIONS`.

use std::convert::Infallible;
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderValue, Request, Response, StatusCode};
use tower::util::BoxCloneService;
use tower::{ServiceExt, service_fn};
use tower_django_cookies::test::Client;
use tower_django_cookies::test::RejectReason::HidesSecureCookie;

use crate::site::sequences::order::random::Random;
use crate::site::{Browser, Scheme, Site};

/// The start of the random seeds, so that the sequences are the same in each run.
const SEED: u64 = 1_000_000;
const SEQUENCES: u64 = 1000;
/// The number of sequences that a browser runs at one site, in one navigation. Browsers follow up
/// to 20 redirects.
const BATCH: u64 = 6;
/// One in this many sites is not on localhost. Only there does the browser treat http as insecure.
const SITES_PER_REMOTE: u64 = 4;

const NAMES: [&[u8]; 11] = [
    b"a",
    b"a",
    b"b",
    b"a b",
    b"a\tb",
    "é".as_bytes(),
    b"__Host-a",
    b"__hOST-a",
    b"__Secure-a",
    b"__Http-a",
    b"__Host-Http-a",
];
const VALUES: [&[u8]; 12] = [
    b"1",
    b"2",
    b"",
    b"\"q\"",
    b"\"q",
    b"a b",
    b"a\tb",
    b"1,2",
    b"x=y",
    "é".as_bytes(),
    b"\xe9",
    b"\\\"",
];
const PATHS: [&[u8]; 15] = [
    b"/",
    b"/",
    b"/app",
    b"/app",
    b"/app/",
    b"/app/sub",
    b"/APP",
    b"/%61pp",
    b"/app/.",
    b"app",
    b"\"/\"",
    b"",
    b"/x\ty",
    "/é".as_bytes(),
    b"/\xe9",
];
const MAX_AGES: [&[u8]; 17] = [
    b"0",
    b"-1",
    b"3600",
    b"3600",
    b"",
    b"x",
    b"+5",
    b"1s",
    b"0x",
    b"-",
    b"--1",
    b"-0",
    b"00",
    b"1.5",
    b"\"0\"",
    b"99999999999999999999",
    b"-99999999999999999999",
];
const DATES: [&[u8]; 20] = [
    b"Thu, 01 Jan 1970 00:00:00 GMT",
    b"Thu, 01 Jan 1970 00:00:00 GMT",
    b"Thu, 01 Jan 1970 00:00:00 +0100",
    b"Thursday, 01-Jan-70 00:00:01",
    b"1 jAnuary 70 0:0:0",
    b"00:00:00 1970 Jan 01",
    b"01 Jan 1601 00:00:00",
    b"01 Jan 1600 00:00:00",
    b"30 Feb 1999 00:00:00",
    b"01 Jan 1999 24:00:00",
    b"01 Jan 1999",
    b"01 Jan 19990 00:00:00",
    b"1999-01-01T00:00:00Z",
    b"Fri, 31 Dec 2038 23:59:59 GMT",
    b"Fri, 31-Dec-38 23:59:59 GMT",
    b"Fri, 31 Dec 9999 23:59:59 GMT",
    b"never",
    b"0",
    b"",
    b"\xe9",
];
/// Dates in the past that Firefox accepts and the client does not.
const LENIENT_DATES: [&[u8]; 3] = [
    b"30 Feb 1999 00:00:00",
    b"01 Jan 1999 24:00:00",
    b"01 Jan 1999",
];
const SAME_SITES: [&[u8]; 6] = [b"Strict", b"lAX", b"None", b"none", b"x", b""];
const PAGES: [&str; 6] = ["/", "/app", "/app/", "/app/page", "/app/sub/page", "/apple"];

/// A known difference between a browser and the client.
struct Deviation {
    browser: &'static str,
    reason: &'static str,
    /// Returns headers that give the client the same cookies as this header gives the browser.
    /// `None` means that the browser and the client treat the header in the same way.
    rewrite: fn(&Received<'_>) -> Option<Vec<Vec<u8>>>,
    /// `true` if the client must receive the rewritten headers over HTTPS.
    is_over_https: bool,
}

/// A received header, with the marker of its sequence.
struct Received<'a> {
    header: &'a [u8],
    marker: &'a str,
    /// `true` if it gives a stored cookie a new value.
    changes_value: bool,
    /// `true` if the client drops the header because of a stored `Secure` cookie that the client
    /// does not send to this host.
    is_hidden_by_other_host: bool,
    /// `true` if the default-path is `/`.
    has_root_as_default: bool,
}

/// The name under which the client stores a cookie that Chromium stores without a name.
const NAMELESS: &str = "nameless";

const DEVIATIONS: &[Deviation] = &[
    Deviation {
        browser: "Chromium",
        reason: "drops a cookie with a TAB in a name, a value or an attribute",
        is_over_https: false,
        rewrite: |row| has_inner_tab(row.header).then(Vec::new),
    },
    Deviation {
        browser: "Chromium",
        reason: "stores a cookie without a name, if its value contains no `=`",
        is_over_https: false,
        rewrite: |row| {
            let (pair, attributes) = split(row.header);
            let value = match trim(pair).iter().position(|&byte| byte == b'=') {
                Some(0) => trim(&trim(pair)[1..]),
                Some(_) => return None,
                None => trim(pair),
            };
            if value.contains(&b'=') {
                return Some(Vec::new());
            }
            let name = format!("{NAMELESS}{}=", row.marker);
            (!value.is_empty()).then(|| vec![[name.as_bytes(), value, attributes].concat()])
        },
    },
    Deviation {
        browser: "Chromium",
        reason: "sends a cookie with a new value in the order of a newly created cookie",
        is_over_https: false,
        rewrite: |row| {
            let delete = || [row.header, b"; Max-Age=0"].concat();
            row.changes_value
                .then(|| vec![delete(), row.header.to_vec()])
        },
    },
    Deviation {
        browser: "Chromium",
        reason: "reads a Max-Age that starts with `+`",
        is_over_https: false,
        rewrite: |row| {
            let is_plus = row.last_attribute("max-age")? == b"+5";
            is_plus.then(|| vec![[row.header, b"; Max-Age=5"].concat()])
        },
    },
    Deviation {
        browser: "Firefox",
        reason: "treats a header without `=` as the name of a cookie with an empty value",
        is_over_https: false,
        rewrite: |row| {
            let (pair, attributes) = split(row.header);
            let is_name = !pair.contains(&b'=') && !trim(pair).is_empty();
            is_name.then(|| vec![[trim(pair), b"=", attributes].concat()])
        },
    },
    Deviation {
        browser: "Firefox",
        reason: "deletes a cookie if Max-Age starts with `-`, even without a number",
        is_over_https: false,
        rewrite: |row| {
            let is_minus = matches!(row.last_attribute("max-age")?, b"-" | b"--1");
            is_minus.then(|| vec![[row.header, b"; Max-Age=-1"].concat()])
        },
    },
    Deviation {
        browser: "Firefox",
        reason: "reads an Expires without a time, or with a day or hour that does not exist",
        is_over_https: false,
        rewrite: |row| {
            let is_lenient = LENIENT_DATES.contains(&row.last_attribute("expires")?);
            let past = b"; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
            is_lenient.then(|| vec![[row.header, past].concat()])
        },
    },
    Deviation {
        browser: "Firefox",
        reason: "stores a __Host- cookie without a Path if the default-path is /",
        is_over_https: false,
        rewrite: |row| {
            let name = trim(row.header).to_ascii_lowercase();
            let path = row.last_attribute("path").unwrap_or_default();
            let has_no_path = name.starts_with(b"__host-") && !path.starts_with(b"/");
            (has_no_path && row.has_root_as_default)
                .then(|| vec![[row.header, b"; Path=/"].concat()])
        },
    },
    Deviation {
        browser: "Firefox",
        reason: "protects a host-only Secure cookie only from headers of the same host",
        is_over_https: true,
        rewrite: |row| {
            row.is_hidden_by_other_host
                .then(|| vec![row.header.to_vec()])
        },
    },
];

impl Received<'_> {
    /// The value of the last attribute with this name in lower case.
    fn last_attribute(&self, name: &str) -> Option<&[u8]> {
        let (_, attributes) = split(self.header);
        let attributes = attributes.split(|&byte| byte == b';').skip(1);
        let attributes = attributes.map(|attribute| {
            let mut parts = attribute.splitn(2, |&byte| byte == b'=').map(trim);
            let name = parts.next().unwrap_or_default();
            (name.to_ascii_lowercase(), parts.next().unwrap_or_default())
        });
        // Browsers ignore longer values.
        let attributes = attributes.filter(|(_, value)| value.len() <= 1024);
        let values = attributes.filter(|(other, _)| other == name.as_bytes());
        values.map(|(_, value)| value).last()
    }
}

/// The cookie-pair of a header, and its attributes with the first `;`.
fn split(header: &[u8]) -> (&[u8], &[u8]) {
    let end = header.iter().position(|&byte| byte == b';');
    header.split_at(end.unwrap_or(header.len()))
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

fn has_inner_tab(header: &[u8]) -> bool {
    let mut chunks = header.split(|&byte| byte == b';');
    chunks.any(|chunk| {
        let mut parts = chunk.splitn(2, |&byte| byte == b'=');
        parts.any(|part| trim(part).contains(&b'\t'))
    })
}

/// A page that a sequence requests.
struct Page {
    scheme: Scheme,
    host: String,
    path: &'static str,
    set_cookie: Vec<Vec<u8>>,
}

/// A few pages that set and delete cookies. The last page sets none, and only shows which are sent.
struct Sequence {
    seed: u64,
    /// Is part of each cookie's name, or of its value if it has no name.
    marker: String,
    pages: Vec<Page>,
}

impl Sequence {
    fn random(seed: u64) -> Self {
        let mut random = Random::new(SEED + seed);
        let base = base(seed / BATCH);
        let marker = format!("-{seed}-");
        let header_count = 1 + random.below(3);
        let names: Vec<_> = (0..2).map(|_| random.pick(&NAMES)).collect();
        let pages = (0..3).map(|number| {
            let host = match random.below(4) {
                0 => format!("www.{base}"),
                _ => base.clone(),
            };
            let set_cookie = match number {
                2 => Vec::new(),
                _ => (0..header_count)
                    .map(|_| set_cookie(&mut random, &names, &marker, &base))
                    .collect(),
            };
            Page {
                scheme: if is_remote(seed / BATCH) && random.one_in(2) {
                    Scheme::Https
                } else {
                    Scheme::Http
                },
                host,
                path: random.pick(&PAGES),
                set_cookie,
            }
        });
        Self {
            seed,
            pages: pages.collect(),
            marker,
        }
    }
}

fn is_remote(batch: u64) -> bool {
    batch % SITES_PER_REMOTE == 0
}

/// The host of a batch. Each is a site of its own.
fn base(batch: u64) -> String {
    if is_remote(batch) {
        format!("s{batch}.test")
    } else {
        format!("s{batch}.localhost")
    }
}

/// The hosts that browsers must be configured to resolve to loopback.
pub(crate) fn remote_hosts() -> impl Iterator<Item = String> {
    let batches = (0..=SEQUENCES / BATCH).filter(|&batch| is_remote(batch));
    batches.flat_map(|batch| [base(batch), format!("www.{}", base(batch))])
}

fn set_cookie(random: &mut Random, names: &[&'static [u8]], marker: &str, base: &str) -> Vec<u8> {
    let mut header = Vec::new();
    let name = [random.pick(names), marker.as_bytes()].concat();
    let value = random.pick(&VALUES);
    match random.below(24) {
        0 => header.extend([b"=v", marker.as_bytes(), value].concat()),
        1 => header.extend([b"v", marker.as_bytes()].concat()),
        2 => header.extend([b" \t", &*name, b" =\t", value, b" "].concat()),
        3 => header.extend([&*name, b"=", &[b'x'; 4096][name.len()..], value].concat()),
        _ => header.extend([&*name, b"=", value].concat()),
    }
    // Most cookies with a prefix get the attributes that the prefix requires, so that many are
    // stored.
    if name.starts_with(b"__") && !random.one_in(4) {
        header.extend(b"; Secure; HttpOnly; Path=/");
    }
    for _ in 0..random.below(4) {
        let (name, value) = attribute(random, base);
        let space = |random: &mut Random| random.pick(&[&b""[..], b"", b"", b" ", b"\t"]);
        let (before, after) = (space(random), space(random));
        let name = match random.below(4) {
            0 => name.to_ascii_lowercase(),
            1 => name.to_ascii_uppercase(),
            _ => name.to_owned(),
        };
        header.extend([b"; ", before, name.as_bytes(), after].concat());
        if let Some(value) = value {
            header.extend([b"=", before, &*value, after].concat());
        }
    }
    header
}

fn attribute(random: &mut Random, base: &str) -> (&'static str, Option<Vec<u8>>) {
    let long = [b'1'; 1100].to_vec();
    let is_long = random.one_in(40);
    let value = |value: &[u8]| {
        Some(if is_long {
            long.clone()
        } else {
            value.to_vec()
        })
    };
    match random.below(16) {
        0..=3 => ("Path", value(random.pick(&PATHS))),
        4..=5 => ("Max-Age", value(random.pick(&MAX_AGES))),
        6..=7 => ("Expires", value(random.pick(&DATES))),
        8..=10 => {
            let parent = base.split_once('.').map_or("", |(_, parent)| parent);
            let domain = match random.below(16) {
                0..=3 | 12.. => base.to_owned(),
                4 => format!(".{base}"),
                5 => base.to_uppercase(),
                6 => format!("www.{base}"),
                7 => parent.to_owned(),
                8 => format!("{base}."),
                9 => format!("..{base}"),
                10 => random
                    .pick(&["", ".", "other.test", "é", "a\tb", "127.0.0.1"])
                    .to_owned(),
                _ => String::new(),
            };
            ("Domain", value(domain.as_bytes()))
        }
        11 => ("Secure", random.one_in(4).then(|| b"x".to_vec())),
        12 => ("HttpOnly", None),
        13 => ("SameSite", value(random.pick(&SAME_SITES))),
        14 => ("Partitioned", None),
        _ => (random.pick(&["", "x", "Secure x"]), None),
    }
}

/// The cookies that are sent to one page.
type Sent = Vec<String>;

/// The cookies of a `Cookie` header that belong to the sequence.
fn pairs(cookie: &[u8], marker: &str) -> Sent {
    let text = String::from_utf8_lossy(cookie);
    let pairs = text.split("; ").filter(|pair| pair.contains(marker));
    pairs.map(str::to_owned).collect()
}

type App = BoxCloneService<Request<String>, Response<String>, Infallible>;

/// The client, with the next `Set-Cookie` header to it and the last `Cookie` header from it.
struct Model {
    client: Client<App>,
    set_cookie: Arc<Mutex<Option<HeaderValue>>>,
    cookie: Arc<Mutex<Vec<u8>>>,
}

impl Model {
    fn new() -> Self {
        let set_cookie: Arc<Mutex<Option<HeaderValue>>> = Arc::default();
        let cookie: Arc<Mutex<Vec<u8>>> = Arc::default();
        let (next, last) = (Arc::clone(&set_cookie), Arc::clone(&cookie));
        let service = service_fn(move |request: Request<String>| {
            let sent = request.headers().get(COOKIE);
            *last.lock().unwrap() = sent.map_or_else(Vec::new, |sent| sent.as_bytes().to_vec());
            let mut response = Response::new(String::new());
            if let Some(header) = next.lock().unwrap().take() {
                response.headers_mut().insert(SET_COOKIE, header);
            }
            std::future::ready(Ok(response))
        });
        Self {
            client: Client::new(service.boxed_clone()),
            set_cookie,
            cookie,
        }
    }

    async fn sent(&mut self, url: &str) -> Vec<u8> {
        self.client.get(url).await.unwrap();
        self.cookie.lock().unwrap().clone()
    }

    async fn receive(&mut self, url: &str, header: &[u8]) {
        *self.set_cookie.lock().unwrap() = Some(HeaderValue::from_bytes(header).unwrap());
        self.client.get(url).await.unwrap();
    }

    /// Returns `true` if `header` gives a stored cookie a new value.
    async fn changes_value(&mut self, url: &str, header: &[u8]) -> bool {
        let before = self.client.clone();
        self.receive(url, header).await;
        let after = std::mem::replace(&mut self.client, before).cookies();
        let before = self.client.cookies();
        let mut both = before.iter().zip(&after);
        before.len() == after.len() && both.any(|(before, after)| before.value() != after.value())
    }

    /// Returns `true` if the client drops `header` because of a stored `Secure` cookie that the
    /// client does not send to the page's host.
    async fn is_hidden(&mut self, page: &Page, header: &[u8]) -> bool {
        if page.scheme == Scheme::Https || page.host.ends_with("localhost") {
            return false;
        }
        let before = self.client.clone();
        let url = format!("{}://{}{}", page.scheme, page.host, page.path);
        self.receive(&url, header).await;
        let rejected = self.client.rejected_cookies().first().cloned();
        self.client = before;
        let Some(rejected) = rejected.filter(|cookie| cookie.reason == HidesSecureCookie) else {
            return false;
        };
        let start = format!("{}=", rejected.name);
        for path in PAGES {
            let sent = self.sent(&format!("https://{}{path}", page.host)).await;
            let sent = String::from_utf8_lossy(&sent).into_owned();
            if sent.split("; ").any(|pair| pair.starts_with(&start)) {
                return false;
            }
        }
        true
    }

    /// Runs a sequence as `browser` does. Counts the deviations that are used.
    async fn run(&mut self, browser: &str, sequence: &Sequence, used: &mut [usize]) -> Vec<Sent> {
        let marker = &*sequence.marker;
        let mut all_sent = Vec::new();
        for page in &sequence.pages {
            let url = format!("{}://{}{}", page.scheme, page.host, page.path);
            let sent = pairs(&self.sent(&url).await, marker);
            let nameless = format!("{NAMELESS}{marker}=");
            let sent = sent
                .iter()
                .map(|pair| pair.strip_prefix(&nameless).unwrap_or(pair));
            all_sent.push(sent.map(str::to_owned).collect());
            for header in &page.set_cookie {
                let mut url = url.clone();
                let mut headers = vec![header.clone()];
                for (deviation, used) in DEVIATIONS.iter().zip(&mut *used) {
                    if deviation.browser != browser {
                        continue;
                    }
                    let mut rewritten = Vec::new();
                    for header in headers {
                        let row = Received {
                            header: &header,
                            marker,
                            has_root_as_default: page.path.rfind('/') == Some(0),
                            is_hidden_by_other_host: self.is_hidden(page, &header).await,
                            changes_value: self.changes_value(&url, &header).await,
                        };
                        let rewrite = (deviation.rewrite)(&row);
                        *used += usize::from(rewrite.is_some());
                        if rewrite.is_some() && deviation.is_over_https {
                            url = url.replace("http://", "https://");
                        }
                        rewritten.extend(rewrite.unwrap_or_else(|| vec![header]));
                    }
                    headers = rewritten;
                }
                for header in &headers {
                    self.receive(&url, header).await;
                }
            }
        }
        all_sent
    }
}

/// Loads the pages of all sequences in one navigation of the browser, with redirects. Returns the
/// `Cookie` header of each request.
async fn load(site: &Site, browser: &mut impl Browser, sequences: &[Sequence]) -> Vec<Vec<u8>> {
    let pages: Vec<_> = sequences
        .iter()
        .flat_map(|sequence| &sequence.pages)
        .collect();
    let sent: Arc<Mutex<Vec<Option<Vec<u8>>>>> = Arc::new(Mutex::new(vec![None; pages.len()]));
    let mut next: Option<String> = None;
    for (number, page) in pages.into_iter().enumerate().rev() {
        let (sent, location) = (Arc::clone(&sent), next.take());
        let set_cookie = page.set_cookie.clone();
        let place = (page.scheme, &*page.host, page.path);
        next = Some(site.page(place, move |request| {
            // HTTP/2 has a header for each cookie.
            let cookies = request.headers().get_all(COOKIE).iter();
            let cookies: Vec<_> = cookies.map(HeaderValue::as_bytes).collect();
            sent.lock().unwrap()[number] = Some(cookies.join(&b"; "[..]));
            let mut response = Response::new(());
            for header in set_cookie {
                let header = HeaderValue::from_bytes(&header).unwrap();
                response.headers_mut().append(SET_COOKIE, header);
            }
            if let Some(location) = location {
                *response.status_mut() = StatusCode::FOUND;
                let location = HeaderValue::try_from(location).unwrap();
                response.headers_mut().insert(LOCATION, location);
            }
            response
        }));
    }
    browser.load(&next.expect("a page")).await;
    let sent = sent.lock().unwrap().clone();
    sent.into_iter()
        .map(|sent| sent.expect("each page is loaded"))
        .collect()
}

/// Runs all sequences. Panics with a list of the sequences after which the browser and the client
/// send different cookies.
pub(crate) async fn check<B: Browser>(site: &Site, browser: &mut B) {
    let mut used = vec![0; DEVIATIONS.len()];
    let mut failures = Vec::new();
    let (mut header_count, mut sent_count) = (0, 0);
    for start in (0..SEQUENCES).step_by(usize::try_from(BATCH).unwrap()) {
        let seeds = start..(start + BATCH).min(SEQUENCES);
        let sequences: Vec<_> = seeds.map(Sequence::random).collect();
        let mut cookies = load(site, browser, &sequences).await.into_iter();
        for sequence in &sequences {
            let expected = Model::new().run(B::NAME, sequence, &mut used).await;
            let cookies = cookies.by_ref().take(sequence.pages.len());
            let actual: Vec<_> = cookies
                .map(|cookie| pairs(&cookie, &sequence.marker))
                .collect();
            sent_count += actual.iter().map(Vec::len).sum::<usize>();
            header_count += sequence
                .pages
                .iter()
                .map(|page| page.set_cookie.len())
                .sum::<usize>();
            if actual == expected {
                continue;
            }
            let mut failure = format!("the sequence with seed {}:", sequence.seed);
            for (page, (actual, expected)) in
                sequence.pages.iter().zip(actual.iter().zip(&expected))
            {
                write!(failure, "\n  {}://{}{}", page.scheme, page.host, page.path).unwrap();
                if actual != expected {
                    write!(
                        failure,
                        "\n    sent {actual:?}, but the client sends {expected:?}"
                    )
                    .unwrap();
                }
                for header in &page.set_cookie {
                    let header = header[..header.len().min(300)].escape_ascii();
                    write!(failure, "\n    Set-Cookie: {header}").unwrap();
                }
            }
            failures.push(failure);
        }
    }
    println!(
        "{}: {SEQUENCES} sequences, {header_count} headers, {sent_count} cookies sent",
        B::NAME
    );
    for (deviation, used) in DEVIATIONS.iter().zip(used) {
        if deviation.browser == B::NAME {
            println!("{}: {} ({used} headers)", B::NAME, deviation.reason);
            assert!(used > 0, "not tested: {}", deviation.reason);
        }
    }
    let count = failures.len();
    assert!(
        failures.is_empty(),
        "{count} differences of {}:\n{}",
        B::NAME,
        failures.join("\n")
    );
}
