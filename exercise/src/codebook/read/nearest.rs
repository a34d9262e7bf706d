//! The nearest known name to a mistyped one.

/// Most letters to add, take away or change. More, and it is another word.
const APART: usize = 2;

/// The known name that is nearest, if any is near.
pub(super) fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    // Nothing long is near to a short name, and a stranger's text may be long.
    let near = |name: &&str| name.len().abs_diff(found.len()) <= APART * 4;
    known
        .iter()
        .copied()
        .filter(near)
        .map(|name| (distance(found, name), name))
        .filter(|(apart, name)| *apart <= APART && *apart < name.chars().count())
        .min_by_key(|(apart, _)| *apart)
        .map(|(_, name)| name)
}

/// Levenshtein's distance, in characters.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut corner = line;
        let mut left = line + 1;
        for (above, against) in row.iter_mut().skip(1).zip(&other) {
            let changed = corner + usize::from(letter != *against);
            corner = *above;
            left = changed.min(corner + 1).min(left + 1);
            *above = left;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_finds_its_neighbour_and_a_strange_one_none() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(
            nearest("presedence", &["reply", "precedence"]),
            Some("precedence")
        );
        assert_eq!(nearest("nonsense", &["reply", "precedence"]), None);
        assert_eq!(nearest("x", &["id"]), None);
    }
}
