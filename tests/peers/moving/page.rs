//! The guide pages whose blocks these tests write.

use std::fs;
use std::sync::{Mutex, PoisonError};

const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../src/docs");

/// The tests run at the same time and each rewrites its block.
static UPDATING: Mutex<()> = Mutex::new(());

/// Compares the block of the page `moving_{name}.md` with `text`, or rewrites it if `UPDATE_TABLE` is set.
pub fn assert_block(name: &str, text: &str) {
    let path = format!("{PAGES}/moving_{name}.md");
    let _guard = UPDATING.lock().unwrap_or_else(PoisonError::into_inner);
    let page = fs::read_to_string(&path).expect("the page");
    let begin = format!("<!-- begin {name}: written by tests/peers -->\n");
    let end = format!("<!-- end {name} -->");
    let (before, rest) = page.split_once(&begin).expect("the begin of the block");
    let (block, after) = rest.split_once(&end).expect("the end of the block");
    if std::env::var_os("UPDATE_TABLE").is_some() {
        let updated = format!("{before}{begin}{text}{end}{after}");
        fs::write(&path, updated).expect("the page is writable");
    } else {
        assert_eq!(
            block, text,
            "moving_{name}.md is out of date: set UPDATE_TABLE=1 and run this test again"
        );
    }
}
