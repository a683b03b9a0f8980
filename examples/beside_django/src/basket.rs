//! The page /basket/ and its forms.

use std::fmt::Write;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use serde::Deserialize;
use tower_django_cookies::{CookieJar, Message, MessageLevel, Sessions};

use crate::csrf_form::CsrfForm;
use crate::failure::Failure;
use crate::password;
use crate::visit::{Site, Visit};

const ITEMS: [&str; 3] = ["cocoa", "coffee", "tea"];

/// After each form, the browser is redirected to the page.
type Response = Result<Redirect, Failure>;

pub(crate) fn router(site: Site) -> Router {
    Router::new()
        .route("/basket/", get(show))
        .route("/basket/add", post(add))
        .route("/basket/empty", post(empty))
        .route("/basket/login", post(log_in))
        .route("/basket/logout", post(log_out))
        .route("/basket/password", post(change_password))
        .with_state(Arc::new(site))
}

/// The items that Django or this service put into the session. A value of another type counts as an
/// empty basket.
fn items(visit: &Visit) -> Vec<String> {
    visit
        .session
        .get("basket")
        .ok()
        .flatten()
        .unwrap_or_default()
}

async fn show(State(site): State<Arc<Site>>, jar: CookieJar) -> Result<Html<String>, Failure> {
    let visit = site.visit(&jar)?;
    let token = jar.csrf().token()?;
    let name = visit.user.as_ref().map_or("visitor", |user| &user.name);
    let basket = match items(&visit) {
        items if items.is_empty() => "nothing".into(),
        items => escape(&items.join(", ")),
    };
    let mut page = format!(
        "<!doctype html><title>basket</title>\n<h1>Hello, {}</h1>\n<ul>",
        escape(name)
    );
    for message in jar.messages().take()? {
        let _ = write!(
            page,
            r#"<li class="{}">{}</li>"#,
            escape(&message.tags()),
            to_html(&message)
        );
    }
    let _ = write!(page, "</ul>\n<p id=\"basket\">{basket}</p>\n");
    let mut form = |action: &str, inputs: &str| {
        let _ = writeln!(
            page,
            r#"<form method="post" action="/basket/{action}"><input type="hidden" name="csrfmiddlewaretoken" value="{token}">{inputs}</form>"#
        );
    };
    for item in ITEMS {
        form(
            "add",
            &format!(r#"<button name="item" value="{item}">Add {item}</button>"#),
        );
    }
    form("empty", "<button>Empty</button>");
    if visit.user.is_some() {
        form("logout", "<button>Log out</button>");
        form(
            "password",
            r#"<input name="old" type="password"> <input name="new" type="password"> <button>Change the password</button>"#,
        );
    } else {
        form(
            "login",
            r#"<input name="username"> <input name="password" type="password"> <button>Log in</button>"#,
        );
    }
    let _ = write!(
        page,
        r#"<p><a href="{}/">back to the site</a>"#,
        *crate::DJANGO_URL
    );
    Ok(Html(page))
}

#[derive(Deserialize)]
struct Add {
    item: String,
}

async fn add(
    State(site): State<Arc<Site>>,
    jar: CookieJar,
    CsrfForm(Add { item }): CsrfForm<Add>,
) -> Response {
    if !ITEMS.contains(&&*item) {
        let text = format!(
            "Rust does not sell {}.",
            item.chars().take(50).collect::<String>()
        );
        jar.messages().add(MessageLevel::ERROR, &text)?;
        return Ok(Redirect::to("/basket/"));
    }
    let mut visit = site.visit(&jar)?;
    let mut items = items(&visit);
    items.push(item);
    visit.session.insert("basket", &items)?;
    site.save(&jar, &mut visit)?;
    let text = format!(
        "Rust put {} into your basket.",
        items.last().map_or("", |item| item)
    );
    jar.messages().add(MessageLevel::SUCCESS, &text)?;
    Ok(Redirect::to("/basket/"))
}

#[derive(Deserialize)]
struct Nothing {}

async fn empty(
    State(site): State<Arc<Site>>,
    jar: CookieJar,
    CsrfForm(Nothing {}): CsrfForm<Nothing>,
) -> Response {
    let mut visit = site.visit(&jar)?;
    if visit.session.remove("basket") {
        site.save(&jar, &mut visit)?;
    }
    Ok(Redirect::to("/basket/"))
}

#[derive(Deserialize)]
struct Login {
    username: String,
    password: String,
}

async fn log_in(
    State(site): State<Arc<Site>>,
    jar: CookieJar,
    CsrfForm(Login { username, password }): CsrfForm<Login>,
) -> Response {
    let user = site.database.active_user("username", &username)?;
    let hash = user.as_ref().map(|user| user.password.clone());
    let is_correct = hashing(move || password::verify(&password, hash.as_deref())).await;
    match user.filter(|_| is_correct) {
        Some(user) => {
            let mut visit = site.visit(&jar)?;
            site.log_in(&jar, &mut visit, user)?;
        }
        None => jar
            .messages()
            .add(MessageLevel::ERROR, "The name or the password is wrong.")?,
    }
    Ok(Redirect::to("/basket/"))
}

async fn log_out(
    State(site): State<Arc<Site>>,
    jar: CookieJar,
    CsrfForm(Nothing {}): CsrfForm<Nothing>,
) -> Response {
    let mut visit = site.visit(&jar)?;
    site.log_out(&jar, &mut visit)?;
    Ok(Redirect::to("/basket/"))
}

#[derive(Deserialize)]
struct Passwords {
    old: String,
    new: String,
}

async fn change_password(
    State(site): State<Arc<Site>>,
    jar: CookieJar,
    CsrfForm(Passwords { old, new }): CsrfForm<Passwords>,
) -> Response {
    let mut visit = site.visit(&jar)?;
    let Some(user) = &visit.user else {
        return Ok(Redirect::to("/basket/"));
    };
    let (id, hash, salt) = (user.id, user.password.clone(), Sessions::new_key()?);
    let new_hash = hashing(move || {
        let is_correct = password::verify(&old, Some(&hash));
        is_correct
            .then(|| password::encode(&new, &hash, &salt))
            .flatten()
    });
    if let Some(new_hash) = new_hash.await {
        site.database.set_password(id, &new_hash)?;
        site.keep_login(&jar, &mut visit, &new_hash)?;
        jar.messages()
            .add(MessageLevel::SUCCESS, "Rust changed your password.")?;
    } else {
        jar.messages()
            .add(MessageLevel::ERROR, "The password is wrong.")?;
    }
    Ok(Redirect::to("/basket/"))
}

/// Runs a password hash on a thread for blocking work, because it takes long.
async fn hashing<T: Default + Send + 'static>(hash: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(hash).await.unwrap_or_default()
}

fn to_html(message: &Message) -> String {
    if message.is_html() {
        message.text().to_owned()
    } else {
        escape(message.text())
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}
