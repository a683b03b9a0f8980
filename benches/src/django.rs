//! What the same work costs in Django, by `benches/django_cost.py`.

use benches::scenarios::{NAME, SCENARIOS, VALUE};
use http::header::COOKIE;

use crate::table::said;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/django_cost.py");

/// A sentence beside `ours`, the nanoseconds of this crate; `PYTHON` names a Python that has Django.
pub(crate) fn line(ours: f64) -> String {
    let scenario = SCENARIOS
        .iter()
        .find(|scenario| scenario.name == "read-and-set-10");
    let request = scenario
        .expect("a scenario")
        .request(&benches::libraries::OURS);
    let field = request.headers()[COOKIE].to_str().expect("ASCII");
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let answer = said(&python, &[SCRIPT, field, NAME, VALUE]);
    let (versions, nanoseconds) = answer.trim().rsplit_once(' ').expect("both");
    let nanoseconds: f64 = nanoseconds.parse().expect("a number");
    format!(
        "read-and-set-10 in {versions}: {nanoseconds:.0} ns, {:.0} times as much.",
        nanoseconds / ours
    )
}
