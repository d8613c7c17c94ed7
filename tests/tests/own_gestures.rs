//! Own gestures of a launch file: they are carried out, and what is wrong with them is told before anything starts.
#![expect(clippy::unwrap_used, reason = "all of this is a test")]

use std::fs;
use std::path::Path;

use nevil_launch::{LaunchFileError, Machine, Plan, PlanFor};

const ROBOT: &str = "files/gestures/robot.yaml";

/// What is wrong with the plan of the launch file at `path`.
fn problems(path: &Path) -> Vec<String> {
    let (types, machine) = (nevil::shipped_nodes(), Machine::named("pi5").unwrap());
    let plan_for = PlanFor { types: &types, machine: &machine, here: &machine, lookup: &|_| None };
    match Plan::read(&path.into(), &plan_for) {
        Ok(_) => Vec::new(),
        Err(LaunchFileError::Wrong(errors)) => errors.problems.iter().map(ToString::to_string).collect(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_folder_beside_the_launch_file_adds_gestures() {
    assert_eq!(problems(ROBOT.as_ref()), [""; 0]);
}

#[test]
fn a_wrong_step_and_an_unknown_name_are_told_with_their_places() {
    let folder = std::env::temp_dir().join(format!("nevil-own-gestures-{}", std::process::id()));
    fs::create_dir_all(folder.join("mine")).unwrap();
    let robot = fs::read_to_string(ROBOT)
        .unwrap()
        .replace("../../../launch", &format!("{}/../launch", env!("CARGO_MANIFEST_DIR")));
    let hop = fs::read_to_string("files/gestures/mine/hop.yaml").unwrap();
    let told = |robot: &str, hop: &str| {
        fs::write(folder.join("robot.yaml"), robot).unwrap();
        fs::write(folder.join("mine/hop.yaml"), hop).unwrap();
        let problems = problems(&folder.join("robot.yaml"));
        let [problem] = &*problems else { panic!("{problems:?}") };
        problem.replace(&format!("{}/", folder.display()), "")
    };
    assert_eq!(
        told(&robot, &hop.replace("cm: 5", "cm: 50")),
        "robot.yaml:6:3: nodes.navigation: mine/hop.yaml:5:22: gestures.hop.steps[0].drive.cm: value is too large (50), at most 30 is allowed"
    );
    assert_eq!(
        told(&robot.replace("forward 30", "forwad 30"), &hop),
        "robot.yaml:6:3: nodes.navigation: startup_actions[1]: unknown action `forwad`, did you mean `forward`?; docs/reference/actions.md lists them"
    );
    fs::remove_dir_all(&folder).unwrap();
}
