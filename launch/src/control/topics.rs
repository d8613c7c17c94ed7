//! What tools are told about topics.

use std::time::Duration;

use nevil_msgs::{FieldInfo, FieldKind, FieldRange};
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
    let example = example(topic.type_info.fields);
    let (in_use, all) = counts.slots;
    let latched = bus.latched(name).map_err(|error| error.to_string())?.into_iter();
    let latched = latched.map(|(node, value)| json!({ "node": *node, "message": raw(value) }));
    Ok(json!({
        "name": *topic.name,
        "type": topic.type_info.name,
        "hash": format!("{:016x}", topic.type_info.hash),
        "doc": topic.type_info.doc,
        "fields": fields,
        "example": example,
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

/// The accounts of all topics, by name.
pub(super) fn audit(bus: &Bus) -> Result<Value, String> {
    let account = |topic: TopicDescription| {
        let counts = bus.counts(&topic.name).map_err(|error| error.to_string())?;
        let publishers = counts.publishers.into_iter().map(|(node, counts)| {
            let (in_all, ended) = (counts.published, counts.accepted + counts.refused());
            with(json!({ "node": node, "in": in_all, "accounted": ended }), &counts)
        });
        let subscriptions = counts.subscriptions.into_iter().map(|(node, callback, counts)| {
            let accounted = counts.ended() + counts.queued + counts.running;
            let head =
                json!({ "node": node, "callback": callback, "in": counts.offered, "accounted": accounted });
            with(head, &counts)
        });
        Ok(json!({
            "name": *topic.name,
            "type": topic.type_info.name,
            "publishers": publishers.collect::<Vec<_>>(),
            "subscriptions": subscriptions.collect::<Vec<_>>(),
        }))
    };
    let topics = bus.topics().into_iter().map(account).collect::<Result<Vec<_>, String>>()?;
    Ok(json!({ "topics": topics }))
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
        "external": topic.qos.external,
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

/// A message of these fields that one can begin with, as YAML on one line.
fn example(fields: &[FieldInfo]) -> String {
    let field = |field: &FieldInfo| format!("{}: {}", field.name, example_value(field.kind, field.range));
    format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
}

/// A value of this kind, as near to nothing as its range allows.
fn example_value(kind: FieldKind, range: Option<FieldRange>) -> String {
    let number = range.map_or(0.0, |range| 0.0_f64.clamp(range.min, range.max.max(range.min)));
    match kind {
        FieldKind::Bool => "false".to_owned(),
        FieldKind::F32 | FieldKind::F64 => format!("{number:?}"),
        FieldKind::Text | FieldKind::Path => "\"\"".to_owned(),
        FieldKind::Duration => format!("{}ms", (number * 1000.0).ceil()),
        FieldKind::List(_) => "[]".to_owned(),
        FieldKind::Array(inner, len) => format!("[{}]", vec![example_value(*inner, range); len].join(", ")),
        FieldKind::Option(_) => "null".to_owned(),
        FieldKind::Enum(info) => info.variants.first().map_or("\"\"", |name| name).to_owned(),
        FieldKind::Struct(info) => example(info.fields),
        // The integers that are left; a bound that is none is rounded into the range.
        _ if number < 0.0 => number.floor().to_string(),
        _ => number.ceil().to_string(),
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
        assert_eq!(info["example"], "{hand: {x_m: 0.0}, names: []}");
        assert_eq!(topic_info(&bus, "leg").unwrap_err(), "unknown topic `leg`; known topics are arm");
    }

    #[test]
    fn the_example_of_every_type_that_is_shipped_is_a_message_of_it() {
        fn check<T: Message>() {
            let text = example(T::TYPE.fields);
            let value = nevil_msgs::Value::parse_yaml("message", &text).unwrap();
            let read = nevil_msgs::from_value_checked::<T>(&value);
            assert!(
                read.is_ok(),
                "{}: {text}: {:?}",
                T::TYPE.name,
                read.err().map(|error| error.to_string())
            );
        }
        check::<nevil_msgs::Range>();
        check::<nevil_msgs::Drive>();
        check::<nevil_msgs::SafetyStatus>();
        check::<nevil_msgs::MotionStatus>();
        check::<nevil_msgs::CarState>();
        check::<nevil_msgs::EmergencyStopRequest>();
        check::<nevil_msgs::Health>();
        check::<nevil_msgs::Alert>();
        check::<nevil_msgs::Heartbeat>();
        check::<nevil_msgs::BreakerReport>();
    }
}
