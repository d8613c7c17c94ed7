//! What single subscriptions say otherwise than their topic.
//!
//! ```text
//!  the topic in the code  <  `topics.<name>`  <  what the node says of all its subscriptions  <  of this one
//! ```

use std::time::Duration;

use nevil_msgs::{Overflow, Qos, TopicPriority};
use serde::Serialize;

use crate::bus::qos::usual_depth;

/// What is said about subscriptions of one node, instead of what stands on their topic. What is `None` is as the topic
/// says. The other rules ([`Qos::message_bytes_max`], [`Qos::latched`], [`Qos::exclusive`], [`Qos::feedback`]) are the
/// topic's alone.
///
/// ```
/// use nevil_msgs::Overflow;
/// use nevil_runtime::SubscriptionQos;
///
/// let newest = SubscriptionQos { overflow: Some(Overflow::Latest), ..SubscriptionQos::default() };
/// assert_eq!(newest.keys(), ["overflow"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscriptionQos {
    /// See [`Qos::overflow`].
    pub overflow: Option<Overflow>,
    /// See [`Qos::depth`]. Where the overflow rule alone is changed to or from [`Overflow::Latest`], the depth is the
    /// usual one of the new rule: 1, or 10.
    pub depth: Option<u16>,
    /// See [`Qos::priority`].
    pub priority: Option<TopicPriority>,
    /// See [`Qos::lifespan`]; `Some(None)` takes away that of the topic.
    pub lifespan: Option<Option<Duration>>,
    /// See [`Qos::deadline`]; `Some(None)` takes away that of the topic.
    pub deadline: Option<Option<Duration>>,
}

impl SubscriptionQos {
    /// Nothing is said.
    pub const NOTHING: Self =
        Self { overflow: None, depth: None, priority: None, lifespan: None, deadline: None };

    /// The names of what is said here, as launch files write them.
    #[must_use]
    pub fn keys(&self) -> Vec<&'static str> {
        let keys = [
            ("overflow", self.overflow.is_some()),
            ("depth", self.depth.is_some()),
            ("priority", self.priority.is_some()),
            ("lifespan", self.lifespan.is_some()),
            ("deadline", self.deadline.is_some()),
        ];
        keys.into_iter().filter(|(_, is_said)| *is_said).map(|(key, _)| key).collect()
    }
}

/// Who says a rule of a subscription otherwise than its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SaidBy {
    /// What is said of all subscriptions of the node.
    Default,
    /// What is said of this one.
    Subscription,
}

/// What one subscription is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<'a> {
    /// Of all subscriptions of the node; what does not go with the topic is left out.
    pub(crate) default: &'a SubscriptionQos,
    /// Of this one.
    pub(crate) own: &'a SubscriptionQos,
}

impl Said<'static> {
    /// Nothing.
    pub(crate) const NOTHING: Self =
        Self { default: &SubscriptionQos::NOTHING, own: &SubscriptionQos::NOTHING };
}

/// What holds for one subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SubscriptionRules {
    pub(crate) qos: Qos,
    /// What of it is not as the topic says.
    pub(crate) said: Vec<(&'static str, SaidBy)>,
}

impl SubscriptionRules {
    /// For a subscription of which this is said, to a topic that is carried as `topic`.
    pub(crate) fn new(topic: Qos, said: Said<'_>) -> Self {
        let Said { default, own } = said;
        let mut said = Vec::new();
        // Of all topics together nobody can say what goes with each: a latched one cannot drop what is new.
        let overflow = default.overflow.filter(|rule| !(topic.latched && *rule == Overflow::DropNewest));
        let overflow = first(&mut said, "overflow", own.overflow, overflow, topic.overflow);
        let depth = default.depth.filter(|_| overflow != Overflow::Latest);
        let depth = first(&mut said, "depth", own.depth, depth, usual_depth(&topic, overflow));
        let qos = Qos {
            overflow,
            depth,
            priority: first(&mut said, "priority", own.priority, default.priority, topic.priority),
            lifespan: first(&mut said, "lifespan", own.lifespan, default.lifespan, topic.lifespan),
            deadline: first(&mut said, "deadline", own.deadline, default.deadline, topic.deadline),
            ..topic
        };
        Self { qos, said }
    }

