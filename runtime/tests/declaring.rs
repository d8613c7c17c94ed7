//! What nodes declare, under which names, and who may.
#![expect(clippy::unwrap_used, reason = "all of this is a test")]

use std::collections::BTreeMap;

use nevil_runtime::prelude::*;
use nevil_runtime::{
    Clock, ConfigureError, DriverInput, Environment, NodeSpec, NodeTypes, QosOverride, SimulatedRobot,
};

/// Measures every 10 ms.
struct Sonar {
    range: Publisher<Range>,
}

/// What a sonar of this name measures.
fn distance_m(instance: &str) -> f32 {
    if instance == "left" { 1.0 } else { 2.0 }
}

struct Ping(f32);

impl Driver for Ping {
    type Input = Range;

    fn step(&mut self, now: Time, input: &DriverInput<Range>) -> Result<Option<Time>, NodeError> {
        input.send(Range { reading: RangeReading::Echo, distance_m: self.0 })?;
        Ok(Some(now + Duration::from_millis(10)))
    }
}

impl Node for Sonar {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        let distance_m = distance_m(setup.instance());
        setup.driver(
            "ping",
            move || Ok(Ping(distance_m)),
            |sonar: &mut Self, range, _| {
                sonar.range.publish(**range)?;
                Ok(())
            },
        )?;
        Ok(Self { range: setup.publisher(topics::RANGE)? })
    }
}

/// Publishes on an exclusive topic.
struct Motion;

impl Node for Motion {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.publisher(topics::DRIVE)?;
        setup.publisher(topics::DRIVE)?;
        Ok(Self)
    }
}

/// Wants to listen to what another node's driver says.
struct Spy;

impl Node for Spy {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(Topic::<Range>::new("ping"), |_, _, _| Ok(()))?;
        Ok(Self)
    }
}

fn spec(node_type: &str, instance: &str, namespace: &str, remap: &[(&str, &str)]) -> NodeSpec {
    let types = NodeTypes::new().with::<Sonar>("sonar").with::<Motion>("motion").with::<Spy>("spy");
    NodeSpec {
        namespace: namespace.to_owned(),
        remap: remap.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect(),
        ..NodeSpec::new(instance, types.get(node_type).unwrap().clone())
    }
}

fn environment() -> Environment {
    Environment::new(Clock::simulated(), 1)
}

/// What is wrong with these nodes, configured one after the other.
fn errors(specs: &[NodeSpec]) -> Vec<String> {
    let environment = environment();
    let errors = specs.iter().filter_map(|spec| spec.check(&environment).err());
    errors.map(|error| error.to_string()).collect()
}

fn topics_of(environment: &Environment) -> Vec<String> {
    environment.bus().topics().iter().map(|topic| topic.name.to_string()).collect()
}

#[test]
fn two_sonars_in_namespaces_have_topics_of_their_own() {
    let specs = vec![spec("sonar", "left", "left_side", &[]), spec("sonar", "right", "right_side", &[])];
    let mut robot = SimulatedRobot::configure(specs, environment()).unwrap();
    assert_eq!(
        topics_of(robot.environment()),
        ["left/ping", "left_side/range", "right/ping", "right_side/range"]
    );
    robot.activate().unwrap();
    robot.run_for(Duration::from_millis(15)).unwrap();
    let distances: BTreeMap<_, _> = robot.last_messages().into_iter().collect();
    for (topic, distance_m) in [("left_side/range", "1.0"), ("right_side/range", "2.0")] {
        assert!(distances[topic].as_ref().unwrap().contains(distance_m), "{distances:?}");
        // Under the name of the instance, whatever the topic is called.
        let publisher = robot.environment().bus().counts(topic).unwrap().publishers[0].0.clone();
        assert!(topic.starts_with(&publisher));
    }
}

#[test]
fn two_nodes_of_one_type_share_a_topic_unless_it_is_remapped() {
    let environment = environment();
    for instance in ["left", "right"] {
        spec("sonar", instance, "", &[]).check(&environment).unwrap();
    }
    spec("sonar", "rear", "", &[("range", "range_rear")]).check(&environment).unwrap();
    let all = environment.bus().topics();
    let publishers = |name: &str| all.iter().find(|topic| &*topic.name == name).unwrap().publishers.len();
    assert_eq!((publishers("range"), publishers("range_rear")), (2, 1));
}

