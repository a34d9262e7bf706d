//! The attack on ciphers that do not commit to a key: one ciphertext and one tag that two keys open.
//!
//! Poly1305's tag is a polynomial of the ciphertext at a secret point plus a secret number, and whoever knows both keys
//! knows both points. Two blocks that he may choose are two unknowns of two linear equations. Here they are the two blocks
//! under the salt, which may be anything; so the first recipient reads a flawless message.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, UnboundKey};

use super::*;

/// A number below 2^130 - 5, in three limbs of 64 bits, least first.
type Number = [u64; 3];

const P: Number = [u64::MAX - 4, u64::MAX, 3];

fn less(a: &Number, b: &Number) -> bool {
    a.iter().rev().cmp(b.iter().rev()).is_lt()
}

fn minus(a: &Number, b: &Number) -> Number {
    let mut out = [0; 3];
    let mut borrow = false;
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        let (first, one) = a.overflowing_sub(*b);
        let (second, two) = first.overflowing_sub(u64::from(borrow));
        (*out, borrow) = (second, one || two);
    }
    out
}

fn add(a: &Number, b: &Number) -> Number {
    let mut out = [0; 3];
    let mut carry = false;
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        let (first, one) = a.overflowing_add(*b);
        let (second, two) = first.overflowing_add(u64::from(carry));
        (*out, carry) = (second, one || two);
    }
    if less(&out, &P) { out } else { minus(&out, &P) }
}

fn sub(a: &Number, b: &Number) -> Number {
    add(a, &minus(&P, b))
}

fn bit(a: &Number, place: usize) -> bool {
    a[place / 64] >> (place % 64) & 1 == 1
}

fn mul(a: &Number, b: &Number) -> Number {
    let mut out = [0; 3];
    for place in (0..130).rev() {
        out = add(&out, &out);
        if bit(b, place) {
            out = add(&out, a);
        }
    }
    out
}

fn power(a: &Number, exponent: &Number) -> Number {
    let mut out = [1, 0, 0];
    for place in (0..130).rev() {
        out = mul(&out, &out);
        if bit(exponent, place) {
            out = mul(&out, a);
        }
    }
    out
}

fn inverse(a: &Number) -> Number {
    power(a, &minus(&P, &[2, 0, 0]))
}

/// A whole block with the bit that Poly1305 puts behind it, or a number without.
fn number(bytes: &[u8], behind: u64) -> Number {
    let limb = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    [limb(0), limb(8), behind]
}

/// The first 32 bytes of a key's stream are the key of Poly1305; ring tells nobody, but zeros encrypt to the stream that
/// follows, and the tag of nothing tells the rest. Easier: the cipher itself, from its definition.
fn stream(key: &[u8; 32], block: u32) -> [u8; 64] {
    let mut state = [0_u32; 16];
    state[..4].copy_from_slice(&[0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]);
    for (word, bytes) in state[4..12].iter_mut().zip(key.chunks_exact(4)) {
        *word = u32::from_le_bytes(bytes.try_into().unwrap());
    }
    state[12] = block;
    let start = state;
    let mut quarter = |a: usize, b: usize, c: usize, d: usize| {
        for (x, y, z, turn) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
            state[x] = state[x].wrapping_add(state[y]);
            state[z] = (state[z] ^ state[x]).rotate_left(turn);
        }
    };
    for _ in 0..10 {
        for [a, b, c, d] in [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15]] {
            quarter(a, b, c, d);
        }
        for [a, b, c, d] in [[0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]] {
            quarter(a, b, c, d);
        }
    }
    let mut out = [0; 64];
    for ((bytes, word), start) in out.chunks_exact_mut(4).zip(state).zip(start) {
        bytes.copy_from_slice(&word.wrapping_add(start).to_le_bytes());
    }
    out
}

/// Point and offset of a key's Poly1305.
fn poly(key: &[u8; 32]) -> (Number, Number) {
    let block = stream(key, 0);
    let mut r = block[..16].to_vec();
    for place in [3, 7, 11, 15] {
        r[place] &= 15;
    }
    for place in [4, 8, 12] {
        r[place] &= 252;
    }
    (number(&r, 0), number(&block[16..32], 0))
}

/// The blocks that Poly1305 reads: what is authenticated, the ciphertext, both lengths.
fn blocks(beside: &[u8], ciphertext: &[u8]) -> Vec<Number> {
    let padded = |bytes: &[u8]| {
        let mut padded = bytes.to_vec();
        padded.resize(bytes.len().next_multiple_of(16), 0);
        padded
    };
    let lengths = [
        (beside.len() as u64).to_le_bytes(),
        (ciphertext.len() as u64).to_le_bytes(),
    ]
    .concat();
    let all = [padded(beside), padded(ciphertext), lengths].concat();
    all.chunks_exact(16).map(|block| number(block, 1)).collect()
}

fn evaluate(blocks: &[Number], r: &Number) -> Number {
    blocks.iter().fold([0; 3], |sum, block| mul(&add(&sum, block), r))
}

