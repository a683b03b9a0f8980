//! The example `playground`, used with mouse and keyboard.

use std::process::Command;
use std::time::Duration;

use fantoccini::key::Key;
use fantoccini::{Client, Locator};

use crate::driver::{Driven, Started};

/// HTML and a script. They take effect if the page does not escape some text.
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
        let input = self.page.find(Locator::Id(id)).await.unwrap();
        input.clear().await.unwrap();
        input.send_keys(text).await.unwrap();
    }

    async fn choose(&self, id: &str, value: &str) {
        let select = self.page.find(Locator::Id(id)).await.unwrap();
        select.select_by_value(value).await.unwrap();
    }

    async fn check(&self, id: &str) {
        let check_box = self.page.find(Locator::Id(id)).await.unwrap();
        check_box.click().await.unwrap();
    }

    /// Clicks the element `id`, or sends `key` to it, and waits until the next page is loaded.
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
            // This fails while one page replaces the other.
            if let Ok(result) = self.page.execute(is_new, vec![]).await {
                if result == true {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no new page was loaded after {id}");
    }

    async fn click(&self, id: &str) {
        self.press(id, None).await;
    }

    async fn text(&self, id: &str) -> String {
        let element = self.page.find(Locator::Id(id)).await.unwrap();
        element.text().await.unwrap()
    }

    /// The cookies that the browser sends to `path`, as the page lists them.
    async fn sent_to(&self, path: &str) -> String {
        self.open(path).await;
        self.text("request-cookies").await
    }
}

/// Builds the example with the profile of this test, and returns its executable.
fn executable() -> std::path::PathBuf {
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--example",
            "playground",
            "--all-features",
        ])
        // Build scripts that depend on this variable would run again, and their crates be rebuilt.
        .env_remove("CARGO_MANIFEST_DIR")
        .status();
    assert!(status.unwrap().success());
    let test = std::env::current_exe().unwrap();
    let profile = test
        .ancestors()
        .nth(2)
        .expect("the test is in target/PROFILE/deps");
    profile.join("examples").join("playground")
}

pub(crate) async fn check<B: Driven>(browser: &B) {
    let example = Started::new(executable(), "0", "");
    let page = browser.page();
    page.set_window_size(1200, 1350).await.unwrap();
    let url = example.address.trim_end_matches('/').to_owned();
    let playground = Playground { page, url };
    stores_what_hints_of_empty_fields_say(&playground).await;
    sets_and_deletes(&playground).await;
    escapes_markup(&playground).await;
    refuses_logout_with_other_scope::<B>(&playground).await;
    deletes_session_at_retired_scope(&playground).await;
    works_with_keyboard(&playground).await;
    fits_on_a_telephone(&playground).await;
}

/// Sets a cookie with only a name. The browser stores it as the hints of the empty fields say.
async fn stores_what_hints_of_empty_fields_say(playground: &Playground<'_>) {
    playground.open("/app/").await;
    playground.type_into("set-name", "empty").await;
    playground.click("set-submit").await;
    let cookie = playground.page.get_named_cookie("empty").await.unwrap();
    let script = "return document.cookie";
    let read_by_script = playground.page.execute(script, vec![]).await.unwrap();
    for (hint, text, is_true) in [
        ("set-value-hint", "Empty: no text", cookie.value() == "\"\""),
        (
            "set-path-hint",
            "Empty: Path=/,",
            cookie.path() == Some("/"),
        ),
        (
            "set-domain-hint",
            "Empty: this host only.",
            // Drivers write a dot before the Domain of a cookie that is also for subdomains.
            cookie.domain() == Some("localhost"),
        ),
        (
            "lifetime-hint",
            "If both fields are empty, the cookie lasts until the browser closes.",
            cookie.expires().is_none(),
        ),
        (
            "set-secure-hint",
            "Not set: also sent over HTTP.",
            cookie.secure() != Some(true),
        ),
        (
            "set-http-only-hint",
            "Not set: scripts can read the cookie.",
            read_by_script.as_str() == Some("empty=\"\""),
        ),
    ] {
        let hint = playground.text(hint).await;
        assert!(hint.contains(text), "{hint}");
        assert!(is_true, "{text} {cookie:?} {read_by_script}");
    }

    // The delete form is empty too, except for the name.
    playground.type_into("delete-name", "empty").await;
    playground.click("delete-submit").await;
    assert_eq!(playground.sent_to("/app/").await, "No cookies.");

    playground.type_into("set-name", "empty").await;
    playground.check("set-path-empty").await;
    playground.click("set-submit").await;
    let hint = playground.text("set-path-empty-hint").await;
    assert!(hint.contains("the directory of this page"), "{hint}");
    let cookie = playground.page.get_named_cookie("empty").await.unwrap();
    assert_eq!(cookie.path(), Some("/app"));
    playground.type_into("delete-name", "empty").await;
    playground.check("delete-path-empty").await;
    playground.click("delete-submit").await;
    assert_eq!(playground.sent_to("/app/").await, "No cookies.");
}

