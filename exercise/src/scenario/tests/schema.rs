//! The published schema of the format is held against the reader itself: the same keys, the same words.

use std::{collections::BTreeSet, fmt::Write as _};

use hotline_core::{
    duty::OverdueStep,
    precedence::Precedence,
    words::{Answer, OfficerRole, ResponseAttribute, Rung},
};
use serde_json::Value;

use super::*;
use crate::{
    scenario::{
        lists::{
            Act, Approve, AttackKind, Category, Ends, Figure, Grade, InjectKind, InstitutionVerb, Label,
            Method, Pinned, ProcessDeed, ReleaseRule, Scripted, SeatKind, Side, StageKind, Tongue,
        },
        read::asked,
    },
    testing::house,
};

const SCHEMA: &str = include_str!("../../../schema/scenario.v1.json");

/// Every kind of fault, with every value that it takes beside an inject's own keys.
const FAULTS: [&str; 15] = [
    "fault = \"latency\"\ndelay = \"100ms\"\njitter = \"20ms\"",
    "fault = \"jitter\"\nby = \"20ms\"",
    "fault = \"loss\"\nshare = \"30%\"",
    "fault = \"burst\"\nbegins = \"1%\"\nends = \"20%\"\nloss = \"100%\"",
    "fault = \"bandwidth\"\nrate = \"1Mbit/s\"\nqueue = \"64KiB\"",
    "fault = \"reorder\"\nshare = \"10%\"\nby = \"50ms\"",
    "fault = \"duplicate\"\nshare = \"1%\"",
    "fault = \"mtu\"\nbytes = 1228",
    "fault = \"cut\"",
    "fault = \"partition\"",
    "fault = \"hold\"\nbytes = \"4MiB\"",
    "fault = \"flapping\"\nup = \"2s\"\ndown = \"3s\"",
    "fault = \"timeout\"",
    "fault = \"reset_peer\"",
    "fault = \"down\"",
];
/// Keys of a fault's own values.
const FAULT_VALUES: [&str; 11] = [
    "delay", "jitter", "share", "begins", "ends", "loss", "rate", "queue", "bytes", "up", "down",
];

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

/// What of a file the schema does not allow.
fn violations(text: &str) -> Vec<String> {
    house::violations(&schema(), &toml::from_str(text).unwrap())
}

/// A file that has every table in every form, each with little in it: the reader refuses it, and has asked for all keys.
fn every_table() -> String {
    let list = |key: &str, words: Vec<&str>| {
        let tables: Vec<String> = words
            .iter()
            .map(|word| format!("{{ {key} = \"{word}\" }}"))
            .collect();
        tables.join(", ")
    };
    let verbs = [
        "send",
        "answer",
        "correct",
        "display",
        "nothing",
        "holding",
        "insufficient",
        "translate",
        "state",
        "open",
        "suspend",
        "sever",
        "restore",
        "ack",
    ];
    let methods = Method::ALL.iter().map(|method| method.name()).collect();
    let cues = ["inject", "arrives", "rung", "label", "mark"];
    let forms = [
        "rung",
        "label",
        "cause",
        "axis",
        "leg",
        "alarm",
        "refused",
        "step",
        "said",
        "ordered",
        "third",
        "duress",
        "alike",
        "verdict",
        "standing",
        "witnessed",
        "figure",
        "text_identical",
        "stated",
    ];
    let mut text = "format = 1\ntitle = {}\nstage = {}\ncodebook = {}\nmade = {}\nofficer = [{}]\nseat = [{}]\n\
                    objective = [{}]\nattack = [{}]\nhandout = [{}]\ntopology = { relay = [{}], desk = [{}] }\n"
        .to_owned();
    let _ = writeln!(
        text,
        "event = [{{ incident = [{{ inject = [{}] }}] }}]",
        list("method", methods)
    );
    let rules: Vec<String> = cues
        .iter()
        .map(|cue| {
            format!(
                "{{ when = {{ {cue} = \"x\" }}, do = [{}] }}",
                list("verb", verbs.to_vec())
            )
        })
        .collect();
    let _ = writeln!(text, "player = [{{ rule = [{}] }}]", rules.join(", "));
    let mut expects: Vec<String> = forms
        .iter()
        .map(|form| format!("{{ of = {{}}, is = {{ {form} = \"x\", never = true, during = {{}} }} }}"))
        .collect();
    expects.push("{ is = { interval = {} } }".to_owned());
    let _ = writeln!(text, "expect = [{}]", expects.join(", "));
    text
}

