//! Chromium and Firefox, each controlled by its driver process.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};

use crate::random_headers::remote_hosts;
use crate::site::{Browser, HOSTS};

/// The hosts that browsers have to find on loopback.
fn hosts() -> impl Iterator<Item = String> {
    HOSTS.into_iter().map(str::to_owned).chain(remote_hosts())
}

/// A program that prints the address at which it listens. It is killed when the test ends.
pub(crate) struct Started {
    process: Child,
    /// The rest of the line with the address, after the prefix.
    pub(crate) address: String,
}

impl Started {
    /// Starts `program`, and waits until it prints a line that contains `prefix`.
    pub(crate) fn new(program: impl AsRef<Path>, argument: &str, prefix: &str) -> Self {
        let mut process = Command::new(program.as_ref())
            .arg(argument)
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.as_ref().display()));
        let mut lines = BufReader::new(process.stdout.take().expect("stdout is piped")).lines();
        let address = lines
            .find_map(|line| {
                let line = line.expect("the output is UTF-8");
                Some(line.split_once(prefix)?.1.to_owned())
            })
            .expect("the program prints its address");
        // Without a reader the program would block as soon as the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address }
    }
}

impl Drop for Started {
    /// Kills the whole process group, because a driver leaves its browser running if a test fails.
    fn drop(&mut self) {
        let group = format!("-{}", self.process.id());
        let killed = Command::new("kill").args(["-KILL", "--", &group]).status();
        assert!(killed.expect("`kill` starts").success());
        self.process.wait().expect("the program has ended");
    }
}

/// The driver process of a browser.
struct Driver(Started);

impl Driver {
    async fn browser(&self, capabilities: Value) -> Client {
        let Value::Object(mut capabilities) = capabilities else {
            panic!("the capabilities are not an object");
        };
        // The certificates of the site are self-signed.
        capabilities.insert("acceptInsecureCerts".to_owned(), true.into());
        ClientBuilder::new(HttpConnector::new())
            .capabilities(Map::from_iter(capabilities))
            .connect(&format!(
                "http://127.0.0.1:{}",
                self.0.address.trim_end_matches('.')
            ))
            .await
            .unwrap()
    }
}

/// A browser that is controlled by a test.
pub(crate) trait Driven: Browser + Sized {
    async fn start() -> Self;

    fn page(&self) -> &Client;

    async fn stop(self);
}

pub(crate) struct Chromium {
    page: Client,
    _driver: Driver,
    /// Declared last, so that it is removed after the browser, which writes to it, has ended.
    _profile: tempfile::TempDir,
}

impl Browser for Chromium {
    const NAME: &str = "Chromium";

    async fn load(&mut self, url: &str) {
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
            // Otherwise Chromium tries HTTPS at the port of HTTP.
            "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
            &format!(
                "--host-resolver-rules={}",
                hosts()
                    .map(|host| format!("MAP {host} 127.0.0.1"))
                    .collect::<Vec<_>>()
                    .join(",")
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

    async fn load(&mut self, url: &str) {
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
                "network.dns.localDomains": hosts().collect::<Vec<_>>().join(","),
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
