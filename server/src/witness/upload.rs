//! The mirror's call: entries, package by package, each kept once it is proved.

use std::{sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt as _};
use hotline_audit::{
    Checkpoint, LogVerifier,
    mirror::{MAX_PACKAGE_BYTES, MirrorInfo, Package, Span, UploadHead},
    note::{Note, NoteSignature},
    tree::leaf_hash,
};
use tokio::time::Instant;

use super::{
    book::side_of,
    office::{KnownLogs, Office, not_kept, seconds, unreadable},
    reply::Reply,
    shelf::{self, Cosigned, Held},
};

/// Entries before the first missing one that an upload may bring again.
const MAX_EXCESS: u64 = 8_192;

/// Free space below which a mirror keeps nothing more: 512 MiB, well above the 64 MiB below which a relay begins to refuse
/// its desks' traffic.
const RESERVE_BYTES: u64 = 512 * 1024 * 1024;

/// Most bytes of entries that are kept of one log. 8 GiB: millions of messages, and a bound to what another side can make
/// this one keep.
const LOG_MAX_BYTES: u64 = 8 * 1024 * 1024 * 1024;

/// Most bytes of entries that are kept of all logs of one side. 16 GiB: two relays with logs as large as they may be.
const SIDE_MAX_BYTES: u64 = 2 * LOG_MAX_BYTES;

/// What is not in the packages: origin and ticket, each behind 16 bits of length, and two numbers.
const MAX_HEAD_BYTES: usize = 2 * (2 + 65_535) + 16;

/// How long one package may take to come. 120 s: the largest one over a slow line.
const PACKAGE_WITHIN: Duration = Duration::from_secs(120);

/// How long a whole upload may take. 10 min: its place is somebody else's then; what was kept is kept.
const UPLOAD_WITHIN: Duration = Duration::from_mins(10);

/// Why an upload ended before all of it was kept.
enum Stop {
    /// This is the answer.
    Said(Reply),
    /// The body is over, broken off or no upload from here on.
    Over,
}

impl From<Reply> for Stop {
    fn from(reply: Reply) -> Self {
        Self::Said(reply)
    }
}

/// An upload whose head was taken.
struct Upload {
    head: UploadHead,
    /// The checkpoint up to which entries are brought, signed by its log.
    checkpoint: Checkpoint,
    /// With the lines of the log's own keys, each verified, and the witness's own: a ticket for the next request.
    note: Note,
}

impl Office {
    /// The call `add-entries`, of `from`. The body is read as it comes and no further than it is good.
    pub async fn add_entries(
        self: &Arc<Self>,
        body: impl Stream<Item = Vec<u8>> + Unpin,
        known: &Arc<dyn KnownLogs>,
    ) -> Reply {
        let reply = self.try_add_entries(body, known).await;
        if !matches!(reply.status, 200 | 202) {
            self.tally().refused("add-entries", reply.status);
        }
        reply
    }

    async fn try_add_entries(
        self: &Arc<Self>,
        body: impl Stream<Item = Vec<u8>> + Unpin,
        known: &Arc<dyn KnownLogs>,
    ) -> Reply {
        let mut body = Body {
            stream: body,
            bytes: Vec::new(),
            until: Instant::now() + PACKAGE_WITHIN,
            ends: Instant::now() + UPLOAD_WITHIN,
        };
        let upload = match self.begun(&mut body, known.as_ref()).await {
            Ok(upload) => Arc::new(upload),
            Err(Stop::Said(reply)) => return reply,
            Err(Stop::Over) => return Reply::refused(400, "not the head of an upload"),
        };
        let mut kept = false;
        for span in upload.head.spans() {
            match self.take_package(&mut body, &upload, span).await {
                Ok(()) => kept = true,
                Err(Stop::Said(reply)) => return reply,
                Err(Stop::Over) if kept => return self.info(202, &upload),
                Err(Stop::Over) => return Reply::refused(400, "not one whole package of entries"),
            }
        }
        let office = Arc::clone(self);
        let work = async move {
            let finished = office.finish(&upload).await;
            finished.unwrap_or_else(|reply| reply)
        };
        self.to_its_end("mirror cosigns", work).await
    }

