use proptest::prelude::*;

use super::*;

fn ms(time_ms: u64) -> Duration {
    Duration::from_millis(time_ms)
}

fn wish(speed_mps: f32, valid_ms: u64) -> DriveRequest {
    DriveRequest { speed_mps, steering_rad: 0.1, valid_for: ms(valid_ms) }
}

/// As the limits are made for the PiCar-X, for motors that know any speed.
fn any_speed() -> MotionLimits {
    MotionLimits { speed_step_mps: 0.0, ..MotionLimits::default() }
}

/// An arbiter that heard `safety` and the wishes at 1 s.
fn told(safety: Safety, wishes: &[(Source, DriveRequest)]) -> Arbiter {
    let mut arbiter = Arbiter::new(any_speed());
    arbiter.safety(safety, ms(1000));
    for &(source, request) in wishes {
        arbiter.request(source, request, ms(1000)).unwrap();
    }
    arbiter
}

#[test]
fn the_operator_goes_before_the_robot_until_the_command_expires() {
    let wishes = [(Source::Operator, wish(-0.1, 200)), (Source::Autonomous, wish(0.2, 300))];
    let arbiter = told(Safety::Free, &wishes);
    let first = arbiter.decide(ms(1199));
    assert_eq!((first.speed_mps, first.winner), (-0.1, Winner::Source(Source::Operator)));
    assert_eq!(first.look_again_at, Some(ms(1200)));
    let then = arbiter.decide(ms(1200));
    assert_eq!((then.speed_mps, then.winner), (0.2, Winner::Source(Source::Autonomous)));
    let last = arbiter.decide(ms(1300));
    assert_eq!((last.speed_mps, last.winner, last.reason), (0.0, Winner::Nobody, Reason::NoFreshCommand));
    assert_eq!(last.look_again_at, None);
}

#[test]
fn an_operator_who_stands_still_holds_the_robot() {
    let wishes = [(Source::Operator, wish(0.0, 200)), (Source::Autonomous, wish(0.2, 300))];
    assert_eq!(told(Safety::Free, &wishes).decide(ms(1100)).speed_mps, 0.0);
}

#[test]
fn in_danger_nobody_drives_forward_and_everybody_may_back_off() {
    let forward = told(Safety::NoForward, &[(Source::Operator, wish(0.2, 300))]).decide(ms(1000));
    assert_eq!((forward.speed_mps, forward.winner), (0.0, Winner::Safety));
    assert_eq!(forward.reason, Reason::ForwardForbidden { asked_by: Source::Operator });
    assert_eq!(forward.look_again_at, Some(ms(1300)), "then the robot may drive");
    let backward = told(Safety::NoForward, &[(Source::Autonomous, wish(-0.2, 300))]).decide(ms(1000));
    assert_eq!((backward.speed_mps, backward.reason), (-0.2, Reason::AsAsked));
}

#[test]
fn in_caution_forward_is_halved_and_backward_is_not() {
    let forward = told(Safety::Caution, &[(Source::Autonomous, wish(0.2, 300))]).decide(ms(1000));
    assert_eq!((forward.speed_mps, forward.reason), (0.1, Reason::Caution));
    assert_eq!(
        told(Safety::Caution, &[(Source::Operator, wish(-0.2, 300))]).decide(ms(1000)).speed_mps,
        -0.2
    );
}

#[test]
fn a_level_of_safety_goes_stale_exactly_when_its_time_has_passed() {
    let arbiter = told(Safety::Free, &[(Source::Autonomous, wish(0.2, 2000))]);
    let fresh = arbiter.decide(ms(1349));
    assert_eq!((fresh.speed_mps, fresh.valid_for), (0.2, ms(1)));
    let stale = arbiter.decide(ms(1350));
    assert_eq!((stale.speed_mps, stale.winner, stale.reason), (0.0, Winner::Safety, Reason::SafetyStale));
}

#[test]
fn limits_hold_for_speed_steering_and_validity() {
    let greedy = DriveRequest { speed_mps: 9.0, steering_rad: -9.0, valid_for: Duration::MAX };
    let mut arbiter = told(Safety::Free, &[(Source::Operator, greedy)]);
    let decision = arbiter.decide(ms(1000));
    assert_eq!((decision.speed_mps, decision.steering_rad), (0.7, -30.0_f32.to_radians()));
    arbiter.safety(Safety::Free, ms(3000));
    assert_eq!(arbiter.decide(ms(3000)).speed_mps, 0.0, "no command holds for longer than 2 s");
}

#[test]
fn a_wish_that_is_no_number_is_refused_and_the_last_one_stays() {
    let mut arbiter = told(Safety::Free, &[(Source::Operator, wish(0.1, 300))]);
    let problem = arbiter.request(Source::Operator, wish(f32::NAN, 300), ms(1100)).unwrap_err();
    assert_eq!(
        problem.to_string(),
        "`speed_mps` is NaN, a finite number is needed; the last command of the same source still holds until it expires"
    );
    assert_eq!(arbiter.decide(ms(1100)).speed_mps, 0.1);
}

