//! The hybrid key exchange: known answers, and shares that are refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use curve25519_dalek::MontgomeryPoint;
use data_encoding::HEXLOWER;

use super::*;

/// One set of known answers.
struct Known(Vec<(String, Vec<u8>)>);

impl Known {
    fn all() -> Vec<Self> {
        let text = include_str!("../../tests/vectors/x25519mlkem768.txt");
        let mut all: Vec<Self> = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, hex)) = line.split_once(" = ") else {
                all.push(Self(Vec::new()));
                continue;
            };
            let bytes = HEXLOWER.decode(hex.as_bytes()).unwrap();
            all.last_mut().unwrap().0.push((name.to_owned(), bytes));
        }
        all
    }

    fn get(&self, name: &str) -> &[u8] {
        let found = self.0.iter().find(|(named, _)| named == name);
        found.unwrap().1.as_slice()
    }

    fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.get(name).try_into().unwrap()
    }
}

/// X25519 with a secret that is not by chance; ring does not let itself be told one.
struct Told {
    secret: [u8; 32],
    public: [u8; 32],
}

impl Told {
    fn new(secret: [u8; 32]) -> Box<Self> {
        let public = MontgomeryPoint::mul_base_clamped(secret).to_bytes();
        Box::new(Self { secret, public })
    }
}

impl ActiveKeyExchange for Told {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer = MontgomeryPoint(peer.try_into().unwrap());
        let secret = peer.mul_clamped(self.secret).to_bytes();
        Ok(SharedSecret::from(&secret[..]))
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

#[test]
fn both_ends_come_to_the_known_answers() {
    let all = Known::all();
    assert_eq!(all.len(), 3);
    for known in all {
        let offer = Offer::new(
            &known.array("client-ml-kem-seed"),
            Told::new(known.array("client-x25519")),
        );
        assert_eq!(offer.pub_key(), known.get("client-share"));

        let (key, x25519) = split::<ENCAPSULATION_KEY>(known.get("client-share")).unwrap();
        let server = Told::new(known.array("server-x25519"));
        let x25519 = CompletedKeyExchange {
            group: server.group(),
            pub_key: server.pub_key().to_vec(),
            secret: server.complete(x25519).unwrap(),
        };
        let answered = answer(&known.array("server-ml-kem-message"), key, x25519).unwrap();
        assert_eq!(answered.pub_key, known.get("server-share"));
        assert_eq!(answered.secret.secret_bytes(), known.get("secret"));

        let secret = Box::new(offer).complete(known.get("server-share")).unwrap();
        assert_eq!(secret.secret_bytes(), known.get("secret"));
    }
}

#[test]
fn two_ends_that_have_it_agree_and_each_time_on_another_secret() {
    let mut secrets = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let client = X25519MLKEM768.start().unwrap();
        let server = X25519MLKEM768.start_and_complete(client.pub_key()).unwrap();
        assert_eq!(
            (client.pub_key().len(), server.pub_key.len()),
            (1216, 1120),
            "the draft's lengths"
        );
        let secret = client.complete(&server.pub_key).unwrap();
        assert_eq!(secret.secret_bytes(), server.secret.secret_bytes());
        assert_eq!(secret.secret_bytes().len(), 64);
        secrets.insert(secret.secret_bytes().to_vec());
    }
    assert_eq!(secrets.len(), 3);
}

#[test]
fn a_server_that_takes_x25519_alone_needs_no_second_key_of_the_client() {
    let client = X25519MLKEM768.start().unwrap();
    let (group, share) = client.hybrid_component().unwrap();
    assert_eq!(group, NamedGroup::X25519);
    assert!(client.pub_key().ends_with(share), "it is the same key");
    let server = classical::kx_group::X25519.start_and_complete(share).unwrap();
    let secret = client.complete_hybrid_component(&server.pub_key).unwrap();
    assert_eq!(secret.secret_bytes(), server.secret.secret_bytes());
}

