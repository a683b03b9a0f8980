//! Clients that are a script in another language: each loads the URLs of its standard input.

use std::ffi::OsString;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::site::Browser;

/// What the environment names, else what the path has.
pub(crate) fn program(variable: &str, default: &str) -> OsString {
    std::env::var_os(variable).unwrap_or_else(|| default.into())
}

/// A script that answers each line of its input with one.
struct Script {
    urls: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    /// Killed with the test.
    _process: Child,
}

impl Script {
    fn start(program: OsString, script: &str) -> Self {
        let mut process = Command::new(&program)
            .arg(script)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        Self {
            urls: process.stdin.take().unwrap(),
            answers: BufReader::new(process.stdout.take().unwrap()).lines(),
            _process: process,
        }
    }

    async fn load(&mut self, url: &str) {
        let line = format!("{url}\n");
        self.urls.write_all(line.as_bytes()).await.unwrap();
        let answer = self.answers.next_line().await.unwrap();
        assert_eq!(answer.as_deref(), Some("loaded"), "{url}");
    }
}

/// Python's `http.cookiejar`, with `urllib.request`.
pub(crate) struct Urllib(Script);

impl Urllib {
    pub(crate) fn start() -> Self {
        Self(Script::start(
            program("PYTHON", "python3"),
            "urllib_client.py",
        ))
    }
}

impl Browser for Urllib {
    const NAME: &str = "urllib";

    async fn go(&mut self, url: &str) {
        self.0.load(url).await;
    }
}

/// A `Session` of Python's requests.
pub(crate) struct Requests(Script);

impl Requests {
    pub(crate) fn start() -> Self {
        Self(Script::start(
            program("PYTHON", "python3"),
            "requests_client.py",
        ))
    }
}

impl Browser for Requests {
    const NAME: &str = "requests";

    async fn go(&mut self, url: &str) {
        self.0.load(url).await;
    }
}

/// Node's tough-cookie with its default options: it has rules for prefixes, `prefixSecurity: "silent"`.
pub(crate) struct ToughCookie(Script);

impl ToughCookie {
    pub(crate) fn start() -> Self {
        Self(Script::start(program("NODE", "node"), "tough_cookie.cjs"))
    }
}

impl Browser for ToughCookie {
    const NAME: &str = "tough-cookie";

    async fn go(&mut self, url: &str) {
        self.0.load(url).await;
    }
}
