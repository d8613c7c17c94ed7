use std::time::Duration;

use nevil_runtime::prelude::*;
use nevil_runtime::{
    Backoff, BreakerPolicy, Clock, Criticality, Environment, HalfOpen, NodeSpec, NodeTypes, TripRule, Window,
};

use crate::LaunchFile;

struct Car;

impl Node for Car {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.every(Duration::from_millis(20), Self::tick)?;
        setup.after(Duration::from_millis(20), Self::later)?;
        Ok(Self)
    }
}

impl Car {
    fn tick(&mut self, _: &Tick, _: &Context) -> NodeResult {
        Ok(())
    }

    fn later(&mut self, _: &Tick, _: &Context) -> NodeResult {
        Ok(())
    }
}

/// The policy that the breaker `name` works by in a robot whose file says `breakers` and `car`, and the deadline of its
/// callback.
fn running(breakers: &str, car: &str, name: &str) -> Result<(BreakerPolicy, Option<Duration>), String> {
    let text = format!("robot: r\nbreakers: {breakers}\nnodes: {{ car: {{ {car} }} }}");
    let file = LaunchFile::parse("r.yaml".as_ref(), &text, &|_| None);
    let file = file.map_err(|errors| errors.problems[0].to_string())?;
    let mut spec = NodeSpec::new("car", NodeTypes::new().with::<Car>("car").get("car").unwrap().clone());
    spec.rules = file.nodes[0].callbacks.rules();
    let environment = Environment::new(Clock::simulated(), 1);
    spec.check(&environment).unwrap();
    let policy = environment.breakers().get(name).unwrap().policy().unwrap();
    Ok((policy, environment.callback_timeout(name)))
}

/// The policy of the timer `tick` of a robot whose file says this about it.
fn policy(said: &str) -> Result<BreakerPolicy, String> {
    let (inline, _) = running("{}", &format!("callbacks: {{ tick: {{ breaker: {said} }} }}"), "car.tick")?;
    let (named, _) = running(&format!("{{ mine: {said} }}"), "breaker: mine", "car.tick")?;
    assert_eq!(inline, named, "{said}");
    Ok(inline)
}

/// What holds where nothing is said: what is slow is longer than the timer's period.
fn usual() -> BreakerPolicy {
    BreakerPolicy { slow_after: Some(Duration::from_millis(20)), ..BreakerPolicy::default() }
}

#[test]
fn each_key_changes_the_policy_that_runs_and_nothing_else_of_it() {
    assert_eq!(policy("{}"), Ok(usual()));
    let (ms, s) = (Duration::from_millis, Duration::from_secs);
    let rate = |window, failure_rate, slow_rate, min_calls| {
        vec![TripRule::Rate { window, failure_rate, slow_rate, min_calls }]
    };
    let trip = |trip| BreakerPolicy { trip, ..usual() };
    let (twenty, length) = (Window::Count { calls: 20 }, Window::Time { length: s(10), buckets: 10 });
    let backoff = |backoff| BreakerPolicy { backoff, ..usual() };
    let half_open = |half_open| BreakerPolicy { half_open, ..usual() };
    let five = TripRule::Consecutive { failures: 5 };
    for (said, wanted) in [
        ("{ failures: 2 }", trip(vec![TripRule::Consecutive { failures: 2 }])),
        ("{ failures: off }", trip(vec![])),
        ("{ rate: { window: { calls: 20 }, failure_rate: 0.5 } }", trip(rate(twenty, Some(0.5), None, 10))),
        (
            "{ rate: { window: { calls: 9 }, slow_rate: 1 } }",
            trip(rate(Window::Count { calls: 9 }, None, Some(1.0), 9)),
        ),
        (
            "{ rate: { window: { length: 10s }, slow_rate: 0.5, min_calls: 30 } }",
            trip(rate(length, None, Some(0.5), 30)),
        ),
        (
            "{ rate: { window: { length: 10s, buckets: 4 }, failure_rate: 0.5 } }",
            trip(rate(Window::Time { length: s(10), buckets: 4 }, Some(0.5), None, 10)),
        ),
        (
            "{ failures: 5, rate: { window: { calls: 20 }, failure_rate: 0.5 } }",
            trip([vec![five], rate(twenty, Some(0.5), None, 10)].concat()),
        ),
        ("{ slow_after: 7ms }", BreakerPolicy { slow_after: Some(ms(7)), ..usual() }),
        ("{ open: 24h }", BreakerPolicy { open: s(24 * 3600), ..usual() }),
        ("{ backoff: { multiplier: 2.5 } }", backoff(Backoff { multiplier: 2.5, ..Backoff::default() })),
        ("{ backoff: { max: 5min } }", backoff(Backoff { max: s(300), ..Backoff::default() })),
        ("{ backoff: { jitter: 1 } }", backoff(Backoff { jitter: 1.0, ..Backoff::default() })),
        ("{ half_open: { permits: 1024 } }", half_open(HalfOpen { permits: 1024, ..HalfOpen::default() })),
        ("{ half_open: { successes: 3 } }", half_open(HalfOpen { successes: 3, ..HalfOpen::default() })),
        (
            "{ half_open: { episode_max: 1ms } }",
            half_open(HalfOpen { episode_max: ms(1), ..HalfOpen::default() }),
        ),
        ("{ concurrent_max: 65535 }", BreakerPolicy { concurrent_max: Some(65535), ..usual() }),
        ("{ ignore: [io, busy] }", BreakerPolicy { ignore: vec!["io".into(), "busy".into()], ..usual() }),
        ("{ criticality: ignore }", BreakerPolicy { criticality: Criticality::Ignore, ..usual() }),
        ("{ criticality: stop_node }", BreakerPolicy { criticality: Criticality::StopNode, ..usual() }),
        ("{ criticality: safe_stop }", BreakerPolicy { criticality: Criticality::SafeStop, ..usual() }),
    ] {
        assert_eq!(policy(said), Ok(wanted), "{said}");
    }
}

