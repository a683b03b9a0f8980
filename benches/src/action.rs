//! The work of a scenario's handler, and the cookies that it writes.

/// What a handler does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: the layer is installed, but no cookie is read or written.
    Nothing,
    /// Reads one cookie, which the request has. Each call reads the next of these names.
    Get(&'static [&'static str]),
    /// Reads each of these cookies. Each is read by a middleware or handler of its own, which takes the jar
    /// from the request.
    GetEach(&'static [&'static str]),
    /// Looks up a cookie that the request does not have.
    GetMissing,
    /// Reads all names and values.
    GetAll,
    /// Counts the cookies.
    Count,
    /// Sets [`NAME`] at `/`: [`SET_COOKIE_VALUE`].
    Set,
    /// Sets one cookie with every attribute but Partitioned.
    SetAttributes,
    /// Sets ten cookies, each as [`Set`](Self::Set) does.
    SetTen,
    /// The same as [`Set`](Self::Set), through one layer that declares this many other cookies.
    SetInOneLayer { declared: usize },
    /// The same as [`Set`](Self::Set), through two nested layers: the outer layer declares this many
    /// other cookies, and the inner layer declares one.
    SetInNestedLayers { outer_declared: usize },
    /// Four clones of the jar, as for four tasks of the request. In turn, each reads one of [`NAMES`], sets
    /// one of [`SET_NAMES`], and is dropped.
    FourTasks,
    /// Deletes [`NAME`] at `/`.
    Delete,
    /// Sets one cookie and deletes another one. This crate has declared the scopes of both; its
    /// peers specify them in each call.
    Declared,
    /// Sets [`NAME`] with a signature.
    SetSigned,
    /// Reads [`NAME`] and verifies its signature.
    GetSigned,
    /// Reads [`NAME`] and verifies its signature, sets one cookie and deletes [`DELETED`].
    Session,
    /// Reads [`NAME`] and sets it again, which is most of the cookie work of a login or session.
    GetAndSet,
}

/// The names of the ten cookies of a request, in the order of the `Cookie` header.
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

/// The values of [`NAMES`].
pub const VALUES: [&str; 10] = [
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

/// The name, value and attributes of the cookies that handlers set.
pub const NAME: &str = NAMES[0];
pub const VALUE: &str = VALUES[0];
pub const DOMAIN: &str = "example.com";
pub const MAX_AGE: u32 = 1_209_600;

/// The value of the `Set-Cookie` header of [`Action::Set`].
pub const SET_COOKIE_VALUE: &str = "sessionid=f81d4fae7dec11d0a76500a0c91e6bf6; Path=/";

/// The names of [`Action::SetTen`].
pub const SET_NAMES: [&str; 10] = [
    "set-a", "set-b", "set-c", "set-d", "set-e", "set-f", "set-g", "set-h", "set-i", "set-j",
];

/// The name of the cookie that [`Action::Session`] deletes.
pub const DELETED: &str = NAMES[7];

/// The name of [`Action::GetMissing`].
pub const MISSING: &str = "missing";

/// The key of [`Action::SetSigned`] and [`Action::GetSigned`]. The peers demand at least 64 bytes.
pub const SECRET: &str =
    "a secret that is as long as a key of 64 bytes, which peers demand it to be.";
