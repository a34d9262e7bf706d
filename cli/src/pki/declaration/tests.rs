//! What a declared file may say, and how each fault is told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::pki::example::{AVELIA, BORENIA};

fn faults(text: &str) -> Vec<Fault> {
    match Declaration::parse(text, "avelia.toml") {
        Err(PkiError::Declared { file, faults }) => {
            assert_eq!(file, "avelia.toml");
            faults
        }
        Err(other) => panic!("another error: {other}"),
        Ok(_) => Vec::new(),
    }
}

/// The one fault that this change of the example causes, as people read it.
fn fault(from: &str, to: &str) -> String {
    assert!(AVELIA.contains(from), "{from}");
    let faults = faults(&AVELIA.replacen(from, to, 1));
    assert_eq!(faults.len(), 1, "{faults:#?}");
    faults[0].to_string()
}

#[test]
fn both_examples_are_good_and_declare_each_other_under_one_charter() {
    let ours = Declaration::parse(AVELIA, "avelia.toml").unwrap();
    let theirs = Declaration::parse(BORENIA, "borenia.toml").unwrap();
    assert_eq!(ours.charter, theirs.charter);
    assert_eq!(
        (&ours.exercise, &ours.operation),
        (&theirs.exercise, &theirs.operation)
    );
    assert_eq!(ours.peer.domains, theirs.domains);
    assert_eq!(theirs.peer.domains, ours.domains);
    assert_eq!(
        (&*ours.peer.side, &*theirs.peer.side),
        (&*theirs.side, &*ours.side)
    );
    for side in [&ours, &theirs] {
        assert!(side.officers.len() >= 4);
        for role in [OfficerRole::Releaser, OfficerRole::Drafter] {
            assert!(
                side.officers
                    .iter()
                    .filter(|officer| officer.roles.contains(&role))
                    .count()
                    >= 2,
                "{role}"
            );
        }
    }
}

#[test]
fn a_fault_names_the_key_the_value_found_and_one_that_would_work() {
    for (from, to, told) in [
        (
            "side = \"Avelia\"",
            "",
            "side: found nothing; this key is needed; this would work: side = \"Avelia\"",
        ),
        (
            "quic = \"127.0.0.1:7401\"",
            "quic = 7401",
            "relay[0].quic: found 7401; text in quotes is needed",
        ),
        (
            "quic = \"127.0.0.1:7401\"",
            "quic = \"north\"",
            "relay[0].quic: found \"north\"; an IP address and a port",
        ),
        (
            "kind = \"EXERCISE\"",
            "kind = \"DRILL\"",
            "domain[0].kind: found \"DRILL\"; a domain's kind is",
        ),
        (
            "kind = \"EXERCISE\"",
            "kind = \"OPERATION\"",
            "this would work: kind = \"EXERCISE\"",
        ),
        (
            "\"RELEASER\", \"DUTY_OFFICER\"",
            "\"BOSS\"",
            "officer[1].roles[0]: found \"BOSS\"; a role is one of DRAFTER",
        ),
        (
            "certificate = \"24h\"",
            "certificate = \"24y\"",
            "lifetimes.certificate: found \"24y\"; a lifetime is",
        ),
        (
            "certificate = \"24h\"",
            "certificate = \"48h\"",
            "a certificate cannot outlive its CA",
        ),
        (
            "certificate = \"24h\"",
            "certificate = \"1m\"",
            "a lifetime is 10 minutes to 10 years",
        ),
        (
            "status = \"127.0.0.1:7491\"",
            "status = \"192.0.2.1:7491\"",
            "would work: \"127.0.0.1:7491\"",
        ),
        (
            "status = \"127.0.0.1:7491\"",
            "status = \"127.0.0.1:7401\"",
            "relay[0].tcp is there already",
        ),
        (
            "dns = [\"localhost\"]",
            "dns = [\"*.avelia.example\"]",
            "without wildcards",
        ),
        (
            "name = \"okoye\"",
            "name = \"Okoye\"",
            "officer[0].name: found \"Okoye\"",
        ),
        (
            "name = \"okoye\"",
            "name = \"lindqvist\"",
            "officer[0] has this name too",
        ),
        (
            "desk = \"ops\"",
            "desk = \"bridge\"",
            "officer[0].desk: found \"bridge\"; no such desk is declared; this would",
        ),
        (
            "[exercise]\nid = \"HARBOUR-26\"",
            "",
            "exercise.id: found nothing",
        ),
        (
            "\"exercise.borenia.example\", ",
            "",
            "exactly one domain of kind EXERCISE",
        ),
        (
            "\"exercise.borenia.example\"",
            "\"exercise.avelia.example\"",
            "this is our own domain",
        ),
        (
            "channel = \"MINISTER\"",
            "channel = \"Minister\"",
            "charter.channel: found \"Minister\"",
        ),
        (
            "channel = \"MINISTER\"",
            "channel = \"MINISTER\"\ncolour = \"red\"",
            "charter.colour: found \"red\"; nobody knows",
        ),
        ("[peer]", "[pier]", "peer: found nothing"),
    ] {
        let text = if from == "[peer]" {
            let faults = faults(&AVELIA.replacen(from, to, 1));
            assert!(faults.iter().any(|fault| fault.key == "pier"), "{faults:?}");
            faults[0].to_string()
        } else {
            fault(from, to)
        };
        assert!(text.contains(told), "{from} -> {to}: {text}");
    }
}

#[test]
fn all_faults_of_a_kind_are_told_at_once() {
    let text = AVELIA
        .replacen("prefix = \"A\"", "", 1)
        .replacen("name = \"north\"", "name = 1", 1);
    assert_eq!(faults(&text).len(), 2);
}

#[test]
fn text_that_is_no_toml_is_told_with_its_line() {
    let fault = fault("side = \"Avelia\"", "side = Avelia");
    assert!(fault.contains("line 4"), "{fault}");
}

#[test]
fn nobody_to_release_or_to_acknowledge_is_a_fault() {
    let nobody = AVELIA
        .replace("\"RELEASER\", ", "")
        .replace("\"WATCH_OFFICER\", ", "");
    let told: Vec<_> = faults(&nobody).iter().map(ToString::to_string).collect();
    assert!(told.iter().any(|fault| fault.contains("RELEASER")), "{told:?}");
    assert!(
        told.iter().any(|fault| fault.contains("WATCH_OFFICER")),
        "{told:?}"
    );
}

#[test]
fn a_domain_can_be_chosen_and_must_be_declared() {
    let declaration = Declaration::parse(AVELIA, "avelia.toml").unwrap();
    let one = declaration.clone().only("avelia.example").unwrap();
    assert_eq!(names(&one.domains), "avelia.example");
    let refused = declaration.only("elsewhere.example").unwrap_err();
    assert_eq!((refused.code(), refused.exit_code()), ("HL-PKI-001", 3));
}
