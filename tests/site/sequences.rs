//! Random sequences of sets and deletes leave the cookies of the last operations.

#[path = "../order/mod.rs"]
pub(crate) mod order;

use http::header::SET_COOKIE;
use tower_django_cookies::{CookieJar, CookieLayer};

use self::order::browser::Browser as Merging;
use self::order::meaning::{Meaning, headers};
use self::order::{Given, Identity, LOCALHOST, Operation, Place, Sequence, Step};
use super::{Browser, CHILD, Scheme, Site, WWW};

const SEQUENCES: usize = 200;
/// Sequences of one response, which have different names.
const BATCH: usize = 12;
/// The maximum number of `Set-Cookie` headers of a response. curl ignores further ones.
const MAX_HEADERS: usize = 50;

/// The directory of the page that sets the cookies.
const DEFAULT_PATH: &str = "/app";
const PAGE: &str = "/app/page";
const LOCALHOST_PLACES: [(&str, &str); 3] =
    [(LOCALHOST, PAGE), (LOCALHOST, "/app"), (LOCALHOST, "/")];
const WWW_PLACES: [(&str, &str); 3] = [(WWW, PAGE), (WWW, "/"), (CHILD, PAGE)];

/// A known difference between a client and RFC 6265bis.
pub(crate) struct Deviation {
    pub(crate) client: &'static str,
    pub(crate) reason: &'static str,
    /// Changes the rules of browsers into those of the client.
    pub(crate) change: fn(&mut Merging),
}

/// Sequences at one host that are run with one request.
struct Batch {
    host: &'static str,
    /// The cookies that the browser has before, set by another response.
    before: Sequence,
    sequence: Sequence,
    count: usize,
}

impl Batch {
    fn new(host: &'static str) -> Self {
        let empty = Sequence {
            host: Some(host),
            ..Sequence::default()
        };
        Self {
            host,
            before: empty.clone(),
            sequence: empty,
            count: 0,
        }
    }

    /// Adds the sequence of `seed`. Returns `false` if the response would have too many headers.
    fn add(&mut self, seed: u64) -> bool {
        let suffix = seed.to_string();
        let new = Sequence::random(seed, Some(self.host), &suffix);
        let (mut before, mut sequence) = (self.before.clone(), self.sequence.clone());
        before.append(new.before(seed, &suffix));
        sequence.append(new);
        let has_space = [&before, &sequence].into_iter().all(|sequence| {
            let meaning = Meaning::new(sequence);
            headers(&meaning.steps).len() <= MAX_HEADERS
        });
        if has_space {
            self.before = before;
            self.sequence = sequence;
            self.count += 1;
        }
        has_space
    }

    /// All batches. The few sequences that alone have too many headers are left out.
    fn all() -> Vec<Self> {
        let mut seeds = 0..;
        let mut batches = Vec::new();
        let mut count = 0;
        for host in [LOCALHOST, WWW].into_iter().cycle() {
            let mut batch = Self::new(host);
            while count < SEQUENCES && batch.count < BATCH {
                let seed = seeds.next().expect("endless");
                if batch.add(seed) {
                    count += 1;
                } else if batch.count > 0 {
                    break;
                }
            }
            batches.push(batch);
            if count == SEQUENCES {
                break;
            }
        }
        batches
    }

    fn places(&self) -> [(&'static str, &'static str); 3] {
        match self.host {
            LOCALHOST => LOCALHOST_PLACES,
            _ => WWW_PLACES,
        }
    }