/// One ciphertext with its tag that both keys open: under the first to a padded `text`, with whatever salt comes out.
fn two_keys(text: &str, beside: &[u8], keys: [&[u8; 32]; 2]) -> Vec<u8> {
    let mut ciphertext = sealed::pad(&[0; 32], text).unwrap();
    for (block, chunk) in (1_u32..).zip(ciphertext.chunks_mut(64)) {
        for (byte, mask) in chunk.iter_mut().zip(stream(keys[0], block)) {
            *byte ^= mask;
        }
    }
    let first = beside.len().div_ceil(16);
    let polys = keys.map(poly);
    for tag in 0_u8.. {
        let tag = [tag; 16];
        let mut blocks = blocks(beside, &ciphertext);
        let count = blocks.len();
        (blocks[first], blocks[first + 1]) = ([0; 3], [0; 3]);
        // x·r^n + y·r^(n-1) is what is left to the tag, for each key.
        let rows = polys.map(|(r, s)| {
            let exponent = (count - first) as u64;
            let (x, y) = (power(&r, &[exponent, 0, 0]), power(&r, &[exponent - 1, 0, 0]));
            let wanted = minus(&number(&tag, 4), &s);
            // The sum is taken modulo 2^128; any of its few values below the prime will do.
            let wanted = [wanted[0], wanted[1], wanted[2] & 1];
            (x, y, sub(&wanted, &evaluate(&blocks, &r)))
        });
        let [(a, b, u), (c, d, v)] = rows;
        let det = inverse(&sub(&mul(&a, &d), &mul(&b, &c)));
        let x = mul(&sub(&mul(&u, &d), &mul(&b, &v)), &det);
        let y = mul(&sub(&mul(&a, &v), &mul(&u, &c)), &det);
        if x[2] != 1 || y[2] != 1 {
            continue;
        }
        let bytes = |number: Number| [number[0].to_le_bytes(), number[1].to_le_bytes()].concat();
        ciphertext[..16].copy_from_slice(&bytes(x));
        ciphertext[16..32].copy_from_slice(&bytes(y));
        ciphertext.extend_from_slice(&tag);
        return ciphertext;
    }
    panic!("of 256 tags none gave two blocks")
}

fn ring_opens(key: &[u8; 32], beside: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).unwrap());
    let mut buffer = ciphertext.to_vec();
    let opened = key.open_in_place(once(), Aad::from(beside), &mut buffer).ok()?;
    Some(opened.to_vec())
}

#[test]
fn one_ciphertext_that_opens_under_two_keys_is_genuine_for_one_recipient_at_most_and_a_mismatch_for_the_other()
 {
    let keys = [key(1), key(2)];
    let content_keys = [[0x51; 32], [0x52; 32]];
    // The wraps authenticate the commitment, and the commitment binds a salt that the attack finds last: so the attacker
    // commits to a salt of his own first and hopes that nobody looks.
    let text = "We agree.";
    let hoped_for = Opening {
        salt: [0; 32],
        text: text.to_owned(),
    };
    let context = context(&hoped_for.commitment());
    let wraps = |content_keys: &[[u8; 32]; 2]| -> Vec<Wrap> {
        let chance = Counted::from(7);
        let mut wraps: Vec<Wrap> = to(&keys)
            .iter()
            .zip(content_keys)
            .map(|(to, content_key)| wrap(content_key, to, &context, &chance).unwrap())
            .collect();
        wraps.sort_by_key(|wrap| wrap.key_statement);
        wraps
    };
    let wraps = wraps(&content_keys);
    let beside = Container::authenticated(&context, &wraps);
    let ciphertext = two_keys(text, &beside, [&content_keys[0], &content_keys[1]]);
    // The cipher is content with both keys, and they give two texts: that much of the attack works.
    let plain = content_keys.map(|key| ring_opens(&key, &beside, &ciphertext).unwrap());
    assert_ne!(plain[0], plain[1]);
    assert!(
        plain[0]
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    );
    let content = Content::sealed(hoped_for.commitment(), &Container { wraps, ciphertext });
    assert!(
        Content::decode(&content.encode()).is_ok(),
        "nothing of it shows from outside"
    );
    let said = keys
        .each_ref()
        .map(|(statement, secret)| open(&content, &context, (statement, secret)));
    for said in &said {
        assert!(matches!(said, Err(NotOpened::Mismatch(_))), "{said:?}");
    }
}

#[test]
fn two_content_keys_for_two_recipients_leave_one_of_them_without_the_text() {
    let keys = [key(1), key(2)];
    let opening = Opening {
        salt: [3; 32],
        text: "We agree.".to_owned(),
    };
    let context = context(&opening.commitment());
    let chance = Counted::from(7);
    let (honest, other) = ([0x51; 32], [0x52; 32]);
    let mut wraps: Vec<Wrap> = to(&keys)
        .iter()
        .zip([&honest, &other])
        .map(|(to, content_key)| wrap(content_key, to, &context, &chance).unwrap())
        .collect();
    wraps.sort_by_key(|wrap| wrap.key_statement);
    let mut padded = sealed::pad(&opening.salt, &opening.text).unwrap();
    let beside = Container::authenticated(&context, &wraps);
    let sealing = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &honest).unwrap());
    sealing
        .seal_in_place_append_tag(once(), Aad::from(&beside), &mut padded)
        .unwrap();
    let content = Content::sealed(
        opening.commitment(),
        &Container {
            wraps,
            ciphertext: padded,
        },
    );
    let said = keys
        .each_ref()
        .map(|(statement, secret)| open(&content, &context, (statement, secret)));
    assert_eq!(said[0], Ok(opening));
    assert_eq!(said[1], Err(NotOpened::Ciphertext));
}
