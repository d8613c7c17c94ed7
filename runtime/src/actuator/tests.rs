use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use super::{
    Actuate, Actuator, ActuatorCell, Actuators, AnyActuator, CommandError, OpenActuator, declare, run_helper,
};
use crate::clock::{Clock, Time};
use crate::device::DeviceResult;
use crate::incarnation::Incarnation;
use crate::limits::MAKE_SAFE_DEADLINE;

mod races;

const MS: Duration = Duration::from_millis(1);

/// Ends a helper also where a test fails, so that its scope does not wait for ever.
struct EndOnDrop<'a>(&'a ActuatorCell);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Waits for what another thread is about to do; a minute is never too short, and ends a test that would hang.
fn wait_for(what: impl Fn() -> bool) {
    for _ in 0..60_000 {
        if what() {
            return;
        }
        std::thread::park_timeout(MS);
    }
    panic!("what was waited for did not happen");
}

/// A motor: it runs on until it is told otherwise, and can hang in the middle of a command.
#[derive(Clone, Default)]
struct Motor {
    speed: Arc<AtomicU32>,
    stops: Arc<AtomicU32>,
    hang: Option<Arc<Barrier>>,
}

impl Actuate for Motor {
    type Command = u32;

    fn apply(&mut self, command: &u32) -> DeviceResult<()> {
        if let Some(hang) = &self.hang {
            hang.wait();
            hang.wait();
        }
        self.speed.store(*command, Ordering::SeqCst);
        Ok(())
    }
}

struct Fixture {
    clock: Clock,
    actuators: Actuators,
    incarnation: Arc<Incarnation>,
    actuator: Actuator<Motor>,
    slot: Box<dyn AnyActuator>,
}

