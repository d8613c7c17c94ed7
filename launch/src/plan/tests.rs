use std::path::PathBuf;
use std::sync::Arc;

use nevil_msgs::from_value;
use nevil_runtime::prelude::*;
use nevil_runtime::{Clock, Environment, NodeTypes, SimulatedRobot};

use super::{Plan, PlanFor, PlanNote};
use crate::file::LaunchFile;
use crate::machine::Machine;

/// A node that reads files.
struct Reader;

#[derive(Parameters)]
struct Files {
    /// One file.
    #[expect(dead_code, reason = "only the file's side of it is tested")]
    world: Option<PathBuf>,
    /// Many files.
    #[expect(dead_code, reason = "only the file's side of it is tested")]
    #[param(default = Vec::new())]
    maps: Vec<PathBuf>,
    /// No file.
    #[expect(dead_code, reason = "only the file's side of it is tested")]
    name: Option<String>,
}

impl Node for Reader {
    type Params = Files;

    fn configure(_: &mut Setup<'_, Self>, _: Files) -> Result<Self, NodeError> {
        Ok(Self)
    }
}

/// A node that publishes what it is waited for.
struct Sensor;

impl Node for Sensor {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.publisher(topics::RANGE)?;
        Ok(Self)
    }
}

/// A node that says again what it hears.
struct Parrot;

impl Node for Parrot {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(Topic::<Range>::new("heard"), |_, _, _| Ok(()))?;
        setup.publisher(Topic::<Range>::new("said"))?;
        Ok(Self)
    }
}

/// A node that waits for two topics.
struct Brain;

impl Node for Brain {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(topics::RANGE, |_, _, _| Ok(()))?;
        setup.subscribe(topics::SAFETY_STATUS, |_, _, _| Ok(()))?;
        setup.publisher(topics::AUTONOMOUS_DRIVE)?;
        Ok(Self)
    }
}

fn types() -> NodeTypes {
    NodeTypes::new()
        .with::<Brain>("brain")
        .with::<Parrot>("parrot")
        .with::<Reader>("reader")
        .with::<Sensor>("sensor")
}

fn plan(path: &str, nodes: &str) -> Plan {
    let text = format!("robot: picar\nnodes:\n{nodes}");
    let file = LaunchFile::parse(path.as_ref(), &text, &|_| None).unwrap();
    Plan::new(&file, &types()).unwrap()
}

/// What is wrong with the nodes.
fn problems(nodes: &str) -> Vec<String> {
    let text = format!("robot: picar\nnodes:\n{nodes}");
    let file = LaunchFile::parse("picar.yaml".as_ref(), &text, &|_| None).unwrap();
    let problems = Plan::new(&file, &types()).map_err(|errors| errors.problems);
    problems.err().into_iter().flatten().map(|problem| problem.to_string()).collect()
}

fn order(nodes: &str) -> Vec<Arc<str>> {
    plan("picar.yaml", nodes).nodes.into_iter().map(|node| node.spec.instance).collect()
}

#[test]
fn nodes_are_started_after_what_they_depend_on_and_else_as_in_the_file() {
    let nodes = "
  c: { type: reader, depends_on: [d, a] }
  b: { type: reader }
  a: { type: reader }
  d: { type: reader, depends_on: [a] }
  e: { type: reader }
";
    let names = order(nodes);
    assert_eq!(names.iter().map(|name| &**name).collect::<Vec<_>>(), ["b", "a", "d", "c", "e"]);
    assert_eq!(plan("picar.yaml", nodes).nodes[3].depends_on, [Arc::from("d"), Arc::from("a")]);
}

