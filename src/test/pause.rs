//! Yields to the rest of the task. A loop over futures that are always ready would keep a timeout from firing.

use std::future::poll_fn;
use std::mem;
use std::task::Poll;

/// Call this once in each step of an unbounded loop. It yields at every 64th step.
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
