//! Every query the engine makes. Each is one statement (two at most), short, and sees only committed rounds.

use std::path::Path;

use hotline_audit::Hash;
use hotline_core::leg::Lane;
use rusqlite::{OptionalExtension, Row, params};

use super::SqliteReader;
use super::append::{lane_code, number};
use crate::entry::MAX_NUMBER;
use crate::error::BackupError;
use crate::head::{Conflicts, Head, KeptConflict, Letter, Stored};
use crate::store::{Found, Key, Listing, Meta, Reader, Rows, StoreError, Stretch};

/// A query for whole leaves, in the order of columns that [`stored`] reads.
macro_rules! leaves_where {
    ($tail:literal) => {
        concat!(
            "SELECT n, kind, sender, id, epoch, sequence, hash, bytes FROM leaf WHERE ",
            $tail
        )
    };
}

/// An `i64` of the file as the number it stands for.
fn count(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Malformed {
        what: "a negative number",
    })
}

/// A number asked for by a caller; what lies beyond the file's range finds nothing.
fn asked(value: u64) -> i64 {
    value.min(MAX_NUMBER).cast_signed()
}

fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn stored(row: &Row<'_>) -> Result<Stored, StoreError> {
    Ok(Stored {
        index: count(row.get(0)?)?,
        kind: row.get(1)?,
        sender: row.get(2)?,
        id: row.get(3)?,
        epoch: count(row.get(4)?)?,
        sequence: count(row.get(5)?)?,
        hash: Hash(row.get(6)?),
        bytes: row.get(7)?,
    })
}

impl SqliteReader {
    fn leaf_rows(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        mut enough: impl FnMut(&Stored) -> bool,
    ) -> Result<Vec<Stored>, StoreError> {
        let mut select = self.connection.prepare_cached(sql)?;
        let mut rows = select.query(values)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let leaf = stored(row)?;
            let last = enough(&leaf);
            found.push(leaf);
            if last {
                break;
            }
        }
        Ok(found)
    }

    fn meta_value<T: rusqlite::types::FromSql>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        Ok(select.query_row([key], |row| row.get(0)).optional()?)
    }
}

