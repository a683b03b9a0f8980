//! Chromium and Firefox, each through its driver.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};

use crate::site::{Browser, HOSTS};

/// A driver process, which ends with the test.
struct Driver {
    process: Child,
    url: String,
}

impl Driver {
    /// Starts `program`, which says its port in the line that has `before` it.
    fn start(program: &str, arguments: &[&str], before: &str) -> Self {
        let mut process = Command::new(program)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let port = lines
            .find_map(|line| {
                let line = line.expect("text");
                let (_, port) = line.split_once(before)?;
                Some(port.trim_end_matches('.').to_owned())
            })
            .expect("a port");
        // It would stop at a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let url = format!("http://127.0.0.1:{port}");
        Self { process, url }
    }

    async fn browser(&self, capabilities: Value) -> Client {
        let Value::Object(mut capabilities) = capabilities else {
            panic!("capabilities are an object");
        };
        // The site's certificates are its own.
        capabilities.insert("acceptInsecureCerts".to_owned(), true.into());
        ClientBuilder::new(HttpConnector::new())
            .capabilities(Map::from_iter(capabilities))
            .connect(&self.url)
            .await
            .unwrap()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.process.kill().expect("it can be stopped");
        self.process.wait().expect("it ends");
    }
}

/// A browser that a test drives.
pub(crate) trait Driven: Browser + Sized {
    async fn start() -> Self;
    fn page(&self) -> &Client;

    async fn stop(self);
}

pub(crate) struct Chromium {
    page: Client,
    /// Its profile, which ends with it.
    _profile: tempfile::TempDir,
    _driver: Driver,
}

impl Browser for Chromium {
    const NAME: &str = "Chromium";

    async fn go(&mut self, url: &str) {
        self.page.goto(url).await.unwrap();
    }
}

impl Driven for Chromium {
    async fn start() -> Self {
        let driver = Driver::start("chromedriver", &["--port=0"], "successfully on port ");
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            // It would try HTTPS first at the HTTP port.
            "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
            "--host-resolver-rules=MAP *.example.test 127.0.0.1, MAP example.test 127.0.0.1",
            &format!("--user-data-dir={}", profile.path().display()),
        ];
        let capabilities = json!({"goog:chromeOptions": {"args": arguments}});
        let page = driver.browser(capabilities).await;
        Self {
            page,
            _profile: profile,
            _driver: driver,
        }
    }

    fn page(&self) -> &Client {
        &self.page
    }

    async fn stop(self) {
        self.page.close().await.unwrap();
    }
}

pub(crate) struct Firefox {
    page: Client,
    _driver: Driver,
}

impl Browser for Firefox {
    const NAME: &str = "Firefox";

    async fn go(&mut self, url: &str) {
        self.page.goto(url).await.unwrap();
    }
}

impl Driven for Firefox {
    async fn start() -> Self {
        let driver = Driver::start("geckodriver", &["--port=0"], "Listening on 127.0.0.1:");
        let capabilities = json!({"moz:firefoxOptions": {
            "args": ["-headless"],
            "prefs": {
                "network.dns.localDomains": HOSTS.join(","),
                "network.dns.disableIPv6": true,
                "dom.security.https_first": false,
            },
        }});
        let page = driver.browser(capabilities).await;
        Self {
            page,
            _driver: driver,
        }
    }

    fn page(&self) -> &Client {
        &self.page
    }

    async fn stop(self) {
        self.page.close().await.unwrap();
    }
}
