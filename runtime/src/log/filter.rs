//! Which records are wanted.

use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;

use crate::limits;

/// What is wrong with the text of a log filter. Whoever prints it says first where the text stands, as `NEVIL_LOG: `.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogFilterError {
    /// Nothing stands between two commas.
    #[error(
        "log filter `{text}`: an entry is empty, allowed are `level` and `name=level`, as in `info,motion=debug`"
    )]
    EmptyEntry {
        /// The whole filter.
        text: String,
    },
    /// A word that is not a level.
    #[error(
        "log filter `{entry}`: level is unknown (`{level}`), allowed are off, error, warn, info, debug, trace; \
         for one node write `name=level`"
    )]
    UnknownLevel {
        /// The entry.
        entry: String,
        /// The word in the place of the level.
        level: String,
    },
    /// A name that no node, thread or module has.
    #[error(
        "log filter `{entry}`: name is not valid (`{name}`), allowed are letters, digits and any of `_-.:/`"
    )]
    BadName {
        /// The entry.
        entry: String,
        /// The name.
        name: String,
    },
    /// It was changed too often.
    #[error(
        "the log filter was changed too often (to {max} different ones); use one of those before, or restart the robot"
    )]
    TooManyChanges {
        /// The most that are allowed.
        max: usize,
    },
    /// More entries than are kept.
    #[error("log filter has too many entries ({given}), at most {max} are allowed")]
    TooManyEntries {
        /// The entries in the text.
        given: usize,
        /// The most that are allowed.
        max: usize,
    },
}

/// A level for everything, and levels for nodes, threads and modules.
#[derive(Debug)]
pub(super) struct Filter {
    default: LevelFilter,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    level: LevelFilter,
}

impl Filter {
    /// Reads `level` and `name=level`, separated by commas. Without a level for everything it is `info`.
    pub(super) fn parse(text: &str) -> Result<Self, LogFilterError> {
        let mut filter = Self { default: LevelFilter::INFO, entries: Vec::new() };
        if text.trim().is_empty() {
            return Ok(filter);
        }
        let given = text.split(',').count();
        if given > limits::LOG_FILTER_ENTRIES_MAX {
            return Err(LogFilterError::TooManyEntries { given, max: limits::LOG_FILTER_ENTRIES_MAX });
        }
        for entry in text.split(',').map(str::trim) {
            match entry.split_once('=') {
                _ if entry.is_empty() => return Err(LogFilterError::EmptyEntry { text: text.to_owned() }),
                None => filter.default = level(entry, entry)?,
                Some((name, word)) => {
                    let (name, level) = (name.trim(), level(entry, word.trim())?);
                    let allowed = |c: char| c.is_alphanumeric() || "_-.:/".contains(c);
                    if name.is_empty() || !name.chars().all(allowed) {
                        return Err(LogFilterError::BadName { entry: entry.into(), name: name.into() });
                    }
                    filter.entries.push(Entry { name: name.into(), level });
                }
            }
        }
        Ok(filter)
    }

    /// The level for `target` on a thread called `name`: the longest entry that fits either of them decides, of equally
    /// long ones the last.
    pub(super) fn level(&self, target: &str, name: &str) -> LevelFilter {
        self.entries
            .iter()
            .filter(|entry| entry.fits(target) || entry.fits(name))
            .max_by_key(|entry| entry.name.len())
            .map_or(self.default, |entry| entry.level)
    }

    /// What can be said about a place in the code once and for all, because no thread's name changes it.
    pub(super) fn interest(&self, metadata: &Metadata<'_>) -> Interest {
        let wanted = |level: LevelFilter| *metadata.level() <= level;
        let by_target = wanted(self.level(metadata.target(), ""));
        let mut by_name = self.entries.iter().map(|entry| wanted(self.level(metadata.target(), &entry.name)));
        match by_name.all(|one| one == by_target) {
            true if by_target => Interest::always(),
            true => Interest::never(),
            false => Interest::sometimes(),
        }
    }

