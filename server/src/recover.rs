//! `relay recover`: the tail that this relay's ledger has lost, fetched from the other side's mirrors and appended as it was.
//!
//! Everybody who may hold something of this log is asked for the newest checkpoint that our own key signed. What a mirror
//! gives is put behind what is here, and has to give the root of that checkpoint before a single leaf is written, and on
//! the way the root of everything else that our key is known to have signed: what others show, what somebody showed before
//! (the records `against`), and the newest signature that is remembered beside the ledger. So whatever is signed on the way
//! is a beginning of the one history, and the tail is never shorter than what this machine knows to be signed. The relay must not run meanwhile: the ledger's lock sees
//! to that on this machine; on others it is for people to know.

use std::time::Duration;

use hotline_audit::{
    Checkpoint, CosignVerifier, Frontier, Hash, LogVerifier,
    note::Note,
    tiles,
    tree::leaf_hash,
    witness::{AddCheckpoint, origin_hash},
};
use hotline_core::{identity::Identity, leg::Lane};
use hotline_ledger::{Batch, Ledger, MAX_BATCH_BYTES, Opening, Record, Restored};
use hotline_transport::{ClientTls, DialTimings, Dialer, Seams, TrustStore};

use crate::{
    anchor::{Answered, Cosigner, Via, Wire, WireError, against, log_keys, size_seen},
    config::RelayConfig,
    relog,
    run::{self, Believed, StartError},
    witness::{book, own},
};

/// Entries of a bundle.
const BUNDLE: u64 = 256;

/// Entries of one commit.
const AT_ONCE: usize = 1024;

/// Most leaves that are brought back at once: their hashes are in memory meanwhile.
const TAIL_MAX: u64 = 4_000_000;

/// How often one that is only asked for its checkpoint may say that it is busy.
const BUSY_SHORT: usize = 5;

/// How often a mirror may say that it is busy, with a pause between.
const BUSY_MAX: usize = 60;

/// The pause. 1 s: what mirrors ask for.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

/// What this relay remembers as a witness of other logs is as old as the ledger. The tail holds what it has cosigned since,
/// and that is remembered with it.
struct Recall {
    witness: Option<CosignVerifier>,
}

impl Recall {
    fn of(config: &RelayConfig) -> Result<Self, StartError> {
        let keys = config.witness.as_ref();
        let witness = keys.map(|keys| own::witness_verifier(&config.identity, keys));
        Ok(Self {
            witness: witness.transpose()?,
        })
    }

    /// What is to be kept with this leaf, if anything is. Later leaves of a batch stand in for earlier ones.
    fn record(&self, ledger: &Ledger, leaf: &[u8]) -> Option<Record> {
        book::recalled(ledger, leaf, self.witness.as_ref()?)
    }
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Leaves that were here before.
    pub before: u64,
    /// Leaves that are here now.
    pub now: u64,
    /// Who held the newest checkpoint; none if nothing was missing.
    pub from: Option<String>,
    /// Who was asked and gave no answer, and may hold more.
    pub silent: Vec<Silent>,
}

/// One who gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silent {
    /// Its name, as a witness.
    pub name: String,
    /// Why it is none.
    pub why: String,
    /// Whether it goes on without it because people said so.
    pub left_out: bool,
}

impl std::fmt::Display for Silent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.why)
    }
}

impl Recovered {
    /// Whether everybody has said what it holds, or was left out by name: then nothing that was signed is missing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.silent.iter().all(|silent| silent.left_out)
    }
}