    fn names(&self) -> Vec<String> {
        let sequences = [&self.before, &self.sequence].into_iter();
        let steps = sequences.flat_map(|sequence| Meaning::new(sequence).steps);
        let mut names: Vec<_> = steps.map(|step| step.identity.name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Runs all sequences. Panics with a list of the pages to which the client sends other cookies than
/// those of the last operations.
pub(crate) async fn check<B: Browser>(site: &Site, browser: &mut B, deviations: &[Deviation]) {
    let deviations: Vec<_> = deviations
        .iter()
        .filter(|row| row.client == B::NAME)
        .collect();
    let mut used = vec![0; deviations.len()];
    let mut failures = Vec::new();
    let (mut count, mut sent_count) = (0, 0);
    let batches = Batch::all();
    for batch in &batches {
        // The rules of the client, and these rules without each of the deviations.
        let rules = |omitted: Option<usize>| {
            let mut merging = Merging::standard(batch.host, DEFAULT_PATH);
            for (number, deviation) in deviations.iter().enumerate() {
                if omitted != Some(number) {
                    (deviation.change)(&mut merging);
                }
            }
            merging
        };
        let before = run(site, browser, batch.host, &batch.before).await;
        let steps = run(site, browser, batch.host, &batch.sequence).await;
        let stored_by = |merging: &Merging| {
            let responses = [&before, &steps].into_iter();
            merging.stored(responses.flat_map(|steps| merging.in_order(steps)))
        };
        let merging = rules(None);
        let stored = stored_by(&merging);
        for (host, path) in batch.places() {
            let expected = merging.sent(&stored, host, path);
            let sent = sent(site, browser, (host, path), batch.names()).await;
            sent_count += sent.len();
            for pair in expected.iter().filter(|pair| !sent.contains(pair)) {
                failures.push(format!("{pair:?} is not sent to {host}{path}"));
            }
            for pair in sent.iter().filter(|pair| !expected.contains(pair)) {
                failures.push(format!("{pair:?} is sent to {host}{path}"));
            }
            for (number, used) in used.iter_mut().enumerate() {
                let without = rules(Some(number));
                let other = without.sent(&stored_by(&without), host, path);
                *used += usize::from(other != expected);
            }
        }
        let stored: Vec<Step> = stored
            .iter()
            .map(|(key, _)| Step {
                identity: Identity {
                    name: key.name.to_owned(),
                    scope: key.scope,
                },
                value: None,
            })
            .collect();
        delete(site, browser, batch.host, &stored).await;
        count += batch.count;
    }
    for (deviation, used) in deviations.iter().zip(used) {
        println!("{}: {} ({used} pages)", B::NAME, deviation.reason);
        if used == 0 {
            failures.push(format!("no longer true: {}", deviation.reason));
        }
    }
    println!(
        "{}: {count} sequences in {} responses, {sent_count} cookies sent",
        B::NAME,
        batches.len()
    );
    assert!(failures.is_empty(), "{}:\n{}", B::NAME, failures.join("\n"));
    assert_eq!(count, SEQUENCES);
    assert!(sent_count > SEQUENCES);
}

/// Runs a sequence in a page of `host`, and returns its steps.
async fn run(
    site: &Site,
    browser: &mut impl Browser,
    host: &str,
    sequence: &Sequence,
) -> Vec<Step> {
    let page = (Scheme::Https, host, PAGE);
    let owned = sequence.clone();
    let results = site
        .visit(
            browser,
            page,
            &sequence.outer_layer(),
            move |jar, headers| {
                assert!(!headers.contains_key(SET_COOKIE));
                owned.run(jar).results
            },
        )
        .await;
    let meaning = Meaning::new(sequence);
    assert_eq!(results, meaning.results);
    meaning.steps
}

/// The names and values of the cookies with one of `names` that the browser sends, sorted.
async fn sent(
    site: &Site,
    browser: &mut impl Browser,
    (host, path): (&str, &str),
    names: Vec<String>,
) -> Vec<(String, String)> {
    let page = (Scheme::Https, host, path);
    let pairs = move |jar: &CookieJar| {
        let pairs = names.iter().flat_map(|name| {
            let values = jar.get_all(name);
            values.map(|value| (name.clone(), value.to_owned()))
        });
        pairs.collect::<Vec<_>>()
    };
    let mut sent = site
        .visit(browser, page, &CookieLayer::new(), move |jar, _| pairs(jar))
        .await;
    sent.sort_unstable();
    sent
}

/// Deletes the cookies of a batch. Browsers store only a limited number for each site.
async fn delete(site: &Site, browser: &mut impl Browser, host: &'static str, stored: &[Step]) {
    for steps in stored.chunks(MAX_HEADERS) {
        let operations = steps.iter().map(|step| Operation {
            place: Place::Outer,
            given: Given {
                name: step.identity.name.clone(),
                domain: Some(step.identity.scope.domain.unwrap_or_default()),
                path: step.identity.scope.path,
                partitioned: Some(step.identity.scope.partitioned),
            },
            value: None,
        });
        let sequence = Sequence {
            host: Some(host),
            operations: operations.collect(),
            ..Sequence::default()
        };
        run(site, browser, host, &sequence).await;
    }
}
