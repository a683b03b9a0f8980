//! An application moves between cookie libraries, and its users keep their cookies.
//!
//! The same browser sends requests to the old and the new server, one after the other.

mod differences;
mod harness;
mod page;
mod recipe;
mod scopes;
mod signed;
mod steps;
mod values;