impl Reader for SqliteReader {
    fn head(&self) -> Result<Head, StoreError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT size, root, note FROM head WHERE one = 1")?;
        let row = select
            .query_row([], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?, row.get(2)?))
            })
            .optional()?;
        let (size, root, note) = row.ok_or(StoreError::Malformed {
            what: "the missing row of head",
        })?;
        Ok(Head {
            size: count(size)?,
            root: Hash(root),
            note,
        })
    }

    fn meta(&self) -> Result<Meta, StoreError> {
        let missing = |what| StoreError::Malformed { what };
        let number_of = |value: Option<i64>| value.map(count).transpose();
        Ok(Meta {
            owner: self
                .meta_value("owner")?
                .ok_or(missing("the missing owner in meta"))?,
            origin: self
                .meta_value("origin")?
                .ok_or(missing("the missing origin in meta"))?,
            instance: self.meta_value("instance")?,
            boot: number_of(self.meta_value("boot")?)?.unwrap_or(0),
            copied_at: number_of(self.meta_value("copied_at")?)?,
        })
    }

    fn leaf(&self, index: u64) -> Result<Option<Stored>, StoreError> {
        if index > MAX_NUMBER {
            return Ok(None);
        }
        Ok(self
            .leaf_rows(leaves_where!("n = ?1"), [asked(index)], |_| true)?
            .pop())
    }

    fn leaves(&self, first: u64, end: u64, max_bytes: usize) -> Result<Vec<Stored>, StoreError> {
        let mut bytes = 0usize;
        self.leaf_rows(
            leaves_where!("n >= ?1 AND n < ?2 ORDER BY n"),
            [asked(first), asked(end)],
            |leaf| {
                bytes = bytes.saturating_add(leaf.bytes.len());
                bytes >= max_bytes
            },
        )
    }

    fn find(&self, key: Key<'_>) -> Result<Option<Found>, StoreError> {
        let place = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?));
        let connection = &self.connection;
        let row = match key {
            Key::Id { sender, id } => connection
                .prepare_cached("SELECT n, hash FROM leaf WHERE sender = ?1 AND id = ?2")?
                .query_row(params![sender, id], place),
            Key::Place { epoch: 0, .. } => return Ok(None),
            Key::Place { sender, epoch, sequence } => connection
                .prepare_cached(
                    "SELECT n, hash FROM leaf WHERE sender = ?1 AND epoch = ?2 AND sequence = ?3 AND epoch > 0",
                )?
                .query_row(params![sender, number(epoch)?, number(sequence)?], place),
            Key::Hash(hash) => connection
                .prepare_cached("SELECT n, hash FROM leaf WHERE hash = ?1 ORDER BY n LIMIT 1")?
                .query_row([hash.0], place),
        };
        match row.optional()? {
            Some((index, hash)) => Ok(Some(Found {
                index: count(index)?,
                hash: Hash(hash),
            })),
            None => Ok(None),
        }
    }

    fn chain(&self, stretch: Stretch<'_>) -> Result<Vec<Stored>, StoreError> {
        let values = params![
            stretch.sender,
            asked(stretch.epoch),
            asked(stretch.first),
            asked(stretch.last),
            limit_of(stretch.limit)
        ];
        self.leaf_rows(
            leaves_where!(
                "sender = ?1 AND epoch = ?2 AND epoch > 0 AND sequence BETWEEN ?3 AND ?4 ORDER BY sequence LIMIT ?5"
            ),
            values,
            |_| false,
        )
    }

    fn chain_head(&self, sender: &str) -> Result<Option<u64>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT n FROM leaf WHERE sender = ?1 AND epoch > 0 ORDER BY epoch DESC, sequence DESC LIMIT 1",
        )?;
        select
            .query_row([sender], |row| row.get::<_, i64>(0))
            .optional()?
            .map(count)
            .transpose()
    }

    fn tile(&self, level: u8, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT data FROM tile WHERE level = ?1 AND number = ?2")?;
        Ok(select
            .query_row(params![level, asked(number)], |row| row.get(0))
            .optional()?)
    }

    fn mailbox(
        &self,
        recipient: &str,
        lane: Lane,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Letter>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT cursor, n FROM mailbox WHERE recipient = ?1 AND lane = ?2 AND cursor > ?3 ORDER BY cursor LIMIT ?4",
        )?;
        let mut rows = select.query(params![recipient, lane_code(lane), asked(after), limit_of(limit)])?;
        let mut letters = Vec::new();
        while let Some(row) = rows.next()? {
            letters.push(Letter {
                cursor: count(row.get(0)?)?,
                index: count(row.get(1)?)?,
            });
        }
        Ok(letters)
    }

    fn mailbox_head(&self, recipient: &str, lane: Lane) -> Result<u64, StoreError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT max(cursor) FROM mailbox WHERE recipient = ?1 AND lane = ?2")?;
        let newest: Option<i64> = select.query_row(params![recipient, lane_code(lane)], |row| row.get(0))?;
        newest.map_or(Ok(0), count)
    }

    fn record(&self, space: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT value FROM record WHERE space = ?1 AND key = ?2")?;
        Ok(select
            .query_row(params![space, key], |row| row.get(0))
            .optional()?)
    }

    fn records(&self, listing: Listing<'_>) -> Result<Rows, StoreError> {
        // Keys behind `after` and from `prefix` on, up to the first key that no longer has the prefix.
        let (from, past) = match listing.after {
            Some(after) if after >= listing.prefix => (after, Some(after)),
            _ => (listing.prefix, None),
        };
        let mut select = self.connection.prepare_cached(
            "SELECT key, value FROM record WHERE space = ?1 AND key >= ?2 AND (?3 IS NULL OR key > ?3) ORDER BY key LIMIT ?4",
        )?;
        let mut rows = select.query(params![listing.space, from, past, limit_of(listing.limit)])?;
        let mut found = Rows::new();
        while let Some(row) = rows.next()? {
            let key: Vec<u8> = row.get(0)?;
            if !key.starts_with(listing.prefix) {
                break;
            }
            found.push((key, row.get(1)?));
        }
        Ok(found)
    }

    fn conflicts(&self, limit: usize) -> Result<Conflicts, StoreError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT sender, n, hash, bytes FROM conflict ORDER BY place LIMIT ?1")?;
        let mut rows = select.query([limit_of(limit)])?;
        let mut kept = Vec::new();
        while let Some(row) = rows.next()? {
            kept.push(KeptConflict {
                sender: row.get(0)?,
                stored_index: count(row.get(1)?)?,
                hash: Hash(row.get(2)?),
                bytes: row.get(3)?,
            });
        }
        let not_kept: Option<i64> = self.meta_value("not_kept")?;
        Ok(Conflicts {
            kept,
            not_kept: not_kept.map_or(Ok(0), count)?,
        })
    }

    fn copy_to(&self, to: &Path) -> Result<Head, BackupError> {
        super::copy::copy(&self.path, to)
    }

    fn free_bytes(&self) -> Result<Option<u64>, StoreError> {
        let found = rustix::fs::statvfs(&self.path).map_err(|error| StoreError::File(error.into()))?;
        Ok(Some(found.f_bavail.saturating_mul(found.f_frsize)))
    }
}
