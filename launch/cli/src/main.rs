//! The nevil command.
fn main() {}
