//! The number of allocations of a call.

use std::hint::black_box;

use allocation_counter::measure;
use benches::scenarios::{Case, all_cases};

use crate::net::Costs;

pub(crate) fn measure_all() -> Costs {
    all_cases()
        .into_iter()
        .map(|case| (case.key(), allocations(case)))
        .collect()
}

/// The mean over the scenario's calls.
fn allocations(Case { scenario, library }: Case) -> f64 {
    let mut respond = (library.respond)(scenario.action).expect("a library that can do it");
    let request = scenario.request(library);
    respond(request.clone());
    let requests = vec![request.clone(); scenario.calls()];
    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    let calls = requests.len() as f64;
    let counted = measure(|| {
        for request in requests {
            black_box(respond(request));
        }
    });
    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    let count = counted.count_total as f64;
    count / calls
}
