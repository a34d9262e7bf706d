//! What is written reads as what it was written from.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use proptest::prelude::*;

use super::{
    super::{Scenario, Source, parse, shipped},
    write,
};

pub(crate) mod made;

/// A scenario without the places of its values in a text: everything that it means.
fn meant(scenario: &Scenario) -> String {
    let mut bare = scenario.clone();
    bare.source = Source {
        file: String::new(),
        text: String::new(),
    };
    let told = format!("{bare:#?}");
    let places = |line: &&str| !line.trim_start().starts_with("span: ");
    told.lines().filter(places).collect::<Vec<_>>().join("\n")
}

fn read_again(scenario: &Scenario) -> Scenario {
    let text = write(scenario);
    parse("written.toml", &text).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

#[test]
fn every_scenario_that_comes_with_the_program_is_written_as_what_it_means() {
    for shipped in shipped::ALL {
        let scenario = parse(shipped.file, shipped.text).unwrap();
        let again = read_again(&scenario);
        assert_eq!(meant(&again), meant(&scenario), "{}", shipped.id);
        assert_eq!(
            write(&again),
            write(&scenario),
            "the writing is its own canonical writing"
        );
    }
}

#[test]
fn a_value_that_is_left_out_is_the_one_that_a_reader_takes_for_granted() {
    let s1 = parse("S1.toml", shipped::ALL[0].text).unwrap();
    let written = write(&s1);
    for key in ["[made]", "pinned", "approve", "leap", "repeat = 1\n"] {
        assert!(!written.contains(key), "{key}: {written}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Every form of deed, cue, expectation and moment, with texts of any letters.
    #[test]
    fn whatever_a_scenario_holds_is_read_as_it_was_written(scenario in made::scenario()) {
        let again = read_again(&scenario);
        prop_assert_eq!(meant(&again), meant(&scenario));
    }
}