/// The keys that the schema has for a table: `expect[].is`.
fn keys_of(schema: &Value, table: &str) -> BTreeSet<String> {
    let mut node = schema.clone();
    for part in table.split('.').filter(|part| !part.is_empty()) {
        node = resolved(schema, &node["properties"][part.trim_end_matches("[]")]);
        if part.ends_with("[]") {
            node = resolved(schema, &node["items"]);
        }
    }
    let properties = node["properties"]
        .as_object()
        .unwrap_or_else(|| panic!("{table} is no table there"));
    properties.keys().cloned().collect()
}

fn resolved(schema: &Value, node: &Value) -> Value {
    if let Some(name) = node["$ref"].as_str() {
        return schema["$defs"][name.trim_start_matches("#/$defs/")].clone();
    }
    // A text is a table of languages in some places, and plain in others.
    match node["anyOf"].as_array() {
        Some(ways) if node["properties"].is_null() => resolved(schema, &ways[0]),
        _ => node.clone(),
    }
}

#[test]
fn each_shipped_scenario_and_the_example_are_what_the_schema_describes() {
    for shipped in shipped::ALL {
        assert_eq!(violations(shipped.text), Vec::<String>::new(), "{}", shipped.file);
    }
    let page = include_str!("../../../SCENARIO.md");
    let example = page
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    assert_eq!(violations(example), Vec::<String>::new());
}

#[test]
fn every_key_that_the_reader_knows_stands_in_the_schema_and_no_other() {
    let _ = parse("every.toml", &every_table());
    let schema = schema();
    let asked = asked::all();
    assert!(
        asked.len() >= 25,
        "only {} tables: {:?}",
        asked.len(),
        asked.keys()
    );
    for (table, known) in &asked {
        let mut described = keys_of(&schema, table);
        if table.ends_with("inject[]") {
            described.retain(|key| known.contains(key) || !FAULT_VALUES.contains(&key.as_str()));
        }
        assert_eq!(*known, described, "{table}");
    }
}

#[test]
fn every_fault_is_read_and_described() {
    for fault in FAULTS {
        let down = ["timeout", "reset_peer", "down"]
            .iter()
            .any(|kind| fault == format!("fault = \"{kind}\""));
        let link = if down { "A north/tcp" } else { "A north/quic" };
        let inject = format!(
            "[[event.incident.inject]]\nserial = \"1.1.20\"\ntitle = {{ en = \"More\" }}\nkind = \"contextual\"\n\
             method = \"fault\"\ncategory = \"ACCIDENTAL\"\nat = \"1m story\"\nfor = \"1m story\"\nlink = \"{link}\"\n\
             {fault}\n\n[[player]]"
        );
        let text = S1.replacen("[[player]]", &inject, 1);
        let read = parse("S1.toml", &text).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(check::check(&read), []);
        assert_eq!(violations(&text), Vec::<String>::new());
    }
}

