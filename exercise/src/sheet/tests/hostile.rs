//! Sheets that nobody means well with.

use std::io::Write as _;

use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::*;

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A workbook with the heads, and one row as `fill` makes it.
fn book(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (no, head) in (0_u16..).zip(["serial", "planned T+", "method", "to", "text"]) {
        sheet.write_string(0, no, head).unwrap();
    }
    for (no, cell) in (0_u16..).zip(["1.1.1", "0:01", "news", "A", "Hello."]) {
        sheet.write_string(1, no, cell).unwrap();
    }
    fill(sheet);
    book.save_to_buffer().unwrap()
}

fn told(bytes: &[u8]) -> String {
    let grid = match xlsx("msel.xlsx", bytes) {
        Ok(grid) => grid,
        Err(errors) => return errors.to_string(),
    };
    match import(&grid, Base::Made(None), "x.toml") {
        Ok(_) => String::new(),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn a_workbook_that_is_larger_unpacked_than_any_plan_is_refused_before_it_is_read() {
    let zeros = vec![0_u8; 80 * 1024 * 1024];
    let bomb = zipped(&[("xl/workbook.xml", &zeros)]);
    assert!(bomb.len() < 1024 * 1024, "{}", bomb.len());
    assert!(
        told(&bomb).contains("unpacked it is larger than 67108864 bytes"),
        "{}",
        told(&bomb)
    );
    // The same, with a size that is a lie: one byte, in the part's head and in the list at the end.
    let mut lying = bomb;
    let size = u32::try_from(zeros.len()).unwrap().to_le_bytes();
    let mut at = 0;
    while let Some(found) = lying[at..].windows(4).position(|bytes| bytes == size) {
        at += found;
        lying[at..at + 4].copy_from_slice(&1_u32.to_le_bytes());
    }
    assert!(told(&lying).contains("HL-EX-120"), "{}", told(&lying));
}

#[test]
fn a_file_of_too_many_parts_or_bytes_and_one_that_is_no_workbook_are_refused() {
    let names: Vec<String> = (0..1_001).map(|no| format!("part{no}")).collect();
    let parts: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert!(told(&zipped(&parts)).contains("1001 parts"));
    assert!(told(&vec![0; FILE_MAX + 1]).contains("larger than"));
    assert!(told(b"serial,text").contains("no XLSX workbook"));
    assert!(told(&zipped(&[("a", b"b")])).contains("no XLSX workbook"));
    assert!(
        csv("x", &vec![b'a'; FILE_MAX + 1])
            .unwrap_err()
            .to_string()
            .contains("larger than")
    );
    let told = csv("x", b"serial\n\xff").unwrap_err().to_string();
    assert!(told.contains("line 2 is no UTF-8"), "{told}");
}

#[test]
fn a_cell_far_away_is_refused_and_takes_no_memory() {
    let far = book(|sheet| {
        sheet.write_string(1_048_575, 0, "x").unwrap();
    });
    assert!(
        told(&far).contains("cell A1048576: a plan has at most 2000 rows"),
        "{}",
        told(&far)
    );
    let wide = book(|sheet| {
        sheet.write_string(0, 16_383, "x").unwrap();
    });
    assert!(
        told(&wide).contains("cell XFD1: a plan has at most 64 columns"),
        "{}",
        told(&wide)
    );
    let long = format!("serial\n{}", "x".repeat(CELL_MAX + 1));
    assert!(
        csv("x", long.as_bytes())
            .unwrap_err()
            .to_string()
            .contains("cell A2: a cell holds at most 32767")
    );
}

#[test]
fn merged_cells_of_a_plan_are_refused_by_name_and_those_of_a_title_are_not() {
    let merged = book(|sheet| {
        sheet.merge_range(1, 3, 2, 3, "A", &Format::new()).unwrap();
    });
    assert!(
        told(&merged).contains("cell D2: D2 to D3 are merged"),
        "{}",
        told(&merged)
    );
    let mut titled = Workbook::new();
    let sheet = titled.add_worksheet();
    sheet.merge_range(0, 0, 0, 4, "Our plan", &Format::new()).unwrap();
    for (row, cells) in (2_u32..).zip([
        ["serial", "planned T+", "method", "to", "text"],
        ["1.1.1", "0:01", "news", "A", "Hi."],
    ]) {
        for (no, cell) in (0_u16..).zip(cells) {
            sheet.write_string(row, no, cell).unwrap();
        }
    }
    assert_eq!(told(&titled.save_to_buffer().unwrap()), "");
}

#[test]
fn a_spreadsheets_own_times_are_understood_and_its_dates_refused_by_cell() {
    let time = Format::new().set_num_format("h:mm");
    let of = |value: f64, format: &str| {
        let format = Format::new().set_num_format(format);
        told(&book(|sheet| {
            sheet.write_number_with_format(1, 1, value, &format).unwrap();
        }))
    };
    assert_eq!(of(5.0 / 1440.0, "h:mm"), "");
    assert_eq!(of(26.0 / 24.0, "[h]:mm"), "");
    assert_eq!(of(5.0 / 1440.0, "General"), "");
    assert!(of(26.0 / 24.0, "h:mm").contains("cell B2 (planned T+): this is a date"));
    assert!(of(5.0, "General").contains("cell B2 (planned T+): 5 names no unit"));
    let date = ExcelDateTime::from_ymd(2001, 1, 1).unwrap();
    let dated = book(|sheet| {
        let day = Format::new().set_num_format("yyyy-mm-dd");
        sheet.write_datetime_with_format(1, 0, &date, &day).unwrap();
        sheet.write_number_with_format(1, 4, 0.5, &time).unwrap();
    });
    let told = told(&dated);
    assert!(
        told.contains("cell A2 (serial): the spreadsheet made a date"),
        "{told}"
    );
    assert!(
        told.contains("cell E2 (text): this is a date or a time, and words are wanted"),
        "{told}"
    );
}

#[test]
fn of_a_formula_what_it_gave_is_read_and_what_failed_is_refused_by_cell() {
    let good = book(|sheet| {
        sheet
            .write_formula(1, 3, Formula::new("=\"A\"").set_result("A"))
            .unwrap();
    });
    assert_eq!(told(&good), "");
    let bad = book(|sheet| {
        sheet
            .write_formula(1, 3, Formula::new("=1/0").set_result("#DIV/0!"))
            .unwrap();
    });
    assert!(told(&bad).contains("cell D2 (to): "), "{}", told(&bad));
}

#[test]
fn the_sheet_of_the_plans_name_is_read_and_else_the_first() {
    let mut book = Workbook::new();
    book.add_worksheet()
        .set_name("Notes")
        .unwrap()
        .write_string(0, 0, "nothing")
        .unwrap();
    let sheet = book.add_worksheet();
    sheet.set_name("msel").unwrap();
    sheet.write_string(0, 0, "serial").unwrap();
    let grid = xlsx("m.xlsx", &book.save_to_buffer().unwrap()).unwrap();
    assert_eq!(grid.place(), "m.xlsx, sheet \"msel\"");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_workbook_with_any_bytes_in_it_is_read_or_refused(at in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let heads = book(|_| {});
        let mut bytes = heads;
        for (at, byte) in at {
            let place = at.index(bytes.len());
            bytes[place] = byte;
        }
        told(&bytes);
    }

    #[test]
    fn any_part_of_a_sheet_is_read_or_refused(sheet in "(<row r=\"[0-9]{1,12}\">(<c r=\"[A-Z]{0,4}[0-9]{0,12}\"( t=\"(s|str|b|e|d|n)\")?>(<v>[-0-9a-zT:]{0,9}</v>)?</c>){0,3}</row>){0,3}(<mergeCells><mergeCell ref=\"[A-Z]{0,4}[0-9]{0,9}(:[A-Z]{0,4}[0-9]{0,9})?\"/></mergeCells>)?") {
        let xml = format!("<?xml version=\"1.0\"?><worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{sheet}</sheetData></worksheet>");
        let parts: &[(&str, &[u8])] = &[
            ("[Content_Types].xml", b"<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"),
            ("xl/workbook.xml", b"<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"MSEL\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"),
            ("xl/_rels/workbook.xml.rels", b"<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"),
            ("xl/worksheets/sheet1.xml", xml.as_bytes()),
        ];
        told(&zipped(parts));
    }

    #[test]
    fn any_text_is_a_sheet_or_refused(text in "[,;\t\"\r\n=A-Zserial1.:]{0,200}") {
        if let Ok(grid) = csv("x.csv", text.as_bytes()) {
            let _ = import(&grid, Base::Made(None), "x.toml");
        }
    }
}
