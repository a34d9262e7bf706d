//! What becomes of a batch, and of those beside it.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use hotline_audit::Hash;
use hotline_core::leg::Lane;
use hotline_ledger::{
    Batch, Clash, CommitError, Entry, EntryFact, Ledger, MAX_BATCH_ITEMS, MAX_ENTRY_BYTES, Mode, Record,
    Unfit,
};

use crate::bench::{Bench, How, RECIPIENT, SENDER, batch, entry, entry_of, fill, open, try_open};

fn record(key: u8) -> Record {
    Record::Put {
        space: "outbox",
        key: vec![key],
        value: vec![key],
    }
}

/// An entry with the id of `n` and other bytes.
fn other(n: u64) -> Entry {
    let bytes = b"other bytes".to_vec();
    Entry {
        hash: Hash::of(&bytes),
        bytes,
        ..entry(n)
    }
}

pub fn a_batch_is_all_or_nothing(bench: &impl Bench) {
    let ledger = open(bench);
    fill(&ledger, 0..5);
    let before = ledger.head();
    let mut doomed = batch(10..13);
    doomed.entries.push(entry(2));
    doomed.records.push(record(1));
    let refusal = ledger.commit(doomed).wait().unwrap_err();
    assert!(
        matches!(refusal, CommitError::Known { entry: 3, index: 2 }),
        "{refusal}"
    );
    assert_eq!(ledger.head(), before);
    assert_eq!(ledger.by_id(SENDER, &entry(10).id).unwrap(), None);
    assert_eq!(ledger.record("outbox", &[1]).unwrap(), None);
    assert_eq!(ledger.mailbox_head(RECIPIENT, Lane::Message).unwrap(), 5);
    let committed = ledger.commit(batch(10..13)).wait().unwrap();
    assert_eq!(
        (committed.first_index, committed.cursors),
        (5, vec![vec![6], vec![7], vec![8]])
    );
}

pub fn what_is_held_is_passed_over_where_the_batch_says_so_and_the_rest_keeps_its_turn(bench: &impl Bench) {
    let ledger = open(bench);
    fill(&ledger, 0..3);
    let first = ledger.commit(batch(1..5).passing_over_held());
    let next = ledger.commit(batch(5..6).passing_over_held());
    let (first, next) = (first.wait().unwrap(), next.wait().unwrap());
    assert_eq!(first.held, [(0, 1), (1, 2)]);
    assert_eq!((first.first_index, first.cursors), (3, vec![vec![4], vec![5]]));
    assert_eq!((next.held, next.first_index), (vec![], 5));
    for n in 0..6 {
        assert_eq!(ledger.entry(n).unwrap().unwrap().bytes, entry(n).bytes);
    }
    // Nothing fresh: nothing is written, and every leaf is named.
    let before = (ledger.head(), ledger.counters().entries);
    let again = ledger.commit(batch(4..6).passing_over_held()).wait().unwrap();
    assert_eq!((again.held, again.size), (vec![(0, 4), (1, 5)], 6));
    assert_eq!((ledger.head(), ledger.counters().entries), before);
    // Other bytes refuse the whole batch as ever.
    let mut forked = batch(5..8).passing_over_held();
    forked.entries.push(other(0));
    let refusal = ledger.commit(forked).wait().unwrap_err();
    assert!(
        matches!(refusal, CommitError::Equivocation { entry: 3, .. }),
        "{refusal}"
    );
    assert_eq!(ledger.head(), before.0);
}

pub fn the_same_bytes_again_are_known_and_other_bytes_are_an_equivocation(bench: &impl Bench) {
    let ledger = open(bench);
    fill(&ledger, 0..5);
    let commit = |entry| {
        ledger
            .commit(Batch::of(Lane::Message, vec![entry]))
            .wait()
            .unwrap_err()
    };
    assert!(matches!(
        commit(entry(3)),
        CommitError::Known { entry: 0, index: 3 }
    ));
    let by_id = commit(Entry {
        sequence: 99,
        ..other(3)
    });
    assert!(
        matches!(&by_id, CommitError::Equivocation { index: 3, stored, by: Clash::Id, .. } if *stored == entry(3).hash),
        "{by_id}"
    );
    let by_place = commit(Entry {
        id: [9; 16],
        ..other(3)
    });
    assert!(
        matches!(
            by_place,
            CommitError::Equivocation {
                index: 3,
                by: Clash::Place,
                ..
            }
        ),
        "{by_place}"
    );
    assert_eq!(ledger.head().size, 5);
}

pub fn two_copies_in_one_round_make_one_leaf(bench: &impl Bench) {
    let ledger = open(bench);
    let answers: Vec<_> = (0..40).map(|n| ledger.commit(batch(n / 2..n / 2 + 1))).collect();
    let answers: Vec<_> = answers.into_iter().map(hotline_ledger::Commit::wait).collect();
    let fresh = answers.iter().flatten().count();
    assert_eq!((fresh, ledger.head().size), (20, 20));
    for refusal in answers.into_iter().filter_map(Result::err) {
        let CommitError::Known { index, .. } = refusal else {
            panic!("{refusal}")
        };
        assert!(ledger.entry(index).unwrap().is_some());
    }
}

