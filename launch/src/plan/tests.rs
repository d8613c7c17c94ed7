use std::path::PathBuf;
use std::sync::Arc;

use nevil_msgs::from_value;
use nevil_runtime::prelude::*;
use nevil_runtime::{Clock, Environment, NodeTypes, SimulatedRobot};

use super::{Plan, PlanNote};
use crate::file::LaunchFile;

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

fn plan(path: &str, nodes: &str) -> Plan {
    let types = NodeTypes::new()
        .with::<Brain>("brain")
        .with::<Parrot>("parrot")
        .with::<Reader>("reader")
        .with::<Sensor>("sensor");
    let text = format!("robot: picar\nnodes:\n{nodes}");
    let file = LaunchFile::parse(path.as_ref(), &text, &|_| None).unwrap();
    Plan::new(&file, &types).unwrap()
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
fn topics_with_one_end_are_noted() {
    let notes = plan("picar.yaml", "  sensor: {}\n  brain: {}\n  left_brain: { type: brain }").notes;
    let never_published = PlanNote::NeverPublished {
        topic: "safety_status".into(),
        subscribers: vec!["brain".into(), "left_brain".into()],
    };
    assert!(notes.contains(&never_published), "{notes:?}");
    let notes: Vec<_> = notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "topic `autonomous_drive`: no node subscribes to it; published by brain, left_brain",
            "topic `safety_status`: no node publishes on it; brain, left_brain subscribed",
        ]
    );
}

#[test]
fn threads_of_long_names_are_told_apart() {
    let nodes = "  obstacle_detection_front: { type: reader }\n  obstacle_detection_rear: { type: reader }";
    let names: Vec<_> = plan("picar.yaml", nodes).nodes.into_iter().map(|node| node.thread_name).collect();
    assert_eq!(names, ["obstacle_detect", "obstacle_dete~2"]);
}

/// The topics of a robot whose file says `rest` after its nodes.
fn topics_with(rest: &str) -> Result<Plan, String> {
    let types = NodeTypes::new().with::<Brain>("brain").with::<Sensor>("sensor");
    let text = format!("robot: picar\nnodes: {{ sensor: {{}}, brain: {{}} }}\n{rest}");
    let file = LaunchFile::parse("picar.yaml".as_ref(), &text, &|_| None).unwrap();
    Plan::new(&file, &types).map_err(|errors| errors.problems[0].to_string())
}

#[test]
fn what_the_file_says_about_a_topic_holds_where_the_robot_runs() {
    let plan = topics_with("topics: { range: { depth: 3, lifespan: off } }").unwrap();
    let environment = Environment::new(Clock::simulated(), 1).with_topics(plan.topics);
    let specs = plan.nodes.into_iter().map(|node| node.spec).collect();
    let robot = SimulatedRobot::configure(specs, environment).unwrap();
    let range = robot.environment().bus().topics().into_iter().find(|topic| &*topic.name == "range").unwrap();
    assert_eq!((range.qos.depth, range.qos.lifespan), (3, None));
    assert_eq!(range.overridden, ["depth", "lifespan"]);
}

#[test]
fn the_memory_of_a_robot_is_what_all_its_topics_can_take_and_not_a_byte_less() {
    let plan = topics_with("").unwrap();
    assert!(plan.topics_bytes > 0);
    let with = |bytes: u64| topics_with(&format!("memory: {{ bus_max: {bytes}B }}"));
    assert!(with(plan.topics_bytes).is_ok());
    let error = with(plan.topics_bytes - 1).unwrap_err();
    assert!(
        error.starts_with("picar.yaml:3:20: memory.bus_max: the messages of all topics can take "),
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
fn nodes_that_answer_one_another_are_noted_unless_a_topic_is_marked() {
    let cycles = |topics: &str| -> Vec<String> {
        let nodes = "  polly: { type: parrot, remap: { said: a, heard: b } }\n\
                     \x20 rex: { type: parrot, remap: { said: b, heard: a } }\n";
        let notes = plan("picar.yaml", &format!("{nodes}{topics}")).notes;
        notes.iter().filter(|note| matches!(note, PlanNote::Cycle(_))).map(ToString::to_string).collect()
    };
    assert_eq!(
        cycles(""),
        [
            "nodes answer one another in a loop: polly –a→ rex –b→ polly; if a sensor or a timer paces it, say \
          `feedback: true` of the topic that closes it, else 32 messages within a second end it"
        ]
    );
    assert_eq!(cycles("topics: { b: { feedback: true } }"), [""; 0]);
}

#[test]
fn names_in_the_file_become_names_of_topics() {
    let nodes = "  sensor: { namespace: front }\n  rear: { type: sensor, namespace: rear, remap: { range: /range_2 } }\n";
    let notes = plan("picar.yaml", nodes).notes;
    let topics: Vec<_> =
        notes.iter().map(|note| note.to_string().split('`').nth(1).unwrap().to_owned()).collect();
    assert_eq!(topics, ["front/range", "range_2"]);
}
