//! A relay without doors in use, and a cosigner of other software that does as it is told.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Mutex,
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use hotline_audit::{
    Hash, LogSigner, PayloadType, SignedStatement, SigningKey,
    cosign::{CosignSigner, CosignerName},
    key::{Enrolment, Purpose, RosterBuilder, RosterSet},
    statement::CosignRefused,
    witness::AddCheckpoint,
};
use hotline_core::{health::Profile, identity::Identity};
use hotline_ledger::{Engine, Ledger, MemoryDisk, Mode, OpenOptions, Restored};
use hotline_transport::{
    Credentials, Doors, ListenLimits, Listener, NodeSecrets, Seams, ServerTls, TrustStore,
};
use http::StatusCode;

use super::{
    judge::Why,
    task::{Stop, Task},
    *,
};
use crate::{presence::Pen, relay::Parts};

pub(crate) const NORTH: &str = "spiffe://exercise.avelia.example/relay/north";
pub(crate) const ORIGIN: &str = "exercise.avelia.example/relay/north";

/// The log's key, whatever the log.
pub(crate) fn log() -> LogSigner {
    LogSigner::new(ORIGIN, key(1)).unwrap()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn rosters() -> RosterSet {
    let mut builder = RosterBuilder::new("exercise.avelia.example", key(9)).unwrap();
    let enrolment = Enrolment {
        purpose: Purpose::Log,
        subject: NORTH.to_owned(),
        roles: Vec::new(),
        public_key: key(1).public(),
        not_before_ms: 1,
        not_after_ms: 4_000_000_000_000,
    };
    builder.enrol(enrolment).unwrap();
    let mut rosters = RosterSet::new();
    rosters.update(builder.finish()).unwrap();
    rosters
}

fn credentials(seams: &Seams) -> Credentials {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.subject_alt_names = vec![rcgen::SanType::URI(NORTH.try_into().unwrap())];
    let certificate = params.self_signed(&key).unwrap();
    let private = rustls_pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
    Credentials::from_der(vec![certificate.der().clone()], private.into(), seams).unwrap()
}

/// A relay whose log holds these words.
pub(crate) async fn relay(words: &[&str]) -> Arc<Relay> {
    let identity: Identity = NORTH.parse().unwrap();
    let (ledger, opening) = Ledger::open(OpenOptions {
        engine: Engine::Memory(MemoryDisk::new()),
        owner: NORTH.to_owned(),
        origin: ORIGIN.to_owned(),
        signer: Some(log()),
        entropy: &mut |bytes| bytes.fill(7),
        mode: Mode::Inline,
        restored: Restored::ReadOnly,
    })
    .unwrap();
    super::judge::tests::keep(&ledger, words);
    let (seams, rosters) = (Seams::system(), rosters());
    let trust = Arc::new(TrustStore::new(&seams, Vec::new()).unwrap());
    let tls = ServerTls::new(&seams, credentials(&seams), trust, &[]);
    let at = (Ipv4Addr::LOCALHOST, 0).into();
    let secrets = NodeSecrets::fresh(seams.entropy.as_ref());
    let doors = Doors { quic: at, tcp: at };
    let (listener, _) = Listener::bind(&seams, &tls, doors, &secrets, ListenLimits::of(Profile::Lan))
        .await
        .unwrap();
    Arc::new(Relay::new(Parts {
        pen: Pen::new(&identity, key(1), &rosters),
        identity,
        ledger,
        opening,
        rosters,
        seams,
        profile: Profile::Lan,
        connections: listener.connections().clone(),
        witness: None,
    }))
}

/// What a cosigner of other software does.
pub(crate) struct Stranger {
    /// What it has seen: the size of the newest checkpoint that it cosigned.
    pub(crate) seen: Mutex<u64>,
    /// What it shows whoever asks for a checkpoint.
    pub(crate) page: (u16, Vec<u8>),
    /// What its mirror answers.
    pub(crate) mirror: u16,
}

impl Stranger {
    /// It has seen so much, and knows of no pages.
    pub(crate) fn new(seen: u64) -> Self {
        Self {
            seen: Mutex::new(seen),
            page: (405, Vec::new()),
            mirror: 507,
        }
    }

    fn signer(name: CosignerName) -> CosignSigner {
        CosignSigner::new(name, key(5))
    }

    fn name() -> CosignerName {
        "witness.example/stock".parse().unwrap()
    }

    fn answer(&self, body: &[u8]) -> (u16, Vec<u8>) {
        let request = AddCheckpoint::parse(body).unwrap();
        let mut seen = self.seen.lock().unwrap();
        if request.old != *seen {
            return (409, format!("{seen}\n").into_bytes());
        }
        *seen = request.checkpoint.size;
        let line = Self::signer(Self::name()).cosign(&request.note.text, 1_795_000_000);
        (200, line.to_string().into_bytes())
    }

    /// Answers from now on.
    pub(crate) async fn serve(self) -> SocketAddr {
        fn said((status, body): (u16, Vec<u8>)) -> (StatusCode, Vec<u8>) {
            (StatusCode::from_u16(status).unwrap(), body)
        }
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .unwrap();
        let at = listener.local_addr().unwrap();
        let router = Router::new()
            .route(
                "/add-checkpoint",
                post(async |State(own): State<Arc<Self>>, body: Bytes| said(own.answer(&body))),
            )
            .route(
                "/add-entries",
                post(async |State(own): State<Arc<Self>>, _: Bytes| said((own.mirror, Vec::new()))),
            )
            .fallback(async |State(own): State<Arc<Self>>| said(own.page.clone()))
            .with_state(Arc::new(self));
        tokio::spawn(async move { axum::serve(listener, router).await });
        at
    }
}

/// A way to what listens there.
pub(crate) async fn wire_to(at: SocketAddr) -> Wire {
    wire::plain(&Seams::system(), at, String::new()).await.unwrap()
}

async fn asking(relay: &Arc<Relay>, stranger: Stranger) -> (Task, Wire) {
    let at = stranger.serve().await;
    let cosigner = Cosigner {
        via: Via::Http {
            address: at,
            prefix: String::new(),
        },
        witness: Stranger::signer(Stranger::name()).verifier(),
        mirror: None,
    };
    let task = Task::new(relay, (Duration::from_secs(10), 100), cosigner);
    (task, wire_to(at).await)
}

/// Who has not cosigned, as the log says.
fn written_down(relay: &Relay) -> Vec<String> {
    let size = relay.ledger.head().size;
    let leaves = relay.ledger.entries(0..size, usize::MAX).unwrap();
    let refused = leaves.iter().filter_map(|leaf| {
        let signed = SignedStatement::parse(&leaf.bytes).ok()?;
        (signed.payload_type == PayloadType::CosignRefused)
            .then(|| CosignRefused::decode(&signed.payload).unwrap().witness)
    });
    refused.collect()
}

fn cosigned(relay: &Relay) -> Vec<u64> {
    relay.anchors.kept.newest().iter().map(|note| note.size).collect()
}

#[tokio::test]
async fn a_witness_that_shows_no_pages_is_asked_by_what_it_is_offered_and_cosigns() {
    let relay = relay(&["a", "b", "c"]).await;
    let (mut task, mut wire) = asking(&relay, Stranger::new(0)).await;
    relay
        .anchors
        .clearance
        .begin(&relay.ledger, vec!["witness.example/stock".into()]);
    task.ask(&mut wire).await.unwrap();
    assert!(
        relay.anchors.clearance.is_open(),
        "it has answered before the first signature"
    );
    task.round(&mut wire).await.unwrap();
    assert_eq!(cosigned(&relay), [3]);
    assert!(written_down(&relay).is_empty());
    // Another connection: it has seen what it cosigned, and no page says so.
    task.ask(&mut wire).await.unwrap();
    assert_eq!(task.forgotten(3).unwrap(), None);
    assert_eq!(task.forgotten(2).unwrap(), Some(3), "less than its own word");
}

#[tokio::test]
async fn a_witness_that_has_seen_more_than_its_hour_old_page_is_not_taken_for_one_that_has_not() {
    let ahead = log().checkpoint(900, Hash([4; 32])).sign(&log());
    let own = relay(&["a", "b", "c"]).await;
    let (size, old_page) = own.ledger.size_and_note();
    assert_eq!(size, 3);
    for (page, proved) in [
        ((200, old_page.unwrap()), false),
        ((404, Vec::new()), false),
        ((200, ahead), true),
    ] {
        let relay = relay(&["a", "b", "c"]).await;
        let stranger = Stranger {
            page,
            ..Stranger::new(900)
        };
        let (mut task, mut wire) = asking(&relay, stranger).await;
        let stop = task.ask(&mut wire).await.unwrap_err();
        match stop {
            Stop::Against => assert!(proved && relay.read_only().is_some()),
            Stop::Refused(Why::Conflict, _) => assert!(!proved && relay.read_only().is_none()),
            Stop::Refused(..) | Stop::Lost | Stop::Ledger(_) => panic!("{proved}"),
        }
    }
}

#[tokio::test]
async fn a_mirror_that_takes_nothing_is_written_down_under_its_own_name_and_its_witness_is_not() {
    let relay = relay(&["a", "b", "c"]).await;
    let at = Stranger::new(0).serve().await;
    let mirror: CosignerName = "mirror.example/stock".parse().unwrap();
    let cosigner = Cosigner {
        via: Via::Http {
            address: at,
            prefix: String::new(),
        },
        witness: Stranger::signer(Stranger::name()).verifier(),
        mirror: Some(Stranger::signer(mirror).verifier()),
    };
    let mut task = Task::new(&relay, (Duration::from_secs(10), 100), cosigner);
    let mut wire = wire_to(at).await;
    task.round(&mut wire).await.unwrap();
    assert_eq!(cosigned(&relay), [3]);
    assert_eq!(written_down(&relay), ["mirror.example/stock"]);
    // It is offered the next one without a pause, and the mirror has its own.
    task.round(&mut wire).await.unwrap();
    assert_eq!(cosigned(&relay), [4]);
    assert_eq!(written_down(&relay), ["mirror.example/stock"]);
}
