//! What a power cut leaves on a disk: any of what was not synced, as chance has it.

use hotline_ledger::MemoryDisk;

use crate::chance::Dice;

/// Cuts the power of `disk` and brings it back. Each change that was written and not synced had reached the platter or
/// not, each by itself; recovery then keeps them up to the first that had not, as a log with checksums does.
pub fn cut(disk: &MemoryDisk, dice: &mut Dice) {
    let keep: Vec<usize> = (0..disk.unsynced()).filter(|_| dice.chance(0.5)).collect();
    disk.crash(&keep);
}
