//! A new scenario, to begin with: small, commented, and playable as it stands.

use super::{
    Scenario,
    cast::Tongues,
    lists::Tongue,
    mark::is_name,
    parse,
    place::{Placed, ScenarioErrors},
    write,
};

/// The file, as it is handed out.
pub const TEXT: &str = include_str!("../../templates/new.toml");

/// Its id.
#[cfg(test)]
const ID: &str = "NEW";

/// The scenario of [`TEXT`].
///
/// # Errors
/// None: a test reads it.
pub fn scenario() -> Result<Scenario, ScenarioErrors> {
    parse("new.toml", TEXT)
}

/// The commented file, with another name and title.
///
/// # Errors
/// A title that no scenario may have.
pub fn text(id: Option<&str>, title: Option<&str>) -> Result<String, ScenarioErrors> {
    let fresh = scenario()?;
    let named = named(&fresh, id, title);
    let [was, is] = [&fresh, &named].map(head);
    // The two lines are as the canonical writing has them, which a test holds.
    let text = TEXT.replacen(&was, &is, 1);
    parse("new.toml", &text).map(|_| text)
}

/// Another scenario with a new name and title, without its comments.
///
/// # Errors
/// A title that no scenario may have.
pub fn like(other: &Scenario, id: Option<&str>, title: Option<&str>) -> Result<String, ScenarioErrors> {
    let text = format!(
        "# Made from {}, whose comments are not kept. exercise/SCENARIO.md says every key.\n{}",
        other.id.value,
        write(&named(other, id, title))
    );
    parse("new.toml", &text).map(|_| text)
}

/// An id that a file's name suggests: its letters, digits and hyphens.
#[must_use]
pub fn id_of(stem: &str) -> Option<String> {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let id: String = stem.chars().map(plain).collect();
    let id = id.trim_matches('-').to_owned();
    is_name(&id).then_some(id)
}

fn named(other: &Scenario, id: Option<&str>, title: Option<&str>) -> Scenario {
    let mut scenario = other.clone();
    scenario.id = Placed::nowhere(id.unwrap_or(&other.id).to_owned());
    if let Some(title) = title {
        scenario.title = Tongues([(Tongue::En, title.to_owned())].into());
    }
    scenario
}

/// The lines `id` and `title`.
fn head(scenario: &Scenario) -> String {
    let written = write(scenario);
    let lines = written
        .lines()
        .filter(|line| line.starts_with("id = ") || line.starts_with("title = "));
    lines.take(2).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::scenario::{check::check, shipped};

    #[test]
    fn a_new_scenario_is_one_that_can_be_played() {
        let fresh = scenario().unwrap_or_else(|errors| panic!("{errors}"));
        let found: Vec<String> = check(&fresh).iter().map(ToString::to_string).collect();
        assert_eq!(found, Vec::<String>::new());
        assert_eq!(*fresh.id.value, *ID);
    }

    #[test]
    fn a_new_scenario_gets_its_name_and_title_and_keeps_its_comments() {
        let text = text(Some("S99"), Some("A \"new\" one")).unwrap();
        let read = parse("S99.toml", &text).unwrap();
        assert_eq!(*read.id, "S99");
        assert_eq!(read.title.in_or_any(Tongue::En), "A \"new\" one");
        assert!(text.contains("# A contingency comes only if"), "{text}");
        assert!(super::text(None, Some(" ")).is_err(), "an empty title");
    }

    #[test]
    fn a_new_scenario_may_be_made_from_another() {
        let s1 = parse("S1.toml", shipped::ALL[0].text).unwrap();
        let text = like(&s1, Some("mine"), Some("Mine")).unwrap();
        let read = parse("mine.toml", &text).unwrap();
        assert_eq!(
            (&**read.id, read.injects().count()),
            ("mine", s1.injects().count())
        );
        assert!(check(&read).is_empty());
    }

    #[test]
    fn an_id_is_taken_from_a_files_name_where_that_is_one() {
        for (stem, id) in [
            ("border", Some("border")),
            ("my plan_2", Some("my-plan-2")),
            ("..", None),
            ("ä", None),
        ] {
            assert_eq!(id_of(stem).as_deref(), id, "{stem}");
        }
    }
}
