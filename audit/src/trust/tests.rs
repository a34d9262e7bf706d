//! Folders, policies and checkpoints that are believed, and those that are not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;
use crate::testing::{Side, world};
use crate::tree::empty_root;

fn folder(parent: &Path, side: &Side) -> PathBuf {
    let folder = parent.join(&side.domain);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("root.pub"),
        format!("# a comment\n{}", root_line(&side.domain, &side.root.public())),
    )
    .unwrap();
    std::fs::write(folder.join("roster"), &side.roster_text).unwrap();
    folder
}

#[test]
fn two_trust_folders_make_a_policy() {
    let world = world();
    let dir = tempfile::tempdir().unwrap();
    let folders = [
        folder(dir.path(), &world.avelia),
        folder(dir.path(), &world.borenia),
    ];
    let policy = TrustPolicy::load(&folders).unwrap();
    assert_eq!(policy.rosters(), &world.rosters);
    assert_eq!(
        TrustPolicy::load_folder(dir.path()).unwrap().rosters(),
        &world.rosters
    );
    assert!(matches!(
        TrustPolicy::load_folder(&dir.path().join("none")),
        Err(TrustError::File(_))
    ));
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    assert!(matches!(
        TrustPolicy::load_folder(&dir.path().join("empty")),
        Err(TrustError::Nothing(_))
    ));
    assert_eq!(policy.folder_inside(dir.path()), Some(folders[0].as_path()));
    assert_eq!(policy.folder_inside(&folders[1]), Some(folders[1].as_path()));
    assert_eq!(policy.folder_inside(&dir.path().join("elsewhere")), None);
    let twice = TrustPolicy::load(&[&folders[0], &folders[0]]).unwrap_err();
    assert!(matches!(twice, TrustError::Twice { .. }));
}

#[test]
fn malformed_weak_and_foreign_roots_are_refused() {
    let world = world();
    let dir = tempfile::tempdir().unwrap();
    let folder = folder(dir.path(), &world.avelia);
    let load = |line: &str| {
        std::fs::write(folder.join("root.pub"), line).unwrap();
        TrustPolicy::load(&[&folder]).unwrap_err()
    };
    let mut weak = [0; 32];
    weak[0] = 1;
    assert!(matches!(
        load("exercise.avelia.example AAAA"),
        TrustError::NotARoot(_)
    ));
    assert!(matches!(load(""), TrustError::NotARoot(_)));
    let weak = format!("hotline-root exercise.avelia.example {}", BASE64.encode(&weak));
    assert!(matches!(
        load(&weak),
        TrustError::BadRoot {
            source: KeyError::Weak,
            ..
        }
    ));
    let foreign = root_line("exercise.avelia.example", &world.borenia.root.public());
    assert!(matches!(
        load(&foreign),
        TrustError::Roster {
            source: RosterError::Entry { .. },
            ..
        }
    ));
    assert!(matches!(
        TrustPolicy::load(&[dir.path().join("none")]),
        Err(TrustError::File(_))
    ));
}

#[test]
fn a_checkpoint_is_believed_only_under_an_unrevoked_log_key_of_its_own_origin() {
    let world = world();
    let policy = TrustPolicy::new(world.rosters.clone());
    let note = world.avelia.log.checkpoint(0, empty_root());
    assert_eq!(
        policy.checkpoint(&note).unwrap().1,
        world.avelia.log.key_statement
    );
    let rule = |policy: &TrustPolicy, note: &[u8]| policy.checkpoint(note).unwrap_err().rule();
    assert_eq!(
        rule(&TrustPolicy::new(world.with_revoked(&world.avelia.log)), &note),
        "REVOKED_KEY"
    );
    assert_eq!(rule(&policy, &note[1..]), "UNKNOWN_KEY");
    assert_eq!(rule(&policy, b"nonsense"), "MALFORMED");
    let stranger =
        crate::LogSigner::new(world.avelia.log.log_signer().origin(), world.borenia.log.key()).unwrap();
    assert_eq!(
        rule(&policy, &stranger.checkpoint(0, empty_root()).sign(&stranger)),
        "BAD_SIGNATURE"
    );
    assert!(
        policy
            .checkpoint(&world.avelia.desk_log.checkpoint(0, empty_root()))
            .is_ok()
    );
    let officer = &world.avelia.officer;
    assert_eq!(
        rule(&policy, &officer.checkpoint(0, empty_root())),
        "UNKNOWN_KEY",
        "not a LOG key"
    );
}
