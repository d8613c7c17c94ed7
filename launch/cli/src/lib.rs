//! The nevil command as a library.
#![forbid(unsafe_code)]
