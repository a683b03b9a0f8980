//! Chromium and Firefox, each through its driver.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};

use crate::site::{Browser, HOSTS};

/// A program that says where it listens, and ends with the test.
pub(crate) struct Started {
    process: Child,
    /// What follows the text that was waited for.
    pub(crate) said: String,
}

impl Started {
    /// Waits for the line of `program` that has `before` in it.
    pub(crate) fn new(program: impl AsRef<Path>, argument: &str, before: &str) -> Self {
        let mut process = Command::new(program.as_ref())
            .arg(argument)
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.as_ref().display()));
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let said = lines
            .find_map(|line| Some(line.expect("text").split_once(before)?.1.to_owned()))
            .expect("it says where it listens");
        // It would stop at a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, said }
    }
}

impl Drop for Started {
    /// Ends what it started too: a driver leaves its browser behind when a test fails.
    fn drop(&mut self) {
        let group = format!("-{}", self.process.id());
        let killed = Command::new("kill").args(["-KILL", "--", &group]).status();
        assert!(killed.expect("kill").success());
        self.process.wait().expect("it ends");
    }
}

/// A browser's driver.
struct Driver(Started);

impl Driver {
    async fn browser(&self, capabilities: Value) -> Client {
        let Value::Object(mut capabilities) = capabilities else {
            panic!("capabilities are an object");
        };
        // The site's certificates are its own.
        capabilities.insert("acceptInsecureCerts".to_owned(), true.into());
        ClientBuilder::new(HttpConnector::new())
            .capabilities(Map::from_iter(capabilities))
            .connect(&format!(
                "http://127.0.0.1:{}",
                self.0.said.trim_end_matches('.')
            ))
            .await
            .unwrap()
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
    _driver: Driver,
    /// Ends after what writes to it.
    _profile: tempfile::TempDir,
}

impl Browser for Chromium {
    const NAME: &str = "Chromium";

    async fn go(&mut self, url: &str) {
        self.page.goto(url).await.unwrap();
    }
}

impl Driven for Chromium {
    async fn start() -> Self {
        let driver = Driver(Started::new(
            "chromedriver",
            "--port=0",
            "successfully on port ",
        ));
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            // It would try HTTPS first at the HTTP port.
            "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
            &format!(
                "--host-resolver-rules={}",
                HOSTS.map(|host| format!("MAP {host} 127.0.0.1")).join(",")
            ),
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
    _profile: tempfile::TempDir,
}

impl Browser for Firefox {
    const NAME: &str = "Firefox";

    async fn go(&mut self, url: &str) {
        self.page.goto(url).await.unwrap();
    }
}

impl Driven for Firefox {
    async fn start() -> Self {
        let driver = Driver(Started::new(
            "geckodriver",
            "--port=0",
            "Listening on 127.0.0.1:",
        ));
        let profile = tempfile::tempdir().unwrap();
        let capabilities = json!({"moz:firefoxOptions": {
            "args": ["-headless", "-profile", profile.path()],
            "prefs": {
                "network.dns.localDomains": HOSTS.join(","),
                "network.dns.disableIPv6": true,
                "dom.security.https_first": false,
            },
        }});
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
