//! Opening: take the lock, verify the log, decide its standing, start the writer.

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use hotline_audit::{Hash, LogSigner};
use tokio::sync::{oneshot, watch};

use super::{Inner, Job, Ledger, Shared, Work};
use crate::damage::{Damage, Standing};
use crate::error::OpenError;
use crate::head::Head;
use crate::mailboxes::Mailboxes;
use crate::memory::{MemoryDisk, MemoryStore};
use crate::nodes::TileCache;
use crate::queue::Queue;
use crate::rebuild::{check_signed, rebuild};
use crate::sqlite::SqliteStore;
use crate::store::{Meta, Store, StoreError};
use crate::tree::Tree;
use crate::writer::{Answer, Prepared, Writer};

/// Where a ledger is kept.
#[derive(Clone, Debug)]
pub enum Engine {
    /// In one file with its companions beside it; created if it is not there. Its folder must exist.
    Sqlite {
        /// The file.
        path: PathBuf,
    },
    /// On a simulated disk.
    Memory(MemoryDisk),
}

/// Who does the writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A thread that joins what waits into one transaction.
    Thread,
    /// The caller, inside `commit`: one transaction each, no thread.
    Inline,
}

/// What to do with a file that `backup` wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restored {
    /// Serve it, and sign nothing.
    #[default]
    ReadOnly,
    /// Go on with it, as a new instance. Only for somebody who has asked every holder of this log's checkpoints and found
    /// none newer than the copy; otherwise the log key signs a second history.
    TakeUp,
    /// Go on with an older copy as a new instance, also where more was signed than it holds: only for somebody who appends
    /// exactly the leaves that are missing, in their order, before anything else, and has them verified against the newest
    /// checkpoint that this log's key signed and against [`Opening::signed`], which stays until the copy has come so far. Whatever is signed on the way is then a beginning of the one history.
    CatchUp,
}

/// How to open a ledger.
pub struct OpenOptions<'a> {
    /// Where it is kept.
    pub engine: Engine,
    /// Identity of the relay or desk whose ledger it is.
    pub owner: String,
    /// Origin line of its log.
    pub origin: String,
    /// The log key; without one the log grows unsigned, and its stored checkpoint is not verified.
    pub signer: Option<LogSigner>,
    /// Fills a buffer with random bytes; asked once in the life of a ledger, for its instance id.
    pub entropy: &'a mut dyn FnMut(&mut [u8]),
    /// Who does the writing.
    pub mode: Mode,
    /// What to do if the file is a copy that `backup` wrote.
    pub restored: Restored,
}

/// What opening found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Leaves in the log.
    pub size: u64,
    /// Root over them, as the head has it.
    pub root: Hash,
    /// 16 random bytes that name this ledger; two ledgers of one identity have different ones. All zero for a copy that
    /// was not taken up.
    pub instance: [u8; 16],
    /// How often this ledger was opened for writing, this time included.
    pub boot: u64,
    /// The newest signature remembered beside it, where no backup reaches: its size and root.
    pub signed: Option<(u64, Hash)>,
    /// Whether it may be written.
    pub standing: Standing,
}

impl Ledger {
    /// Opens or creates a ledger and verifies its log. Blocks: 1,000,000 leaves take seconds.
    ///
    /// # Errors
    /// It is in use, belongs to somebody else, or cannot be read at all. A log that can be read but does not verify opens
    /// with [`Standing::ReadOnly`].
    pub fn open(options: OpenOptions<'_>) -> Result<(Ledger, Opening), OpenError> {
        let OpenOptions {
            engine,
            owner,
            origin,
            signer,
            entropy,
            mode,
            restored,
        } = options;
        check_signer(signer.as_ref(), &origin)?;
        let (place, mut store) = start(&engine, &owner, &origin)?;
        let failed = |source| OpenError::Store {
            place: place.to_string(),
            source,
        };
        let head = store.reads().head().map_err(failed)?;
        let mut meta = store.reads().meta().map_err(failed)?;
        check_owner(&place, &meta, &owner, &origin)?;
        let (tree, standing) = verify(store.as_ref(), &head, &meta, signer.as_ref(), restored);
        meta.boot = meta.boot.saturating_add(1);
        if standing == Standing::Good {
            meta.copied_at = None;
            if matches!(restored, Restored::TakeUp | Restored::CatchUp) {
                // Also a file that was copied by other means goes on under a name of its own.
                meta.instance = None;
            }
            meta.instance.get_or_insert_with(|| new_instance(entropy));
            store.set_meta(&meta).map_err(failed)?;
        }
        let opening = Opening {
            size: head.size,
            root: head.root,
            instance: meta.instance.unwrap_or_default(),
            boot: meta.boot,
            signed: store.fence().map(|fence| (fence.size, fence.root)),
            standing: standing.clone(),
        };
        let shared = share(&place, store.as_ref(), head, tree.clone(), standing).map_err(failed)?;
        let work = match (tree, &opening.standing) {
            (Some(tree), Standing::Good) => employ(
                Writer::new(store, tree, signer, Arc::clone(&shared)),
                mode,
                &shared,
            )?,
            (Some(_) | None, Standing::ReadOnly { .. }) | (None, Standing::Good) => Work::Nobody {
                _store: Mutex::new(store),
            },
        };
        Ok((
            Ledger {
                inner: Arc::new(Inner { shared, work }),
            },
            opening,
        ))
    }
}

