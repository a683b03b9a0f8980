//! The scenarios, which are the rows of the table: a request and the work of the handler.

use std::fmt::Write;

use http::Request;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};

use crate::action::{Action, DELETED, NAMES, VALUES};
use crate::libraries::{BASELINE, LIBRARIES, Library, OURS};

/// The cookies of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cookies {
    None,
    Ten,
    /// Ten cookies, each in its own header, as HTTP/2 allows.
    TenHeaders,
    /// One cookie, whose value is quoted and has escapes.
    Quoted,
    /// Two cookies, whose values are quoted and have escapes.
    TwoQuoted,
    /// Forty cookies, 4 KiB: [`FORTY`].
    Forty,
    /// 1000 cookies, 17 KiB.
    Thousand,
    /// One cookie, signed by the library.
    Signed,
    /// The same, and a cookie that is not signed.
    SignedAndPlain,
    /// This text, repeated up to this length in bytes.
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

/// A set through one layer with this many declarations.
const fn one_layer(name: &'static str, declared: usize) -> Scenario {
    scenario(name, Cookies::None, Action::SetInOneLayer { declared })
}

/// A set through two layers; the outer layer has this many declarations.
const fn nested(name: &'static str, outer_declared: usize) -> Scenario {
    let action = Action::SetInNestedLayers { outer_declared };
    scenario(name, Cookies::None, action)
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
        Cookies::TenHeaders,
        Action::Get(&NAMES),
    ),
    scenario("read-quoted", Cookies::Quoted, Action::Get(&["theme"])),
    scenario(
        "read-two-quoted",
        Cookies::TwoQuoted,
        Action::GetEach(&["theme", "cart"]),
    ),
    // Three middlewares and a handler.
    scenario(
        "read-four-of-40",
        Cookies::Forty,
        Action::GetEach(&["csrftoken", "sessionid", "django_language", "cf_clearance"]),
    ),
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
    one_layer("one-layer-set-0", 0),
    one_layer("one-layer-set-10", 10),
    one_layer("one-layer-set-100", 100),
    nested("nested-set-0", 0),
    nested("nested-set-10", 10),
    nested("nested-set-100", 100),
    // A jar of the `cookie` crate deletes only cookies that the request has.
    scenario("delete-one-10", Cookies::Ten, Action::Delete),
    scenario("declared-10", Cookies::Ten, Action::Declared),
    scenario("read-and-set-10", Cookies::Ten, Action::GetAndSet),
    scenario("four-tasks-10", Cookies::Ten, Action::FourTasks),
    scenario("session", Cookies::SignedAndPlain, Action::Session),
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

/// An extension that a request has before it reaches the layer, as in a real server.
#[derive(Clone, Copy, Debug)]
struct PeerAddress(#[allow(dead_code, reason = "no handler reads it")] u32);

/// A scenario and a library that can do it.
#[derive(Clone, Copy)]
pub struct Case {
    pub scenario: &'static Scenario,
    pub library: &'static Library,
}

impl Case {
    /// The names of the scenario and the library.
    pub fn key(self) -> (&'static str, &'static str) {
        (self.scenario.name, self.library.name)
    }
}

/// All cases, always in the same order.
pub fn all_cases() -> Vec<Case> {
    let cases_of = |scenario: &'static Scenario| {
        let libraries = std::iter::once(&BASELINE).chain(&LIBRARIES);
        let able = libraries.filter(|library| (library.respond)(scenario.action).is_some());
        able.map(move |library| Case { scenario, library })
    };
    SCENARIOS.iter().flat_map(cases_of).collect()
}

/// The cases of the baseline and of this crate, which can do every action.
pub fn own_cases() -> Vec<Case> {
    let cases_of = |scenario| [&BASELINE, &OURS].map(|library| Case { scenario, library });
    SCENARIOS.iter().flat_map(cases_of).collect()
}

/// The cases of the peers.
pub fn peer_cases() -> Vec<Case> {
    let mut cases = all_cases();
    cases.retain(|case| ![OURS.name, BASELINE.name].contains(&case.library.name));
    cases
}

/// The scenario that is compared with Django, and whose request the server under load gets.
pub fn read_and_set() -> &'static Scenario {
    let mut scenarios = SCENARIOS.iter();
    let scenario = scenarios.find(|scenario| scenario.name == "read-and-set-10");
    scenario.expect("a scenario of this name")
}

impl Scenario {
    /// How many calls the costs are averaged over: one for each name that the action reads.
    pub fn calls(&self) -> usize {
        match self.action {
            Action::Get(names) => names.len(),
            _ => 1,
        }
    }

    /// A description of the request's cookies, for the table.
    pub fn request_text(&self) -> String {
        match self.cookies {
            Cookies::None => "no cookies".to_owned(),
            Cookies::Ten => format!("ten cookies, {} bytes", ten().len()),
            Cookies::TenHeaders => "ten `Cookie` headers".to_owned(),
            Cookies::Quoted => format!("`{QUOTED}`"),
            Cookies::TwoQuoted => format!("`{TWO_QUOTED}`"),
            Cookies::Forty => format!("40 cookies, {} bytes", forty().len()),
            Cookies::Thousand => format!("1000 cookies, {} bytes", thousand().len()),
            Cookies::Signed => "one signed cookie".to_owned(),
            Cookies::SignedAndPlain => "one signed cookie, one other".to_owned(),
            Cookies::Repeated(text, len) => format!("{} KiB of `{text}`", len / KIB),
        }
    }

