//! A witness that keeps what it is told to keep, asked everything that a log can do wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::cosign::{CosignSigner, CosignerName};
use crate::tree::consistency_proof;
use crate::tree::tests::{Tree, tree_of};
use crate::{LogSigner, SigningKey};

const ORIGIN: &str = "avelia.example/relay/north";

fn log(seed: u8) -> LogSigner {
    LogSigner::new(ORIGIN, SigningKey::from_seed(&[seed; 32])).unwrap()
}

fn signed(size: u64, root: Hash) -> Note {
    Note::parse(&log(1).checkpoint(size, root).sign(&log(1))).unwrap()
}

/// Two histories that part behind the first three leaves.
fn histories() -> [Tree; 2] {
    ["a", "b"].map(|branch| {
        let leaf = |n: u64| match n {
            0..3 => n.to_string().into_bytes(),
            _ => format!("{branch}{n}").into_bytes(),
        };
        tree_of(&(0..20).map(leaf).collect::<Vec<_>>())
    })
}

/// What a log of this history says when it is asked to extend `old` to `new`.
fn extend(tree: &Tree, old: u64, new: u64) -> AddCheckpoint {
    let proof = consistency_proof(tree, old.min(new), new).unwrap();
    AddCheckpoint::new(old, proof, signed(new, tree.roots[new as usize])).unwrap()
}

#[derive(Default)]
struct Kept(Option<Seen>);

impl Kept {
    /// Asks, and keeps what is to be kept. `Ok` is the size that was cosigned.
    fn ask(&mut self, request: &AddCheckpoint) -> Result<u64, Refusal> {
        match judge(self.0.as_ref(), request, &[log(1).verifier()]) {
            Decision::Refuse(refusal) => Err(refusal),
            Decision::Cosign(accepted) => {
                let name = CosignerName::witness("borenia.example/relay/south").unwrap();
                let signer = CosignSigner::new(name, SigningKey::from_seed(&[5; 32]));
                let (seen, line) = Seen::cosigned(self.0.as_ref(), &accepted, &signer, 100);
                assert_eq!(
                    signer.verifier().time_of(&request.note.text, &line),
                    Some(seen.time_s())
                );
                assert_eq!(Seen::parse(&seen.encode()).unwrap(), seen);
                let size = seen.size();
                self.0 = Some(seen);
                Ok(size)
            }
        }
    }

    fn status(&mut self, request: &AddCheckpoint) -> u16 {
        self.ask(request).map_or_else(|refusal| refusal.status(), |_| 200)
    }
}

#[test]
fn a_log_that_grows_is_cosigned_and_its_newest_checkpoint_any_number_of_times() {
    let [tree, _] = histories();
    let mut kept = Kept::default();
    for (old, new) in [(0, 0), (0, 1), (1, 5), (5, 5), (5, 20), (20, 20)] {
        assert_eq!(kept.ask(&extend(&tree, old, new)), Ok(new), "{old} {new}");
    }
}

#[test]
fn a_replay_and_a_stale_old_size_are_told_the_size_and_change_nothing() {
    let [tree, _] = histories();
    let mut kept = Kept::default();
    kept.ask(&extend(&tree, 0, 5)).unwrap();
    kept.ask(&extend(&tree, 5, 9)).unwrap();
    for (old, new) in [(0, 5), (5, 9), (5, 20), (0, 9), (0, 20), (10, 20)] {
        let refusal = kept.ask(&extend(&tree, old, new)).unwrap_err();
        assert_eq!((refusal.status(), refusal.conflict()), (409, None), "{old} {new}");
        assert!(matches!(refusal, Refusal::OtherOldSize { seen: 9, .. }));
    }
    assert_eq!(kept.0.as_ref().unwrap().size(), 9);
}

#[test]
fn a_rolled_back_log_is_not_cosigned_at_a_smaller_size() {
    let [tree, _] = histories();
    let mut kept = Kept::default();
    kept.ask(&extend(&tree, 0, 9)).unwrap();
    assert_eq!(kept.status(&extend(&tree, 9, 9)), 200);
    let back = AddCheckpoint::new(9, Vec::new(), signed(5, tree.roots[5])).unwrap();
    assert_eq!(
        kept.status(&back),
        400,
        "the old size is larger than the checkpoint's"
    );
    assert_eq!(kept.status(&extend(&tree, 5, 5)), 409);
}