pub fn a_failing_batch_does_not_harm_its_neighbours(bench: &impl Bench) {
    let ledger = open(bench);
    fill(&ledger, 0..1);
    let answers: Vec<_> = (0..60)
        .map(|n| {
            let own = entry_of(RECIPIENT, n, "reply");
            let entries = if n % 3 == 0 {
                vec![own, other(0)]
            } else {
                vec![own]
            };
            ledger.commit(Batch::of(Lane::Message, entries))
        })
        .collect();
    for (n, answer) in answers.into_iter().enumerate() {
        let answer = answer.wait();
        assert_eq!(answer.is_err(), n % 3 == 0, "{answer:?}");
        let kept = ledger.by_id(RECIPIENT, &entry(n as u64).id).unwrap();
        assert_eq!(kept.is_some(), n % 3 != 0);
    }
    assert_eq!(ledger.head().size, 41);
    assert_eq!(ledger.counters().refused, 20);
}

pub fn what_does_not_fit_is_refused_before_the_disk(bench: &impl Bench) {
    let ledger = open(bench);
    let of = |entry| Batch::of(Lane::Message, vec![entry]);
    let long = vec![7; MAX_ENTRY_BYTES + 1];
    let fits = vec![7; MAX_ENTRY_BYTES];
    let unfit = [
        of(Entry {
            bytes: Vec::new(),
            ..entry(0)
        }),
        of(Entry {
            hash: Hash::of(&long),
            bytes: long,
            ..entry(0)
        }),
        of(Entry {
            hash: Hash::ZERO,
            ..entry(0)
        }),
        of(Entry {
            sender: String::new(),
            ..entry(0)
        }),
        of(Entry {
            sequence: u64::MAX,
            ..entry(0)
        }),
        of(Entry {
            mailbox: vec![(RECIPIENT.to_owned(), Lane::Bulk); 65],
            ..entry(0)
        }),
        Batch::of(Lane::Message, (0..=MAX_BATCH_ITEMS as u64).map(entry).collect()),
        Batch {
            records: vec![Record::Delete {
                space: "s",
                key: vec![0; 1025],
            }],
            ..Batch::new(Lane::Bulk)
        },
    ];
    for batch in unfit {
        let refusal = ledger.commit(batch).wait().unwrap_err();
        assert!(matches!(refusal, CommitError::Unfit(_)), "{refusal}");
    }
    let twice = ledger
        .commit(Batch::of(Lane::Message, vec![entry(0), entry(1), entry(0)]))
        .wait();
    let Err(CommitError::Unfit(Unfit::Entry {
        entry: 2,
        fact: EntryFact::Repeated { first: 0 },
    })) = twice
    else {
        panic!("{twice:?}")
    };
    ledger
        .commit(of(Entry {
            hash: Hash::of(&fits),
            bytes: fits,
            ..entry(0)
        }))
        .wait()
        .unwrap();
    assert_eq!(ledger.head().size, 1);
}

pub fn many_commits_at_once_share_few_transactions(bench: &impl Bench) {
    let ledger = open(bench);
    let before = ledger.counters();
    let answers: Vec<_> = (0..200).map(|n| ledger.commit(batch(n..n + 1))).collect();
    let mut indexes: Vec<u64> = answers
        .into_iter()
        .map(|answer| answer.wait().unwrap().first_index)
        .collect();
    indexes.sort_unstable();
    assert_eq!(indexes, (0..200).collect::<Vec<_>>());
    let after = ledger.counters();
    assert_eq!(
        (after.batches - before.batches, after.entries - before.entries),
        (200, 200)
    );
    assert!(
        after.rounds - before.rounds < 150,
        "{} rounds for 200 commits",
        after.rounds
    );
}

pub fn records_without_leaves_keep_the_head(bench: &impl Bench) {
    let ledger = open(bench);
    fill(&ledger, 0..3);
    let before = ledger.head();
    let committed = ledger
        .commit(Batch {
            records: vec![record(1)],
            ..Batch::new(Lane::Control)
        })
        .wait()
        .unwrap();
    assert_eq!(
        (committed.size, committed.note, committed.first_index),
        (3, before.note.clone(), 3)
    );
    assert_eq!(ledger.head(), before);
    assert_eq!(ledger.record("outbox", &[1]).unwrap().unwrap(), [1]);
}

pub fn a_batch_whose_answer_is_dropped_is_committed_all_the_same(bench: &impl Bench) {
    let ledger = open(bench);
    drop(ledger.commit(batch(0..1)));
    drop(ledger);
    assert_eq!(open(bench).head().size, 1);
}

fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

pub fn an_inline_ledger_answers_at_once(bench: &impl Bench) {
    let (ledger, _) = try_open(
        bench,
        &How {
            mode: Mode::Inline,
            ..How::default()
        },
    )
    .unwrap();
    for n in 0..300 {
        let Poll::Ready(answer) = poll_once(ledger.commit(batch(n..n + 1))) else {
            panic!("not ready")
        };
        assert_eq!(answer.unwrap().first_index, n);
    }
    assert_eq!(ledger.counters().rounds, 300);
    drop(ledger);
    assert_eq!(open(bench).head().size, 300);
}

pub fn watchers_see_each_durable_head(bench: &impl Bench) {
    let ledger: Ledger = open(bench);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut heads = ledger.watch();
        assert_eq!(heads.borrow_and_update().size, 0);
        for n in 0..5 {
            let committed = ledger.commit(batch(n..n + 1)).await.unwrap();
            heads.changed().await.unwrap();
            let head = heads.borrow_and_update().clone();
            assert_eq!(
                (head.size, head.root, head.note),
                (committed.size, committed.root, committed.note)
            );
        }
    });
}