    /// The request. Its header values are shared buffers, like those of a request from hyper.
    pub fn request(&self, library: &Library) -> Request<()> {
        let mut request = Request::get("/basket?page=2")
            .header("host", "www.example.com")
            .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64)")
            .header("accept", "text/html,*/*;q=0.8");
        for header in self.cookie_headers(library) {
            let header = HeaderValue::try_from(header).expect("a header value");
            request = request.header(COOKIE, header);
        }
        let mut request = request.body(()).expect("a valid request");
        request.extensions_mut().insert(PeerAddress(0x7f00_0001));
        let _shared = request.clone();
        request
    }

    /// The values of the request's `Cookie` headers.
    fn cookie_headers(&self, library: &Library) -> Vec<String> {
        match self.cookies {
            Cookies::None => vec![],
            Cookies::Ten => vec![ten()],
            Cookies::TenHeaders => pairs().collect(),
            Cookies::Quoted => vec![QUOTED.to_owned()],
            Cookies::TwoQuoted => vec![TWO_QUOTED.to_owned()],
            Cookies::Forty => vec![forty()],
            Cookies::Thousand => vec![thousand()],
            Cookies::Signed => vec![signed_by(library)],
            Cookies::SignedAndPlain => vec![format!("{}; {DELETED}=1", signed_by(library))],
            Cookies::Repeated(text, len) => vec![text.repeat(len / text.len())],
        }
    }
}

const QUOTED: &str = r#"theme="dark\073 \"blue\"""#;

const TWO_QUOTED: &str = r#"theme="dark\073 \"blue\""; cart="3\054 4""#;

fn pairs() -> impl Iterator<Item = String> {
    NAMES
        .iter()
        .zip(VALUES)
        .map(|(name, value)| format!("{name}={value}"))
}

fn ten() -> String {
    pairs().collect::<Vec<_>>().join("; ")
}

/// The names of cookies as sites and the scripts on their pages set them, with the usual lengths of their
/// values. The site's own cookies are among the first, since they are set first.
const FORTY: [(&str, usize); 40] = [
    ("csrftoken", 32),
    ("sessionid", 32),
    ("django_language", 5),
    ("_ga", 27),
    ("_gid", 27),
    ("_gat_UA-1234567-1", 1),
    ("_ga_5KX8W2R9TQ", 51),
    ("_gcl_au", 25),
    ("_fbp", 30),
    ("_fbc", 88),
    ("__stripe_mid", 42),
    ("__stripe_sid", 42),
    ("OptanonConsent", 640),
    ("OptanonAlertBoxClosed", 24),
    ("_hjSessionUser_1234567", 148),
    ("_hjSession_1234567", 140),
    ("_hjIncludedInSessionSample_1234567", 1),
    ("intercom-id-a1b2c3d4", 36),
    ("intercom-session-a1b2c3d4", 96),
    ("intercom-device-id-a1b2c3d4", 36),
    ("ajs_anonymous_id", 36),
    ("ajs_user_id", 36),
    ("mp_0123456789abcdef0123456789abcdef_mixpanel", 410),
    ("amplitude_id_0123456789abcdefexample.com", 260),
    ("_clck", 32),
    ("_clsk", 48),
    ("_uetsid", 32),
    ("_uetvid", 32),
    ("_pin_unauth", 88),
    ("_tt_enable_cookie", 1),
    ("_ttp", 27),
    ("_rdt_uuid", 50),
    ("_scid", 36),
    ("__cf_bm", 177),
    ("cf_clearance", 161),
    ("hubspotutk", 32),
    ("__hstc", 98),
    ("__hssrc", 1),
    ("__hssc", 38),
    ("AWSALB", 128),
];

fn forty() -> String {
    let pair = |(name, len): &(&str, usize)| {
        let digits = "f81d4fae7dec11d0a76500a0c91e6bf6".chars().cycle();
        format!("{name}={}", digits.take(*len).collect::<String>())
    };
    FORTY.iter().map(pair).collect::<Vec<_>>().join("; ")
}

/// The `Cookie` header with 1000 cookies.
pub fn thousand() -> String {
    let mut header = String::new();
    for number in 0..1000 {
        let separator = if number == 999 { "" } else { "; " };
        write!(header, "n{number:04}=v{number:08}{separator}").expect("writing to a String");
    }
    header
}

/// The cookie-pair that the library sends for [`Action::SetSigned`].
fn signed_by(library: &Library) -> String {
    let mut respond = (library.respond)(Action::SetSigned).expect("a library that can sign");
    let response = respond(Request::new(()));
    let header = response.headers()[SET_COOKIE].to_str().expect("ASCII");
    header.split(';').next().expect("a cookie-pair").to_owned()
}
