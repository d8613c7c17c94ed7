use serde_json::json;

use super::*;

fn info() -> Value {
    json!({
        "name": "range", "type": "Range", "hash": "30da0e932bcc1067", "private": false,
        "doc": "One measurement of the ultrasonic sensor.\n\nMore of it.",
        "fields": [
            { "name": "reading", "kind": "one of echo, timeout, no_edge", "unit": null, "range": null },
            { "name": "distance_m", "kind": "f32", "unit": "m", "range": "0 to 4" },
        ],
        "qos": {
            "overflow": "drop_oldest", "depth": 4, "priority": "normal", "message_bytes_max": 65536,
            "latched": false, "lifespan_us": 1500, "deadline_us": 90_000_000, "exclusive": true,
            "feedback": false, "external": false, "overridden": ["depth", "lifespan"],
        },
        "publishers": [{ "node": "sim_car", "published": 120, "accepted": 119, "refused_size": 1 }],
        "subscriptions": [
            { "node": "navigation", "callback": "on_range", "offered": 119, "ok": 119, "failed": 0,
              "latency": { "count": 119, "p50_ns": 5500, "p99_ns": 112_000, "max_ns": 3_200_000 } },
            { "node": "obstacle_detection", "callback": "on_range", "offered": 119, "ok": 100, "expired": 19 },
        ],
        "latched": [{ "node": "sim_car", "message": { "reading": "echo", "distance_m": 0.5 } }],
        "slots": { "in_use": 2, "all": 273, "bytes_each": 112 },
    })
}

#[test]
fn a_topic_is_shown_with_its_rules_and_the_counters_that_say_something() {
    let expected = "\
range: Range (30da0e932bcc1067)
  One measurement of the ultrasonic sensor.

field       type                           unit  range
reading     one of echo, timeout, no_edge  -     -
distance_m  f32                            m     0 to 4

rule               value        said by
overflow           drop_oldest  code
depth              4            launch file
priority           normal       code
message_bytes_max  64KiB        code
latched            no           code
lifespan           1.5ms        launch file
deadline           1 min 30 s   code
exclusive          yes          code
feedback           no           code
external           no           code

published by  published  accepted
sim_car             120       119

refused  too large
sim_car          1

subscribed by                offered   ok  queued  running  kept
navigation.on_range              119  119       0        0     0
obstacle_detection.on_range      119  100       0        0     0

not done                     expired
obstacle_detection.on_range       19

publish to callback  half within  99 % within  all within
navigation.on_range         5 us       112 us        3 ms

last value of sim_car: {\"distance_m\":0.5,\"reading\":\"echo\"}

2 of 273 slots are in use; full, they take 29.9KiB (112B each)
";
    assert_eq!(render(&info(), Reader::Pipe), expected);
}

#[test]
fn what_is_said_of_single_subscriptions_and_a_depth_that_was_changed_stand_below_the_rules() {
    let mut info = info();
    info["qos"]["depth_planned"] = json!(8);
    info["subscriptions"][0]["qos"] = json!({
        "overflow": "drop_newest", "depth": 2, "depth_planned": 2, "lifespan_us": null, "deadline_us": null,
        "said": [{ "rule": "overflow", "by": "subscription" }, { "rule": "lifespan", "by": "default" }],
    });
    info["subscriptions"][1]["qos"] =
        json!({ "overflow": "drop_oldest", "depth": 3, "depth_planned": 8, "said": [] });
    let expected = "\
subscription                 rule      value        said by
navigation.on_range          overflow  drop_newest  launch file
navigation.on_range          lifespan  off          launch file, of all
obstacle_detection.on_range  depth     3 of 8       an operator
";
    let screen = render(&info, Reader::Pipe);
    assert!(screen.contains(expected), "{screen}");
    assert!(screen.contains("\ndepth              4 of 8       an operator\n"), "{screen}");
}

#[test]
fn with_every_counter_it_still_fits_80_columns() {
    let mut info = info();
    for (key, _) in DELIVERED.iter().chain(&NOT_DELIVERED) {
        info["subscriptions"][0][key] = json!(123_456);
    }
    let screen = render(&info, Reader::Plain);
    assert!(NOT_DELIVERED.iter().all(|(_, column)| screen.contains(column)), "{screen}");
    assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
}

#[test]
fn with_the_longest_names_it_fits_too_but_for_the_name_of_the_topic_itself() {
    let mut info = info();
    info["name"] = json!("t".repeat(128));
    for ends in ["publishers", "subscriptions"] {
        info[ends][0]["node"] = json!("n".repeat(48));
    }
    info["latched"] = json!([]);
    let screen = render(&info, Reader::Plain);
    let (title, rest) = screen.split_once('\n').unwrap();
    assert_eq!(title, format!("{}:", "t".repeat(128)));
    assert!(rest.starts_with("  Range (30da0e932bcc1067)\n"), "{rest}");
    assert!(rest.lines().all(|line| line.chars().count() <= 80), "{rest}");
}