/// Why a tail does not come back.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// What a start would refuse too.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Nobody can be asked.
    #[error(
        "nobody is known who could hold this log: no relay of another side has a witness's key in its roster"
    )]
    Nobody,
    /// Nobody answered.
    #[error("none of those who may hold this log answered: {}", joined(.silent))]
    Silent {
        /// Who, and why not.
        silent: Vec<Silent>,
    },
    /// A name that nobody has.
    #[error("nobody of those who are asked is called {name}: they are {}", .known.join(", "))]
    NoSuch {
        /// What was typed.
        name: String,
        /// Who is asked.
        known: Vec<String>,
    },
    /// Our key has signed two histories.
    #[error(
        "{witness} holds another root of {size} leaves that our log key signed: these leaves are another history, and no tail makes them one"
    )]
    Forked {
        /// Who shows it.
        witness: String,
        /// Leaves of its checkpoint.
        size: u64,
    },
    /// Nobody who answered has the missing entries.
    #[error(
        "{witness} holds a checkpoint of {wanted} leaves that our key signed, and no mirror that answered gives the leaves from {found} on: {why}"
    )]
    NotMirrored {
        /// Who holds the checkpoint.
        witness: String,
        /// Its leaves.
        wanted: u64,
        /// Leaves that are here.
        found: u64,
        /// What the mirrors said.
        why: String,
    },
    /// The ledger.
    #[error("the ledger does not take them: {0}")]
    Ledger(String),
}

/// A checkpoint that our key has signed, as far as is known, and who holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Signed {
    size: u64,
    root: Hash,
    holder: String,
}

/// What one who was asked showed.
struct Shown {
    wire: Wire,
    signed: Vec<Signed>,
    /// Why it does not count as somebody who has shown all that it cosigned.
    silent: Option<String>,
}

/// Brings back what is missing; without waiting for the word of these, by their names as witnesses.
///
/// # Errors
/// [`RecoverError`]; nothing was written, or a beginning of the one history.
pub async fn recover(
    config: &RelayConfig,
    seams: &Seams,
    without: &[String],
) -> Result<Recovered, RecoverError> {
    let asked = Asking::new(config, seams)?;
    let known: Vec<String> = asked.cosigners.iter().map(Cosigner::name).collect();
    if let Some(name) = without.iter().find(|name| !known.contains(name)) {
        let name = name.clone();
        return Err(RecoverError::NoSuch { name, known });
    }
    let (ledger, opening) = run::open_for(config, seams, Restored::CatchUp)?;
    let (before, newest_here) = (ledger.head().size, ledger.head().note);
    let mut signed = known_here(&ledger, &opening, &asked.own)?;
    let (mut silent, mut wires, mut answered) = (Vec::new(), Vec::new(), false);
    for cosigner in &asked.cosigners {
        let silence = |why: String| Silent {
            name: cosigner.name(),
            why,
            left_out: without.contains(&cosigner.name()),
        };
        match asked.newest(cosigner, newest_here.as_deref()).await {
            Ok(shown) => {
                wires.push((cosigner.name(), shown.wire));
                signed.extend(shown.signed);
                answered |= shown.silent.is_none();
                silent.extend(shown.silent.map(silence));
            }
            Err(why) => silent.push(silence(why)),
        }
    }
    for signed in &signed {
        check(&ledger, signed)?;
    }
    if !answered && silent.iter().any(|silent| !silent.left_out) {
        return Err(RecoverError::Silent { silent });
    }
    let newest = signed.iter().max_by_key(|signed| signed.size);
    let Some(newest) = newest.filter(|newest| newest.size > before) else {
        forget(&ledger, &asked.own).await?;
        return Ok(Recovered {
            before,
            now: before,
            from: None,
            silent,
        });
    };
    let recall = Recall::of(config)?;
    bring(&ledger, &config.identity, wires, (newest, &signed, &recall)).await?;
    forget(&ledger, &asked.own).await?;
    Ok(Recovered {
        before,
        now: ledger.head().size,
        from: Some(newest.holder.clone()),
        silent,
    })
}

/// Brings the leaves behind those that are here from whichever mirror has them. What one has given and was written stays, and
/// the next goes on behind it.
async fn bring(
    ledger: &Ledger,
    identity: &Identity,
    wires: Vec<(String, Wire)>,
    (newest, signed, recall): (&Signed, &[Signed], &Recall),
) -> Result<(), RecoverError> {
    let hash = origin_hash(&identity.origin());
    let mut refused = Vec::new();
    for (name, mut wire) in wires {
        let tail = Tail {
            wire: &mut wire,
            hash: &hash,
            from: ledger.head().size,
            target: newest,
            on_the_way: signed,
            recall,
        };
        match tail.bring(ledger, identity).await? {
            Ok(()) => return Ok(()),
            Err(why) => refused.push(format!("{name}: {why}")),
        }
    }
    Err(RecoverError::NotMirrored {
        witness: newest.holder.clone(),
        wanted: newest.size,
        found: ledger.head().size,
        why: refused.join("; "),
    })
}