    /// Whether the subscription says a depth of its own, so that the topic's is none of its business.
    pub(crate) fn has_own_depth(&self) -> bool {
        self.qos.overflow == Overflow::Latest || self.said.iter().any(|(rule, _)| *rule == "depth")
    }
}

/// The first that is said of `rule`, with a note who says it.
fn first<V>(
    said: &mut Vec<(&'static str, SaidBy)>,
    rule: &'static str,
    own: Option<V>,
    default: Option<V>,
    topic: V,
) -> V {
    let by = if own.is_some() { SaidBy::Subscription } else { SaidBy::Default };
    let Some(value) = own.or(default) else { return topic };
    said.push((rule, by));
    value
}

#[cfg(test)]
mod tests {
    use nevil_msgs::{Range, Topic, topics};

    use super::*;

    fn rules(topic: Qos, default: &SubscriptionQos, own: &SubscriptionQos) -> SubscriptionRules {
        SubscriptionRules::new(topic, Said { default, own })
    }

    fn depth(depth: u16) -> SubscriptionQos {
        SubscriptionQos { depth: Some(depth), ..SubscriptionQos::NOTHING }
    }

    #[test]
    fn what_is_said_of_one_subscription_goes_before_what_is_said_of_all_and_that_before_the_topic() {
        let (topic, second) = (topics::RANGE.qos(), Some(Some(Duration::from_secs(1))));
        let default = SubscriptionQos { lifespan: second, deadline: Some(None), ..depth(5) };
        let own = SubscriptionQos { priority: Some(TopicPriority::Low), ..depth(2) };
        let rules = rules(topic, &default, &own);
        let wanted = Qos {
            depth: 2,
            priority: TopicPriority::Low,
            lifespan: Some(Duration::from_secs(1)),
            deadline: None,
            ..topic
        };
        assert_eq!(rules.qos, wanted);
        let (own, default) = (SaidBy::Subscription, SaidBy::Default);
        assert_eq!(
            rules.said,
            [("depth", own), ("priority", own), ("lifespan", default), ("deadline", default)]
        );
        assert_eq!(
            SubscriptionRules::new(topic, Said::NOTHING),
            SubscriptionRules { qos: topic, said: vec![] }
        );
    }

    #[test]
    fn a_depth_that_is_said_of_all_means_nothing_where_one_message_is_kept() {
        let (latest, nothing) = (Topic::<Range>::latest("range").qos(), SubscriptionQos::NOTHING);
        assert_eq!(rules(latest, &depth(5), &nothing).qos, latest);
        let own = SubscriptionQos { overflow: Some(Overflow::Latest), ..nothing.clone() };
        assert_eq!(rules(topics::RANGE.qos(), &depth(5), &own).qos.depth, 1);
        let own = SubscriptionQos { overflow: Some(Overflow::DropOldest), ..nothing.clone() };
        assert_eq!(rules(latest, &depth(5), &own).qos.depth, 5);
        assert_eq!(rules(latest, &nothing, &own).qos.depth, Qos::DEFAULT.depth);
        // What is said of this one is taken at its word.
        assert_eq!(rules(latest, &nothing, &depth(5)).qos.depth, 5);
    }

    #[test]
    fn dropping_what_is_new_that_is_said_of_all_means_nothing_on_a_latched_topic() {
        let newest = SubscriptionQos { overflow: Some(Overflow::DropNewest), ..SubscriptionQos::NOTHING };
        let latched = topics::RANGE.latched().qos();
        assert_eq!(rules(latched, &newest, &SubscriptionQos::NOTHING).qos, latched);
        assert_eq!(rules(latched, &SubscriptionQos::NOTHING, &newest).qos.overflow, Overflow::DropNewest);
    }
}
