//! Operations that wait for the response.

use std::collections::HashMap;
use std::mem;

use cookie::Cookie;

use crate::error::CookieError;
use crate::events::Queued;
use crate::scope::ScopeRef;
use crate::set_cookie::Rendered;

/// Above this, a handler that goes through a request's many cookies would scan for too long.
const INDEX_FROM: usize = 16;

/// The last operation on each identity, in the order in which the identities came first.
#[derive(Default)]
pub(crate) struct Queue {
    state: State,
    operations: Vec<Operation>,
    /// The places of each name's operations; `None` as long as there are few.
    index: Option<HashMap<String, Vec<usize>>>,
    untold: Queued,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Set,
    Delete,
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
            State::Closed => Err(CookieError::ResponseStarted { name: name.into() }),
            State::Detached => Err(CookieError::NoResponse { name: name.into() }),
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

    /// What was queued since the last time.
    pub(crate) fn untold(&mut self) -> Queued {
        mem::take(&mut self.untold)
    }

    /// The scopes at which `name` was set.
    pub(crate) fn set_scopes<'a>(&'a self, name: &'a str) -> impl Iterator<Item = ScopeRef<'a>> {
        self.places(name)
            .map(|place| &self.operations[place])
            .filter(|operation| operation.was_set)
            .map(|operation| operation.field.scope())
    }

    /// Puts `field` in the place of an operation on the same identity, else last.
    pub(crate) fn push(&mut self, field: Rendered, kind: Kind) {
        self.untold.push(kind, &field);
        let was_set = kind == Kind::Set;
        if let Some(place) = self.place(&field) {
            let operation = &mut self.operations[place];
            operation.was_set |= was_set;
            operation.field = field;
            operation.kind = kind;
            return;
        }
        let place = self.operations.len();
        self.operations.push(Operation {
            field,
            kind,
            was_set,
        });
        if place == INDEX_FROM {
            for place in 0..place {
                self.add_to_index(place);
            }
        }
        if place >= INDEX_FROM {
            self.add_to_index(place);
        }
    }

    /// Queues the deletes of retired scopes, but those that wait already.
    pub(crate) fn expire(&mut self, retired: Vec<Rendered>) {
        for field in retired {
            let there = self.place(&field).map(|place| self.operations[place].kind);
            if there != Some(Kind::Delete) {
                self.push(field, Kind::Delete);
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
        let is_there = |operation: &Operation| operation.field.is_same_cookie(field);
        match &self.index {
            None => self.operations.iter().position(is_there),
            Some(index) => {
                let mut places = index.get(field.name())?.iter().copied();
                places.find(|&place| is_there(&self.operations[place]))
            }
        }
    }

    fn places<'a>(&'a self, name: &'a str) -> impl Iterator<Item = usize> + 'a {
        let (scanned, indexed) = match &self.index {
            None => (self.operations.len(), &[][..]),
            Some(index) => (0, index.get(name).map_or(&[][..], Vec::as_slice)),
        };
        (0..scanned)
            .filter(move |&place| self.operations[place].field.name() == name)
            .chain(indexed.iter().copied())
    }

    fn add_to_index(&mut self, place: usize) {
        let name = self.operations[place].field.name().to_owned();
        let index = self.index.get_or_insert_default();
        index.entry(name).or_default().push(place);
    }
}
