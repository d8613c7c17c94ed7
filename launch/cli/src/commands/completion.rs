//! `nevil completion`.

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::Shell;

use crate::commands::Cli;
use crate::failure::Failure;
use crate::output::print;

/// Print what a shell needs to complete the words of this command
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil completion bash > ~/.local/share/bash-completion/completions/nevil\n  nevil completion zsh > ~/.zfunc/_nevil\n  nevil completion fish > ~/.config/fish/completions/nevil.fish"
)]
pub(crate) struct CompletionArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: KnownShell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KnownShell {
    Bash,
    Zsh,
    Fish,
}

impl CompletionArgs {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let shell = match self.shell {
            KnownShell::Bash => Shell::Bash,
            KnownShell::Zsh => Shell::Zsh,
            KnownShell::Fish => Shell::Fish,
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "nevil", &mut script);
        print(String::from_utf8_lossy(&script))
    }
}
