//! One tree over another: what an including file, a mode or a node says goes before what the other one says.

use nevil_msgs::{Key, Value, ValueKind};

use super::scope::key;

/// Where in a launch file two values stand, as far as it matters for how they are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A launch file, or a mode of it.
    File,
    /// `modes`.
    Modes,
    /// `nodes`.
    Nodes,
    /// A node, or what holds for all of them.
    Node,
    /// `callbacks` of a node.
    Callbacks,
    /// One of them.
    Callback,
    /// `thread` of a node.
    Thread,
    /// `restart` of a node.
    Restart,
    /// A map of which each entry is taken as a whole, such as parameters or policies of breakers.
    Entries,
    /// What is taken as a whole.
    Whole,
    /// Anything else: maps are merged key by key.
    Other,
}

impl Place {
    /// The place of what is called `name` here.
    fn of(self, name: &str) -> Self {
        match (self, name) {
            (Self::File, "nodes") => Self::Nodes,
            (Self::File, "modes") => Self::Modes,
            (Self::Modes, _) => Self::File,
            (Self::Nodes, _) => Self::Node,
            (Self::Node, "thread") => Self::Thread,
            (Self::Node, "restart") => Self::Restart,
            (Self::Node, "callbacks") => Self::Callbacks,
            (Self::Callbacks, _) => Self::Callback,
            (Self::File, "breakers") | (Self::Node, "params" | "degraded") => Self::Entries,
            // A policy of which parts belonged to another one would be neither.
            (Self::Entries | Self::Whole, _)
            | (Self::Node, "breaker" | "ready")
            | (Self::Callback, "breaker") => Self::Whole,
            _ => Self::Other,
        }
    }
}

/// `base`, with what `over` says in place of what it says itself. Maps are merged key by key, all else is replaced; null
/// says nothing about a map.
pub(super) fn merge(mut base: Value, mut over: Value, place: Place) -> Value {
    if place == Place::Restart {
        (base, over) = (as_map(base), as_map(over));
    }
    if place == Place::Thread {
        drop_other_policy(&mut base, &over);
    }
    if place == Place::Whole {
        return over;
    }
    match (base.kind, over.kind) {
        (ValueKind::Map(before), ValueKind::Null) => Value::new(ValueKind::Map(before), over.mark),
        (ValueKind::Map(before), ValueKind::Map(after)) => {
            Value::new(ValueKind::Map(merge_entries(before, after, place)), over.mark)
        }
        (_, kind) => {
            over.kind = kind;
            over
        }
    }
}

fn merge_entries(before: Vec<(Key, Value)>, after: Vec<(Key, Value)>, place: Place) -> Vec<(Key, Value)> {
    let mut merged = before;
    for (key, over) in after {
        match merged.iter_mut().find(|(known, _)| known.name == key.name) {
            Some((known, value)) => {
                let place = place.of(&key.name);
                let base = std::mem::replace(value, Value::new(ValueKind::Null, key.mark.clone()));
                *value = merge(base, over, place);
                *known = key;
            }
            None => merged.push((key, over)),
        }
    }
    merged
}

/// `restart: permanent` as the map that it stands for.
fn as_map(restart: Value) -> Value {
    if !matches!(restart.kind, ValueKind::Text(_)) {
        return restart;
    }
    let mark = restart.mark.clone();
    Value::new(ValueKind::Map(vec![(key("policy", &mark), restart)]), mark)
}

/// Who says how a thread is scheduled means all of it: a niceness does not go with the real-time policy of another place.
fn drop_other_policy(base: &mut Value, over: &Value) {
    const POLICY: [&str; 3] = ["policy", "nice", "priority"];
    if let ValueKind::Map(entries) = &mut base.kind
        && over.get("policy").or(over.get("nice")).is_some()
    {
        entries.retain(|(key, _)| !POLICY.contains(&key.name.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use nevil_msgs::Value;

    use super::{Place, merge};

    fn merged(base: &str, over: &str, place: Place) -> Value {
        let parse = |text| Value::parse_yaml("test", text).unwrap();
        merge(parse(base), parse(over), place)
    }

    /// The same value as `text`, wherever it stands.
    fn assert_is(given: &Value, text: &str) {
        fn bare(value: &Value) -> String {
            use nevil_msgs::ValueKind::{List, Map};
            match &value.kind {
                Map(entries) => {
                    let mut all: Vec<_> =
                        entries.iter().map(|(key, value)| format!("{}: {}", key.name, bare(value))).collect();
                    all.sort();
                    format!("{{{}}}", all.join(", "))
                }
                List(all) => format!("[{}]", all.iter().map(bare).collect::<Vec<_>>().join(", ")),
                _ => value.describe(),
            }
        }
        assert_eq!(bare(given), bare(&Value::parse_yaml("test", text).unwrap()));
    }

    #[test]
    fn maps_are_merged_key_by_key_and_lists_and_scalars_are_replaced() {
        let base = "{ nodes: { car: { type: sim, depends_on: [a, b], timeout: 1s } } }";
        let over = "{ nodes: { car: { depends_on: [c], timeout: 2s }, lamp: } }";
        let wanted = "{ nodes: { car: { type: sim, depends_on: [c], timeout: 2s }, lamp: } }";
        assert_is(&merged(base, over, Place::File), wanted);
        assert_is(&merged("{ a: 1 }", "", Place::Other), "{ a: 1 }");
        assert_is(&merged("{ a: 1 }", "{ a: }", Place::Other), "{ a: }");
    }

    #[test]
    fn what_belongs_together_is_taken_as_a_whole() {
        let base = "{ breakers: { net: { failures: 3, open: 1s } }, nodes: { car: { breaker: { failures: 2 }, \
                    params: { box: { x: 1 }, y: 2 }, callbacks: { f: { timeout: 1s, breaker: { failures: 1 } } } } } }";
        let over = "{ breakers: { net: { open: 2s } }, nodes: { car: { breaker: { open: 9s }, params: { box: { z: 1 } }, \
                    callbacks: { f: { breaker: { open: 3s } } } } } }";
        let wanted = "{ breakers: { net: { open: 2s } }, nodes: { car: { breaker: { open: 9s }, params: { box: { z: 1 }, \
                      y: 2 }, callbacks: { f: { timeout: 1s, breaker: { open: 3s } } } } } }";
        assert_is(&merged(base, over, Place::File), wanted);
    }

    #[test]
    fn a_policy_of_a_thread_is_not_mixed_with_that_of_another_place() {
        let base = "{ policy: fifo, priority: 50, cores: [1] }";
        assert_is(&merged(base, "{ nice: 5 }", Place::Thread), "{ nice: 5, cores: [1] }");
        assert_is(
            &merged(base, "{ policy: rr, priority: 2 }", Place::Thread),
            "{ policy: rr, priority: 2, cores: [1] }",
        );
        assert_is(
            &merged(base, "{ priority: 7 }", Place::Thread),
            "{ policy: fifo, priority: 7, cores: [1] }",
        );
    }

    #[test]
    fn a_restart_policy_in_one_word_is_the_map_that_it_stands_for() {
        let node = |base: &str, over: &str| {
            merged(&format!("{{ restart: {base} }}"), &format!("{{ restart: {over} }}"), Place::Node)
        };
        assert_is(&node("{ intensity: 9 }", "permanent"), "{ restart: { intensity: 9, policy: permanent } }");
        assert_is(&node("permanent", "{ intensity: 9 }"), "{ restart: { policy: permanent, intensity: 9 } }");
    }
}
