//! What this relay has believed, beside its ledger, and how that gets to disk.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hotline_audit::{
    Hash,
    key::{DenyList, Roster, RosterSet},
};
use hotline_core::leg::Lane;
use hotline_ledger::{Batch, CaSeen, Ledger, OlderTrust, TrustMemory};
use hotline_transport::CaStanding;

/// The memory of a relay that runs. Clones are the same memory.
#[derive(Clone, Debug)]
pub(crate) struct Remembered(Arc<Mutex<TrustMemory>>);

impl Remembered {
    /// Takes what was read at the start, unless it is older.
    pub(crate) fn of(
        mut memory: TrustMemory,
        folder: &Path,
        rosters: &RosterSet,
        cas: &[CaStanding],
        now_ms: u64,
    ) -> Result<Self, OlderTrust> {
        let cas = seen(cas);
        memory.check(folder, rosters, &cas)?;
        memory.take(rosters, &cas, now_ms);
        Ok(Self(Arc::new(Mutex::new(memory))))
    }

    /// Refuses what is older than what was believed.
    pub(crate) fn check(
        &self,
        folder: &Path,
        rosters: &RosterSet,
        cas: &[CaStanding],
    ) -> Result<(), OlderTrust> {
        self.lock().check(folder, rosters, &seen(cas))
    }

    /// Remembers what is in force now.
    pub(crate) fn take(&self, rosters: &RosterSet, cas: &[CaStanding], now_ms: u64) {
        self.lock().take(rosters, &seen(cas), now_ms);
    }

    /// Orders of a deny-list that are to end nobody here.
    pub(crate) fn unproven(
        &self,
        list: &DenyList,
        roster: &Roster,
        now_ms: u64,
    ) -> std::collections::BTreeSet<u64> {
        self.lock().unproven(list, roster, now_ms)
    }

    /// Writes what is not on disk yet; false if that did not work and is to be tried again. A relay that serves read-only
    /// writes nothing.
    pub(crate) async fn keep(&self, ledger: &Ledger) -> bool {
        let Some((serial, records)) = self.lock().to_keep() else {
            return true;
        };
        if !ledger.takes_facts() {
            return true;
        }
        let mut batch = Batch::new(Lane::Control);
        batch.records = records;
        match ledger.commit(batch).await {
            Ok(_) => {
                self.lock().kept(serial);
                true
            }
            Err(error) => {
                tracing::warn!(%error, "what is believed could not be remembered on disk; it is tried again");
                false
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, TrustMemory> {
        // It is consistent between any two statements.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seen(cas: &[CaStanding]) -> Vec<CaSeen> {
    let seen = |ca: &CaStanding| CaSeen {
        domain: ca.domain.to_string(),
        key: Hash(ca.key_sha256),
        list: ca.list_number.clone(),
    };
    cas.iter().map(seen).collect()
}
