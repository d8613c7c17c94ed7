use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::{Leasable, Lease, LeaseClaimError, LeaseError, Leases};
use crate::clock::Clock;
use crate::incarnation::Incarnation;
use crate::limits::{LEASE_MAX, LEASE_MIN};

const MS: Duration = Duration::from_millis(1);

struct Fixture {
    clock: Clock,
    leases: Leases,
}

impl Fixture {
    fn new() -> Self {
        let clock = Clock::simulated();
        Self { leases: Leases::new(clock.clone()), clock }
    }

    fn node(&self, name: &str, number: u32) -> (Arc<Incarnation>, Leasable) {
        let life = Arc::new(Incarnation::new(name.into(), 0, number));
        life.open();
        let leasable = self.leases.declare("microphone", &life).unwrap();
        (life, leasable)
    }

    fn pass(&self, time: Duration) {
        self.clock.set(self.clock.now() + time);
    }

    fn owner(&self) -> Option<String> {
        self.leases.status()[0].owner.clone()
    }
}

#[test]
fn one_node_holds_a_lease_and_another_is_told_who_for_what_and_for_how_long() {
    let fixture = Fixture::new();
    let ((_, ears), (_, mouth)) = (fixture.node("ears", 1), fixture.node("mouth", 1));
    let held = ears.acquire("listening", 5000 * MS).unwrap();
    fixture.pass(2000 * MS);
    let refused = mouth.acquire("echo test", MS).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "lease `microphone` is held by `ears` (listening) for at most 3s more; try again then"
    );
    assert!(matches!(ears.acquire("again", MS), Err(LeaseError::Held { .. })));
    let status = &fixture.leases.status()[0];
    assert_eq!((status.owner.as_deref(), status.purpose), (Some("ears"), Some("listening")));
    assert_eq!((status.held_ms, status.remaining_ms), (Some(2000), Some(3000)));
    assert_eq!(status.nodes, ["ears", "mouth"]);
    assert_eq!((status.acquired, status.refused, status.taken_over), (1, 2, 0));
    drop(held);
    assert_eq!(fixture.owner(), None);
    let _held = mouth.acquire("echo test", MS).unwrap();
    assert_eq!(fixture.owner().as_deref(), Some("mouth"));
    assert_eq!(fixture.leases.status()[0].taken_over, 0);
}

#[test]
fn a_lease_of_a_node_that_hangs_passes_on_after_its_deadline_and_its_late_end_takes_nothing_away() {
    let fixture = Fixture::new();
    let ((_, ears), (_, mouth)) = (fixture.node("ears", 1), fixture.node("mouth", 1));
    let mut hung = ears.acquire("listening", 100 * MS).unwrap();
    fixture.pass(100 * MS - Duration::from_nanos(1));
    assert!(hung.is_valid() && mouth.acquire("speaking", MS).is_err());
    fixture.pass(Duration::from_nanos(1));
    assert_eq!(hung.check(), Err(LeaseError::Over { lease: "microphone".into() }));
    assert_eq!((fixture.owner(), hung.remaining()), (None, Duration::ZERO));
    let heir = mouth.acquire("speaking", 10 * MS).unwrap();
    assert!(hung.renew(10 * MS).is_err());
    drop(hung);
    assert!(heir.is_valid());
    assert_eq!(fixture.leases.status()[0].taken_over, 1);
}

#[test]
fn a_lease_of_a_node_that_is_fenced_passes_on_at_once_also_when_the_node_is_replaced() {
    let fixture = Fixture::new();
    let ((life, ears), (_, mouth)) = (fixture.node("ears", 1), fixture.node("mouth", 1));
    let hung = ears.acquire("listening", LEASE_MAX).unwrap();
    life.fence();
    assert_eq!(hung.check(), Err(LeaseError::NotActive { lease: "microphone".into() }));
    assert_eq!(fixture.owner(), None);
    assert!(matches!(ears.acquire("listening", MS), Err(LeaseError::NotActive { .. })));
    drop(mouth.acquire("speaking", MS).unwrap());

    let (_, ears) = fixture.node("ears", 2);
    let (life, old) = (Arc::clone(&ears.life), ears.acquire("listening", LEASE_MAX).unwrap());
    life.fence();
    // The next life is configured before anybody has looked.
    let (_, _ears) = fixture.node("ears", 3);
    let heir = mouth.acquire("speaking", MS).unwrap();
    drop(old);
    assert!(heir.is_valid());
    assert_eq!(fixture.leases.status()[0].nodes, ["ears", "mouth"], "a node has one seat in all its lives");
    assert_eq!(fixture.leases.status()[0].taken_over, 2);
}

#[test]
fn a_lease_that_is_renewed_in_time_goes_on() {
    let fixture = Fixture::new();
    let (_, ears) = fixture.node("ears", 1);
    let mut held = ears.acquire("listening", 100 * MS).unwrap();
    for _ in 0..10 {
        fixture.pass(99 * MS);
        held.renew(100 * MS).unwrap();
    }
    assert_eq!(held.remaining(), 100 * MS);
    assert!(matches!(held.renew(LEASE_MAX + MS), Err(LeaseError::Time { .. })));
    assert_eq!(held.remaining(), 100 * MS);
}

