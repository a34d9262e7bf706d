//! Openings in files.

use std::os::unix::fs::PermissionsExt as _;

use hotline_audit::opening::Opening;

use super::super::openings;
use super::*;

#[test]
fn an_opening_is_its_owners_to_read_and_one_that_lies_there_is_not_believed_to_say_the_same() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("openings");
    let of = |text: &str| {
        let opening = Opening {
            salt: [1; 32],
            text: text.into(),
        };
        opening.of_statement(Hash([2; 32]))
    };
    openings::write(&of("We agree."), &folder).unwrap();
    let file = folder.join(of("").file_name());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
    openings::write(&of("We agree."), &folder).unwrap();
    let refused = openings::write(&of("We refuse."), &folder).unwrap_err();
    assert_eq!(refused.code, "HL-LOG-015");
    let kept = fs::read(&file).unwrap();
    assert_eq!(kept, of("We agree.").to_line().as_bytes());
}
