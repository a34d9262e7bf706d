//! What only real files can show: modes, locks, half creations, copies, and other hands on the tables.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hotline_audit::{Hash, LogSigner, SigningKey};
use hotline_core::leg::Lane;
use hotline_ledger::{
    BackupError, Batch, CommitError, Damage, Engine, Entry, Ledger, Mode, OpenError, OpenOptions, Opening,
    Restored, SpaceLeft, Standing,
};
use rusqlite::Connection;

const DESK: &str = "spiffe://exercise.avelia.example/desk/ops";
const ORIGIN: &str = "exercise.avelia.example/desk/ops";

fn try_open(path: &Path, restored: Restored) -> Result<(Ledger, Opening), OpenError> {
    let fill = &mut |buffer: &mut [u8]| buffer.fill(if restored == Restored::TakeUp { 9 } else { 3 });
    Ledger::open(OpenOptions {
        engine: Engine::Sqlite {
            path: path.to_owned(),
        },
        owner: DESK.to_owned(),
        origin: ORIGIN.to_owned(),
        signer: Some(LogSigner::new(ORIGIN, SigningKey::from_seed(&[1; 32])).unwrap()),
        entropy: fill,
        mode: Mode::Thread,
        restored,
    })
}

fn open(path: &Path) -> Ledger {
    let (ledger, opening) = try_open(path, Restored::ReadOnly).unwrap();
    assert_eq!(opening.standing, Standing::Good);
    ledger
}

fn damage_of(path: &Path) -> Damage {
    match try_open(path, Restored::ReadOnly).unwrap().1.standing {
        Standing::ReadOnly { reason } => reason,
        Standing::Good => panic!("it was found good"),
    }
}

fn batch(numbers: std::ops::Range<u64>) -> Batch {
    let entry = |n: u64| {
        let bytes = format!("statement {n}").into_bytes();
        let mut id = [0; 16];
        id[..8].copy_from_slice(&n.to_be_bytes());
        let (hash, sender) = (Hash::of(&bytes), DESK.to_owned());
        Entry {
            bytes,
            hash,
            kind: 1,
            sender,
            id,
            epoch: 1,
            sequence: n + 1,
            mailbox: vec![],
        }
    };
    Batch::of(Lane::Message, numbers.map(entry).collect())
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.ledger");
    (folder, path)
}

#[test]
fn what_a_commit_returned_is_seen_by_another_connection() {
    let (_folder, path) = place();
    let ledger = open(&path);
    let other = Connection::open(&path).unwrap();
    for n in 0..10 {
        let committed = ledger.commit(batch(n..n + 1)).wait().unwrap();
        let (size, note): (u64, Vec<u8>) = other
            .query_row("SELECT size, note FROM head", [], |row| {
                Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?))
            })
            .unwrap();
        assert_eq!((size, Some(note)), (committed.size, committed.note));
    }
}

#[test]
fn a_process_that_is_killed_after_a_commit_leaves_all_of_it_in_its_files() {
    let (folder, path) = place();
    let ledger = open(&path);
    let head = ledger.commit(batch(0..300)).wait().unwrap();
    let copy = folder.path().join("after-the-kill");
    fs::create_dir(&copy).unwrap();
    for name in ["desk.ledger", "desk.ledger-wal", "desk.ledger-fence"] {
        fs::copy(folder.path().join(name), copy.join(name)).unwrap();
    }
    let reopened = open(&copy.join("desk.ledger")).head();
    assert_eq!(
        (reopened.size, reopened.root, reopened.note),
        (300, head.root, head.note)
    );
}

