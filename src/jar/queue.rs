//! Operations that wait for the response.

use std::collections::{BTreeSet, HashMap};
use std::mem;

use cookie::Cookie;

use crate::error::{CookieError, shown};
use crate::events::{Kind, Queued};
use crate::scope::ScopeRef;
use crate::set_cookie::Rendered;

/// Above this, a handler that goes through a request's many cookies would scan for too long.
const INDEX_FROM: usize = 16;

/// The last operation on each identity, in the order in which the identities came first.
#[derive(Default)]
pub(crate) struct Queue {
    state: State,
    operations: Vec<Operation>,
    /// `None` as long as there are few.
    index: Option<Box<Index>>,
}

/// Where the operations are.
#[derive(Default)]
struct Index {
    /// By identity.
    places: HashMap<String, usize>,
    /// By name, of those that are a set or replaced one.
    sets: HashMap<String, BTreeSet<usize>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum State {
    /// The response will take what waits.
    #[default]
    Open,
    /// Nothing will take it, but the jar's user looks at it.
    Kept,
    /// The response has left.
    Closed,
    /// There is no response.
    Detached,
}

struct Operation {
    field: Rendered,
    kind: Kind,
    /// Whether this or an operation that it replaced is a set.
    was_set: bool,
}

impl Queue {
    pub(crate) fn new(state: State) -> Self {
        Self {
            state,
            ..Self::default()
        }
    }

    /// Whether what would wait in a queue that is `inner` can wait here as well.
    pub(crate) fn serves(&self, inner: State) -> bool {
        self.state == State::Open || (self.state == State::Kept && inner == State::Kept)
    }

    pub(crate) fn check_open(&self, name: &str) -> Result<(), CookieError> {
        match self.state {
            State::Open | State::Kept => Ok(()),
            State::Closed => Err(CookieError::ResponseStarted { name: shown(name) }),
            State::Detached => Err(CookieError::NoResponse { name: shown(name) }),
        }
    }

    /// Ends it, and hands out what it holds.
    pub(crate) fn close(&mut self) -> impl Iterator<Item = (Kind, Rendered)> + use<> {
        self.state = State::Closed;
        self.index = None;
        mem::take(&mut self.operations)
            .into_iter()
            .map(|operation| (operation.kind, operation.field))
    }

    /// The scopes at which `name` was set.
    pub(crate) fn set_scopes<'a>(&'a self, name: &'a str) -> impl Iterator<Item = ScopeRef<'a>> {
        let (scanned, indexed) = match &self.index {
            None => (&self.operations[..], None),
            Some(index) => (&[][..], index.sets.get(name)),
        };
        let indexed = indexed.into_iter().flatten();
        scanned
            .iter()
            .filter(move |operation| operation.was_set && operation.field.name() == name)
            .chain(indexed.map(|&place| &self.operations[place]))
            .map(|operation| operation.field.scope())
    }

    /// Puts `field` in the place of an operation on the same identity, else last.
    pub(crate) fn push(&mut self, field: Rendered, kind: Kind, queued: &mut Queued) {
        queued.push(kind, &field);
        let was_set = kind == Kind::Set;
        let place = self.place(&field).unwrap_or(self.operations.len());
        match self.operations.get_mut(place) {
            Some(operation) => {
                operation.was_set |= was_set;
                operation.field = field;
                operation.kind = kind;
            }
            None => self.operations.push(Operation {
                field,
                kind,
                was_set,
            }),
        }
        match &mut self.index {
            Some(index) => index.add(place, &self.operations[place]),
            None if place == INDEX_FROM => {
                let index = self.index.insert(Box::default());
                for (place, operation) in self.operations.iter().enumerate() {
                    index.add(place, operation);
                }
            }
            None => {}
        }
    }

    /// Queues the deletes of retired scopes, but those that wait already.
    pub(crate) fn expire(&mut self, retired: Vec<Rendered>, queued: &mut Queued) {
        for field in retired {
            let there = self.place(&field).map(|place| self.operations[place].kind);
            if there != Some(Kind::Delete) {
                self.push(field, Kind::Delete, queued);
            }
        }
    }

    pub(crate) fn cookies(&self) -> Vec<Cookie<'static>> {
        self.operations
            .iter()
            .map(|operation| operation.field.to_cookie())
            .collect()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.operations
            .iter()
            .map(|operation| operation.field.name())
    }

    fn place(&self, field: &Rendered) -> Option<usize> {
        match &self.index {
            None => self
                .operations
                .iter()
                .position(|operation| operation.field.is_same_cookie(field)),
            Some(index) => index.places.get(&field.identity()).copied(),
        }
    }
}

impl Index {
    fn add(&mut self, place: usize, operation: &Operation) {
        self.places.insert(operation.field.identity(), place);
        if operation.was_set {
            let name = operation.field.name().to_owned();
            self.sets.entry(name).or_default().insert(place);
        }
    }
}
