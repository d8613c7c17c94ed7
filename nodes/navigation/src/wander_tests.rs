use super::*;

const TICK: Duration = Duration::from_millis(100);

/// A wanderer, and a car that obeys it at once.
struct Trip {
    wander: Wander,
    now: Duration,
    obeyed: Motion,
}

impl Trip {
    /// On floor that has no edges, as it takes it.
    fn new(seed: u64) -> Self {
        Self::within(WanderLimits { careful_m: 0.0, ..WanderLimits::default() }, seed)
    }

    fn within(limits: WanderLimits, seed: u64) -> Self {
        let wander = Wander::new(CarShape::default(), limits, seed);
        Self { wander, now: Duration::ZERO, obeyed: Motion::NONE }
    }

    fn step(&mut self, sight: Option<Sight>, way: Way) -> Motion {
        let drive =
            self.wander.step(self.now, Senses { sight, way, cliff: Cliff::NONE, obeyed: self.obeyed });
        assert_eq!(drive.valid_for, Duration::from_millis(300));
        self.now += TICK;
        self.obeyed = drive.motion;
        drive.motion
    }

    /// Steps until the wanderer is `doing` that, at most 20 s.
    fn until(&mut self, doing: Doing, sight: Option<Sight>, way: Way) {
        for _ in 0..200 {
            self.step(sight, way);
            if self.wander.doing() == doing {
                return;
            }
        }
        panic!("not {doing:?} within 20 s");
    }
}

fn echo(distance_m: f32) -> Option<Sight> {
    Some(Sight::Echo { distance_m })
}

#[test]
fn it_never_drives_faster_nor_turns_farther_than_its_limits() {
    let mut trip = Trip::new(1);
    let limits = WanderLimits::default();
    for turn in 0..3000_u32 {
        let way = if turn % 97 < 10 { Way::Blocked } else { Way::Open };
        let motion = trip.step(echo(0.3 + (turn % 31) as f32 * 0.1), way);
        assert!(f64::from(motion.speed_mps.abs()) <= limits.cruise_mps + 1e-6);
        assert!(f64::from(motion.steering_rad.abs()) <= CarShape::default().steering_rad_max + 1e-6);
    }
}

#[test]
fn without_any_echo_it_does_not_drive_forward() {
    let mut trip = Trip::new(1);
    let forward_m: f32 =
        (0..600).map(|_| trip.step(Some(Sight::Lost), Way::Open).speed_mps.max(0.0) * 0.1).sum();
    assert_eq!(forward_m, 0.0, "three lost readings stop it before it begins");
}

#[test]
fn when_forward_is_blocked_it_stops_at_once_and_then_backs_off() {
    let mut trip = Trip::new(1);
    trip.until(Doing::Running, echo(2.0), Way::Open);
    for _ in 0..10 {
        trip.step(echo(2.0), Way::Open);
    }
    assert!(trip.step(echo(2.0), Way::Blocked).speed_mps <= 0.0);
    trip.until(Doing::BackingOff, echo(2.0), Way::Blocked);
    assert!(trip.step(echo(2.0), Way::Blocked).speed_mps < 0.0);
}

#[test]
fn blocked_from_the_start_it_never_goes_forward_and_backward_only_over_the_floor_that_is_free_there() {
    let mut trip = Trip::new(1);
    let mut back_m = 0.0;
    for _ in 0..600 {
        let speed_mps = trip.step(echo(2.0), Way::Blocked).speed_mps;
        assert!(speed_mps <= 0.0);
        back_m -= speed_mps * 0.1;
    }
    assert!((0.0..0.8).contains(&back_m), "{back_m}");
}

#[test]
fn where_a_sensor_is_dead_it_stands_whatever_it_was_doing_and_goes_on_when_it_lives() {
    let mut trip = Trip::new(1);
    for doing in [Doing::Running, Doing::BackingOff] {
        trip.until(doing, echo(1.0), Way::Open);
        for _ in 0..100 {
            assert_eq!(trip.step(None, Way::Blind).speed_mps, 0.0);
        }
    }
    trip.until(Doing::Running, echo(1.0), Way::Open);
}

