//! Words that are no commands: what was meant, or what does the same here.

use clap::{Command, CommandFactory};
use nevil_msgs::nearest;

use crate::commands::Cli;

/// Words of `ros2` and of Nevil 3 that have no equal, and what to do instead.
const INSTEAD: [(&str, &str); 15] = [
    ("monitor", "see `nevil status`, `nevil logs -f` and `nevil topic hz TOPIC`"),
    ("init", "see `nevil new robot NAME`"),
    ("node create", "see `nevil new node NAME`"),
    ("shutdown", "see `nevil stop`"),
    ("run", "nodes run in a robot: name them in a launch file, and see `nevil launch FILE`"),
    ("node kill", "see `nevil node restart NODE`, or `nevil stop` for the whole robot"),
    ("interface", "see `nevil topic type TOPIC --show`"),
    ("doctor", "see `nevil status` and `nevil bus audit`"),
    ("wtf", "see `nevil status` and `nevil bus audit`"),
    ("daemon", "there is none: tools ask the robot itself"),
    ("lifecycle", "see `nevil node list`, and `nevil node restart NODE`"),
    ("component", "nodes are compiled into their robot; see `nevil node list`"),
    ("bag", "it is not there; `nevil topic echo TOPIC --csv --header` writes a topic down"),
    ("service", "there are none: a request is a message, see `nevil topic pub`"),
    ("action", "there are none: a goal is a message, see `nevil topic pub`"),
];

/// What is said about the first of `words` that is no command; `None`: each is one.
pub(crate) fn unknown(words: impl IntoIterator<Item = String>) -> Option<String> {
    let mut command = Cli::command();
    let mut path = String::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        if word == "--robot" {
            words.next();
        }
        if word.starts_with('-') {
            continue;
        }
        let Some(inner) = command.find_subcommand(&word) else {
            return Some(text(&format!("{path}{word}"), &word, &command));
        };
        path += &format!("{} ", inner.get_name());
        command = inner.clone();
    }
    None
}

fn text(whole: &str, word: &str, among: &Command) -> String {
    if let Some((_, instead)) = INSTEAD.iter().find(|(known, _)| *known == whole) {
        return format!("there is no `nevil {whole}`; {instead}");
    }
    let shown = among.get_subcommands().filter(|command| !command.is_hide_set());
    let known: Vec<_> = shown
        .flat_map(|command| std::iter::once(command.get_name()).chain(command.get_visible_aliases()))
        .collect();
    let meant = nearest(word, &known).map(|meant| format!(", did you mean `{meant}`?")).unwrap_or_default();
    format!("unknown command `{whole}`{meant}; known commands are {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::{Cli, INSTEAD, unknown};

    fn of(words: &str) -> Option<String> {
        unknown(words.split(' ').map(str::to_owned))
    }

    #[test]
    fn an_unknown_command_names_the_nearest_on_its_level() {
        let top = of("statsu").unwrap();
        assert!(
            top.starts_with("unknown command `statsu`, did you mean `status`?; known commands are launch, "),
            "{top}"
        );
        assert!(!top.contains("guard"), "{top}");
        let nested = of("--robot picar topic --json ecoh").unwrap();
        assert!(
            nested
                .starts_with("unknown command `topic ecoh`, did you mean `echo`?; known commands are list, "),
            "{nested}"
        );
        assert_eq!(of("topic echo"), None);
    }

    #[test]
    fn a_word_without_an_equal_says_what_to_use_instead() {
        let text =
            "there is no `nevil monitor`; see `nevil status`, `nevil logs -f` and `nevil topic hz TOPIC`";
        assert_eq!(of("monitor").unwrap(), text);
        let command = Cli::command();
        for (word, _) in INSTEAD {
            let mut words = word.split(' ');
            let found = words.try_fold(&command, |command, word| command.find_subcommand(word));
            assert!(found.is_none(), "`{word}` is a command");
        }
    }
}
