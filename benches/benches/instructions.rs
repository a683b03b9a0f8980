//! How many instructions a call takes, by callgrind: `cargo bench --package benches --bench instructions`.

use std::hint::black_box;

use benches::Respond;
use benches::scenarios::{Case, of_ours, of_peers};
use gungraun::{library_benchmark, library_benchmark_group, main};
use http::Request;

struct Prepared {
    respond: Respond,
    requests: Vec<Request<()>>,
    /// Kept, so that no call is the last to hold what requests share.
    _request: Request<()>,
}

/// The case's service, which has answered before, and requests for it.
fn prepare(case: Case) -> Prepared {
    let Case { scenario, library } = case;
    let mut respond = (library.respond)(scenario.action).expect("a case");
    let request = scenario.request(library);
    let requests = vec![request.clone(); scenario.calls()];
    // Last, so that nothing else takes the memory that it leaves to the next.
    respond(request.clone());
    Prepared {
        respond,
        requests,
        _request: request,
    }
}

fn ours(number: usize) -> Prepared {
    prepare(of_ours()[number])
}

fn peers(number: usize) -> Prepared {
    prepare(of_peers()[number])
}

#[library_benchmark]
#[benches::case(iter = 0..of_ours().len(), setup = ours)]
fn instructions_of_ours(prepared: Prepared) -> Prepared {
    answer_all(prepared)
}

#[library_benchmark]
#[benches::case(iter = 0..of_peers().len(), setup = peers)]
fn instructions_of_peers(prepared: Prepared) -> Prepared {
    answer_all(prepared)
}

fn answer_all(mut prepared: Prepared) -> Prepared {
    for request in prepared.requests.drain(..) {
        black_box((prepared.respond)(black_box(request)));
    }
    prepared
}

library_benchmark_group!(
    name = all,
    benchmarks = [instructions_of_ours, instructions_of_peers]
);
main!(library_benchmark_groups = all);
