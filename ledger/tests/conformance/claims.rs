//! What is kept is found again, in order, with proofs.

use hotline_audit::Checkpoint;
use hotline_audit::tree::{leaf_hash, verify_consistency, verify_inclusion};
use hotline_core::leg::Lane;
use hotline_ledger::{
    Batch, Conflict, Letter, MAX_CONFLICTS_PER_SENDER, OpenError, ReadError, Record, Standing,
};

use crate::bench::{Bench, How, RECIPIENT, SENDER, batch, entry, entry_of, fill, open, try_open, verifier};

pub fn a_new_ledger_is_empty_and_good(bench: &impl Bench) {
    let (ledger, opening) = try_open(bench, &How::default()).unwrap();
    assert_eq!((opening.size, opening.boot, opening.instance), (0, 1, [7; 16]));
    assert_eq!(opening.standing, Standing::Good);
    assert_eq!(opening.root, hotline_audit::tree::empty_root());
    assert_eq!(ledger.size_and_note(), (0, None));
    assert_eq!(ledger.entry(0).unwrap(), None);
}

pub fn what_was_committed_reads_back_the_same_after_reopening(bench: &impl Bench) {
    let ledger = open(bench);
    fill(&ledger, 0..600);
    let record = Record::Put {
        space: "outbox",
        key: b"k".to_vec(),
        value: b"v".to_vec(),
    };
    ledger
        .commit(Batch {
            records: vec![record],
            ..Batch::new(Lane::Control)
        })
        .wait()
        .unwrap();
    let before = (ledger.head(), ledger.entries(0..600, usize::MAX).unwrap());
    drop(ledger);

    let ledger = open(bench);
    assert_eq!(
        (ledger.head(), ledger.entries(0..600, usize::MAX).unwrap()),
        before
    );
    assert_eq!(ledger.entry(599).unwrap().unwrap().bytes, entry(599).bytes);
    assert_eq!(ledger.record("outbox", b"k").unwrap().unwrap(), b"v");
    assert_eq!(ledger.mailbox_head(RECIPIENT, Lane::Message).unwrap(), 600);
    let committed = ledger.commit(batch(600..601)).wait().unwrap();
    assert_eq!((committed.first_index, committed.cursors), (600, vec![vec![601]]));
}

pub fn the_instance_stays_and_the_boot_count_grows(bench: &impl Bench) {
    for boot in 1..4 {
        let (_ledger, opening) = try_open(bench, &How::default()).unwrap();
        assert_eq!((opening.instance, opening.boot), ([7; 16], boot));
    }
}

pub fn a_second_ledger_on_the_same_place_is_refused(bench: &impl Bench) {
    let first = open(bench);
    let refusal = try_open(bench, &How::default()).unwrap_err();
    assert!(
        matches!(refusal, OpenError::InUse { .. } | OpenError::DiskInUse),
        "{refusal}"
    );
    assert!(refusal.to_string().contains("in use"));
    drop(first);
    open(bench);
}

pub fn somebody_elses_ledger_is_refused(bench: &impl Bench) {
    drop(open(bench));
    let how = How {
        owner: "spiffe://exercise.borenia.example/relay/south",
        ..How::default()
    };
    let refusal = try_open(bench, &how).unwrap_err();
    assert!(matches!(refusal, OpenError::OtherOwner { .. }), "{refusal}");
    open(bench);
}

pub fn a_leaf_is_found_by_id_by_place_and_by_hash(bench: &impl Bench) {
    let ledger = open(bench);
    fill(&ledger, 0..10);
    let seven = entry(7);
    let leaf = ledger.entry(7).unwrap().unwrap();
    assert_eq!((&leaf.bytes, leaf.index, leaf.sequence), (&seven.bytes, 7, 8));
    assert_eq!(ledger.by_id(SENDER, &seven.id).unwrap(), Some(leaf.clone()));
    assert_eq!(ledger.by_place(SENDER, 1, 8).unwrap(), Some(leaf.clone()));
    assert_eq!(ledger.by_hash(&seven.hash).unwrap(), Some(leaf));
    assert_eq!(
        ledger
            .by_id("spiffe://exercise.borenia.example/desk/ops", &seven.id)
            .unwrap(),
        None
    );
    assert_eq!(ledger.by_place(SENDER, 2, 8).unwrap(), None);
    assert_eq!(ledger.by_place(SENDER, u64::MAX, u64::MAX).unwrap(), None);
    assert_eq!(ledger.entry(u64::MAX).unwrap(), None);
}

