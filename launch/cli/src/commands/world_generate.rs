//! `nevil world generate`.

use std::path::PathBuf;

use clap::Args;
use nevil_msgs::nearest;
use nevil_node_sim_car::{World, WorldKind};

use crate::failure::Failure;
use crate::output::{print, write_file};

/// Make a world from a seed, and print its file
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil world generate maze --seed 7 --out maze7.yaml\n  nevil world show maze7.yaml --out maze7.svg"
)]
pub(crate) struct WorldGenerateArgs {
    /// What kind of world: room, maze, corridor, table
    #[arg(value_name = "KIND", value_parser = kind)]
    kind: WorldKind,
    /// The same seed gives the same world
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write it into this new file instead
    #[arg(long, value_name = "FILE.yaml")]
    out: Option<PathBuf>,
}

impl WorldGenerateArgs {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let (kind, seed) = (self.kind.name(), self.seed);
        let world = World::generate(self.kind, seed).to_yaml();
        let text = format!(
            "# Made by `nevil world generate {kind} --seed {seed}`. Lengths in metres; x to the right, y up, angles counter-clockwise from x.\n{world}"
        );
        let Some(out) = self.out else { return print(text) };
        if out.exists() {
            return Err(Failure::Failed(format!(
                "`{}` is there already; remove it, or take another name",
                out.display()
            )));
        }
        write_file(&out, text.as_bytes())?;
        print(format_args!("`{}` is a {kind}\n", out.display()))
    }
}

fn kind(text: &str) -> Result<WorldKind, String> {
    let names = WorldKind::ALL.map(WorldKind::name);
    WorldKind::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| {
        let meant = nearest(text, &names).map(|name| format!(", did you mean `{name}`?"));
        format!("unknown kind{}; kinds are {}", meant.unwrap_or_default(), names.join(", "))
    })
}
