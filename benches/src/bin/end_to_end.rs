//! An axum server on loopback under `wrk`: bare, with this crate, and with tower-cookies, in turns.
//!
//! `cargo run --release --package benches --bin end_to_end [ROUNDS]`

use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::thread;

use axum::Router;
use axum::http::header::{COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use axum::routing::get;
use benches::libraries::OURS;
use benches::scenarios::{NAME, SCENARIOS, VALUE};
use tower::layer::util::Identity;
use tower_cookies::{Cookie, CookieManagerLayer, Cookies};
use tower_django_cookies::{CookieError, CookieJar, CookieLayer};

const FIELD: &str = "sessionid=f81d4fae7dec11d0a76500a0c91e6bf6; Path=/";

async fn bare(headers: HeaderMap) -> ([(HeaderName, HeaderValue); 1], &'static str) {
    assert!(headers.contains_key(COOKIE));
    ([(SET_COOKIE, HeaderValue::from_static(FIELD))], "Hello.")
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

/// Serves from a thread of its own, to the end of the program.
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
            axum::serve(listener, app).await.expect("it serves");
        });
    });
    address
}

/// Requests a second.
fn load(address: SocketAddr, cookies: &str) -> f64 {
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
        .expect("wrk runs");
    let output = String::from_utf8(output.stdout).expect("text");
    assert!(!output.contains("Non-2xx"), "{output}");
    let line = output
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"));
    line.and_then(|number| number.trim().parse().ok())
        .unwrap_or_else(|| panic!("{output}"))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn main() {
    let rounds = std::env::args().nth(1);
    let rounds = rounds.map_or(11, |rounds| rounds.parse().expect("a number of rounds"));
    let ten = SCENARIOS
        .iter()
        .find(|scenario| scenario.name == "read-and-set-10");
    let request = ten.expect("a scenario").request(&OURS);
    let cookies = request.headers()[COOKIE].to_str().expect("ASCII");

    let servers = [
        ("bare", serve(Router::new().route("/", get(bare)))),
        // What axum takes for a layer, whatever it does.
        (
            "bare in a layer",
            serve(Router::new().route("/", get(bare)).layer(Identity::new())),
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
    let mut answered = vec![Vec::new(); servers.len()];
    for round in 1..=rounds {
        for (rates, (_, address)) in answered.iter_mut().zip(&servers) {
            rates.push(load(*address, cookies));
        }
        eprintln!("round {round} of {rounds}");
    }
    println!("| axum on loopback, {rounds} rounds | requests a second | of bare |");
    println!("|---|--:|--:|");
    for ((name, _), rates) in servers.iter().zip(&answered) {
        let shares = rates
            .iter()
            .zip(&answered[0])
            .map(|(rate, bare)| rate / bare);
        println!(
            "| {name} | {:.0} | {:.3} |",
            median(rates.clone()),
            median(shares.collect())
        );
    }
}
