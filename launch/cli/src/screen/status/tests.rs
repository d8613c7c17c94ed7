use serde_json::json;

use super::{Reader, render};

const DENIED: &str = "not permitted to use SCHED_FIFO at priority 60; grant CAP_SYS_NICE or raise `rtprio` in \
                      limits.conf (docs/guide/realtime.md)";

fn report() -> serde_json::Value {
    let thread = |name: &str, wanted: &str, denied: &[&str]| {
        json!({
            "name": name, "id": 4712, "policy_wanted": wanted, "policy_granted": "nice -10",
            "cores_wanted": "auto", "cores_granted": "0-3", "stack_bytes": 524_288, "denied": denied,
        })
    };
    let callback = |ok: u64, failed: u64, longest_us: u64| json!({ "name": "on_range", "ok": ok, "failed": failed, "panicked": 0, "longest_us": longest_us });
    json!({
        "robot": "picar", "pid": 4711, "file": "picar.yaml", "phase": "running", "up_ms": 192_000, "denied": [],
        "moving": true,
        "nodes": [
            {
                "name": "motion", "state": "active", "thread": thread("motion", "fifo 60", &[DENIED]),
                "callbacks": [callback(1_234_567, 0, 250), callback(3, 0, 1999)], "timers": [],
            },
            {
                "name": "obstacle_detection", "state": "failed",
                "thread": thread("obstacle_detect", "fifo 60", &[DENIED]),
                "callbacks": [callback(17, 4, 12)], "timers": [],
            },
        ],
        "topics": [
            {
                "name": "range", "type_name": "Range",
                "counts": {
                    "publishers": [["sim_car", { "published": 120, "accepted": 119, "refused_size": 1 }]],
                    "subscriptions": [
                        ["motion", "on_range", { "ok": 100, "failed": 2, "overflow": 10, "discarded": 1, "queued": 6 }],
                    ],
                    "slots": [6, 300],
                },
            },
        ],
        "actuators": [{
            "name": "motion/wheels", "commands": 200, "refused": 0, "expired": 3, "made_safe": 4,
            "make_safe_failed": 0,
        }],
    })
}

#[test]
fn the_screen_of_a_robot_fits_80_columns_and_says_what_is_wrong() {
    let screen = render(report(), Reader::Pipe).unwrap();
    let expected = "\
picar from picar.yaml
running, moving, up 3 min 12 s, pid 4711

node                state   calls ok  failed  panicked  longest
motion              active      1.2M       0         0   1.9 ms
obstacle_detection  failed        17       4         0    12 us

thread             id  node                wanted   granted   cores
motion           4712  motion              fifo 60  nice -10  0-3 (auto)
obstacle_detect  4712  obstacle_detection  fifo 60  nice -10  0-3 (auto)

topic  type   published  refused  delivered  failed  dropped  queued
range  Range        120        1        100       2       11       6

actuator       commands  refused  expired  made safe  failed
motion/wheels       200        0        3          4       0

denied
  motion, obstacle_detection: not permitted to use SCHED_FIFO at priority 60;
    grant CAP_SYS_NICE or raise `rtprio` in limits.conf (docs/guide/realtime.md)
";
    assert_eq!(screen, expected, "\n{screen}");
}

#[test]
fn names_of_the_greatest_length_do_not_break_the_screen() {
    let mut report = report();
    let name = "n".repeat(48);
    report["nodes"][0]["name"] = json!(name);
    report["topics"][0]["name"] = json!(format!("{name}/{name}"));
    report["actuators"][0]["name"] = json!(format!("{name}/{name}"));
    let screen = render(report, Reader::Plain).unwrap();
    assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
}

#[test]
fn colours_are_for_terminals_alone() {
    assert!(!render(report(), Reader::Pipe).unwrap().contains('\x1b'));
    assert!(!render(report(), Reader::Plain).unwrap().contains('\x1b'));
    assert!(render(report(), Reader::Colours).unwrap().contains("\x1b[1;31mfailed\x1b[0m"));
}

#[test]
fn a_robot_that_says_less_is_shown_all_the_same() {
    let screen = render(json!({ "robot": "picar", "phase": "starting", "news": 1 }), Reader::Plain).unwrap();
    assert_eq!(screen, "picar\nstarting, safe, up 0 ms, pid 0\n");
}

#[test]
fn an_emergency_stop_stands_first_with_who_and_why_and_how_to_end_it() {
    let mut report = report();
    let reason =
        "the bumper is pressed, and it was pressed twice before in this room without anything near it";
    report["emergency_stop"] =
        json!({ "since_ns": 5, "for_ms": 61_000, "by": "node `bumper`", "reason": reason, "count": 3 });
    let screen = render(report, Reader::Pipe).unwrap();
    let expected = "\
EMERGENCY STOP for 1 min 1 s, asked for 3 times
  nothing moves until `nevil estop --reset`
  by node `bumper`: the bumper is pressed, and it was pressed twice before in
    this room without anything near it
";
    assert_eq!(screen.split("\n\n").nth(1).unwrap().to_owned() + "\n", expected);
}

#[test]
fn leases_are_shown_with_who_holds_them_for_what_and_for_how_long() {
    let mut report = report();
    report["leases"] = json!([
        {
            "name": "microphone", "nodes": ["ears", "mouth"], "owner": "ears", "purpose": "listening", "held_ms": 2000,
            "remaining_ms": 58_000, "acquired": 4, "refused": 7, "taken_over": 1,
        },
        {
            "name": "speaker", "nodes": ["mouth"], "owner": null, "purpose": null, "held_ms": null,
            "remaining_ms": null, "acquired": 0, "refused": 0, "taken_over": 0,
        },
    ]);
    let screen = render(report, Reader::Pipe).unwrap();
    let expected = "\
lease       owner  purpose    held  ends in  refused  taken over
microphone  ears   listening   2 s     58 s        7           1
speaker     -                                      0           0
";
    assert!(screen.contains(expected), "{screen}");
}
