//! What a library costs, without what the bare service costs.

use std::collections::HashMap;

use benches::libraries::BARE;

/// By the names of scenario and library.
pub(crate) type Costs = HashMap<(&'static str, &'static str), f64>;

/// Net of the bare service's in the same scenario.
pub(crate) fn net(costs: &Costs) -> Costs {
    costs
        .iter()
        .map(|(&(scenario, library), cost)| {
            ((scenario, library), cost - costs[&(scenario, BARE.name)])
        })
        .collect()
}