fn joined(silent: &[Silent]) -> String {
    let each: Vec<String> = silent.iter().map(Silent::to_string).collect();
    each.join("; ")
}

/// What this machine knows our key to have signed: what somebody showed against the log, and the newest signature that is
/// remembered beside it.
fn known_here(ledger: &Ledger, opening: &Opening, own: &[LogVerifier]) -> Result<Vec<Signed>, RecoverError> {
    let remembered = opening.signed.map(|(size, root)| Signed {
        size,
        root,
        holder: "this machine's own memory of what was signed".into(),
    });
    let shown = shown_here(ledger, own)?;
    let shown = shown.into_iter().map(|(signed, _)| signed);
    Ok(remembered.into_iter().chain(shown).collect())
}

/// What somebody showed against the log and our key has signed, with what forgets it.
fn shown_here(ledger: &Ledger, own: &[LogVerifier]) -> Result<Vec<(Signed, Record)>, RecoverError> {
    let kept = against::all(ledger).map_err(|error| RecoverError::Ledger(error.to_string()))?;
    let signed = kept.into_iter().filter_map(|shown| {
        let checkpoint = signed_by(&shown.note, own)?;
        let forgotten = shown.forgotten();
        let signed = Signed {
            size: checkpoint.size,
            root: checkpoint.root,
            holder: shown.witness,
        };
        Some((signed, forgotten))
    });
    Ok(signed.collect())
}

/// The checkpoint of a note that one of these keys has signed.
fn signed_by(note: &[u8], own: &[LogVerifier]) -> Option<Checkpoint> {
    own.iter()
        .find_map(|key| Checkpoint::parse_and_verify(note, key).ok())
}

/// A checkpoint of no more leaves than are here must be a beginning of them.
fn check(ledger: &Ledger, found: &Signed) -> Result<(), RecoverError> {
    let size = found.size;
    if size > ledger.head().size {
        return Ok(());
    }
    let root = ledger
        .root_at(size)
        .map_err(|error| RecoverError::Ledger(error.to_string()))?;
    if root == found.root {
        return Ok(());
    }
    Err(forked(found))
}

fn forked(found: &Signed) -> RecoverError {
    RecoverError::Forked {
        witness: found.holder.clone(),
        size: found.size,
    }
}

/// What was shown against this log and is a beginning of it by now speaks against it no more. Anything else stays.
async fn forget(ledger: &Ledger, own: &[LogVerifier]) -> Result<(), RecoverError> {
    let mut batch = Batch::new(Lane::Control);
    let here = ledger.head().size;
    for (signed, forgotten) in shown_here(ledger, own)? {
        if signed.size <= here && check(ledger, &signed).is_ok() {
            batch.records.push(forgotten);
        }
    }
    let done = ledger.commit(batch).await;
    done.map(drop)
        .map_err(|error| RecoverError::Ledger(error.to_string()))
}

/// Whoever can be asked, and with what.
pub(crate) struct Asking {
    seams: Seams,
    dialer: Dialer,
    pub(crate) cosigners: Vec<Cosigner>,
    own: Vec<LogVerifier>,
    origin: String,
}

