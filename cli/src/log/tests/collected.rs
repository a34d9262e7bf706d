//! What a bundle is collected from.

use super::super::bundle::{desk_lags, opened};
use super::*;

#[test]
fn a_desk_that_signed_on_while_its_relay_was_read_lags_behind_it() {
    let world = World::new();
    let chain = world.chain(3);
    let north = world.relay(&chain);
    let lags = |name: &str, statements: &[Vec<u8>]| {
        let desk = world.file(name);
        drop(keep(&desk, &world.avelia.desk_log, statements));
        desk_lags(&opened(&[desk, north.clone()]).unwrap()).unwrap()
    };
    assert!(lags("behind.ledger", &chain[..2]));
    assert!(!lags("whole.ledger", &chain));
}
