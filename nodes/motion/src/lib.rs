//! Nevil node.
#![forbid(unsafe_code)]
