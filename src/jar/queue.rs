//! `Queue`: the operations that will be written to the response.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::mem;

use cookie::Cookie;

use crate::display::display_name;
use crate::error::CookieError;
use crate::events::{OperationKind, QueuedEvents};
use crate::scope::{Identity, ScopeRef};
use crate::set_cookie::{Rendered, SetCookie};

/// The maximum number of operations that are scanned. With more operations, scanning all of them
/// for each further one would take too long, so an index is used.
const MAX_SCANNED: usize = 16;

/// The last operation on each identity.
///
/// Names keep the order in which they were first used, as in Django. The operations on one name have the
/// order in which they were queued. So the last one counts even if a browser takes two scopes for the
/// same: `Domain=localhost` and none at localhost, or an unset Path and the directory of the request.
#[derive(Default)]
pub(crate) struct Queue {
    state: QueueState,
    /// In the order in which the identities were first used.
    operations: Vec<QueuedOperation>,
    /// The number of operations queued so far.
    sequence: u64,
    /// Whether an operation replaced another one, so that operations on one name can be out of order.
    has_replaced: bool,
    /// `None` as long as there are at most [`MAX_SCANNED`] operations.
    index: Option<Box<Index>>,
}

/// The places of operations in the queue.
#[derive(Default)]
struct Index {
    hasher: RandomState,
    /// By the hash of their identity.
    places: HashMap<u64, Vec<usize>>,
    /// By name: sets, and operations that replaced a set.
    sets: HashMap<String, BTreeSet<usize>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum QueueState {
    /// The response will carry the operations.
    #[default]
    Open,
    /// No response will carry the operations: the jar of a unit test.
    Unsent,
    /// The response has been sent, or the request has ended.
    Closed,
    /// There is no response: the jar was made from headers.
    ReadOnly,
}

pub(crate) struct QueuedOperation {
    pub(crate) rendered: Rendered,
    pub(crate) kind: OperationKind,
    sequence: u64,
    /// Is `true` if this operation, or one that it replaced, is a set.
    was_set: bool,
}

impl Queue {
    pub(crate) fn new(state: QueueState) -> Self {
        Self {
            state,
            ..Self::default()
        }
    }

    /// Returns `true` if an inner layer can use this queue instead of its own, which would be in
    /// the state `inner`.
    pub(crate) fn can_serve(&self, inner: QueueState) -> bool {
        self.state == QueueState::Open
            || (self.state == QueueState::Unsent && inner == QueueState::Unsent)
    }

    pub(crate) fn check_open(&self, name: &str) -> Result<(), CookieError> {
        match self.state {
            QueueState::Open | QueueState::Unsent => Ok(()),
            QueueState::Closed => Err(CookieError::ResponseStarted {
                name: display_name(name),
            }),
            QueueState::ReadOnly => Err(CookieError::NoResponse {
                name: display_name(name),
            }),
        }
    }

    /// Refuses further operations, and returns the queued ones.
    pub(crate) fn close(&mut self) -> Vec<QueuedOperation> {
        self.state = QueueState::Closed;
        self.index = None;
        if !self.has_replaced {
            return mem::take(&mut self.operations);
        }
        let order = self.order();
        let mut unordered: Vec<_> = mem::take(&mut self.operations)
            .into_iter()
            .map(Some)
            .collect();
        order
            .into_iter()
            .filter_map(|place| unordered[place].take())
            .collect()
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
            .filter(move |operation| operation.was_set && operation.rendered.name() == name)
            .chain(indexed.map(|&place| &self.operations[place]))
            .map(|operation| operation.rendered.scope())
    }

    /// Replaces the operation on the same cookie, or appends the operation.
    pub(crate) fn push(
        &mut self,
        cookie: &SetCookie<'_>,
        kind: OperationKind,
        events: &mut QueuedEvents,
    ) {
        events.push(kind, cookie.identity());
        let was_set = kind == OperationKind::Set;
        let place = self.find(cookie.identity());
        self.sequence += 1;
        let sequence = self.sequence;
        let rendered = cookie.render();
        if let Some(place) = place {
            self.has_replaced = true;
            let operation = &mut self.operations[place];
            operation.was_set |= was_set;
            operation.sequence = sequence;
            operation.rendered = rendered;
            operation.kind = kind;
        } else {
            self.operations.push(QueuedOperation {
                rendered,
                kind,
                sequence,
                was_set,
            });
        }
        match &mut self.index {
            Some(index) => match place {
                Some(place) => index.update(place, &self.operations[place]),
                None => index.add(self.operations.len() - 1, &self.operations),
            },
            None if self.operations.len() > MAX_SCANNED => {
                let index = self.index.insert(Box::default());
                for place in 0..self.operations.len() {
                    index.add(place, &self.operations);
                }
            }
            None => {}
        }
    }

    /// Queues the deletes at retired scopes. A delete that is queued already is queued again, as the last
    /// operation on its name, but has no second event.
    pub(crate) fn push_retired(&mut self, retired: &[SetCookie<'_>], events: &mut QueuedEvents) {
        for cookie in retired {
            let is_queued = self
                .find(cookie.identity())
                .is_some_and(|place| self.operations[place].kind == OperationKind::Delete);
            let mut silent = QueuedEvents::disabled();
            let events = if is_queued { &mut silent } else { &mut *events };
            self.push(cookie, OperationKind::Delete, events);
        }
    }

    pub(crate) fn cookies(&self) -> Vec<Cookie<'static>> {
        self.order()
            .into_iter()
            .map(|place| self.operations[place].rendered.to_cookie())
            .collect()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.order()
            .into_iter()
            .map(|place| self.operations[place].rendered.name())
    }

    /// The places of the operations, in the order of their headers.
    ///
    /// Each name keeps its slots. Its operations fill them in the order in which they were queued.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<_> = (0..self.operations.len()).collect();
        if !self.has_replaced {
            return order;
        }
        let mut slots_by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, operation) in self.operations.iter().enumerate() {
            let slots = slots_by_name.entry(operation.rendered.name());
            slots.or_default().push(place);
        }
        for slots in slots_by_name.into_values() {
            let mut places = slots.clone();
            places.sort_unstable_by_key(|&place| self.operations[place].sequence);
            for (slot, place) in slots.into_iter().zip(places) {
                order[slot] = place;
            }
        }
        order
    }

    /// The place of the operation on the same cookie.
    fn find(&self, cookie: Identity<'_>) -> Option<usize> {
        let is_same = |operation: &QueuedOperation| operation.rendered.has_identity(cookie);
        match &self.index {
            None => self.operations.iter().position(is_same),
            Some(index) => index
                .places
                .get(&index.hasher.hash_one(cookie))?
                .iter()
                .copied()
                .find(|&place| is_same(&self.operations[place])),
        }
    }
}

impl Index {
    /// Adds the operation at `place`, whose identity is new.
    fn add(&mut self, place: usize, operations: &[QueuedOperation]) {
        let operation = &operations[place];
        let hash = self.hasher.hash_one(operation.rendered.identity());
        self.places.entry(hash).or_default().push(place);
        self.update(place, operation);
    }

    /// Adds `place` to the sets of its name if the operation there is a set or replaced one.
    fn update(&mut self, place: usize, operation: &QueuedOperation) {
        if operation.was_set {
            let name = operation.rendered.name().to_owned();
            self.sets.entry(name).or_default().insert(place);
        }
    }
}
