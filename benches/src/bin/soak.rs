//! A server at full load for minutes: every answer is checked, and its memory is watched.
//!
//! `cargo run --release --package benches --bin soak [SECONDS]`

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
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
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer};

/// Each sends a request when it has checked the answer to the last.
const CLIENTS: usize = 16;

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
        .secret_key("a secret that nobody guesses");
    Ok(Router::new()
        .route("/set/{value}", get(set))
        .route("/delete", get(delete))
        .route("/sign/{value}", get(sign))
        .route("/signed", get(signed))
        .route("/read", get(read))
        .layer(cookies))
}

/// Says where it listens, and serves until it is ended.
async fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    let app = app().expect("cookies that browsers store");
    axum::serve(listener, app).await.expect("it serves");
}

struct Answer {
    status: StatusCode,
    set_cookie: Vec<String>,
    body: String,
}

struct Client {
    connection: SendRequest<Body>,
    answers: u64,
}

impl Client {
    async fn new(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        let (connection, io) = handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(io);
        Self {
            connection,
            answers: 0,
        }
    }

    async fn get(&mut self, path: &str, cookies: &[u8]) -> Answer {
        let field = HeaderValue::from_bytes(cookies).expect("bytes that a field may hold");
        let request = Request::get(path)
            .header("host", "www.example.com")
            .header(COOKIE, field);
        let request = request.body(Body::empty()).expect("a request");
        self.connection.ready().await.expect("the server stays");
        let response: Response<_> = self
            .connection
            .send_request(request)
            .await
            .expect("an answer");
        self.answers += 1;
        let (head, body) = response.into_parts();
        let fields = head.headers.get_all(SET_COOKIE).iter();
        let body = body.collect().await.expect("a body").to_bytes();
        Answer {
            status: head.status,
            set_cookie: fields
                .map(|field| field.to_str().expect("ASCII").to_owned())
                .collect(),
            body: String::from_utf8(body.to_vec()).expect("UTF-8"),
        }
    }

    /// One of each kind of request.
    async fn round(&mut self, number: u64, garbage: &[u8], long: &[u8]) {
        let answer = self
            .get(&format!("/set/{number}%3B%20{number}"), b"soak=0")
            .await;
        assert_eq!(
            answer.set_cookie,
            [format!("soak=\"{number}\\073 {number}\"; Path=/")]
        );

        let answer = self.get("/delete", b"session=1").await;
        let deleted =
            "session=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Max-Age=0; Path=/app";
        assert_eq!(answer.set_cookie, [deleted]);

        let answer = self.get(&format!("/sign/{number}"), b"").await;
        let [field] = &answer.set_cookie[..] else {
            panic!("{:?}", answer.set_cookie);
        };
        let pair = field.strip_suffix("; Path=/").expect("Django's default");
        let answer = self.get("/signed", pair.as_bytes()).await;
        assert_eq!(
            (answer.status, answer.body),
            (StatusCode::OK, number.to_string())
        );

        let forged = [pair.as_bytes(), b"0"].concat();
        let answer = self.get("/signed", &forged).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);

        let answer = self.get("/read", garbage).await;
        assert_eq!(
            (answer.body, answer.set_cookie.len()),
            ("4 \u{fffd};".to_owned(), 0)
        );

        let answer = self.get("/read", long).await;
        assert_eq!(
            (answer.body, answer.set_cookie.len()),
            ("1001 yes".to_owned(), 0)
        );
    }
}

/// The resident memory of `server`, in KiB.
fn resident(server: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    number.expect("a size").parse().expect("a number")
}

async fn load(server: &Child, address: &str, seconds: u64) -> ExitCode {
    let garbage = b"; ;=;\xff\xfe=1; \"=\"; ==; last=\"\xff\\073\"".to_vec();
    let long = thousand() + "; last=yes";
    let start = Instant::now();
    let end = start + Duration::from_secs(seconds);
    let clients = (0..CLIENTS).map(|client| {
        let (address, garbage, long) = (address.to_owned(), garbage.clone(), long.clone());
        tokio::spawn(async move {
            let mut client_of_its_own = Client::new(&address).await;
            let mut number = client as u64;
            while Instant::now() < end {
                client_of_its_own
                    .round(number, &garbage, long.as_bytes())
                    .await;
                number += CLIENTS as u64;
            }
            client_of_its_own.answers
        })
    });
    let clients: Vec<_> = clients.collect();

    let mut sizes = Vec::new();
    while Instant::now() + Duration::from_secs(1) < end {
        tokio::time::sleep(Duration::from_secs((seconds / 20).max(1))).await;
        sizes.push(resident(server));
        println!(
            "after {:3} s: {} KiB resident",
            start.elapsed().as_secs(),
            sizes[sizes.len() - 1]
        );
    }
    let mut answers = 0;
    for client in clients {
        answers += client.await.expect("every answer was right");
    }
    // The first quarter is to warm up.
    let warm = sizes[sizes.len() / 4];
    let last = sizes[sizes.len() - 1];
    println!("{answers} answers, each right; resident {warm} KiB when warm, {last} KiB at the end");
    if last > warm + warm / 10 {
        eprintln!("it grows");
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
    let seconds = argument.map_or(600, |seconds| seconds.parse().expect("a number of seconds"));
    let program = env::current_exe().expect("this program");
    let server = Command::new(program)
        .arg("serve")
        .stdout(Stdio::piped())
        .spawn();
    let mut server = server.expect("it starts");
    let mut address = String::new();
    let said = server.stdout.take().expect("piped");
    BufReader::new(said)
        .read_line(&mut address)
        .expect("where it listens");
    let outcome = runtime.block_on(load(&server, address.trim(), seconds));
    server.kill().expect("it ends");
    server.wait().expect("it ends");
    outcome
}
