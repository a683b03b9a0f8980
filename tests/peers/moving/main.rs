//! An application moves between cookie libraries, and its users keep their cookies.
//!
//! The old and the new server answer the same browser, one after the other.

mod harness;
mod page;
mod recipe;
mod scopes;
mod signed;
mod values;
