use proptest::prelude::*;

use super::*;

fn ms(time_ms: u64) -> Duration {
    Duration::from_millis(time_ms)
}

fn echo(distance_m: f32) -> Reading {
    Reading::Echo { distance_m }
}

/// Zones after `readings`, one each 100 ms from 100 ms on, and the level that each gave.
fn fed(readings: &[Reading]) -> (Zones, Vec<Level>) {
    let mut zones = Zones::new(ZoneLimits::default()).unwrap();
    let levels =
        (1..).zip(readings).map(|(turn, &reading)| zones.reading(ms(100 * turn), reading).level).collect();
    (zones, levels)
}

fn last_level(readings: &[Reading]) -> Level {
    *fed(readings).1.last().unwrap()
}

#[test]
fn each_zone_ends_exactly_at_its_bound() {
    let steady = |distance_m: f32| last_level(&[echo(1.0), echo(1.0), echo(distance_m)]);
    assert_eq!(steady(0.30), Level::Clear);
    assert_eq!(steady(0.299), Level::Warning);
    assert_eq!(steady(0.20), Level::Warning);
    assert_eq!(steady(0.199), Level::Caution);
    assert_eq!(steady(0.15), Level::Caution);
    assert_eq!(steady(0.149), Level::Danger);
    assert_eq!(steady(0.10), Level::Danger);
    assert_eq!(steady(0.099), Level::Emergency);
}

#[test]
fn before_the_second_echo_the_sensor_is_not_relied_on() {
    let (zones, levels) = fed(&[echo(1.0), echo(1.0)]);
    assert_eq!(levels, [Level::SensorError, Level::Clear]);
    assert_eq!(zones.assess(ms(200)).distance_m, Some(1.0));
    let fresh = Zones::new(ZoneLimits::default()).unwrap().assess(ms(0));
    assert_eq!((fresh.level, fresh.cause), (Level::SensorError, Cause::NoEchoYet));
}

#[test]
fn one_stray_echo_from_far_away_releases_no_brake() {
    let near = [echo(0.12), echo(0.12)];
    assert_eq!(last_level(&[&near[..], &[echo(1.5)]].concat()), Level::Danger);
    assert_eq!(last_level(&[&near[..], &[echo(1.5), echo(0.12), echo(1.5)]].concat()), Level::Danger);
    assert_eq!(last_level(&[&near[..], &[echo(1.5), echo(0.25)]].concat()), Level::Warning);
    assert_eq!(last_level(&[&near[..], &[echo(1.5), echo(1.5)]].concat()), Level::Clear);
}

#[test]
fn a_level_rises_only_beyond_its_bound_and_the_margin() {
    let near = [echo(0.14), echo(0.14)];
    assert_eq!(last_level(&[&near[..], &[echo(0.165), echo(0.165)]].concat()), Level::Danger);
    assert_eq!(last_level(&[&near[..], &[echo(0.175), echo(0.175)]].concat()), Level::Caution);
}

#[test]
fn two_lost_readings_change_nothing_and_the_third_is_an_error() {
    let lost = Reading::NoEdge;
    let (_, levels) = fed(&[echo(1.0), echo(1.0), lost, lost, lost, echo(1.0), echo(1.0)]);
    assert_eq!(
        levels[1..],
        [Level::Clear, Level::Clear, Level::Clear, Level::SensorError, Level::SensorError, Level::Clear]
    );
}

#[test]
fn a_distance_that_is_none_counts_as_lost() {
    for none in [f32::NAN, f32::INFINITY, 0.0, -1.0, -2.0] {
        let (zones, levels) = fed(&[echo(1.0), echo(1.0), echo(none), echo(none), echo(none)]);
        assert_eq!(levels[2..], [Level::Clear, Level::Clear, Level::SensorError], "{none}");
        assert_eq!(zones.assess(ms(500)).cause, Cause::Invalid);
    }
}

#[test]
fn timeouts_after_something_near_are_an_error() {
    let timeout = Reading::Timeout;
    assert_eq!(last_level(&[echo(1.9), echo(1.9), timeout, timeout, timeout]), Level::SensorError);
}

