//! A report has one writing, and its file is read strictly.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use proptest::prelude::*;
use serde_json::json;

use super::*;

const TEXT: &str = r#"{"exercise":"X","report":"trust/v1","sides":{"a.example":{"n":1},"b.example":{}}}"#;

#[test]
fn a_report_is_read_from_its_one_writing_and_from_no_other() {
    let report = SignedReport::unsigned(TEXT).unwrap();
    assert_eq!(report.kind, ReportKind::Trust);
    assert_eq!(
        (report.exercise.as_str(), report.sides.join(" ")),
        ("X", "a.example b.example".into())
    );
    assert_eq!(SignedReport::parse(report.to_file().as_bytes()), Ok(report));
    for (from, to) in [
        (r#""n":1"#, r#""n": 1"#),
        (r#""n":1"#, r#""n":1,"n":1"#),
        (r#""n":1"#, r#""n":1.0"#),
        (r#""n":1"#, r#""n":-1"#),
        (r#""n":1"#, r#""n":null"#),
        (r#""n":1"#, r#""n":9007199254740992"#),
        (r#""n":1"#, r#""n":"\u0041""#),
        (r#""n":1"#, r#""n":"ä""#),
        (
            r#"{"exercise":"X","report":"trust/v1","#,
            r#"{"report":"trust/v1","exercise":"X","#,
        ),
        ("trust/v1", "trust/v2"),
        (r#""exercise":"X""#, r#""exercise":"""#),
        (r#","b.example":{}"#, ""),
        (r#","b.example":{}"#, r#","b.example":{},"c.example":{}"#),
    ] {
        assert!(TEXT.contains(from));
        assert!(
            SignedReport::unsigned(&TEXT.replacen(from, to, 1)).is_err(),
            "{to}"
        );
    }
}

#[test]
fn what_is_no_file_of_a_report_is_refused_with_its_line() {
    let file = format!("{FIRST_LINE}\n{TEXT}\nsignature AAAA\n");
    assert!(SignedReport::parse(file.as_bytes()).is_ok());
    for (file, part) in [
        (String::new(), "line 1 does not end"),
        (file[..file.len() - 1].to_owned(), "line 3 does not end"),
        (file.replace("v1\n{", "v2\n{"), "line 1 is not"),
        (format!("{FIRST_LINE}\n"), "line 2 lacks"),
        (format!("{FIRST_LINE}\nhello\n"), "line 2 is no JSON"),
        (file.replace("AAAA", "AAA"), "line 3 is not base64"),
        (file.replace("signature ", "Signature "), "line 3 is no signature"),
        (format!("{file}\n"), "line 4 is no signature"),
        (file.replace('\n', "\r\n"), "line 1 is not"),
        (
            format!("{file}{}", "signature AAAA\n".repeat(8)),
            "more than 8 signatures",
        ),
        ("x".repeat(MAX_REPORT_BYTES + 1), "larger than"),
    ] {
        let refused = SignedReport::parse(file.as_bytes()).unwrap_err().to_string();
        assert!(refused.contains(part), "{part}: {refused}");
    }
    assert!(
        SignedReport::parse(b"\xff\n")
            .unwrap_err()
            .to_string()
            .contains("UTF-8")
    );
}

#[test]
fn the_canonical_writing_sorts_keys_and_is_ascii() {
    let value = json!({ "b": [true, "\u{1f6f0}\n\""], "a": 1 });
    assert_eq!(
        canonical(&value).unwrap(),
        r#"{"a":1,"b":[true,"\ud83d\udef0\u000a\""]}"#
    );
    assert_eq!(canonical(&json!({ "a": 0.5 })), None);
}

proptest! {
    #[test]
    fn any_bytes_are_a_report_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), line in "[{}\":,a-z0-9]{0,60}") {
        let _ = SignedReport::parse(&bytes);
        let _ = SignedReport::parse(format!("{FIRST_LINE}\n{line}\n").as_bytes());
    }
}
