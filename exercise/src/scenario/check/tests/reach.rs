//! What can never come.

use super::*;

fn hand(after: &str) -> String {
    format!("method = \"hand\"\nafter = \"{after}\"\nwait = \"1s story\"")
}

fn waiting_for(mark: &str) -> Vec<String> {
    told_of(&with(&hand(mark), "method = \"hand\"\nat = \"1m story\""))
}

#[test]
fn an_inject_that_waits_for_what_can_come_is_not_refused() {
    for mark in [
        "STARTEX",
        "inject 1.1.9",
        "m1.ACKNOWLEDGED@B",
        "r1.PRESENTED@A",
        "sar#40.DELIVERED@B",
        "m1.RELEASED@A",
    ] {
        assert_eq!(waiting_for(mark), Vec::<String>::new(), "{mark}");
    }
}

#[test]
fn an_inject_that_waits_for_what_never_comes_is_found() {
    for (mark, why) in [
        ("sar#41.DELIVERED@B", "\"sar\" is sent 40 times"),
        (
            "m1.DELIVERED@A",
            "DELIVERED is signed where \"m1\" arrives, and A sends it",
        ),
        (
            "m1.RELEASED@B",
            "RELEASED is signed where \"m1\" comes from, at A",
        ),
        ("m1.ACCEPTED@B", "signed by relays"),
    ] {
        let told = waiting_for(mark);
        assert!(
            told.len() == 1 && told[0].contains("HL-EX-111") && told[0].contains(why),
            "{mark}: {told:?}"
        );
    }
}

#[test]
fn what_hangs_on_something_that_waits_for_itself_is_found_too() {
    // The rule answers to the inject, and the inject waits for the rule's message.
    let rule = "[[player.rule]]\nid = \"a-more\"\nwhen = { inject = \"1.1.20\" }\ndo = [ { verb = \"send\", by = [\"lindqvist\"], \
                precedence = \"ROUTINE\", text = { qav = \"Seku\" }, as = \"x1\" } ]\n";
    let text = with(&hand("x1.RELEASED"), "method = \"hand\"\nat = \"1m story\"");
    let text = text.replacen(
        "[[player.rule]]\nid = \"a-notifies\"",
        &format!("{rule}[[player.rule]]\nid = \"a-notifies\""),
        1,
    );
    let told = told_of(&text);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(
        told[0].contains("nothing that can come sends a message \"x1\""),
        "{told:#?}"
    );
    assert!(
        told[1].contains("rule a-more") && told[1].contains("inject 1.1.20 never comes"),
        "{told:#?}"
    );
    // A chain behind a circle.
    let both = with(&hand("inject 1.1.21"), &hand("inject 1.1.20"));
    let behind = both.replacen(
        "at = \"1m story\"\nprecedence",
        "after = \"inject 1.1.20\"\nwait = \"1s story\"\nprecedence",
        1,
    );
    assert!(
        told_of(&behind)
            .iter()
            .any(|told| told.contains("this inject never comes: inject 1.1.20 never comes"))
    );
}

#[test]
fn a_rule_or_the_end_of_a_fault_that_never_comes_is_found() {
    let rule = one(
        "when = { rung = \"HOLDING\", of = \"m1\" }",
        "when = { rung = \"HOLDING\", of = \"m1\", at = \"A\" }",
    );
    assert!(
        rule.contains("HL-EX-111") && rule.contains("this rule is never played"),
        "{rule}"
    );
    let fault = "method = \"fault\"\nfault = \"cut\"\nlink = \"path 1\"\nat = \"5m story\"\nuntil = \"sar#99.DELIVERED\"";
    let told = told_of(&with(fault, "method = \"hand\"\nat = \"1m story\""));
    assert!(
        told.len() == 1 && told[0].contains("this fault never ends"),
        "{told:?}"
    );
}

#[test]
fn a_cue_for_a_code_that_nobody_sends_is_found_where_nobody_sits() {
    let cue = |text: &str| {
        text.replacen(
            "when = { arrives = \"any\", precedence",
            "when = { arrives = \"QX-01\", precedence",
            1,
        )
    };
    assert_eq!(checked(&cue(S1)), [], "people may send it");
    let alone = S1.replacen("allowed = [\"live\", ", "allowed = [", 1);
    assert_eq!(checked(&alone), []);
    let told = told_of(&cue(&alone));
    assert!(
        told.len() == 1 && told[0].contains("nobody on the other side ever sends QX-01"),
        "{told:?}"
    );
}

#[test]
fn an_expectation_about_what_never_comes_is_found_unless_it_is_never_to_be() {
    let never = one(
        "is = { rung = \"PRESENTED\", of = \"m1\", recorded = true }",
        "is = { rung = \"PRESENTED\", of = \"m1\", at = \"A\", recorded = true }",
    );
    assert!(
        never.contains("HL-EX-113") && never.contains("nothing can fulfil this"),
        "{never}"
    );
    let so = S1.replacen(
        "is = { rung = \"PRESENTED\", of = \"m1\", recorded = true }",
        "is = { rung = \"PRESENTED\", of = \"m1\", at = \"A\", never = true }",
        1,
    );
    assert_eq!(checked(&so), []);
}

#[test]
fn a_message_of_another_variant_never_comes_in_this_one() {
    let text = S1.replacen("[stage]", "[variants]\na = \"one\"\nb = \"other\"\n\n[stage]", 1);
    let text = text.replacen("id = \"a-notifies\"", "id = \"a-notifies\"\nonly = [\"a\"]", 1);
    assert_eq!(checked(&text), [], "E1's filter may name another in b");
    let text = text.replacen("repeat = 40", "repeat = 40\nonly = [\"a\"]", 1);
    let text = text.replacen(
        "is = { rung = \"DELIVERED\", of = \"sar\"",
        "only = [\"b\"]\nis = { rung = \"DELIVERED\", of = \"sar\"",
        1,
    );
    let told = told_of(&text);
    assert!(
        told.len() == 1 && told[0].contains("\"sar\" is sent in no variant of this"),
        "{told:?}"
    );
}

#[test]
fn a_side_without_a_relay_of_its_own_is_found() {
    let told = one(
        "{ name = \"south\", side = \"B\", path = 2 }",
        "{ name = \"south\", side = \"A\", path = 2 }",
    );
    assert!(
        told.contains("HL-EX-103") && told.contains("side B needs a relay"),
        "{told}"
    );
}
