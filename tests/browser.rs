//! Chromium and Firefox store, send and delete cookies as this crate expects.
//!
//! These tests need Chromium with chromedriver, and Firefox with geckodriver. Run
//! `cargo test --all-features --test browser -- --ignored`, or `.ci/run`, which installs these
//! programs and runs all other checks too.

// `typed` needs the crate `url`, which is a dependency of this feature.
#![cfg(all(unix, feature = "test-util"))]

#[path = "browser/driver.rs"]
mod driver;
#[path = "browser/playground.rs"]
mod playground;
#[path = "browser/random_headers.rs"]
mod random_headers;
mod site;
mod support;
#[path = "browser/typed.rs"]
mod typed;

use driver::{Chromium, Driven, Firefox};
use site::{
    Site, domains, eviction, forging, matrix, names, never_sent, renamed, retired, sequences,
    unstorable, values, visited,
};
use typed::Typed;

/// Starts a site and a browser for `test`, and closes the browser afterwards.
async fn run<B: Driven>(test: impl AsyncFnOnce(&Site, &mut B)) {
    let (site, mut browser) = (Site::start().await, B::start().await);
    test(&site, &mut browser).await;
    browser.stop().await;
}

/// Defines one module of tests for each browser.
macro_rules! browsers {
    ($(#[$ignore:meta] $module:ident: $Browser:ty;)*) => {$(
        mod $module {
            use super::*;

            #[tokio::test]
            #[$ignore]
            async fn second_visit_sends_cookie_of_first() {
                run::<$Browser>(async |site, browser| visited::check(site, browser).await).await;
            }

            #[tokio::test]
            #[$ignore]
            async fn set_and_delete_at_every_scope_match_rfc6265bis() {
                run::<$Browser>(async |site, browser| matrix::check(site, browser, &[]).await).await;
            }

            #[tokio::test]
            #[$ignore]
            async fn set_and_delete_leave_no_duplicate_at_retired_scopes() {
                run::<$Browser>(async |site, browser| retired::check(site, browser, &[]).await).await;
            }

            #[tokio::test]
            #[$ignore]
            async fn forged_host_prefix_from_sibling_is_not_read() {
                run::<$Browser>(async |site, browser| {
                    assert_eq!(forging::check(site, browser, &[]).await, 18);
                })
                .await;
            }

            #[tokio::test]
            #[$ignore]
            async fn domain_is_accepted_by_jar_if_stored_by_browser() {
                run::<$Browser>(async |site, browser| domains::check(site, browser).await).await;
            }

            #[tokio::test]
            #[$ignore]
            async fn values_round_trip_unchanged() {
                run::<$Browser>(async |site, browser| values::check(site, browser, &[]).await).await;
            }

            #[tokio::test]
            #[$ignore]
            async fn cookie_refused_by_jar_is_dropped_or_sent_elsewhere() {
                run::<$Browser>(async |site, browser| unstorable::check(site, browser).await).await;
            }

            #[tokio::test]
            #[$ignore]
            async fn path_that_is_never_sent_is_refused_and_deleted() {
                run::<$Browser>(async |site, browser| {
                    never_sent::check(site, &mut Typed(browser), &[]).await;
                })
                .await;
            }

            #[tokio::test]
            #[$ignore]
            async fn delete_with_any_stored_name_deletes_cookie() {
                run::<$Browser>(async |site, browser| names::check(site, browser, &[]).await).await;
            }

            #[tokio::test]
            #[$ignore]
            async fn set_and_delete_leave_no_cookie_under_previous_names() {
                run::<$Browser>(async |site, browser| renamed::check(site, browser).await).await;
            }

            #[tokio::test]
            #[$ignore]
            async fn cookie_181_of_site_evicts_31_others() {
                run::<$Browser>(async |site, browser| eviction::check(site, browser).await).await;
            }

            #[tokio::test]
            #[$ignore]
            async fn random_sequences_leave_last_operations() {
                run::<$Browser>(async |site, browser| sequences::check(site, browser, &[]).await).await;
            }

            #[tokio::test]
            #[$ignore]
            async fn random_headers_leave_same_cookies_as_in_client() {
                run::<$Browser>(async |site, browser| random_headers::check(site, browser).await)
                    .await;
            }

            #[tokio::test]
            #[$ignore]
            async fn playground_works_with_mouse_and_keyboard() {
                run::<$Browser>(async |_, browser| playground::check(browser).await).await;
            }
        }
    )*};
}

browsers! {
    #[ignore = "needs chromium and chromedriver; `.ci/run` installs them"]
    chromium: Chromium;
    #[ignore = "needs firefox-esr and geckodriver; `.ci/run` installs them"]
    firefox: Firefox;
}
