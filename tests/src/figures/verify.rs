//! Verifying one log, in ways that can be held against each other.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use hotline_audit::{
    Checkpoint, Frontier, LogVerifier, TrustPolicy,
    note::VerifierKey,
    tiles::{TILE_WIDTH, TileDir},
    tree::leaf_hash,
    verify_directory,
};
use serde_json::{Value, json};

use super::{Cost, Done, median, run};

/// What Go's driver checks, and no more: the signature, every entry against its tile, the tiles against the root.
///
/// # Errors
/// It does not verify.
pub fn tree(log: &Path, vkey: &Path) -> Done {
    let key: VerifierKey = fs::read_to_string(vkey)?.trim().parse()?;
    let verifier = LogVerifier::new(key.name(), *key.key())?;
    let folder = TileDir::new(log);
    let checkpoint = Checkpoint::parse_and_verify(&folder.checkpoint()?, &verifier)?;
    let mut frontier = Frontier::new();
    let mut above: Vec<Vec<hotline_audit::Hash>> = Vec::new();
    for tile in 0..checkpoint.size.div_ceil(TILE_WIDTH) {
        let leaves = folder.hashes(0, tile, checkpoint.size)?;
        let bundle = folder.bundle(tile, checkpoint.size)?;
        if bundle.broken || bundle.entries.len() != leaves.len() {
            return Err(format!("bundle {tile} is not whole").into());
        }
        for (entry, leaf) in bundle.entries.iter().zip(&leaves) {
            let hash = leaf_hash(entry);
            if hash != *leaf {
                return Err(format!("leaf {} does not match", frontier.size()).into());
            }
            for node in frontier.push(hash) {
                if node.level > 0 && node.level % 8 == 0 {
                    let level = usize::from(node.level / 8) - 1;
                    above.resize(above.len().max(level + 1), Vec::new());
                    above[level].push(node.hash);
                }
            }
        }
    }
    for (level, own) in (1u8..).zip(&above) {
        let width = usize::try_from(TILE_WIDTH)?;
        for (tile, own) in (0..).zip(own.chunks(width)) {
            if folder.hashes(level, tile, checkpoint.size)? != own {
                return Err(format!("tile {tile} of level {level} is not that of the entries").into());
            }
        }
    }
    if frontier.root() == checkpoint.root {
        Ok(())
    } else {
        Err("the entries have another root".into())
    }
}

/// All that `hotline-audit verify` checks: signatures and chains of every statement, too.
///
/// # Errors
/// It does not verify.
pub fn whole(log: &Path, trust: &Path) -> Done {
    let report = verify_directory(log, &TrustPolicy::load_folder(trust)?);
    match report.faults.first() {
        None if report.passed() => Ok(()),
        first => Err(format!("does not verify: {first:?}").into()),
    }
}

/// Who is measured.
pub struct Verifiers<'a> {
    /// This program, which has the verbs `tree` and `whole`.
    pub own: &'a Path,
    /// Go's driver, if it is to run beside it.
    pub go: Option<PathBuf>,
}

impl Verifiers<'_> {
    /// Each verifier so often, in turn; medians.
    ///
    /// # Errors
    /// One of them refuses the log.
    pub fn measure(&self, made: &Path, entries: u64, rounds: usize) -> Done<Value> {
        let (mut ours, mut theirs, mut all) = (Vec::new(), Vec::new(), Vec::new());
        let (log, vkey, trust) = (made.join("log"), made.join("log.vkey"), made.join("trust"));
        for _ in 0..rounds {
            ours.push(run(Command::new(self.own).arg("tree").arg(&log).arg(&vkey))?);
            if let Some(go) = &self.go {
                theirs.push(run(Command::new(go).arg("log").arg(&vkey).arg(&log))?);
            }
            all.push(run(Command::new(self.own).arg("whole").arg(&log).arg(&trust))?);
        }
        let ours = median(ours)?;
        let theirs = median(theirs).ok();
        Ok(json!({
            "entries": entries,
            "rounds": rounds,
            "tree": said(ours, entries),
            "go": theirs.map(|cost| said(cost, entries)),
            "go_to_tree": theirs.map(|cost| ratio(cost, ours)),
            "whole": said(median(all)?, entries),
        }))
    }
}

/// Builds Go's driver of `tests/foreign`.
///
/// # Errors
/// There is no Go, or it does not build.
pub fn go_driver(foreign: &Path, out: &Path) -> Done<PathBuf> {
    let program = out.join("verify");
    let built = Command::new("go")
        .args(["build", "-o"])
        .arg(&program)
        .args(["verify.go", "vectors.go", "tiles.go"])
        .current_dir(foreign)
        .env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode")
        .env("GOFLAGS", "")
        .env("GOCACHE", out.join("go"))
        .status()
        .map_err(|error| format!("go: {error}; apt-get install golang-go golang-golang-x-mod-dev"))?;
    if built.success() {
        Ok(program)
    } else {
        Err("tests/foreign/*.go does not build: apt-get install golang-go golang-golang-x-mod-dev".into())
    }
}

fn ratio(theirs: Cost, ours: Cost) -> f64 {
    (theirs.time.as_secs_f64() / ours.time.as_secs_f64() * 100.0).round() / 100.0
}

fn said(cost: Cost, entries: u64) -> Value {
    json!({
        "ms": cost.time.as_millis(),
        "per_second": super::per_second(entries, cost.time),
        "memory_mb": cost.memory / 1_000_000,
    })
}
