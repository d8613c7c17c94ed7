//! A world file as a strict reader of YAML 1.2 sees it.

use nevil_node_sim_car::World;
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// The world in the file `name` of the simulated car.
pub(crate) fn world(name: &str) -> World {
    let path = format!("{}/../nodes/sim_car/worlds/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let events: Vec<Event<'_>> = Parser::new_from_str(&text).map(|event| event.unwrap().0).collect();
    let mut events = events.into_iter().filter(|event| !matches!(event, Event::Nothing | Event::StreamStart));
    assert!(matches!(events.next(), Some(Event::DocumentStart(_))), "{name} holds a document");
    let first = events.next().unwrap();
    serde_json::from_value(value(first, &mut events)).unwrap()
}

fn value<'a>(event: Event<'a>, rest: &mut impl Iterator<Item = Event<'a>>) -> Value {
    match event {
        Event::Scalar(text, ScalarStyle::Plain, ..) => {
            text.parse::<f64>().map_or_else(|_| Value::from(text.as_ref()), Value::from)
        }
        Event::Scalar(text, ..) => Value::from(text.as_ref()),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match rest.next().unwrap() {
                    Event::SequenceEnd => return Value::Array(items),
                    item => items.push(value(item, rest)),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut fields = Map::new();
            loop {
                let key = match rest.next().unwrap() {
                    Event::MappingEnd => return Value::Object(fields),
                    Event::Scalar(text, ..) => text.into_owned(),
                    other => panic!("a key is a word, not {other:?}"),
                };
                let first = rest.next().unwrap();
                assert!(fields.insert(key.clone(), value(first, rest)).is_none(), "`{key}` stands once");
            }
        }
        other => panic!("a world has no {other:?}"),
    }
}
