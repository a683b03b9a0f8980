//! reqwest with its own cookie store.

use std::net::{Ipv4Addr, SocketAddr};

use reqwest::Client;
use tokio_rustls::rustls::crypto::ring;

use crate::site::{Browser, HOSTS};

pub(crate) struct Reqwest(Client);

impl Reqwest {
    pub(crate) fn start() -> Self {
        // This fails if another test installed it before.
        let _ = ring::default_provider().install_default();
        // Port 0 stands for the port of the URL.
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let client = HOSTS
            .iter()
            .fold(Client::builder(), |client, host| {
                client.resolve(host, loopback)
            })
            .cookie_store(true)
            .tls_danger_accept_invalid_certs(true)
            .no_proxy();
        Self(client.build().unwrap())
    }
}

impl Browser for Reqwest {
    const NAME: &str = "reqwest";

    async fn load(&mut self, url: &str) {
        let response = self.0.get(url).send().await.unwrap();
        response.error_for_status().unwrap().bytes().await.unwrap();
    }
}
