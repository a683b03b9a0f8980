//! Random sequences over few names and scopes, and smaller sequences to find the cause of a failure.

use super::meaning::Rules;
use super::{Given, LOCALHOST, Operation, PARENT, Place, Sequence, Setting, WWW};

/// The generator `SplitMix64`.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xd134_2543_de82_ef95))
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).expect("64 bits");
        usize::try_from(self.number() % limit).expect("less than the limit")
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}

/// Paths as an argument. In a page below `/app`, `/app` is the default-path.
const PATHS: [Option<&str>; 5] = [None, Some("/"), Some(""), Some("/app"), Some("/app/")];
const LOCAL_DOMAINS: &[&str] = &["", "", LOCALHOST, LOCALHOST, "LOCALHOST", PARENT];
const WWW_DOMAINS: &[&str] = &["", WWW, WWW, PARENT, "Example.TEST", "test"];
const ALL_DOMAINS: &[&str] = &["", LOCALHOST, WWW, PARENT, "test"];

/// The prefix `__Host-` allows no Domain, and no Path but `/`.
const HOST_PREFIX: &str = "__Host-";

/// The parts from which a sequence is made.
struct Parts {
    names: Vec<String>,
    /// Each `Given` is one of these, with another name and perhaps fewer parts.
    scopes: Vec<Given>,
    is_long: bool,
}

impl Parts {
    fn new(random: &mut Random, host: Option<&str>, suffix: &str, is_long: bool) -> Self {
        let domains = match host {
            Some(LOCALHOST) => LOCAL_DOMAINS,
            Some(_) => WWW_DOMAINS,
            None => ALL_DOMAINS,
        };
        let mut names: Vec<_> = ["a", "b", "c", "__Host-d"]
            .into_iter()
            .filter(|_| is_long || random.one_in(2))
            .map(|name| format!("{name}{suffix}"))
            .collect();
        if names.is_empty() {
            names.push(format!("a{suffix}"));
        }
        let count = if is_long { 16 } else { 2 + random.below(3) };
        let scopes = (0..count).map(|_| Given {
            name: String::new(),
            domain: Some(random.pick(domains)),
            path: random.pick(&PATHS),
            partitioned: random.pick(&[None, None, Some(false), Some(true)]),
        });
        let scopes = scopes.collect();
        Self {
            names,
            scopes,
            is_long,
        }
    }

    fn name(&self, random: &mut Random) -> String {
        self.names[random.below(self.names.len())].clone()
    }

    fn given(&self, random: &mut Random) -> Given {
        let name = self.name(random);
        let scope = &self.scopes[random.below(self.scopes.len())];
        let is_unset = random.one_in(3);
        let mut is_given = || !is_unset && !random.one_in(5);
        let mut given = Given {
            name,
            domain: scope.domain.filter(|_| is_given()),
            path: scope.path.filter(|_| is_given()),
            partitioned: scope.partitioned.filter(|_| is_given()),
        };
        if given.name.starts_with(HOST_PREFIX) {
            given.domain = given.domain.map(|_| "");
            given.path = given.path.map(|_| "/");
        }
        given
    }

    /// Settings that are accepted.
    fn settings(&self, random: &mut Random) -> Vec<Setting> {
        let tries = random.below(if self.is_long { 5 } else { 12 });
        let mut settings: Vec<_> = (0..tries)
            .map(|_| {
                let mut given = self.given(random);
                // Without a Path, a declared scope would depend on the request.
                given.path = given.path.filter(|path| !path.is_empty());
                match random.below(8) {
                    0..3 => Setting::Declare(given),
                    3..5 => Setting::Retire(given),
                    _ => Setting::Renamed(given, self.name(random)),
                }
            })
            .collect();
        retain_accepted(&mut settings);
        settings
    }
}

fn retain_accepted(settings: &mut Vec<Setting>) {
    let mut rules = Rules::default();
    settings.retain(|setting| rules.add(setting));
}

impl Sequence {
    /// The sequence of `seed`, with `suffix` at the end of each name and in each value.
    pub(crate) fn random(seed: u64, host: Option<&'static str>, suffix: &str) -> Self {
        let random = &mut Random::new(seed);
        let is_long = random.one_in(12);
        let parts = Parts::new(random, host, suffix, is_long);
        let outer = parts.settings(random);
        let inner = random.one_in(3).then(|| parts.settings(random));
        let places: &[_] = match inner {
            None => &[Place::Outer],
            Some(_) => &[Place::Outer, Place::Inner],
        };
        let count = if is_long {
            30 + random.below(40)
        } else {
            1 + random.below(10)
        };
        let operations = (0..count).map(|number| Operation {
            place: random.pick(places),
            given: parts.given(random),
            value: (!random.one_in(3)).then(|| format!("v{number}.{suffix}")),
        });
        let operations = operations.collect();
        Self {
            host,
            outer,
            inner,
            operations,
        }
    }

    /// Sets of the same names without declarations: the cookies that a browser has before.
    pub(crate) fn before(&self, seed: u64, suffix: &str) -> Self {
        let random = &mut Random::new(!seed);
        let is_long = random.one_in(2);
        let parts = Parts::new(random, self.host, suffix, is_long);
        let operations = (0..random.below(5)).map(|number| Operation {
            place: Place::Outer,
            given: parts.given(random),
            value: Some(format!("before{number}.{suffix}")),
        });
        Self {
            host: self.host,
            operations: operations.collect(),
            ..Self::default()
        }
    }

    /// Adds a setting that denies undeclared cookies to one of the layers.
    pub(crate) fn deny_undeclared(&mut self, random: &mut Random) {
        match &mut self.inner {
            Some(inner) if random.one_in(2) => inner.push(Setting::DenyUndeclared),
            _ => self.outer.push(Setting::DenyUndeclared),
        }
    }

    /// Adds the settings and operations of another sequence at the same host, which has other
    /// names.
    pub(crate) fn append(&mut self, other: Self) {
        assert_eq!(self.host, other.host);
        self.outer.extend(other.outer);
        if let Some(inner) = other.inner {
            self.inner.get_or_insert_default().extend(inner);
        }
        self.operations.extend(other.operations);
    }

    /// This sequence without one of its parts, in every way.
    fn smaller(&self) -> impl Iterator<Item = Self> {
        let operations = (0..self.operations.len()).map(|number| {
            let mut smaller = self.clone();
            smaller.operations.remove(number);
            smaller
        });
        let outer = (0..self.outer.len()).map(|number| {
            let mut smaller = self.clone();
            smaller.outer.remove(number);
            retain_accepted(&mut smaller.outer);
            smaller
        });
        let count = self.inner.as_ref().map_or(0, Vec::len);
        let inner = (0..count).map(|number| {
            let mut smaller = self.clone();
            if let Some(inner) = &mut smaller.inner {
                inner.remove(number);
                retain_accepted(inner);
            }
            smaller
        });
        let flat = self.inner.iter().map(|_| {
            let mut smaller = self.clone();
            smaller.inner = None;
            for operation in &mut smaller.operations {
                operation.place = Place::Outer;
            }
            smaller
        });
        operations.chain(outer).chain(inner).chain(flat)
    }

    /// The smallest sequence that can be made of this one and still fails.
    pub(crate) fn smallest(self, is_failure: impl Fn(&Self) -> bool) -> Self {
        let mut smallest = self;
        loop {
            let smaller = smallest.smaller().find(&is_failure);
            match smaller {
                Some(smaller) => smallest = smaller,
                None => return smallest,
            }
        }
    }
}
