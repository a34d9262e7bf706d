//! ENDEX at a seat that joined: the desk's log goes to control.

use std::path::Path;

use hotline_client::config::DeskConfig;
use hotline_exercise::live::joined::{log, words::FromSeat};
use serde_json::json;
use tokio::sync::mpsc;

use super::{super::settings, Seated};
use crate::{exit::Failure, log::export::export};

impl Seated {
    /// The exercise has ended: the desk closes, and its log goes to control.
    pub(super) async fn hand_over(&mut self, say: &mpsc::Sender<FromSeat>) {
        let ledger = match self.desk.take() {
            Some(desk) => desk.end().await,
            None => match DeskConfig::load(&settings(&self.dir, &self.identity)) {
                Ok(config) => config.ledger,
                Err(_) => return,
            },
        };
        self.say("ended", json!({}), "ENDEX: your desk's log goes to control");
        let parts = exported(&ledger, &self.dir).unwrap_or_else(|failure| {
            failure.print();
            vec![FromSeat::Failed { what: failure.what }]
        });
        for part in parts {
            if say.send(part).await.is_err() {
                return;
            }
        }
    }
}

fn exported(ledger: &Path, dir: &Path) -> Result<Vec<FromSeat>, Failure> {
    let place = dir.display().to_string();
    let aside = tempfile::tempdir_in(dir).map_err(|error| Failure::io(&place, &error))?;
    let out = aside.path().join("log");
    export(ledger, &out)?;
    log::parts(&out).map_err(|error| Failure::io(&place, &error))
}