#[test]
fn the_words_of_the_schema_are_those_of_the_reader() {
    fn named<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> Vec<&'static str> {
        all.iter().map(|word| name(*word)).collect()
    }
    let schema = schema();
    let words = |place: &str| -> Vec<String> {
        let found = schema
            .pointer(&format!("/$defs/{place}/enum"))
            .or_else(|| schema.pointer(place));
        let found = found
            .and_then(Value::as_array)
            .unwrap_or_else(|| panic!("{place}"));
        found
            .iter()
            .map(|word| word.as_str().unwrap().to_owned())
            .collect()
    };
    let inject = |key: &str| format!("inject/properties/{key}");
    let verbs: Vec<String> = words("deed/properties/verb");
    for act in Act::ALL {
        assert!(verbs.contains(&act.name().to_owned()), "{act}");
    }
    for (place, reader) in [
        ("tongue".to_owned(), named(Tongue::ALL, Tongue::name)),
        ("side".to_owned(), named(Side::ALL, Side::name)),
        ("precedence".to_owned(), named(Precedence::ALL, Precedence::name)),
        (
            "response".to_owned(),
            named(ResponseAttribute::ALL, ResponseAttribute::name),
        ),
        ("answer".to_owned(), named(Answer::ALL, Answer::name)),
        ("rung".to_owned(), named(Rung::ALL, Rung::name)),
        ("role".to_owned(), named(OfficerRole::ALL, OfficerRole::name)),
        ("grade".to_owned(), named(Grade::ALL, Grade::name)),
        ("label".to_owned(), named(Label::ALL, Label::name)),
        ("stage_kind".to_owned(), named(StageKind::ALL, StageKind::name)),
        ("/properties/ends/enum".to_owned(), named(Ends::ALL, Ends::name)),
        (
            "/properties/release/enum".to_owned(),
            named(ReleaseRule::ALL, ReleaseRule::name),
        ),
        (
            "codebook/properties/pinned".to_owned(),
            named(Pinned::ALL, Pinned::name),
        ),
        (
            "seat/properties/kind".to_owned(),
            named(SeatKind::ALL, SeatKind::name),
        ),
        (
            "seat/properties/scripted".to_owned(),
            named(Scripted::ALL, Scripted::name),
        ),
        (
            "attack/properties/kind".to_owned(),
            named(AttackKind::ALL, AttackKind::name),
        ),
        (inject("kind"), named(InjectKind::ALL, InjectKind::name)),
        (inject("method"), named(Method::ALL, Method::name)),
        (inject("category"), named(Category::ALL, Category::name)),
        (inject("approve"), named(Approve::ALL, Approve::name)),
        (inject("deed"), named(ProcessDeed::ALL, ProcessDeed::name)),
        (inject("verb"), named(InstitutionVerb::ALL, InstitutionVerb::name)),
        (
            "is/properties/step".to_owned(),
            named(OverdueStep::ALL, OverdueStep::name),
        ),
        (
            "is/properties/figure".to_owned(),
            named(Figure::ALL, Figure::name),
        ),
    ] {
        assert_eq!(words(&place), reader, "{place}");
    }
}

#[test]
fn a_damaged_scenario_is_not_what_the_schema_describes() {
    for (from, to, place) in [
        ("roles = [", "rols = [", "$.officer[0].roles is missing"),
        (
            "kind = \"contextual\"",
            "kind = \"contextuall\"",
            "inject[0].kind",
        ),
        ("to = [\"A\"]\nobjective", "objective", "inject[0].to is missing"),
        ("repeat = 40", "repeat = \"40\"", "inject[1].repeat"),
        ("verb = \"display\"", "verb = \"displayed\"", "do[0]"),
        ("wait = \"40s story\"", "wait = 40", "rule[0].wait"),
        ("rung = \"RELEASED\"", "rungs = \"RELEASED\"", "$.expect[0].is"),
        ("format = 1", "format = 2", "$.format"),
        ("duration = \"30m story\"\n", "", "$.duration is missing"),
        ("must = true", "must = \"yes\"", "must"),
    ] {
        assert!(S1.contains(from), "{from}");
        let found = violations(&S1.replacen(from, to, 1)).join("\n");
        assert!(found.contains(place), "{place} in\n{found}");
    }
}
