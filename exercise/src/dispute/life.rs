//! What the bundles prove of the message itself, as the auditor's program finds it: who signed which rung, and where that
//! stands.

use hotline_audit::{Hash, evidence};

use super::ruling::Names;

/// What a fact is worth.
pub use evidence::Standing;

/// Something that was signed about the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The rung or mark, as the program names it: RELEASED, PEER_HELD, DELIVERED.
    pub rung: String,
    /// Who signed it: `officer/rossi of B`.
    pub who: String,
    /// Whether it is proved.
    pub standing: Standing,
    /// The words that go with it; may be empty.
    pub text: String,
    /// When, milliseconds since 1970, by the signer's or cosigner's clock; `None` of a relay, whose log bears no times.
    pub claimed_ms: Option<u64>,
    /// Not later than this, seconds since 1970, by the clock of who cosigned it, and whose side that is.
    pub before: Option<(u64, String)>,
    /// SHA-256 of the statement.
    pub sha256: Hash,
    /// The logs that hold it, as their own sides handed them in, and where.
    pub places: Vec<(String, u64)>,
}

/// Everything that was signed about a message, as the program has it; each rung of each signer once.
pub(super) fn of(life: &evidence::Life, names: &Names<'_>) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    for said in &life.facts {
        let fact = Fact {
            rung: said.rung.clone(),
            who: names.short(&said.who),
            standing: said.standing,
            text: text(said, names),
            claimed_ms: said.claimed_ms.filter(|_| said.rung != ACCEPTED),
            before: said
                .before
                .as_ref()
                .filter(|_| !is_of_logs(said))
                .map(|before| (before.time_s, names.side_of(&before.by))),
            sha256: said.statement,
            places: places(said, names),
        };
        // Whoever holds the bytes has cosigned them, too.
        let again = facts
            .iter()
            .any(|known| known.is_again(&fact) || known.holds_for(&fact));
        if !again {
            facts.push(fact);
        }
    }
    facts
}

const ACCEPTED: &str = "ACCEPTED";

/// What relays and cosigners say of the bytes: where those stand is told with their words.
fn is_of_logs(fact: &evidence::Fact) -> bool {
    matches!(fact.rung.as_str(), ACCEPTED | "PEER_HELD" | "COSIGNED")
}

fn text(fact: &evidence::Fact, names: &Names<'_>) -> String {
    // A desk that signs a receipt says over which leg the first copy came, which decides nothing.
    match fact.rung.as_str() {
        "DELIVERED" | "ALERTED" | "DISPLAYED" => String::new(),
        _ => names.told(&fact.text),
    }
}

fn places(fact: &evidence::Fact, names: &Names<'_>) -> Vec<(String, u64)> {
    if is_of_logs(fact) {
        return Vec::new();
    }
    let stands = fact.stands.iter();
    stands
        .map(|(origin, index)| (names.log(origin), *index))
        .collect()
}

impl Fact {
    /// A relay's mirror holds what the same relay, as a witness, has cosigned.
    fn holds_for(&self, other: &Self) -> bool {
        let mirror = |fact: &Self| fact.who.replace("/witness", "/mirror");
        self.rung == "PEER_HELD" && other.rung == "COSIGNED" && self.who == mirror(other)
    }

    fn is_again(&self, other: &Self) -> bool {
        (&self.rung, &self.who, self.standing) == (&other.rung, &other.who, other.standing)
    }
}
