//! `test::Client` passes the same tests as real browsers.

#![cfg(feature = "test-util")]

mod site;
mod support;

use std::convert::Infallible;

use http::{Request, Response};
use site::{
    Browser, Site, domains, eviction, forging, matrix, names, never_sent, renamed, retired,
    sequences, unstorable, values, visited,
};
use tower::util::BoxCloneService;
use tower::{ServiceExt, service_fn};
use tower_django_cookies::test::Client;

type App = BoxCloneService<Request<String>, Response<String>, Infallible>;

impl Browser for Client<App> {
    const NAME: &str = "test::Client";

    async fn load(&mut self, url: &str) {
        self.get(url).await.unwrap();
    }

    async fn stored_names(&mut self) -> Option<Vec<String>> {
        let cookies = self.cookies();
        Some(
            cookies
                .iter()
                .map(|cookie| cookie.name().to_owned())
                .collect(),
        )
    }
}

fn client(site: &Site) -> Client<App> {
    let pages = site.pages.clone();
    let service = service_fn(move |request| std::future::ready(Ok(pages.respond(request))));
    Client::new(service.boxed_clone())
}

#[tokio::test]
async fn second_visit_sends_cookie_of_first() {
    let site = Site::start().await;
    visited::check(&site, &mut client(&site)).await;
}

#[tokio::test]
async fn set_and_delete_at_every_scope_match_rfc6265bis() {
    let site = Site::start().await;
    matrix::check(&site, &mut client(&site), &[]).await;
}

#[tokio::test]
async fn set_and_delete_leave_no_duplicate_at_retired_scopes() {
    let site = Site::start().await;
    retired::check(&site, &mut client(&site), &[]).await;
}

#[tokio::test]
async fn forged_host_prefix_from_sibling_is_not_read() {
    let site = Site::start().await;
    assert_eq!(forging::check(&site, &mut client(&site), &[]).await, 18);
}

#[tokio::test]
async fn domain_is_accepted_by_jar_if_stored_by_client() {
    let site = Site::start().await;
    let mut client = client(&site).public_suffixes(domains::is_public_suffix);
    domains::check(&site, &mut client).await;
}

#[tokio::test]
async fn values_round_trip_unchanged() {
    let site = Site::start().await;
    values::check(&site, &mut client(&site), &[]).await;
}

#[tokio::test]
async fn cookie_refused_by_jar_is_dropped_or_sent_elsewhere() {
    let site = Site::start().await;
    unstorable::check(&site, &mut client(&site)).await;
}

#[tokio::test]
async fn path_that_is_never_sent_is_refused_and_deleted() {
    let site = Site::start().await;
    never_sent::check(&site, &mut client(&site), &[]).await;
}

#[tokio::test]
async fn delete_with_any_stored_name_deletes_cookie() {
    let site = Site::start().await;
    names::check(&site, &mut client(&site), &[]).await;
}

#[tokio::test]
async fn set_and_delete_leave_no_cookie_under_previous_names() {
    let site = Site::start().await;
    renamed::check(&site, &mut client(&site)).await;
}

#[tokio::test]
async fn cookie_181_of_site_evicts_31_others() {
    let site = Site::start().await;
    eviction::check(&site, &mut client(&site)).await;
}

#[tokio::test]
async fn random_sequences_leave_last_operations() {
    let site = Site::start().await;
    sequences::check(&site, &mut client(&site), &[]).await;
}
