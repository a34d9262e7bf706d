//! show.

use std::ops::ControlFlow;

use hotline_client::memory::Acceptance;

use super::*;
use crate::{
    exit,
    log::{
        names::Names,
        plain::{EntryView, Words},
        read::Source,
        show::entries,
    },
};

fn shown(log: &Path, folders: &[PathBuf], words: Words) -> Vec<EntryView> {
    let log = Source::open(log).unwrap();
    let mut names = Names::of_trust(folders);
    names.learn(&log).unwrap();
    let mut views = Vec::new();
    let stopped = entries(&log, &names, words, &mut |view| {
        views.push(view);
        ControlFlow::Continue(())
    });
    assert_eq!(stopped.unwrap(), None);
    views
}

#[test]
fn entries_are_told_in_plain_words_and_strangers_words_are_inert() {
    let world = World::new();
    let chain = world.chain(1);
    let arrived = receipt(&world.borenia, &world.avelia, 1, &chain[0], Vec::new());
    let north = world.relay(&[chain[0].clone(), arrived]);
    let views = shown(&north, &[world.trust_folder()], Words::Shown);
    assert_eq!(views[0].plain, "A-0001 FLASH QUERY on MARITIME");
    assert_eq!(
        views[0].text.as_deref(),
        Some("Vessel 0001‹U+202E› at 57N 19E: yours?")
    );
    assert_eq!(views[1].plain, "arrived: A-0001, first copy by north/quic");
    assert_eq!(views[1].rung.as_deref(), Some("DELIVERED"));
    let line = views[1].to_text();
    assert!(line.starts_with("#1     receipt  arrived: A-0001"), "{line}");
    assert!(line.contains("exercise.borenia.example/desk/ops 1.1"), "{line}");
    let unnamed = shown(&north, &[], Words::Kept);
    assert_eq!(
        (unnamed[0].name.as_deref(), unnamed[0].text.as_deref()),
        (Some("?-0001"), None)
    );
}

#[test]
fn a_desk_shows_which_relays_hold_a_message() {
    let world = World::new();
    let chain = world.chain(1);
    let kept = |relay: &str| {
        let relay = relay.parse().unwrap();
        let statement = Hash::of(&chain[0]);
        Acceptance {
            statement,
            relay,
            stored_ms: NOW,
            index: 0,
            size: 1,
            proof: Vec::new(),
        }
        .record()
    };
    let desk = world.ledger_file("desk", "ops");
    drop(keep_with(
        &desk,
        &world.avelia.desk_log,
        &chain,
        vec![kept("south"), kept("north")],
    ));
    let views = shown(&desk, &[], Words::Kept);
    assert_eq!(views[0].held_by, ["north", "south"]);
    assert!(views[0].to_text().ends_with("held by relay north, south"));
}

#[test]
fn showing_works_as_objects_and_on_an_export() {
    let world = World::new();
    let north = world.relay(&world.chain(2));
    let out = world.file("out");
    crate::log::export::export(&north, &out).unwrap();
    for log in [&north, &out] {
        assert_eq!(hotline_log(&["show", path(log), "--json"]).unwrap(), exit::OK);
        assert_eq!(hotline_log(&["show", path(log), "--text"]).unwrap(), exit::OK);
    }
    let object = serde_json::to_value(&shown(&out, &[], Words::Kept)[1]).unwrap();
    assert_eq!(
        (object["index"].as_u64(), object["precedence"].as_str()),
        (Some(1), Some("FLASH"))
    );
    assert!(object.get("text").is_none() && object.get("rung").is_none());
}
