//! Counts the instructions of a call with callgrind:
//! `cargo bench --package benches --bench instructions`.

use std::hint::black_box;

use benches::handler::Respond;
use benches::scenarios::{Case, own_cases, peer_cases};
use gungraun::{library_benchmark, library_benchmark_group, main};
use http::Request;

struct Prepared {
    respond: Respond,
    requests: Vec<Request<()>>,
    /// Keeps the buffers that the requests share, so that no measured call frees them.
    _request: Request<()>,
}

/// The case's service after one call, and the requests to measure.
fn prepare(case: Case) -> Prepared {
    let Case { scenario, library } = case;
    let mut respond = (library.respond)(scenario.action).expect("a library that can do it");
    let request = scenario.request(library);
    let requests = vec![request.clone(); scenario.calls()];
    // This is the last step, so that the measured call can reuse the memory that this call frees.
    respond(request.clone());
    Prepared {
        respond,
        requests,
        _request: request,
    }
}

fn prepare_own(number: usize) -> Prepared {
    prepare(own_cases()[number])
}

fn prepare_peer(number: usize) -> Prepared {
    prepare(peer_cases()[number])
}

#[library_benchmark]
#[benches::case(iter = 0..own_cases().len(), setup = prepare_own)]
fn own_instructions(prepared: Prepared) -> Prepared {
    respond_to_all(prepared)
}

#[library_benchmark]
#[benches::case(iter = 0..peer_cases().len(), setup = prepare_peer)]
fn peer_instructions(prepared: Prepared) -> Prepared {
    respond_to_all(prepared)
}

fn respond_to_all(mut prepared: Prepared) -> Prepared {
    for request in prepared.requests.drain(..) {
        black_box((prepared.respond)(black_box(request)));
    }
    prepared
}

library_benchmark_group!(
    name = all,
    benchmarks = [own_instructions, peer_instructions]
);
main!(library_benchmark_groups = all);
