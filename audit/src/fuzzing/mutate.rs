//! Seeded damage: the small changes that separate a format from one that is almost it.

/// A seeded stream of numbers (SplitMix64): the same seed gives the same course on every machine.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap_or(0)
    }
}

/// Bytes that formats of ours give a meaning.
const SPECIAL: &[&[u8]] = &[
    b"\n",
    b"\n\n",
    b" ",
    b"\0",
    b"\r",
    b"+",
    b"/",
    b"=",
    b"0",
    b"00",
    b"-1",
    "\u{2014} ".as_bytes(),
    b"\x80",
    b"\xff",
    b"\xff\xff",
    b"18446744073709551615",
    b"18446744073709551616",
    b"extra ",
    b"index ",
    b"A",
    b"AAAA",
];

/// One to four changes of `bytes`, some of them with parts of `other`.
pub(super) fn mutated(bytes: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut made = bytes.to_vec();
    for _ in 0..=dice.below(4) {
        change(&mut made, other, dice);
    }
    made
}

fn change(made: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    let (from, to) = range(made.len(), dice);
    match dice.below(9) {
        0 if from < made.len() => made[from] ^= 1 << dice.below(8),
        1 if from < made.len() => made[from] = u8::try_from(dice.below(256)).unwrap_or(0),
        2 => drop(made.drain(from..to)),
        3 => made.truncate(from),
        4 => {
            let twice = made[from..to].to_vec();
            made.splice(to..to, twice);
        }
        5 => {
            let special = SPECIAL[dice.below(SPECIAL.len())];
            made.splice(from..from, special.iter().copied());
        }
        6 => {
            let special = SPECIAL[dice.below(SPECIAL.len())];
            let end = (from + special.len()).min(made.len());
            made.splice(from..end, special.iter().copied());
        }
        7 => {
            let (start, end) = range(other.len(), dice);
            made.splice(from..to, other[start..end].iter().copied());
        }
        _ if from < made.len() => made[from] = made[from].wrapping_add(1),
        _ => made.push(0),
    }
}

/// A part of so many bytes: mostly short, sometimes all that follows.
fn range(length: usize, dice: &mut Dice) -> (usize, usize) {
    let from = dice.below(length + 1);
    let most = if dice.below(4) == 0 {
        length - from
    } else {
        (length - from).min(8)
    };
    (from, from + dice.below(most + 1))
}
