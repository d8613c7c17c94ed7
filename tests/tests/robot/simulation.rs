//! A simulated launch is the same each time, long, and as strict as a real one.

use crate::place::{Place, picar, shipped};
use crate::process::Ended;

fn simulate(seed: &str, time: &str) -> Ended {
    let file = shipped("picar-sim.yaml");
    Place::new().run(&["launch", &file, "--clock", "sim", "--seed", seed, "--for", time])
}

fn hash_line(ended: &Ended) -> &str {
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    ended.out.lines().find(|line| line.contains(" messages, hash ")).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_messages_and_another_one_others() {
    let (one, again, other) = (simulate("7", "90s"), simulate("7", "90s"), simulate("8", "90s"));
    println!("{}", hash_line(&one));
    assert_eq!(hash_line(&one), hash_line(&again));
    assert_ne!(hash_line(&one), hash_line(&other));
}

/// How many subscriptions each topic of the shipped robot has.
const SUBSCRIPTIONS: [(&str, u64); 25] = [
    ("auto_mode_command", 1),
    ("auto_mode_status", 1),
    ("autonomous_drive", 1),
    ("battery", 0),
    ("car_state", 0),
    ("drive", 1),
    ("emergency_stop/request", 0),
    ("emergency_stop/state", 1),
    ("grayscale", 2),
    ("host_status", 0),
    ("led_status", 0),
    ("listening_status", 1),
    ("look", 1),
    ("mood_change", 1),
    ("motion_status", 2),
    ("navigation_status", 1),
    ("operator_drive", 1),
    ("range", 2),
    ("robot_action", 1),
    ("safety_status", 2),
    ("sim_car/converter", 1),
    ("sim_car/sonar", 1),
    ("sim_car/state", 1),
    ("speaking_status", 1),
    ("system_mode", 1),
];

#[test]
fn in_ten_simulated_minutes_the_car_touches_nothing_and_every_message_is_accounted_for() {
    let ended = simulate("7", "10m");
    println!("{}", ended.out);
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    let (_, table) = ended.out.split_once("  rest\n").unwrap();
    let rows = table.lines().take_while(|line| !line.is_empty()).map(|line| {
        let (name, numbers) = line.split_once(' ').unwrap();
        (name, numbers.split_whitespace().map(|number| number.parse().unwrap()).collect::<Vec<u64>>())
    });
    let mut topics = Vec::new();
    for (name, numbers) in rows {
        let [published, ends @ ..] = &*numbers else { panic!("{name} has no numbers") };
        let (_, subscriptions) = SUBSCRIPTIONS.iter().find(|(topic, _)| *topic == name).unwrap();
        assert_eq!(ends.iter().sum::<u64>(), published * subscriptions, "{name}: {numbers:?}");
        assert_eq!(ends[1], 0, "{name}: a callback failed");
        topics.push(name);
    }
    assert_eq!(topics, SUBSCRIPTIONS.map(|(name, _)| name));

    assert_eq!(field(&ended, "touches"), 0.0, "{}", ended.out);
    assert!(field(&ended, "driven_m") >= 30.0, "{}", ended.out);
}

/// The number of the last `car_state` that is called so.
fn field(ended: &Ended, name: &str) -> f64 {
    let state = ended.out.lines().find_map(|line| line.trim().strip_prefix("car_state: ")).unwrap();
    let (_, rest) = state.split_once(&format!("\"{name}\":")).unwrap_or_else(|| panic!("{name} in {state}"));
    rest.split([',', '}']).next().unwrap().trim().parse().unwrap()
}

#[test]
fn actions_at_the_start_drive_the_car_as_far_as_they_say() {
    let place = Place::new();
    let car = picar(&format!("world: {}", shipped("worlds/empty_room.yaml")));
    let params = "{ auto: false, startup_actions: [forward 50, look_left, backward 20] }";
    let file = place.file(&format!(
        "robot: picar\nnodes:\n{car}  navigation: {{ depends_on: [motion], params: {params} }}\n"
    ));
    let words = ["launch", file.to_str().unwrap(), "--clock", "sim", "--seed", "1", "--for", "20s"];
    let ended = place.run(&words);
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    assert!((field(&ended, "driven_m") - 0.7).abs() < 0.02, "{ended:?}");
    assert!(
        (field(&ended, "pan_rad") - 0.0).abs() < 0.05,
        "after the last action the camera is at rest: {ended:?}"
    );
    assert!(ended.out.contains(r#"navigation_status: {"status":"idle""#), "{ended:?}");
}

#[test]
fn a_simulation_without_an_end_is_refused_with_2() {
    let ended = Place::new().run(&["launch", &shipped("picar-sim.yaml"), "--clock", "sim"]);
    let complaint = "a simulation needs to know for how long: add `--for 10m`\n";
    assert_eq!((ended.code(), &*ended.err), (Some(2), complaint));
}

#[test]
fn a_node_that_panics_in_a_simulation_ends_it_with_4_and_is_named() {
    let place = Place::new();
    let car = picar(&format!("world: {}", shipped("worlds/empty_room.yaml")));
    let file = place.file(&format!(
        "robot: picar\nnodes:\n{car}  lamp: {{ type: trouble, params: {{ later: panic }} }}\n\
         topics:\n  autonomous_drive: {{ external: true }}\n"
    ));
    let ended = place.run(&["launch", file.to_str().unwrap(), "--clock", "sim", "--for", "5s"]);
    assert_eq!(ended.code(), Some(4), "{ended:?}");
    assert!(ended.err.contains("callback `later` panicked: the lamp is broken"), "{}", ended.err);
    assert!(ended.err.contains("`lamp`"), "{}", ended.err);
}

#[test]
fn a_node_that_fails_to_start_in_a_simulation_ends_it_with_3_and_is_named() {
    let place = Place::new();
    let file = place.file("robot: picar\nnodes:\n  lamp: { type: trouble, params: { activate: refuse } }\n");
    let ended = place.run(&["launch", file.to_str().unwrap(), "--clock", "sim", "--for", "5s"]);
    assert_eq!(ended.code(), Some(3), "{ended:?}");
    assert!(ended.err.contains("`lamp`") && ended.err.contains("the lamp is not connected"), "{}", ended.err);
}
