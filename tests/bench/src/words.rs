//! The words after `./nevil bench`.

use std::path::PathBuf;

use pico_args::Arguments;

use crate::report::Extent;

/// Rounds where nothing is said: enough for an interval that means something.
const ROUNDS: usize = 20;

/// Rounds of a quick run.
const ROUNDS_QUICK: usize = 2;

pub(crate) const HELP: &str = "\
Measure what Nevil costs, beside what the hardware costs and what others offer

Usage: ./nevil bench [OPTIONS]

Options:
      --only ROW       Measure this row only; may be said several times
      --list           Show the rows, and measure nothing
      --rounds N       Rounds of each row, 1 to 1000 [default: 20]
      --quick          See that every row runs and its payloads arrive; the figures mean nothing
      --json FILE      Write all rounds to FILE
      --page FILE      Write the page to FILE: docs/reference/performance.md is made so
      --from FILE      Measure nothing, and show what `--json` wrote
      --with FILE      Show rows of FILE, which `--json` wrote, beside those that are measured now
      --nevil FILE     The `nevil` command, whose cold start is measured; the script says it
  -h, --help           Show this

Ratios are Nevil's figure over the other's, round by round, with the interval that holds the median with 90 %.
Let the machine be quiet meanwhile: a build beside it shows in every tail.

Examples:
  ./nevil bench --page docs/reference/performance.md --json bench.json
  ./nevil bench --only polling_64 --only blocking_64 --rounds 40
  ./nevil bench --from bench.json --page docs/reference/performance.md

Exit code 1: a subject failed, such as a message that was lost. Goals that are missed are shown, and are no failure.
";

/// What is wanted.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) help: bool,
    pub(crate) list: bool,
    pub(crate) extent: Extent,
    pub(crate) rounds: usize,
    pub(crate) only: Vec<String>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) page: Option<PathBuf>,
    pub(crate) from: Option<PathBuf>,
    pub(crate) with: Option<PathBuf>,
    pub(crate) nevil: Option<PathBuf>,
    /// What of it decides what is measured, as words.
    pub(crate) text: String,
}

impl Words {
    /// # Errors
    ///
    /// The first word that is wrong, in a sentence.
    pub(crate) fn parse() -> Result<Self, String> {
        Self::of(&std::env::args().skip(1).collect::<Vec<_>>())
    }

    fn of(words: &[String]) -> Result<Self, String> {
        let mut arguments = Arguments::from_vec(words.iter().map(Into::into).collect());
        let wrong = |error: pico_args::Error| error.to_string();
        let path = |arguments: &mut Arguments, name| arguments.opt_value_from_str(name).map_err(wrong);
        let nevil: Option<PathBuf> = path(&mut arguments, "--nevil")?;
        let help = arguments.contains(["-h", "--help"]);
        let list = arguments.contains("--list");
        let extent = if arguments.contains("--quick") { Extent::Quick } else { Extent::Full };
        let rounds = arguments.opt_value_from_str("--rounds").map_err(wrong)?;
        let default = if extent == Extent::Quick { ROUNDS_QUICK } else { ROUNDS };
        let rounds = rounds.unwrap_or(default);
        if !(1..=1000).contains(&rounds) {
            return Err(format!("--rounds is out of range ({rounds}), 1 to 1000 is allowed"));
        }
        let only: Vec<String> = arguments.values_from_str("--only").map_err(wrong)?;
        let mut text = if extent == Extent::Quick { "--quick ".to_owned() } else { String::new() };
        text += &format!("--rounds {rounds}");
        only.iter().for_each(|row| text += &format!(" --only {row}"));
        let json = path(&mut arguments, "--json")?;
        let page = path(&mut arguments, "--page")?;
        let from = path(&mut arguments, "--from")?;
        let with = path(&mut arguments, "--with")?;
        if let Some(word) = arguments.finish().first() {
            return Err(format!("unknown word `{}`", word.to_string_lossy()));
        }
        Ok(Self { help, list, extent, rounds, only, json, page, from, with, nevil, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Result<Words, String> {
        Words::of(&text.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn words_are_read() {
        let words = words("--nevil a/nevil --quick --only a --only b --page p.md").unwrap();
        assert_eq!((words.extent, words.rounds, words.only.len()), (Extent::Quick, 2, 2));
        assert_eq!(words.text, "--quick --rounds 2 --only a --only b");
    }

    #[test]
    fn what_is_not_known_or_out_of_range_is_refused() {
        assert_eq!(words("--fast").unwrap_err(), "unknown word `--fast`");
        let error = "--rounds is out of range (0), 1 to 1000 is allowed";
        assert_eq!(words("--rounds 0").unwrap_err(), error);
    }
}
