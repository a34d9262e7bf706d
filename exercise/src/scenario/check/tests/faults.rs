//! Faults that a link does not bear.

use super::*;

#[test]
fn faults_that_do_not_combine_are_found_and_others_are_not() {
    let hold = |at| {
        format!("method = \"fault\"\nfault = \"hold\"\nlink = \"path 1\"\nat = \"{at}\"\nfor = \"2m story\"")
    };
    assert_eq!(
        checked(&with(&hold("5m story"), &hold("6m story"))),
        [Code::Faults]
    );
    assert_eq!(checked(&with(&hold("5m story"), &hold("7m story"))), []);
    let cut = hold("6m story").replace("\"hold\"", "\"cut\"");
    assert_eq!(checked(&with(&hold("5m story"), &cut)), []);
}

#[test]
fn a_leg_and_the_path_that_it_belongs_to_are_one_link() {
    let hold = |link, at| {
        format!("method = \"fault\"\nfault = \"hold\"\nlink = \"{link}\"\nat = \"{at}\"\nfor = \"2m story\"")
    };
    let both = with(&hold("path 1", "5m story"), &hold("A north/quic", "6m story"));
    let told = told_of(&both);
    assert!(told.len() == 1 && told[0].contains("A north/quic"), "{told:?}");
    for other in ["path 2", "A south/tcp"] {
        assert_eq!(
            checked(&with(&hold("path 1", "5m story"), &hold(other, "6m story"))),
            []
        );
    }
}

#[test]
fn one_way_and_the_other_are_two_and_the_order_of_the_file_does_not_count() {
    let hold = |way, at| {
        format!(
            "method = \"fault\"\nfault = \"hold\"\nlink = \"path 1\"\ndirection = \"{way}\"\nat = \"{at}\"\n\
             for = \"2m story\""
        )
    };
    assert_eq!(
        checked(&with(&hold("up", "5m story"), &hold("down", "6m story"))),
        []
    );
    assert_eq!(
        checked(&with(&hold("up", "6m story"), &hold("up", "5m story"))),
        [Code::Faults]
    );
}

#[test]
fn delays_that_are_too_much_together_are_found_and_one_after_another_are_not() {
    let slow = |at| {
        format!(
            "method = \"fault\"\nfault = \"latency\"\ndelay = \"12s\"\nlink = \"path 1\"\nat = \"{at}\"\n\
             for = \"2m story\""
        )
    };
    let told = told_of(&with(&slow("5m story"), &slow("6m story")));
    assert!(told.len() == 1 && told[0].contains("20s"), "{told:?}");
    assert_eq!(checked(&with(&slow("5m story"), &slow("8m story"))), []);
}

#[test]
fn a_fault_that_the_link_cannot_have_is_found() {
    let down = |link| {
        format!(
            "method = \"fault\"\nfault = \"down\"\nlink = \"{link}\"\nat = \"5m story\"\nfor = \"2m story\""
        )
    };
    let hand = "method = \"hand\"\nat = \"1m story\"";
    let told = told_of(&with(&down("A north/quic"), hand));
    assert!(
        told.len() == 1 && told[0].contains("no connection to refuse"),
        "{told:?}"
    );
    assert_eq!(checked(&with(&down("A north/tcp"), hand)), []);
}

#[test]
fn a_fault_that_ends_by_a_mark_lasts_until_that_has_come() {
    let hold = |at, until| {
        format!("method = \"fault\"\nfault = \"hold\"\nlink = \"path 1\"\nat = \"{at}\"\n{until}")
    };
    let by = |until| with(&hold("5m story", until), &hold("9m story", "until = \"ENDEX\""));
    assert_eq!(
        checked(&by("until = \"inject 1.1.1\"")),
        [],
        "that was long before"
    );
    assert_eq!(checked(&by("until = \"m1.CONFIRMED\"")), [Code::Faults]);
    assert_eq!(
        checked(&by("until = \"inject 1.1.21\"")),
        [Code::Faults],
        "it is done first"
    );
}
