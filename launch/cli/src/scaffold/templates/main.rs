//! The robot `sample`: the command `nevil` with the nodes of this project besides those that Nevil ships.
#![forbid(unsafe_code)]

use std::process::ExitCode;

/// The nodes of this robot, a file each in `src/nodes`.
mod nodes {
    pub mod pilot;
}

fn main() -> ExitCode {
    nevil::run(
        nevil::shipped_nodes()
            // A launch file calls a node type by the name in quotes.
            .with::<nodes::pilot::Pilot>("pilot"),
    )
}
