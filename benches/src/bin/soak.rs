//! Runs a server at full load for minutes, checks every response, and watches the server's memory.
//!
//! `cargo run --release --package benches --bin soak [SECONDS]`

use std::io::{BufRead, BufReader};
use std::num::NonZeroU64;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;
use std::{env, fs};

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderValue, Request, Response, StatusCode};
use axum::routing::get;
use benches::scenarios::thousand;
use http_body_util::BodyExt;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};

/// Each client checks a response before it sends the next request.
const CLIENTS: usize = 16;

/// The number of times that the memory is measured.
const SAMPLES: u32 = 20;

fn app() -> Result<Router, CookieError> {
    async fn set(jar: CookieJar, Path(value): Path<String>) -> Result<(), CookieError> {
        jar.set(("soak", value))
    }
    async fn delete(jar: CookieJar) -> Result<(), CookieError> {
        jar.delete("session")
    }
    async fn sign(jar: CookieJar, Path(value): Path<String>) -> Result<(), CookieError> {
        jar.signed().salt("soak").set(("signed", value))
    }
    async fn signed(jar: CookieJar) -> Result<String, CookieError> {
        jar.signed().salt("soak").get("signed")
    }
    async fn read(jar: CookieJar) -> String {
        format!("{} {}", jar.len(), jar.get("last").unwrap_or("missing"))
    }
    let session = Cookie::build("session").path("/app").http_only(true);
    let cookies = CookieLayer::new()
        .declare(session)?
        .secret_key("a secret that nobody can guess")?;
    Ok(Router::new()
        .route("/set/{value}", get(set))
        .route("/delete", get(delete))
        .route("/sign/{value}", get(sign))
        .route("/signed", get(signed))
        .route("/read", get(read))
        .layer(cookies))
}

/// Prints the address of the server, and serves until the process is killed.
async fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    let app = app().expect("a valid configuration");
    axum::serve(listener, app)
        .await
        .expect("serving without an error");
}

/// A response with its whole body.
struct Received {
    status: StatusCode,
    set_cookie: Vec<String>,
    body: String,
}

struct Client {
    connection: SendRequest<Body>,
    responses: u64,
}

impl Client {
    async fn new(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        let (connection, io) = handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(io);
        Self {
            connection,
            responses: 0,
        }
    }

    async fn get(&mut self, path: &str, cookies: &[u8]) -> Received {
        let cookies = HeaderValue::from_bytes(cookies).expect("a header value");
        let request = Request::get(path)
            .header("host", "www.example.com")
            .header(COOKIE, cookies);
        let request = request.body(Body::empty()).expect("a valid request");
        self.connection.ready().await.expect("an open connection");
        let response: Response<_> = self
            .connection
            .send_request(request)
            .await
            .expect("a response");
        self.responses += 1;
        let (parts, body) = response.into_parts();
        let headers = parts.headers.get_all(SET_COOKIE).iter();
        let body = body.collect().await.expect("a body").to_bytes();
        Received {
            status: parts.status,
            set_cookie: headers
                .map(|header| header.to_str().expect("ASCII").to_owned())
                .collect(),
            body: String::from_utf8(body.to_vec()).expect("UTF-8"),
        }
    }

    /// Sends one request of each kind, and checks the responses.
    async fn round(&mut self, number: u64, garbage: &[u8], long: &[u8]) {
        let response = self
            .get(&format!("/set/{number}%3B%20{number}"), b"soak=0")
            .await;
        assert_eq!(
            response.set_cookie,
            [format!("soak=\"{number}\\073 {number}\"; Path=/")]
        );

        let response = self.get("/delete", b"session=1").await;
        let deleted =
            "session=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Max-Age=0; Path=/app";
        assert_eq!(response.set_cookie, [deleted]);

        let response = self.get(&format!("/sign/{number}"), b"").await;
        let [header] = &response.set_cookie[..] else {
            panic!("{:?}", response.set_cookie);
        };
        let pair = header.strip_suffix("; Path=/").expect("the default Path");
        let response = self.get("/signed", pair.as_bytes()).await;
        assert_eq!(
            (response.status, response.body),
            (StatusCode::OK, number.to_string())
        );

        let forged = [pair.as_bytes(), b"0"].concat();
        let response = self.get("/signed", &forged).await;
        assert_eq!(response.status, StatusCode::BAD_REQUEST);

        let response = self.get("/read", garbage).await;
        assert_eq!(
            (response.body, response.set_cookie.len()),
            ("4 \u{fffd};".to_owned(), 0)
        );

        let response = self.get("/read", long).await;
        assert_eq!(
            (response.body, response.set_cookie.len()),
            ("1001 yes".to_owned(), 0)
        );
    }
}

/// This program as the server in another process, which is killed when this value is dropped.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start() -> Self {
        let program = env::current_exe().expect("this program");
        let mut process = Command::new(program)
            .arg("serve")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let stdout = process.stdout.take().expect("piped");
        let mut server = Self {
            process,
            address: String::new(),
        };
        BufReader::new(stdout)
            .read_line(&mut server.address)
            .expect("the address of the server");
        server
    }

    /// The resident memory of the server, in KiB.
    fn resident(&self) -> u64 {
        let status = format!("/proc/{}/status", self.process.id());
        let status = fs::read_to_string(status).expect("a running process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
        number.expect("a size").parse().expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().expect("killing the server");
        self.process.wait().expect("the end of the server");
    }
}

/// Panics at the first wrong response.
async fn load(server: &Server, length: Duration) -> ExitCode {
    let garbage = b"; ;=;\xff\xfe=1; \"=\"; ==; last=\"\xff\\073\"".to_vec();
    let long = thousand() + "; last=yes";
    let start = Instant::now();
    let mut clients = JoinSet::new();
    for first in (0..).take(CLIENTS) {
        let address = server.address.trim().to_owned();
        let (garbage, long) = (garbage.clone(), long.clone());
        clients.spawn(async move {
            let mut client = Client::new(&address).await;
            for number in (first..).step_by(CLIENTS) {
                client.round(number, &garbage, long.as_bytes()).await;
                if start.elapsed() >= length {
                    break;
                }
            }
            client.responses
        });
    }

    let pause = length / SAMPLES;
    let mut pauses = interval_at(start + pause, pause);
    let mut sizes = vec![server.resident()];
    let mut responses = 0;
    loop {
        tokio::select! {
            ended = clients.join_next() => match ended {
                Some(ended) => responses += ended.expect("every response is right"),
                None => break,
            },
            _ = pauses.tick() => {
                sizes.push(server.resident());
                let (after, size) = (start.elapsed().as_secs_f64(), sizes[sizes.len() - 1]);
                println!("after {after:5.1} s: {size} KiB resident");
            }
        }
    }
    // The server warms up during the first quarter.
    let warm = sizes[sizes.len() / 4];
    let last = server.resident();
    println!(
        "{responses} responses, all right; {warm} KiB resident when warm, {last} KiB at the end"
    );
    if last > warm + warm / 10 {
        eprintln!("the memory of the server grows");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let argument = env::args().nth(1);
    if argument.as_deref() == Some("serve") {
        runtime.block_on(serve());
        return ExitCode::SUCCESS;
    }
    let seconds = argument.map_or(600, |seconds| {
        let seconds: NonZeroU64 = seconds.parse().expect("a number of seconds");
        seconds.get()
    });
    runtime.block_on(load(&Server::start(), Duration::from_secs(seconds)))
}
