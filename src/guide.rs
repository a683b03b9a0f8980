//! Guides for tasks. Begin with [getting started](crate::guide::getting_started), then read
//! [why logouts fail](crate::guide::scopes) and [how to test them](crate::guide::testing). The front page
//! lists the pages [by task](crate#guide).

#[doc = include_str!("docs/coming_from_axum_extra.md")]
pub mod coming_from_axum_extra {}

#[doc = include_str!("docs/coming_from_tower_cookies.md")]
pub mod coming_from_tower_cookies {}

#[doc = include_str!("docs/differences.md")]
pub mod differences {}

#[doc = include_str!("docs/django.md")]
pub mod django {}

#[doc = include_str!("docs/errors.md")]
pub mod errors {}

#[doc = include_str!("docs/events.md")]
pub mod events {}

#[doc = include_str!("docs/getting_started.md")]
pub mod getting_started {}

#[doc = include_str!("docs/moving_scopes.md")]
pub mod moving_scopes {}

#[doc = include_str!("docs/moving_signed_cookies.md")]
pub mod moving_signed_cookies {}

#[doc = include_str!("docs/moving_values.md")]
pub mod moving_values {}

#[doc = include_str!("docs/performance.md")]
pub mod performance {}

#[doc = include_str!("docs/proxies_and_caches.md")]
pub mod proxies_and_caches {}

#[doc = include_str!("docs/scopes.md")]
pub mod scopes {}

#[doc = include_str!("docs/security.md")]
pub mod security {}

#[doc = include_str!("docs/signed_and_private.md")]
pub mod signed_and_private {}

#[doc = include_str!("docs/testing.md")]
pub mod testing {}

#[doc = include_str!("docs/where_it_runs.md")]
pub mod where_it_runs {}

#[doc = include_str!("docs/where_to_put_the_layer.md")]
pub mod where_to_put_the_layer {}
