//! A plan goes out as a sheet and comes in as the same plan; every mistake of a sheet is told with its cell.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use std::collections::BTreeMap;

use super::*;
use crate::scenario::{Scenario, check::check, lists::Tongue, msel::Deed, msel::When, parse, shipped};

mod hostile;
mod round;

fn s1() -> Scenario {
    parse("S1.toml", shipped::ALL[0].text).unwrap()
}

/// Heads and rows as typed, cells apart by `|`.
fn grid(rows: &[&str]) -> Grid {
    let rows = rows.iter().zip(1..).map(|(row, number)| Row {
        number,
        cells: row.split('|').map(|cell| Cell::typed(cell.trim())).collect(),
    });
    Grid {
        file: "msel.csv".into(),
        sheet: None,
        rows: rows.collect(),
    }
}

const HEADS: &str = "serial|planned T+|type|method|from|to|precedence|text|objective|contingency";

fn imported(rows: &[&str]) -> Scenario {
    let text = import(&grid(rows), Base::Made(Some("msel")), "msel.toml")
        .unwrap_or_else(|errors| panic!("{errors}"));
    let scenario = parse("msel.toml", &text).unwrap();
    assert_eq!(check(&scenario), Vec::new());
    scenario
}

/// What is told of a sheet with one row.
fn refused(row: &str) -> String {
    import(&grid(&[HEADS, row]), Base::Made(None), "msel.toml")
        .unwrap_err()
        .to_string()
}

#[test]
fn a_sheet_without_a_base_becomes_a_scenario_that_can_be_played() {
    let made = imported(&[
        "A plan for Tuesday",
        "",
        HEADS,
        "1.1.1|0:01|contextual|news||A||Shots were heard.|O1|",
        "1.1.2|0:02|contextual|message|A||ROUTINE|What do you know of shots?|O1|",
        "1.2.1|0:03||fault||||cut on path 1 for 90s story (ACCIDENTAL)||",
        "1.2.2|5m||order||A, B||DUTY_OFFICER: Report to me.||",
        "1.2.3|90s line after inject 1.2.2||process||||kill north||",
        "",
        "2.1.1|50m||message|B||FLASH|We are withdrawing.||",
        "2.1.2|51m||clock||||B +7m||",
        "2.1.3|52m||hand||||Walk over and ask.||",
    ]);
    assert_eq!(*scenario_id(&made), *"msel");
    assert_eq!(made.injects().count(), 8);
    assert_eq!((made.topology.desks.len(), made.topology.relays.len()), (2, 2));
    assert_eq!(made.objectives.len(), 1);
    assert_eq!(
        made.duration.0.as_secs(),
        125 * 60,
        "half an hour behind 90 s of line at ×60"
    );
    let last = made.injects().last().unwrap();
    assert_eq!(last.note.as_deref(), Some("Walk over and ask."));
    let flash = made
        .injects()
        .find(|inject| inject.serial.to_string() == "2.1.1")
        .unwrap();
    let Deed::Message { sending, .. } = &flash.deed else {
        panic!("{flash:?}")
    };
    assert_eq!(sending.by.len(), 2, "FLASH needs two officers");
    assert_eq!(flash.title.in_or_any(Tongue::En), "We are withdrawing.");
}

fn scenario_id(scenario: &Scenario) -> &str {
    &scenario.id
}

#[test]
fn the_columns_stand_in_any_order_with_heads_in_letters_of_any_size() {
    let made = imported(&[
        "Text|METHOD|  Planned   t+ |To|Serial",
        "Hello.|NEWS|0:05|A|1.1.1",
    ]);
    let inject = made.injects().next().unwrap();
    assert!(matches!(&inject.when, When::At(at) if at.0.as_secs() == 300));
}

#[test]
fn a_sheet_lacks_no_column_that_a_plan_needs_and_has_none_that_it_does_not_know() {
    let told = import(
        &grid(&["serial|planed T+|method|text|colour|text"]),
        Base::Made(None),
        "x",
    )
    .unwrap_err();
    let told = told.to_string();
    for part in [
        "HL-EX-121 msel.csv, cell B1: \"planed T+\" is no column of a plan; did you mean \"planned T+\"?",
        "cell E1: \"colour\" is no column of a plan; there is serial, planned T+",
        "cell F1: \"text\" is the head of two columns",
        "row 1: the column \"planned T+\" lacks",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let told = import(&grid(&["a|b", "1|2"]), Base::Made(None), "x")
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("HL-EX-121") && told.contains("responsible controller"),
        "{told}"
    );
    let told = import(&grid(&[HEADS]), Base::Made(None), "x")
        .unwrap_err()
        .to_string();
    assert!(told.contains("no inject below"), "{told}");
}

