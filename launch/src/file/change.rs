//! Changes to the policy of a breaker that works: the keys of `breakers: { … }`, one by one.

use std::collections::BTreeMap;

use nevil_msgs::{Key, Mark, Value, ValueKind};
use nevil_runtime::BreakerPolicy;

use super::breaker::changed;
use super::reader::Reader;
use crate::limits::BREAKER_CHANGES_MAX;

/// `before`, but for what `changes` say: from keys such as `half_open.permits` to values as in a launch file.
///
/// # Errors
///
/// All that is wrong with them, each with its key.
pub(crate) fn changed_policy(
    changes: &BTreeMap<String, String>,
    before: BreakerPolicy,
) -> Result<BreakerPolicy, String> {
    let given = changes.len();
    if given == 0 || given > BREAKER_CHANGES_MAX {
        return Err(format!(
            "{given} changes are given, 1 to {BREAKER_CHANGES_MAX} are allowed; write KEY=VALUE"
        ));
    }
    let mark = Mark::named("changes");
    let mut root = Value::new(ValueKind::Map(Vec::new()), mark.clone());
    for (key, text) in changes {
        let value = Value::parse_yaml(key, text).map_err(|error| error.to_string())?;
        if !put(&mut root, key, value, &mark) {
            return Err(format!("`{key}` is given as a whole and in parts; leave one of them out"));
        }
    }
    let mut reader = Reader::default();
    let (policy, _) = changed(&root, "", before, &mut reader);
    let problems = reader.into_problems();
    if problems.is_empty() {
        return Ok(policy);
    }
    let text = |problem: &crate::PlanError| match problem.path.as_str() {
        "" => problem.problem.to_string(),
        path => format!("{path}: {}", problem.problem),
    };
    Err(problems.iter().map(text).collect::<Vec<_>>().join("\n"))
}

/// Puts `value` to the end of `path` in `map`; `false` if something stands there or on the way.
fn put(map: &mut Value, path: &str, value: Value, mark: &Mark) -> bool {
    let ValueKind::Map(entries) = &mut map.kind else { return false };
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let key = |name: &str| Key { name: name.to_owned(), mark: mark.clone() };
    let known = entries.iter_mut().find(|(key, _)| key.name == first);
    match (known, rest) {
        (Some((_, inner)), Some(rest)) => put(inner, rest, value, mark),
        (Some(_), None) => false,
        (None, Some(rest)) => {
            let mut inner = Value::new(ValueKind::Map(Vec::new()), mark.clone());
            let is_put = put(&mut inner, rest, value, mark);
            entries.push((key(first), inner));
            is_put
        }
        (None, None) => {
            entries.push((key(first), value));
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use nevil_runtime::{BreakerPolicy, Criticality, TripRule, Window};

    use super::changed_policy;

    fn change(before: &BreakerPolicy, changes: &[(&str, &str)]) -> Result<BreakerPolicy, String> {
        let changes = changes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        changed_policy(&changes.collect(), before.clone())
    }

    #[test]
    fn what_is_changed_changes_and_the_rest_stays() {
        let usual = BreakerPolicy::default();
        let mut wanted = usual.clone();
        wanted.trip = vec![TripRule::Consecutive { failures: 3 }];
        wanted.open = Duration::from_secs(10);
        wanted.half_open.permits = 2;
        wanted.criticality = Criticality::SafeStop;
        let changes =
            [("failures", "3"), ("open", "10s"), ("half_open.permits", "2"), ("criticality", "safe_stop")];
        assert_eq!(change(&usual, &changes), Ok(wanted));
        let bare = BreakerPolicy { trip: Vec::new(), ..usual.clone() };
        assert_eq!(change(&usual, &[("failures", "off")]), Ok(bare));
        let export = BreakerPolicy::preset("export").unwrap().policy;
        assert_eq!(change(&usual, &[("preset", "export")]), Ok(export));
    }

    #[test]
    fn a_part_of_a_rate_rule_changes_and_the_rest_of_it_stays() {
        let rate = |calls, failure_rate, slow_rate| TripRule::Rate {
            window: Window::Count { calls },
            failure_rate,
            slow_rate,
            min_calls: 5,
        };
        let five = TripRule::Consecutive { failures: 5 };
        let before =
            BreakerPolicy { trip: vec![five.clone(), rate(20, Some(0.5), None)], ..Default::default() };
        let trip = |changes: &[(&str, &str)]| change(&before, changes).map(|policy| policy.trip);
        assert_eq!(
            trip(&[("rate.failure_rate", "0.25")]),
            Ok(vec![five.clone(), rate(20, Some(0.25), None)])
        );
        let changes = [("rate.failure_rate", "off"), ("rate.slow_rate", "1"), ("rate.window.calls", "9")];
        assert_eq!(trip(&changes), Ok(vec![five.clone(), rate(9, None, Some(1.0))]));
        assert_eq!(trip(&[("rate", "off")]), Ok(vec![five]));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_key() {
        let wrong = |changes: &[(&str, &str)]| change(&BreakerPolicy::default(), changes).unwrap_err();
        assert_eq!(
            wrong(&[("failures", "0"), ("half_open.permit", "2")]),
            "failures: value is too small (0), at least 1 is allowed\n\
             half_open: unknown key `permit`, did you mean `permits`?; known keys are permits, successes, episode_max"
        );
        assert_eq!(wrong(&[]), "0 changes are given, 1 to 64 are allowed; write KEY=VALUE");
        assert_eq!(
            wrong(&[("rate.failure_rate", "0.5")]),
            "rate: key `window` is missing; it has no default"
        );
        let both = [("half_open", "{ permits: 2 }"), ("half_open.permits", "2")];
        assert_eq!(
            wrong(&both),
            "`half_open.permits` is given as a whole and in parts; leave one of them out"
        );
    }
}
