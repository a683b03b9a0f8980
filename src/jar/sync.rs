//! Synchronization primitives: std's, or loom's in tests/models.

#[cfg(not(all(loom, feature = "__loom")))]
pub(crate) use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicBool, Ordering, fence},
};

#[cfg(all(loom, feature = "__loom"))]
pub(crate) use loom::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicBool, Ordering, fence},
};
