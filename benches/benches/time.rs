//! Measures the time of a call with criterion: `cargo bench --package benches --bench time`.

use std::hint::black_box;

use benches::scenarios::{Case, all_cases};
use criterion::{Criterion, criterion_group, criterion_main};

fn time(criterion: &mut Criterion) {
    for Case { scenario, library } in all_cases() {
        let mut respond = (library.respond)(scenario.action).expect("a library that can do it");
        let request = scenario.request(library);
        let mut group = criterion.benchmark_group(scenario.name);
        group.bench_function(library.name, |bencher| {
            bencher.iter(|| respond(black_box(request.clone())));
        });
    }
}

criterion_group!(benches, time);
criterion_main!(benches);