    /// Reads the head and says which checkpoint it means.
    async fn begun<S: Stream<Item = Vec<u8>> + Unpin>(
        &self,
        body: &mut Body<S>,
        known: &dyn KnownLogs,
    ) -> Result<Upload, Stop> {
        let head = loop {
            match UploadHead::read(&body.bytes) {
                Ok(Some((head, used))) => {
                    body.bytes.drain(..used);
                    break head;
                }
                Ok(None) => body.more(MAX_HEAD_BYTES).await?,
                Err(error) => return Err(Reply::refused(400, error).into()),
            }
        };
        let keys = known.keys(&head.origin);
        if self.mirror.is_none() || keys.is_empty() || !known.mirrored(&head.origin) {
            return Err(Reply::refused(404, "this log is not mirrored here").into());
        }
        self.check_open()?;
        if self.mirror_key().is_some_and(|key| !known.counts(&key)) {
            return Err(Reply::refused(503, "the key of this mirror has ended").into());
        }
        self.check_checked(&head.origin)?;
        self.check_room(&head.origin, 0)?;
        let seen = self
            .seen(&head.origin)
            .map_err(|error| Reply::refused(500, error))?
            .ok_or_else(|| Reply::refused(422, "no checkpoint of this log was ever brought here"))?;
        let held = self.held(&head.origin);
        let pending = [seen.note().clone()]
            .into_iter()
            .chain(Note::parse(&head.ticket).ok())
            .filter_map(|note| self.ticket(&note, &keys))
            .find_map(|note| {
                let checkpoint = Checkpoint::danger_parse_extended(&note.text).ok()?;
                let meant = checkpoint.origin == head.origin && checkpoint.size == head.end;
                meant.then_some((checkpoint, note))
            });
        let current = || MirrorInfo {
            size: seen.size(),
            next: held.next(),
            ticket: seen.note().encode(),
        };
        let Some((checkpoint, note)) = pending else {
            return Err(Reply::mirror_info(409, current().encode()).into());
        };
        let excess = head.end.min(held.next()).saturating_sub(head.start);
        if head.end < held.cosigned_size() {
            return Err(Reply::mirror_info(409, current().encode()).into());
        }
        let upload = Upload {
            head,
            checkpoint,
            note,
        };
        if upload.head.start > held.next() || excess > MAX_EXCESS {
            return Err(self.info(409, &upload).into());
        }
        Ok(upload)
    }

    /// Refuses entries for which there is no room: another side's log must not take the disk that the own traffic needs.
    fn check_room(&self, origin: &str, more: u64) -> Result<(), Reply> {
        let free = self
            .ledger()
            .space()
            .map_err(|error| unreadable(&error))?
            .free_bytes;
        if free.is_some_and(|free| free < RESERVE_BYTES.saturating_add(more)) {
            return Err(Reply::refused(
                507,
                "this mirror's disk is nearly full; it keeps nothing more",
            ));
        }
        let of_side = self.shelf().bytes_of(side_of(origin));
        check_shares((self.held(origin).bytes(), of_side), more)
    }

    /// A checkpoint that the witness cosigned and the log signed, with these lines alone: whoever brings a ticket could put
    /// others beneath it, or take the log's own away, and the note is handed out.
    fn ticket(&self, note: &Note, keys: &[LogVerifier]) -> Option<Note> {
        let witness = self.witness_key();
        let of = |line: &NoteSignature| Note {
            text: note.text.clone(),
            signatures: vec![line.clone()],
        };
        let by_log = keys.iter().filter_map(|key| {
            let mut lines = note.signatures.iter();
            lines.find(|line| of(line).verify(key.verifier_key()).is_ok())
        });
        let mut signatures: Vec<NoteSignature> = by_log.cloned().collect();
        let mut lines = note.signatures.iter();
        let cosigned = lines.find(|line| witness.time_of(&note.text, line).is_some())?;
        if signatures.is_empty() {
            return None;
        }
        signatures.push(cosigned.clone());
        Some(Note {
            text: note.text.clone(),
            signatures,
        })
    }

