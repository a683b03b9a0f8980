//! Real browsers store, send and delete what the crate says they do.
//!
//! These need Chromium with chromedriver, and Firefox with geckodriver:
//! `cargo test --all-features --test browser -- --ignored`, or all of `.ci/run`, which installs them.

#![cfg(unix)]

#[path = "browser/driver.rs"]
mod driver;
#[path = "browser/playground.rs"]
mod playground;
mod site;
mod support;

use driver::{Chromium, Driven, Firefox};
use site::{Site, domains, forging, matrix, retired, unstorable, values, visited};

async fn remembers_a_visit<B: Driven>() {
    let (site, mut browser) = (Site::start().await, B::start().await);
    visited::check(&site, &mut browser).await;
    browser.stop().await;
}

async fn stores_and_deletes<B: Driven>() {
    let (site, mut browser) = (Site::start().await, B::start().await);
    matrix::check(&site, &mut browser, &[]).await;
    browser.stop().await;
}

async fn leaves_no_twin<B: Driven>() {
    let (site, mut browser) = (Site::start().await, B::start().await);
    retired::check(&site, &mut browser, &[]).await;
    browser.stop().await;
}

async fn is_not_fooled<B: Driven>() {
    let (site, mut browser) = (Site::start().await, B::start().await);
    assert_eq!(forging::check(&site, &mut browser, &[]).await, 18);
    browser.stop().await;
}

async fn compares_domains<B: Driven>() {
    let (site, mut browser) = (Site::start().await, B::start().await);
    domains::check(&site, &mut browser).await;
    browser.stop().await;
}

async fn returns_values<B: Driven>() {
    let (site, mut browser) = (Site::start().await, B::start().await);
    values::check(&site, &mut browser, &[]).await;
    browser.stop().await;
}

async fn drops_what_is_refused<B: Driven>() {
    let (site, mut browser) = (Site::start().await, B::start().await);
    unstorable::check(&site, &mut browser).await;
    browser.stop().await;
}

async fn shows_the_playground<B: Driven>() {
    let browser = B::start().await;
    playground::check(&browser).await;
    browser.stop().await;
}

macro_rules! tests {
    ($browser:ident: $needs:literal: $($test:ident = $check:ident),* $(,)?) => {$(
        #[tokio::test]
        #[ignore = $needs]
        async fn $test() {
            $check::<$browser>().await;
        }
    )*};
}

tests! {
    Chromium: "needs chromium and chromedriver; `.ci/run` installs them":
    chromium_remembers_a_visit = remembers_a_visit,
    chromium_stores_and_deletes_what_the_crate_says = stores_and_deletes,
    chromium_leaves_no_twin_at_a_retired_scope = leaves_no_twin,
    chromium_reads_no_forged_prefix = is_not_fooled,
    chromium_drops_what_the_crate_refuses = drops_what_is_refused,
    chromium_takes_the_domains_that_the_jar_takes = compares_domains,
    chromium_returns_values_as_they_were_set = returns_values,
    chromium_shows_the_playground = shows_the_playground,
}

tests! {
    Firefox: "needs firefox-esr and geckodriver; `.ci/run` installs them":
    firefox_remembers_a_visit = remembers_a_visit,
    firefox_stores_and_deletes_what_the_crate_says = stores_and_deletes,
    firefox_leaves_no_twin_at_a_retired_scope = leaves_no_twin,
    firefox_reads_no_forged_prefix = is_not_fooled,
    firefox_drops_what_the_crate_refuses = drops_what_is_refused,
    firefox_takes_the_domains_that_the_jar_takes = compares_domains,
    firefox_returns_values_as_they_were_set = returns_values,
    firefox_shows_the_playground = shows_the_playground,
}