#[test]
fn each_preset_runs_with_its_deadline_and_can_be_begun_with() {
    for name in BreakerPolicy::preset_names() {
        let preset = BreakerPolicy::preset(name).unwrap();
        let wanted = (preset.policy.clone(), Some(preset.timeout));
        assert_eq!(running("{}", &format!("breaker: {name}"), "car.tick"), Ok(wanted.clone()));
        assert_eq!(
            running(&format!("{{ mine: {{ preset: {name} }} }}"), "breaker: mine", "car.tick"),
            Ok(wanted)
        );
        let shorter = BreakerPolicy { open: Duration::from_secs(1), ..preset.policy };
        assert_eq!(policy(&format!("{{ preset: {name}, open: 1s }}")), Ok(shorter));
    }
}

#[test]
fn the_deadline_of_a_preset_gives_way_to_one_that_is_said_with_it() {
    let timeout = |car: &str, name: &str| running("{}", car, name).unwrap().1.unwrap();
    let (ms, s) = (Duration::from_millis, Duration::from_secs);
    assert_eq!(timeout("breaker: export, timeout: 50ms", "car.tick"), ms(50));
    // What is said about one callback goes before what is said about all.
    let single = "timeout: 50ms, callbacks: { tick: { breaker: export } }";
    assert_eq!((timeout(single, "car.tick"), timeout(single, "car.later")), (s(300), ms(50)));
    let single = "breaker: export, callbacks: { tick: { timeout: 50ms } }";
    assert_eq!((timeout(single, "car.tick"), timeout(single, "car.later")), (ms(50), s(300)));
}

#[test]
fn what_is_allowed_here_is_what_a_breaker_allows() {
    for right in [
        "{ failures: 1 }",
        "{ failures: 4294967295 }",
        "{ rate: { window: { calls: 1 }, failure_rate: 0.001 } }",
        "{ rate: { window: { calls: 1024 }, failure_rate: 1 } }",
        "{ rate: { window: { length: 1ms, buckets: 1 }, slow_rate: 0.001 } }",
        "{ rate: { window: { length: 24h, buckets: 64 }, slow_rate: 1, min_calls: 4294967295 } }",
        "{ slow_after: 1ms, open: 1ms, backoff: { multiplier: 1, max: 1ms, jitter: 0 } }",
        "{ slow_after: 24h, open: 24h, backoff: { multiplier: 1000, max: 24h, jitter: 1 } }",
        "{ half_open: { permits: 1, successes: 1, episode_max: 1ms }, concurrent_max: 1 }",
        "{ half_open: { permits: 1024, successes: 4294967295, episode_max: 24h }, concurrent_max: 65535 }",
    ] {
        assert_eq!(policy(right).map(|_| ()), Ok(()), "{right}");
    }
    for wrong in [
        "{ failures: 0 }",
        "{ failures: 4294967296 }",
        "{ rate: { window: { calls: 0 }, failure_rate: 1 } }",
        "{ rate: { window: { calls: 9 }, failure_rate: 0.0009 } }",
        "{ rate: { window: { calls: 9 }, failure_rate: 1.001 } }",
        "{ rate: { window: { length: 25h }, failure_rate: 1 } }",
        "{ rate: { window: { length: 1s, buckets: 65 }, failure_rate: 1 } }",
        "{ open: 999us }",
        "{ backoff: { multiplier: 1001 } }",
        "{ half_open: { permits: 1025 } }",
        "{ concurrent_max: 0 }",
    ] {
        assert!(policy(wrong).unwrap_err().contains(": value is too "), "{wrong}");
    }
}
