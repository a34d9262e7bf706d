//! Known answers: of X-Wing, of HPKE with it, and the worked example of the format.

use data_encoding::HEXLOWER;
use hpke::rand_core::{TryCryptoRng, TryRng};
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct XWing {
    private: String,
    public: String,
    randomness: String,
    encapsulation: String,
    secret: String,
}

#[derive(Deserialize)]
struct Hpke {
    info: String,
    randomness: String,
    private: String,
    public: String,
    encapsulation: String,
    aad: String,
    plaintext: String,
    ciphertext: String,
}

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

/// The chance that a vector names.
struct Given(Vec<u8>);

impl TryRng for Given {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        panic!("nothing asks for it")
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        panic!("nothing asks for it")
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Self::Error> {
        buffer.copy_from_slice(&self.0.drain(..buffer.len()).collect::<Vec<_>>());
        Ok(())
    }
}

impl TryCryptoRng for Given {}

#[test]
fn the_known_answers_of_x_wing_come_out() {
    let vectors: Vec<XWing> = serde_json::from_str(include_str!("../vectors/xwing.json")).unwrap();
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        let seed: [u8; 32] = hex(&vector.private).try_into().unwrap();
        let secret = SealSecret::from_seed(&seed).unwrap();
        assert_eq!(secret.public().as_slice(), hex(&vector.public));
        let public = PublicKey::from_bytes(secret.public()).unwrap();
        let mut chance = Given(hex(&vector.randomness));
        let (shared, encapsulation) = Kem::encap_with_rng(&public, None, &mut chance).unwrap();
        assert_eq!(encapsulation.to_bytes().as_slice(), hex(&vector.encapsulation));
        assert_eq!(shared.0.as_slice(), hex(&vector.secret));
        let back = Kem::decap(secret.private(), None, &encapsulation).unwrap();
        assert_eq!(back.0.as_slice(), hex(&vector.secret));
    }
}

#[test]
fn the_known_answer_of_hpke_with_x_wing_comes_out() {
    let vector: Hpke = serde_json::from_str(include_str!("../vectors/hpke.json")).unwrap();
    let seed: [u8; 32] = hex(&vector.private).try_into().unwrap();
    let secret = SealSecret::from_seed(&seed).unwrap();
    assert_eq!(secret.public().as_slice(), hex(&vector.public));
    let public = PublicKey::from_bytes(secret.public()).unwrap();
    let (encapsulation, sealed) = hpke::single_shot_seal_with_rng::<Cipher, Kdf, Kem>(
        &OpModeS::Base,
        &public,
        &hex(&vector.info),
        &hex(&vector.plaintext),
        &hex(&vector.aad),
        &mut Given(hex(&vector.randomness)),
    )
    .unwrap();
    assert_eq!(encapsulation.to_bytes().as_slice(), hex(&vector.encapsulation));
    assert_eq!(sealed, hex(&vector.ciphertext));
    let opened = hpke::single_shot_open::<Cipher, Kdf, Kem>(
        &OpModeR::Base,
        secret.private(),
        &encapsulation,
        &hex(&vector.info),
        &sealed,
        &hex(&vector.aad),
    );
    assert_eq!(opened.unwrap(), hex(&vector.plaintext));
}

/// Salt, content key and randomness of the example's encapsulation: bytes 01, 02 and 03.
#[derive(Debug)]
struct Example(Mutex<u8>);

impl Entropy for Example {
    fn fill(&self, buffer: &mut [u8]) {
        let mut number = self.0.lock().unwrap();
        *number += 1;
        buffer.fill(*number);
    }
}

#[test]
fn the_worked_example_of_the_format_is_what_this_program_makes() {
    let keys = [(Hash([0xaa; 32]), SealSecret::from_seed(&[5; 32]).unwrap())];
    let chance = Example(Mutex::new(0));
    let (content, opening) = seal("Comm check.", &to(&keys), context, &chance).unwrap();
    let wrapped = |bytes: &[u8]| -> String {
        let hex = HEXLOWER.encode(bytes);
        let lines = hex.as_bytes().chunks(96);
        lines
            .map(|line| String::from_utf8_lossy(line).into_owned() + "\n")
            .collect()
    };
    let example = format!(
        "**Context**\n\n```text\n{}```\n\n**Commitment**\n\n```text\n{}\n```\n\n**Container**\n\n```text\n{}```\n\n**Opening of a statement with hash zero**\n\n```text\n{}```\n",
        wrapped(context(&content.commitment).as_bytes()),
        content.commitment,
        wrapped(&content.body),
        opening.of_statement(Hash::ZERO).to_line(),
    );
    let format = include_str!("../../../../audit/FORMAT.md");
    let written = format
        .split_once("<!-- sealed example -->\n\n")
        .and_then(|(_, rest)| rest.split_once("\n<!-- end of sealed example -->"))
        .map(|(example, _)| example);
    if written != Some(example.as_str()) {
        panic!("audit/FORMAT.md 21.5 has another example; this program makes:\n{example}");
    }
    assert_eq!(opened(&content, &keys[0]), Ok(opening));
}