fn fixture(motor: &Motor, clock: Clock) -> Fixture {
    let actuators = Actuators::default();
    let incarnation = Arc::new(Incarnation::new("car".into(), 0, 1));
    incarnation.open();
    let motor = motor.clone();
    let open = move || {
        let (control, safe) = (motor.clone(), motor.clone());
        let make_safe = Arc::new(move || {
            safe.speed.store(0, Ordering::SeqCst);
            safe.stops.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        Ok(OpenActuator { control, make_safe, guard: None })
    };
    let (actuator, slot) = declare("car/wheels".into(), &incarnation, &actuators, &clock, open);
    let mut slot: Box<dyn AnyActuator> = Box::new(slot);
    slot.open().unwrap();
    slot.permit();
    Fixture { clock, actuators, incarnation, actuator, slot }
}

#[test]
fn a_command_holds_until_exactly_its_expiry_and_then_the_actuator_is_made_safe() {
    let motor = Motor::default();
    let fixture = fixture(&motor, Clock::simulated());
    fixture.actuator.command(&30, 300 * MS).unwrap();
    assert!(fixture.actuators.is_moving());
    let expiry = Time::ZERO + 300 * MS;
    assert_eq!(fixture.actuators.serve(Time::from_ns(expiry.as_ns() - 1)), Some(expiry));
    assert_eq!(motor.speed.load(Ordering::SeqCst), 30);
    assert_eq!(fixture.actuators.serve(expiry), None);
    assert_eq!((motor.speed.load(Ordering::SeqCst), fixture.actuators.is_moving()), (0, false));
    assert_eq!(fixture.actuators.counts()[0].expired, 1);
}

#[test]
fn a_fresh_command_extends_motion_and_a_shorter_one_shortens_it() {
    let motor = Motor::default();
    let fixture = fixture(&motor, Clock::simulated());
    fixture.actuator.command(&30, 300 * MS).unwrap();
    fixture.clock.set(Time::ZERO + 200 * MS);
    fixture.actuator.command(&40, 50 * MS).unwrap();
    assert_eq!(fixture.actuators.serve(Time::ZERO + 249 * MS), Some(Time::ZERO + 250 * MS));
    fixture.actuators.serve(Time::ZERO + 250 * MS);
    assert_eq!(motor.speed.load(Ordering::SeqCst), 0);
}

#[test]
fn an_actuator_that_is_safe_is_not_touched_again_by_the_passing_of_time() {
    let motor = Motor::default();
    let fixture = fixture(&motor, Clock::simulated());
    assert_eq!(fixture.actuators.serve(Time::ZERO + 10_000 * MS), None);
    assert_eq!(motor.stops.load(Ordering::SeqCst), 0);
}

#[test]
fn inhibiting_motion_makes_safe_and_refuses_every_later_command_untouched() {
    let motor = Motor::default();
    let fixture = fixture(&motor, Clock::simulated());
    fixture.actuator.command(&30, 300 * MS).unwrap();
    assert!(fixture.actuators.inhibit(MS).is_empty());
    assert_eq!(motor.speed.load(Ordering::SeqCst), 0);
    let refused = fixture.actuator.command(&30, 300 * MS).unwrap_err();
    assert_eq!(refused.to_string(), "actuator `car/wheels`: motion is inhibited");
    assert_eq!((motor.speed.load(Ordering::SeqCst), fixture.actuators.counts()[0].refused), (0, 1));
}

#[test]
fn a_command_is_refused_after_the_fence_when_closed_and_with_a_validity_out_of_range() {
    let motor = Motor::default();
    let mut fixture = fixture(&motor, Clock::simulated());
    for given in [Duration::ZERO, 5001 * MS] {
        let refused = fixture.actuator.command(&30, given);
        assert!(matches!(refused, Err(CommandError::Validity { .. })), "{refused:?}");
    }
    fixture.actuator.command(&30, 5000 * MS).unwrap();
    fixture.incarnation.fence();
    assert!(matches!(fixture.actuator.command(&30, MS), Err(CommandError::Fenced { .. })));
    fixture.slot.close();
    fixture.actuators.serve(Time::ZERO);
    assert_eq!(motor.speed.load(Ordering::SeqCst), 0, "an actuator that is closed is made safe");
    let closed = fixture.actuator.command(&30, MS);
    assert!(matches!(closed, Err(CommandError::Unavailable { in_use: false, .. })));
}

#[test]
fn a_make_safe_that_panics_or_fails_is_tried_until_it_succeeds_and_is_not_called_safe_before() {
    let motor = Motor::default();
    let fixture = fixture(&motor, Clock::simulated());
    let (speed, tries) = (Arc::clone(&motor.speed), AtomicU32::new(0));
    fixture.slot.cell().set_make_safe(Arc::new(move || match tries.fetch_add(1, Ordering::SeqCst) {
        0 => panic!("the wire is broken"),
        1 => Err("the bus is stuck".into()),
        _ => {
            speed.store(0, Ordering::SeqCst);
            Ok(())
        }
    }));
    fixture.actuator.command(&30, 20 * MS).unwrap();
    assert_eq!(fixture.actuators.inhibit(MS), [Arc::from("car/wheels")]);
    let second = fixture.actuators.serve(Time::ZERO).unwrap();
    assert!(fixture.actuators.is_moving(), "what could not be made safe is guarded on");
    let third = fixture.actuators.serve(second).unwrap();
    assert!(fixture.actuators.is_moving());
    assert_eq!(fixture.actuators.serve(third), None);
    assert_eq!((motor.speed.load(Ordering::SeqCst), fixture.actuators.is_moving()), (0, false));
    let counts = &fixture.actuators.counts()[0];
    assert_eq!((counts.make_safe_failed, counts.made_safe), (2, 1));
}

#[test]
fn an_actuator_that_opens_after_motion_was_stopped_refuses_every_command() {
    let motor = Motor::default();
    let fixture = fixture(&motor, Clock::simulated());
    fixture.actuators.stop_motion();
    fixture.slot.permit();
    assert!(matches!(fixture.actuator.command(&30, 20 * MS), Err(CommandError::Inhibited { .. })));
}

#[test]
fn nothing_moves_that_no_helper_attends() {
    let fixture = fixture(&Motor::default(), Clock::monotonic());
    assert!(matches!(fixture.actuator.command(&30, 20 * MS), Err(CommandError::Unguarded { .. })));
}

#[test]
fn a_request_while_motion_begins_leaves_the_count_of_what_moves_right() {
    let fixture = fixture(&Motor::default(), Clock::simulated());
    let actuators = fixture.actuators.clone();
    fixture.actuators.on_motion(Box::new(move || {
        actuators.make_safe(MS);
        false
    }));
    assert!(matches!(fixture.actuator.command(&30, 20 * MS), Err(CommandError::Unguarded { .. })));
    assert!(!fixture.actuators.is_moving());
}

#[test]
fn a_hung_command_does_not_keep_the_helper_from_making_safe_and_its_late_effect_is_undone() {
    let hang = Arc::new(Barrier::new(2));
    let motor = Motor { hang: Some(Arc::clone(&hang)), ..Motor::default() };
    let fixture = fixture(&motor, Clock::monotonic());
    let cell = Arc::clone(fixture.slot.cell());
    std::thread::scope(|scope| {
        cell.set_helper(scope.spawn(|| run_helper(&cell)).thread().clone());
        let _end = EndOnDrop(&cell);
        let actuator = &fixture.actuator;
        let commander = scope.spawn(|| actuator.command(&30, 5000 * MS));
        hang.wait();
        // The command has begun and hangs: motion is inhibited all the same, within the helper's own time.
        assert!(fixture.actuators.inhibit(Duration::from_secs(10)).is_empty());
        let stops = motor.stops.load(Ordering::SeqCst);
        assert!(stops >= 1);
        // Now it goes through, late, and the motor turns; the helper makes it safe once more.
        hang.wait();
        commander.join().unwrap().unwrap();
        wait_for(|| motor.stops.load(Ordering::SeqCst) > stops);
        assert_eq!(motor.speed.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn the_helper_makes_safe_when_nobody_commands_any_more() {
    let motor = Motor::default();
    let fixture = fixture(&motor, Clock::monotonic());
    let cell = Arc::clone(fixture.slot.cell());
    std::thread::scope(|scope| {
        cell.set_helper(scope.spawn(|| run_helper(&cell)).thread().clone());
        let _end = EndOnDrop(&cell);
        let began = fixture.clock.now();
        fixture.actuator.command(&30, 20 * MS).unwrap();
        wait_for(|| motor.stops.load(Ordering::SeqCst) > 0);
        assert!(fixture.clock.now().since(began) >= 20 * MS);
    });
}

#[test]
fn an_actuator_that_cannot_be_made_safe_is_left_to_the_guard_after_its_deadline() {
    let fixture = fixture(&Motor::default(), Clock::simulated());
    fixture.slot.cell().set_make_safe(Arc::new(|| Err("the bus is stuck".into())));
    fixture.actuator.command(&30, 20 * MS).unwrap();
    let expiry = Time::ZERO + 20 * MS;
    fixture.actuators.serve(expiry);
    assert_eq!(fixture.actuators.overdue(expiry + MAKE_SAFE_DEADLINE), None);
    let late = expiry + MAKE_SAFE_DEADLINE + Duration::from_nanos(1);
    assert_eq!(fixture.actuators.overdue(late), Some("car/wheels".into()));
}