impl Asking {
    pub(crate) fn new(config: &RelayConfig, seams: &Seams) -> Result<Self, RecoverError> {
        let own = run::own_certificate(config, seams)?;
        let believed = Believed::read(config, &|_, _| std::collections::BTreeSet::new())?;
        let cosigners = run::whom(config, &believed.rosters, seams)?;
        if cosigners.is_empty() {
            return Err(RecoverError::Nobody);
        }
        let denied = believed.denied();
        let keys = log_keys(&config.identity, &believed.rosters);
        let trust = TrustStore::with_denied(seams, believed.anchors, denied).map_err(StartError::from)?;
        let tls = ClientTls::new(seams, own, std::sync::Arc::new(trust));
        Ok(Self {
            seams: seams.clone(),
            dialer: Dialer::new(seams, &tls).with_timings(DialTimings::of(config.profile)),
            cosigners,
            own: keys,
            origin: config.identity.origin(),
        })
    }

    /// The same questions about another log, whose keys are these.
    pub(crate) fn about(self, origin: &str, own: Vec<LogVerifier>) -> Self {
        Self {
            own,
            origin: origin.to_owned(),
            ..self
        }
    }

    /// The checkpoints of the log that one holds, under the log's own signature; `newest` is the last note that is here.
    async fn newest(&self, cosigner: &Cosigner, newest: Option<&[u8]>) -> Result<Shown, String> {
        let reached = Wire::reach_patiently(&self.seams, &self.dialer, &cosigner.via).await;
        let mut wire = reached.map_err(|error| error.to_string())?;
        let about = About {
            origin: &self.origin,
            own: &self.own,
            holder: &cosigner.name(),
        };
        let (signed, silent) = match cosigner.via {
            Via::Doors { .. } => about.shown_by_relay(&mut wire, cosigner.mirror.is_some()).await?,
            Via::Http { .. } => about.shown_by_stranger(&mut wire, newest).await?,
        };
        Ok(Shown { wire, signed, silent })
    }

    /// The newest note of the log that anybody holds, with its bytes.
    pub(crate) async fn newest_note(&self) -> Option<(u64, Vec<u8>)> {
        let hash = origin_hash(&self.origin);
        let mut newest: Option<(u64, Vec<u8>)> = None;
        for cosigner in &self.cosigners {
            let Ok(mut wire) = Wire::reach_patiently(&self.seams, &self.dialer, &cosigner.via).await else {
                continue;
            };
            for kind in ["witness", "mirror"] {
                let Ok(answered) = wire.get(&format!("/{kind}/{hash}/checkpoint")).await else {
                    continue;
                };
                if let Some(shown) = signed_by(&answered.body, &self.own)
                    && newest.as_ref().is_none_or(|(size, _)| *size < shown.size)
                {
                    newest = Some((shown.size, answered.body.to_vec()));
                }
            }
        }
        newest
    }
}

/// What one showed, and why that is not all that it cosigned, if it is not.
type Word = (Vec<Signed>, Option<String>);

/// One who is asked about a log.
struct About<'a> {
    origin: &'a str,
    own: &'a [LogVerifier],
    holder: &'a str,
}

impl About<'_> {
    fn read(&self, answered: &Answered) -> Result<Option<Signed>, String> {
        read(answered, self.own, self.holder)
    }

    /// A relay has said what it cosigned if its witness has shown one, or said that there is none (404); whatever else it
    /// answers, it may hold more.
    async fn shown_by_relay(&self, wire: &mut Wire, mirrors: bool) -> Result<Word, String> {
        let hash = origin_hash(self.origin);
        let witness = ask(wire, &format!("/witness/{hash}/checkpoint")).await?;
        let witness = self.read(&witness);
        let silent = witness.as_ref().err().cloned();
        let mut signed: Vec<Signed> = witness.ok().flatten().into_iter().collect();
        if mirrors {
            let mirror = ask(wire, &format!("/mirror/{hash}/checkpoint")).await?;
            signed.extend(self.read(&mirror).ok().flatten());
        }
        Ok((signed, silent))
    }

    /// Other software shows a checkpoint late, or not at all; what it has cosigned it says when it is offered one that
    /// builds on none: `newest`, the last that is here. More than that counts once it is shown.
    async fn shown_by_stranger(&self, wire: &mut Wire, newest: Option<&[u8]>) -> Result<Word, String> {
        let hash = origin_hash(self.origin);
        let mut signed = Vec::new();
        for path in [
            format!("/witness/{hash}/checkpoint"),
            format!("/{hash}/checkpoint"),
        ] {
            let answered = ask(wire, &path).await?;
            signed.extend(self.read(&answered).ok().flatten());
        }
        let offered = newest.and_then(|note| AddCheckpoint::new(0, Vec::new(), Note::parse(note).ok()?).ok());
        let Some(offered) = offered else {
            let why = "there is no checkpoint here by which it could be asked what it has seen";
            return Ok((signed, Some(why.into())));
        };
        let shown = signed.iter().map(|signed| signed.size).max().unwrap_or(0);
        let known = shown.max(offered.checkpoint.size);
        let answered = offer(wire, &offered).await?;
        let silent = match size_seen(&answered) {
            Ok(seen) if seen <= known => None,
            Ok(seen) => Some(format!(
                "it says that it has seen {seen} leaves, and shows no checkpoint of them"
            )),
            Err(why) => Some(why),
        };
        Ok((signed, silent))
    }
}

