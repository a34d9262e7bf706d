//! verify and export.

use hotline_audit::verify::{Verdict, verify_directory};

use super::*;
use crate::{
    exit,
    log::{
        export::export,
        verify::{verify, verify_ledger, what},
    },
};

#[test]
fn a_ledger_verifies_at_rest_and_while_its_relay_runs_on_it() {
    let world = World::new();
    let chain = world.chain(6);
    let north = world.ledger_file("relay", "north");
    let running = keep(&north, &world.avelia.relay, &chain[..4]);
    let report = verify_ledger(&north, &world.trust()).unwrap();
    assert!(report.passed(), "{report}");
    assert_eq!((report.entries, report.complete_to), (4, Some(3)));
    assert!(
        what(&report).contains("complete to #3; a cut after #3 shows only against the other side: compare")
    );
    drop(running);
    drop(keep(&north, &world.avelia.relay, &chain[4..]));
    assert_eq!(
        verify_ledger(&north, &world.trust()).unwrap().complete_to,
        Some(5)
    );
}

#[test]
fn a_flipped_byte_in_a_copied_ledger_is_found_and_its_entry_named() {
    let world = World::new();
    let north = world.relay(&world.chain(9));
    let other = copy(&north, &world.file("copy.ledger"));
    flip(&other, "Vessel 0005");
    let report = verify_ledger(&other, &world.trust()).unwrap();
    assert_eq!(
        (report.verdict, report.first_bad),
        (Some(Verdict::Altered(Some(4))), Some(4)),
        "{report}"
    );
    assert_eq!(report.complete_to, Some(3));
    assert!(
        what(&report).starts_with("#4 ALTERED: leaf 4 no longer has the bytes"),
        "{}",
        what(&report)
    );
    assert!(
        verify_ledger(&north, &world.trust()).unwrap().passed(),
        "the original is untouched"
    );
}

#[test]
fn every_entry_of_a_ledger_is_found_when_it_is_changed() {
    let world = World::new();
    let north = world.relay(&world.chain(20));
    for sequence in 1..=20u64 {
        let other = copy(&north, &world.file("copy.ledger"));
        flip(&other, &format!("Vessel {sequence:04}"));
        assert_eq!(
            verify_ledger(&other, &world.trust()).unwrap().first_bad,
            Some(sequence - 1)
        );
    }
}

#[test]
fn an_older_ledger_put_back_beside_its_fence_is_truncated() {
    let world = World::new();
    let chain = world.chain(6);
    let north = world.relay(&chain[..3]);
    let older = copy(&north, &world.file("older"));
    drop(keep(&north, &world.avelia.relay, &chain[3..]));
    copy(&older, &north);
    let report = verify_ledger(&north, &world.trust()).unwrap();
    assert_eq!(report.verdict, Some(Verdict::Truncated), "{report}");
    assert_eq!(report.faults[0].rule, "ROLLBACK");
}

#[test]
fn a_log_whose_key_nobody_of_ours_knows_cannot_be_told() {
    let world = World::new();
    let path = world.ledger_file("relay", "north");
    let stranger = Signer {
        identity: format!("spiffe://{AVELIA}/relay/north"),
        seed: 99,
        ..key_of_nobody()
    };
    drop(keep(&path, &stranger, &world.chain(2)));
    let report = verify_ledger(&path, &world.trust()).unwrap();
    assert_eq!((report.passed(), report.verdict), (false, None), "{report}");
}

fn key_of_nobody() -> Signer {
    Signer {
        identity: String::new(),
        key_statement: Hash::ZERO,
        seed: 0,
    }
}

#[test]
fn a_ledger_in_which_nothing_was_signed_passes_and_says_what_that_is_worth() {
    let world = World::new();
    let report = verify_ledger(&world.relay(&[]), &world.trust()).unwrap();
    assert!(
        report.passed() && report.conclusion.contains("compare"),
        "{report}"
    );
}

#[test]
fn an_export_is_verified_by_the_audit_room_and_a_flipped_byte_in_it_is_named() {
    let world = World::new();
    let north = world.relay(&world.chain(300));
    let out = world.file("out");
    let exported = export(&north, &out).unwrap();
    assert_eq!(
        (exported.size, exported.origin),
        (300, format!("{AVELIA}/relay/north"))
    );
    let report = verify_directory(&out, &world.trust());
    assert!(report.passed(), "{report}");
    assert!(out.join("tile/0/000").is_file() && out.join("tile/entries/001.p/44").is_file());
    flip(&out.join("tile/entries/000"), "Vessel 0123");
    assert_eq!(verify(&out, &world.trust()).unwrap().first_bad, Some(122));
}