#[test]
fn every_file_is_the_owners_alone() {
    let (folder, path) = place();
    let ledger = open(&path);
    ledger.commit(batch(0..1)).wait().unwrap();
    ledger.backup(&folder.path().join("copy.ledger")).unwrap();
    for name in names(folder.path()) {
        let mode = fs::metadata(folder.path().join(&name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
    drop(ledger);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let refusal = try_open(&path, Restored::ReadOnly).unwrap_err();
    assert!(matches!(refusal, OpenError::Exposed { mode: 0o640, .. }));
    assert!(refusal.to_string().contains("chmod 600"), "{refusal}");
}

#[test]
fn a_second_open_is_refused_and_told_which_file_is_held() {
    let (_folder, path) = place();
    let _ledger = open(&path);
    let refusal = try_open(&path, Restored::ReadOnly).unwrap_err();
    let OpenError::InUse { lock, .. } = &refusal else {
        panic!("{refusal}")
    };
    assert!(
        refusal.to_string().contains(lock.to_str().unwrap())
            && refusal.to_string().contains("stop that process")
    );
}

#[test]
fn a_creation_that_crashed_leaves_nothing_in_the_way() {
    let (folder, path) = place();
    fs::write(folder.path().join("desk.ledger-new"), b"half a ledger").unwrap();
    fs::write(folder.path().join("desk.ledger-new-journal"), b"half a journal").unwrap();
    drop(open(&path));
    assert!(!names(folder.path()).iter().any(|name| name.contains("-new")));
}

#[test]
fn a_creation_that_fails_leaves_no_ledger() {
    let (folder, path) = place();
    let aside = folder.path().join("desk.ledger-new");
    fs::create_dir(&aside).unwrap();
    let refusal = try_open(&path, Restored::ReadOnly).unwrap_err();
    assert!(matches!(refusal, OpenError::File { .. }), "{refusal}");
    assert!(!path.exists());
    fs::remove_dir(&aside).unwrap();
    open(&path);
}

#[test]
fn a_missing_main_file_is_not_replaced_by_an_empty_one() {
    let (_folder, path) = place();
    drop(open(&path));
    let wal = PathBuf::from(format!("{}-wal", path.display()));
    fs::write(&wal, b"frames").unwrap();
    fs::remove_file(&path).unwrap();
    assert!(
        matches!(try_open(&path, Restored::ReadOnly), Err(OpenError::Orphan { rest, .. }) if rest == wal)
    );
    assert!(!path.exists());
}

#[test]
fn a_file_that_is_no_ledger_is_not_touched() {
    let (folder, path) = place();
    let database = folder.path().join("other.db");
    Connection::open(&database)
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    let text = b"a plain text, longer than the header of a database: ".repeat(9);
    for content in [text, Vec::new(), fs::read(database).unwrap()] {
        fs::write(&path, &content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let refusal = try_open(&path, Restored::ReadOnly).unwrap_err();
        assert!(matches!(refusal, OpenError::NotALedger { .. }), "{refusal}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[test]
fn a_newer_format_is_refused() {
    let (_folder, path) = place();
    drop(open(&path));
    Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 2)
        .unwrap();
    assert!(matches!(
        try_open(&path, Restored::ReadOnly),
        Err(OpenError::Format {
            found: 2,
            known: 1,
            ..
        })
    ));
}

#[test]
fn a_copy_is_read_only_until_it_is_taken_up_as_a_new_instance() {
    let (folder, path) = place();
    let copy = folder.path().join("copy.ledger");
    let ledger = open(&path);
    ledger.commit(batch(0..300)).wait().unwrap();
    let head = ledger.backup(&copy).unwrap();
    assert_eq!(head, ledger.head());
    assert!(matches!(ledger.backup(&copy), Err(BackupError::Exists { .. })));
    ledger.commit(batch(300..310)).wait().unwrap();

    let (served, opening) = try_open(&copy, Restored::ReadOnly).unwrap();
    assert_eq!(
        opening.standing,
        Standing::ReadOnly {
            reason: Damage::Copy { size: 300 }
        }
    );
    assert_eq!(
        (served.head(), served.entry(299).unwrap().is_some()),
        (head, true)
    );
    assert!(served.inclusion(0, 300).is_ok());
    drop(served);
    for boot in [2, 3] {
        let (taken, opening) = try_open(&copy, Restored::TakeUp).unwrap();
        assert_eq!(
            (opening.standing, opening.instance, opening.boot),
            (Standing::Good, [9; 16], boot)
        );
        taken.commit(batch(boot * 1000..boot * 1000 + 1)).wait().unwrap();
    }
    assert!(open(&copy).head().size > 300);
}

#[test]
fn a_file_that_was_copied_by_other_means_is_taken_up_as_a_new_instance_too() {
    let (folder, path) = place();
    let copy = folder.path().join("copy.ledger");
    let instance = |path: &Path, restored| try_open(path, restored).unwrap().1.instance;
    let original = instance(&path, Restored::ReadOnly);
    fs::copy(&path, &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o600)).unwrap();
    let taken = instance(&copy, Restored::TakeUp);
    assert_ne!(taken, original);
    // From then on it is a ledger like any other.
    assert_eq!(instance(&copy, Restored::ReadOnly), taken);
    assert_eq!(instance(&path, Restored::ReadOnly), original);
}

#[test]
fn somebody_elses_write_ends_the_ledger() {
    let (_folder, path) = place();
    let ledger = open(&path);
    ledger.commit(batch(0..1)).wait().unwrap();
    Connection::open(&path)
        .unwrap()
        .execute("UPDATE head SET size = 2", [])
        .unwrap();
    let refusal = ledger.commit(batch(1..2)).wait().unwrap_err();
    assert!(matches!(refusal, CommitError::Dead(_)), "{refusal}");
    assert!(matches!(
        ledger.commit(batch(2..3)).wait(),
        Err(CommitError::Dead(_))
    ));
    assert!(ledger.death().is_some());
}

#[test]
fn altered_tiles_heads_and_rewritten_leaves_are_named() {
    let (_folder, path) = place();
    let ledger = open(&path);
    for n in 0..6 {
        ledger.commit(batch(n * 100..n * 100 + 100)).wait().unwrap();
    }
    drop(ledger);
    let whole = fs::read(&path).unwrap();
    let wal = PathBuf::from(format!("{}-wal", path.display()));
    let pages = fs::read(&wal).unwrap_or_default();
    let altered = |sql: &str| {
        fs::write(&path, &whole).unwrap();
        fs::write(&wal, &pages).unwrap();
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        damage_of(&path)
    };
    let rewrite = |n: u64| {
        let hash = Hash::of(b"rewritten").to_string();
        altered(&format!(
            "UPDATE leaf SET bytes = CAST('rewritten' AS BLOB), hash = x'{hash}' WHERE n = {n}"
        ))
    };
    assert_eq!(rewrite(300), Damage::LeafNotInTile { index: 300 });
    assert!(matches!(
        rewrite(599),
        Damage::RootDiffers {
            size: 600,
            first_suspect: 512,
            ..
        }
    ));
    assert_eq!(
        altered("UPDATE leaf SET hash = zeroblob(32) WHERE n = 3"),
        Damage::LeafAltered { index: 3 }
    );
    assert_eq!(
        altered("UPDATE tile SET data = zeroblob(8192) WHERE number = 1"),
        Damage::LeafNotInTile { index: 256 }
    );
    assert_eq!(
        altered("DELETE FROM tile WHERE number = 1"),
        Damage::TileAltered {
            level: 0,
            number: 1,
            first_index: 256
        }
    );
    assert!(matches!(
        altered("UPDATE head SET root = zeroblob(32)"),
        Damage::RootDiffers { size: 600, .. }
    ));
    assert_eq!(
        altered("UPDATE head SET size = 599"),
        Damage::LeafBehindHead { index: 599 }
    );
    assert!(matches!(
        altered("UPDATE head SET note = CAST('x' AS BLOB)"),
        Damage::NoteForeign { .. }
    ));
    assert_eq!(
        altered("DELETE FROM leaf WHERE n = 0"),
        Damage::LeafMissing { index: 0 }
    );
}

#[test]
fn a_history_rewritten_with_its_head_but_not_its_signature_is_named() {
    let (_folder, path) = place();
    let ledger = open(&path);
    ledger.commit(batch(0..10)).wait().unwrap();
    drop(ledger);
    let root = {
        let (_other, elsewhere) = place();
        let ledger = open(&elsewhere);
        ledger.commit(batch(0..9)).wait().unwrap();
        ledger.head().root
    };
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch(&format!(
        "DELETE FROM leaf WHERE n = 9; UPDATE head SET size = 9, root = x'{root}'"
    ))
    .unwrap();
    drop(raw);
    let fence = PathBuf::from(format!("{}-fence", path.display()));
    assert_eq!(damage_of(&path), Damage::RolledBack { signed: 10, found: 9 });
    fs::remove_file(fence).unwrap();
    assert_eq!(damage_of(&path), Damage::RolledBack { signed: 10, found: 9 });
}

#[test]
fn a_torn_fence_fences_nothing() {
    let (_folder, path) = place();
    drop(open(&path));
    let fence = PathBuf::from(format!("{}-fence", path.display()));
    for torn in [
        b"hotline-fence 1 0000".to_vec(),
        vec![0xff; 100],
        vec![b'1'; 5000],
    ] {
        fs::write(&fence, torn).unwrap();
        drop(open(&path));
    }
}

#[test]
fn the_write_ahead_log_is_copied_back_and_does_not_grow_for_ever() {
    let (_folder, path) = place();
    let ledger = open(&path);
    for n in 0..40 {
        ledger.commit(batch(n * 500..n * 500 + 500)).wait().unwrap();
    }
    drop(ledger);
    let bytes = |path: &Path| fs::metadata(path).unwrap().len();
    let wal = PathBuf::from(format!("{}-wal", path.display()));
    assert!(bytes(&wal) < 24 * 1024 * 1024, "{} bytes", bytes(&wal));
    assert!(bytes(&path) > 1024 * 1024);
    assert_eq!(open(&path).head().size, 20_000);
}

#[test]
fn the_free_space_of_the_file_system_is_known() {
    let (_folder, path) = place();
    let space = open(&path).space().unwrap();
    assert!(space.free_bytes.is_some());
    assert_ne!(space.left(), SpaceLeft::Unknown);
}

/// Opens `file` with one bit flipped behind each occurrence of `key` in turn: in the table that is another column, in an
/// index it is the number of the leaf.
fn with_flips_behind(file: &Path, key: &[u8], look: impl Fn(&Ledger)) {
    let whole = fs::read(file).unwrap();
    let found = (0..whole.len() - key.len()).filter(|at| whole[*at..].starts_with(key));
    let mut good = 0;
    for at in found {
        let mut changed = whole.clone();
        changed[at + key.len()] ^= 1;
        fs::write(file, changed).unwrap();
        let (ledger, opening) = try_open(file, Restored::ReadOnly).unwrap();
        if opening.standing == Standing::Good {
            look(&ledger);
            good += 1;
        }
        drop(ledger);
        fs::write(file, &whole).unwrap();
    }
    assert!(good > 0, "no flip was in an index");
}

#[test]
fn an_index_that_leads_to_another_leaf_is_an_error_and_never_that_leaf() {
    let (_folder, path) = place();
    {
        let ledger = open(&path);
        ledger.commit(batch(0..9)).wait().unwrap();
    }
    let asked = batch(5..6).entries.remove(0);
    let right = |found: Result<Option<hotline_ledger::Stored>, _>| {
        assert!(
            found.is_err() || found.is_ok_and(|leaf| leaf.is_none_or(|leaf| leaf.index == 5)),
            "another leaf was given"
        );
    };
    with_flips_behind(&path, &asked.hash.0, |ledger| right(ledger.by_hash(&asked.hash)));
    with_flips_behind(&path, &asked.id, |ledger| right(ledger.by_id(DESK, &asked.id)));
}

#[test]
fn an_older_copy_catches_up_by_its_exact_tail_and_signs_the_checkpoint_that_was_signed_before() {
    let (folder, path) = place();
    let older = folder.path().join("older.ledger");
    let ledger = open(&path);
    ledger.commit(batch(0..10)).wait().unwrap();
    ledger.backup(&older).unwrap();
    ledger.commit(batch(10..25)).wait().unwrap();
    let (tail, signed) = (ledger.entries(10..25, usize::MAX).unwrap(), ledger.head());
    drop(ledger);
    // The older file in place of the newer one, beside the newer one's fence.
    fs::remove_file(&path).unwrap();
    for beside in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{beside}", path.display()));
    }
    fs::rename(&older, &path).unwrap();
    assert_eq!(
        damage_of(&path),
        Damage::RolledBack {
            signed: 25,
            found: 10
        }
    );
    let (ledger, opening) = try_open(&path, Restored::CatchUp).unwrap();
    assert_eq!((opening.standing, opening.size), (Standing::Good, 10));
    assert_eq!(opening.signed, Some((25, signed.root)));
    ledger.commit(batch(10..17)).wait().unwrap();
    drop(ledger);
    assert_eq!(
        damage_of(&path),
        Damage::RolledBack {
            signed: 25,
            found: 17
        },
        "half way there it is still fenced"
    );
    let (ledger, _) = try_open(&path, Restored::CatchUp).unwrap();
    ledger.commit(batch(17..25)).wait().unwrap();
    assert_eq!(ledger.entries(10..25, usize::MAX).unwrap(), tail);
    assert_eq!(ledger.head(), signed, "to the byte: one history");
    drop(ledger);
    assert_eq!(open(&path).head(), signed);
}

#[test]
fn a_log_that_is_stopped_takes_facts_and_no_leaf_and_goes_on_only_if_nothing_but_the_question_stood_against_it()
 {
    let (_folder, path) = place();
    let ledger = open(&path);
    ledger.commit(batch(0..1)).wait().unwrap();
    ledger.stop_signing_until_asked();
    let refused = |from: u64| ledger.commit(batch(from..from + 1)).wait().unwrap_err();
    assert!(matches!(
        refused(1),
        CommitError::ReadOnly {
            reason: Damage::NotAsked
        }
    ));
    let mut fact = Batch::new(Lane::Control);
    fact.records.push(hotline_ledger::Record::Put {
        space: "fact",
        key: Vec::new(),
        value: b"kept".to_vec(),
    });
    ledger.commit(fact).wait().unwrap();
    assert!(ledger.signing_may_begin());
    ledger.commit(batch(1..2)).wait().unwrap();
    let forked = Damage::Forked {
        witness: "south".into(),
        size: 1,
    };
    ledger.stop_signing(forked.clone());
    assert!(!ledger.signing_may_begin(), "that was no question");
    assert!(matches!(refused(2), CommitError::ReadOnly { reason } if reason == forked));
    assert_eq!((ledger.head().size, ledger.takes_facts()), (2, true));
}
