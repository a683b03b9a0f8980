//! The cost of a library without the cost of the baseline.

use std::collections::HashMap;

use benches::libraries::BASELINE;

/// Costs by the names of scenario and library.
pub(crate) type Costs = HashMap<(&'static str, &'static str), f64>;

/// The costs minus those of the baseline in the same scenario.
pub(crate) fn net(costs: &Costs) -> Costs {
    costs
        .iter()
        .map(|(&(scenario, library), cost)| {
            (
                (scenario, library),
                cost - costs[&(scenario, BASELINE.name)],
            )
        })
        .collect()
}
