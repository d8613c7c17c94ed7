//! The car drives about for ever and never touches anything.
#![cfg(test)]

mod harness;
mod yaml;

use std::time::Duration;

use harness::{Driver, Guard, Outcome, run};
use nevil_node_navigation::WanderLimits;
use nevil_node_sim_car::{CarFlaws, Settings, World};

const TEN_MINUTES: Duration = Duration::from_secs(600);
const SEEDS: u64 = 20;

/// Wanders through `world` once for each seed, on two threads, and prints how each run went.
fn wander(name: &str, world: &World, settings: impl Fn(u64) -> Settings + Sync) -> Vec<Outcome> {
    let one =
        |seed| run(world, settings(seed), Driver::Wander(WanderLimits::default()), Guard::On, TEN_MINUTES);
    let (even, odd) = std::thread::scope(|scope| {
        let odd = scope.spawn(|| (0..SEEDS / 2).map(|half| one(2 * half + 1)).collect::<Vec<_>>());
        let even: Vec<Outcome> = (0..SEEDS / 2).map(|half| one(2 * half)).collect();
        (even, odd.join().unwrap())
    });
    let outcomes: Vec<Outcome> = even.into_iter().zip(odd).flat_map(|(even, odd)| [even, odd]).collect();
    println!("{name}\nseed  driven   touches  clearance  squares  stuck  forward forbidden");
    for (seed, it) in outcomes.iter().enumerate() {
        println!(
            "{seed:4} {:6.1} m  {:7}  {:6.1} cm  {:7}  {:4.1}%  {:16.1}%",
            it.driven_m,
            it.touches,
            it.clearance_m_min * 100.0,
            it.squares,
            it.stuck_share * 100.0,
            it.blocked_share * 100.0
        );
    }
    outcomes
}

#[test]
fn in_the_living_room_it_drives_about_for_ten_minutes_and_touches_nothing() {
    let outcomes = wander("living room", &yaml::world("living_room"), Settings::with_seed);
    for (seed, it) in outcomes.iter().enumerate() {
        assert_eq!(it.touches, 0, "seed {seed}: {it:?}");
        assert!(it.driven_m >= 30.0, "seed {seed}: {it:?}");
    }
}

#[test]
fn in_an_empty_room_it_drives_about_for_ten_minutes_and_touches_nothing() {
    let outcomes = wander("empty room", &yaml::world("empty_room"), Settings::with_seed);
    for (seed, it) in outcomes.iter().enumerate() {
        assert_eq!(it.touches, 0, "seed {seed}: {it:?}");
        assert!(it.driven_m >= 30.0, "seed {seed}: {it:?}");
    }
}

#[test]
fn a_car_with_flaws_touches_nothing_either() {
    for flaws in [
        CarFlaws { left_factor: 0.9, right_factor: 0.9, steering_offset_deg: -0.5, ..CarFlaws::NONE },
        CarFlaws { left_factor: 1.1, right_factor: 1.1, steering_offset_deg: 0.5, ..CarFlaws::NONE },
    ] {
        let settings = |seed| Settings { flaws, ..Settings::with_seed(seed) };
        let outcomes = wander(&format!("living room, {flaws:?}"), &yaml::world("living_room"), settings);
        for (seed, it) in outcomes.iter().enumerate() {
            assert_eq!(it.touches, 0, "seed {seed}: {it:?}");
        }
    }
}

#[test]
fn with_a_torn_sensor_wire_it_never_moves() {
    let settings = Settings { dropout_share: 1.0, ..Settings::with_seed(1) };
    let driver = Driver::Wander(WanderLimits::default());
    let torn = run(&yaml::world("living_room"), settings, driver, Guard::On, Duration::from_secs(60));
    assert_eq!(torn.driven_m, 0.0, "{torn:?}");
}

#[test]
fn who_drives_blindly_is_stopped_by_the_arbiter_and_without_it_runs_into_the_wall() {
    let blind = |guard| {
        let world = yaml::world("empty_room");
        run(&world, Settings::with_seed(1), Driver::Blind { speed_mps: 0.3 }, guard, Duration::from_secs(60))
    };
    let guarded = blind(Guard::On);
    assert_eq!(guarded.touches, 0, "{guarded:?}");
    assert!(guarded.driven_m > 1.0, "{guarded:?}");
    assert!(blind(Guard::Off).touches > 0);
}