#[test]
fn a_mistake_names_its_cell_what_is_there_and_what_would_do() {
    for (row, part) in [
        (
            "1.1|0:01||news||A||Hi||",
            "HL-EX-122 msel.csv, cell A2 (serial): \"1.1\" is no number of an inject",
        ),
        ("|0:01||news||A||Hi||", "cell A2 (serial): the row has no number"),
        (
            "1.1.1|||news||A||Hi||",
            "cell B2 (planned T+): nothing says when it comes; write 0:05",
        ),
        ("1.1.1|5||news||A||Hi||", "cell B2 (planned T+): 5 names no unit"),
        (
            "1.1.1|0:01|contxtual|news||A||Hi||",
            "cell C2 (type): \"contxtual\" is not one of",
        ),
        (
            "1.1.1|0:01|contxtual|news||A||Hi||",
            "did you mean \"contextual\"?",
        ),
        (
            "1.1.1|0:01||nws||A||Hi||",
            "cell D2 (method): \"nws\" is not one of news",
        ),
        (
            "1.1.1|0:01||||A||Hi||",
            "cell D2 (method): nothing says how it comes",
        ),
        (
            "1.1.1|0:01||message|C||FLASH|Hi||",
            "cell E2 (from): \"C\" is no desk",
        ),
        (
            "1.1.1|0:01||news||C||Hi||",
            "HL-EX-107 msel.csv, cell F2 (to): there is no seat \"C\"; did you mean \"A\"?",
        ),
        (
            "1.1.1|0:01||news||||Hi||",
            "cell F2 (to): news and orders name the seats",
        ),
        (
            "1.1.1|0:01||message|A||FLSH|Hi||",
            "cell G2 (precedence): \"FLSH\" is not one of",
        ),
        (
            "1.1.1|0:01||message|A|||Hi||",
            "cell G2 (precedence): a message without a code has no precedence",
        ),
        (
            "1.1.1|0:01||news||A||||",
            "cell H2 (text): news says nothing here",
        ),
        (
            "1.1.1|0:01||order||A||Hi||",
            "cell H2 (text): an order goes to a role",
        ),
        (
            "1.1.1|0:01||order||A||DUTY_OFICER: Hi||",
            "did you mean \"DUTY_OFFICER\"?",
        ),
        (
            "1.1.1|0:01||message|A|||HZ-99||",
            "HL-EX-114 msel.csv, cell H2 (text)",
        ),
        (
            "1.1.1|0:01||fault||||cut on path 1||",
            "cell H2 (text): a fault says where it comes from",
        ),
        (
            "1.1.1|0:01||fault||||cut on path 1 (ACCIDENTAL)||",
            "does not say until when",
        ),
        (
            "1.1.1|0:01||fault||||cut on path 9 for 1s story (ACCIDENTAL)||",
            "HL-EX-107 msel.csv, cell H2 (text): there is no path",
        ),
        (
            "1.1.1|0:01||fault||||loss share=30 on path 1 for 1s story (ACCIDENTAL)||",
            "\"30\" has no unit",
        ),
        (
            "1.1.1|0:01||fault||||timeout after=5s on path 1 for 1s story (ACCIDENTAL)||",
            "begins at once",
        ),
        ("1.1.1|0:01||process||||kil A||", "did you mean \"kill\"?"),
        (
            "1.1.1|0:01||process||||kill C||",
            "HL-EX-107 msel.csv, cell H2 (text)",
        ),
        ("1.1.1|0:01||clock||||B 7m||", "does not begin with + or -"),
        (
            "1.1.1|0:01||institution||||suspend||",
            "which side acts is not said",
        ),
        (
            "1.1.1|0:01||phrase||||nobody||",
            "HL-EX-107 msel.csv, cell H2 (text)",
        ),
        (
            "1.1.1|5m||order||A||DUTY_OFFICER: Hi||E1",
            "HL-EX-107 msel.csv, cell J2 (contingency): there is no expectation \"E1\"",
        ),
        (
            "1.1.1|0:01|contingency|news||A||Hi||",
            "cell B2 (planned T+): a contingency, and only that",
        ),
        (
            "1.1.1|1m story after m9.RELEASED||news||A||Hi||",
            "HL-EX-107 msel.csv, cell B2 (planned T+): there is no message \"m9\"",
        ),
        (
            "1.1.1|1m after inject 1.1.1||news||A||Hi||",
            "cell B2 (planned T+): \"1m\" does not name its clock",
        ),
    ] {
        let told = refused(row);
        assert!(told.contains(part), "{row}\nwanted: {part}\ntold:   {told}");
    }
}

