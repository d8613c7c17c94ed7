//! The name that was probably meant.

/// The one of `known` that `given` is most probably a typing error of; none if all are far from it.
///
/// ```
/// use nevil_msgs::nearest;
///
/// assert_eq!(nearest("navigaton", &["motion", "navigation"]), Some("navigation"));
/// assert_eq!(nearest("camera", &["motion", "navigation"]), None);
/// ```
#[must_use]
pub fn nearest<'known, K: AsRef<str>>(given: &str, known: &'known [K]) -> Option<&'known str> {
    // Nobody types a name of this length by hand, and the effort grows with the square of it.
    const LETTERS_MAX: usize = 64;
    let given: Vec<char> = given.chars().take(LETTERS_MAX + 1).collect();
    if given.len() > LETTERS_MAX {
        return None;
    }
    // One error in three letters still looks like the name.
    let errors_max = (given.len() / 3).max(1);
    known
        .iter()
        .map(|name| (distance(&given, name.as_ref()), name.as_ref()))
        .filter(|&(errors, name)| errors <= errors_max && errors < name.chars().count())
        .min_by_key(|&(errors, _)| errors)
        .map(|(_, name)| name)
}

/// How many letters have to be added, removed, changed, or exchanged with their neighbour.
fn distance(given: &[char], name: &str) -> usize {
    let name: Vec<char> = name.chars().collect();
    // Three rows of the usual table: for the letters of `given` before the last one, up to it, and up to this one.
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=name.len()).collect();
    for (row, &letter) in given.iter().enumerate() {
        let mut this = vec![row + 1];
        for (column, &other) in name.iter().enumerate() {
            let changed = last[column] + usize::from(letter != other);
            let mut errors = changed.min(last[column + 1] + 1).min(this[column] + 1);
            if row > 0 && column > 0 && letter == name[column - 1] && given[row - 1] == other {
                errors = errors.min(before_last[column - 1] + 1);
            }
            this.push(errors);
        }
        before_last = std::mem::replace(&mut last, this);
    }
    last[name.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    fn errors(given: &str, name: &str) -> usize {
        distance(&given.chars().collect::<Vec<_>>(), name)
    }

    #[test]
    fn adding_removing_changing_and_exchanging_letters_count_one_each() {
        assert_eq!(errors("speed", "speed"), 0);
        assert_eq!(errors("sped", "speed"), 1);
        assert_eq!(errors("speeed", "speed"), 1);
        assert_eq!(errors("speet", "speed"), 1);
        assert_eq!(errors("psede", "speed"), 2);
        assert_eq!(errors("", "speed"), 5);
    }

    #[test]
    fn a_name_with_one_error_in_three_letters_is_still_meant_and_with_more_not() {
        assert_eq!(nearest("abcxyz", &["abcdef"]), None);
        assert_eq!(nearest("abcdyz", &["abcdef"]), Some("abcdef"));
        assert_eq!(nearest("x", &["y"]), None);
        assert_eq!(nearest("pot", &["port", "spot"]), Some("port"));
        assert_eq!(nearest(&"a".repeat(65), &["a".repeat(65)]), None);
    }
}
