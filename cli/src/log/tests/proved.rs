//! prove.

use hotline_audit::{LogVerifier, proof::TlogProof};
use hotline_client::memory::{self, Acceptance};

use super::*;
use crate::{
    exit,
    log::{export::export, find::Wanted, names::Names, prove::prove, read::Source},
};

fn names(world: &World) -> Names {
    Names::of_trust(&[world.trust_folder()])
}

fn verifier(log: &Signer) -> LogVerifier {
    let key = SigningKey::from_seed(&[log.seed; 32]).public();
    LogVerifier::new(log.identity.strip_prefix("spiffe://").unwrap(), key).unwrap()
}

/// A desk's ledger that keeps what the relay proved about the statement `index` of its own log.
fn desk_that_keeps(world: &World, chain: &[Vec<u8>], north: &Path, index: u64) -> PathBuf {
    let relay = Source::open(north).unwrap();
    let kept = Acceptance {
        statement: Hash::of(&chain[index as usize]),
        relay: "north".parse().unwrap(),
        stored_ms: NOW,
        index,
        size: relay.size(),
        proof: relay.inclusion(index).unwrap(),
    };
    let records = vec![
        kept.record(),
        memory::note_record(&kept.relay, kept.size, relay.note()),
    ];
    let desk = world.ledger_file("desk", "ops");
    drop(keep_with(&desk, &world.avelia.desk_log, chain, records));
    desk
}

#[test]
fn a_statement_is_found_by_name_id_and_hash_and_its_proof_is_anybodys_to_check() {
    let world = World::new();
    let chain = world.chain(300);
    let north = world.relay(&chain);
    let out = world.file("out");
    export(&north, &out).unwrap();
    let hash = Hash::of(&chain[16]).to_string();
    for log in [&north, &out] {
        let log = Source::open(log).unwrap();
        for id in ["A-0017", "a-17", &hash, &hash[..8]] {
            let proved = prove(&log, id, &names(&world), Some(&world.trust())).unwrap();
            assert!(proved.hold());
            assert_eq!(
                (proved.statement.index, proved.statement.called.as_str()),
                (16, "A-0017")
            );
            let proof = TlogProof::parse(&proved.proofs[0].proof.encode()).unwrap();
            assert_eq!(
                proof
                    .verify(&chain[16], &verifier(&world.avelia.relay))
                    .unwrap()
                    .size,
                300
            );
        }
        for (id, code) in [
            ("A-0301", exit::USAGE),
            ("B-0017", exit::USAGE),
            ("deadbeefdeadbeef", exit::USAGE),
        ] {
            assert_eq!(
                prove(&log, id, &names(&world), None).unwrap_err().exit,
                code,
                "{id}"
            );
        }
    }
    assert!(Wanted::parse("abcdef").is_err(), "six digits name nothing");
}

#[test]
fn what_fits_several_statements_is_not_guessed() {
    let world = World::new();
    let ours = world.chain(1);
    let theirs = message(&world.borenia, &world.avelia, 1, Hash::ZERO, Vec::new());
    let north = world.relay(&[ours[0].clone(), theirs]);
    let log = Source::open(&north).unwrap();
    assert_eq!(
        prove(&log, "B-0001", &names(&world), None)
            .unwrap()
            .statement
            .index,
        1
    );
    let failure = prove(&log, "A-0001", &Names::default(), None).unwrap_err();
    assert!(
        failure.what.contains("#0") && failure.what.contains("#1"),
        "{failure:?}"
    );
}

#[test]
fn a_desk_also_proves_what_each_relay_accepted() {
    let world = World::new();
    let chain = world.chain(5);
    let north = world.relay(&chain);
    let desk = desk_that_keeps(&world, &chain, &north, 2);
    let log = Source::open(&desk).unwrap();
    let proved = prove(&log, "A-0003", &names(&world), Some(&world.trust())).unwrap();
    assert!(proved.hold(), "{proved:?}");
    let relays: Vec<_> = proved.proofs.iter().map(|proof| proof.relay.as_deref()).collect();
    assert_eq!(relays, [None, Some("north")]);
    let out = world.file("proofs");
    let words = ["prove", path(&desk), "A-0003", "--out", path(&out), "--json"];
    assert_eq!(hotline_log(&words).unwrap(), exit::OK);
    let statement = fs::read(out.join("A-0003.statement")).unwrap();
    assert_eq!(statement, chain[2]);
    let proof = fs::read(out.join(format!("A-0003.{AVELIA}_relay_north.tlog-proof"))).unwrap();
    let proof = TlogProof::parse(&proof).unwrap();
    assert!(proof.verify(&statement, &verifier(&world.avelia.relay)).is_ok());
    assert_eq!(
        hotline_log(&words).unwrap(),
        exit::OK,
        "the same files may be written again"
    );
    fs::write(out.join("A-0003.statement"), "other").unwrap();
    assert_eq!(hotline_log(&words).unwrap_err().exit, exit::USAGE);
}

#[test]
fn a_kept_acceptance_that_proves_nothing_is_named() {
    let world = World::new();
    let chain = world.chain(5);
    let north = world.relay(&chain);
    let desk = desk_that_keeps(&world, &chain, &north, 2);
    let mut other = chain.clone();
    other.swap(2, 3);
    let cheat = world.file("cheat.ledger");
    drop(keep(&cheat, &world.avelia.relay, &other));
    let note = Source::open(&cheat).unwrap().note().to_vec();
    let relay = "north".parse().unwrap();
    let north_note = vec![memory::note_record(&relay, 5, &note)];
    drop(keep_with(
        &desk,
        &world.avelia.desk_log,
        &[message(
            &world.avelia,
            &world.borenia,
            6,
            Hash::of(&chain[4]),
            Vec::new(),
        )],
        north_note,
    ));
    let proved = prove(&Source::open(&desk).unwrap(), "A-0003", &names(&world), None).unwrap();
    assert!(!proved.hold() && proved.proofs[0].fault.is_none());
    assert!(
        proved.proofs[1].fault.as_ref().unwrap().contains("do not lead"),
        "{proved:?}"
    );
    assert_eq!(hotline_log(&["prove", path(&desk), "A-0003"]).unwrap(), exit::LOG);
}
