use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use super::{Actuate, Actuator, Actuators, AnyActuator, CommandError, OpenActuator, declare, run_helper};
use crate::clock::{Clock, Time};
use crate::device::DeviceResult;
use crate::incarnation::Incarnation;

const MS: Duration = Duration::from_millis(1);

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
    assert_eq!(motor.speed.load(Ordering::SeqCst), 30);
    fixture.slot.close();
    fixture.actuators.serve(Time::ZERO);
    assert_eq!(motor.speed.load(Ordering::SeqCst), 0, "an actuator that is closed is made safe");
    assert!(matches!(fixture.actuator.command(&30, MS), Err(CommandError::Inhibited { .. })));
}

#[test]
fn a_make_safe_that_panics_or_fails_is_counted_and_takes_nobody_down() {
    let motor = Motor::default();
    let fixture = fixture(&motor, Clock::simulated());
    let fail = AtomicBool::new(true);
    fixture.slot.cell().set_make_safe(Some(Arc::new(move || {
        if fail.swap(false, Ordering::SeqCst) {
            panic!("the wire is broken");
        }
        Err("the bus is stuck".into())
    })));
    assert!(fixture.actuators.make_safe(MS).is_empty());
    assert!(fixture.actuators.make_safe(MS).is_empty());
    let counts = &fixture.actuators.counts()[0];
    assert_eq!((counts.make_safe_failed, counts.made_safe), (2, 0));
}

#[test]
fn a_hung_command_does_not_keep_the_helper_from_making_safe_and_its_late_effect_is_undone() {
    let hang = Arc::new(Barrier::new(2));
    let motor = Motor { hang: Some(Arc::clone(&hang)), ..Motor::default() };
    let fixture = fixture(&motor, Clock::monotonic());
    let cell = Arc::clone(fixture.slot.cell());
    std::thread::scope(|scope| {
        scope.spawn(|| run_helper(&cell));
        let actuator = &fixture.actuator;
        let commander = scope.spawn(|| actuator.command(&30, 5000 * MS));
        hang.wait();
        // The command has begun and hangs: motion is inhibited all the same, within the helper's own time.
        assert!(fixture.actuators.inhibit(Duration::from_secs(10)).is_empty());
        assert_eq!(motor.stops.load(Ordering::SeqCst), 1);
        // Now it goes through, late, and the motor turns; the helper makes it safe once more.
        hang.wait();
        commander.join().unwrap().unwrap();
        while motor.stops.load(Ordering::SeqCst) < 2 {
            std::thread::yield_now();
        }
        assert_eq!(motor.speed.load(Ordering::SeqCst), 0);
        cell.end();
    });
}

#[test]
fn the_helper_makes_safe_when_nobody_commands_any_more() {
    let motor = Motor::default();
    let fixture = fixture(&motor, Clock::monotonic());
    let cell = Arc::clone(fixture.slot.cell());
    std::thread::scope(|scope| {
        scope.spawn(|| run_helper(&cell));
        let began = fixture.clock.now();
        fixture.actuator.command(&30, 20 * MS).unwrap();
        while motor.stops.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        assert!(fixture.clock.now().since(began) >= 20 * MS);
        cell.end();
    });
}