#[test]
fn a_fork_at_the_same_size_is_refused_and_kept_whatever_old_size_it_names() {
    let [tree, other] = histories();
    let mut kept = Kept::default();
    kept.ask(&extend(&tree, 0, 9)).unwrap();
    let fork = extend(&other, 9, 9);
    let refusal = kept.ask(&fork).unwrap_err();
    assert_eq!(refusal.status(), 422);
    let conflict = refusal.conflict().unwrap();
    assert_eq!(
        (conflict.why, &conflict.note),
        (ConflictKind::SameSize, &fork.note.encode())
    );
    let stale = kept.ask(&extend(&other, 3, 9)).unwrap_err();
    assert_eq!(
        (stale.status(), stale.conflict().unwrap().why),
        (409, ConflictKind::SameSize)
    );
}

#[test]
fn a_fork_before_the_cosigned_size_and_a_proof_of_something_else_are_refused() {
    let [tree, other] = histories();
    let mut kept = Kept::default();
    kept.ask(&extend(&tree, 0, 9)).unwrap();
    let refusal = kept.ask(&extend(&other, 9, 20)).unwrap_err();
    assert_eq!(
        (refusal.status(), refusal.conflict().unwrap().why),
        (422, ConflictKind::Proof)
    );
    for damage in [0usize, 1] {
        let mut request = extend(&tree, 9, 20);
        match damage {
            0 => request.proof.push(Hash::ZERO),
            _ => request.proof.clear(),
        }
        assert_eq!(kept.status(&request), 422);
    }
    let mut from_nothing = extend(&tree, 0, 5);
    from_nothing.proof.push(Hash::ZERO);
    assert_eq!(
        Kept::default().status(&from_nothing),
        422,
        "a proof from size zero must be empty"
    );
    let empty = AddCheckpoint::new(0, Vec::new(), signed(0, Hash::ZERO)).unwrap();
    assert_eq!(
        Kept::default().status(&empty),
        422,
        "the root of nothing is given"
    );
}

#[test]
fn whoever_is_unknown_or_did_not_sign_is_told_so_before_anything_else() {
    let [tree, _] = histories();
    let request = extend(&tree, 0, 5);
    assert!(matches!(
        judge(None, &request, &[]),
        Decision::Refuse(Refusal::UnknownLog(origin)) if origin == ORIGIN
    ));
    let stranger = judge(None, &request, &[log(2).verifier()]);
    assert!(matches!(stranger, Decision::Refuse(refusal) if refusal.status() == 403));
    let mut sunk = request.clone();
    let mut bad = sunk.note.signatures[0].clone();
    bad.signature[0] ^= 1;
    sunk.note.signatures.push(bad);
    let refused = judge(None, &sunk, &[log(1).verifier(), log(2).verifier()]);
    assert!(matches!(refused, Decision::Refuse(refusal) if refusal.status() == 403));
    let both = judge(None, &request, &[log(2).verifier(), log(1).verifier()]);
    assert!(matches!(both, Decision::Cosign(accepted) if accepted.note.signatures.len() == 1));
}

#[test]
fn lines_of_strangers_are_not_kept_and_extension_lines_are_cosigned_as_they_stand() {
    let [tree, _] = histories();
    let mut request = extend(&tree, 0, 5);
    let mut line = request.note.signatures[0].clone();
    line.name = "somebody.example".into();
    request.note.signatures.push(line);
    let Decision::Cosign(accepted) = judge(None, &request, &[log(1).verifier()]) else {
        panic!("refused");
    };
    assert_eq!(accepted.note.signatures.len(), 1);
    let signer = crate::note::NoteSigner::new(ORIGIN, SigningKey::from_seed(&[1; 32])).unwrap();
    let text = format!("{}an extension\n", request.note.text);
    let note = Note::sign(&text, &signer).unwrap();
    let request = AddCheckpoint::new(0, Vec::new(), note).unwrap();
    assert_eq!(AddCheckpoint::parse(&request.encode()).unwrap(), request);
    let mut kept = Kept::default();
    assert_eq!(kept.ask(&request), Ok(5));
    assert_eq!(kept.0.unwrap().note().text, text);
}

#[test]
fn the_example_of_the_specification_parses_and_is_written_the_same() {
    let body = "old 20852014\n\
        PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\
        jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\
        5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n\
        /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\
        \n\
        example.com/behind-the-sofa\n\
        20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\
        \n\
        — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
    let request = AddCheckpoint::parse(body.as_bytes()).unwrap();
    assert_eq!((request.old, request.proof.len()), (20_852_014, 4));
    assert_eq!(request.encode(), body.as_bytes());
}

