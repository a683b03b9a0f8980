//! Clients that are scripts in other languages. Each script loads the URLs that it reads from its
//! standard input.

use std::ffi::{OsStr, OsString};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::site::Browser;

/// The program that the environment variable `variable` names; if it is unset, `default`.
pub(crate) fn program(variable: &str, default: &str) -> OsString {
    std::env::var_os(variable).unwrap_or_else(|| default.into())
}

/// A script that prints one line for each URL that it reads.
struct Script {
    urls: ChildStdin,
    results: Lines<BufReader<ChildStdout>>,
    /// Killed when the client is dropped.
    _process: Child,
}

impl Script {
    fn start(program: &OsStr, script: &str) -> Self {
        let mut process = Command::new(program)
            .arg(script)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{program:?}: {error}"));
        Self {
            urls: process.stdin.take().unwrap(),
            results: BufReader::new(process.stdout.take().unwrap()).lines(),
            _process: process,
        }
    }

    async fn load(&mut self, url: &str) {
        let line = format!("{url}\n");
        self.urls.write_all(line.as_bytes()).await.unwrap();
        let result = self.results.next_line().await.unwrap();
        assert_eq!(result.as_deref(), Some("loaded"), "{url}");
    }
}

macro_rules! scripts {
    ($($(#[$doc:meta])* $Client:ident = $name:literal: $variable:literal or $program:literal, $script:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $Client(Script);

        impl $Client {
            pub(crate) fn start() -> Self {
                Self(Script::start(&program($variable, $program), $script))
            }
        }

        impl Browser for $Client {
            const NAME: &str = $name;

            async fn load(&mut self, url: &str) {
                self.0.load(url).await;
            }
        }
    )*};
}

scripts! {
    /// Python's `http.cookiejar`, with `urllib.request`.
    Urllib = "urllib": "PYTHON" or "python3", "urllib_client.py";
    /// A `Session` of Python's requests library.
    Requests = "requests": "PYTHON" or "python3", "requests_client.py";
    /// Node's tough-cookie with its default options, which include rules for prefixes
    /// (`prefixSecurity`).
    ToughCookie = "tough-cookie": "NODE" or "node", "tough_cookie.cjs";
}
