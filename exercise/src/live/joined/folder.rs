//! The folder of a desk that joined: everything but its keys goes over the plane; the keys lie there already.

use std::{
    collections::BTreeMap,
    fs, io,
    net::IpAddr,
    path::{Component, Path, PathBuf},
};

use data_encoding::BASE64;
use hotline_client::side_file::SideFile;

use super::Joined;
use crate::live::site::DeskPlace;

/// Most files of a folder. 256: trust folders of two sides, with charters, and sixteen officers.
const FILES_MAX: usize = 256;
/// Largest folder, in bytes of base64. 8 MiB: two rosters, and little else.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// The settings of a desk.
const SETTINGS: &str = "desk.toml";
/// What a trust folder says about its side.
const SIDE: &str = "side.toml";

/// What a desk needs beside its keys, of the domain's folder: settings, certificates, trust; and what its people read. Relays that listen on
/// every address of this machine are named by the one under which the seat reached it.
///
/// # Errors
/// If a file cannot be read.
pub fn gather(
    domain: &Path,
    desk: &DeskPlace,
    joined: &Joined,
    at: IpAddr,
) -> io::Result<BTreeMap<String, String>> {
    let papers = joined.papers.iter();
    let mut files: BTreeMap<String, String> = papers
        .map(|(name, text)| (name.clone(), BASE64.encode(text.as_bytes())))
        .collect();
    let mut put = |path: &Path| -> io::Result<()> {
        let outside = || io::Error::other(format!("{} lies elsewhere", path.display()));
        let name = path.strip_prefix(domain).map_err(|_| outside())?;
        let mut bytes = fs::read(path)?;
        if name.file_name().is_some_and(|name| name == SIDE) {
            bytes = reached_at(&bytes, at)?;
        }
        files.insert(name.display().to_string(), BASE64.encode(&bytes));
        Ok(())
    };
    put(&desk.config)?;
    put(&desk.config.with_file_name("tls.crt"))?;
    for officer in &joined.officers {
        put(&domain.join("officer").join(officer).join("tls.crt"))?;
    }
    for path in below(&domain.join("trust"))? {
        put(&path)?;
    }
    Ok(files)
}

fn reached_at(side: &[u8], at: IpAddr) -> io::Result<Vec<u8>> {
    let text = String::from_utf8_lossy(side);
    let mut side = SideFile::parse(&text).map_err(io::Error::other)?;
    for relay in &mut side.relay {
        for place in [&mut relay.quic, &mut relay.tcp] {
            if place.ip().is_loopback() {
                place.set_ip(at);
            }
        }
    }
    side.to_text().map(String::into_bytes).map_err(io::Error::other)
}

fn below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        match entry.file_type()? {
            _ if hidden => {}
            kind if kind.is_dir() => found.extend(below(&entry.path())?),
            _ => found.push(entry.path()),
        }
    }
    Ok(found)
}

/// Writes a folder that came over the plane below `root`. What lies there already (keys) is not replaced; the same in the same
/// bytes is no mistake: the folder may have come before, in part. The desk's settings come last: where they are, all of it is.
///
/// # Errors
/// A name leads out of the folder, there are too many, something else lies there, or the disk refuses.
pub fn write(root: &Path, files: &BTreeMap<String, String>) -> io::Result<()> {
    let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let bytes: usize = files.values().map(String::len).sum();
    if files.len() > FILES_MAX || bytes > BYTES_MAX {
        return Err(wrong(format!(
            "{} files of {bytes} bytes are no desk's folder",
            files.len()
        )));
    }
    let mut read = Vec::new();
    for (name, text) in files {
        let name =
            inside(name).ok_or_else(|| wrong(format!("{name:?} is no name of a file in a desk's folder")))?;
        let bytes = BASE64
            .decode(text.as_bytes())
            .map_err(|error| wrong(error.to_string()))?;
        read.push((root.join(name), bytes));
    }
    read.sort_by_key(|(path, _): &(PathBuf, Vec<u8>)| path.ends_with(SETTINGS));
    read.iter().try_for_each(|(path, bytes)| place(path, bytes))
}

