//! What is asked of a library: a request, and what the handler does with it.

use std::fmt::Write;

use http::Request;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};

use crate::libraries::{BARE, LIBRARIES, Library, OURS};

/// What a handler does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: the layer is there, and no cookie is touched.
    Nothing,
    /// Reads a cookie, another of these at each call, which must be there.
    Get(&'static [&'static str]),
    /// Reads a cookie that isn't there.
    GetMissing,
    /// Reads every name and value.
    GetAll,
    /// Counts the names.
    Count,
    /// `Set-Cookie: sessionid=…; Path=/`
    Set,
    /// Every attribute but Partitioned.
    SetAttributes,
    /// Ten as [`Set`](Self::Set).
    SetTen,
    /// Deletes `sessionid` at `/`.
    Delete,
    /// Sets one cookie and deletes another, whose scopes the crate has declared, and which its peers
    /// say each time.
    Declared,
    SetSigned,
    GetSigned,
    /// Reads `sessionid` and sets it again: most of what a login or a session does.
    GetAndSet,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cookies {
    None,
    Ten,
    /// HTTP/2 may send a field a cookie.
    TenFields,
    /// One value in quotes, with escapes.
    Quoted,
    /// 17 KiB.
    Thousand,
    /// As the library has signed it.
    Signed,
    Repeated(&'static str, usize),
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    pub name: &'static str,
    pub action: Action,
    cookies: Cookies,
}

const fn scenario(name: &'static str, cookies: Cookies, action: Action) -> Scenario {
    Scenario {
        name,
        action,
        cookies,
    }
}

const KIB: usize = 1024;

pub const SCENARIOS: &[Scenario] = &[
    scenario("untouched-0", Cookies::None, Action::Nothing),
    scenario("untouched-10", Cookies::Ten, Action::Nothing),
    scenario("read-one-of-10", Cookies::Ten, Action::Get(&NAMES)),
    scenario("read-missing-of-10", Cookies::Ten, Action::GetMissing),
    scenario("read-all-of-10", Cookies::Ten, Action::GetAll),
    scenario(
        "read-one-of-10-fields",
        Cookies::TenFields,
        Action::Get(&NAMES),
    ),
    scenario("read-quoted", Cookies::Quoted, Action::Get(&["theme"])),
    scenario(
        "read-worst-of-1000",
        Cookies::Thousand,
        Action::Get(&["n0000"]),
    ),
    scenario(
        "read-missing-of-1000",
        Cookies::Thousand,
        Action::GetMissing,
    ),
    scenario("set-one-0", Cookies::None, Action::Set),
    scenario("set-one-10", Cookies::Ten, Action::Set),
    scenario("set-attributes-0", Cookies::None, Action::SetAttributes),
    scenario("set-attributes-10", Cookies::Ten, Action::SetAttributes),
    scenario("set-ten-0", Cookies::None, Action::SetTen),
    scenario("set-ten-10", Cookies::Ten, Action::SetTen),
    // A jar of the `cookie` crate deletes only what the request had.
    scenario("delete-one-10", Cookies::Ten, Action::Delete),
    scenario("declared-10", Cookies::Ten, Action::Declared),
    scenario("read-and-set-10", Cookies::Ten, Action::GetAndSet),
    scenario("signed-set-0", Cookies::None, Action::SetSigned),
    scenario("signed-set-10", Cookies::Ten, Action::SetSigned),
    scenario("signed-get", Cookies::Signed, Action::GetSigned),
    scenario(
        "semicolons-10k",
        Cookies::Repeated(";", 10 * KIB),
        Action::GetMissing,
    ),
    scenario(
        "semicolons-80k",
        Cookies::Repeated(";", 80 * KIB),
        Action::GetMissing,
    ),
    scenario(
        "pairs-10k",
        Cookies::Repeated("a=1;", 10 * KIB),
        Action::GetMissing,
    ),
    scenario(
        "pairs-80k",
        Cookies::Repeated("a=1;", 80 * KIB),
        Action::GetMissing,
    ),
    scenario(
        "count-pairs-10k",
        Cookies::Repeated("a=1;", 10 * KIB),
        Action::Count,
    ),
    scenario(
        "count-pairs-80k",
        Cookies::Repeated("a=1;", 80 * KIB),
        Action::Count,
    ),
];

/// The names of the ten, in the order of the header.
pub const NAMES: [&str; 10] = [
    "sessionid",
    "csrftoken",
    "_ga",
    "_gid",
    "theme",
    "lang",
    "consent",
    "cart",
    "tz",
    "visited",
];

const VALUES: [&str; 10] = [
    "f81d4fae7dec11d0a76500a0c91e6bf6",
    "Ux5Gd2Zr8sQpLmNo3vWbYc1KjHf7TtEa",
    "GA1.2.1716212.1732212345",
    "GA1.2.998211.1732212345",
    "dark",
    "en-GB",
    "necessary.statistics",
    "8d1f2c",
    "Europe/Berlin",
    "True",
];

/// What sets write.
pub const NAME: &str = NAMES[0];
pub const VALUE: &str = VALUES[0];
pub const DOMAIN: &str = "example.com";
pub const MAX_AGE: u32 = 1_209_600;

/// The names of [`Action::SetTen`].
pub const SET_NAMES: [&str; 10] = [
    "set-a", "set-b", "set-c", "set-d", "set-e", "set-f", "set-g", "set-h", "set-i", "set-j",
];

/// What is in the extensions of a request before the layer sees it.
#[derive(Clone, Copy, Debug)]
struct PeerAddress(#[allow(dead_code, reason = "a stand-in")] u32);

/// A scenario through a library that can do it.
#[derive(Clone, Copy)]
pub struct Case {
    pub scenario: &'static Scenario,
    pub library: &'static Library,
}

impl Case {
    /// The names of both.
    pub fn key(self) -> (&'static str, &'static str) {
        (self.scenario.name, self.library.name)
    }
}

/// All there are, always in the same order.
pub fn cases() -> Vec<Case> {
    let of = |scenario: &'static Scenario| {
        let libraries = std::iter::once(&BARE).chain(&LIBRARIES);
        let able = libraries.filter(|library| (library.respond)(scenario.action).is_some());
        able.map(move |library| Case { scenario, library })
    };
    SCENARIOS.iter().flat_map(of).collect()
}

/// This crate's and the bare service's.
pub fn of_ours() -> Vec<Case> {
    let mut cases = cases();
    cases.retain(|case| [OURS.name, BARE.name].contains(&case.library.name));
    cases
}

/// All but [`of_ours`].
pub fn of_peers() -> Vec<Case> {
    let mut cases = cases();
    cases.retain(|case| ![OURS.name, BARE.name].contains(&case.library.name));
    cases
}

impl Scenario {
    /// How many calls go through all that it has.
    pub fn calls(&self) -> usize {
        match self.action {
            Action::Get(names) => names.len(),
            _ => 1,
        }
    }

    /// The request's `Cookie` fields, for the table.
    pub fn request_text(&self) -> String {
        match self.cookies {
            Cookies::None => "no cookies".to_owned(),
            Cookies::Ten => format!("ten cookies, {} bytes", ten().len()),
            Cookies::TenFields => "ten `Cookie` fields".to_owned(),
            Cookies::Quoted => format!("`{QUOTED}`"),
            Cookies::Thousand => format!("1000 cookies, {} bytes", thousand().len()),
            Cookies::Signed => "one signed cookie".to_owned(),
            Cookies::Repeated(text, len) => format!("{} KiB of `{text}`", len / KIB),
        }
    }

    /// Its fields are shared, as those of a request that hyper read.
    pub fn request(&self, library: &Library) -> Request<()> {
        let mut request = Request::get("/basket?page=2")
            .header("host", "www.example.com")
            .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64)")
            .header("accept", "text/html,*/*;q=0.8");
        for field in self.fields(library) {
            let field = HeaderValue::try_from(field).expect("a field");
            request = request.header(COOKIE, field);
        }
        let mut request = request.body(()).expect("a request");
        request.extensions_mut().insert(PeerAddress(0x7f00_0001));
        let _shared = request.clone();
        request
    }

    fn fields(&self, library: &Library) -> Vec<String> {
        match self.cookies {
            Cookies::None => vec![],
            Cookies::Ten => vec![ten()],
            Cookies::TenFields => pairs().collect(),
            Cookies::Quoted => vec![QUOTED.to_owned()],
            Cookies::Thousand => vec![thousand()],
            Cookies::Signed => vec![signed_by(library)],
            Cookies::Repeated(text, len) => vec![text.repeat(len / text.len())],
        }
    }
}

const QUOTED: &str = r#"theme="dark\073 \"blue\"""#;

fn pairs() -> impl Iterator<Item = String> {
    NAMES
        .iter()
        .zip(VALUES)
        .map(|(name, value)| format!("{name}={value}"))
}

fn ten() -> String {
    pairs().collect::<Vec<_>>().join("; ")
}

/// 1000 cookies.
pub fn thousand() -> String {
    let mut field = String::new();
    for number in 0..1000 {
        let end = if number == 999 { "" } else { "; " };
        write!(field, "n{number:04}=v{number:08}{end}").expect("a String");
    }
    field
}

fn signed_by(library: &Library) -> String {
    let mut set = (library.respond)(Action::SetSigned).expect("it signs");
    let response = set(Request::new(()));
    let field = response.headers()[SET_COOKIE].to_str().expect("ASCII");
    field.split(';').next().expect("a cookie-pair").to_owned()
}
