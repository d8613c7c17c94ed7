//! What the shipped launch files say goes together, and nothing of it is worth a second look.

use nevil_launch::{Machine, Plan, PlanFor};

#[test]
fn nothing_of_the_shipped_robot_is_worth_a_note_and_its_messages_fit() {
    let (types, machine) = (nevil::shipped_nodes(), Machine::named("pi4").unwrap());
    let plan_for = PlanFor { types: &types, machine: &machine, here: &machine, lookup: &|_| None };
    let plan = Plan::read(&"../launch/files/picar-sim.yaml".into(), &plan_for).unwrap();
    assert_eq!(plan.notes, []);
    // A small part of what a robot has for messages. Most of it is for texts: actions that people ask for.
    assert!(plan.topics_bytes < 4 << 20, "{}", plan.topics_bytes);
}

#[test]
fn who_commands_and_who_warns_is_one_node_in_each_namespace() {
    let text = "
robot: two
nodes:
  obstacle_detection: {}
  motion: {}
  rear: { type: obstacle_detection, namespace: trailer }
  winch: { type: motion, namespace: trailer }
topics:
  range: { external: true }
  trailer/range: { external: true }
  autonomous_drive: { external: true }
  trailer/autonomous_drive: { external: true }
";
    let plan = |text: &str| {
        let file = nevil_launch::LaunchFile::parse("two.yaml".as_ref(), text, &|_| None).unwrap();
        Plan::new(&file, &nevil::shipped_nodes())
            .map_err(|errors| errors.problems.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(plan(text).map(|plan| plan.nodes.len()), Ok(4));
    let alike = plan(&text.replace(", namespace: trailer }", " }")).unwrap_err();
    assert!(
        alike[0]
            .contains("nodes.rear: topic `safety_status` is exclusive: `obstacle_detection` publishes on it")
    );
    assert!(alike[1].contains("nodes.winch: topic `drive` is exclusive: `motion` publishes on it"));
}