#[test]
fn relative_paths_in_parameters_are_meant_from_the_directory_of_the_file() {
    let node = "  reader: { params: { world: w/room.yaml, maps: [a.yaml, /b.yaml], name: w/room.yaml } }";
    let params = plan("robots/picar.yaml", node).nodes.remove(0).spec.params;
    let text = |name: &str| from_value::<String>(params.get(name).unwrap()).unwrap();
    assert_eq!(text("world"), "robots/w/room.yaml");
    assert_eq!(text("name"), "w/room.yaml");
    let maps: Vec<String> = from_value(params.get("maps").unwrap()).unwrap();
    assert_eq!(maps, ["robots/a.yaml", "/b.yaml"]);
    assert_eq!(params.get("world").unwrap().mark.to_string(), "robots/picar.yaml:3:30");
}

#[test]
fn a_file_in_the_working_directory_leaves_paths_as_they_are() {
    let params =
        plan("picar.yaml", "  reader: { params: { world: w/room.yaml } }").nodes.remove(0).spec.params;
    assert_eq!(from_value::<String>(params.get("world").unwrap()).unwrap(), "w/room.yaml");
}

#[test]
fn a_topic_that_is_only_published_is_noted_and_one_that_is_only_subscribed_to_is_wrong_unless_it_is_external()
{
    let nodes = "  sensor: {}\n  brain: {}\n  left_brain: { type: brain }\n";
    assert_eq!(
        problems(nodes),
        [
            "picar.yaml:4:3: nodes.brain: no node publishes on topic `safety_status`, to which brain, left_brain have \
             subscribed; start a node that publishes it, `remap` it, or say `topics: { safety_status: { external: true \
             } }` if a tool does"
        ]
    );
    let outside = "topics: { safety_status: { external: true } }\n";
    let notes = |rest: &str| plan("picar.yaml", &format!("{nodes}{outside}{rest}")).notes;
    let never_subscribed = PlanNote::NeverSubscribed {
        topic: "autonomous_drive".into(),
        publishers: vec!["brain".into(), "left_brain".into()],
    };
    assert_eq!(notes(""), [never_subscribed]);
    assert_eq!(
        notes("")[0].to_string(),
        "topic `autonomous_drive`: no node subscribes to it; published by brain, left_brain"
    );
    let both = outside.replace(" }\n", ", autonomous_drive: { external: true } }\n");
    assert_eq!(plan("picar.yaml", &format!("{nodes}{both}")).notes, []);
}

#[test]
fn what_is_not_published_is_told_with_the_topic_of_its_type_that_was_probably_meant() {
    let meant =
        |nodes: &str| problems(nodes)[0].split_once(", did you mean ").map(|(_, rest)| rest[..10].to_owned());
    let near = "  sensor: { remap: { range: heart } }\n  polly: { type: parrot }\n";
    assert_eq!(meant(near).as_deref(), Some("`heart`?; "));
    let elsewhere = "  sensor: { namespace: rear, remap: { range: heard } }\n  polly: { type: parrot }\n";
    assert_eq!(meant(elsewhere).as_deref(), Some("`rear/hear"));
    let of_other_type =
        "  sensor: { remap: { range: safety_state } }\n  brain: { remap: { range: safety_state } }\n";
    assert_eq!(meant(of_other_type), None);
}

#[test]
fn nobody_is_missed_before_all_nodes_are_known() {
    let wrong = problems("  polly: { type: parrot }\n  rex: { type: parot }\n");
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].contains("unknown node type `parot`"), "{wrong:?}");
    let text = "robot: picar\nnodes:\n  polly: { type: parrot, remap: { heard: \"?\" } }\n";
    let (file, found) = LaunchFile::parse_all(&"picar.yaml".into(), text, &|_| None);
    let (types, here) = (types(), Machine::here());
    let plan_for = PlanFor { types: &types, machine: &here, here: &here, lookup: &|_| None };
    let errors = Plan::check(&file, &plan_for, found).unwrap_err();
    assert_eq!(errors.problems.len(), 1, "{errors}");
}

#[test]
fn threads_of_long_names_are_told_apart() {
    let nodes = "  obstacle_detection_front: { type: reader }\n  obstacle_detection_rear: { type: reader }";
    let names: Vec<_> = plan("picar.yaml", nodes).nodes.into_iter().map(|node| node.thread_name).collect();
    assert_eq!(names, ["obstacle_detect", "obstacle_dete~2"]);
}

