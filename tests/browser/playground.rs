//! The example `playground`, used as a person uses it.

use std::process::Command;
use std::time::Duration;

use fantoccini::key::Key;
use fantoccini::{Client, Locator};

use crate::driver::{Driven, Started};

/// An attack that shows if any of the page takes text for markup.
const MARKUP: &str = r#""><script>window.hacked=1</script><b>'&amp;"#;

struct Playground<'a> {
    page: &'a Client,
    url: String,
}

impl Playground<'_> {
    async fn open(&self, path: &str) {
        self.page
            .goto(&format!("{}{path}", self.url))
            .await
            .unwrap();
    }

    async fn type_into(&self, id: &str, text: &str) {
        let field = self.page.find(Locator::Id(id)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    async fn choose(&self, id: &str, value: &str) {
        let field = self.page.find(Locator::Id(id)).await.unwrap();
        field.select_by_value(value).await.unwrap();
    }

    /// Presses a button or a key, and waits for the page that answers.
    async fn press(&self, id: &str, key: Option<Key>) {
        self.page
            .execute("window.isOld = true", vec![])
            .await
            .unwrap();
        let target = self.page.find(Locator::Id(id)).await.unwrap();
        match key {
            Some(key) => target
                .send_keys(&char::from(key).to_string())
                .await
                .unwrap(),
            None => target.click().await.unwrap(),
        }
        let is_new = "return !window.isOld && document.readyState === 'complete'";
        for _ in 0..500 {
            // There is a moment without a page.
            if let Ok(answer) = self.page.execute(is_new, vec![]).await {
                if answer == true {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no answer to {id}");
    }

    async fn click(&self, id: &str) {
        self.press(id, None).await;
    }

    async fn text(&self, id: &str) -> String {
        let found = self.page.find(Locator::Id(id)).await.unwrap();
        found.text().await.unwrap()
    }

    /// What the browser sends at `path`, as the page lists it.
    async fn sent_to(&self, path: &str) -> String {
        self.open(path).await;
        self.text("request-cookies").await
    }
}

/// The example's executable, built as this test was.
fn executable() -> std::path::PathBuf {
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--example",
            "playground",
            "--all-features",
        ])
        // What the test itself was given would have crates built anew that watch it.
        .env_remove("CARGO_MANIFEST_DIR")
        .status();
    assert!(built.unwrap().success());
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).expect("target/debug");
    profile.join("examples").join("playground")
}

pub(crate) async fn check<B: Driven>(browser: &B) {
    let example = Started::new(executable(), "0", "");
    let page = browser.page();
    page.set_window_size(1200, 1350).await.unwrap();
    let url = example.said.trim_end_matches('/').to_owned();
    let playground = Playground { page, url };
    sets_and_deletes(&playground).await;
    takes_no_text_for_markup(&playground).await;
    keeps_the_session_from_a_wrong_logout::<B>(&playground).await;
    works_from_the_keyboard(&playground).await;
}

async fn sets_and_deletes(playground: &Playground<'_>) {
    assert_eq!(playground.sent_to("/").await, "No cookies.");

    playground.type_into("set-name", "theme").await;
    playground.type_into("set-value", "dark; \"blue\"").await;
    playground.type_into("set-path", "/app").await;
    playground.choose("set-http-only", "true").await;
    playground.choose("set-same-site", "Lax").await;
    playground.click("set-submit").await;
    let fields = playground.text("set-cookie-fields").await;
    let expected = r#"theme="dark\073 \"blue\""; HttpOnly; Path=/app; SameSite=Lax"#;
    assert!(fields.contains(expected), "{fields}");
    assert_eq!(playground.sent_to("/").await, "No cookies.");
    let sent = playground.sent_to("/app/").await;
    assert!(sent.contains(r#"theme dark; "blue""#), "{sent}");

    playground.type_into("delete-name", "theme").await;
    playground.click("delete-submit").await;
    assert!(playground.sent_to("/app/").await.contains("theme"));
    playground.type_into("delete-name", "theme").await;
    playground.type_into("delete-path", "/app").await;
    playground.click("delete-submit").await;
    assert_eq!(playground.sent_to("/app/").await, "No cookies.");

    playground.type_into("set-name", "theme").await;
    playground.type_into("set-max-age", "an hour").await;
    playground.click("set-submit").await;
    assert!(
        playground
            .text("error")
            .await
            .contains("not a whole number")
    );
}

async fn takes_no_text_for_markup(playground: &Playground<'_>) {
    playground.open("/").await;
    playground.type_into("set-name", "markup").await;
    playground.type_into("set-value", MARKUP).await;
    playground.click("set-submit").await;
    playground.type_into("set-name", MARKUP).await;
    playground.type_into("set-path", MARKUP).await;
    playground.click("set-submit").await;
    assert!(playground.text("error").await.contains("<script>"));
    let sent = playground.text("request-cookies").await;
    assert!(sent.contains(MARKUP), "{sent}");
    let marks = "return [window.hacked ?? null, document.querySelectorAll('script, b').length]";
    let marks = playground.page.execute(marks, vec![]).await.unwrap();
    assert_eq!(marks, serde_json::json!([null, 0]));

    playground.type_into("delete-name", "markup").await;
    playground.click("delete-submit").await;
}

async fn keeps_the_session_from_a_wrong_logout<B: Driven>(playground: &Playground<'_>) {
    playground.open("/").await;
    playground.click("login").await;
    playground.click("wrong-logout").await;
    let error = playground.text("error").await;
    assert!(
        error.contains("declared with host-only; Path=/, given with"),
        "{error}"
    );
    assert!(
        playground
            .text("set-cookie-fields")
            .await
            .starts_with("None")
    );
    if let Some(picture) = std::env::var_os("PLAYGROUND_PICTURE").filter(|_| B::NAME == "Chromium")
    {
        let png = playground.page.screenshot().await.unwrap();
        std::fs::write(picture, png).unwrap();
    }
    assert!(playground.sent_to("/").await.contains("session f81d4fae"));

    playground.click("logout").await;
    assert_eq!(playground.sent_to("/").await, "No cookies.");

    playground.click("former-login").await;
    playground.open("/app/").await;
    playground.click("login").await;
    let sent = playground.sent_to("/app/").await;
    assert!(
        sent.contains("f81d4fae") && !sent.contains("former"),
        "{sent}"
    );
    playground.click("logout").await;
    assert_eq!(playground.sent_to("/app/").await, "No cookies.");
}

/// Each control can be reached with the tab key, in the order of the page, and Enter sends a form.
async fn works_from_the_keyboard(playground: &Playground<'_>) {
    playground.open("/").await;
    let page = playground.page;
    let controls = "return [...document.querySelectorAll('a[href], button, input, select')].length";
    let controls = page.execute(controls, vec![]).await.unwrap();
    let mut reached = Vec::new();
    for _ in 0..controls.as_u64().expect("a number") {
        let focused = page.active_element().await.unwrap();
        focused
            .send_keys(&char::from(Key::Tab).to_string())
            .await
            .unwrap();
        let focused = "return document.activeElement.id || document.activeElement.href";
        reached.push(page.execute(focused, vec![]).await.unwrap());
    }
    let order = "return [...document.querySelectorAll('a[href], button, input, select')]
        .map(control => control.id || control.href)";
    let order = page.execute(order, vec![]).await.unwrap();
    assert_eq!(serde_json::Value::Array(reached), order);

    playground.type_into("set-name", "typed").await;
    playground.press("set-value", Some(Key::Enter)).await;
    assert!(
        playground
            .text("set-cookie-fields")
            .await
            .contains("typed=\"\"; Path=/")
    );
}
