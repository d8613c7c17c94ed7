//! Promises of the whole; each is a file in `tests/tests`.
#![forbid(unsafe_code)]
