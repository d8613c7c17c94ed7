use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nevil_msgs::{EmergencyStopRequest, topics};

use super::{EmergencyStop, EmergencyStopChange, ResetError};
use crate::actuator::Actuators;
use crate::actuator::{Actuate, Actuator, AnyActuator, CommandError, OpenActuator, declare};
use crate::clock::Clock;
use crate::device::DeviceResult;
use crate::incarnation::Incarnation;
use crate::limits::{ESTOP_BY_BYTES, ESTOP_REASON_BYTES};

const MS: Duration = Duration::from_millis(1);

type Meanwhile = Box<dyn FnOnce() + Send>;

#[derive(Clone, Default)]
struct Motor {
    speed: Arc<AtomicU32>,
    stops: Arc<AtomicU32>,
    /// Called in the middle of a command.
    meanwhile: Arc<Mutex<Option<Meanwhile>>>,
}

impl Actuate for Motor {
    type Command = u32;

    fn apply(&mut self, command: &u32) -> DeviceResult<()> {
        if let Some(meanwhile) = self.meanwhile.lock().unwrap().take() {
            meanwhile();
        }
        self.speed.store(*command, Ordering::SeqCst);
        Ok(())
    }
}

struct Fixture {
    clock: Clock,
    actuators: Actuators,
    stop: EmergencyStop,
    actuator: Actuator<Motor>,
    slot: Box<dyn AnyActuator>,
}

fn fixture(motor: &Motor) -> Fixture {
    let (clock, actuators) = (Clock::simulated(), Actuators::default());
    let stop = EmergencyStop::new(actuators.clone(), clock.clone());
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
    Fixture { clock, actuators, stop, actuator, slot }
}

#[test]
fn an_emergency_stop_makes_safe_and_refuses_commands_until_it_is_reset_and_then_nothing_moves_by_itself() {
    let motor = Motor::default();
    let fixture = fixture(&motor);
    fixture.actuator.command(&30, 5000 * MS).unwrap();
    fixture.clock.set(fixture.clock.now() + 1500 * MS);
    fixture.stop.engage("the operator", "a cable hangs out");
    let refused = fixture.actuator.command(&30, 300 * MS).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "actuator `car/wheels` may not move: an emergency stop holds since 1.500 s; look why (`nevil status`), and end \
         it with `nevil estop --reset`"
    );
    fixture.actuators.serve(fixture.clock.now());
    assert_eq!((motor.speed.load(Ordering::SeqCst), fixture.actuators.is_moving()), (0, false));
    // No time ends it.
    fixture.clock.set(fixture.clock.now() + Duration::from_secs(1_000_000));
    assert!(matches!(fixture.actuator.command(&30, MS), Err(CommandError::EmergencyStopped { .. })));

    fixture.stop.reset("the operator").unwrap();
    fixture.actuators.serve(fixture.clock.now());
    assert_eq!((motor.speed.load(Ordering::SeqCst), fixture.actuators.is_moving()), (0, false));
    fixture.actuator.command(&20, 300 * MS).unwrap();
    assert_eq!(motor.speed.load(Ordering::SeqCst), 20);
}

#[test]
fn a_node_that_is_activated_again_finds_its_actuator_stopped() {
    let motor = Motor::default();
    let mut fixture = fixture(&motor);
    fixture.stop.engage("the operator", "");
    fixture.slot.close();
    fixture.slot.open().unwrap();
    fixture.slot.permit();
    assert!(matches!(fixture.actuator.command(&30, MS), Err(CommandError::EmergencyStopped { .. })));
    fixture.stop.reset("the operator").unwrap();
    fixture.actuator.command(&30, MS).unwrap();
}

#[test]
fn an_actuator_that_is_closed_stays_closed_when_the_emergency_stop_is_reset() {
    let mut fixture = fixture(&Motor::default());
    fixture.stop.engage("the operator", "");
    fixture.slot.close();
    fixture.stop.reset("the operator").unwrap();
    assert!(matches!(fixture.actuator.command(&30, MS), Err(CommandError::Unavailable { .. })));
}

#[test]
fn a_command_that_was_under_way_before_the_stop_is_undone_also_when_it_ends_after_the_reset() {
    let motor = Motor::default();
    let fixture = fixture(&motor);
    let (stop, motion) = (fixture.stop.clone(), fixture.actuators.clone());
    *motor.meanwhile.lock().unwrap() = Some(Box::new(move || {
        stop.engage("the operator", "");
        // While the call has not returned nobody can say that it is safe.
        let refused = stop.reset("the operator").unwrap_err();
        assert_eq!(refused, ResetError::NotSafe { actuators: vec!["car/wheels".into()] });
        assert!(refused.to_string().starts_with(
            "the emergency stop was not reset, because not everything is safe: `car/wheels`; a call to it"
        ));
        assert!(stop.is_engaged());
        // What nobody may do, to see that it would not matter.
        let seen = motion.motion().stop();
        assert!(motion.motion().release(seen));
    }));
    fixture.actuator.command(&30, 5000 * MS).unwrap();
    fixture.actuators.serve(fixture.clock.now());
    assert_eq!((motor.speed.load(Ordering::SeqCst), fixture.actuators.is_moving()), (0, false));
}

