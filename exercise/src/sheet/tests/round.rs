//! Out as CSV or XLSX, and in again.

use proptest::prelude::*;

use super::*;
use crate::scenario::write;

fn read_csv(bytes: &[u8]) -> Grid {
    csv("msel.csv", bytes).unwrap_or_else(|errors| panic!("{errors}"))
}

fn read_xlsx(bytes: &[u8]) -> Grid {
    xlsx("msel.xlsx", bytes).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The canonical writing of what comes back, and of what went out.
fn there_and_back(scenario: &Scenario, grid: &Grid) -> (String, String) {
    let text = import(grid, Base::Of(scenario), "again.toml").unwrap_or_else(|errors| panic!("{errors}"));
    let again = parse("again.toml", &text).unwrap();
    (write(&again), write(scenario))
}

#[test]
fn every_scenario_that_comes_with_the_program_goes_out_as_a_sheet_and_comes_back_whole() {
    for shipped in shipped::ALL {
        let scenario = parse(shipped.file, shipped.text).unwrap();
        let rows = export(&scenario, &BTreeMap::new());
        for grid in [
            read_csv(&to_csv(&rows).unwrap()),
            read_xlsx(&to_xlsx(&rows).unwrap()),
        ] {
            let (again, before) = there_and_back(&scenario, &grid);
            assert_eq!(again, before, "{} by {}", shipped.id, grid.file);
        }
    }
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let rows = export(&s1(), &BTreeMap::new());
    assert_eq!(to_csv(&rows).unwrap(), to_csv(&rows).unwrap());
    assert_eq!(to_xlsx(&rows).unwrap(), to_xlsx(&rows).unwrap());
}

#[test]
fn a_cell_that_begins_like_a_formula_is_neutral_in_the_file_and_whole_behind_it() {
    let mut scenario = s1();
    scenario.events[0].incidents[0].injects[0].from = Some("=cmd|' /C calc'!A0".into());
    scenario.events[0].incidents[0].injects[0].controller = Some("@lindqvist".into());
    let rows = export(&scenario, &BTreeMap::new());
    let bytes = to_csv(&rows).unwrap();
    let text = std::str::from_utf8(&bytes).unwrap();
    assert!(
        text.contains(",'=cmd|' /C calc'!A0,") && text.contains(",'@lindqvist,"),
        "{text}"
    );
    for grid in [read_csv(&bytes), read_xlsx(&to_xlsx(&rows).unwrap())] {
        let (again, before) = there_and_back(&scenario, &grid);
        assert_eq!(again, before);
    }
}

#[test]
fn a_sheet_of_a_country_that_parts_cells_by_semicolons_or_tabs_is_read() {
    for mark in [";", "\t", ","] {
        let rows = ["Serial", "planned T+", "method", "to", "text"].join(mark)
            + "\r\n\r\n"
            + &["1.1.1", "0:01", "news", "A", "\"One; two,\r\nthree\""].join(mark);
        let grid = csv("msel.csv", rows.as_bytes()).unwrap();
        assert_eq!(grid.rows.last().unwrap().number, 3, "an empty row is a row");
        let text =
            import(&grid, Base::Made(None), "x.toml").unwrap_or_else(|errors| panic!("{mark:?}: {errors}"));
        assert!(text.contains("One; two,\\nthree"), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Every deed that a plan can hold, with texts of any letters. Only the base's own checks are left out: the plan need
    /// not be playable to come back whole.
    #[test]
    fn whatever_a_plan_holds_comes_back_whole(made in crate::scenario::made()) {
        let plan = |scenario: &Scenario| {
            let whole = write(scenario);
            let (from, to) = (whole.find("[[event]]"), whole.find("[[player]]"));
            whole[from.unwrap()..to.unwrap()].to_owned()
        };
        let rows = export(&made, &BTreeMap::new());
        for grid in [read_csv(&to_csv(&rows).unwrap()), read_xlsx(&to_xlsx(&rows).unwrap())] {
            // Nothing is kept but what no column says: a base that has the same inject with another deed in it.
            let read = import::only_read(&grid, Base::Of(&made)).map_err(|errors| TestCaseError::fail(errors.to_string()))?;
            prop_assert_eq!(plan(&read), plan(&made));
        }
    }

    /// Where the base has nothing of it: the cell alone says it all.
    #[test]
    fn a_deed_is_read_from_its_cell_alone(made in crate::scenario::made()) {
        let inject = made.injects().next().unwrap().clone();
        let mut base = made.clone();
        base.events[0].incidents[0].injects[0].deed = Deed::Hand;
        let rows = export(&made, &BTreeMap::new());
        let read = import::only_read(&read_csv(&to_csv(&rows).unwrap()), Base::Of(&base));
        let read = read.map_err(|errors| TestCaseError::fail(errors.to_string()))?;
        let read = read.injects().next().unwrap().clone();
        prop_assert_eq!(read.deed.method(), inject.deed.method());
        prop_assert_eq!(words(&read), words(&inject));
    }
}
