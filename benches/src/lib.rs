//! Compares this crate with other cookie libraries.
//!
//! Each scenario is a request and the work of its handler. Each library does that work in the way
//! that its documentation shows.

pub mod action;
pub mod handler;
pub mod libraries;
pub mod scenarios;
pub mod statistics;
