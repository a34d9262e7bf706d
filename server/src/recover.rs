//! `relay recover`: the tail that this relay's ledger has lost, fetched from the other side's mirrors and appended as it was.
//!
//! Everybody who may hold something of this log is asked for the newest checkpoint that our own key signed. What a mirror
//! gives is put behind what is here, and has to give the root of that checkpoint before a single leaf is written. So
//! whatever is signed on the way is a beginning of the one history. The relay must not run meanwhile: the ledger's lock sees
//! to that on this machine; on others it is for people to know.

use std::time::Duration;

use hotline_audit::{Checkpoint, Frontier, Hash, LogVerifier, tiles, tree::leaf_hash, witness::origin_hash};
use hotline_core::leg::Lane;
use hotline_ledger::{Batch, Ledger, MAX_BATCH_BYTES, Record, Restored};
use hotline_transport::{ClientTls, DialTimings, Dialer, Seams, TrustStore};

use crate::{
    anchor::{Cosigner, Via, Wire, against::AGAINST, log_keys},
    config::RelayConfig,
    relog,
    run::{self, Believed, StartError},
};

/// Entries of a bundle.
const BUNDLE: u64 = 256;

/// Entries of one commit.
const AT_ONCE: usize = 1024;

/// Most leaves that are brought back at once: their hashes are in memory meanwhile.
const TAIL_MAX: u64 = 4_000_000;

/// How often a mirror may say that it is busy, with a pause between.
const BUSY_MAX: usize = 60;

/// The pause. 1 s: what mirrors ask for.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Leaves that were here before.
    pub before: u64,
    /// Leaves that are here now.
    pub now: u64,
    /// Who held the newest checkpoint; none if nothing was missing.
    pub from: Option<String>,
    /// Who was asked and gave no answer.
    pub silent: Vec<String>,
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
    #[error("none of those who may hold this log answered: {}", .silent.join("; "))]
    Silent {
        /// Who, and why not.
        silent: Vec<String>,
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

/// The newest checkpoint that somebody holds.
struct Newest {
    checkpoint: Checkpoint,
    holder: String,
}

/// Brings back what is missing.
///
/// # Errors
/// [`RecoverError`]; nothing was written, or a beginning of the one history.
pub async fn recover(config: &RelayConfig, seams: &Seams) -> Result<Recovered, RecoverError> {
    let asked = Asking::new(config, seams)?;
    let ledger = run::open_for(config, seams, Restored::CatchUp)?;
    let before = ledger.head().size;
    let mut silent = Vec::new();
    let mut newest: Option<Newest> = None;
    let mut wires = Vec::new();
    for cosigner in &asked.cosigners {
        match asked.newest(cosigner).await {
            Ok((wire, found)) => {
                wires.push((cosigner.name(), wire));
                for found in found {
                    check(&ledger, &found)?;
                    if newest
                        .as_ref()
                        .is_none_or(|newest| newest.checkpoint.size < found.checkpoint.size)
                    {
                        newest = Some(found);
                    }
                }
            }
            Err(why) => silent.push(format!("{}: {why}", cosigner.name())),
        }
    }
    if wires.is_empty() {
        return Err(RecoverError::Silent { silent });
    }
    let Some(newest) = newest.filter(|newest| newest.checkpoint.size > before) else {
        forget(&ledger).await?;
        return Ok(Recovered {
            before,
            now: before,
            from: None,
            silent,
        });
    };
    let hash = origin_hash(&config.identity.origin());
    let mut refused = Vec::new();
    for (name, mut wire) in wires {
        let tail = Tail {
            wire: &mut wire,
            hash: &hash,
            from: before,
            target: &newest.checkpoint,
        };
        match tail.bring(&ledger, config).await? {
            Ok(()) => {
                forget(&ledger).await?;
                return Ok(Recovered {
                    before,
                    now: ledger.head().size,
                    from: Some(newest.holder),
                    silent,
                });
            }
            Err(why) => refused.push(format!("{name}: {why}")),
        }
    }
    Err(RecoverError::NotMirrored {
        witness: newest.holder,
        wanted: newest.checkpoint.size,
        found: before,
        why: refused.join("; "),
    })
}

/// A checkpoint of no more leaves than are here must be a beginning of them.
fn check(ledger: &Ledger, found: &Newest) -> Result<(), RecoverError> {
    let size = found.checkpoint.size;
    if size > ledger.head().size {
        return Ok(());
    }
    let root = ledger
        .root_at(size)
        .map_err(|error| RecoverError::Ledger(error.to_string()))?;
    if root == found.checkpoint.root {
        return Ok(());
    }
    Err(RecoverError::Forked {
        witness: found.holder.clone(),
        size,
    })
}

/// What was shown against this log speaks against it no more.
async fn forget(ledger: &Ledger) -> Result<(), RecoverError> {
    let mut batch = Batch::new(Lane::Control);
    batch.records.push(Record::Delete {
        space: AGAINST,
        key: Vec::new(),
    });
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

    /// The checkpoints of the log that one holds, under the log's own signature.
    async fn newest(&self, cosigner: &Cosigner) -> Result<(Wire, Vec<Newest>), String> {
        let reached = Wire::reach(&self.seams, &self.dialer, &cosigner.via, 0).await;
        let mut wire = reached.map_err(|error| error.to_string())?;
        let hash = origin_hash(&self.origin);
        let mut paths = vec![format!("/witness/{hash}/checkpoint")];
        match cosigner.via {
            Via::Doors { .. } => paths.push(format!("/mirror/{hash}/checkpoint")),
            Via::Http { .. } => paths.push(format!("/{hash}/checkpoint")),
        }
        let mut found = Vec::new();
        for path in paths {
            let answered = wire.get(&path).await.map_err(|error| error.to_string())?;
            let signed = |key: &LogVerifier| Checkpoint::parse_and_verify(&answered.body, key).ok();
            if answered.status == 200
                && let Some(checkpoint) = self.own.iter().find_map(signed)
            {
                found.push(Newest {
                    checkpoint,
                    holder: cosigner.name(),
                });
            }
        }
        Ok((wire, found))
    }

    /// The newest note of the log that anybody holds, with its bytes.
    pub(crate) async fn newest_note(&self) -> Option<(u64, Vec<u8>)> {
        let hash = origin_hash(&self.origin);
        let mut newest: Option<(u64, Vec<u8>)> = None;
        for cosigner in &self.cosigners {
            let Ok(mut wire) = Wire::reach(&self.seams, &self.dialer, &cosigner.via, 0).await else {
                continue;
            };
            for kind in ["witness", "mirror"] {
                let Ok(answered) = wire.get(&format!("/{kind}/{hash}/checkpoint")).await else {
                    continue;
                };
                let signed = |key: &LogVerifier| Checkpoint::parse_and_verify(&answered.body, key).ok();
                if let Some(shown) = self.own.iter().find_map(signed)
                    && newest.as_ref().is_none_or(|(size, _)| *size < shown.size)
                {
                    newest = Some((shown.size, answered.body.to_vec()));
                }
            }
        }
        newest
    }
}

/// The leaves behind those that are here.
struct Tail<'a> {
    wire: &'a mut Wire,
    hash: &'a str,
    from: u64,
    target: &'a Checkpoint,
}