/// The topics of a robot whose file says `rest` after its nodes.
fn topics_with(rest: &str) -> Result<Plan, String> {
    let text = format!(
        "robot: picar\nnodes: {{ sensor: {{}}, brain: {{ remap: {{ safety_status: far }} }} }}\n\
         topics: {{ far: {{ external: true }}, {rest}"
    );
    let file = LaunchFile::parse("picar.yaml".as_ref(), &text, &|_| None).unwrap();
    Plan::new(&file, &types()).map_err(|errors| errors.problems[0].to_string())
}

#[test]
fn what_the_file_says_about_a_topic_holds_where_the_robot_runs() {
    let plan = topics_with("range: { depth: 3, lifespan: off } }").unwrap();
    let environment = Environment::new(Clock::simulated(), 1).with_topics(plan.topics);
    let specs = plan.nodes.into_iter().map(|node| node.spec).collect();
    let robot = SimulatedRobot::configure(specs, environment).unwrap();
    let range = robot.environment().bus().topics().into_iter().find(|topic| &*topic.name == "range").unwrap();
    assert_eq!((range.qos.depth, range.qos.lifespan), (3, None));
    assert_eq!(range.overridden, ["depth", "lifespan"]);
}

#[test]
fn the_memory_of_a_robot_is_what_all_its_topics_can_take_and_not_a_byte_less() {
    let plan = topics_with("}").unwrap();
    assert!(plan.topics_bytes > 0);
    let with = |bytes: u64| topics_with(&format!("}}\nmemory: {{ bus_max: {bytes}B }}"));
    assert!(with(plan.topics_bytes).is_ok());
    let error = with(plan.topics_bytes - 1).unwrap_err();
    assert!(
        error.starts_with("picar.yaml:4:20: memory.bus_max: the messages of all topics can take "),
        "{error}"
    );
    // What the pools are made of is what was planned.
    let environment = Environment::new(Clock::simulated(), 1).with_topics(plan.topics.clone());
    let specs = plan.nodes.into_iter().map(|node| node.spec).collect();
    let robot = SimulatedRobot::configure(specs, environment).unwrap();
    let topics = robot.environment().bus().topics();
    assert_eq!(topics.iter().map(|topic| topic.memory.bytes() as u64).sum::<u64>(), plan.topics_bytes);
}

#[test]
fn nodes_that_answer_one_another_are_wrong_unless_a_topic_is_marked() {
    let nodes = "  polly: { type: parrot, remap: { said: a, heard: b } }\n\
                 \x20 rex: { type: parrot, remap: { said: b, heard: a } }\n";
    let text = "nodes answer one another in a loop: polly –a→ rex –b→ polly; if a sensor or a timer paces it, say \
                `feedback: true` of the topic that closes it, else take one of these topics out: 32 messages within a \
                second end it";
    assert_eq!(problems(nodes), [format!("picar.yaml:3:3: nodes.polly: {text}")]);
    // Where the file speaks of one of its topics, that is the place.
    let of_b = format!("{nodes}topics: {{ b: {{ depth: 2 }} }}");
    assert_eq!(problems(&of_b), [format!("picar.yaml:5:11: topics.b: {text}")]);
    assert_eq!(problems(&format!("{nodes}topics: {{ b: {{ feedback: true }} }}")), [""; 0]);
}

#[test]
fn names_in_the_file_become_names_of_topics() {
    let nodes = "  sensor: { namespace: front }\n  rear: { type: sensor, namespace: rear, remap: { range: /range_2 } }\n";
    let notes = plan("picar.yaml", nodes).notes;
    let topics: Vec<_> =
        notes.iter().map(|note| note.to_string().split('`').nth(1).unwrap().to_owned()).collect();
    assert_eq!(topics, ["front/range", "range_2"]);
}