/// Asks for a file.
async fn ask(wire: &mut Wire, path: &str) -> Result<Answered, String> {
    patiently(async || wire.get(path).await).await
}

/// Offers a checkpoint.
async fn offer(wire: &mut Wire, offered: &AddCheckpoint) -> Result<Answered, String> {
    let body = offered.encode();
    patiently(async || {
        wire.post("/add-checkpoint", "text/plain; charset=utf-8", body.clone())
            .await
    })
    .await
}

/// One that is busy for a moment is asked again.
async fn patiently(mut call: impl AsyncFnMut() -> Result<Answered, WireError>) -> Result<Answered, String> {
    let mut busy = 0;
    loop {
        let answered = call().await.map_err(|error| error.to_string())?;
        if !matches!(answered.status, 429 | 503) || busy == BUSY_SHORT {
            return Ok(answered);
        }
        busy += 1;
        tokio::time::sleep(BUSY_PAUSE).await;
    }
}

/// The checkpoint that an answer shows; none if it says that there is none. Everything else says nothing.
fn read(answered: &Answered, own: &[LogVerifier], holder: &str) -> Result<Option<Signed>, String> {
    match answered.status {
        404 => Ok(None),
        200 => {
            let checkpoint = signed_by(&answered.body, own)
                .ok_or_else(|| "it shows a checkpoint that our log key did not sign".to_owned())?;
            Ok(Some(Signed {
                size: checkpoint.size,
                root: checkpoint.root,
                holder: holder.to_owned(),
            }))
        }
        status => Err(format!("it answered {status}")),
    }
}

/// The leaves behind those that are here.
struct Tail<'a> {
    wire: &'a mut Wire,
    hash: &'a str,
    from: u64,
    target: &'a Signed,
    /// Everything else that our key is known to have signed.
    on_the_way: &'a [Signed],
    recall: &'a Recall,
}

impl<'a> Tail<'a> {
    /// Fetches it twice: first to see that it gives the root that was signed, then, leaf by leaf the same, to write it. The
    /// inner error is what this mirror lacks; another one may have it.
    async fn bring(
        mut self,
        ledger: &Ledger,
        identity: &Identity,
    ) -> Result<Result<(), String>, RecoverError> {
        let failed = |error: &dyn std::fmt::Display| RecoverError::Ledger(error.to_string());
        if self.target.size - self.from > TAIL_MAX {
            return Ok(Err(format!("more than {TAIL_MAX} leaves are missing")));
        }
        let nodes = ledger.nodes().map_err(|error| failed(&error))?;
        let mut frontier = Frontier::read(&nodes, self.from).map_err(|error| failed(&error))?;
        let mut leaves = Vec::new();
        let mut other = None;
        let mut next = self.from;
        while next < self.target.size {
            let entries = match self.stretch(next).await {
                Ok(entries) => entries,
                Err(why) => return Ok(Err(why)),
            };
            for entry in &entries {
                let leaf = leaf_hash(entry);
                frontier.push(leaf);
                leaves.push(leaf);
                other = other.or_else(|| self.contradicted(&frontier));
            }
            next += entries.len() as u64;
        }
        if frontier.root() != self.target.root {
            return Ok(Err(
                "what it gives does not lead from what is here to the root that our key signed".into(),
            ));
        }
        if let Some(other) = other {
            // What is here leads to both: our key signed two histories.
            return Err(forked(other));
        }
        self.write(ledger, identity, &leaves).await
    }

