//! Appending to a log while it grows: the tree by itself, and a real ledger.

use std::{convert::Infallible, fs, path::Path};

use hotline_audit::{
    Frontier, Hash, LogSigner, NodeReader, SigningKey,
    tree::{inclusion_proof, leaf_hash},
};
use hotline_core::leg::Lane;
use hotline_ledger::{Batch, Entry, Ledger};
use serde_json::{Value, json};

use super::{Done, per_second, timed};
use crate::rack::ledger_process;

/// Appends that are measured at each size.
const MEASURED: u64 = 2_000;
/// Those that wait for the disk one by one.
const MEASURED_ALONE: u64 = 300;
/// Commits that wait together.
const TOGETHER: u64 = 256;
/// Entries of one batch while the ledger grows unmeasured.
const BATCH: u64 = 4_096;
/// Bytes of a statement.
const STATEMENT: usize = 500;

/// Our tree, every node in memory.
struct Tree {
    nodes: Vec<Vec<Hash>>,
    frontier: Frontier,
}

impl NodeReader for Tree {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let found = self
            .nodes
            .get(usize::from(level))
            .and_then(|nodes| nodes.get(usize::try_from(index).ok()?));
        Ok(*found.unwrap_or(&Hash::ZERO))
    }
}

impl Tree {
    fn push(&mut self, entry: &[u8]) {
        for node in self.frontier.push(leaf_hash(entry)) {
            self.nodes[usize::from(node.level)].push(node.hash);
        }
    }
}

/// Appends to a tree in memory, each with a signed checkpoint and its inclusion proof.
///
/// # Errors
/// None that we know of.
pub fn tree(steps: &[u64]) -> Done<Vec<Value>> {
    let signer = LogSigner::new(
        "exercise.avelia.example/relay/north",
        SigningKey::from_seed(&[3; 32]),
    )?;
    let mut tree = Tree {
        nodes: vec![Vec::new(); 64],
        frontier: Frontier::new(),
    };
    let mut rows = Vec::new();
    for step in steps {
        while tree.frontier.size() < *step {
            let entry = statement(tree.frontier.size());
            tree.push(&entry);
        }
        let begun = tree.frontier.size();
        let (time, hashes) = timed(|| {
            let mut hashes = 0;
            for n in begun..begun + MEASURED {
                tree.push(&statement(n));
                let note = signer.checkpoint(n + 1, tree.frontier.root()).sign(&signer);
                hashes += inclusion_proof(&tree, n, n + 1)?.len() + usize::from(note.is_empty());
            }
            Ok(hashes as u64)
        })?;
        rows.push(json!({
            "entries": begun,
            "per_second": per_second(MEASURED, time),
            "hashes_per_proof": hashes / MEASURED,
        }));
    }
    Ok(rows)
}

/// Appends to a ledger with its real engine, each answered with a checkpoint on disk and its inclusion proof.
///
/// # Errors
/// The ledger refuses one.
pub fn ledger(folder: &Path, steps: &[u64]) -> Done<Vec<Value>> {
    let file = folder.join("figures.ledger");
    let (mut ledger, _) = ledger_process::open(&file)?;
    let mut rows = Vec::new();
    for step in steps {
        let mut size = ledger.head().size;
        while size < *step {
            let more = BATCH.min(*step - size);
            let answer = ledger.commit(batch(size, more)).wait();
            size = answer.map_err(|error| format!("{error:?}"))?.size;
        }
        let (alone, ()) = timed(|| one_by_one(&ledger, size))?;
        let (together, ()) = timed(|| side_by_side(&ledger, size + MEASURED_ALONE))?;
        let bytes = fs::metadata(&file)?.len();
        // What a start costs: the check of everything.
        drop(ledger);
        let (opening, opened) = timed(|| Ok(ledger_process::open(&file)?.0))?;
        ledger = opened;
        rows.push(json!({
            "entries": size,
            "one_by_one_per_second": per_second(MEASURED_ALONE, alone),
            "together": TOGETHER,
            "together_per_second": per_second(MEASURED, together),
            "file_mb": bytes / 1_000_000,
            "open_ms": opening.as_millis(),
        }));
    }
    Ok(rows)
}

fn one_by_one(ledger: &Ledger, size: u64) -> Done {
    for n in size..size + MEASURED_ALONE {
        let held = ledger
            .commit(batch(n, 1))
            .wait()
            .map_err(|error| format!("{error:?}"))?;
        ledger.inclusion(held.first_index, held.size)?;
    }
    Ok(())
}

fn side_by_side(ledger: &Ledger, size: u64) -> Done {
    let mut next = size;
    while next < size + MEASURED {
        let last = (next + TOGETHER).min(size + MEASURED);
        let waiting: Vec<_> = (next..last).map(|n| ledger.commit(batch(n, 1))).collect();
        for commit in waiting {
            let held = commit.wait().map_err(|error| format!("{error:?}"))?;
            ledger.inclusion(held.first_index, held.size)?;
        }
        next = last;
    }
    Ok(())
}

fn statement(n: u64) -> Vec<u8> {
    let line = format!("statement {n} of the figures\n");
    line.bytes().cycle().take(STATEMENT).collect()
}

fn batch(first: u64, count: u64) -> Batch {
    let entry = |n: u64| {
        let bytes = statement(n);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&n.to_be_bytes());
        Entry {
            hash: Hash::of(&bytes),
            bytes,
            kind: 1,
            sender: "spiffe://exercise.avelia.example/desk/ops".to_owned(),
            id,
            epoch: 1,
            sequence: n + 1,
            mailbox: vec![(
                "spiffe://exercise.borenia.example/desk/ops".to_owned(),
                Lane::Message,
            )],
        }
    };
    Batch::of(Lane::Message, (first..first + count).map(entry).collect())
}
