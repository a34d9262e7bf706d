//! The same evidence as a folder.

use std::{fs, path::Path};

use hotline_audit::{tiles::write_log, trust::root_line};

use crate::{
    bundle::{CODEBOOK, LOGS, SCENARIO, TRUST, write_manifest},
    codebook::shipped::STARTER,
};

use super::Play;

impl Play {
    /// Writes the folder, manifest included.
    pub(crate) fn write(&self, dir: &Path) {
        fs::write(dir.join(SCENARIO), &self.scenario).unwrap();
        fs::write(dir.join(CODEBOOK), STARTER).unwrap();
        let (domain, root, roster) = &self.world.control;
        let sides = self.world.sides.iter();
        let sides = sides.map(|side| (&side.domain, &side.root, &side.roster));
        for (domain, root, roster) in sides.chain([(domain, root, roster)]) {
            let folder = dir.join(TRUST).join(domain);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("root.pub"), root_line(domain, &root.public())).unwrap();
            fs::write(folder.join("roster"), roster).unwrap();
        }
        for (name, log) in self.exported() {
            let folder = dir.join(LOGS).join(name);
            fs::create_dir_all(&folder).unwrap();
            let entries = log.entries.into_iter().map(Ok::<_, std::io::Error>);
            write_log(&folder, &log.note, entries).unwrap();
        }
        write_manifest(dir).unwrap();
    }
}
