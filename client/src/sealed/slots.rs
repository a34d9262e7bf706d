//! The text of a sealed key, written and opened: one head, two slots (`client/SEALED.md`).

use std::num::NonZeroU32;

use data_encoding::BASE64;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::pbkdf2;
use zeroize::Zeroizing;

use super::{
    BEGIN, Beside, END, Fault, ITERATIONS, ITERATIONS_MAX, PASSPHRASE_CHARACTERS_MIN, Passphrase, SALT_BYTES,
    SECRET_BYTES, SealedKeyError, Secret, Watching, notes,
};

const KEY_BYTES: usize = 32;
const BASE64_COLUMNS: usize = 64;
const KDF: &str = "PBKDF2-HMAC-SHA256";
const CIPHER: &str = "CHACHA20-POLY1305";
/// How the last line of an old head begins.
pub(super) const OLD_NONCE: &str = "nonce: ";

/// A key that was sealed.
#[derive(Debug)]
pub struct Sealed {
    /// The file's text.
    pub text: String,
    /// How the second passphrase is known, if one was set: for the book of whoever is to be told.
    pub second: Option<Watching>,
}

/// What a passphrase opened.
pub(super) struct Opened {
    pub(super) pkcs8: Zeroizing<Vec<u8>>,
    /// None of a key that was sealed before there were two slots.
    pub(super) beside: Option<Beside>,
}

/// Seals PKCS#8 bytes for an officer under a passphrase, and a second one if there is to be one; else its slot is chance.
/// `entropy` fills a buffer with fresh chance.
///
/// # Errors
/// [`SealedKeyError::ShortPassphrase`], [`SealedKeyError::SamePassphrases`].
pub fn seal(
    officer: &str,
    pkcs8: &[u8],
    (first, second): (&Passphrase, Option<&Passphrase>),
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Result<Sealed, SealedKeyError> {
    for passphrase in [Some(first), second].into_iter().flatten() {
        let found = passphrase.0.chars().count();
        if found < PASSPHRASE_CHARACTERS_MIN {
            return Err(SealedKeyError::ShortPassphrase { found });
        }
    }
    if second == Some(first) {
        return Err(SealedKeyError::SamePassphrases);
    }
    let salt: [u8; SALT_BYTES] = fresh(entropy);
    let nonces: [[u8; NONCE_LEN]; 2] = [fresh(entropy), fresh(entropy)];
    let tokens = [Secret(fresh(entropy)), Secret(fresh(entropy))];
    // Where nobody is to be told it is made and thrown away.
    let secret = Secret(fresh(entropy));
    let watch = notes::public(&secret);
    let [coin] = fresh::<1>(entropy);
    // Which slot is whose is drawn, so that the place of the one that opens tells nothing.
    let of_first = usize::from(coin & 1);
    let head = format!(
        "{BEGIN}\nofficer: {officer}\nkdf: {KDF}\niterations: {ITERATIONS}\nsalt: {}\ncipher: {CIPHER}\nnonces: {} {}\n",
        BASE64.encode(&salt),
        BASE64.encode(&nonces[0]),
        BASE64.encode(&nonces[1]),
    );
    let rounds = NonZeroU32::new(ITERATIONS).expect("the constant is not zero");
    let mut body = Vec::new();
    for (slot, (nonce, token)) in nonces.into_iter().zip(&tokens).enumerate() {
        let passphrase = if slot == of_first { Some(first) } else { second };
        body.extend(match passphrase {
            Some(passphrase) => {
                let key = sealing_key(passphrase, &salt, rounds);
                filled(&key, nonce, head.as_bytes(), &[&token.0, &watch, pkcs8])
            }
            None => {
                let mut chance = vec![0; 2 * SECRET_BYTES + pkcs8.len() + CHACHA20_POLY1305.tag_len()];
                entropy(&mut chance);
                chance
            }
        });
    }
    let [zero, one] = tokens;
    let of_second = if of_first == 0 { one } else { zero };
    Ok(Sealed {
        text: written(head, &body),
        second: second.map(|_| Watching::new(secret, of_second, salt)),
    })
}

/// A slot with its tag.
fn filled(key: &LessSafeKey, nonce: [u8; NONCE_LEN], head: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // Room for the tag too: a buffer that grows leaves the key behind in freed memory.
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut slot = Vec::with_capacity(length + CHACHA20_POLY1305.tag_len());
    parts.iter().for_each(|part| slot.extend_from_slice(part));
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(head), &mut slot)
        .expect("a key file is far below the cipher's bound of 256 GiB");
    slot
}

fn written(head: String, body: &[u8]) -> String {
    let mut text = head;
    text.push('\n');
    for line in BASE64.encode(body).as_bytes().chunks(BASE64_COLUMNS) {
        text.extend(line.iter().copied().map(char::from));
        text.push('\n');
    }
    text.push_str(END);
    text.push('\n');
    text
}

fn fresh<const N: usize>(entropy: &mut dyn FnMut(&mut [u8])) -> [u8; N] {
    let mut bytes = [0; N];
    entropy(&mut bytes);
    bytes
}

