//! Notes as strace writes them.
use super::*;

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("\\x{byte:02x}")).collect()
}

#[test]
fn notes_become_events_in_the_order_in_which_calls_returned() {
    let notes = format!(
        "7  openat(AT_FDCWD, \"{new}\", O_RDWR|O_CREAT, 0600) = 5\n\
         7  pwrite64(5, \"{ab}\", 2, 4096) = 2\n\
         8  fdatasync(5 <unfinished ...>\n\
         7  write(1, \"{held}\", 7) = 7\n\
         8  <... fdatasync resumed>) = 0\n\
         7  rename(\"{new}\", \"{old}\") = 0\n\
         7  openat(AT_FDCWD, \"{folder}\", O_RDONLY|O_CLOEXEC) = 6\n\
         7  fsync(6) = 0\n\
         7  pwrite64(5, \"{ab}\", 2, 0) = -1 ENOSPC (No space left on device) (INJECTED)\n",
        new = hex("/f/a-new"),
        old = hex("/f/a"),
        folder = hex("/f"),
        ab = hex("ab"),
        held = hex("held 1\n"),
    );
    let mut recorder = Recorder::of(Path::new("/f"));
    recorder.read(&notes);
    let (file, name) = (0, "a-new".to_owned());
    let expected = [
        Event::Made {
            name: name.clone(),
            file,
        },
        Event::Wrote {
            file,
            at: 4096,
            bytes: b"ab".to_vec(),
        },
        Event::Said("held 1".into()),
        Event::Synced { file },
        Event::Renamed {
            from: name,
            to: "a".into(),
        },
        Event::NamesSynced,
    ];
    assert_eq!(recorder.events(), expected);
}

#[test]
fn a_file_written_in_turn_remembers_its_place_and_shared_memory_is_no_file() {
    let notes = format!(
        "7  openat(AT_FDCWD, \"{fence}\", O_RDWR|O_CREAT, 0600) = 5\n\
         7  openat(AT_FDCWD, \"{shm}\", O_RDWR|O_CREAT, 0600) = 6\n\
         7  write(5, \"{ab}\", 2) = 2\n7  write(5, \"{ab}\", 2) = 2\n7  lseek(5, 0, SEEK_SET) = 0\n\
         7  write(5, \"{ab}\", 2) = 2\n7  pwrite64(6, \"{ab}\", 2, 0) = 2\n",
        fence = hex("/f/a-fence"),
        shm = hex("/f/a-shm"),
        ab = hex("ab"),
    );
    let mut recorder = Recorder::of(Path::new("/f"));
    recorder.read(&notes);
    let places: Vec<usize> = recorder
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Wrote { at, .. } => Some(at),
            _ => None,
        })
        .collect();
    assert_eq!(places, [0, 2, 0]);
}
