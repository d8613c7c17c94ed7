//! The shipped robot drives about for ever: it touches nothing, falls from nothing, comes round, and stops when it must.
//!
//! Ten simulated minutes of the shipped launch file in virtual time, with all flaws of the simulated car. By default a few seeds in
//! each world; with `NEVIL_LONG=1` twenty:
//!
//! ```sh
//! NEVIL_LONG=1 cargo test --release -p nevil-tests --test closed_loop -- --nocapture
//! ```
#![forbid(unsafe_code)]
#![cfg(test)]

mod doubles;
mod drive;
mod stops;

use std::time::Duration;

use drive::{Outcome, drive, shipped};

const TEN_MINUTES: Duration = Duration::from_secs(600);

/// What each world must see: cells of half a metre that are visited. The living room and the empty room are too large for ten
/// minutes (above 12 m² of floor that can be reached).
const WORLDS: [(&str, f64); 5] =
    [("empty_room", 0.0), ("living_room", 0.0), ("corridor", 0.6), ("maze", 0.6), ("table", 0.6)];

/// How many seeds each world is driven with.
fn seeds() -> u64 {
    if std::env::var_os("NEVIL_LONG").is_some() { 20 } else { 2 }
}

/// Drives once for each seed in each world, on two threads.
fn outcomes() -> Vec<(f64, Outcome)> {
    let runs: Vec<_> = (0..seeds())
        .flat_map(|seed| WORLDS.map(|(world, visited_share_min)| (world, visited_share_min, seed)))
        .collect();
    let one = |&(world, visited_share_min, seed): &(&str, f64, u64)| {
        (visited_share_min, drive(&shipped(world), world, seed, TEN_MINUTES))
    };
    let (even, odd) = std::thread::scope(|scope| {
        let odd = scope.spawn(|| runs.iter().skip(1).step_by(2).map(one).collect::<Vec<_>>());
        let even: Vec<_> = runs.iter().step_by(2).map(one).collect();
        (even, odd.join().unwrap())
    });
    let mut outcomes: Vec<_> = even.into_iter().chain(odd).collect();
    outcomes.sort_by(|(_, a), (_, b)| (&a.world, a.seed).cmp(&(&b.world, b.seed)));
    outcomes
}

#[test]
fn in_every_world_it_drives_about_for_ten_minutes_and_touches_nothing_and_does_not_fall() {
    let outcomes = outcomes();
    println!("{}", Outcome::HEAD);
    outcomes.iter().for_each(|(_, outcome)| println!("{}", outcome.row()));
    for (visited_share_min, outcome) in &outcomes {
        assert_eq!((outcome.touches, outcome.falls), (0, 0), "{outcome:?}");
        assert!(outcome.driven_m >= 30.0, "{outcome:?}");
        assert!(outcome.visited_share >= *visited_share_min, "{outcome:?}");
    }
}
