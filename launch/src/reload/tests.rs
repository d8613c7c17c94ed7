use nevil_runtime::NodeTypes;
use nevil_runtime::prelude::*;

use super::{Live, difference};
use crate::file::LaunchFile;
use crate::plan::Plan;

const STEPS: Topic<Drive> = Topic::new("steps").external();

/// Subscribes, and has a parameter.
struct Car;

#[derive(Parameters)]
struct Params {
    /// How fast.
    #[param(default = 0.3)]
    #[expect(dead_code, reason = "only the file's side of it is looked at")]
    speed: f32,
}

impl Node for Car {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, _: Params) -> Result<Self, NodeError> {
        setup.subscribe(STEPS, Self::on_drive)?;
        setup.every(Duration::from_secs(1), |_, _, _| Ok(()))?;
        Ok(Self)
    }
}

impl Car {
    fn on_drive(&mut self, _: &Received<Drive>, _: &Context) -> NodeResult {
        Ok(())
    }
}

const BASE: &str = "robot: r
log: info
resources: { cpu_percent: { warn: 50 } }
breakers: { net: { failures: 3 } }
topics: { steps: { depth: 4 } }
nodes:
  car: { params: { speed: 0.5 }, breaker: net, thread: { nice: 1 }, subscriptions: { steps: { depth: 3 } } }
  other: { type: car, required: false }
";

fn plan(text: &str) -> Plan {
    let file = LaunchFile::parse("r.yaml".as_ref(), text, &|_| None).unwrap();
    Plan::new(&file, &NodeTypes::new().with::<Car>("car")).unwrap()
}

/// What becomes live, which nodes must restart and for which keys, and why the robot must.
type Changed = (Vec<String>, Vec<(usize, Vec<&'static str>)>, Vec<String>);

/// What follows when `from` is replaced by `to` in the file.
fn changed(from: &str, to: &str) -> Changed {
    assert!(BASE.contains(from), "{from}");
    let (running, new) = (plan(BASE), plan(&BASE.replace(from, to)));
    let difference = difference(&running, &new);
    let live = difference.live.iter().map(|live| live.key(&running)).collect();
    let nodes = difference.nodes.into_iter().map(|(node, keys)| (node, keys.into_iter().collect())).collect();
    (live, nodes, difference.robot.into_iter().collect())
}

#[test]
fn a_file_that_says_the_same_elsewhere_differs_in_nothing() {
    let moved = changed("robot: r\nlog: info\n", "# A comment.\n\nlog:   info\nrobot: r\n");
    assert_eq!(moved, (vec![], vec![], vec![]));
}

#[test]
fn what_can_change_while_the_robot_runs_is_live() {
    for (from, to, key) in [
        ("log: info", "log: debug", "log"),
        ("warn: 50", "warn: 60", "resources"),
        ("failures: 3", "failures: 4", "nodes.car.breaker"),
        ("depth: 4", "depth: 2", "topics.steps.depth"),
        ("depth: 3", "depth: 2", "nodes.car.subscriptions.steps.depth"),
        ("speed: 0.5", "speed: 0.4", "nodes.car.params (speed)"),
        ("params: { speed: 0.5 }, ", "", "nodes.car.params (speed)"),
        ("breaker: net", "breaker: net, paused: true", "nodes.car.paused"),
        ("breaker: net", "breaker: net, restart: permanent", "nodes.car.restart"),
        ("breaker: net", "breaker: net, resources: { cpu_percent: { warn: 5 } }", "resources"),
        (
            "breaker: net",
            "breaker: net, callbacks: { on_drive: { breaker: { failures: 9 } } }",
            "nodes.car.callbacks.on_drive.breaker",
        ),
    ] {
        assert_eq!(changed(from, to), (vec![key.to_owned()], vec![], vec![]), "{from} {to}");
    }
}

#[test]
fn what_only_the_next_life_of_a_node_can_have_names_the_node() {
    for (from, to, key) in [
        ("nice: 1", "nice: 2", "thread"),
        ("breaker: net", "breaker: net, timeout: 50ms", "timeout"),
        ("breaker: net", "breaker: net, on_panic: keep", "on_panic"),
        ("breaker: net", "breaker: net, degraded: { speed: 0.1 }", "degraded"),
        ("breaker: net", "breaker: net, callbacks: { on_drive: { safety: true } }", "callbacks"),
        ("depth: 3", "depth: 3, lifespan: 1s", "subscriptions"),
    ] {
        assert_eq!(changed(from, to), (vec![], vec![(0, vec![key])], vec![]), "{from} {to}");
    }
}

#[test]
fn what_is_decided_at_the_start_names_the_robot() {
    for (from, to, key) in [
        ("log: info", "log: info\nzombies_max: 2", "zombies_max"),
        ("log: info", "log: info\nshutdown_timeout: 6s", "shutdown_timeout"),
        ("log: info", "log: info\nenvironment: { A: b }", "environment"),
        ("depth: 4", "depth: 4, lifespan: 1s", "topics.steps"),
        // Its pool was made for less.
        (", subscriptions: { steps: { depth: 3 } }", "", "topics.steps"),
        ("required: false", "required: true", "nodes.other.required"),
        ("required: false", "required: false, depends_on: [car]", "nodes.other.depends_on"),
        ("  other: { type: car, required: false }", "  another: { type: car, required: false }", "nodes"),
    ] {
        assert_eq!(changed(from, to), (vec![], vec![], vec![key.to_owned()]), "{from} {to}");
    }
}

#[test]
fn a_parameter_that_the_file_says_no_longer_is_named_without_a_value() {
    let (running, new) = (plan(BASE), plan(&BASE.replace("params: { speed: 0.5 }, ", "")));
    let found = difference(&running, &new);
    let [Live::Params { node: 0, changed }] = &found.live[..] else { panic!("{found:?}") };
    assert_eq!((changed[0].0.name.as_str(), &changed[0].1), ("speed", &None));
}
