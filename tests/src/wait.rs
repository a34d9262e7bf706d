//! Waiting for what must come.

use std::time::Duration;

use tokio::time::Instant;

/// How long anything may take that is quick when all is well. 20 s: a loaded machine, twenty times over.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Time between two looks.
const EVERY: Duration = Duration::from_millis(20);

/// Looks until there is something to see; `what` is what was awaited, for whoever reads the failure.
pub async fn eventually<T>(what: &str, within: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "{what}: not within {within:?}");
        tokio::time::sleep(EVERY).await;
    }
}