pub fn a_statement_without_a_place_in_a_chain_clashes_only_by_its_id(bench: &impl Bench) {
    let ledger = open(bench);
    let without = |n| hotline_ledger::Entry {
        epoch: 0,
        sequence: 0,
        ..entry(n)
    };
    ledger
        .commit(Batch::of(Lane::Control, vec![without(0), without(1)]))
        .wait()
        .unwrap();
    ledger
        .commit(Batch::of(Lane::Control, vec![without(2)]))
        .wait()
        .unwrap();
    assert_eq!(ledger.head().size, 3);
    assert_eq!(ledger.by_place(SENDER, 0, 0).unwrap(), None);
    assert_eq!(ledger.chain_head(SENDER).unwrap(), None);
}

pub fn a_chain_is_read_in_its_own_order(bench: &impl Bench) {
    let ledger = open(bench);
    for n in [4, 2, 0, 3, 9] {
        ledger.commit(batch(n..n + 1)).wait().unwrap();
    }
    let other = entry_of(RECIPIENT, 50, "reply");
    ledger
        .commit(Batch::of(Lane::Message, vec![other]))
        .wait()
        .unwrap();
    let sequences = |range, limit| -> Vec<u64> {
        ledger
            .chain(SENDER, 1, range, limit)
            .unwrap()
            .iter()
            .map(|leaf| leaf.sequence)
            .collect()
    };
    assert_eq!(sequences(1..=u64::MAX, 100), [1, 3, 4, 5, 10]);
    assert_eq!(sequences(2..=4, 100), [3, 4]);
    assert_eq!(sequences(1..=u64::MAX, 2), [1, 3]);
    assert_eq!(ledger.chain(SENDER, 2, 1..=9, 100).unwrap(), []);
    assert_eq!(ledger.chain_head(SENDER).unwrap().unwrap().sequence, 10);
    let newer = hotline_ledger::Entry {
        epoch: 2,
        sequence: 1,
        ..entry(77)
    };
    ledger
        .commit(Batch::of(Lane::Message, vec![newer]))
        .wait()
        .unwrap();
    assert_eq!(ledger.chain_head(SENDER).unwrap().unwrap().epoch, 2);
}

pub fn entries_stop_at_the_byte_bound_but_give_at_least_one(bench: &impl Bench) {
    let ledger = open(bench);
    fill(&ledger, 0..100);
    let bytes = entry(0).bytes.len();
    assert_eq!(ledger.entries(0..100, 1).unwrap().len(), 1);
    assert_eq!(ledger.entries(0..100, 3 * bytes).unwrap().len(), 3);
    assert_eq!(ledger.entries(90..u64::MAX, usize::MAX).unwrap().len(), 10);
    let (from, to) = (60, 50);
    assert_eq!(ledger.entries(from..to, usize::MAX).unwrap().len(), 0);
}

