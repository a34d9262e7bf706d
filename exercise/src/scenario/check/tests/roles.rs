//! Who may sign what, and where.

use super::*;

#[test]
fn an_officer_who_may_not_sign_that_is_found() {
    for (from, to) in [
        (
            "verb = \"ack\", by = [\"rossi\"]",
            "verb = \"ack\", by = [\"castellan\"]",
        ),
        ("by = [\"castellan\", \"novak\"], with", "by = [\"novak\"], with"),
        ("by = [\"castellan\"], grade", "by = [\"novak\"], grade"),
        (
            "verb = \"present\", by = [\"novak\"]",
            "verb = \"present\", by = [\"rossi\"]",
        ),
        ("by = [\"lindqvist\"]\nat", "by = [\"haddad\"]\nat"),
    ] {
        assert!(S1.contains(from), "{from}");
        assert_eq!(checked(&S1.replacen(from, to, 1)), [Code::Role], "{to}");
    }
}

#[test]
fn every_act_of_the_ladder_asks_for_its_role() {
    let ack = "{ verb = \"ack\", by = [\"rossi\"] }";
    for (deed, wanted) in [
        (
            "verb = \"read_back\", by = [\"castellan\"]",
            "WATCH_OFFICER or DUTY_OFFICER",
        ),
        (
            "verb = \"decline\", by = [\"castellan\"], text = \"No.\"",
            "WATCH_OFFICER or DUTY_OFFICER",
        ),
        ("verb = \"standby\", by = [\"rossi\"]", "RELEASER"),
        (
            "verb = \"take-watch\", by = [\"castellan\"]",
            "WATCH_OFFICER or DUTY_OFFICER",
        ),
        (
            "verb = \"check\", by = [\"castellan\"]",
            "WATCH_OFFICER or DUTY_OFFICER",
        ),
        ("verb = \"consent\", by = [\"rossi\"]", "RELEASER"),
        (
            "verb = \"holding\", by = [\"castellan\"], expect_by = \"5m story\"",
            "WATCH_OFFICER or DUTY_OFFICER",
        ),
        ("verb = \"suspend\", side = \"B\", by = [\"rossi\"]", "RELEASER"),
    ] {
        let told = one(ack, &format!("{{ {deed} }}"));
        let wanted = format!("would have to be {wanted}");
        assert!(told.contains("HL-EX-109") && told.contains(&wanted), "{told}");
    }
}

#[test]
fn who_signs_last_must_be_a_releaser_and_who_signs_first_a_drafter() {
    let by = "by = [\"haddad\", \"lindqvist\"], code";
    let last = one(by, "by = [\"lindqvist\", \"haddad\"], code");
    assert!(last.contains("\"haddad\" is no RELEASER"), "{last}");
    let alone = one(by, "by = [\"lindqvist\"], code");
    assert!(
        alone.contains("FLASH needs two officers"),
        "the codebook's own precedence counts: {alone}"
    );
    let first = one(
        "by = [\"castellan\", \"novak\"], with",
        "by = [\"rossi\", \"novak\"], with",
    );
    assert!(first.contains("neither DRAFTER nor RELEASER"), "{first}");
    let single = S1.replacen("release = \"two\"", "release = \"one\"", 1).replacen(
        by,
        "by = [\"lindqvist\"], code",
        1,
    );
    assert_eq!(checked(&single), []);
}

#[test]
fn an_officer_who_does_not_sit_there_is_found() {
    let other = one(
        "verb = \"ack\", by = [\"okoye\"]",
        "verb = \"ack\", by = [\"rossi\"]",
    );
    assert!(other.contains("\"rossi\" does not sit at seat \"A\""), "{other}");
    let sends = one("by = [\"lindqvist\"]\nat", "by = [\"novak\"]\nat");
    assert!(sends.contains("\"novak\" does not sit at seat \"A\""), "{sends}");
    let seats = told(
        "officers = [\"haddad\", \"lindqvist\", \"okoye\"]",
        "officers = [\"haddad\", \"lindqvist\", \"okoye\", \"rossi\"]",
    );
    assert!(
        seats.len() == 1 && seats[0].contains("its key is not at A"),
        "{seats:?}"
    );
    let side = told(
        "name = \"rossi\",     side = \"B\"",
        "name = \"rossi\",     side = \"A\"",
    );
    assert!(side[0].contains("desk B is not"), "{side:?}");
    let order = one(
        "do = [ { verb = \"display\" }, { verb = \"ack\", by = [\"rossi\"] } ]",
        "do = [ { verb = \"display\" }, { verb = \"sever\", side = \"A\", by = [\"novak\"] } ]",
    );
    assert!(order.contains("no officer of side A"), "{order}");
}

#[test]
fn an_act_at_the_wrong_end_of_the_line_is_found() {
    let own = told(
        "when = { rung = \"DISPLAYED\", of = \"r1\", at = \"A\" }",
        "when = { rung = \"DISPLAYED\", of = \"m1\", at = \"B\" }",
    );
    assert_eq!(own.len(), 2, "it would be translated and presented: {own:#?}");
    assert!(
        own[0].contains("HL-EX-109") && own[0].contains("\"m1\" comes from A itself"),
        "{own:#?}"
    );
    let confirm = one(
        "{ verb = \"holding\", by = [\"rossi\"], expect_by = \"15m story\" }",
        "{ verb = \"confirm\", by = [\"rossi\"] }",
    );
    assert!(
        confirm.contains("\"m1\" comes from A; only there is that signed"),
        "{confirm}"
    );
}

