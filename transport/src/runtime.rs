//! The runtime of a node: one thread for everything that waits.
//!
//! A relay or desk does little work between two waits, and hands most of it to the next task. On a runtime of several
//! threads each hand-over may wake another thread, and on the two cores that a whole line shares here those wake-ups were
//! a quarter of the processor time (`hotline bench throughput`, 256 in flight: 1,060 ms for 1,000 messages on two worker
//! threads, 797 ms on one). What may block for long has a thread of its own: the ledger's writer, a backup, a terminal.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// The runtime that relays and desks run on: one thread, with timers and sockets.
///
/// # Errors
/// When the operating system gives no event queue.
pub fn node_runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
