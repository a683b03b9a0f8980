//! Measures an axum server on loopback with `wrk`: without a library, with this crate, and with
//! tower-cookies, in turns.
//!
//! `cargo run --release --package benches --bin end_to_end [ROUNDS]`

use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::thread;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{COOKIE, HeaderName, HeaderValue, SET_COOKIE};
use axum::routing::get;
use benches::action::{NAME, SET_COOKIE_VALUE, VALUE};
use benches::libraries::OURS;
use benches::scenarios::read_and_set;
use benches::statistics::median;
use tower::layer::util::Identity;
use tower_cookies::{Cookie, CookieManagerLayer, Cookies};
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};

/// Takes the request, because the extractor `HeaderMap` would clone all headers.
async fn baseline(request: Request) -> ([(HeaderName, HeaderValue); 1], &'static str) {
    assert!(request.headers().contains_key(COOKIE));
    let header = HeaderValue::from_static(SET_COOKIE_VALUE);
    ([(SET_COOKIE, header)], "Hello.")
}

async fn ours(jar: CookieJar) -> Result<&'static str, CookieError> {
    assert_eq!(jar.require(NAME)?, VALUE);
    jar.set((NAME, VALUE))?;
    Ok("Hello.")
}

async fn theirs(cookies: Cookies) -> &'static str {
    assert!(
        cookies
            .get(NAME)
            .is_some_and(|cookie| cookie.value() == VALUE)
    );
    cookies.add(Cookie::build((NAME, VALUE)).path("/").into());
    "Hello."
}

/// Serves on a new thread until the program ends.
fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
            axum::serve(listener, app)
                .await
                .expect("serving without an error");
        });
    });
    address
}

/// The requests per second that the server responds to under load.
fn measure(address: SocketAddr, cookies: &str) -> f64 {
    let output = Command::new("wrk")
        .args([
            "--threads=1",
            "--connections=32",
            "--duration=2s",
            "--latency",
        ])
        .arg(format!("--header=Cookie: {cookies}"))
        .arg(format!("http://{address}/"))
        .output()
        .expect("wrk starts");
    let output = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(!output.contains("Non-2xx"), "{output}");
    let line = output
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"));
    line.and_then(|number| number.trim().parse().ok())
        .unwrap_or_else(|| panic!("{output}"))
}

fn main() {
    let rounds = std::env::args().nth(1);
    let rounds = rounds.map_or(11, |rounds| rounds.parse().expect("a number of rounds"));
    let request = read_and_set().request(&OURS);
    let cookies = request.headers()[COOKIE].to_str().expect("ASCII");

    let servers = [
        ("baseline", serve(Router::new().route("/", get(baseline)))),
        // The cost of any layer in axum.
        (
            "baseline in an empty layer",
            serve(
                Router::new()
                    .route("/", get(baseline))
                    .layer(Identity::new()),
            ),
        ),
        (
            "tower-django-cookies",
            serve(
                Router::new()
                    .route("/", get(ours))
                    .layer(CookieLayer::new()),
            ),
        ),
        (
            "tower-cookies",
            serve(
                Router::new()
                    .route("/", get(theirs))
                    .layer(CookieManagerLayer::new()),
            ),
        ),
    ];
    let mut rates_of_servers = vec![Vec::new(); servers.len()];
    for round in 0..rounds {
        // Another server is the first one in each round.
        for turn in 0..servers.len() {
            let place = (round + turn) % servers.len();
            rates_of_servers[place].push(measure(servers[place].1, cookies));
        }
        eprintln!("round {} of {rounds}", round + 1);
    }
    println!(
        "| axum on loopback, {rounds} rounds | requests per second | relative to the baseline | relative to the empty layer |"
    );
    println!("|---|--:|--:|--:|");
    for ((name, _), rates) in servers.iter().zip(&rates_of_servers) {
        let relative_to = |other: &[f64]| {
            let shares = rates.iter().zip(other).map(|(rate, other)| rate / other);
            median(shares)
        };
        println!(
            "| {name} | {:.0} | {:.3} | {:.3} |",
            median(rates.iter().copied()),
            relative_to(&rates_of_servers[0]),
            relative_to(&rates_of_servers[1])
        );
    }
}
