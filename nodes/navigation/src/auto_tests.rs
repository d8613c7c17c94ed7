use super::*;

const TICK: Duration = Duration::from_millis(100);

fn auto(mood: &str, seed: u64) -> Auto {
    Auto::new(Arc::clone(Library::shipped().mood(mood).unwrap()), true, seed)
}

/// What it does in ten minutes of a wanderer that stands every other second; what it plays takes three seconds.
fn ten_minutes(auto: &mut Auto) -> Vec<(Behavior, Next)> {
    let mut did = Vec::new();
    let mut plays_until = Duration::ZERO;
    for tick in 0..6000 {
        let now = TICK * tick;
        let next = auto.step(now, tick % 20 < 3, now < plays_until, Library::shipped());
        if let Next::Play(_) = next {
            plays_until = now + Duration::from_secs(3);
        }
        did.push((auto.behavior(), next));
    }
    did
}

#[test]
fn in_every_mood_it_drives_for_most_of_the_time() {
    for mood in Library::shipped().moods() {
        let mut auto = auto(&mood.name, 1);
        auto.set_drifts(false);
        let did = ten_minutes(&mut auto);
        let wandered = did.iter().filter(|(_, next)| *next == Next::Wander).count();
        assert!(wandered > 4500, "{}: {wandered} of 6000", mood.name);
        assert!(wandered < 6000, "{}: it does nothing else", mood.name);
    }
}

#[test]
fn nothing_that_it_plays_turns_a_driven_wheel() {
    for mood in Library::shipped().moods() {
        for (_, next) in ten_minutes(&mut auto(&mood.name, 3)) {
            if let Next::Play(Action { kind: ActionKind::Gesture(gesture), .. }) = next {
                assert!(!gesture.drives(), "{}", gesture.name);
            }
        }
    }
}

#[test]
fn its_mood_changes_now_and_then_unless_it_is_to_stay() {
    let moods = |drifts: bool| {
        let mut auto = auto("curious", 5);
        auto.set_drifts(drifts);
        let mut changes = 0;
        // Ten hours: about 3000 cycles, 130 looks at whether to change.
        for _ in 0..60 {
            let before = auto.mood().name.clone();
            auto.interrupt();
            ten_minutes(&mut auto);
            changes += u32::from(auto.mood().name != before);
        }
        changes
    };
    assert!((15..=55).contains(&moods(true)), "{}", moods(true));
    assert_eq!(moods(false), 0);
}

#[test]
fn the_same_seed_gives_the_same_behaviour() {
    assert_eq!(ten_minutes(&mut auto("playful", 9)), ten_minutes(&mut auto("playful", 9)));
    assert_ne!(ten_minutes(&mut auto("playful", 9)), ten_minutes(&mut auto("playful", 10)));
}

#[test]
fn what_it_began_is_over_when_somebody_asks_for_something_else() {
    let mut auto = auto("sleepy", 1);
    let mut tick = 0;
    while auto.behavior() == Behavior::Wander {
        auto.step(TICK * tick, true, false, Library::shipped());
        tick += 1;
    }
    auto.interrupt();
    assert_eq!(auto.step(TICK * tick, true, false, Library::shipped()), Next::Wander);
    assert_eq!(auto.behavior(), Behavior::Wander);
}