#[test]
fn without_an_echo_it_drives_for_less_than_a_metre_and_then_stands() {
    let mut trip = Trip::new(1);
    trip.until(Doing::Running, echo(2.0), Way::Open);
    for _ in 0..20 {
        trip.step(echo(2.0), Way::Open);
    }
    let way_m: f32 = (0..600).map(|_| trip.step(Some(Sight::Lost), Way::Open).speed_mps.abs() * 0.1).sum();
    assert!(way_m < 1.0, "{way_m}");
    assert_eq!(trip.wander.doing(), Doing::Stuck);
}

#[test]
fn straight_ahead_it_stops_with_room_to_turn() {
    let mut trip = Trip::new(1);
    trip.until(Doing::Running, echo(2.0), Way::Open);
    while trip.obeyed.steering_rad != 0.0 {
        trip.until(Doing::Looking, echo(2.0), Way::Open);
        trip.until(Doing::Running, echo(2.0), Way::Open);
    }
    assert!(trip.step(echo(2.0), Way::Open).speed_mps > 0.0);
    assert_eq!(trip.step(echo(0.37), Way::Open).speed_mps, 0.0);
}

#[test]
fn the_wheels_turn_only_while_it_stands() {
    let mut trip = Trip::new(2);
    let mut last = Motion::NONE;
    for turn in 0..3000_u32 {
        let motion = trip.step(echo(0.4 + (turn % 40) as f32 * 0.05), Way::Open);
        let turned = (motion.steering_rad - last.steering_rad).abs() > 1e-6;
        assert!(!turned || (last.speed_mps == 0.0 && motion.speed_mps == 0.0), "turn {turn}");
        last = motion;
    }
}

#[test]
fn after_a_second_without_a_call_it_has_forgotten_everything() {
    let mut trip = Trip::new(1);
    trip.until(Doing::Running, echo(2.0), Way::Open);
    trip.now += Duration::from_secs(2);
    assert_eq!(trip.step(echo(2.0), Way::Open).speed_mps, 0.0);
    assert_eq!(trip.wander.reckoning.pose, Pose::HOME);
}

#[test]
fn one_seed_gives_one_way_and_others_give_others() {
    let way = |seed| {
        let mut trip = Trip::new(seed);
        (0..600_u32)
            .map(|turn| trip.step(echo(0.5 + (turn % 20) as f32 * 0.1), Way::Open))
            .collect::<Vec<_>>()
    };
    assert_eq!(way(3), way(3));
    assert!((4..9).any(|seed| way(seed) != way(3)));
}

/// How much floor it keeps around itself after a minute before a wall, with nowhere to go.
fn margin_before_a_wall_m(limits: WanderLimits) -> f64 {
    let mut trip = Trip::within(limits, 1);
    for _ in 0..600 {
        trip.step(echo(0.25), Way::Blocked);
    }
    trip.wander.memory.margin_m
}

#[test]
fn where_it_comes_no_farther_it_squeezes_through_but_not_where_it_expects_edges() {
    let limits = WanderLimits::default();
    assert_eq!(margin_before_a_wall_m(WanderLimits { careful_m: 0.0, ..limits }), limits.squeeze_m);
    assert_eq!(margin_before_a_wall_m(limits), limits.margin_m);
}

#[test]
fn ahead_it_asks_for_no_speed_that_is_none_when_caution_halves_it() {
    let mut trip = Trip::new(4);
    for turn in 0..3000_u32 {
        let way = if turn % 50 < 25 { Way::Caution } else { Way::Open };
        let speed_mps = trip.step(echo(0.4 + (turn % 40) as f32 * 0.05), way).speed_mps;
        assert!(speed_mps <= 0.0 || speed_mps / 2.0 > 0.0139, "{speed_mps}");
    }
}
