use std::time::Duration;

use nevil_msgs::{Overflow, TopicPriority, from_value};
use nevil_runtime::{
    BreakerPolicy, CallbackRule, Cores, NodeRules, OnHang, OnPanic, Policy, QosOverride, SubscriptionQos,
    ThreadSpec, TripRule, Wait,
};

use super::{LaunchFile, LaunchFileError, LockMemory, OnDenied, Systemd, WatchdogEntry};
use crate::rules::{GroupRule, GroupStrategy, OnInputDown, RestartPolicy, RestartRule};

fn parse(text: &str) -> Result<LaunchFile, String> {
    let lookup = |name: &str| (name == "WHEELS").then(|| "4".to_owned());
    LaunchFile::parse("picar.yaml".as_ref(), text, &lookup)
        .map_err(|errors| errors.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// The thread of a node whose file says `thread` about it, or all that is wrong.
fn thread(thread: &str) -> Result<ThreadSpec, String> {
    let file = parse(&format!("robot: picar\nnodes:\n  car:\n    thread: {{ {thread} }}"))?;
    Ok(file.nodes[0].thread.clone())
}

#[test]
fn what_a_file_does_not_say_has_its_default() {
    let file = parse("robot: picar-sim\nnodes:\n  car:\n").unwrap();
    assert_eq!(file.robot, "picar-sim");
    assert_eq!(file.shutdown_timeout, Duration::from_secs(5));
    assert_eq!(file.start_timeout, Duration::from_secs(10));
    assert_eq!((file.lock_memory, file.on_denied), (LockMemory::Off, OnDenied::Warn));
    let car = &file.nodes[0];
    assert_eq!((car.instance.as_str(), car.node_type.0.as_str(), car.required), ("car", "car", true));
    assert_eq!(car.thread, ThreadSpec::default());
    assert_eq!((car.namespace.as_str(), car.remap.len()), ("", 0));
    assert_eq!((file.topics.len(), file.bus_bytes_max.0), (0, 64 << 20));
    assert!(car.depends_on.is_empty());
    assert_eq!(car.mark.to_string(), "picar.yaml:3:3");
}

#[test]
fn every_key_is_read() {
    let text = "
robot: picar
shutdown_timeout: 100ms
start_timeout: 10min
lock_memory: require
on_denied: fail
memory: { bus_max: 16GiB }
topics: { range: { depth: 4 } }
nodes:
  lamp: {}
  car:
    type: sim_car
    params: { wheels: 4 }
    thread: { policy: rr, priority: 79, cores: [3, 1], stack: 64MiB, wait: { spin: 50us } }
    required: false
    depends_on: [lamp]
    namespace: front
    remap: { range: /front_range }
";
    let file = parse(text).unwrap();
    assert_eq!(file.shutdown_timeout, Duration::from_millis(100));
    assert_eq!(file.start_timeout, Duration::from_secs(600));
    assert_eq!((file.lock_memory, file.on_denied), (LockMemory::Require, OnDenied::Fail));
    let car = &file.nodes[1];
    assert_eq!(
        (car.node_type.0.as_str(), car.node_type.1.to_string()),
        ("sim_car", "picar.yaml:12:11".into())
    );
    assert_eq!(car.params.get("wheels").unwrap().mark.to_string(), "picar.yaml:13:23");
    let thread = ThreadSpec {
        policy: Policy::RoundRobin { priority: 79 },
        cores: Cores::Only(vec![1, 3]),
        stack_bytes: 64 << 20,
        wait: Wait { spin: Duration::from_micros(50) },
    };
    assert_eq!((&car.thread, car.required), (&thread, false));
    assert_eq!(car.depends_on[0].0, "lamp");
    assert_eq!(car.depends_on[0].1.to_string(), "picar.yaml:16:18");
    assert_eq!((car.namespace.as_str(), car.remap[0].from.as_str()), ("front", "range"));
    assert_eq!(
        (car.remap[0].to.as_str(), car.remap[0].mark.to_string()),
        ("/front_range", "picar.yaml:18:14".into())
    );
    assert_eq!(
        (file.bus_bytes_max.0, file.bus_bytes_max.1.to_string()),
        (16 << 30, "picar.yaml:7:20".into())
    );
    assert_eq!((file.topics[0].name.as_str(), file.topics[0].qos.depth), ("range", Some(4)));
    assert_eq!(file.topics[0].mark.to_string(), "picar.yaml:8:11");
}

#[test]
fn the_nodes_keep_the_order_of_the_file() {
    let file = parse("robot: r\nnodes: { zebra: {}, ant: {}, mole: {} }").unwrap();
    let names: Vec<_> = file.nodes.iter().map(|node| node.instance.as_str()).collect();
    assert_eq!(names, ["zebra", "ant", "mole"]);
}

#[test]
fn a_variable_is_put_in_with_its_type() {
    let file = parse("robot: r\nnodes:\n  car:\n    params:\n      wheels: ${WHEELS}\n").unwrap();
    assert_eq!(from_value::<u8>(file.nodes[0].params.get("wheels").unwrap()), Ok(4));
}

#[test]
fn a_variable_without_a_value_is_the_only_problem_of_its_place() {
    assert_eq!(
        parse("robot: r\nshutdown_timeout: ${GONE}\nnodes: { car: {} }").unwrap_err(),
        "picar.yaml:2:19: shutdown_timeout: `${GONE}` stands for nothing; declare it under `args`, set it as a variable, or write `${GONE:-default}`"
    );
}

#[test]
fn times_are_allowed_up_to_their_bounds_and_not_beyond() {
    let with = |line: &str| parse(&format!("robot: r\n{line}\nnodes: {{ car: {{}} }}"));
    for right in
        ["shutdown_timeout: 60s", "shutdown_timeout: 100ms", "start_timeout: 100ms", "start_timeout: 600s"]
    {
        assert!(with(right).is_ok(), "{right}");
    }
    assert_eq!(
        with("shutdown_timeout: 60001ms").unwrap_err(),
        "picar.yaml:2:19: shutdown_timeout: value is too large (60001ms), at most 60s is allowed"
    );
    assert_eq!(
        with("shutdown_timeout: 99ms").unwrap_err(),
        "picar.yaml:2:19: shutdown_timeout: value is too small (99ms), at least 100ms is allowed"
    );
    assert_eq!(
        with("start_timeout: 11min").unwrap_err(),
        "picar.yaml:2:16: start_timeout: value is too large (11min), at most 600s is allowed"
    );
}

#[test]
fn the_numbers_of_a_thread_are_allowed_up_to_their_bounds_and_not_beyond() {
    let policy = |text: &str| thread(text).map(|spec| spec.policy);
    assert_eq!(policy("nice: -20"), Ok(Policy::Normal { nice: -20 }));
    assert_eq!(policy("policy: normal, nice: 19"), Ok(Policy::Normal { nice: 19 }));
    assert_eq!(policy("policy: fifo, priority: 1"), Ok(Policy::Fifo { priority: 1 }));
    assert_eq!(policy("policy: fifo, priority: 79"), Ok(Policy::Fifo { priority: 79 }));
    assert_eq!(thread("cores: [1023]").unwrap().cores, Cores::Only(vec![1023]));
    assert_eq!(thread("stack: 65536B").unwrap().stack_bytes, 65536);
    assert_eq!(thread("wait: { spin: 0us }").unwrap().wait, Wait::default());
    assert_eq!(thread("wait: { spin: 10ms }").unwrap().wait.spin, Duration::from_millis(10));
    for wrong in [
        "nice: -21",
        "nice: 20",
        "policy: fifo, priority: 0",
        "policy: fifo, priority: 80",
        "cores: [1024]",
        "stack: 65535B",
        "stack: 67108865B",
        "wait: { spin: 10.001ms }",
    ] {
        assert!(thread(wrong).unwrap_err().contains(": value is too "), "{wrong}");
    }
}

#[test]
fn everything_that_can_be_said_about_a_topic_is_read() {
    let qos = |text: &str| parse(&format!("robot: r\ntopics: {{ range: {text} }}\nnodes: {{ car: {{}} }}"));
    let qos = |text: &str| qos(text).map(|file| file.topics[0].qos.clone());
    let all = "{ overflow: drop_newest, depth: 256, priority: critical, message_bytes_max: 16MiB, latched: false, \
               lifespan: 1ms, deadline: 60min, exclusive: true, feedback: true, external: true }";
    let wanted = QosOverride {
        overflow: Some(Overflow::DropNewest),
        depth: Some(256),
        priority: Some(TopicPriority::Critical),
        message_bytes_max: Some(16 << 20),
        latched: Some(false),
        lifespan: Some(Some(Duration::from_millis(1))),
        deadline: Some(Some(Duration::from_secs(3600))),
        exclusive: Some(true),
        feedback: Some(true),
        external: Some(true),
    };
    assert_eq!(qos(all), Ok(wanted));
    assert_eq!(qos(""), Ok(QosOverride::default()));
    let off = QosOverride { lifespan: Some(None), deadline: Some(None), ..QosOverride::default() };
    assert_eq!(qos("{ lifespan: off, deadline: off }"), Ok(off));
}

#[test]
fn everything_that_can_be_said_about_a_subscription_is_read() {
    let node = |text: &str| {
        let file = parse(&format!("robot: r\nnodes: {{ car: {{ subscriptions: {text} }} }}"));
        file.map(|mut file| file.nodes.remove(0)).unwrap()
    };
    let all = node(
        "{ range: { overflow: drop_newest, depth: 256, priority: critical, lifespan: 1ms, deadline: 60min }, \
         /front/drive: { lifespan: off, deadline: off }, \"*\": { depth: 3 } }",
    );
    let range = SubscriptionQos {
        overflow: Some(Overflow::DropNewest),
        depth: Some(256),
        priority: Some(TopicPriority::Critical),
        lifespan: Some(Some(Duration::from_millis(1))),
        deadline: Some(Some(Duration::from_secs(3600))),
    };
    let off = SubscriptionQos { lifespan: Some(None), deadline: Some(None), ..SubscriptionQos::default() };
    let read: Vec<_> = all.subscriptions.iter().map(|said| (said.topic.as_str(), said.qos.clone())).collect();
    assert_eq!(read, [("range", range), ("/front/drive", off)]);
    assert_eq!(all.subscription_default, SubscriptionQos { depth: Some(3), ..SubscriptionQos::default() });
    assert_eq!(node("{ range: }").subscriptions[0].qos, SubscriptionQos::default());
}

#[test]
fn a_thread_may_run_anywhere_or_on_isolated_cores() {
    assert_eq!(thread("cores: auto").unwrap().cores, Cores::Auto);
    assert_eq!(thread("cores: isolated").unwrap().cores, Cores::Isolated);
}

#[test]
fn a_number_out_of_range_and_a_contradiction_at_one_place_are_both_said() {
    assert_eq!(
        thread("priority: 120").unwrap_err(),
        "picar.yaml:4:25: nodes.car.thread.priority: value is too large (120), at most 79 is allowed\n\
         picar.yaml:4:25: nodes.car.thread.priority: a priority needs a real-time policy, and the policy is `normal`; \
         add `policy: fifo`, or use `nice`"
    );
}

#[test]
fn names_have_48_characters_at_most() {
    let with = |robot: &str, node: &str| parse(&format!("robot: {robot}\nnodes: {{ {node}: {{}} }}"));
    let (right, wrong) = ("a".repeat(48), "a".repeat(49));
    assert!(with(&right, &right).is_ok());
    assert!(with(&wrong, &right).unwrap_err().contains("is not a name for a robot"));
    assert!(with(&right, &wrong).unwrap_err().contains("is not a name for a node"));
    assert!(with("\"\"", "car").unwrap_err().contains("`` is not a name for a robot"));
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_cause() {
    let error = LaunchFile::read(&"gone/picar.yaml".into(), &|_| None).unwrap_err();
    assert!(matches!(error, LaunchFileError::Unreadable { .. }));
    assert_eq!(
        error.to_string(),
        "cannot read launch file gone/picar.yaml: No such file or directory (os error 2)"
    );
}

#[test]
fn an_endless_file_is_refused_without_being_read_to_its_end() {
    let error = LaunchFile::read(&"/dev/zero".into(), &|_| None).unwrap_err();
    assert!(error.to_string().contains("text is too large (1048577 bytes)"), "{error}");
}

#[test]
fn what_supervises_the_robot_is_read() {
    let text = "
robot: picar
zombies_max: 16
watchdog: { systemd: off, device: /dev/watchdog0, timeout: 2s }
groups: { sight: { strategy: one_for_all, intensity: 0, period: 1s }, rest: {} }
nodes:
  eyes: { group: sight, restart: { policy: permanent, intensity: 100, period: 60min, delay: 60s, delay_max: 10min } }
  lamp: { group: rest, restart: temporary, on_input_down: continue }
";
    let file = parse(text).unwrap();
    let watchdog = WatchdogEntry {
        systemd: Systemd::Off,
        device: Some("/dev/watchdog0".into()),
        timeout: Duration::from_secs(2),
    };
    assert_eq!((file.zombies_max, file.watchdog), (16, watchdog));
    let sight = GroupRule {
        name: "sight".to_owned(),
        strategy: GroupStrategy::OneForAll,
        intensity: 0,
        period: Duration::from_secs(1),
    };
    assert_eq!((&file.groups[0].0, &file.groups[1].0), (&sight, &GroupRule::new("rest")));
    assert_eq!(file.groups[0].1.to_string(), "picar.yaml:5:11");
    let (eyes, lamp) = (&file.nodes[0], &file.nodes[1]);
    let restart = RestartRule {
        policy: RestartPolicy::Permanent,
        intensity: 100,
        period: Duration::from_secs(3600),
        delay: Duration::from_secs(60),
        delay_max: Duration::from_secs(600),
    };
    assert_eq!((&eyes.restart, eyes.group.as_ref().unwrap().0.as_str()), (&restart, "sight"));
    assert_eq!((lamp.restart.policy, lamp.on_input_down), (RestartPolicy::Temporary, OnInputDown::Continue));
    assert_eq!((eyes.on_input_down, lamp.restart.intensity), (OnInputDown::Pause, 3));
}

#[test]
fn what_a_file_does_not_say_about_supervision_has_its_default() {
    let file = parse("robot: r\nnodes: { car: { restart: {} } }").unwrap();
    assert_eq!((file.zombies_max, file.groups.len()), (4, 0));
    assert_eq!(file.watchdog, WatchdogEntry::default());
    assert_eq!((file.watchdog.systemd, file.watchdog.timeout), (Systemd::Auto, Duration::from_secs(14)));
    assert_eq!((&file.nodes[0].restart, &file.nodes[0].group), (&RestartRule::default(), &None));
    assert_eq!(file.nodes[0].callbacks.rules(), NodeRules::default());
}

#[test]
fn what_callbacks_are_allowed_is_read_and_single_ones_take_over_what_they_do_not_say() {
    let file = parse(
        "
robot: r
shutdown_timeout: 60s
breakers: { patient: { failures: 9 } }
nodes:
  car:
    on_hang: safe_stop
    on_panic: keep
    timeout: 20ms
    hang_grace: 10ms
    extend_max: 10min
    safety: true
    breaker: patient
    callbacks:
      think: { timeout: 2s, breaker: export }
      rest: { hang_grace: 58s, extend_max: 0s, safety: false }
",
    );
    let ms = Duration::from_millis;
    let patient =
        BreakerPolicy { trip: vec![TripRule::Consecutive { failures: 9 }], ..BreakerPolicy::default() };
    let rule = |timeout, hang_grace, extend_max, safety, breaker: &BreakerPolicy| CallbackRule {
        timeout,
        hang_grace,
        extend_max,
        safety,
        breaker: breaker.clone(),
    };
    let export = BreakerPolicy::preset("export").unwrap().policy;
    let wanted = NodeRules {
        on_hang: OnHang::SafeStop,
        on_panic: OnPanic::Keep,
        callback: rule(ms(20), ms(10), ms(600_000), true, &patient),
        callbacks: [
            ("think".to_owned(), rule(ms(2000), ms(10), ms(600_000), true, &export)),
            ("rest".to_owned(), rule(ms(20), ms(58_000), ms(0), false, &patient)),
        ]
        .into(),
    };
    let callbacks = &file.unwrap().nodes[0].callbacks;
    assert_eq!(callbacks.rules(), wanted);
    assert_eq!(callbacks.single[0].mark.to_string(), "picar.yaml:15:7");
}

#[test]
fn the_numbers_of_supervision_are_allowed_up_to_their_bounds_and_not_beyond() {
    let car = |text: &str| parse(&format!("robot: r\nshutdown_timeout: 60s\nnodes: {{ car: {{ {text} }} }}"));
    for right in [
        "timeout: 1ms",
        "hang_grace: 10ms",
        "timeout: 59600ms",
        "extend_max: 0s",
        "extend_max: 10min",
        "restart: { intensity: 0 }",
        "restart: { period: 1s }",
        "restart: { delay: 10s, delay_max: 10s }",
        "restart: { delay: 0s, delay_max: 0s }",
    ] {
        assert_eq!(car(right).map(|_| ()), Ok(()), "{right}");
    }
    for wrong in [
        "timeout: 999us",
        "timeout: 601s",
        "hang_grace: 9999us",
        "hang_grace: 60001ms",
        "extend_max: 600001ms",
        "restart: { intensity: 101 }",
        "restart: { period: 999ms }",
        "restart: { period: 61min }",
        "restart: { delay: 60001ms }",
        "restart: { delay_max: 11min }",
    ] {
        assert!(car(wrong).unwrap_err().contains(": value is too "), "{wrong}");
    }
    assert!(car("timeout: 59601ms").unwrap_err().contains("together are longer than `shutdown_timeout`"));
    assert!(car("restart: { delay: 11s, delay_max: 10s }").unwrap_err().contains("(10s < 11s)"));
    assert_eq!(car("restart: { delay: 11s }").unwrap().nodes[0].restart.delay_max, Duration::from_secs(11));
}
