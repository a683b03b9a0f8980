//! Synchronization primitives: std's, or loom's in tests/models.

#[cfg(not(all(loom, feature = "__loom")))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, Ordering},
};

#[cfg(all(loom, feature = "__loom"))]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, Ordering},
};
