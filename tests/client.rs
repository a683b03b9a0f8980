//! `test::Client` is a browser: what holds real ones holds it too.

#![cfg(feature = "test-util")]

mod site;
mod support;

use std::convert::Infallible;

use http::{Request, Response};
use site::{Browser, Site, domains, forging, matrix, retired, unstorable, values, visited};
use tower::util::BoxCloneService;
use tower::{ServiceExt, service_fn};
use tower_django_cookies::test::Client;

type App = BoxCloneService<Request<String>, Response<String>, Infallible>;

impl Browser for Client<App> {
    const NAME: &str = "test::Client";

    async fn go(&mut self, url: &str) {
        self.get(url).await.unwrap();
    }
}

fn client(site: &Site) -> Client<App> {
    let pages = site.pages.clone();
    let service = service_fn(move |request| std::future::ready(Ok(pages.answer(request))));
    Client::new(service.boxed_clone())
}

#[tokio::test]
async fn it_remembers_a_visit() {
    let site = Site::start().await;
    visited::check(&site, &mut client(&site)).await;
}

#[tokio::test]
async fn it_stores_and_deletes_what_browsers_do() {
    let site = Site::start().await;
    let cases = matrix::check(&site, &mut client(&site), &[]).await;
    assert_eq!(cases, 126);
}

#[tokio::test]
async fn no_twin_is_left_at_a_retired_scope() {
    let site = Site::start().await;
    retired::check(&site, &mut client(&site), &[]).await;
}

#[tokio::test]
async fn no_other_host_forges_a_prefixed_cookie() {
    let site = Site::start().await;
    assert_eq!(forging::check(&site, &mut client(&site), &[]).await, 18);
}

#[tokio::test]
async fn it_takes_the_domains_that_the_jar_takes() {
    let site = Site::start().await;
    domains::check(&site, &mut client(&site)).await;
}

#[tokio::test]
async fn values_come_back_as_they_were_set() {
    let site = Site::start().await;
    values::check(&site, &mut client(&site), &[]).await;
}

#[tokio::test]
async fn what_the_crate_refuses_it_drops() {
    let site = Site::start().await;
    unstorable::check(&site, &mut client(&site)).await;
}
