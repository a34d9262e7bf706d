//! Making the things whose bits are flipped: a line carries some messages and rests.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use hotline_audit::TrustPolicy;
use hotline_cli::log::{export, names::Names, prove, read::Source};
use hotline_core::words::Rung;
use hotline_server::config::RelayConfig;

use super::{Kind, Resting, Thing};
use crate::{AVELIA, BORENIA, Line, ledgers, rack::ledger_sweep::files_of, traffic::Sender};

/// Messages in the ledgers whose bits are flipped.
const MESSAGES: usize = 20;

impl Resting {
    /// Lets a line carry some messages and rest: one relay and one desk close in order, the other relay is killed, so that
    /// its write-ahead log is full.
    pub async fn made(program: &Path) -> Self {
        let mut line = Line::open(program.to_str().unwrap()).await;
        let mut sender = Sender::at(&line, AVELIA).await;
        let mut last = String::new();
        for number in 0..MESSAGES {
            last = sender
                .send(&format!("Report {number}: no sighting."))
                .await
                .sha256;
        }
        line.until(AVELIA, &last, Rung::Delivered).await;
        line.nothing_owed().await;
        drop(sender);
        let south = line.relay_name(BORENIA);
        line.stage.kill_relay(&south).await.unwrap();
        line.close().await;
        Self::of(line)
    }

    fn of(line: Line) -> Self {
        let relay = |side: usize| RelayConfig::load(&line.stage.sides[side].relay.config).unwrap();
        let desk = line.desk_config(AVELIA);
        let mut things = Vec::new();
        for (name, relay) in [("closed relay", relay(AVELIA)), ("killed relay", relay(BORENIA))] {
            let (owner, origin) = (relay.identity.to_string(), relay.identity.origin());
            things.push(ledger(name, &relay.ledger, owner, origin, relay.log_key));
        }
        let (owner, origin) = (desk.identity.to_string(), desk.identity.origin());
        things.push(ledger(
            "closed desk",
            &desk.ledger,
            owner,
            origin,
            desk.log_key.clone(),
        ));
        things.push(exported(&line, &relay(AVELIA).ledger));
        let policy = TrustPolicy::load_folder(&line.stage.trust(AVELIA)).unwrap();
        things.push(proofs(&line, &desk.ledger, &policy));
        Self {
            things,
            policy,
            _line: line,
        }
    }
}

fn ledger(name: &'static str, path: &Path, owner: String, origin: String, key: PathBuf) -> Thing {
    let name_of = |path: &Path| PathBuf::from(path.file_name().unwrap());
    let files = files_of(path);
    // Read before anybody opens it: opening may empty the write-ahead log.
    let files = files
        .iter()
        .map(|file| (name_of(file), fs::read(file).unwrap()))
        .collect();
    let entries = ledgers::leaves(path).into_iter().map(|leaf| leaf.bytes).collect();
    Thing {
        name,
        files,
        entries,
        kind: Kind::Ledger {
            file: name_of(path),
            owner,
            origin,
            key,
        },
    }
}

fn exported(line: &Line, relay: &Path) -> Thing {
    let folder = line.folder().join("exported");
    let size = export::export(relay, &folder).unwrap().size;
    Thing {
        name: "exported log",
        files: contents(&folder),
        entries: ledgers::exported(&folder, size),
        kind: Kind::Export,
    }
}

/// The proofs of one message: of the desk's own log, and what each relay proved.
fn proofs(line: &Line, desk: &Path, policy: &TrustPolicy) -> Thing {
    let folder = line.folder().join("proofs");
    let source = Source::open(desk).unwrap();
    let names = Names::of_trust(&[]);
    let message = ledgers::leaves(desk).into_iter().nth(4).unwrap();
    let proved = prove::prove(&source, &message.hash.to_string(), &names, Some(policy)).unwrap();
    assert!(proved.hold(), "{proved:?}");
    proved.write(&folder).unwrap();
    Thing {
        name: "proofs",
        files: contents(&folder),
        entries: vec![message.bytes],
        kind: Kind::Proof,
    }
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = ledgers::files(folder).into_iter();
    files
        .map(|file| {
            (
                file.strip_prefix(folder).unwrap().to_owned(),
                fs::read(&file).unwrap(),
            )
        })
        .collect()
}
