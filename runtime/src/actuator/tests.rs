use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use super::{
    Actuate, Actuator, ActuatorCell, Actuators, AnyActuator, CommandError, OpenActuator, declare, run_helper,
};
use crate::clock::{Clock, Time};
use crate::device::DeviceResult;
use crate::incarnation::Incarnation;

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
    assert!(matches!(fixture.actuator.command(&30, MS), Err(CommandError::Inhibited { .. })));
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

/// A motor whose commands and stops a test interleaves.
struct Scripted {
    speed: Arc<AtomicU32>,
    before: Arc<dyn Fn() + Send + Sync>,
}

impl Actuate for Scripted {
    type Command = u32;

    fn apply(&mut self, command: &u32) -> DeviceResult<()> {
        (self.before)();
        self.speed.store(*command, Ordering::SeqCst);
        Ok(())
    }
}

/// Commands a motor for `valid_for`, and lets `then` look at what becomes of it.
fn interleave(
    before_apply: Arc<dyn Fn() + Send + Sync>,
    after_stop: Arc<dyn Fn() + Send + Sync>,
    valid_for: Duration,
    then: impl FnOnce(&Actuators, &dyn Fn() -> u32),
) {
    let actuators = Actuators::default();
    let incarnation = Arc::new(Incarnation::new("car".into(), 0, 1));
    incarnation.open();
    let speed = Arc::new(AtomicU32::new(0));
    let shared = Arc::clone(&speed);
    let open = move || {
        let (speed, after_stop) = (Arc::clone(&shared), Arc::clone(&after_stop));
        let make_safe = Arc::new(move || {
            speed.store(0, Ordering::SeqCst);
            after_stop();
            Ok(())
        });
        let control = Scripted { speed: Arc::clone(&shared), before: Arc::clone(&before_apply) };
        Ok(OpenActuator { control, make_safe, guard: None })
    };
    let (actuator, mut slot) =
        declare("car/wheels".into(), &incarnation, &actuators, &Clock::monotonic(), open);
    slot.open().unwrap();
    slot.permit();
    let cell = Arc::clone(slot.cell());
    std::thread::scope(|scope| {
        cell.set_helper(scope.spawn(|| run_helper(&cell)).thread().clone());
        let _end = EndOnDrop(&cell);
        let commander = scope.spawn(|| actuator.command(&30, valid_for));
        then(&actuators, &|| speed.load(Ordering::SeqCst));
        commander.join().unwrap().unwrap();
        wait_for(|| speed.load(Ordering::SeqCst) == 0 && !actuators.is_moving());
    });
}

#[test]
fn a_command_that_takes_effect_while_the_actuator_is_made_safe_is_undone() {
    let (begun, stopping) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (landed, looked) = (Arc::new(AtomicBool::new(false)), Arc::clone(&begun));
    let before_apply = {
        let (begun, stopping, landed) = (Arc::clone(&begun), Arc::clone(&stopping), Arc::clone(&landed));
        Arc::new(move || {
            begun.store(true, Ordering::SeqCst);
            wait_for(|| stopping.load(Ordering::SeqCst));
            landed.store(true, Ordering::SeqCst);
        })
    };
    let after_stop = Arc::new(move || {
        // The first of several writes is out when the command takes effect.
        stopping.store(true, Ordering::SeqCst);
        wait_for(|| landed.load(Ordering::SeqCst));
    });
    interleave(before_apply, after_stop, 5000 * MS, |actuators, _| {
        wait_for(|| looked.load(Ordering::SeqCst));
        assert!(actuators.inhibit(Duration::from_secs(60)).is_empty());
    });
}

#[test]
fn a_command_that_takes_effect_after_its_expiry_is_undone() {
    let stops = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&stops);
    let before_apply = Arc::new(move || wait_for(|| stops.load(Ordering::SeqCst) > 0));
    let after_stop = Arc::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    interleave(before_apply, after_stop, 20 * MS, |_, _| {});
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
        assert_eq!(motor.stops.load(Ordering::SeqCst), 1);
        // Now it goes through, late, and the motor turns; the helper makes it safe once more.
        hang.wait();
        commander.join().unwrap().unwrap();
        wait_for(|| motor.stops.load(Ordering::SeqCst) >= 2);
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
fn whatever_commands_race_a_stop_nothing_moves_after_it() {
    for round in 0..200_u32 {
        let motor = Motor::default();
        let fixture = fixture(&motor, Clock::monotonic());
        let cell = Arc::clone(fixture.slot.cell());
        std::thread::scope(|scope| {
            cell.set_helper(scope.spawn(|| run_helper(&cell)).thread().clone());
            let _end = EndOnDrop(&cell);
            let actuator = &fixture.actuator;
            let commander = scope.spawn(move || {
                // Some expire on the way, some do not; the first that is refused ends it.
                let validity = |index: u32| Duration::from_micros(u64::from(1 + index % 7 * 200));
                (0..).take_while(|&index| actuator.command(&30, validity(index)).is_ok()).count()
            });
            wait_for(|| {
                motor.speed.load(Ordering::SeqCst) > 0 || motor.stops.load(Ordering::SeqCst) > round % 5
            });
            let late = fixture.actuators.inhibit(Duration::from_secs(60));
            assert!(late.is_empty());
            commander.join().unwrap();
            // What was under way when motion stopped is undone; after that nothing is left to move.
            wait_for(|| motor.speed.load(Ordering::SeqCst) == 0 && !fixture.actuators.is_moving());
            assert!(fixture.actuators.make_safe(Duration::from_secs(60)).is_empty());
            assert_eq!((motor.speed.load(Ordering::SeqCst), cell.next_due()), (0, None), "round {round}");
        });
    }
}
