//! Which topic of the robot a node means by the name in its code.

use std::collections::BTreeMap;

use nevil_msgs::topics;

use crate::bus::{Said, SubscriptionQos, TopicError, is_topic_name};

/// From the names in the code of one node to those of the robot's topics: a name that is remapped is replaced, and then
/// one that begins with `/` is meant as it is, and any other is put into the namespace, except for the
/// topics of the robot as a whole.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    /// Empty: the robot itself.
    namespace: &'a str,
    remap: &'a BTreeMap<String, String>,
    used: Vec<String>,
    /// What is said of the node's subscriptions: of all, and of single ones.
    said: (&'a SubscriptionQos, &'a BTreeMap<String, SubscriptionQos>),
    subscribed: Vec<String>,
}

impl<'a> Names<'a> {
    pub(crate) fn new(namespace: &'a str, remap: &'a BTreeMap<String, String>) -> Self {
        const NONE: &BTreeMap<String, SubscriptionQos> = &BTreeMap::new();
        let said = (&SubscriptionQos::NOTHING, NONE);
        Self { namespace, remap, used: Vec::new(), said, subscribed: Vec::new() }
    }

    /// The same, where this is said of all subscriptions of the node, and this of single ones.
    pub(crate) fn with_said(
        self,
        default: &'a SubscriptionQos,
        single: &'a BTreeMap<String, SubscriptionQos>,
    ) -> Self {
        Self { said: (default, single), ..self }
    }

    /// What is said of the subscription to the topic that the code calls `declared`, which there is.
    pub(crate) fn said(&mut self, declared: &str) -> Said<'a> {
        if !self.subscribed.iter().any(|subscribed| subscribed == declared) {
            self.subscribed.push(declared.to_owned());
        }
        let (default, single) = self.said;
        Said { default, own: single.get(declared).unwrap_or(&SubscriptionQos::NOTHING) }
    }

    /// The topics of which something is said although the node does not subscribe to them, and those to which it does,
    /// ascending.
    pub(crate) fn unsubscribed(&self) -> Option<(Vec<String>, Vec<String>)> {
        let unknown = self.said.1.keys().filter(|name| !self.subscribed.contains(name));
        let (unknown, mut subscribed): (Vec<_>, _) = (unknown.cloned().collect(), self.subscribed.clone());
        subscribed.sort_unstable();
        (!unknown.is_empty()).then_some((unknown, subscribed))
    }

    /// The topic that `declared` means.
    ///
    /// # Errors
    ///
    /// [`TopicError::Name`] if that is no name for a topic.
    pub(crate) fn resolve(&mut self, declared: &str) -> Result<String, TopicError> {
        if !self.used.iter().any(|used| used == declared) {
            self.used.push(declared.to_owned());
        }
        let name = self.remap.get(declared).map_or(declared, String::as_str);
        let resolved = match name.strip_prefix('/') {
            Some(absolute) => absolute.to_owned(),
            None if self.namespace.is_empty() || is_of_the_robot(name) => name.to_owned(),
            None => format!("{}/{name}", self.namespace),
        };
        if is_topic_name(&resolved) { Ok(resolved) } else { Err(TopicError::Name { given: resolved.into() }) }
    }

    /// The names that are remapped although the node has not used them, and those that it has used, ascending.
    pub(crate) fn unused(mut self) -> Option<(Vec<String>, Vec<String>)> {
        let unused: Vec<_> = self.remap.keys().filter(|name| !self.used.contains(name)).cloned().collect();
        self.used.sort_unstable();
        (!unused.is_empty()).then_some((unused, self.used))
    }
}

/// Whether `name` means the same in every namespace: who wants to stop the robot is not to stop a part of it, and its health
/// is that of all of it.
fn is_of_the_robot(name: &str) -> bool {
    topics::OF_ROBOT.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(namespace: &str, remap: &[(&str, &str)], declared: &str) -> Result<String, String> {
        let remap = remap.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
        Names::new(namespace, &remap).resolve(declared).map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_is_remapped_first_and_then_put_into_the_namespace() {
        for (namespace, remap, declared, wanted) in [
            ("", vec![], "range", "range"),
            ("front", vec![], "range", "front/range"),
            ("front/left", vec![("range", "sonar")], "range", "front/left/sonar"),
            ("front", vec![("range", "/range")], "range", "range"),
            ("front", vec![], "/drive", "drive"),
            ("front", vec![("/drive", "drive")], "/drive", "front/drive"),
            // Of the robot, and not of a part of it.
            ("front", vec![], "emergency_stop/request", "emergency_stop/request"),
            ("front", vec![], "emergency_stop/state", "emergency_stop/state"),
            // The exact name only, and only once.
            ("", vec![("range", "drive"), ("drive", "range")], "range", "drive"),
            ("", vec![("range", "sonar")], "range_rear", "range_rear"),
        ] {
            assert_eq!(
                resolve(namespace, &remap, declared).as_deref(),
                Ok(wanted),
                "{declared} in {namespace}"
            );
        }
    }

    #[test]
    fn a_name_that_none_can_have_is_refused_as_it_was_resolved() {
        assert_eq!(
            resolve("front", &[("range", "Sonar 1")], "range").unwrap_err(),
            "`front/Sonar 1` is not a name for a topic; use 1 to 128 of the characters a-z, 0-9 and _, in parts \
             separated by /"
        );
        assert!(resolve("", &[("range", "/")], "range").is_err());
        assert!(resolve("", &[("range", "//range")], "range").is_err());
    }

    #[test]
    fn a_remap_that_changes_nothing_is_found() {
        let remap =
            BTreeMap::from([("rnage".to_owned(), "a".to_owned()), ("range".to_owned(), "b".to_owned())]);
        let mut names = Names::new("", &remap);
        names.resolve("range").unwrap();
        names.resolve("drive").unwrap();
        names.resolve("range").unwrap();
        let used = vec!["drive".to_owned(), "range".to_owned()];
        assert_eq!(names.unused(), Some((vec!["rnage".to_owned()], used)));
    }
}
