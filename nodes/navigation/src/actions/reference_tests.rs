//! The page that lists actions says what there is.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::{Gesture, Library, Pace};

fn names(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "–".to_owned() } else { names.join(", ") }
}

fn row(gesture: &Gesture) -> String {
    let (way_cm, behind_cm) = gesture.way_cm();
    let way = match (way_cm, behind_cm) {
        (0.0, _) => "–".to_owned(),
        (_, 0.0) => format!("{way_cm:.0} cm"),
        _ => format!("{way_cm:.0} cm, {behind_cm:.0} behind"),
    };
    let seconds = gesture.duration(Pace::Med).as_secs_f32();
    let words = gesture.words.trim_end_matches('.');
    format!("| `{}` | {} | {words} | {way} | {seconds:.1} s |\n", gesture.name, names(&gesture.aliases))
}

/// The sections that are made from the data.
fn sections() -> [(&'static str, String); 2] {
    let library = Library::shipped();
    let mut gestures = format!(
        "{} gestures. What it drives is the way in all, and how far it gets behind where it began.\n\n\
         | name | also called | what it does | drives | takes |\n| --- | --- | --- | --- | --- |\n",
        library.gestures().count()
    );
    gestures.extend(library.gestures().map(|gesture| row(gesture)));
    let mut moods = "While the car drives about by itself, every 8 to 16 s, when it stands anyway, it may pause, look around or make a gesture of its \
                     mood.\nEnergy makes it faster (0.7 to 1 times `cruise_mps` and `turn_mps`) and its pauses fewer, curiosity makes it look around, \
                     whimsy make\ngestures. Sociability is how patient it is with people, which takes a voice. Every 15 to 30 such moments it falls into another mood \
                     with\na probability of 30 %, unless `mood_drifts` is false. `mood_change` asks for one.\n\n\
                     | mood | energy | curiosity | sociability | whimsy | gestures | what it is like |\n\
                     | --- | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for mood in library.moods() {
        let gestures: Vec<String> = mood.gestures.iter().map(|gesture| gesture.name.clone()).collect();
        let words = mood.words.trim_end_matches('.');
        let shares = format!("{} | {} | {} | {}", mood.energy, mood.curiosity, mood.sociability, mood.whimsy);
        let _ = writeln!(moods, "| {} | {shares} | {} | {words} |", mood.name, names(&gestures));
    }
    [("\n## All gestures\n", gestures), ("\n## Moods\n", moods)]
}

#[test]
fn the_reference_lists_all_gestures_and_moods() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/actions.md");
    let page = fs::read_to_string(&path).unwrap();
    let mut made = page.clone();
    for (heading, text) in sections() {
        let from = made.find(heading).unwrap() + heading.len();
        let to = from + made[from..].find("\n## ").unwrap();
        made.replace_range(from..to, &format!("\n{text}"));
    }
    if std::env::var_os("NEVIL_WRITE").is_some() {
        fs::write(&path, &made).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap() == made,
        "docs/reference/actions.md is not what the gestures say; write it with \
         `NEVIL_WRITE=1 cargo test -p nevil-node-navigation the_reference`"
    );
}

#[test]
fn the_own_gestures_of_the_page_are_read() {
    let page = include_str!("../../../../docs/reference/actions.md");
    let own: Vec<&str> =
        page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(own.len(), 2);
    let own: Vec<(String, String)> =
        own.into_iter().map(|text| ("actions.md".to_owned(), text.to_owned())).collect();
    let library = Library::shipped().with_texts(&own).unwrap();
    assert_eq!(library.gesture("hi").unwrap().name, "hello_there");
    assert!(library.mood("grumpy").is_some());
}