fn check_signer(signer: Option<&LogSigner>, origin: &str) -> Result<(), OpenError> {
    match signer {
        Some(signer) if signer.origin() != origin => Err(OpenError::OtherSigner {
            signer: signer.origin().to_owned(),
            origin: origin.to_owned(),
        }),
        _ => Ok(()),
    }
}

fn start(engine: &Engine, owner: &str, origin: &str) -> Result<(Arc<str>, Box<dyn Store>), OpenError> {
    match engine {
        Engine::Sqlite { path } => {
            let store = SqliteStore::open(path, owner, origin)?;
            Ok((path.display().to_string().into(), Box::new(store)))
        }
        Engine::Memory(disk) => Ok((
            "in memory".into(),
            Box::new(MemoryStore::open(disk, owner, origin)?),
        )),
    }
}

fn check_owner(place: &str, meta: &Meta, owner: &str, origin: &str) -> Result<(), OpenError> {
    for (found, asked) in [(&meta.owner, owner), (&meta.origin, origin)] {
        if found != asked {
            return Err(OpenError::OtherOwner {
                place: place.to_owned(),
                found: found.clone(),
                asked: asked.to_owned(),
            });
        }
    }
    Ok(())
}

fn verify(
    store: &dyn Store,
    head: &Head,
    meta: &Meta,
    signer: Option<&LogSigner>,
    restored: Restored,
) -> (Option<Tree>, Standing) {
    let found = rebuild(store.reads(), head);
    let mut damage = found.damage;
    if let (None, Some(tree)) = (&damage, &found.tree) {
        let log = signer.map(LogSigner::verifier);
        let fence = store.fence().filter(|_| restored != Restored::CatchUp);
        damage = check_signed(tree, store.reads(), head, log.as_ref(), fence).err();
    }
    if let (None, Some(size), Restored::ReadOnly) = (&damage, meta.copied_at, restored) {
        damage = Some(Damage::Copy { size });
    }
    let standing = damage.map_or(Standing::Good, |reason| Standing::ReadOnly { reason });
    (found.tree, standing)
}

fn new_instance(entropy: &mut dyn FnMut(&mut [u8])) -> [u8; 16] {
    let mut instance = [0; 16];
    entropy(&mut instance);
    instance
}

fn share(
    place: &Arc<str>,
    store: &dyn Store,
    head: Head,
    tree: Option<Tree>,
    standing: Standing,
) -> Result<Arc<Shared>, StoreError> {
    if let Standing::ReadOnly { reason } = &standing {
        tracing::error!(place = %place, %reason, "the ledger is read-only");
    }
    Ok(Arc::new(Shared {
        place: Arc::clone(place),
        tiles: TileCache::default(),
        mailboxes: Mailboxes::default(),
        head: watch::Sender::new(head),
        moves: Arc::default(),
        tree: Mutex::new(tree.map(Arc::new)),
        standing,
        stopped: Mutex::new(None),
        death: watch::Sender::new(None),
        readers: [Mutex::new(store.reader()?), Mutex::new(store.reader()?)],
        slow_reader: Mutex::new(store.reader()?),
        rounds: AtomicU64::new(0),
        batches: AtomicU64::new(0),
        entries: AtomicU64::new(0),
        refused: AtomicU64::new(0),
    }))
}

fn employ(mut writer: Writer, mode: Mode, shared: &Arc<Shared>) -> Result<Work, OpenError> {
    match mode {
        Mode::Inline => Ok(Work::Inline(Box::new(Mutex::new(writer)))),
        Mode::Thread => {
            let queue = Arc::new(Queue::new());
            let mourner = Mourner {
                queue: Arc::clone(&queue),
                shared: Arc::clone(shared),
            };
            let run = move || {
                while let Some(jobs) = mourner.queue.take() {
                    serve(&mut writer, jobs);
                }
                writer.close();
            };
            let thread = std::thread::Builder::new()
                .name("ledger".to_owned())
                .spawn(run)
                .map_err(OpenError::Thread)?;
            Ok(Work::Thread {
                queue,
                thread: Mutex::new(Some(thread)),
            })
        }
    }
}

/// Lives in the writer's thread. If that ends by a panic, the ledger is dead and nobody waits for ever.
struct Mourner {
    queue: Arc<Queue<Job>>,
    shared: Arc<Shared>,
}

impl Drop for Mourner {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shared.die(StoreError::WriterStopped);
            self.queue.close();
            while self.queue.take().is_some() {}
        }
    }
}

/// One round: commit, answer, tidy.
fn serve(writer: &mut Writer, jobs: Vec<Job>) {
    let (batches, senders): (Vec<Prepared>, Vec<oneshot::Sender<Answer>>) =
        jobs.into_iter().map(|job| (job.prepared, job.answer)).unzip();
    for (answer, sender) in writer.round(&batches).into_iter().zip(senders) {
        // Whoever no longer waits has what it committed all the same.
        drop(sender.send(answer));
    }
    writer.tidy();
}
