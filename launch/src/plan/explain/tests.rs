use std::time::Duration;

use nevil_runtime::NodeTypes;
use nevil_runtime::prelude::*;

use super::{Explained, Source, explain};
use crate::LaunchInputs;
use crate::file::LaunchFile;
use crate::plan::Plan;
use crate::schema::sections;

/// A node with a callback of each kind.
struct Ear;

#[derive(Parameters)]
struct EarParams {
    /// How well it hears.
    #[expect(dead_code, reason = "only the file's side of it is tested")]
    #[param(default = 3, range = 1..=5, unit = "dB")]
    gain: u8,
}

impl Node for Ear {
    type Params = EarParams;

    fn configure(setup: &mut Setup<'_, Self>, _: EarParams) -> Result<Self, NodeError> {
        setup.publisher(topics::RANGE)?;
        setup.subscribe(topics::RANGE, |_, _, _| Ok(()))?;
        setup.every(Duration::from_secs(1), Self::tick)?;
        setup.ready_by_call();
        Ok(Self)
    }
}

impl Ear {
    fn tick(&mut self, _: &Tick, _: &Context) -> NodeResult {
        Ok(())
    }
}

const FILE: &str = "\
robot: r
args: { nice: 5, hang: { default: 2s } }
defaults: { extend_max: 7s }
modes: { day: {}, night: { log: debug } }
environment: { A: b }
topics: { range: { depth: 4, feedback: true } }
breakers: { calm: { failures: 9 } }
groups: { all: { intensity: 2 } }
nodes:
  ear:
    group: all
    timeout: 50ms
    thread:
      nice: ${nice}
    restart: { delay: 1s }
    breaker: { failures: 9 }
    subscriptions: { range: { priority: low } }
    callbacks: { tick: { hang_grace: '${hang}' } }
";

fn explained(key: &str) -> Result<Vec<Explained>, String> {
    let types = NodeTypes::new().with::<Ear>("ear");
    let mut inputs = LaunchInputs::from(std::path::Path::new("picar.yaml"));
    inputs.arguments = vec![("nice".to_owned(), "7".to_owned())];
    let (file, problems) = LaunchFile::parse_all(&inputs, FILE, &|_| None);
    assert_eq!(problems, []);
    let plan = Plan::new(&file, &types).unwrap();
    explain(&plan, &file, &types, key)
}

/// The value of one key, where it comes from, and its range.
fn one(key: &str) -> (String, String, String) {
    let values = explained(key).unwrap();
    assert_eq!(values.len(), 1, "{values:?}");
    assert!(!values[0].doc.is_empty(), "{key}");
    let source = match &values[0].source {
        Source::File(mark, None) => mark.to_string(),
        Source::File(_, Some(how)) => how.clone(),
        Source::Code => "code".to_owned(),
        Source::Default => "default".to_owned(),
    };
    (values[0].value.clone(), source, values[0].range.clone().unwrap_or_default())
}

fn row(value: &str, source: &str, range: &str) -> (String, String, String) {
    (value.to_owned(), source.to_owned(), range.to_owned())
}

#[test]
fn each_key_of_the_schema_is_explained_said_or_not() {
    for section in sections() {
        let names = [
            ("nodes.<name>", "nodes.ear"),
            ("topics.<name>", "topics.range"),
            ("callbacks.<name>", "callbacks.tick"),
            ("subscriptions.<topic>", "subscriptions.range"),
            ("breakers.<name>", "breakers.calm"),
            ("groups.<name>", "groups.all"),
            ("modes.<name>", "modes.night"),
        ];
        let place =
            names.iter().fold(section.place.to_owned(), |place, (any, this)| place.replace(any, this));
        for key in section.keys {
            let path = if place.is_empty() { key.name.to_owned() } else { format!("{place}.{}", key.name) };
            match explained(&path) {
                Ok(values) => {
                    assert!(values.iter().all(|value| !value.value.is_empty()), "{path}: {values:?}")
                }
                Err(error) => assert!(error.contains("has done its work"), "{path}: {error}"),
            }
        }
    }
}

#[test]
fn what_the_file_says_has_its_place_and_what_was_put_in_its_origin() {
    assert_eq!(one("nodes.ear.timeout"), row("50ms", "picar.yaml:12:14", "1ms to 10min"));
    assert_eq!(one("nodes.ear.extend_max"), row("7s", "picar.yaml:3:25", "0s to 10min"));
    let given = "argument `nice`, given on the command line";
    assert_eq!(one("nodes.ear.thread.nice"), row("7", given, "−20 to 19, only with normal"));
    let default = "argument `hang`, by its default at picar.yaml:2:18";
    assert_eq!(one("nodes.ear.callbacks.tick.hang_grace"), row("2s", default, "10ms to 60s"));
    assert_eq!(one("modes"), row("[day, night]", "in mode `day`", ""));
    assert_eq!(one("environment").0, "[A=b]");
}

#[test]
fn what_it_does_not_say_is_as_in_the_code_or_the_default_and_of_a_callback_as_of_its_node() {
    assert_eq!(one("nodes.ear.callbacks.tick.timeout"), row("50ms", "picar.yaml:12:14", "1ms to 10min"));
    assert_eq!(one("nodes.ear.callbacks.tick.breaker").0, "as of the node");
    assert_eq!(one("nodes.ear.ready"), row("called", "code", ""));
    assert_eq!(one("nodes.ear.restart.intensity"), row("3", "default", "0 to 100"));
    assert_eq!(one("topics.range.latched").1, "code");
    assert_eq!(one("watchdog.timeout"), row("14s", "default", "2s to 14s, only with device"));
    assert_eq!(one("nodes.ear.breaker.rate.window.calls").1, "default");
    let gain = &explained("nodes.ear.params.gain").unwrap()[0];
    assert_eq!((&*gain.value, &gain.source, gain.unit.as_deref()), ("3", &Source::Code, Some("dB")));
}

#[test]
fn a_key_that_there_is_not_is_told_with_the_nearest_and_one_that_has_no_value_with_why() {
    assert_eq!(
        explained("nodes.er.timeout").unwrap_err(),
        "nothing is at `nodes.er.timeout`, did you mean `nodes.ear.timeout`?; keys are written as \
         `nodes.NAME.thread.priority`, `topics.NAME.depth` or `shutdown_timeout`"
    );
    assert_eq!(
        explained("nodes.ear.if").unwrap_err(),
        "`nodes.ear.if` has done its work when a robot is planned; ask for what came of it, or what it means with \
         `nevil schema nodes.ear.if`"
    );
    assert!(explained("nodes.gone.breaker.failures").is_err());
}
