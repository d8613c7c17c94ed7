//! Promises of the whole; each is a file in `tests/tests`.
#![forbid(unsafe_code)]

/// The Rust blocks of the pages for beginners are tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../docs/start.md")]
    mod start {}
    #[doc = include_str!("../../docs/guide/write-a-node.md")]
    mod write_a_node {}
    #[doc = include_str!("../../docs/guide/line-follower.md")]
    mod line_follower {}
}
