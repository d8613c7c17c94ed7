//! What the shipped launch files say goes together, and nothing of it is worth a second look.
#![expect(clippy::unwrap_used, reason = "all of this is a test")]

use nevil_launch::{Machine, Plan, PlanFor};

#[test]
fn nothing_of_the_shipped_robots_is_worth_a_note_and_their_messages_fit() {
    for file in ["picar-sim.yaml", "picar-pi.yaml", "line-follower.yaml"] {
        for name in ["pi4", "pi5"] {
            let (types, machine) = (nevil::shipped_nodes(), Machine::named(name).unwrap());
            let plan_for = PlanFor { types: &types, machine: &machine, here: &machine, lookup: &|_| None };
            let plan = Plan::read(&format!("../launch/files/{file}").into(), &plan_for).unwrap();
            assert_eq!(plan.notes, [], "{file} on {name}");
            // A small part of what a robot has for messages. Most of it is for texts: actions, and the threads of the machine.
            assert!(plan.topics_bytes < 8 << 20, "{file}: {}", plan.topics_bytes);
        }
    }
}

/// The nodes of the plan of a shipped file, each with what the file says of it, but for the car and where it is named.
fn nodes_but_the_car(file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(format!("../launch/files/{file}")).unwrap();
    let (_, nodes) = text.split_once("\nnodes:\n").unwrap();
    let blocks = nodes.split("\n\n").map(|block| block.replace("sim_car", "picarx"));
    let blocks = blocks.map(|block| block.replace("    params: { chip: \"${chip}\" }\n", ""));
    blocks.skip(1).map(|block| block.trim_end().to_owned()).collect()
}

#[test]
fn the_real_car_and_the_simulated_one_have_the_same_nodes_but_for_the_car_and_its_light() {
    let real = nodes_but_the_car("picar-pi.yaml");
    assert_eq!(real.len(), 5);
    assert_eq!(real, nodes_but_the_car("picar-sim.yaml"));
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
