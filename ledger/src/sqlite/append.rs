//! One round, one transaction: every insert the engine makes.

use hotline_audit::Hash;
use hotline_core::{
    crash::{self, Point},
    leg::Lane,
};
use rusqlite::{Connection, OptionalExtension, params};

use crate::entry::{Conflict, MAX_NUMBER, Record};
use crate::head::{Head, MAX_CONFLICTS, MAX_CONFLICTS_PER_SENDER};
use crate::store::{Meta, Round, StoreError, Tile};

/// How the file writes a lane.
pub(super) fn lane_code(lane: Lane) -> i64 {
    match lane {
        Lane::Control => 1,
        Lane::Message => 2,
        Lane::Bulk => 3,
    }
}

/// A number as the file holds it. The bounds of `entry.rs` keep every number in range before it comes here.
pub(super) fn number(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Malformed {
        what: "a number beyond 63 bits",
    })
}

/// Pages that a round adds to the write-ahead log, roughly: each row touches its table and its random indexes.
pub(super) fn estimated_pages(round: &Round<'_>) -> u64 {
    let bytes: usize = round.leaves.iter().map(|entry| entry.bytes.len()).sum();
    let rows = 3 * round.leaves.len() + round.records.len() + 3 * round.tiles.len();
    (8 + rows) as u64 + bytes as u64 / super::PAGE_BYTES
}

/// Keeps `round` durably, or nothing of it.
pub(super) fn append(connection: &Connection, round: &Round<'_>) -> Result<(), StoreError> {
    // Not rusqlite's `Transaction`: that has BEGIN and COMMIT parsed anew each time.
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let done = insert(connection, round)
        .inspect(|()| crash::at(Point::LedgerWritten))
        .and_then(|()| Ok(connection.prepare_cached("COMMIT")?.execute([])?));
    // A failed COMMIT may have ended the transaction by itself.
    if done.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    done.map(|_| ())
}

fn insert(tx: &Connection, round: &Round<'_>) -> Result<(), StoreError> {
    move_head(tx, round.expected, round.head)?;
    insert_leaves(tx, round)?;
    insert_letters(tx, round)?;
    for record in &round.records {
        apply_record(tx, record)?;
    }
    for conflict in &round.conflicts {
        keep_conflict(tx, conflict)?;
    }
    for tile in &round.tiles {
        insert_tile(tx, tile)?;
    }
    Ok(())
}

fn move_head(tx: &Connection, expected: &Head, head: &Head) -> Result<(), StoreError> {
    let moved = tx
        .prepare_cached(
            "UPDATE head SET size = ?1, root = ?2, note = ?3 WHERE one = 1 AND size = ?4 AND root = ?5",
        )?
        .execute(params![
            number(head.size)?,
            head.root.0,
            head.note,
            number(expected.size)?,
            expected.root.0
        ])?;
    if moved == 1 {
        return Ok(());
    }
    let found: Option<i64> = tx
        .query_row("SELECT size FROM head WHERE one = 1", [], |row| row.get(0))
        .optional()?;
    let found = found.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
    Err(StoreError::HeadMoved {
        expected: expected.size,
        found,
    })
}

fn insert_leaves(tx: &Connection, round: &Round<'_>) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO leaf (n, kind, sender, id, epoch, sequence, hash, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (entry, index) in round.leaves.iter().zip(round.expected.size..MAX_NUMBER) {
        insert.execute(params![
            number(index)?,
            entry.kind,
            entry.sender,
            entry.id,
            number(entry.epoch)?,
            number(entry.sequence)?,
            entry.hash.0,
            entry.bytes
        ])?;
    }
    Ok(())
}

fn insert_letters(tx: &Connection, round: &Round<'_>) -> Result<(), StoreError> {
    let mut insert =
        tx.prepare_cached("INSERT INTO mailbox (recipient, lane, cursor, n) VALUES (?1, ?2, ?3, ?4)")?;
    for letter in &round.letters {
        insert.execute(params![
            letter.recipient,
            lane_code(letter.lane),
            number(letter.cursor)?,
            number(letter.index)?
        ])?;
    }
    Ok(())
}

fn apply_record(tx: &Connection, record: &Record) -> Result<(), StoreError> {
    match record {
        Record::Put { space, key, value } => tx
            .prepare_cached(
                "INSERT INTO record (space, key, value) VALUES (?1, ?2, ?3)
                 ON CONFLICT (space, key) DO UPDATE SET value = excluded.value",
            )?
            .execute(params![space, key, value])?,
        Record::Delete { space, key } => tx
            .prepare_cached("DELETE FROM record WHERE space = ?1 AND key = ?2")?
            .execute(params![space, key])?,
    };
    Ok(())
}

/// Keeps the proof once; counts it only, when enough are kept already.
fn keep_conflict(tx: &Connection, conflict: &Conflict) -> Result<(), StoreError> {
    let hash = Hash::of(&conflict.bytes);
    let kept = tx
        .prepare_cached(
            "INSERT INTO conflict (sender, n, hash, bytes) SELECT ?1, ?2, ?3, ?4
             WHERE (SELECT count(*) FROM conflict) < ?5
               AND (SELECT count(*) FROM conflict WHERE sender = ?1) < ?6
               AND NOT EXISTS (SELECT 1 FROM conflict WHERE hash = ?3)",
        )?
        .execute(params![
            conflict.sender,
            number(conflict.stored_index)?,
            hash.0,
            conflict.bytes,
            number(MAX_CONFLICTS)?,
            number(MAX_CONFLICTS_PER_SENDER)?
        ])?;
    if kept == 0 {
        tx.prepare_cached(
            "UPDATE meta SET value = value + 1 WHERE key = 'not_kept'
             AND NOT EXISTS (SELECT 1 FROM conflict WHERE hash = ?1)",
        )?
        .execute(params![hash.0])?;
    }
    Ok(())
}

fn insert_tile(tx: &Connection, tile: &Tile) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO tile (level, number, data) VALUES (?1, ?2, ?3)")?
        .execute(params![tile.level, number(tile.number)?, tile.data])?;
    Ok(())
}

/// The head of a new log.
pub(super) fn write_empty_head(tx: &Connection) -> rusqlite::Result<()> {
    let root = hotline_audit::tree::empty_root();
    tx.execute(
        "INSERT INTO head (one, size, root, note) VALUES (1, 0, ?1, NULL)",
        params![root.0],
    )?;
    tx.execute("INSERT INTO meta (key, value) VALUES ('not_kept', 0)", [])?;
    Ok(())
}

/// Replaces what the ledger knows about itself.
pub(super) fn write_meta(tx: &Connection, meta: &Meta) -> rusqlite::Result<()> {
    let put = |key: &str, value: &dyn rusqlite::ToSql| {
        tx.execute(
            "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)",
            params![key, value],
        )
        .map(|_| ())
    };
    let forget = |key: &str| {
        tx.execute("DELETE FROM meta WHERE key = ?1", params![key])
            .map(|_| ())
    };
    put("owner", &meta.owner)?;
    put("origin", &meta.origin)?;
    put("boot", &meta.boot.min(MAX_NUMBER).cast_signed())?;
    match &meta.instance {
        Some(instance) => put("instance", instance)?,
        None => forget("instance")?,
    }
    match meta.copied_at {
        Some(size) => put("copied_at", &size.min(MAX_NUMBER).cast_signed()),
        None => forget("copied_at"),
    }
}