pub fn cursors_are_dense_per_recipient_and_lane(bench: &impl Bench) {
    let ledger = open(bench);
    let other = "spiffe://exercise.borenia.example/desk/navy";
    let mut expected = [0u64; 3];
    for n in 0..40 {
        let mut addressed = entry(n);
        addressed.mailbox = vec![(RECIPIENT.to_owned(), Lane::Control)];
        if n % 3 == 0 {
            addressed.mailbox.push((RECIPIENT.to_owned(), Lane::Bulk));
            addressed.mailbox.push((other.to_owned(), Lane::Control));
        }
        let mut own = vec![expected[0] + 1];
        expected[0] += 1;
        if n % 3 == 0 {
            expected[1] += 1;
            expected[2] += 1;
            own.extend([expected[1], expected[2]]);
        }
        let committed = ledger
            .commit(Batch::of(Lane::Message, vec![addressed]))
            .wait()
            .unwrap();
        assert_eq!(committed.cursors, [own]);
    }
    assert_eq!(ledger.mailbox_head(RECIPIENT, Lane::Control).unwrap(), 40);
    assert_eq!(ledger.mailbox_head(RECIPIENT, Lane::Message).unwrap(), 0);
    let rows = ledger.mailbox(RECIPIENT, Lane::Bulk, 0, 1000).unwrap();
    let dense: Vec<Letter> = (0..14)
        .map(|k| Letter {
            cursor: k + 1,
            index: 3 * k,
        })
        .collect();
    assert_eq!(rows, dense);
    assert_eq!(
        ledger.mailbox(RECIPIENT, Lane::Bulk, 12, 1).unwrap(),
        [Letter {
            cursor: 13,
            index: 36
        }]
    );
    assert_eq!(ledger.mailbox(other, Lane::Control, 14, 10).unwrap(), []);
}

pub fn records_are_listed_in_key_order_and_can_be_replaced_and_deleted(bench: &impl Bench) {
    let ledger = open(bench);
    let put = |key: &[u8], value: &[u8]| Record::Put {
        space: "draft",
        key: key.to_vec(),
        value: value.to_vec(),
    };
    let elsewhere = Record::Put {
        space: "drafts",
        key: b"a".to_vec(),
        value: b"no".to_vec(),
    };
    let keys: [&[u8]; 6] = [b"b", b"a/2", b"a/1", b"a", b"a\xff\xff", b"\xff"];
    let mut records: Vec<Record> = keys.iter().map(|key| put(key, b"old")).collect();
    records.extend([
        elsewhere,
        put(b"a/2", b"new"),
        Record::Delete {
            space: "draft",
            key: b"b".to_vec(),
        },
    ]);
    ledger
        .commit(Batch {
            records,
            ..Batch::new(Lane::Message)
        })
        .wait()
        .unwrap();
    let names =
        |rows: Vec<(Vec<u8>, Vec<u8>)>| -> Vec<Vec<u8>> { rows.into_iter().map(|(key, _)| key).collect() };
    let all: [&[u8]; 5] = [b"a", b"a/1", b"a/2", b"a\xff\xff", b"\xff"];
    assert_eq!(names(ledger.records("draft", b"", 100).unwrap()), all);
    assert_eq!(
        names(ledger.records("draft", b"a/", 100).unwrap()),
        [b"a/1", b"a/2"]
    );
    assert_eq!(names(ledger.records("draft", b"a", 2).unwrap()), all[..2]);
    assert_eq!(
        names(ledger.records_after("draft", b"a", b"a/1", 100).unwrap()),
        all[2..4]
    );
    assert_eq!(
        names(ledger.records_after("draft", b"a", b"", 100).unwrap()),
        all[..4]
    );
    assert_eq!(
        names(ledger.records_after("draft", b"a", b"b", 100).unwrap()).len(),
        0
    );
    assert_eq!(ledger.record("draft", b"a/2").unwrap().unwrap(), b"new");
    assert_eq!(ledger.record("draft", b"b").unwrap(), None);
    assert_eq!(ledger.head().size, 0);
}

