//! What the table says is allowed is what the readers allow.

use std::time::Duration;

use nevil_msgs::Problem;

use super::super::Kind;
use super::examples::Example;
use super::keys;
use crate::PlanProblem;
use crate::file::LaunchFile;
use crate::text::size_text;

/// A value, and the bound that the error names if it is not allowed.
type Case = (String, Option<String>);

/// Values at and beyond the bounds of the kind.
fn cases(kind: &Kind) -> Vec<Case> {
    let right = |text: String| (text, None);
    let wrong = |text: String, bound: String| (text, Some(bound));
    let at_most = |bound: String| format!("at most {bound} is allowed");
    let at_least = |bound: String| format!("at least {bound} is allowed");
    match kind {
        Kind::Integer(min, max) => vec![
            right(min.to_string()),
            right(max.to_string()),
            wrong((min - 1).to_string(), at_least(min.to_string())),
            wrong((max + 1).to_string(), at_most(max.to_string())),
        ],
        Kind::Number(min, max) => vec![
            right(min.to_string()),
            right(max.to_string()),
            wrong((min - 0.0001).to_string(), at_least(min.to_string())),
            wrong((max + 0.001).to_string(), at_most(max.to_string())),
            wrong(".nan".to_owned(), format!("{min} to {max}")),
        ],
        Kind::Duration(min, max) => {
            let us = |time: Duration| format!("{}us", time.as_micros());
            let tick = Duration::from_micros(1);
            let mut cases =
                vec![right(us(*min)), right(us(*max)), wrong(us(*max + tick), at_most(format!("{max:?}")))];
            // No time is below none.
            if let Some(shorter) = min.checked_sub(tick) {
                cases.push(wrong(us(shorter), at_least(format!("{min:?}"))));
            }
            cases
        }
        Kind::Size(min, max) => vec![
            right(format!("{min}B")),
            right(format!("{max}B")),
            wrong(format!("{}B", min - 1), at_least(size_text(*min))),
            wrong(format!("{}B", max + 1), at_most(size_text(*max))),
        ],
        Kind::Choice(words) => words.iter().map(|word| right((*word).to_owned())).collect(),
        Kind::Bool => ["true", "false"].map(|word| right(word.to_owned())).to_vec(),
        Kind::List(inner, _) => {
            cases(inner).into_iter().map(|(text, bound)| (format!("[{text}]"), bound)).collect()
        }
        Kind::OneOf(kinds) => kinds.iter().flat_map(cases).collect(),
        _ => Vec::new(),
    }
}

/// What is wrong with the value that stands at the sign of the example.
fn problems(example: &Example, value: &str) -> Vec<PlanProblem> {
    let column = example.text().find('?').unwrap() + 1;
    let found = match LaunchFile::parse("picar.yaml".as_ref(), &example.with(value), &|_| None) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.problems,
    };
    let is_here = |mark: &nevil_msgs::Mark| (column..column + value.len()).contains(&mark.column());
    found.into_iter().filter(|error| is_here(&error.mark)).map(|error| error.problem).collect()
}

#[test]
fn bounds_and_choices_are_allowed_and_what_lies_beyond_is_refused_with_the_bound() {
    let mut tried = 0;
    for (name, key) in keys() {
        let example = &Example::of(&name);
        for (value, bound) in cases(&key.kind) {
            tried += 1;
            let problems = problems(example, &value);
            let of_value = problems.iter().filter(|problem| matches!(problem, PlanProblem::Value(_)));
            let texts: Vec<_> = of_value.map(ToString::to_string).collect();
            match bound {
                None => assert_eq!(texts, Vec::<String>::new(), "{name}: {value}"),
                Some(bound) => {
                    assert!(
                        texts.len() == 1 && texts[0].contains(&bound),
                        "{name}: {value}: {texts:?}, not {bound}"
                    );
                }
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

#[test]
fn a_word_that_is_none_of_the_choices_is_refused_where_there_are_choices_alone() {
    fn takes_any_text(kind: &Kind) -> bool {
        match kind {
            Kind::Text | Kind::NodeType | Kind::Path | Kind::Scalar => true,
            Kind::OneOf(kinds) => kinds.iter().any(takes_any_text),
            _ => false,
        }
    }
    for (name, key) in keys().into_iter().filter(|(_, key)| !takes_any_text(&key.kind)) {
        let problems = problems(&Example::of(&name), "none_of_them");
        assert!(
            matches!(
                &problems[..],
                [PlanProblem::Value(Problem::UnknownVariant { .. } | Problem::WrongType { .. })]
            ),
            "{name}: {problems:?}"
        );
        if let Kind::Choice(words) = key.kind {
            let PlanProblem::Value(Problem::UnknownVariant { known, .. }) = &problems[0] else {
                panic!("{name}: {problems:?}")
            };
            assert_eq!(known, words, "{name}");
        }
    }
}
