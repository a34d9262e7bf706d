//! Coded messages against the codebook.

use super::*;

#[test]
fn a_value_that_may_not_stand_in_its_field_is_told_with_its_place() {
    // S1 had this once, and only the player found it.
    let told = one("persons = \"4\"", "persons = \"4 missing\"");
    assert!(told.contains("HL-EX-114 S1.toml, line "), "{told}");
    assert!(told.contains("rule a-notifies.fields.persons"), "{told}");
    assert!(told.contains("\"4 missing\" is no number"), "{told}");
    assert!(told.contains("^^^^^^^^^^^"), "{told}");
    for (from, to) in [
        ("whose = \"OURS\"", "whose = \"ours\""),
        ("dtg = \"now\"", "dtg = \"then\""),
        ("help = \"SEARCH_AND_RESCUE\"", "help = \"search and rescue\""),
        ("whose = \"OURS\"", "whose = \"now\""),
    ] {
        assert!(one(from, to).contains("HL-EX-114"), "{to}");
    }
    assert_eq!(
        checked(&S1.replacen("dtg = \"now\"", "dtg = \"260942Z NOV 26\"", 1)),
        []
    );
}

#[test]
fn a_field_or_a_code_that_the_codebook_has_not_is_told_with_the_nearest() {
    let field = told("persons = \"4\"", "person = \"4\"");
    assert_eq!(field.len(), 2, "the other one lacks: {field:?}");
    let field = field.concat();
    assert!(
        field.contains("HZ-01 has no field \"person\"; did you mean \"persons\"?"),
        "{field}"
    );
    assert!(field.contains("HZ-01 needs the field \"persons\""), "{field}");
    let code = told(
        "code = \"HZ-01\", as = \"m1\", fields",
        "code = \"HX-01\", as = \"m1\", fields",
    );
    assert!(
        code[0].contains("codebook starter has no code \"HX-01\"; did you mean \"HZ-01\"?"),
        "{code:?}"
    );
    let cue = one(
        "when = { arrives = \"any\", precedence",
        "when = { arrives = \"QX-99\", precedence",
    );
    assert!(
        cue.contains("HL-EX-114") && cue.contains("rule b-reads.when"),
        "{cue}"
    );
    let filter = told("of = { code = \"HZ-01\", from", "of = { code = \"HZ-99\", from");
    assert!(
        filter[0].contains("HL-EX-114") && filter[0].contains("expectation E1.of"),
        "{filter:?}"
    );
}

#[test]
fn a_mandatory_field_that_lacks_is_found() {
    let told = one("persons = \"4\", ", "");
    assert!(told.contains("HZ-01 needs the field \"persons\""), "{told}");
}

#[test]
fn a_precedence_that_the_code_does_not_allow_is_found() {
    let given = "code = \"HZ-01\", precedence = \"ROUTINE\", as = \"m1\"";
    let told = one("code = \"HZ-01\", as = \"m1\"", given);
    assert!(told.contains("does not allow HZ-01 as ROUTINE"), "{told}");
    let own = "code = \"HZ-01\", precedence = \"FLASH\", as = \"m1\"";
    assert_eq!(checked(&S1.replacen("code = \"HZ-01\", as = \"m1\"", own, 1)), []);
    let holding = S1.replacen(
        "precedence = \"ROUTINE\"\ntext = { qav = \"Seku ni aeru: lisu ni freku, una ta desu.\" }",
        "code = \"CM-01\"\nfields = { expect-by = \"260942Z NOV 26\" }",
        1,
    );
    let told = told_of(&holding).concat();
    assert!(told.contains("refers to none; write one"), "{told}");
}

#[test]
fn a_flash_of_too_many_words_is_found_in_the_language_that_is_sent() {
    let words = "aeru ".repeat(201);
    let long = one(
        "text = { qbo = \"Vem skarit hael-orun.\" }",
        &format!("text = {{ qbo = \"{words}\" }}"),
    );
    assert!(
        long.contains("HL-EX-116") && long.contains("at most 200 words"),
        "{long}"
    );
    let unsent = format!("text = {{ qbo = \"Vem skarit hael-orun.\", en = \"{words}\" }}");
    assert_eq!(
        checked(&S1.replacen("text = { qbo = \"Vem skarit hael-orun.\" }", &unsent, 1)),
        []
    );
    let coded = format!("code = \"HZ-01\", text = {{ qav = \"{words}\" }}, as = \"m1\"");
    assert!(one("code = \"HZ-01\", as = \"m1\"", &coded).contains("HL-EX-116"));
    let routine = format!("text = {{ qav = \"{words}\" }}");
    let text = "text = { qav = \"Seku ni aeru: lisu ni freku, una ta desu.\" }";
    assert_eq!(checked(&S1.replacen(text, &routine, 1)), []);
}

#[test]
fn another_codebook_than_the_programs_is_found() {
    assert!(one("file = \"starter\"", "file = \"ours\"").contains("this program has starter/1"));
    assert!(one("version = 1\npinned", "version = 2\npinned").contains("HL-EX-114"));
    let hash = "0".repeat(64);
    let pinned = one(
        "version = 1\npinned",
        &format!("version = 1\nsha256 = \"{hash}\"\npinned"),
    );
    assert!(pinned.contains("codebook.sha256"), "{pinned}");
}

#[test]
fn fields_that_are_called_insufficient_must_be_those_of_the_code() {
    let holding = "{ verb = \"holding\", by = [\"rossi\"], expect_by = \"15m story\" }";
    let asks =
        |field: &str| format!("{{ verb = \"insufficient\", by = [\"rossi\"], fields = [\"{field}\"] }}");
    assert!(one(holding, &asks("persns")).contains("HZ-01 has no field"));
    assert_eq!(checked(&S1.replacen(holding, &asks("persons"), 1)), []);
}
