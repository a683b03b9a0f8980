//! Yields, so that a timeout around the client can fire. A loop over futures that are always ready
//! would not let the timeout run.

use std::future::poll_fn;
use std::mem;
use std::task::Poll;

/// Yields at every 64th step. Call it in each step of an unbounded loop.
pub(super) async fn pause_at(step: usize) {
    let mut must_yield = step % 64 == 0;
    poll_fn(|context| {
        if !mem::take(&mut must_yield) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