    /// The most detailed level that any entry asks for.
    pub(super) fn most(&self) -> LevelFilter {
        self.entries.iter().map(|entry| entry.level).fold(self.default, LevelFilter::max)
    }
}

impl Entry {
    /// Whether `text` is this entry's name, or goes on after it with something other than a letter, digit or `_`:
    /// `motion` fits `motion` and `motion:driver`, not `motion_test`.
    fn fits(&self, text: &str) -> bool {
        text.strip_prefix(self.name.as_str())
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    }
}

fn level(entry: &str, word: &str) -> Result<LevelFilter, LogFilterError> {
    let levels = [
        ("off", LevelFilter::OFF),
        ("error", LevelFilter::ERROR),
        ("warn", LevelFilter::WARN),
        ("info", LevelFilter::INFO),
        ("debug", LevelFilter::DEBUG),
        ("trace", LevelFilter::TRACE),
    ];
    levels
        .into_iter()
        .find_map(|(name, level)| name.eq_ignore_ascii_case(word).then_some(level))
        .ok_or_else(|| LogFilterError::UnknownLevel { entry: entry.into(), level: word.into() })
}

#[cfg(test)]
mod tests {
    use super::{Filter, LevelFilter};

    fn level(filter: &str, target: &str, name: &str) -> LevelFilter {
        Filter::parse(filter).unwrap().level(target, name)
    }

    #[test]
    fn an_empty_filter_means_info_and_a_level_alone_means_everything() {
        assert_eq!(level("", "nevil_runtime", "main"), LevelFilter::INFO);
        assert_eq!(level(" WARN ", "nevil_runtime", "main"), LevelFilter::WARN);
        assert_eq!(level("motion=debug", "nevil_runtime", "main"), LevelFilter::INFO);
    }

    #[test]
    fn the_longest_entry_that_fits_target_or_name_decides() {
        let filter = "warn, motion=debug, nevil_runtime::bus=trace, nevil_runtime=error";
        assert_eq!(level(filter, "picar::driver", "motion"), LevelFilter::DEBUG);
        assert_eq!(level(filter, "nevil_runtime::bus::queue", "motion"), LevelFilter::TRACE);
        assert_eq!(level(filter, "nevil_runtime::node", "main"), LevelFilter::ERROR);
        assert_eq!(level(filter, "picar", "main"), LevelFilter::WARN);
    }

    #[test]
    fn an_entry_fits_whole_words_only() {
        assert_eq!(level("motion=debug", "x", "motion:driver"), LevelFilter::DEBUG);
        assert_eq!(level("motion=debug", "x", "motion_test"), LevelFilter::INFO);
        assert_eq!(level("motion=debug", "x", "motio"), LevelFilter::INFO);
    }

    #[test]
    fn the_most_detailed_level_is_known_in_advance() {
        assert_eq!(Filter::parse("warn,motion=trace").unwrap().most(), LevelFilter::TRACE);
        assert_eq!(Filter::parse("warn,motion=off").unwrap().most(), LevelFilter::WARN);
    }

    #[test]
    fn a_bad_filter_says_what_is_wrong_and_what_is_allowed() {
        let text = |filter: &str| Filter::parse(filter).unwrap_err().to_string();
        assert_eq!(
            text("info,motion=loud"),
            "log filter `motion=loud`: level is unknown (`loud`), allowed are off, error, warn, info, debug, trace; \
             for one node write `name=level`"
        );
        assert_eq!(
            text("info,,motion=debug"),
            "log filter `info,,motion=debug`: an entry is empty, allowed are `level` and `name=level`, \
             as in `info,motion=debug`"
        );
        assert_eq!(
            text("mo tion=debug"),
            "log filter `mo tion=debug`: name is not valid (`mo tion`), allowed are letters, digits and any of `_-.:/`"
        );
        assert!(Filter::parse(&["info"; 32].join(",")).is_ok());
        assert_eq!(
            text(&["info"; 33].join(",")),
            "log filter has too many entries (33), at most 32 are allowed"
        );
    }
}