/// Puts a file in its place, whole or not at all.
fn place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::read(path) {
        Ok(lies) if lies == bytes => return Ok(()),
        Ok(_) => {
            let why = format!("{} lies there with other bytes", path.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // No name that comes begins with a dot.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let coming = path.with_file_name(format!(".{name}.coming"));
    let mut file = fs::File::create(&coming)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()?;
    fs::rename(&coming, path)
}

/// Whether a folder that came over the plane lies below `root` as it came.
#[must_use]
pub fn is_there(root: &Path, files: &BTreeMap<String, String>) -> bool {
    let same = |(name, text): (&String, &String)| {
        let lies = inside(name).and_then(|name| fs::read(root.join(name)).ok());
        lies.is_some_and(|lies| BASE64.decode(text.as_bytes()).is_ok_and(|came| came == lies))
    };
    files.iter().all(same)
}

/// A name that stays below: plain parts of letters, digits, dots, dashes and underscores, none beginning with a dot, and no
/// key.
#[must_use]
pub fn inside(name: &str) -> Option<&Path> {
    let plain = |part: &str| {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        !part.is_empty() && !part.starts_with('.') && part.chars().all(known)
    };
    let path = Path::new(name);
    let parts = path.components().all(|part| matches!(part, Component::Normal(_)));
    let fits = name.len() <= 200 && name.split('/').all(plain) && !name.ends_with(".key");
    (parts && fits).then_some(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn a_file_of_the_folder_stays_in_it_and_is_no_key() {
        for good in [
            "trust/exercise.avelia.example/side.toml",
            "desk/a/desk.toml",
            "officer/okoye/tls.crt",
        ] {
            assert!(inside(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "trust/../x",
            "a//b",
            "a/",
            ".ssh/x",
            "a/.b",
            "a b",
            "a\\b",
            "a\nb",
            "desk/a/tls.key",
        ] {
            assert!(inside(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn of_a_folder_with_one_bad_name_nothing_is_written_and_nothing_there_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let text = BASE64.encode(b"text");
        let files = |names: &[&str]| {
            names
                .iter()
                .map(|name| ((*name).to_owned(), text.clone()))
                .collect()
        };
        assert!(write(root.path(), &files(&["a", "../b"])).is_err());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
        write(root.path(), &files(&["a"])).unwrap();
        assert!(is_there(root.path(), &files(&["a"])) && !is_there(root.path(), &files(&["a", "b"])));
        fs::write(root.path().join("a"), b"key").unwrap();
        assert!(write(root.path(), &files(&["a"])).is_err());
        assert_eq!(fs::read(root.path().join("a")).unwrap(), b"key");
    }

    #[test]
    fn a_folder_that_came_in_part_is_completed_and_its_settings_come_last() {
        let root = tempfile::tempdir().unwrap();
        let names = ["a", "desk/b/desk.toml", "trust/x"];
        let files: BTreeMap<String, String> = names
            .iter()
            .map(|name| ((*name).to_owned(), BASE64.encode(name.as_bytes())))
            .collect();
        fs::write(root.path().join("trust"), b"in the way").unwrap();
        assert!(write(root.path(), &files).is_err());
        assert!(root.path().join("a").exists() && !root.path().join("desk/b/desk.toml").exists());
        fs::remove_file(root.path().join("trust")).unwrap();
        write(root.path(), &files).unwrap();
        write(root.path(), &files).unwrap();
        assert!(is_there(root.path(), &files));
        let left: Vec<PathBuf> = below(root.path()).unwrap();
        assert_eq!(left.len(), names.len(), "{left:?}");
    }

    #[test]
    fn a_relay_on_this_machine_is_named_by_the_address_under_which_the_seat_came() {
        let side = "side = \"Avelia\"\nprefix = \"A\"\ndomain = \"exercise.avelia.example\"\nexercise = \"S1\"\n\n[[relay]]\nidentity = \
                    \"spiffe://exercise.avelia.example/relay/north\"\nquic = \"127.0.0.1:1\"\ntcp = \"192.0.2.9:2\"\n";
        let text =
            String::from_utf8(reached_at(side.as_bytes(), "192.0.2.7".parse().unwrap()).unwrap()).unwrap();
        assert!(
            text.contains("192.0.2.7:1") && text.contains("192.0.2.9:2"),
            "{text}"
        );
    }
}
