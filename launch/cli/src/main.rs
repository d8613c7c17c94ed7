//! The `nevil` command with the nodes that Nevil ships.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    nevil::run(nevil::shipped_nodes())
}
