//! Commands and stops that meet in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use super::{EndOnDrop, MS, Motor, fixture, wait_for};
use crate::actuator::{Actuate, Actuators, AnyActuator, OpenActuator, declare, run_helper};
use crate::clock::Clock;
use crate::device::DeviceResult;
use crate::incarnation::Incarnation;

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

/// A motor whose command hangs after it has had its effect.
struct Stuck {
    speed: Arc<AtomicU32>,
    released: Arc<AtomicBool>,
}

impl Actuate for Stuck {
    type Command = u32;

    fn apply(&mut self, command: &u32) -> DeviceResult<()> {
        self.speed.store(*command, Ordering::SeqCst);
        wait_for(|| self.released.load(Ordering::SeqCst));
        Ok(())
    }
}

#[test]
fn a_command_that_moves_the_motor_and_hangs_is_undone_at_its_expiry_and_at_a_stop() {
    for stop in [false, true] {
        let actuators = Actuators::default();
        let incarnation = Arc::new(Incarnation::new("car".into(), 0, 1));
        incarnation.open();
        let (speed, released) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
        let parts = (Arc::clone(&speed), Arc::clone(&released));
        let open = move || {
            let safe = Arc::clone(&parts.0);
            let make_safe = Arc::new(move || {
                safe.store(0, Ordering::SeqCst);
                Ok(())
            });
            let control = Stuck { speed: Arc::clone(&parts.0), released: Arc::clone(&parts.1) };
            Ok(OpenActuator { control, make_safe, guard: None })
        };
        let clock = Clock::monotonic();
        let (actuator, mut slot) = declare("car/wheels".into(), &incarnation, &actuators, &clock, open);
        slot.open().unwrap();
        slot.permit();
        let cell = Arc::clone(slot.cell());
        std::thread::scope(|scope| {
            cell.set_helper(scope.spawn(|| run_helper(&cell)).thread().clone());
            let _end = EndOnDrop(&cell);
            let valid_for = if stop { 5000 * MS } else { 20 * MS };
            let commander = scope.spawn(move || actuator.command(&30, valid_for));
            wait_for(|| actuators.are_in_use());
            if stop {
                wait_for(|| speed.load(Ordering::SeqCst) == 30);
                actuators.stop_motion();
            }
            // The call still hangs.
            wait_for(|| speed.load(Ordering::SeqCst) == 0 && cell.expires().is_none());
            assert!(
                actuators.are_in_use() && actuators.is_moving(),
                "it is watched over until the call has returned"
            );
            released.store(true, Ordering::SeqCst);
            commander.join().unwrap().unwrap();
            wait_for(|| speed.load(Ordering::SeqCst) == 0 && !actuators.is_moving());
        });
    }
}
