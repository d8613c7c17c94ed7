//! What `nevil new` writes. The texts are files in `templates`, in which a robot or node is called `sample`; the tests of
//! this repository compile them and run their tests.
//!
//! * `names`: what may be a name. `checkout`: where Nevil's sources are. `robot`: a project. `node`: one more node in it.
//! * `edit`: lines that are added to a file of the user's. `write`: files appear as a whole or not at all.

mod checkout;
mod edit;
mod names;
mod node;
mod robot;
mod write;

pub(crate) use node::{NewNode, NewNodeError, new_node};
pub(crate) use robot::{NewRobot, NewRobotError, new_robot};

/// What a template calls the robot or the node.
const SAMPLE: &str = "sample";