#[test]
fn all_mistakes_of_a_sheet_are_told_at_once() {
    let told = import(
        &grid(&[
            HEADS,
            "1.1.1|x||y||A||Hi||",
            "1.1.1|0:01||news||A||Hi||",
            "1.1.1|0:01||news||A||Hi||",
        ]),
        Base::Made(None),
        "x",
    );
    let told = told.unwrap_err();
    assert_eq!(told.mistakes.len(), 3, "{told}");
    assert!(
        told.to_string()
            .contains("cell A4 (serial): \"1.1.1\" is the number of row 3 too"),
        "{told}"
    );
}

#[test]
fn what_no_column_says_is_the_bases() {
    let base = s1();
    let rows = [
        "serial|planned T+|method|from|precedence|text",
        "1.1.2|0:02|message|A|PRIORITY|Search goes on.",
        "1.1.1|0:01|news|||Lost.",
        "1.1.9|5m|order|||DUTY_OFFICER: Notify Borenia now, with HZ-01.",
    ];
    let text = import(&grid(&rows), Base::Of(&base), "S1.toml").unwrap_or_else(|errors| panic!("{errors}"));
    let made = parse("S1.toml", &text).unwrap();
    let search = made
        .injects()
        .find(|inject| inject.serial.to_string() == "1.1.2")
        .unwrap();
    let Deed::Message { sending, .. } = &search.deed else {
        panic!("{search:?}")
    };
    assert_eq!((sending.repeat, sending.alias.is_some()), (40, true));
    assert_eq!(sending.text.in_or_any(Tongue::Qav), "Search goes on.");
    let lost = made
        .injects()
        .find(|inject| inject.serial.to_string() == "1.1.1")
        .unwrap();
    assert_eq!(*lost.objective.as_ref().unwrap().value, *"O1");
    assert_eq!(lost.to.len(), 1);
    assert!(matches!(
        &made.injects().last().unwrap().when,
        When::Unless { .. }
    ));
    assert_eq!(made.expects.len(), base.expects.len());
}

#[test]
fn what_the_rest_of_the_base_needs_and_the_sheet_lacks_is_named() {
    let rows = ["serial|planned T+|method|to|text", "1.1.1|0:01|news|A|Lost."];
    let told = import(&grid(&rows), Base::Of(&s1()), "S1.toml")
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("outside the sheet, ") && told.contains("there is no message \"sar\""),
        "{told}"
    );
}

#[test]
fn a_played_plan_says_when_each_inject_came_and_what_became_of_it() {
    let serial = "1.1.1".parse().unwrap();
    let became = BTreeMap::from([(
        serial,
        Became {
            actual: "0:01:00.25".into(),
            status: "DELIVERED".into(),
        },
    )]);
    let rows = export(&s1(), &became);
    let cell = |row: usize, column| {
        rows[row][Column::ALL.iter().position(|known| *known == column).unwrap()].as_str()
    };
    assert_eq!(
        (cell(0, Column::Actual), cell(0, Column::Status)),
        ("0:01:00.25", "DELIVERED")
    );
    assert_eq!((cell(1, Column::Actual), cell(1, Column::Status)), ("", ""));
    let planned = export(&s1(), &BTreeMap::new());
    assert!(
        planned
            .iter()
            .all(|row| row[2].is_empty() && row[13] == "PENDING")
    );
}

#[test]
fn the_sheet_of_the_paper_becomes_the_plan_of_the_paper() {
    let paper = include_str!("../../SHEETS.md");
    let block = |kind: &str| {
        let (_, behind) = paper.split_once(&format!("```{kind}\n")).unwrap();
        behind.split_once("```").unwrap().0
    };
    let grid = csv("msel.csv", block("csv").as_bytes()).unwrap();
    let made = import(&grid, Base::Made(None), "msel.toml").unwrap_or_else(|errors| panic!("{errors}"));
    let plan = block("plan").trim();
    assert!(made.contains(plan), "{plan}\nis not in\n{made}");
}