async fn sets_and_deletes(playground: &Playground<'_>) {
    assert_eq!(playground.sent_to("/").await, "No cookies.");

    playground.type_into("set-name", "theme").await;
    playground.type_into("set-value", "dark; \"blue\"").await;
    playground.type_into("set-path", "/app").await;
    playground.choose("set-http-only", "true").await;
    playground.choose("set-same-site", "Lax").await;
    playground.click("set-submit").await;
    let headers = playground.text("set-cookie-headers").await;
    let expected = r#"theme="dark\073 \"blue\""; HttpOnly; Path=/app; SameSite=Lax"#;
    assert!(headers.contains(expected), "{headers}");
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

async fn escapes_markup(playground: &Playground<'_>) {
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
    let effects = "return [window.hacked ?? null, document.querySelectorAll('script, b').length]";
    let effects = playground.page.execute(effects, vec![]).await.unwrap();
    assert_eq!(effects, serde_json::json!([null, 0]));

    playground.type_into("delete-name", "markup").await;
    playground.click("delete-submit").await;
}

async fn refuses_logout_with_other_scope<B: Driven>(playground: &Playground<'_>) {
    playground.open("/").await;
    playground.click("login").await;
    playground.click("wrong-logout").await;
    let error = playground.text("error").await;
    assert!(
        error.contains("declared with host-only; Path=/, but given host-only; Path=/account;"),
        "{error}"
    );
    assert!(
        playground
            .text("set-cookie-headers")
            .await
            .starts_with("None")
    );
    let scopes = playground.text("scopes").await;
    let scopes: Vec<_> = scopes.split_whitespace().collect();
    assert!(
        scopes.join(" ").contains("Path / /account ≠ differs"),
        "{scopes:?}"
    );
    if let Some(picture) = std::env::var_os("PLAYGROUND_PICTURE").filter(|_| B::NAME == "Chromium")
    {
        let png = playground.page.screenshot().await.unwrap();
        std::fs::write(picture, png).unwrap();
    }
    assert!(playground.sent_to("/").await.contains("session f81d4fae"));

    playground.click("logout").await;
    assert_eq!(playground.sent_to("/").await, "No cookies.");
}

async fn deletes_session_at_retired_scope(playground: &Playground<'_>) {
    playground.click("previous-login").await;
    playground.open("/app/").await;
    playground.click("login").await;
    let sent = playground.sent_to("/app/").await;
    assert!(
        sent.contains("f81d4fae") && !sent.contains("previous"),
        "{sent}"
    );
    playground.click("logout").await;
    assert_eq!(playground.sent_to("/app/").await, "No cookies.");
}

/// The Tab key reaches all controls in the order of the page, and Enter submits a form.
async fn works_with_keyboard(playground: &Playground<'_>) {
    playground.open("/").await;
    let page = playground.page;
    let count = "return [...document.querySelectorAll('a[href], button, input, select')].length";
    let count = page.execute(count, vec![]).await.unwrap();
    let mut reached = Vec::new();
    for _ in 0..count.as_u64().expect("the script returns a number") {
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
    has_names_and_large_targets(page).await;

    playground.type_into("set-name", "typed").await;
    playground.press("set-value", Some(Key::Enter)).await;
    assert!(
        playground
            .text("set-cookie-headers")
            .await
            .contains("typed=\"\"; Path=/")
    );
    // The result has the focus, so that a screen reader reads it.
    let focused = "return document.activeElement.id";
    let focused = page.execute(focused, vec![]).await.unwrap();
    assert_eq!(focused, "result-title");
}

/// Each field has a label and a hint, and each control is large enough for a finger.
async fn has_names_and_large_targets(page: &Client) {
    let failures = "
        const failures = [];
        for (const control of document.querySelectorAll('input, select')) {
            const hint = document.getElementById(control.getAttribute('aria-describedby'));
            if (!control.labels.length || !/^(Empty|Not set|Checked):/.test(hint?.textContent)) {
                failures.push(control.id);
            }
        }
        const targets = 'a, button, select, input:not([type=checkbox]), .check label';
        for (const target of document.querySelectorAll(targets)) {
            const { width, height } = target.getBoundingClientRect();
            if (width < 44 || height < 44) failures.push([target.outerHTML, width, height]);
        }
        return failures";
    let failures = page.execute(failures, vec![]).await.unwrap();
    assert_eq!(failures, serde_json::json!([]));
}

/// In a column of 360 pixels, nothing is wider than the column. The page has a long error, the table
/// with the two scopes, and a long cookie.
async fn fits_on_a_telephone(playground: &Playground<'_>) {
    let page = playground.page;
    page.set_window_size(360, 800).await.unwrap();
    playground.open("/").await;
    playground.type_into("set-name", &"n".repeat(60)).await;
    playground.type_into("set-value", &"v".repeat(300)).await;
    playground.click("set-submit").await;
    playground.type_into("set-name", "session").await;
    let path = format!("/{}", "p".repeat(200));
    playground.type_into("set-path", &path).await;
    playground.click("set-submit").await;
    assert!(playground.text("scopes").await.contains("differs"));
    // Firefox has no windows of less than 500 pixels. The text of an input scrolls within the input.
    let overflows = "
        document.body.style.width = '360px';
        const edge = document.body.getBoundingClientRect().right;
        const overflows = [...document.querySelectorAll('body :not(input)')]
            .filter(element => element.getBoundingClientRect().right > edge
                || element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
            .map(element => element.outerHTML.slice(0, 80));
        return [overflows, innerWidth]";
    let overflows = page.execute(overflows, vec![]).await.unwrap();
    assert_eq!(overflows[0], serde_json::json!([]), "{overflows}");
    assert!(overflows[1].as_u64() < Some(600), "{overflows}");
}
