//! Other HTTP clients store and send cookies as browsers do, except for the known `deviations`.
//!
//! Only reqwest is written in Rust. The other clients need external programs, so a plain `cargo test`
//! ignores their tests. Environment variables name programs that are not on the `PATH`: `CURL`;
//! `PYTHON`, a Python with requests installed; `NODE`, with `NODE_PATH` for tough-cookie.

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
use site::{
    Site, forging, matrix, names, never_sent, renamed, retired, sequences, values, visited,
};

/// Defines one module of tests for each client.
macro_rules! clients {
    ($($(#[$ignore:meta])? $module:ident: $Client:ty;)*) => {$(
        mod $module {
            use super::*;

            #[tokio::test]
            $(#[$ignore])?
            async fn second_visit_sends_cookie_of_first() {
                let site = Site::start().await;
                visited::check(&site, &mut <$Client>::start()).await;
            }

            #[tokio::test]
            $(#[$ignore])?
            async fn set_and_delete_at_every_scope_match_rfc6265bis_and_deviations() {
                let site = Site::start().await;
                matrix::check(&site, &mut <$Client>::start(), deviations::MATRIX).await;
            }

            #[tokio::test]
            $(#[$ignore])?
            async fn set_and_delete_leave_no_duplicate_at_retired_scopes() {
                let site = Site::start().await;
                retired::check(&site, &mut <$Client>::start(), deviations::RETIRED).await;
            }

            #[tokio::test]
            $(#[$ignore])?
            async fn forged_host_prefix_from_sibling_is_not_read_except_for_deviations() {
                let site = Site::start().await;
                forging::check(&site, &mut <$Client>::start(), deviations::FORGING).await;
            }

            #[tokio::test]
            $(#[$ignore])?
            async fn values_round_trip_unchanged_except_for_deviations() {
                let site = Site::start().await;
                values::check(&site, &mut <$Client>::start(), deviations::VALUES).await;
            }

            #[tokio::test]
            $(#[$ignore])?
            async fn path_that_is_never_sent_is_refused_and_deleted_except_for_deviations() {
                let site = Site::start().await;
                never_sent::check(&site, &mut <$Client>::start(), deviations::NEVER_SENT).await;
            }

            #[tokio::test]
            $(#[$ignore])?
            async fn delete_with_any_stored_name_deletes_cookie_except_for_deviations() {
                let site = Site::start().await;
                names::check(&site, &mut <$Client>::start(), deviations::NAMES).await;
            }

            #[tokio::test]
            $(#[$ignore])?
            async fn set_and_delete_leave_no_cookie_under_previous_names() {
                let site = Site::start().await;
                renamed::check(&site, &mut <$Client>::start()).await;
            }

            #[tokio::test]
            $(#[$ignore])?
            async fn random_sequences_leave_last_operations_except_for_deviations() {
                let site = Site::start().await;
                sequences::check(&site, &mut <$Client>::start(), deviations::SEQUENCES).await;
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