fn refused<T>(result: Result<T, Error>, what: &str) {
    match result {
        Err(Error::PeerMisbehaved(PeerMisbehaved::InvalidKeyShare)) => {}
        Err(other) => panic!("{what}: {other}"),
        Ok(_) => panic!("{what}: taken"),
    }
}

#[test]
fn a_share_of_another_length_is_refused_by_either_end() {
    let client = X25519MLKEM768.start().unwrap();
    let good = client.pub_key().to_vec();
    let server = X25519MLKEM768.start_and_complete(&good).unwrap().pub_key;
    for length in [0, 1, 31, 32, 1088, 1119, 1121, 1152, 1184, 1215, 1217, 2432] {
        let mut share = good.clone();
        share.resize(length, 7);
        refused(X25519MLKEM768.start_and_complete(&share), "client's share");
        let mut share = server.clone();
        share.resize(length, 7);
        refused(X25519MLKEM768.start().unwrap().complete(&share), "server's share");
    }
}

#[test]
fn a_point_that_makes_x25519_all_zero_is_refused_by_either_end() {
    let client = X25519MLKEM768.start().unwrap();
    let good = client.pub_key().to_vec();
    let server = X25519MLKEM768.start_and_complete(&good).unwrap().pub_key;
    // Zero and one are of small order: whatever the secret, the result is zero.
    for first in [0, 1] {
        let mut point = [0; 32];
        point[0] = first;
        let share = [&good[..ENCAPSULATION_KEY], &point].concat();
        refused(X25519MLKEM768.start_and_complete(&share), "client's share");
        let share = [&server[..CIPHERTEXT], &point].concat();
        refused(X25519MLKEM768.start().unwrap().complete(&share), "server's share");
    }
}

#[test]
fn an_encapsulation_key_above_the_modulus_is_refused() {
    let client = X25519MLKEM768.start().unwrap();
    let mut share = client.pub_key().to_vec();
    // Twelve bits of ones are 4095, and the modulus is 3329.
    share[0] = 0xff;
    share[1] |= 0x0f;
    refused(X25519MLKEM768.start_and_complete(&share), "client's share");
    refused(X25519MLKEM768.start_and_complete(&[0xff; 1216]), "client's share");
}

#[test]
fn a_ciphertext_that_was_changed_on_the_way_gives_another_secret() {
    let client = X25519MLKEM768.start().unwrap();
    let server = X25519MLKEM768.start_and_complete(client.pub_key()).unwrap();
    let mut share = server.pub_key.clone();
    share[500] ^= 1;
    let secret = client.complete(&share).unwrap();
    assert_ne!(secret.secret_bytes(), server.secret.secret_bytes());
}

#[test]
fn the_hybrid_group_comes_first_and_every_earlier_one_stays() {
    let groups = |provider: &CryptoProvider| -> Vec<NamedGroup> {
        provider.kx_groups.iter().map(|group| group.name()).collect()
    };
    let ours = groups(&provider());
    assert_eq!(ours.first(), Some(&NamedGroup::X25519MLKEM768));
    assert_eq!(ours[1..], groups(&classical::default_provider()));
}

/// What the hybrid exchange costs by itself: `cargo test -p hotline-transport -- --ignored --nocapture cost`.
#[test]
#[ignore = "measures time"]
fn cost_of_one_exchange() {
    const ROUNDS: u32 = 200;
    for group in [X25519MLKEM768, classical::kx_group::X25519] {
        let clock = crate::seams::Seams::system().clock;
        let begin = clock.line();
        for _ in 0..ROUNDS {
            let client = group.start().unwrap();
            let server = group.start_and_complete(client.pub_key()).unwrap();
            client.complete(&server.pub_key).unwrap();
        }
        let spent = clock.line().since(begin) / ROUNDS;
        println!("{group:?}: {} us for both ends", spent.as_micros());
    }
}
