//! What a start finds, and what a ledger does then.

use hotline_audit::tree::{leaf_hash, verify_inclusion};
use hotline_ledger::{CommitError, Damage, ReadError, Standing};

use crate::bench::{Bench, How, batch, entry, fill, open, try_open};

fn damage_of(bench: &impl Bench, how: &How) -> (hotline_ledger::Ledger, Damage) {
    let (ledger, opening) = try_open(bench, how).unwrap();
    let Standing::ReadOnly { reason } = opening.standing else {
        panic!("it was found good")
    };
    assert_eq!(
        ledger.standing(),
        Standing::ReadOnly {
            reason: reason.clone()
        }
    );
    let refusal = ledger.commit(batch(9000..9001)).wait().unwrap_err();
    assert!(
        matches!(&refusal, CommitError::ReadOnly { reason: found } if *found == reason),
        "{refusal}"
    );
    (ledger, reason)
}

pub fn a_flipped_byte_is_found_at_open_and_the_rest_is_served_read_only(bench: &impl Bench) {
    let ledger = open(bench);
    fill(&ledger, 0..20);
    drop(ledger);
    bench.flip(13);
    bench.flip(17);

    let (ledger, damage) = damage_of(bench, &How::default());
    assert_eq!(damage, Damage::LeafAltered { index: 13 });
    assert!(damage.to_string().contains("leaf 13"));
    assert_eq!(ledger.entry(12).unwrap().unwrap().bytes, entry(12).bytes);
    assert!(matches!(
        ledger.entry(13),
        Err(ReadError::Damaged { index: 13, .. })
    ));
    assert!(matches!(
        ledger.entries(10..20, usize::MAX),
        Err(ReadError::Damaged { index: 13, .. })
    ));
    // The leaf is not covered by a full tile, so nothing here gives the signed root any more.
    assert!(matches!(ledger.inclusion(0, 20), Err(ReadError::NoTree { .. })));
    let (size, note) = ledger.size_and_note();
    assert_eq!((size, note.is_some()), (20, true));
}

pub fn a_flipped_byte_below_a_full_tile_leaves_the_proofs_standing(bench: &impl Bench) {
    let ledger = open(bench);
    fill(&ledger, 0..700);
    let head = ledger.head();
    drop(ledger);
    bench.flip(300);

    let (ledger, damage) = damage_of(bench, &How::default());
    assert_eq!(damage, Damage::LeafAltered { index: 300 });
    let proof = ledger.inclusion(300, 700).unwrap();
    assert!(verify_inclusion(
        &leaf_hash(&entry(300).bytes),
        300,
        700,
        &head.root,
        &proof
    ));
}

pub fn a_missing_leaf_is_found_at_open(bench: &impl Bench) {
    let ledger = open(bench);
    fill(&ledger, 0..300);
    drop(ledger);
    bench.remove(299);
    assert_eq!(
        damage_of(bench, &How::default()).1,
        Damage::LeafMissing { index: 299 }
    );
    bench.remove(100);
    assert_eq!(
        damage_of(bench, &How::default()).1,
        Damage::LeafMissing { index: 100 }
    );
}

pub fn a_byte_flipped_while_open_is_an_error_and_never_data(bench: &impl Bench) {
    let ledger = open(bench);
    fill(&ledger, 0..10);
    bench.flip(4);
    assert!(matches!(
        ledger.entry(4),
        Err(ReadError::Damaged { index: 4, .. })
    ));
    assert!(matches!(
        ledger.by_hash(&entry(4).hash),
        Err(ReadError::Damaged { index: 4, .. })
    ));
    assert!(ledger.entry(5).unwrap().is_some());
}

pub fn a_scrub_names_the_first_bad_leaf(bench: &impl Bench) {
    let ledger = open(bench);
    fill(&ledger, 0..1000);
    let clean = ledger.scrub(0, 300).unwrap();
    assert_eq!((clean.next, clean.damage), (512, None));
    bench.flip(600);
    bench.flip(800);
    let found = ledger.scrub(clean.next, 300).unwrap();
    assert_eq!(
        (found.next, found.damage),
        (1000, Some(Damage::LeafAltered { index: 600 }))
    );
    assert_eq!(ledger.scrub(u64::MAX, u64::MAX).unwrap().next, 1000);
}

pub fn an_older_copy_put_back_is_read_only(bench: &impl Bench) {
    let ledger = open(bench);
    fill(&ledger, 0..10);
    drop(ledger);
    bench.turn_back(&|| {
        let ledger = open(bench);
        fill(&ledger, 10..15);
    });
    let (ledger, damage) = damage_of(bench, &How::default());
    assert_eq!(
        damage,
        Damage::RolledBack {
            signed: 15,
            found: 10
        }
    );
    assert!(ledger.entry(9).unwrap().is_some());
}

pub fn another_log_key_does_not_take_over_a_log(bench: &impl Bench) {
    let ledger = open(bench);
    fill(&ledger, 0..10);
    drop(ledger);
    let (_, damage) = damage_of(
        bench,
        &How {
            key: 2,
            ..How::default()
        },
    );
    assert!(matches!(damage, Damage::NoteForeign { .. }), "{damage}");
    open(bench);
}