    /// Where to go on with this upload.
    fn info(&self, status: u16, upload: &Upload) -> Reply {
        let info = MirrorInfo {
            size: upload.head.end,
            next: self.held(&upload.head.origin).next(),
            ticket: upload.note.encode(),
        };
        Reply::mirror_info(status, info.encode())
    }

    /// Reads one package, checks it and keeps what of it is new.
    async fn take_package<S: Stream<Item = Vec<u8>> + Unpin>(
        self: &Arc<Self>,
        body: &mut Body<S>,
        upload: &Arc<Upload>,
        span: Span,
    ) -> Result<(), Stop> {
        body.until = body.ends.min(Instant::now() + PACKAGE_WITHIN);
        let package = loop {
            match Package::read(&body.bytes, span) {
                Ok(Some((package, used))) => {
                    body.bytes.drain(..used);
                    break package;
                }
                Ok(None) => body.more(MAX_PACKAGE_BYTES).await?,
                Err(_) => return Err(Stop::Over),
            }
        };
        let (office, upload) = (Arc::clone(self), Arc::clone(upload));
        let work = async move {
            let kept = office.keep_package(&upload, &package, span).await;
            kept.err().unwrap_or_else(|| Reply::note(Vec::new()))
        };
        match self.to_its_end("mirror keeps", work).await {
            kept if kept.status == 200 => Ok(()),
            refused => Err(refused.into()),
        }
    }

    /// Checks a package against what is held and puts what of it is new behind that. Never to be dropped half way: see
    /// [`Office::to_its_end`].
    async fn keep_package(&self, upload: &Upload, package: &Package, span: Span) -> Result<(), Reply> {
        let origin = upload.head.origin.as_str();
        let _in_order = self.append.lock().await;
        let held = self.held(origin);
        let before = usize::try_from(span.start - span.base).unwrap_or(usize::MAX);
        let before =
            shelf::entries(self.ledger(), origin, span.base, before).map_err(|error| unreadable(&error))?;
        let before: Vec<_> = before.iter().map(|entry| leaf_hash(entry)).collect();
        let (size, root) = (upload.checkpoint.size, upload.checkpoint.root);
        if !package.verify(span, &before, size, &root) {
            let why = format!(
                "entries {} to {} are not shown to be part of the tree of {size}",
                span.start,
                span.end.saturating_sub(1)
            );
            return Err(Reply::refused(422, why));
        }
        if held.next() < span.start {
            // Somebody else's package was to come first, and what it brought was altered since.
            return Err(self.info(409, upload));
        }
        let known = usize::try_from(held.next() - span.start).unwrap_or(usize::MAX);
        let fresh = package.entries.get(known..).unwrap_or_default();
        self.put(origin, held, fresh).await
    }

    /// Puts entries behind those that are held, durably.
    async fn put(&self, origin: &str, held: Held, fresh: &[Vec<u8>]) -> Result<(), Reply> {
        for piece in shelf::pieces(origin, held, fresh) {
            let more = piece.held.bytes().saturating_sub(self.held(origin).bytes());
            self.check_room(origin, more)?;
            self.ledger()
                .commit(piece.batch)
                .await
                .map_err(|error| not_kept(&error))?;
            self.take(origin, piece.held);
        }
        Ok(())
    }

