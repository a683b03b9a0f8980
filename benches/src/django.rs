//! The time that Django takes for the same work, measured by `benches/django_cost.py`.

use benches::action::{NAME, VALUE};
use benches::libraries::OURS;
use benches::scenarios::read_and_set;
use http::header::COOKIE;

use crate::program::stdout_of;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/django_cost.py");

/// A sentence that compares Django with `ours`, the nanoseconds of this crate for [`read_and_set`].
///
/// The environment variable `PYTHON` names a Python that has Django.
pub(crate) fn comparison(ours: f64) -> String {
    let scenario = read_and_set();
    let request = scenario.request(&OURS);
    let header = request.headers()[COOKIE].to_str().expect("ASCII");
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = stdout_of(&python, &[SCRIPT, header, NAME, VALUE]);
    let (versions, nanoseconds) = output.trim().rsplit_once(' ').expect("two parts");
    let nanoseconds: f64 = nanoseconds.parse().expect("a number");
    format!(
        "{versions} takes {nanoseconds:.0} ns for {}, {:.0} times as long as this crate.",
        scenario.name,
        nanoseconds / ours
    )
}