#[test]
fn times_out_of_range_and_names_that_are_none_are_refused_in_words() {
    let fixture = Fixture::new();
    let (life, ears) = fixture.node("ears", 1);
    for given in [Duration::ZERO, LEASE_MIN / 2, LEASE_MAX + Duration::from_nanos(1)] {
        let lease = "microphone".into();
        assert_eq!(ears.acquire("x", given).unwrap_err(), LeaseError::Time { lease, given });
    }
    let text = ears.acquire("x", Duration::ZERO).unwrap_err().to_string();
    assert_eq!(
        text,
        "lease `microphone`: time is out of range (0ns), 1ms to 60s is allowed; renew it instead"
    );
    drop((ears.acquire("x", LEASE_MIN).unwrap(), life.number()));
    let refused = fixture.leases.declare("The Microphone", &life).unwrap_err();
    assert!(matches!(refused, LeaseClaimError::Name { .. }));
    for number in 1..64 {
        fixture.node(&format!("node_{number}"), 1);
    }
    let last = Arc::new(Incarnation::new("one_more".into(), 0, 1));
    let refused = fixture.leases.declare("microphone", &last).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "lease `microphone` cannot be had by one more node: 64 have declared it already"
    );
}

#[test]
fn of_many_purposes_the_first_are_told_from_one_another() {
    const PURPOSES: [&str; 17] =
        ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q"];
    let fixture = Fixture::new();
    let (_, ears) = fixture.node("ears", 1);
    let shown = PURPOSES.map(|purpose| {
        let _held = ears.acquire(purpose, MS).unwrap();
        fixture.leases.status()[0].purpose.unwrap()
    });
    assert_eq!(shown[..15], PURPOSES[..15]);
    assert_eq!(shown[15..], ["something else"; 2]);
}

#[test]
fn of_nodes_on_many_threads_one_holds_the_lease_at_a_time() {
    use std::sync::atomic::{AtomicU32, Ordering};
    let fixture = Fixture::new();
    let (inside, had) = (AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for number in 0..4 {
            let (_, leasable) = fixture.node(&format!("node_{number}"), 1);
            let (inside, had) = (&inside, &had);
            scope.spawn(move || {
                for _ in 0..5000 {
                    if let Ok(_held) = leasable.acquire("counting", LEASE_MAX) {
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two at a time");
                        inside.fetch_sub(1, Ordering::SeqCst);
                        had.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    let status = &fixture.leases.status()[0];
    assert_eq!(status.acquired, u64::from(had.load(Ordering::SeqCst)));
    assert_eq!((status.acquired + status.refused, status.taken_over), (20_000, 0));
    assert_eq!(fixture.owner(), None);
}

#[derive(Clone, Debug)]
enum Step {
    Acquire { node: usize, ms: u64 },
    Renew { node: usize, ms: u64 },
    Drop { node: usize },
    Fence { node: usize },
    Pass { ms: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3_usize, 1..50_u64).prop_map(|(node, ms)| Step::Acquire { node, ms }),
        (0..3_usize, 1..50_u64).prop_map(|(node, ms)| Step::Renew { node, ms }),
        (0..3_usize).prop_map(|node| Step::Drop { node }),
        (0..3_usize).prop_map(|node| Step::Fence { node }),
        (1..40_u64).prop_map(|ms| Step::Pass { ms }),
    ]
}

const NAMES: [&str; 3] = ["a", "b", "c"];

proptest! {
    #[test]
    fn a_lease_is_held_as_a_plain_model_of_it_says(steps in prop::collection::vec(step(), 1..60)) {
        let fixture = Fixture::new();
        let mut nodes: Vec<_> = NAMES.iter().map(|name| fixture.node(name, 1)).collect();
        // What each node has in hand, which may be over.
        let mut held: [Option<Lease>; 3] = [const { None }; 3];
        // The model: who holds it, and until when in milliseconds.
        let (mut owner, mut now): (Option<(usize, u64)>, u64) = (None, 0);
        for step in steps {
            owner = owner.filter(|(_, until)| now < *until);
            match step {
                Step::Acquire { node, ms } => {
                    let acquired = nodes[node].1.acquire(NAMES[node], Duration::from_millis(ms));
                    prop_assert_eq!(acquired.is_ok(), owner.is_none());
                    if let Ok(lease) = acquired {
                        held[node] = Some(lease);
                        owner = Some((node, now + ms));
                    }
                }
                Step::Renew { node, ms } => {
                    let Some(lease) = &mut held[node] else { continue };
                    let renewed = lease.renew(Duration::from_millis(ms));
                    let owns = owner.is_some_and(|(owner, _)| owner == node);
                    prop_assert_eq!(renewed.is_ok(), owns);
                    owner = if owns { Some((node, now + ms)) } else { owner };
                }
                Step::Drop { node } => {
                    held[node] = None;
                    owner = owner.filter(|(owner, _)| *owner != node);
                }
                Step::Fence { node } => {
                    nodes[node].0.fence();
                    let number = nodes[node].0.number() + 1;
                    nodes[node] = fixture.node(NAMES[node], number);
                    owner = owner.filter(|(owner, _)| *owner != node);
                }
                Step::Pass { ms } => {
                    fixture.pass(Duration::from_millis(ms));
                    now += ms;
                    owner = owner.filter(|(_, until)| now < *until);
                }
            }
            let name = owner.map(|(owner, _)| NAMES[owner].to_owned());
            prop_assert_eq!(fixture.owner(), name);
            for (node, lease) in held.iter().enumerate() {
                let owns = owner.is_some_and(|(owner, _)| owner == node);
                prop_assert_eq!(lease.as_ref().is_some_and(Lease::is_valid), owns && lease.is_some());
            }
        }
    }
}
