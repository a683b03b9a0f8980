//! An inner layer's configuration merged with those of outer layers, once per pair of layers.

use std::sync::{Arc, OnceLock, Weak};

/// The maximum number of cached pairs: an inner layer rarely has more outer layers. With further
/// ones, the configurations are merged for each request.
const MAX_PAIRS: usize = 4;

/// Slots are filled from the first and never emptied, so that reading takes no lock.
pub(super) struct MergedConfigs<C>(OnceLock<Box<[OnceLock<Pair<C>>; MAX_PAIRS]>>);

struct Pair<C> {
    /// Its address identifies the outer configuration. An `Arc` could keep layers that contain each
    /// other alive for ever.
    outer: Weak<C>,
    merged: Arc<C>,
}

impl<C> MergedConfigs<C> {
    pub(super) fn get_or_merge(&self, outer: &Arc<C>, merge: impl Fn() -> C) -> Arc<C> {
        for slot in &**self.0.get_or_init(Box::default) {
            let pair = slot.get_or_init(|| Pair {
                outer: Arc::downgrade(outer),
                merged: Arc::new(merge()),
            });
            if pair.outer.as_ptr() == Arc::as_ptr(outer) {
                return Arc::clone(&pair.merged);
            }
        }
        Arc::new(merge())
    }
}

/// A copy is about to be changed, so it starts without merged configurations.
impl<C> Clone for MergedConfigs<C> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<C> Default for MergedConfigs<C> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}