#[test]
fn an_answer_that_is_not_asked_for_is_found() {
    let wrong = one("with = \"ROGER\"", "with = \"AFFIRM\"");
    assert!(
        wrong.contains("AFFIRM does not answer a message that asks for ROGER"),
        "{wrong}"
    );
    let asked = S1.replacen("with = \"ROGER\"", "with = \"AFFIRM\"", 1).replacen(
        "code = \"HZ-01\", as = \"m1\"",
        "code = \"HZ-01\", answer = \"AFFIRM_NEGATIVE\", as = \"m1\"",
        1,
    );
    assert_eq!(checked(&asked), []);
    let coded = told(
        "when = { rung = \"PRESENTED\", of = \"m1\" }",
        "when = { arrives = \"HZ-02\" }",
    );
    assert!(
        coded.iter().any(|told| told.contains("asks for ACCEPT_UNABLE")),
        "{coded:?}"
    );
}

#[test]
fn a_side_that_nobody_could_make_is_found() {
    let told = told(
        "roles = [\"WATCH_OFFICER\"] },\n  { name = \"novak\"",
        "roles = [\"AUDITOR\"] },\n  { name = \"novak\"",
    );
    assert!(told[0].contains("side B has no WATCH_OFFICER"), "{told:?}");
}

#[test]
fn an_identity_that_one_officer_or_no_security_officer_ends_is_found() {
    let text = crate::scenario::shipped::by_id("S7").unwrap().text;
    assert_eq!(checked(text), []);
    let two = "by = [\"tanaka\", \"lindqvist\"]";
    for by in ["by = [\"tanaka\"]", "by = [\"okoye\", \"lindqvist\"]"] {
        assert_eq!(checked(&text.replacen(two, by, 1)), [Code::Role], "{by}");
    }
}

#[test]
fn who_may_not_put_a_line_in_order_is_found() {
    let text = crate::scenario::shipped::by_id("S15").unwrap().text;
    assert_eq!(checked(text), []);
    for (from, to, wanted) in [
        (
            "by = [\"tanaka\", \"okoye\"]",
            "by = [\"tanaka\"]",
            "an identity is ended by two officers",
        ),
        (
            "verb = \"renew\"\nside = \"A\"\nby = [\"tanaka\"]",
            "verb = \"renew\"\nside = \"A\"\nby = [\"okoye\"]",
            "would have to be SECURITY_OFFICER",
        ),
        (
            "verb = \"agree-codebook\"\nside = \"B\"\nby = [\"novak\"]",
            "verb = \"agree-codebook\"\nside = \"B\"\nby = [\"weber\"]",
            "would have to be RELEASER",
        ),
        (
            "identity = \"petrov\"",
            "identity = \"okoye\"",
            "\"okoye\" is no officer of side B",
        ),
        (
            "verb = \"retire\"\nside = \"A\"\nby = [\"tanaka\", \"okoye\"]\nidentity = \"lindqvist\"",
            "verb = \"enrol\"\nside = \"A\"\nby = [\"tanaka\"]\nidentity = \"lindqvist\"",
            "side A has no RELEASER",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let told = told_of(&text.replacen(from, to, 1));
        assert!(
            told.iter().any(|told| told.contains(wanted)),
            "{wanted}: {told:?}"
        );
    }
}

#[test]
fn who_has_left_and_who_has_come_is_named() {
    let text = crate::scenario::shipped::by_id("S15").unwrap().text;
    for identity in ["identity = \"lindqvist\"\nreason", "identity = \"keita\"\n"] {
        assert!(text.contains(identity), "{identity}");
        let without = text.replacen(identity, identity.split_once('\n').unwrap().1, 1);
        let errors = crate::scenario::parse("S15.toml", &without)
            .unwrap_err()
            .to_string();
        assert!(errors.contains("name an officer"), "{errors}");
    }
}

#[test]
fn who_types_a_second_passphrase_has_one() {
    let inject = "[[event.incident.inject]]\nserial = \"1.1.7\"\ntitle = { en = \"forced\" }\nkind = \"contextual\"\n\
                  method = \"phrase\"\nat = \"2m story\"\nofficer = \"lindqvist\"\n\n[[player]]";
    let expect = "[[expect]]\nid = \"D1\"\ntitle = { en = \"told\" }\nis = { duress = \"lindqvist\", recorded = true }\n\n[[expect]]";
    let forced = S1.replacen("[[player]]", inject, 1);
    assert_eq!(checked(&forced), [Code::Role]);
    let expected = S1.replacen("[[expect]]", expect, 1);
    assert_eq!(checked(&expected), [Code::Expectation]);
    let both = forced.replacen("[[expect]]", expect, 1);
    let has = "side = \"A\", desk = \"A\", roles = [\"RELEASER\", \"DUTY_OFFICER\"] },";
    let with = "side = \"A\", desk = \"A\", roles = [\"RELEASER\", \"DUTY_OFFICER\"], duress = true },";
    assert!(both.contains(has));
    assert_eq!(checked(&both.replacen(has, with, 1)), []);
}
