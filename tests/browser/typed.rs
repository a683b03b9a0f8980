//! A browser that parses URLs itself, and that lists its cookies if it can.

use std::time::Duration;

use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::json;
use url::{ParseError, Url};

use crate::driver::Driven;
use crate::site::Browser;

/// Loads pages as if their URL was typed. `fantoccini` would parse the URL before the browser does, with
/// the crate `url`.
pub(crate) struct Typed<'a, B>(pub(crate) &'a mut B);

impl<B: Driven> Browser for Typed<'_, B> {
    const NAME: &'static str = B::NAME;

    async fn load(&mut self, url: &str) {
        let page = self.0.page();
        page.execute("location.href = arguments[0]", vec![url.into()])
            .await
            .unwrap();
        let before_fragment = url.split('#').next().expect("a part");
        let (_, number) = before_fragment.rsplit_once('?').expect("a number");
        let is_loaded =
            "return document.title === arguments[0] && document.readyState === 'complete'";
        for _ in 0..500 {
            // This fails while one page replaces the other.
            if let Ok(result) = page.execute(is_loaded, vec![number.into()]).await {
                if result == true {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{url} was not loaded");
    }

    async fn stored_names(&mut self) -> Option<Vec<String>> {
        if B::NAME != "Chromium" {
            return None;
        }
        let result = self.0.page().issue_cmd(GetCookies).await.unwrap();
        let cookies = result["cookies"].as_array().expect("a list").iter();
        let names = cookies.map(|cookie| cookie["name"].as_str().expect("a name").to_owned());
        Some(names.collect())
    }
}

/// Chromium's command that lists all cookies.
#[derive(Debug)]
struct GetCookies;

impl WebDriverCompatibleCommand for GetCookies {
    fn endpoint(&self, base_url: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        let session = session.expect("a session");
        base_url.join(&format!("session/{session}/goog/cdp/execute"))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let command = json!({"cmd": "Storage.getCookies", "params": {}});
        (Method::POST, Some(command.to_string()))
    }
}
