//! bundle.

use hotline_audit::{
    bundle::Bundle,
    evidence::{Evidence, Ruling},
    policy::Policy,
    tree::{Frontier, leaf_hash},
};
use hotline_client::{
    logview::{LogFault, LogView, Update},
    memory::{self, fault::Fault},
};
use hotline_core::time::WallTime;

use super::*;
use crate::log::{bundle::bundle, policy::policy};

/// What `signer` says of its log of these statements, as a lane hears it.
fn update(signer: &Signer, statements: &[Vec<u8>]) -> Update {
    let mut frontier = Frontier::new();
    for statement in statements {
        let _ = frontier.push(leaf_hash(statement));
    }
    let log = signer.log();
    Update {
        size: frontier.size(),
        note: Some(log.checkpoint(frontier.size(), frontier.root()).sign(&log)),
        old_size: 0,
        consistency: Vec::new(),
        leaves: (0, Vec::new()),
        edge: Vec::new(),
    }
}

/// What an auditor finds in the bundle of Avelia's desk `ops` that keeps these records.
fn judged(world: &World, records: Vec<Record>) -> (Ruling, Vec<String>) {
    let desk = world.ledger_file("desk", "ops");
    drop(keep_with(&desk, &world.avelia.desk_log, &world.chain(1), records));
    let out = world.file("a.bundle");
    bundle(desk.parent().unwrap(), &out, &[world.trust_folder()], &[]).unwrap();
    let policy = Policy::parse(policy(&world.trust()).unwrap().as_bytes()).unwrap();
    let bundle = Bundle::open(&out).unwrap();
    let report = Evidence::judge(&[&bundle], &policy).unwrap().verify();
    let places = bundle.places().map(|(_, path, _)| path.to_owned());
    (report.verdict, places.collect())
}

#[test]
fn two_histories_that_a_relay_showed_two_lanes_of_a_desk_are_a_fork_in_the_bundle_of_that_desk_alone() {
    let world = World::new();
    let (south, chain) = (&world.borenia.relay, world.chain(3));
    let (one, other) = (update(south, &chain[..2]), update(south, &chain[1..]));
    let mut view = LogView::new(south.log().verifier(), None);
    view.observe(&one).unwrap();
    let fault = view.observe(&other).unwrap_err();
    assert!(matches!(fault, LogFault::Fork { size: 2, .. }), "{fault}");
    let relay = "south".parse().unwrap();
    let proof = Fault::of(&relay, &fault, WallTime::from_unix_ms(NOW)).unwrap();
    let kept = memory::note_record(&relay, 2, one.note.as_ref().unwrap());
    let (verdict, files) = judged(&world, vec![kept, proof.record()]);
    assert_eq!(verdict, Ruling::Fork, "{files:#?}");
    let conflicts = files.iter().filter(|file| file.starts_with("conflicts/"));
    assert_eq!(conflicts.count(), 2, "{files:#?}");
}

#[test]
fn what_a_desk_has_kept_of_cosigned_checkpoints_is_handed_in() {
    let world = World::new();
    let (south, chain) = (&world.borenia.relay, world.chain(2));
    let note = update(south, &chain).note.unwrap();
    let relay = "south".parse().unwrap();
    let (_, files) = judged(&world, vec![memory::cosigned_record(&relay, 2, &note)]);
    let cosigned = format!("cosigned/{}/2", south.identity.strip_prefix("spiffe://").unwrap());
    assert!(files.contains(&cosigned), "{files:#?}");
}
