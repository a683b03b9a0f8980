//! The libraries to compare. A child module uses its library as the library's documentation does.

mod axum_extra;
mod baseline;
mod biscotti;
mod cookie_jar;
mod floor;
mod ours;
mod tower_cookies;

use crate::action::Action;
use crate::handler::Respond;

pub struct Library {
    pub name: &'static str,
    /// A service whose handler does the action, or `None` if the library cannot do it.
    pub respond: fn(Action) -> Option<Respond>,
}

/// A service that appends the same finished headers without a library. Its cost is subtracted from
/// the cost of each library.
pub static BASELINE: Library = Library {
    name: "baseline",
    respond: baseline::respond,
};

pub const OURS: Library = Library {
    name: "tower-django-cookies",
    respond: ours::respond,
};

/// This crate first, then its peers.
pub static LIBRARIES: [Library; 6] = [
    OURS,
    Library {
        name: "floor",
        respond: floor::respond,
    },
    Library {
        name: "tower-cookies",
        respond: tower_cookies::respond,
    },
    Library {
        name: "axum-extra",
        respond: axum_extra::respond,
    },
    Library {
        name: "biscotti",
        respond: biscotti::respond,
    },
    Library {
        name: "cookie",
        respond: cookie_jar::respond,
    },
];
