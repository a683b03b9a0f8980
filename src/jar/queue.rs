//! The operations that wait for the response.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::mem;

use cookie::Cookie;

use crate::display::display_name;
use crate::error::CookieError;
use crate::events::{OperationKind, QueuedEvents};
use crate::scope::ScopeRef;
use crate::set_cookie::Rendered;

/// With more operations, scanning all of them for each further one would take too long.
const MAX_SCANNED: usize = 16;

/// The last operation on each identity, in the order in which the identities were first used.
#[derive(Default)]
pub(crate) struct Queue {
    state: QueueState,
    operations: Vec<QueuedOperation>,
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
    /// No response will carry the operations, but the jar's user can look at them.
    Unsent,
    /// The response has been sent, or the request has ended.
    Closed,
    /// There is no response.
    ReadOnly,
}

struct QueuedOperation {
    rendered: Rendered,
    kind: OperationKind,
    /// Whether this operation, or one that it replaced, is a set.
    was_set: bool,
}

impl Queue {
    pub(crate) fn new(state: QueueState) -> Self {
        Self {
            state,
            ..Self::default()
        }
    }

    /// Whether an inner layer, whose own queue would be in the state `inner`, can use this queue.
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
    pub(crate) fn close(&mut self) -> impl Iterator<Item = (OperationKind, Rendered)> + use<> {
        self.state = QueueState::Closed;
        self.index = None;
        mem::take(&mut self.operations)
            .into_iter()
            .map(|operation| (operation.kind, operation.rendered))
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
        rendered: Rendered,
        kind: OperationKind,
        events: &mut QueuedEvents,
    ) {
        events.push(kind, &rendered);
        let was_set = kind == OperationKind::Set;
        let place = self.find(&rendered);
        if let Some(place) = place {
            let operation = &mut self.operations[place];
            operation.was_set |= was_set;
            operation.rendered = rendered;
            operation.kind = kind;
        } else {
            self.operations.push(QueuedOperation {
                rendered,
                kind,
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

    /// Queues the deletes at retired scopes, unless they are queued already.
    pub(crate) fn push_retired(&mut self, retired: Vec<Rendered>, events: &mut QueuedEvents) {
        for rendered in retired {
            let queued = self
                .find(&rendered)
                .map(|place| self.operations[place].kind);
            if queued != Some(OperationKind::Delete) {
                self.push(rendered, OperationKind::Delete, events);
            }
        }
    }

    pub(crate) fn cookies(&self) -> Vec<Cookie<'static>> {
        self.operations
            .iter()
            .map(|operation| operation.rendered.to_cookie())
            .collect()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.operations
            .iter()
            .map(|operation| operation.rendered.name())
    }

    /// The place of the operation on the same cookie.
    fn find(&self, cookie: &Rendered) -> Option<usize> {
        let is_same = |operation: &QueuedOperation| operation.rendered.is_same_cookie(cookie);
        match &self.index {
            None => self.operations.iter().position(is_same),
            Some(index) => index
                .places
                .get(&index.hasher.hash_one(cookie.identity()))?
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

    /// Notes that a set replaced the operation at `place`.
    fn update(&mut self, place: usize, operation: &QueuedOperation) {
        if operation.was_set {
            let name = operation.rendered.name().to_owned();
            self.sets.entry(name).or_default().insert(place);
        }
    }
}