pub fn conflicts_are_kept_once_and_within_bounds(bench: &impl Bench) {
    let ledger = open(bench);
    fill(&ledger, 0..1);
    let conflict = |n: u64| Conflict {
        sender: SENDER.to_owned(),
        stored_index: 0,
        bytes: format!("other {n}").into_bytes(),
    };
    let keep = |conflicts| {
        ledger
            .commit(Batch {
                conflicts,
                ..Batch::new(Lane::Control)
            })
            .wait()
    };
    keep(vec![conflict(0), conflict(1), conflict(0)]).unwrap();
    assert_eq!(ledger.conflicts(10).unwrap().kept.len(), 2);
    assert_eq!(ledger.conflicts(10).unwrap().not_kept, 0);
    keep((0..100).map(conflict).collect()).unwrap();
    let found = ledger.conflicts(usize::MAX).unwrap();
    assert_eq!(
        (found.kept.len() as u64, found.not_kept),
        (MAX_CONFLICTS_PER_SENDER, 36)
    );
    assert_eq!(
        (found.kept[1].bytes.as_slice(), found.kept[1].stored_index),
        (b"other 1".as_slice(), 0)
    );
    assert!(
        keep(vec![Conflict {
            stored_index: 1,
            ..conflict(5)
        }])
        .is_err()
    );
}

pub fn proofs_of_every_leaf_and_every_prefix_verify(bench: &impl Bench) {
    let ledger = open(bench);
    let mut roots = vec![ledger.head().root];
    for n in 0..300 {
        roots.push(ledger.commit(batch(n..n + 1)).wait().unwrap().root);
    }
    fill(&ledger, 300..1500);
    let reopened = {
        drop(ledger);
        open(bench)
    };
    let head = reopened.head();
    for size in (1..=300).chain([511, 512, 513, 1024, 1500]) {
        let root = reopened.root_at(size).unwrap();
        if let Some(then) = roots.get(usize::try_from(size).unwrap()) {
            assert_eq!(root, *then);
        }
        let proof = reopened.consistency(size, 1500).unwrap();
        assert!(verify_consistency(size, &root, 1500, &head.root, &proof));
        for index in [0, size / 3, size - 1] {
            let proof = reopened.inclusion(index, size).unwrap();
            assert!(verify_inclusion(
                &leaf_hash(&entry(index).bytes),
                index,
                size,
                &root,
                &proof
            ));
            assert!(!verify_inclusion(
                &leaf_hash(&entry(index + 1).bytes),
                index,
                size,
                &root,
                &proof
            ));
        }
    }
    for index in (0..1500).step_by(7) {
        let proof = reopened.inclusion(index, 1500).unwrap();
        assert!(verify_inclusion(
            &leaf_hash(&entry(index).bytes),
            index,
            1500,
            &head.root,
            &proof
        ));
    }
}

pub fn the_checkpoint_of_each_commit_is_signed_by_the_log_key(bench: &impl Bench) {
    let ledger = open(bench);
    for n in 0..5 {
        let committed = ledger.commit(batch(n..n + 1)).wait().unwrap();
        let signed = Checkpoint::parse_and_verify(&committed.note.unwrap(), &verifier()).unwrap();
        assert_eq!((signed.size, signed.root), (committed.size, committed.root));
    }
    let (size, note) = ledger.size_and_note();
    assert_eq!(
        Checkpoint::parse_and_verify(&note.unwrap(), &verifier())
            .unwrap()
            .size,
        size
    );
}

pub fn nothing_outside_the_tree_is_proven(bench: &impl Bench) {
    let ledger = open(bench);
    fill(&ledger, 0..300);
    for refused in [
        ledger.inclusion(300, 300),
        ledger.inclusion(0, 301),
        ledger.inclusion(u64::MAX, u64::MAX),
        ledger.consistency(200, 100),
        ledger.consistency(1, u64::MAX),
    ] {
        assert!(matches!(refused, Err(ReadError::Outside { .. })), "{refused:?}");
    }
    assert!(matches!(ledger.root_at(301), Err(ReadError::Outside { .. })));
    let nodes = ledger.nodes().unwrap();
    for (level, index) in [
        (0, 300),
        (8, 1),
        (9, 0),
        (63, 1),
        (64, 0),
        (255, u64::MAX),
        (0, u64::MAX),
    ] {
        assert!(hotline_audit::NodeReader::node(&nodes, level, index).is_err());
    }
}