impl Tail<'_> {
    /// Fetches it twice: first to see that it gives the root that was signed, then, leaf by leaf the same, to write it. The
    /// inner error is what this mirror lacks; another one may have it.
    async fn bring(
        mut self,
        ledger: &Ledger,
        config: &RelayConfig,
    ) -> Result<Result<(), String>, RecoverError> {
        let failed = |error: &dyn std::fmt::Display| RecoverError::Ledger(error.to_string());
        if self.target.size - self.from > TAIL_MAX {
            return Ok(Err(format!("more than {TAIL_MAX} leaves are missing")));
        }
        let nodes = ledger.nodes().map_err(|error| failed(&error))?;
        let mut frontier = Frontier::read(&nodes, self.from).map_err(|error| failed(&error))?;
        let mut leaves = Vec::new();
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
            }
            next += entries.len() as u64;
        }
        if frontier.root() != self.target.root {
            return Ok(Err(
                "what it gives does not lead from what is here to the root that our key signed".into(),
            ));
        }
        self.write(ledger, config, &leaves).await
    }

    async fn write(
        &mut self,
        ledger: &Ledger,
        config: &RelayConfig,
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
                let entry = relog::entry(&entry, &config.identity).map_err(|error| failed(&error))?;
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
            let answered = self.wire.get(&path).await.map_err(|error| error.to_string())?;
            match answered.status {
                200 => return Ok(Some(answered.body.to_vec())),
                429 | 503 => tokio::time::sleep(BUSY_PAUSE).await,
                _ => return Ok(None),
            }
        }
        Err("it is busy, again and again".into())
    }
}