/// Opens a sealed text. One derivation and one try of every slot, whatever opens and whether anything does.
pub(super) fn open(text: &str, passphrase: &Passphrase) -> Result<Opened, Fault> {
    let read = read(text)?;
    let key = sealing_key(passphrase, &read.salt, read.rounds);
    let mut opened = None;
    for (nonce, slot) in read.slots {
        let mut slot = Zeroizing::new(slot);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let found = key.open_in_place(nonce, Aad::from(read.head.as_bytes()), &mut slot);
        let found = found.ok().map(|plain| Zeroizing::new(plain.to_vec()));
        opened = opened.or(found);
    }
    let plain = opened.ok_or(Fault::Passphrase)?;
    if read.old {
        return Ok(Opened {
            pkcs8: plain,
            beside: None,
        });
    }
    let parts = plain
        .split_first_chunk::<SECRET_BYTES>()
        .and_then(|(token, rest)| Some((token, rest.split_first_chunk::<SECRET_BYTES>()?)));
    let (token, (watch, pkcs8)) = parts.ok_or_else(|| Fault::Text("its slot holds no key".into()))?;
    Ok(Opened {
        pkcs8: Zeroizing::new(pkcs8.to_vec()),
        beside: Some(Beside {
            token: Secret(*token),
            watch: *watch,
        }),
    })
}

/// A slot as it lies in the file, with its nonce.
type Slot = ([u8; NONCE_LEN], Vec<u8>);

/// A sealed text, read and not opened.
struct Read {
    /// The lines that are authenticated.
    head: String,
    rounds: NonZeroU32,
    salt: [u8; SALT_BYTES],
    slots: Vec<Slot>,
    /// It has one slot and no token: `pki seal` wrote such until there were two passphrases.
    old: bool,
}

fn read(text: &str) -> Result<Read, Fault> {
    let (head, body) = text
        .split_once("\n\n")
        .ok_or_else(|| Fault::Text("no empty line stands after its head".into()))?;
    let mut lines = head.lines();
    expect_line(&mut lines, BEGIN, "")?;
    expect_line(&mut lines, "officer: ", "…")?;
    expect_line(&mut lines, &format!("kdf: {KDF}"), "")?;
    let rounds = expect_line(&mut lines, "iterations: ", "600000")?;
    let salt = decoded::<SALT_BYTES>("salt", expect_line(&mut lines, "salt: ", "…")?)?;
    expect_line(&mut lines, &format!("cipher: {CIPHER}"), "")?;
    let last = lines.next().unwrap_or_default();
    let nonces = nonces(last)?;
    if let Some(more) = lines.next() {
        return Err(Fault::Text(format!("nobody knows the line {more:?}")));
    }
    Ok(Read {
        head: format!("{head}\n"),
        rounds: rounds_of(rounds)?,
        salt,
        slots: slots(nonces, &body_of(body)?)?,
        old: last.starts_with(OLD_NONCE),
    })
}

/// Two nonces; of an old file one.
fn nonces(line: &str) -> Result<Vec<[u8; NONCE_LEN]>, Fault> {
    let nonces: Vec<&str> = match (line.strip_prefix("nonces: "), line.strip_prefix(OLD_NONCE)) {
        (Some(two), _) => two.splitn(2, ' ').collect(),
        (None, Some(one)) => vec![one],
        (None, None) => Vec::new(),
    };
    match (nonces.len(), line.starts_with("nonces: ")) {
        (2, true) | (1, false) => nonces.into_iter().map(|nonce| decoded("nonce", nonce)).collect(),
        _ => Err(Fault::Text("the line \"nonces: … …\" is missing".into())),
    }
}

fn rounds_of(text: &str) -> Result<NonZeroU32, Fault> {
    let rounds: u32 = text
        .parse()
        .map_err(|_| Fault::Text("its iterations are no number".into()))?;
    NonZeroU32::new(rounds)
        .filter(|rounds| (ITERATIONS..=ITERATIONS_MAX).contains(&rounds.get()))
        .ok_or_else(|| Fault::Text(format!("its iterations are not {ITERATIONS} to {ITERATIONS_MAX}")))
}

fn body_of(text: &str) -> Result<Vec<u8>, Fault> {
    let body = text
        .strip_suffix('\n')
        .and_then(|body| body.strip_suffix(END))
        .ok_or_else(|| Fault::Text(format!("it does not end with {END}")))?;
    let joined: String = body.split('\n').collect();
    BASE64
        .decode(joined.as_bytes())
        .map_err(|e| Fault::Text(e.to_string()))
}

/// Each nonce with its slot: all slots have one length.
fn slots(nonces: Vec<[u8; NONCE_LEN]>, body: &[u8]) -> Result<Vec<Slot>, Fault> {
    let length = body.len() / nonces.len().max(1);
    if length == 0 || length * nonces.len() != body.len() {
        return Err(Fault::Text("its slots are not of one length".into()));
    }
    let slots = body.chunks(length).map(<[u8]>::to_vec);
    Ok(nonces.into_iter().zip(slots).collect())
}

fn expect_line<'a>(
    lines: &mut impl Iterator<Item = &'a str>,
    opening: &str,
    example: &str,
) -> Result<&'a str, Fault> {
    lines
        .next()
        .and_then(|line| line.strip_prefix(opening))
        .filter(|rest| rest.is_empty() == example.is_empty())
        .ok_or_else(|| Fault::Text(format!("the line \"{opening}{example}\" is missing")))
}

fn decoded<const N: usize>(what: &str, text: &str) -> Result<[u8; N], Fault> {
    BASE64
        .decode(text.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| Fault::Text(format!("its {what} is not the base64 of {N} bytes")))
}

fn sealing_key(passphrase: &Passphrase, salt: &[u8], rounds: NonZeroU32) -> LessSafeKey {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        rounds,
        salt,
        passphrase.0.as_bytes(),
        key.as_mut_slice(),
    );
    let key = UnboundKey::new(&CHACHA20_POLY1305, key.as_slice()).expect("the key has the cipher's 32 bytes");
    LessSafeKey::new(key)
}