    /// Whether our key signed another root of so many leaves.
    fn contradicted(&self, frontier: &Frontier) -> Option<&'a Signed> {
        let size = frontier.size();
        let mut here = self.on_the_way.iter().filter(|signed| signed.size == size);
        here.find(|signed| signed.root != frontier.root())
    }

    async fn write(
        &mut self,
        ledger: &Ledger,
        identity: &Identity,
        leaves: &[Hash],
    ) -> Result<Result<(), String>, RecoverError> {
        let failed = |error: &dyn std::fmt::Display| RecoverError::Ledger(error.to_string());
        let mut next = self.from;
        let mut batch = Batch::new(Lane::Bulk);
        let mut bytes = 0;
        while next < self.target.size {
            let entries = match self.stretch(next).await {
                Ok(entries) => entries,
                Err(why) => return Ok(Err(why)),
            };
            for entry in entries {
                let place = usize::try_from(next - self.from).unwrap_or(usize::MAX);
                if leaves.get(place) != Some(&leaf_hash(&entry)) {
                    return Ok(Err(format!("it gave another leaf {next} the second time")));
                }
                if batch.entries.len() >= AT_ONCE || bytes + entry.len() > MAX_BATCH_BYTES / 2 {
                    let full = std::mem::replace(&mut batch, Batch::new(Lane::Bulk));
                    ledger.commit(full).await.map_err(|error| failed(&error))?;
                    bytes = 0;
                }
                bytes += entry.len();
                batch.records.extend(self.recall.record(ledger, &entry));
                let entry = relog::entry(&entry, identity).map_err(|error| failed(&error))?;
                batch.entries.push(entry);
                next += 1;
            }
        }
        if !batch.entries.is_empty() {
            ledger.commit(batch).await.map_err(|error| failed(&error))?;
        }
        let head = ledger.head();
        if (head.size, head.root) != (self.target.size, self.target.root) {
            return Err(RecoverError::Ledger(
                "the log that was written is not the one that was signed".into(),
            ));
        }
        Ok(Ok(()))
    }

    /// The leaves from `next` to the end of their bundle, or of the target.
    async fn stretch(&mut self, next: u64) -> Result<Vec<Vec<u8>>, String> {
        let number = next / BUNDLE;
        let begin = number * BUNDLE;
        let width = (self.target.size - begin).min(BUNDLE);
        let path = tiles::entries_path(number, width);
        let mut answered = self.get(&path).await?;
        if answered.is_none() && width < BUNDLE {
            // A reader that lacks a partial bundle takes the full one.
            answered = self.get(&tiles::entries_path(number, BUNDLE)).await?;
        }
        let bundle = answered.ok_or_else(|| format!("it does not hold {path}"))?;
        let entries = tiles::Bundle::read(&bundle).entries;
        let skip = usize::try_from(next - begin).unwrap_or(usize::MAX);
        let wanted = usize::try_from(width).unwrap_or(usize::MAX);
        if entries.len() < wanted {
            return Err(format!(
                "{path} has {} entries instead of {wanted}",
                entries.len()
            ));
        }
        Ok(entries.into_iter().take(wanted).skip(skip).collect())
    }

    async fn get(&mut self, path: &str) -> Result<Option<Vec<u8>>, String> {
        let path = format!("/mirror/{}/{path}", self.hash);
        for _ in 0..BUSY_MAX {
            let answered = self.wire.bundle(&path).await.map_err(|error| error.to_string())?;
            match answered.status {
                200 => return Ok(Some(answered.body.to_vec())),
                429 | 503 => tokio::time::sleep(BUSY_PAUSE).await,
                _ => return Ok(None),
            }
        }
        Err("it is busy, again and again".into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use hotline_audit::{LogSigner, SigningKey};
    use hotline_ledger::{Engine, MemoryDisk, Mode, OpenOptions};

    use super::*;

    const ORIGIN: &str = "exercise.avelia.example/relay/north";

    fn log() -> LogSigner {
        LogSigner::new(ORIGIN, SigningKey::from_seed(&[1; 32])).unwrap()
    }

    fn opened() -> (Ledger, Opening) {
        Ledger::open(OpenOptions {
            engine: Engine::Memory(MemoryDisk::new()),
            owner: "north".into(),
            origin: ORIGIN.into(),
            signer: Some(log()),
            entropy: &mut |buffer: &mut [u8]| buffer.fill(7),
            mode: Mode::Inline,
            restored: Restored::CatchUp,
        })
        .unwrap()
    }

    fn note(size: u64) -> Vec<u8> {
        let log = log();
        log.checkpoint(size, Hash([4; 32])).sign(&log)
    }

    #[test]
    fn only_a_checkpoint_of_ours_or_the_word_that_there_is_none_is_an_answer() {
        let own = [log().verifier()];
        let read = |status: u16, body: Vec<u8>| {
            let answered = Answered {
                status,
                body: body.into(),
            };
            read(&answered, &own, "south").map(|signed| signed.map(|signed| signed.size))
        };
        assert_eq!(read(200, note(9)), Ok(Some(9)));
        assert_eq!(read(404, Vec::new()), Ok(None));
        for status in [429, 500, 503, 403, 600] {
            assert!(read(status, note(9)).is_err(), "{status}");
        }
        let stranger = LogSigner::new(ORIGIN, SigningKey::from_seed(&[2; 32])).unwrap();
        let foreign = stranger.checkpoint(9, Hash([4; 32])).sign(&stranger);
        assert!(read(200, foreign).is_err() && read(200, Vec::new()).is_err());
    }

    #[tokio::test]
    async fn what_was_shown_against_a_log_and_what_is_remembered_beside_it_must_be_reached() {
        let (ledger, opening) = opened();
        let own = [log().verifier()];
        assert_eq!(known_here(&ledger, &opening, &own).unwrap(), []);
        for (key, size) in [(1, 12), (2, 11)] {
            let mut batch = Batch::new(Lane::Control);
            batch.records.push(Record::Put {
                space: against::AGAINST,
                key: vec![key],
                value: [b"south\n".as_slice(), &note(size)].concat(),
            });
            ledger.commit(batch).await.unwrap();
        }
        let opening = Opening {
            signed: Some((20, Hash([5; 32]))),
            ..opening
        };
        let known = known_here(&ledger, &opening, &own).unwrap();
        let sizes: Vec<u64> = known.iter().map(|signed| signed.size).collect();
        assert_eq!(sizes, [20, 12, 11]);
        assert_eq!(known[1].holder, "south");
        forget(&ledger, &own).await.unwrap();
        assert_eq!(
            against::all(&ledger).unwrap().len(),
            2,
            "what is not reached is not forgotten"
        );
    }
    #[tokio::test]
    async fn a_witness_of_other_software_has_said_what_it_cosigned_only_when_it_named_or_showed_that() {
        use crate::anchor::tests::{Stranger, wire_to};
        let own = [log().verifier()];
        let about = About {
            origin: ORIGIN,
            own: &own,
            holder: "stock",
        };
        let here = note(9);
        for (seen, page, newest, answered) in [
            (0, (405, Vec::new()), Some(here.as_slice()), true),
            (7, (404, Vec::new()), Some(&here), true),
            (12, (200, note(12)), Some(&here), true),
            (12, (200, note(8)), Some(&here), false),
            (12, (404, Vec::new()), Some(&here), false),
            (12, (404, Vec::new()), None, false),
        ] {
            let stranger = Stranger {
                page: page.clone(),
                ..Stranger::new(seen)
            };
            let mut wire = wire_to(stranger.serve().await).await;
            let (signed, silent) = about.shown_by_stranger(&mut wire, newest).await.unwrap();
            assert_eq!(silent.is_none(), answered, "{seen} {page:?}: {silent:?}");
            assert_eq!(signed.is_empty(), page.0 != 200);
        }
    }
    /// A mirror that holds these leaves and hands out so many bundles of them.
    struct Mirror {
        leaves: Vec<Vec<u8>>,
        bundles: std::sync::Mutex<usize>,
    }

    impl Mirror {
        fn bundle(&self, path: &str) -> Option<Vec<u8>> {
            let mut left = self.bundles.lock().unwrap();
            *left = left.checked_sub(1)?;
            let (_, number) = path.split_once("/tile/entries/")?;
            let number: usize = number.get(..3)?.parse().ok()?;
            let leaves = self.leaves.chunks(256).nth(number)?;
            let framed = leaves.iter().flat_map(|leaf| {
                let length = u16::try_from(leaf.len()).unwrap().to_be_bytes();
                [length.as_slice(), leaf].concat()
            });
            Some(framed.collect())
        }

        async fn wire(leaves: &[Vec<u8>], bundles: usize) -> Wire {
            use axum::extract::State;
            let mirror = std::sync::Arc::new(Self {
                leaves: leaves.to_vec(),
                bundles: bundles.into(),
            });
            let answer = async |State(mirror): State<std::sync::Arc<Self>>, uri: http::Uri| {
                mirror.bundle(uri.path()).ok_or(http::StatusCode::NOT_FOUND)
            };
            let router = axum::Router::new().fallback(answer).with_state(mirror);
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let at = listener.local_addr().unwrap();
            tokio::spawn(async move { axum::serve(listener, router).await });
            crate::anchor::tests::wire_to(at).await
        }
    }

    #[tokio::test]
    async fn what_one_mirror_broke_off_another_one_brings_to_its_end() {
        use hotline_audit::{PayloadType, SignedStatement, statement::PeerCheckpoint};
        let key = SigningKey::from_seed(&[1; 32]);
        let leaves: Vec<Vec<u8>> = (0..1300)
            .map(|number| {
                let said = PeerCheckpoint {
                    relay: format!("spiffe://{ORIGIN}"),
                    key_statement: Hash([1; 32]),
                    note: note(9),
                    claimed_time_ms: 1 + number,
                    mirrored: 0,
                };
                let signed = SignedStatement::sign(PayloadType::PeerCheckpoint, &said.encode(), &key);
                signed.unwrap().into_bytes()
            })
            .collect();
        let mut frontier = Frontier::new();
        for leaf in &leaves {
            frontier.push(leaf_hash(leaf));
        }
        let newest = Signed {
            size: 1300,
            root: frontier.root(),
            holder: "south".into(),
        };
        let (ledger, _) = opened();
        let identity: Identity = format!("spiffe://{ORIGIN}").parse().unwrap();
        // Six bundles for a look, and five of those that are written.
        let half = vec![("first".to_owned(), Mirror::wire(&leaves, 11).await)];
        let recall = Recall { witness: None };
        let signed = [newest.clone()];
        let what = (&newest, signed.as_slice(), &recall);
        let broken = bring(&ledger, &identity, half, what).await.unwrap_err();
        assert!(
            matches!(broken, RecoverError::NotMirrored { found: 1024, .. }),
            "{broken}"
        );
        let both = vec![
            ("first".to_owned(), Mirror::wire(&leaves, 3).await),
            ("second".to_owned(), Mirror::wire(&leaves, 12).await),
        ];
        bring(&ledger, &identity, both, what).await.unwrap();
        assert_eq!((ledger.head().size, ledger.head().root), (1300, newest.root));
        // The same in one go.
        let (ledger, _) = opened();
        let both = vec![
            ("first".to_owned(), Mirror::wire(&leaves, 11).await),
            ("second".to_owned(), Mirror::wire(&leaves, 12).await),
        ];
        bring(&ledger, &identity, both, what).await.unwrap();
        assert_eq!(ledger.head().size, 1300);
    }
}
