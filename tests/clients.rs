//! Other HTTP clients keep cookies as browsers do, or as `deviations` says.
//!
//! All but reqwest need programs that aren't Rust's, and are ignored by a plain `cargo test`. Environment
//! variables name them where they aren't on the path: `CURL`; `PYTHON`, which has requests; `NODE`, with
//! `NODE_PATH` for tough-cookie.

mod clients {
    pub(crate) mod curl;
    pub(crate) mod deviations;
    pub(crate) mod reqwest;
    pub(crate) mod script;
}
mod site;
mod support;

use clients::curl::Curl;
use clients::deviations;
use clients::reqwest::Reqwest;
use clients::script::{Requests, ToughCookie, Urllib};
use site::{Site, forging, matrix, retired, values, visited};

/// A module of tests for each client.
macro_rules! clients {
    ($($(#[$ignore:meta])? $module:ident: $Client:ty;)*) => {$(
        mod $module {
            use super::*;

            #[tokio::test]
            $(#[$ignore])?
            async fn remembers_a_visit() {
                let site = Site::start().await;
                visited::check(&site, &mut <$Client>::start()).await;
            }

            #[tokio::test]
            $(#[$ignore])?
            async fn stores_and_deletes_what_browsers_do() {
                let site = Site::start().await;
                let mut client = <$Client>::start();
                let cases = matrix::check(&site, &mut client, deviations::MATRIX).await;
                assert_eq!(cases, 126);
            }

            #[tokio::test]
            $(#[$ignore])?
            async fn keeps_no_twin_at_a_retired_scope() {
                let site = Site::start().await;
                retired::check(&site, &mut <$Client>::start(), deviations::RETIRED).await;
            }

            #[tokio::test]
            $(#[$ignore])?
            async fn lets_no_other_host_forge_a_prefixed_cookie() {
                let site = Site::start().await;
                let mut client = <$Client>::start();
                forging::check(&site, &mut client, deviations::FORGING).await;
            }

            #[tokio::test]
            $(#[$ignore])?
            async fn brings_values_back_as_they_were_set() {
                let site = Site::start().await;
                values::check(&site, &mut <$Client>::start(), deviations::VALUES).await;
            }
        }
    )*};
}

clients! {
    #[ignore = "needs curl: cargo test --all-features --test clients -- --ignored"]
    curl: Curl;
    #[ignore = "needs Python: cargo test --all-features --test clients -- --ignored"]
    urllib: Urllib;
    #[ignore = "needs Python's requests: cargo test --all-features --test clients -- --ignored"]
    requests: Requests;
    #[ignore = "needs Node's tough-cookie: cargo test --all-features --test clients -- --ignored"]
    tough_cookie: ToughCookie;
    reqwest: Reqwest;
}