    /// Everything is there: computes the root of what is held, keeps the checkpoint, and only then cosigns it.
    async fn finish(&self, upload: &Upload) -> Result<Reply, Reply> {
        let origin = upload.head.origin.as_str();
        let _in_order = self.append.lock().await;
        let (held, size) = (self.held(origin), upload.checkpoint.size);
        if size < held.cosigned_size() || held.next() < size {
            return Err(self.info(409, upload));
        }
        let root = shelf::root_of(self.ledger(), origin, &held, size).map_err(|error| unreadable(&error))?;
        if root != upload.checkpoint.root {
            tracing::error!(
                event = "alarm",
                code = "MIRROR_ALTERED",
                log = origin,
                size,
                "alarm"
            );
            return Err(Reply::refused(500, "the entries that are held have another root"));
        }
        let Some(mirror) = &self.mirror else {
            return Err(Reply::refused(404, "this log is not mirrored here"));
        };
        let line = mirror.cosign(&upload.note.text, self.mirror_time(&held));
        let held = held.with(Cosigned {
            checkpoint: upload.checkpoint.clone(),
            note: self.served(upload, line.clone()),
        });
        self.commit(shelf::held_record(origin, &held)).await?;
        self.take(origin, held);
        self.judge_again(origin).await;
        self.tell_mirrored();
        Ok(Reply::note(line.to_string()))
    }

    /// Now, and never before what this mirror said of the log already.
    fn mirror_time(&self, held: &Held) -> u64 {
        let key = self.mirror_key();
        let last = held
            .cosigned()
            .zip(key)
            .and_then(|(cosigned, key)| key.verify(&cosigned.note));
        seconds(self.clock.wall()).max(last.unwrap_or(0)).max(1)
    }

    /// The note that the mirror hands out: the log's lines and its own, not the witness'.
    fn served(&self, upload: &Upload, line: NoteSignature) -> Note {
        let witness = self.witness_key();
        let mut note = upload.note.clone();
        note.signatures
            .retain(|line| line.name != witness.name().as_str());
        note.signatures.push(line);
        note
    }
}

/// Refuses more of one log, or of all logs of one side, than is kept of it.
fn check_shares((log, side): (u64, u64), more: u64) -> Result<(), Reply> {
    let (most, of) = if log.saturating_add(more) > LOG_MAX_BYTES {
        (LOG_MAX_BYTES, "one log")
    } else if side.saturating_add(more) > SIDE_MAX_BYTES {
        (SIDE_MAX_BYTES, "one side's logs")
    } else {
        return Ok(());
    };
    let why = format!("this mirror keeps at most {most} bytes of {of}");
    Err(Reply::refused(507, why))
}

/// A body that is read as far as it is wanted.
struct Body<S> {
    stream: S,
    bytes: Vec<u8>,
    /// When what is read now must be there.
    until: Instant,
    /// When nothing more is read.
    ends: Instant,
}

impl<S: Stream<Item = Vec<u8>> + Unpin> Body<S> {
    /// Waits for more bytes, of which no more than `most` may lie unread.
    async fn more(&mut self, most: usize) -> Result<(), Stop> {
        if self.bytes.len() > most {
            return Err(Stop::Over);
        }
        if Instant::now() >= self.ends {
            // However fast it comes.
            return Err(Stop::Over);
        }
        match tokio::time::timeout_at(self.until, self.stream.next()).await {
            Ok(Some(bytes)) => {
                self.bytes.extend_from_slice(&bytes);
                Ok(())
            }
            Ok(None) | Err(_) => Err(Stop::Over),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_upload_that_has_lasted_long_enough_is_read_no_further_however_fast_it_comes() {
        let body = |ends| Body {
            stream: futures_util::stream::repeat(vec![1]),
            bytes: Vec::new(),
            until: Instant::now() + PACKAGE_WITHIN,
            ends,
        };
        assert!(body(Instant::now() + UPLOAD_WITHIN).more(10).await.is_ok());
        assert!(matches!(body(Instant::now()).more(10).await, Err(Stop::Over)));
    }

    #[test]
    fn many_logs_of_one_side_take_no_more_of_the_disk_than_two() {
        let refused = |log, side, more| check_shares((log, side), more).is_err();
        assert!(!refused(0, 0, 1) && !refused(LOG_MAX_BYTES - 1, LOG_MAX_BYTES - 1, 1));
        assert!(refused(LOG_MAX_BYTES, LOG_MAX_BYTES, 1));
        assert!(!refused(0, SIDE_MAX_BYTES - 1, 1) && refused(0, SIDE_MAX_BYTES, 1));
    }
}
