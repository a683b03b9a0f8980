//! How often a call allocates.

use std::hint::black_box;

use allocation_counter::measure;
use benches::scenarios::{Case, cases};

use crate::net::Costs;

pub(crate) fn of_all() -> Costs {
    cases()
        .into_iter()
        .map(|case| (case.key(), of(case)))
        .collect()
}

/// The mean over the calls that go through all that a scenario has.
fn of(Case { scenario, library }: Case) -> f64 {
    let mut respond = (library.respond)(scenario.action).expect("a case");
    let request = scenario.request(library);
    respond(request.clone());
    let requests = vec![request.clone(); scenario.calls()];
    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    let calls = requests.len() as f64;
    let all = measure(|| {
        for request in requests {
            black_box(respond(request));
        }
    });
    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    let count = all.count_total as f64;
    count / calls
}
