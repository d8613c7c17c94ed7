//! What tools are told about topics.

use std::time::Duration;

use nevil_msgs::{FieldInfo, FieldKind};
use nevil_runtime::{Bus, SubscriptionCounts, SubscriptionDescription, TopicDescription};
use serde_json::{Value, json};

use crate::control::protocol::raw;

/// The topics, by name.
pub(super) fn topic_list(bus: &Bus) -> Value {
    let topic = |topic: &TopicDescription| {
        let subscriptions = topic.subscriptions.iter();
        let subscriptions =
            subscriptions.map(|(node, callback)| json!({ "node": **node, "callback": **callback }));
        json!({
            "name": *topic.name,
            "type": topic.type_info.name,
            "publishers": topic.publishers.iter().map(|node| &**node).collect::<Vec<_>>(),
            "subscriptions": subscriptions.collect::<Vec<_>>(),
            "qos": qos(topic),
        })
    };
    json!({ "topics": bus.topics().iter().map(topic).collect::<Vec<_>>() })
}

/// All that is known about the topic called `name`.
pub(super) fn topic_info(bus: &Bus, name: &str) -> Result<Value, String> {
    let topic = bus.description(name).map_err(|error| error.to_string())?;
    let counts = bus.counts(name).map_err(|error| error.to_string())?;
    let publisher = |(node, counts)| with(json!({ "node": node }), &counts);
    let subscription = |(node, callback, counts): (String, String, SubscriptionCounts)| {
        let is_of = |known: &&SubscriptionDescription| *known.node == *node && *known.callback == *callback;
        let qos = topic.subscription_qos.iter().find(is_of).map(subscription_qos);
        with(json!({ "node": node, "callback": callback, "qos": qos }), &counts)
    };
    let mut fields = Vec::new();
    list_fields(topic.type_info.fields, "", &mut fields);
    let (in_use, all) = counts.slots;
    let latched = bus.latched(name).map_err(|error| error.to_string())?.into_iter();
    let latched = latched.map(|(node, value)| json!({ "node": *node, "message": raw(value) }));
    Ok(json!({
        "name": *topic.name,
        "type": topic.type_info.name,
        "hash": format!("{:016x}", topic.type_info.hash),
        "doc": topic.type_info.doc,
        "fields": fields,
        "qos": qos(&topic),
        "private": topic.is_private,
        "publishers": counts.publishers.into_iter().map(publisher).collect::<Vec<_>>(),
        "subscriptions": counts.subscriptions.into_iter().map(subscription).collect::<Vec<_>>(),
        "latched": latched.collect::<Vec<_>>(),
        "slots": { "in_use": in_use, "all": all, "bytes_each": topic.memory.slot_bytes },
    }))
}

/// What holds for one subscription, and what of it the topic does not say.
fn subscription_qos(subscription: &SubscriptionDescription) -> Value {
    let SubscriptionDescription { qos, said, depth_planned, .. } = subscription;
    let said = said.iter().map(|(rule, by)| json!({ "rule": rule, "by": by }));
    json!({
        "overflow": qos.overflow,
        "depth": qos.depth,
        "depth_planned": depth_planned,
        "priority": qos.priority,
        "lifespan_us": qos.lifespan.map(us),
        "deadline_us": qos.deadline.map(us),
        "said": said.collect::<Vec<_>>(),
    })
}

fn us(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn qos(topic: &TopicDescription) -> Value {
    json!({
        "overflow": topic.qos.overflow,
        "depth": topic.qos.depth,
        "depth_planned": topic.depth_planned,
        "priority": topic.qos.priority,
        "message_bytes_max": topic.qos.message_bytes_max,
        "latched": topic.qos.latched,
        "lifespan_us": topic.qos.lifespan.map(us),
        "deadline_us": topic.qos.deadline.map(us),
        "exclusive": topic.qos.exclusive,
        "feedback": topic.qos.feedback,
        "overridden": topic.overridden,
    })
}

/// The fields, those of a struct behind it, each with its whole name. Types do not contain themselves, so this ends.
fn list_fields(fields: &[FieldInfo], before: &str, list: &mut Vec<Value>) {
    for field in fields {
        let name = format!("{before}{}", field.name);
        list.push(json!({
            "name": name,
            "kind": field.kind.to_string(),
            "unit": field.unit,
            "range": field.range.map(|range| range.to_string()),
            "doc": field.doc,
        }));
        if let FieldKind::Struct(info) = field.kind {
            list_fields(info.fields, &format!("{name}."), list);
        }
    }
}

/// `object` with the counters behind it.
fn with(mut object: Value, counts: &impl serde::Serialize) -> Value {
    // Counters are plain numbers, which JSON can always hold.
    if let (Value::Object(object), Ok(Value::Object(counts))) = (&mut object, serde_json::to_value(counts)) {
        object.extend(counts);
    }
    object
}

#[cfg(test)]
mod tests {
    use nevil_msgs::{Field, Message, Topic};
    use nevil_runtime::Clock;

    use super::*;

    #[derive(Message)]
    struct Arm {
        /// Where the hand is.
        hand: Point,
        names: Vec<String>,
    }

    #[derive(Field)]
    struct Point {
        #[field(unit = "m", range = -1.0..=1.0)]
        x_m: f32,
    }

    #[test]
    fn the_fields_of_a_struct_inside_a_message_stand_behind_it_with_their_whole_names() {
        let bus = Bus::new(Clock::simulated());
        drop(bus.tap(&Topic::<Arm>::new("arm")).unwrap());
        let info = topic_info(&bus, "arm").unwrap();
        let fields = json!([
            { "name": "hand", "kind": "Point", "unit": null, "range": null, "doc": "Where the hand is." },
            { "name": "hand.x_m", "kind": "f32", "unit": "m", "range": "-1 to 1", "doc": "" },
            { "name": "names", "kind": "list of text", "unit": null, "range": null, "doc": "" },
        ]);
        assert_eq!(info["fields"], fields);
        assert_eq!(topic_info(&bus, "leg").unwrap_err(), "unknown topic `leg`; known topics are arm");
    }
}
