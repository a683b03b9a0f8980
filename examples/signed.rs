//! An axum app that remembers a user for two weeks after the last visit. It uses a signed cookie, and its
//! key was rotated.
//!
//! Run it with `cargo run --example signed --features signed [PORT]`, then open the URL it prints.
//!
//! In a project of your own, `Cargo.toml` needs:
//!
//! ```toml
//! [dependencies]
//! axum = "0.8"
//! tokio = { version = "1", features = ["macros", "net", "rt-multi-thread", "signal"] }
//! tower-django-cookies = { version = "0.1", features = ["signed"] }
//! ```

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use tokio::net::TcpListener;
use tower_django_cookies::time::{Duration, OffsetDateTime};
use tower_django_cookies::{Cookie, CookieError, CookieJar, CookieLayer, SameSite};

const TWO_WEEKS: Duration = Duration::weeks(2);

fn page(text: &str) -> Html<String> {
    let menu =
        r#"<p><a href="/login">log in</a> <a href="/logout">log out</a> <a href="/">home</a>"#;
    Html(format!(
        "<!doctype html><title>signed</title><h1>{text}</h1>{menu}"
    ))
}

async fn home(jar: CookieJar) -> Result<Html<String>, CookieError> {
    let remembered = jar.signed().salt("remember me").max_age(TWO_WEEKS);
    match remembered.verify("user") {
        Ok(user) if user.value() == "42" => {
            // Signs the cookie again, with the current key and for another two weeks.
            let age = OffsetDateTime::now_utc() - user.signed_at();
            if age > Duration::DAY || user.needs_renewal() {
                remembered.set(("user", "42"))?;
            }
            Ok(page("Welcome back, user 42."))
        }
        Ok(_) | Err(CookieError::MissingCookie { .. }) => Ok(page("You are not logged in.")),
        // The cookie is expired, forged, or signed with a key that is no longer accepted.
        Err(CookieError::SignatureExpired { .. } | CookieError::BadSignature { .. }) => {
            jar.delete("user")?;
            Ok(page("Please log in again."))
        }
        // The layer has no key: the cookie may be good.
        Err(error) => Err(error),
    }
}

async fn login(jar: CookieJar) -> Result<Html<String>, CookieError> {
    jar.signed().salt("remember me").set(("user", "42"))?;
    Ok(page("You are logged in for two weeks."))
}

async fn logout(jar: CookieJar) -> Result<Html<String>, CookieError> {
    jar.delete("user")?;
    Ok(page("You are logged out."))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cookies = CookieLayer::new()
        .declare(
            Cookie::build("user")
                .http_only(true)
                .same_site(SameSite::Lax)
                .max_age(TWO_WEEKS),
        )?
        // Load the keys of a real service from its secret storage. The previous key still verifies
        // cookies. Remove it two weeks after the rotation, when all cookies that it signed have
        // expired.
        .secret_key("example key, used since October 2026")?
        .secret_key_fallbacks(["example key, used until October 2026"])?;
    let app = Router::new()
        .route("/", get(home))
        .route("/login", get(login))
        .route("/logout", get(logout))
        .layer(cookies);

    let port = std::env::args()
        .nth(1)
        .map_or(Ok(3003_u16), |port| port.parse())
        .map_err(|error| format!("invalid port: {error}"))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}/", listener.local_addr()?);
    tokio::select! {
        result = axum::serve(listener, app) => result?,
        result = tokio::signal::ctrl_c() => result?,
    }
    Ok(())
}
