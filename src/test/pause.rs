//! A pause for the rest of the task: what is always ready would keep a time-out from firing.

use std::future::poll_fn;
use std::mem;
use std::task::Poll;

/// To be called once a step of a loop without an end; it pauses at each 64th.
pub(super) async fn pause_at(step: usize) {
    let mut is_to_pause = step % 64 == 0;
    poll_fn(|context| {
        if !mem::take(&mut is_to_pause) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
