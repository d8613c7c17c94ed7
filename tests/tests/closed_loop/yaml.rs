//! A world file as the robot reads it.

use nevil_msgs::Value;
use nevil_node_sim_car::World;

/// The shipped world `name`.
pub(crate) fn world(name: &str) -> World {
    let path = format!("{}/../launch/files/worlds/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    nevil_msgs::from_value(&Value::parse_yaml(name, &text).unwrap()).unwrap()
}