#[test]
fn a_remapped_topic_that_the_node_does_not_have_is_refused_with_those_it_has() {
    let error =
        spec("sonar", "sonar", "", &[("rnage", "a"), ("rage", "b")]).check(&environment()).unwrap_err();
    assert!(matches!(&error, ConfigureError::UnusedRemap { used, .. } if *used == ["range"]));
    assert_eq!(
        error.to_string(),
        "`rage`, `rnage` are remapped, but the node has no such topic in its code; it has range"
    );
}

#[test]
fn names_that_nobody_can_have_are_refused() {
    assert_eq!(
        errors(&[spec("sonar", "sonar", "Front", &[]), spec("sonar", "sonar", "", &[("range", "a b")])]),
        [
            "`Front` is not a namespace; use 1 to 48 of the characters a-z, 0-9 and _, in parts separated by /",
            "`a b` is not a name for a topic; use 1 to 128 of the characters a-z, 0-9 and _, in parts separated by /",
        ]
    );
}

#[test]
fn only_one_node_declares_publishers_on_an_exclusive_topic() {
    assert_eq!(
        errors(&[spec("motion", "motion", "", &[]), spec("motion", "front", "", &[])]),
        [
            "topic `drive` is exclusive: `motion` publishes on it, so that `front` may not; remap the topic for one of \
          them, put them into namespaces, or leave one out"
        ]
    );
    assert_eq!(errors(&[spec("motion", "motion", "", &[]), spec("motion", "motion", "", &[])]), [""; 0]);
    assert_eq!(errors(&[spec("motion", "motion", "", &[]), spec("motion", "front", "f", &[])]), [""; 0]);
}

#[test]
fn what_a_driver_says_to_its_node_is_private_whoever_comes_first() {
    let (sonar, spy) = (spec("sonar", "front", "", &[]), spec("spy", "spy", "front", &[]));
    let wanted = [
        "topic `front/ping` is the private one of a driver and its node, and another node wants to use it; \
                   choose another name or namespace",
    ];
    assert_eq!(errors(&[sonar.clone(), spy.clone()]), wanted);
    assert_eq!(errors(&[spy, sonar]), wanted);
}

#[test]
fn a_topic_is_carried_as_the_robot_says_and_not_as_the_code_does() {
    let depth = QosOverride { depth: Some(3), ..QosOverride::default() };
    let environment = environment().with_topics(BTreeMap::from([("front/range".to_owned(), depth)]));
    spec("sonar", "front", "front", &[]).check(&environment).unwrap();
    spec("sonar", "rear", "rear", &[]).check(&environment).unwrap();
    let topics = environment.bus().topics();
    let topic = |name: &str| topics.iter().find(|topic| &*topic.name == name).unwrap();
    assert_eq!((topic("front/range").qos.depth, topic("rear/range").qos.depth), (3, 10));
    assert_eq!(
        (topic("front/range").overridden.clone(), topic("rear/range").overridden.clone()),
        (vec!["depth"], vec![])
    );
    assert!(topic("front/ping").is_private && !topic("front/range").is_private);
}

#[test]
fn what_the_robot_says_about_a_topic_is_checked_with_what_the_code_says() {
    let latched = QosOverride { depth: Some(2), ..QosOverride::default() };
    let environment = environment().with_topics(BTreeMap::from([("drive".to_owned(), latched)]));
    assert_eq!(
        spec("motion", "motion", "", &[]).check(&environment).unwrap_err().to_string(),
        "topic `drive`: depth is 2, but `latest` keeps one message over all publishers; leave the depth out, or use \
         `drop_oldest`"
    );
}

/// Listens to a range of which it wants to keep more.
struct Recorder;

impl Node for Recorder {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(topics::RANGE.depth(200), |_, _, _| Ok(()))?;
        Ok(Self)
    }
}

#[test]
fn nodes_agree_about_how_a_topic_is_carried_or_the_robot_says_it_for_all() {
    let types = NodeTypes::new().with::<Recorder>("recorder");
    let recorder = NodeSpec::new("recorder", types.get("recorder").unwrap().clone());
    let sonar = spec("sonar", "sonar", "", &[]);
    assert_eq!(
        errors(&[sonar.clone(), recorder.clone()]),
        [
            "topic `range` is declared with another depth than before; let its nodes use one constant, or say the same \
          for all of them in the launch file"
        ]
    );
    let depth = QosOverride { depth: Some(20), ..QosOverride::default() };
    let environment = environment().with_topics(BTreeMap::from([("range".to_owned(), depth)]));
    for node in [sonar, recorder] {
        node.check(&environment).unwrap();
    }
}
