//! The nearest known name to one that is not known.

/// Most single changes (a letter wrong, lacking, too many, or two swapped) between a name and what was meant.
const CHANGES_MAX: usize = 2;

/// The nearest of `known`, if one is near enough to have been meant; the first of equals.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed: Vec<char> = word.chars().take(LONGEST).collect();
    let near = known.into_iter().filter_map(|name| {
        let changes = distance(&typed, &name.chars().take(LONGEST).collect::<Vec<_>>());
        // In a short word two changes are another word.
        let most = CHANGES_MAX.min(typed.len().max(1).div_ceil(2));
        (changes <= most).then_some((changes, name))
    });
    near.min_by_key(|(changes, _)| *changes).map(|(_, name)| name)
}

/// Longest word compared, in characters: keys and names are shorter.
const LONGEST: usize = 64;

/// `; did you mean "officer"?`, or nothing.
pub(super) fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |name| format!("; did you mean \"{name}\"?"))
}

/// Damerau–Levenshtein, with each pair swapped at most once.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (last[j - 1] + same).min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = last;
        last = row;
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_the_one_that_was_meant() {
        let known = ["officer", "seat", "topology"];
        assert_eq!(nearest("oficer", known), Some("officer"));
        assert_eq!(nearest("offcier", known), Some("officer"));
        assert_eq!(nearest("sae", known), Some("seat"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("", known), None);
    }
}