#[test]
fn the_first_reason_stays_and_further_ones_are_counted_and_make_safe_once_more() {
    let motor = Motor::default();
    let fixture = fixture(&motor);
    assert_eq!(fixture.stop.state(), None);
    for (by, reason) in [("a", "one"), ("b", "two"), ("c", "three")] {
        let before = motor.stops.load(Ordering::SeqCst);
        fixture.stop.engage(by, reason);
        fixture.actuators.serve(fixture.clock.now());
        assert_eq!(motor.stops.load(Ordering::SeqCst), before + 1);
    }
    let state = fixture.stop.state().unwrap();
    assert_eq!((&*state.by, &*state.reason, state.count), ("a", "one", 3));
    fixture.stop.reset("d").unwrap();
    assert_eq!((fixture.stop.state(), fixture.stop.reset("d")), (None, Err(ResetError::NotEngaged)));
    fixture.stop.engage("e", "four");
    let state = fixture.stop.state().unwrap();
    assert_eq!((&*state.by, &*state.reason, state.count), ("e", "four", 1));
}

#[test]
fn a_stop_that_is_asked_for_while_it_is_reset_holds_on() {
    let fixture = fixture(&Motor::default());
    let (stop, first) = (fixture.stop.clone(), Arc::new(AtomicU32::new(0)));
    fixture.stop.engage("a", "one");
    let again = Arc::clone(&first);
    fixture.slot.cell().set_make_safe(Arc::new(move || {
        if again.fetch_add(1, Ordering::SeqCst) == 0 {
            stop.engage("b", "two");
        }
        Ok(())
    }));
    assert_eq!(fixture.stop.reset("a"), Err(ResetError::AskedAgain));
    assert_eq!(fixture.stop.state().unwrap().count, 2);
    fixture.stop.reset("a").unwrap();
}

#[test]
fn a_robot_that_stops_for_good_cannot_be_let_go_by_a_reset() {
    let fixture = fixture(&Motor::default());
    fixture.stop.engage("a", "one");
    fixture.actuators.stop_motion();
    assert_eq!(fixture.stop.reset("a"), Err(ResetError::Stopping));
    assert!(matches!(fixture.actuator.command(&30, MS), Err(CommandError::Inhibited { .. })));
}

#[test]
fn who_is_hung_in_is_told_after_everything_was_asked_to_be_safe() {
    let fixture = fixture(&Motor::default());
    let told = Arc::new(Mutex::new(Vec::new()));
    let (list, cell, stop) = (Arc::clone(&told), Arc::clone(fixture.slot.cell()), fixture.stop.clone());
    fixture.stop.on_change(move |change| {
        let due = matches!(change, EmergencyStopChange::Engaged) == stop.is_engaged();
        list.lock().unwrap().push((change, due, cell.counts().made_safe));
    });
    fixture.stop.engage("a", "one");
    fixture.stop.engage("b", "two");
    fixture.stop.reset("a").unwrap();
    let told = told.lock().unwrap().clone();
    assert_eq!(told, [(EmergencyStopChange::Engaged, true, 0), (EmergencyStopChange::Reset, true, 1)]);
}

#[test]
fn long_words_are_cut_at_a_character_and_stand_on_one_line() {
    let fixture = fixture(&Motor::default());
    fixture.stop.engage("\u{1b}[2J".to_owned() + &"n".repeat(500), &("a".to_owned() + &"ä".repeat(500)));
    let state = fixture.stop.state().unwrap();
    assert_eq!((state.by.len(), state.reason.len()), (ESTOP_BY_BYTES, ESTOP_REASON_BYTES - 1));
    assert!(state.by.starts_with(" [2Jnnn"), "{}", state.by);
}

#[test]
fn a_request_on_the_topic_works_where_it_is_published_and_the_state_is_latched() {
    let environment = crate::node::Environment::new(Clock::simulated(), 1);
    let bus = environment.bus();
    let mut notice = super::EmergencyStopNotice::declare(environment.emergency_stop(), bus).unwrap();
    environment.seal().unwrap();
    let mut states = bus.tap(&topics::EMERGENCY_STOP_STATE).unwrap();
    let tool = bus.tool_publisher("emergency_stop/request", "tool", crate::bus::Authority::Tool).unwrap();
    let value = nevil_msgs::Value::parse_yaml("message", "reason: it smokes").unwrap();
    tool.publish(&value).unwrap();
    let state = environment.emergency_stop().state().unwrap();
    assert_eq!((&*state.by, &*state.reason), ("`tool` on `emergency_stop/request`", "it smokes"));
    // Also one that is too large to be delivered.
    let incarnation = Arc::new(Incarnation::new("car".into(), 0, 1));
    incarnation.open();
    let topic = topics::EMERGENCY_STOP_REQUEST;
    let publisher = bus.publisher(topic.name(), &topic, incarnation, Arc::default()).unwrap();
    assert!(publisher.publish(EmergencyStopRequest { reason: "x".repeat(5000) }).is_err());
    assert_eq!(environment.emergency_stop().state().unwrap().count, 2);
    notice.tell();
    notice.tell();
    environment.emergency_stop().reset("the operator").unwrap();
    notice.tell();
    notice.tell();
    let mut heard = Vec::new();
    while let Some(state) = states.take() {
        heard.push((state.engaged, state.reason.clone()));
    }
    assert_eq!(heard, [(true, "it smokes".to_owned()), (false, String::new())]);
    assert_eq!(bus.latched("emergency_stop/state").unwrap().len(), 1);
    assert!(bus.imbalances().is_empty());
}