#[test]
fn timeouts_after_an_echo_from_far_away_are_caution_for_three_seconds() {
    let timeout = Reading::Timeout;
    let (zones, levels) = fed(&[echo(3.0), echo(3.0), timeout, timeout, timeout]);
    assert_eq!(levels[2..], [Level::Clear, Level::Clear, Level::Caution]);
    assert_eq!(zones.assess(ms(3199)).level, Level::Caution);
    assert_eq!(zones.assess(ms(3199)).cause, Cause::LikelyOpen);
    assert_eq!(zones.assess(ms(3200)).level, Level::SensorError);
}

#[test]
fn a_stuck_echo_line_is_no_open_space_but_one_drop_out_is_no_stuck_line() {
    let (timeout, no_edge) = (Reading::Timeout, Reading::NoEdge);
    assert_eq!(last_level(&[echo(3.0), echo(3.0), timeout, no_edge, timeout]), Level::Caution);
    assert_eq!(last_level(&[echo(3.0), echo(3.0), timeout, no_edge, timeout, no_edge]), Level::SensorError);
    assert_eq!(last_level(&[echo(3.0), echo(3.0), no_edge, no_edge, timeout]), Level::SensorError);
}

#[test]
fn a_second_of_silence_is_an_error() {
    let (zones, _) = fed(&[echo(1.0), echo(1.0)]);
    assert_eq!(zones.assess(ms(1199)).level, Level::Clear);
    let silent = zones.assess(ms(1200));
    assert_eq!((silent.level, silent.cause, silent.distance_m), (Level::SensorError, Cause::Silent, None));
}

#[test]
fn after_silence_one_echo_is_not_enough() {
    let (mut zones, _) = fed(&[echo(1.0), echo(1.0)]);
    assert_eq!(zones.reading(ms(5000), echo(1.0)).level, Level::SensorError);
    assert_eq!(zones.reading(ms(5100), echo(1.0)).level, Level::Clear);
}

#[test]
fn bounds_that_do_not_rise_are_refused() {
    let text = |limits| Zones::new(limits).unwrap_err().to_string();
    let order = "the bounds must rise: 0 < emergency_m < danger_m < caution_m < warning_m < open_from_m";
    let good = ZoneLimits::default();
    assert_eq!(
        text(ZoneLimits { danger_m: 0.25, ..good }),
        format!("`danger_m` is 0.25 m and `caution_m` is 0.2 m; {order}")
    );
    assert_eq!(
        text(ZoneLimits { emergency_m: f32::NAN, ..good }),
        format!("`0` is 0 m and `emergency_m` is NaN m; {order}")
    );
    assert_eq!(text(ZoneLimits { margin_m: -0.1, ..good }), "`margin_m` is -0.1 m, 0 or more is allowed");
    assert_eq!(text(ZoneLimits { invalid_max: 0, ..good }), "`invalid_max` is 0, at least 1 is needed");
}

fn any_reading() -> impl Strategy<Value = Reading> {
    prop_oneof![
        4 => (0.01_f32..4.0).prop_map(echo),
        1 => Just(Reading::Timeout),
        1 => Just(Reading::NoEdge),
    ]
}

proptest! {
    #[test]
    fn no_level_is_better_than_the_last_echo_says(
        readings in proptest::collection::vec((any_reading(), 10_u64..700), 1..60),
    ) {
        let limits = ZoneLimits::default();
        let mut zones = Zones::new(limits).unwrap();
        let (mut now, mut last) = (ms(0), None);
        for (reading, pause_ms) in readings {
            now += ms(pause_ms);
            if let Reading::Echo { distance_m } = reading {
                last = Some((now, distance_m));
            }
            let level = zones.reading(now, reading).level;
            match last {
                None => prop_assert_eq!(level, Level::SensorError),
                Some((_, distance_m)) => prop_assert!(level >= limits.level_at(distance_m)),
            }
        }
    }

    #[test]
    fn without_an_echo_within_a_second_nothing_is_clear(
        readings in proptest::collection::vec((any_reading(), 10_u64..700), 1..60),
    ) {
        let mut zones = Zones::new(ZoneLimits::default()).unwrap();
        let (mut now, mut last_at) = (ms(0), None);
        for (reading, pause_ms) in readings {
            now += ms(pause_ms);
            if matches!(reading, Reading::Echo { .. }) {
                last_at = Some(now);
            }
            let level = zones.reading(now, reading).level;
            let fresh = last_at.is_some_and(|at| now - at < ms(1000));
            prop_assert!(fresh || level >= Level::Caution);
        }
    }
}
