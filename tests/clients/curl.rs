//! curl's cookie engine: a process for each page. The cookies are kept between the processes.

use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::script::program;
use crate::site::Browser;

/// curl reads its cookies from standard input and writes them to standard output.
const OPTIONS: &str = "--disable --silent --show-error --fail --insecure --noproxy * \
                       --connect-to ::127.0.0.1: --cookie - --cookie-jar - --output /dev/null";

pub(crate) struct Curl {
    /// The cookies, as a cookie file of curl.
    cookies: Vec<u8>,
}

impl Curl {
    pub(crate) fn start() -> Self {
        Self {
            cookies: Vec::new(),
        }
    }
}

impl Browser for Curl {
    const NAME: &str = "curl";

    async fn load(&mut self, url: &str) {
        let mut curl = Command::new(program("CURL", "curl"))
            .args(OPTIONS.split(' '))
            .arg(url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("curl starts");
        let mut stdin = curl.stdin.take().unwrap();
        stdin.write_all(&self.cookies).await.unwrap();
        drop(stdin);
        let output = curl.wait_with_output().await.unwrap();
        assert!(output.status.success(), "curl: {}", output.status);
        self.cookies = output.stdout;
    }
}