#[test]
fn an_export_replaces_nothing_and_leaves_nothing_when_it_fails() {
    let world = World::new();
    let north = world.relay(&world.chain(3));
    let out = world.file("out");
    export(&north, &out).unwrap();
    assert_eq!(export(&north, &out).unwrap_err().exit, exit::USAGE);
    let bad = copy(&north, &world.file("bad.ledger"));
    flip(&bad, "Vessel 0002");
    let before = fs::read_dir(world.place.path()).unwrap().count();
    let failure = export(&bad, &world.file("never")).unwrap_err();
    assert_eq!(failure.exit, exit::LOG, "{failure:?}");
    assert_eq!(fs::read_dir(world.place.path()).unwrap().count(), before);
}

#[test]
fn the_program_ends_with_the_code_that_says_what_was_found() {
    let world = World::new();
    let north = world.relay(&world.chain(3));
    let trust = world.trust_folder();
    let outcome = |words: &[&str]| hotline_log(words).map_err(|failure| failure.exit);
    assert_eq!(
        outcome(&["verify", path(&north)]),
        Ok(exit::OK),
        "trust lies two folders up"
    );
    assert_eq!(
        outcome(&["verify", path(&north), "--json", "--trust", path(&trust)]),
        Ok(exit::OK)
    );
    let file = trust.join(BORENIA).join("root.pub");
    assert_eq!(
        outcome(&["verify", path(&north), "--policy", path(&file)]),
        Ok(exit::LOG),
        "only theirs"
    );
    assert_eq!(
        outcome(&[
            "verify",
            path(&north),
            "--policy",
            path(&file),
            "--trust",
            path(&trust.join(AVELIA))
        ]),
        Ok(exit::OK)
    );
    let out = world.file("out");
    assert_eq!(
        outcome(&["export", path(&north), "--out", path(&out)]),
        Ok(exit::OK)
    );
    assert_eq!(
        outcome(&["verify", path(&out)]),
        Err(exit::USAGE),
        "an export has no trust of its own"
    );
    assert_eq!(
        outcome(&["verify", path(&out), "--trust", path(&trust)]),
        Ok(exit::OK)
    );
    assert_eq!(
        outcome(&["verify", path(&out), "--trust", path(&out)]),
        Err(exit::IDENTITY)
    );
    assert_eq!(
        outcome(&["verify", path(&world.file("none")), "--trust", path(&trust)]),
        Err(exit::USAGE)
    );
    let failure = hotline_log(&["verify", path(&world.file("none"))]).unwrap_err();
    assert!(failure.what.ends_with("none cannot be found"), "{failure:?}");
    let folder = north.parent().unwrap();
    let failure = hotline_log(&["verify", path(folder), "--trust", path(&trust)]).unwrap_err();
    assert_eq!(failure.exit, exit::USAGE);
    assert!(failure.help.ends_with("relay.ledger"), "{failure:?}");
    let bad = copy(&north, &world.file("bad.ledger"));
    flip(&bad, "Vessel 0002");
    assert_eq!(
        outcome(&["verify", path(&bad), "--trust", path(&trust)]),
        Ok(exit::LOG)
    );
}

#[test]
fn a_trust_folder_that_came_inside_the_log_is_refused() {
    let world = World::new();
    let out = world.file("out");
    export(&world.relay(&world.chain(3)), &out).unwrap();
    let inside = out.join("trust").join(AVELIA);
    fs::create_dir_all(&inside).unwrap();
    for file in ["root.pub", "roster"] {
        fs::copy(world.trust_folder().join(AVELIA).join(file), inside.join(file)).unwrap();
    }
    let failure = hotline_log(&["verify", path(&out), "--trust", path(&out.join("trust"))]).unwrap_err();
    assert_eq!(
        (failure.exit, failure.code.as_str()),
        (exit::IDENTITY, "HL-LOG-003"),
        "{failure:?}"
    );
    assert!(failure.what.contains("inside the log"), "{failure:?}");
}