#[test]
fn bodies_that_are_no_request_are_malformed() {
    let [tree, _] = histories();
    let good = String::from_utf8(extend(&tree, 3, 5).encode()).unwrap();
    assert!(AddCheckpoint::parse(good.as_bytes()).is_ok());
    for bad in [
        String::new(),
        good.replace("old 3", "old 03"),
        good.replace("old 3", "old -3"),
        good.replace("old 3", "Old 3"),
        good.replace("old 3\n", "old 3\n\n"),
        good.replace("old 3\n", &format!("old 3\n{}", "AAAA\n")),
        good.replace("\n5\n", "\n05\n"),
        good.replace("\n\n", "\n"),
        good.replace("\n5\n", &format!("\n5\n{}", "x".repeat(MAX_CHECKPOINT_TEXT))),
        good.trim_end().to_owned(),
        good.replace("old 3\n", &format!("old 3\n{}\n", ["A"; 64].concat())),
        good.replace(
            "old 3\n",
            &format!("old 3\n{}", format!("{}=\n", "A".repeat(43)).repeat(64)),
        ),
        "x".repeat(MAX_ADD_CHECKPOINT_BYTES + 1),
    ] {
        let refused = AddCheckpoint::parse(bad.as_bytes()).map_err(|refusal| refusal.status());
        assert_eq!(refused, Err(400), "{bad:?}");
    }
}

#[test]
fn no_bit_of_what_was_kept_can_flip_unnoticed() {
    let [tree, _] = histories();
    let mut kept = Kept::default();
    kept.ask(&extend(&tree, 0, 5)).unwrap();
    let bytes = kept.0.unwrap().encode();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Seen::parse(&flipped), Err(BadSeen), "bit {bit}");
    }
}

#[test]
fn the_time_of_a_log_never_runs_back() {
    let [tree, _] = histories();
    let signer = CosignSigner::new("w".parse().unwrap(), SigningKey::from_seed(&[5; 32]));
    let at = |before: Option<&Seen>, old, new, now_s| {
        let Decision::Cosign(accepted) = judge(before, &extend(&tree, old, new), &[log(1).verifier()]) else {
            panic!("refused");
        };
        Seen::cosigned(before, &accepted, &signer, now_s).0
    };
    let first = at(None, 0, 5, 1000);
    assert_eq!(at(Some(&first), 5, 6, 10).time_s(), 1000);
    assert_eq!(at(Some(&first), 5, 6, 1001).time_s(), 1001);
}

proptest! {
    #[test]
    fn whatever_is_asked_in_whatever_order_one_history_alone_is_cosigned(
        asked in prop::collection::vec((0usize..2, 0u64..=20, 0u64..=20, any::<bool>()), 1..40)
    ) {
        let trees = histories();
        let mut kept = Kept::default();
        let mut cosigned: Vec<(u64, Hash)> = Vec::new();
        for (branch, old, new, honest) in asked {
            // Half of the time the one who asks knows what the witness has seen.
            let old = if honest { kept.0.as_ref().map_or(0, Seen::size) } else { old };
            let request = extend(&trees[branch], old, new);
            let before = kept.0.clone();
            match kept.ask(&request) {
                Ok(size) => cosigned.push((size, trees[branch].roots[size as usize])),
                Err(_) => prop_assert_eq!(&before, &kept.0),
            }
        }
        prop_assert!(cosigned.is_sorted_by_key(|(size, _)| *size));
        let of_one = |tree: &Tree| cosigned.iter().all(|(size, root)| tree.roots[*size as usize] == *root);
        prop_assert!(trees.iter().any(of_one), "two histories: {:?}", cosigned);
    }

    #[test]
    fn no_body_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = AddCheckpoint::parse(&bytes);
        let _ = Seen::parse(&bytes);
    }

    #[test]
    fn no_edit_of_a_body_makes_the_reader_panic(at in 0usize..400, byte in any::<u8>(), cut in 0usize..500) {
        let [tree, _] = histories();
        let mut body = extend(&tree, 3, 5).encode();
        if let Some(place) = body.get_mut(at) {
            *place = byte;
        }
        body.truncate(cut);
        if let Ok(request) = AddCheckpoint::parse(&body) {
            let _ = judge(None, &request, &[log(1).verifier()]);
        }
    }
}