#[test]
fn a_speed_is_rounded_towards_0_to_what_the_motors_know_also_after_it_was_halved() {
    let decided = |safety, speed_mps| {
        let mut arbiter = Arbiter::new(MotionLimits::default());
        arbiter.safety(safety, ms(1000));
        arbiter.request(Source::Operator, wish(speed_mps, 300), ms(1000)).unwrap();
        arbiter.decide(ms(1000)).speed_mps
    };
    let near = |given: f32, wanted: f32| assert!((given - wanted).abs() < 1e-6, "{given} is not {wanted}");
    near(decided(Safety::Free, 0.2), 0.196);
    near(decided(Safety::NoForward, -0.2), -0.196);
    near(decided(Safety::Caution, 0.2), 0.098);
    assert_eq!((decided(Safety::Free, 0.0139), decided(Safety::Free, -0.0139)), (0.0, -0.0));
    for step in 1_u8..=50 {
        let whole_mps = f32::from(step) * 0.014;
        near(decided(Safety::Free, whole_mps), whole_mps);
        near(decided(Safety::Free, whole_mps - 0.001), f32::from(step - 1) * 0.014);
    }
}

#[derive(Clone, Debug)]
enum Event {
    Wish(Source, DriveRequest),
    Safety(Safety),
}

fn any_event() -> impl Strategy<Value = Event> {
    let source = prop_oneof![Just(Source::Operator), Just(Source::Autonomous)];
    let safety = prop_oneof![Just(Safety::Free), Just(Safety::Caution), Just(Safety::NoForward)];
    prop_oneof![
        (source, -1.0_f32..1.0, 0_u64..600)
            .prop_map(|(source, speed, valid)| Event::Wish(source, wish(speed, valid))),
        safety.prop_map(Event::Safety),
    ]
}

proptest! {
    #[test]
    fn the_rules_hold_after_any_history(events in proptest::collection::vec((any_event(), 0_u64..250), 1..60)) {
        let mut arbiter = Arbiter::new(any_speed());
        let mut now = ms(0);
        let (mut operator, mut autonomous, mut safety) = (None, None, None);
        for (event, pause_ms) in events {
            match event {
                Event::Wish(source, request) => {
                    arbiter.request(source, request, now).unwrap();
                    let slot = if source == Source::Operator { &mut operator } else { &mut autonomous };
                    *slot = Some((now, request));
                }
                Event::Safety(level) => {
                    arbiter.safety(level, now);
                    safety = Some((now, level));
                }
            }
            now += ms(pause_ms);
            let decision = arbiter.decide(now);
            let fresh = |wish: Option<(Duration, DriveRequest)>| {
                wish.filter(|(at, request)| now - *at < request.valid_for).map(|(_, request)| request)
            };
            let safe = safety.filter(|(at, _)| now - *at < ms(350)).map(|(_, level)| level);
            let obeyed = fresh(operator).or_else(|| fresh(autonomous));
            if safe.is_none() || obeyed.is_none() {
                prop_assert_eq!(decision.speed_mps, 0.0, "no fresh safety or no fresh command, no motion");
            }
            if safe == Some(Safety::NoForward) {
                prop_assert!(decision.speed_mps <= 0.0, "never forward in danger");
            }
            if let Some(request) = obeyed {
                prop_assert!(decision.speed_mps * request.speed_mps >= 0.0, "never against the wish that counts");
                prop_assert!(decision.speed_mps.abs() <= request.speed_mps.abs(), "never faster than asked");
                let share = if safe == Some(Safety::Caution) { 0.5 } else { 1.0 };
                let forward_mps = request.speed_mps.min(0.7) * share;
                if safe.is_some() && safe != Some(Safety::NoForward) && request.speed_mps > 0.0 {
                    prop_assert_eq!(decision.speed_mps, forward_mps);
                }
            }
        }
    }

    #[test]
    fn in_whole_steps_no_speed_is_above_what_was_asked_and_none_a_step_below(
        speed_mps in -0.7_f32..0.7, step_mps in 0.001_f32..0.1,
    ) {
        let mut arbiter = Arbiter::new(MotionLimits { speed_step_mps: step_mps, ..MotionLimits::default() });
        arbiter.safety(Safety::Free, ms(1000));
        arbiter.request(Source::Operator, wish(speed_mps, 300), ms(1000)).unwrap();
        let decided_mps = arbiter.decide(ms(1000)).speed_mps;
        prop_assert!(decided_mps.abs() <= speed_mps.abs() && decided_mps * speed_mps >= 0.0);
        prop_assert!(speed_mps.abs() - decided_mps.abs() < step_mps);
        let steps = decided_mps.abs() / step_mps;
        prop_assert!((steps - steps.round()).abs() < 0.01, "{steps} steps");
    }

    #[test]
    fn a_decision_holds_for_as_long_as_it_says(
        events in proptest::collection::vec((any_event(), 0_u64..250), 1..20), later_ms in 0_u64..3000,
    ) {
        let mut arbiter = Arbiter::new(any_speed());
        let mut now = ms(0);
        for (event, pause_ms) in events {
            match event {
                Event::Wish(source, request) => arbiter.request(source, request, now).unwrap(),
                Event::Safety(level) => arbiter.safety(level, now),
            }
            now += ms(pause_ms);
        }
        let (first, then) = (arbiter.decide(now), now + ms(later_ms));
        let later = arbiter.decide(then);
        let unchanged = (first.speed_mps, first.winner) == (later.speed_mps, later.winner);
        if first.look_again_at.is_none_or(|at| then < at) {
            let went_stale = later.reason == Reason::SafetyStale;
            prop_assert!(unchanged || (went_stale && first.speed_mps == 0.0));
        }
        if later_ms >= first.valid_for.as_millis() as u64 && first.valid_for > Duration::ZERO {
            prop_assert!(!unchanged || first.speed_mps == 0.0 || first.look_again_at <= Some(then));
        }
    }
}
