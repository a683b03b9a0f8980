//! Clients that are a script in another language: each loads the URLs of its standard input.

use std::ffi::{OsStr, OsString};
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

            async fn go(&mut self, url: &str) {
                self.0.load(url).await;
            }
        }
    )*};
}

scripts! {
    /// Python's `http.cookiejar`, with `urllib.request`.
    Urllib = "urllib": "PYTHON" or "python3", "urllib_client.py";
    /// A `Session` of Python's requests.
    Requests = "requests": "PYTHON" or "python3", "requests_client.py";
    /// Node's tough-cookie with its default options, in which prefixes have rules (`prefixSecurity`).
    ToughCookie = "tough-cookie": "NODE" or "node", "tough_cookie.cjs";
}
