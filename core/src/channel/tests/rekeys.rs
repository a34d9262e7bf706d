//! A change of keys needs both sides and the same terms, and has an overlap.

use super::*;
use crate::channel::{Orders, Political, rekey::RekeyPhase};

fn rekey(side: &str, leaf: u8, consents_to: Option<u8>) -> Order {
    Order {
        channel: None,
        subject: Some(Hash32([9; 32])),
        effective: Some(at(10)),
        review_by: Some(at(20)),
        consents_to: consents_to.map(|hash| Hash32([hash; 32])),
        ..order(side, OrderVerb::Rekey, leaf)
    }
}

fn noted(all: impl IntoIterator<Item = Order>) -> Orders {
    let mut orders = Orders::default();
    for order in all {
        orders.note(order, &|_| true);
    }
    orders
}

fn phases(orders: &Orders) -> Vec<RekeyPhase> {
    let rekeys = orders.rekeys();
    [9, 10, 20, 21].map(|second| rekeys[0].phase(at(second))).to_vec()
}

#[test]
fn a_key_counts_from_its_moment_once_both_sides_signed_and_the_others_until_theirs() {
    use RekeyPhase::{Agreed, Lapsed, Over, Overlap, Proposed};
    let alone = noted([rekey("A", 1, None)]);
    assert_eq!(phases(&alone), [Proposed, Proposed, Proposed, Lapsed]);
    let mut both = noted([rekey("B", 2, Some(1)), rekey("A", 1, None)]);
    both.note_key(Hash32([9; 32]));
    assert_eq!(phases(&both), [Agreed, Overlap, Overlap, Over], "in any order");
    assert_eq!(
        both.axis("MARITIME", &|_| true).state,
        Political::Open,
        "it stops nothing"
    );
}

#[test]
fn the_old_key_counts_until_its_desk_has_signed_with_the_new_one_because_the_consent_may_be_late() {
    use RekeyPhase::{Agreed, Over, Overlap};
    let mut both = noted([rekey("A", 1, None), rekey("B", 2, Some(1))]);
    assert_eq!(phases(&both), [Agreed, Overlap, Overlap, Overlap]);
    both.note_key(Hash32([8; 32]));
    assert_eq!(phases(&both)[3], Overlap, "another key is another key");
    both.note_key(Hash32([9; 32]));
    assert_eq!(phases(&both)[3], Over);
}

#[test]
fn a_consent_that_comes_behind_the_old_keys_end_agrees_to_nothing_unless_the_new_key_signs_already() {
    let late = Order {
        received: at(21),
        ..rekey("B", 2, Some(1))
    };
    let mut orders = noted([rekey("A", 1, None), late]);
    assert_eq!(phases(&orders)[3], RekeyPhase::Lapsed);
    orders.note_key(Hash32([9; 32]));
    assert_eq!(phases(&orders)[3], RekeyPhase::Over, "a desk that learns it anew");
}

#[test]
fn however_many_keys_a_side_announces_what_both_sides_signed_is_not_forgotten() {
    for consent_first in [false, true] {
        let mut both = [rekey("A", 1, None), rekey("B", 2, Some(1))];
        if consent_first {
            both.reverse();
        }
        let mut orders = noted(both);
        for leaf in 3..2_000_u64 {
            let mut hash = [0xee; 32];
            hash[..8].copy_from_slice(&leaf.to_be_bytes());
            let more = Order {
                hash: Hash32(hash),
                place: place(leaf),
                leaf,
                ..rekey("A", 3, None)
            };
            orders.note(more, &|_| true);
        }
        let rekeys = orders.rekeys();
        let agreed: Vec<_> = rekeys.iter().filter(|rekey| rekey.consent.is_some()).collect();
        assert_eq!(agreed.len(), 1, "{consent_first}");
        assert_eq!(agreed[0].announced.hash, Hash32([1; 32]));
        assert!(rekeys.len() < 100, "{}", rekeys.len());
    }
}

#[test]
fn an_agreement_needs_an_eighth_of_the_overlap_to_arrive_in_and_never_more_than_ten_minutes() {
    let orders = noted([rekey("A", 1, None)]);
    let rest = orders.rekeys()[0].least_rest();
    assert_eq!(rest, std::time::Duration::from_millis(1_250));
    let long = Order {
        review_by: Some(at(100_000)),
        ..rekey("A", 1, None)
    };
    let orders = noted([long]);
    assert_eq!(
        orders.rekeys()[0].least_rest(),
        std::time::Duration::from_secs(600)
    );
}

#[test]
fn an_agreement_of_the_same_side_or_to_other_terms_agrees_to_nothing() {
    let changes: [fn(&mut Order); 5] = [
        |order| order.desk = desk("A"),
        |order| order.subject = Some(Hash32([8; 32])),
        |order| order.effective = Some(at(11)),
        |order| order.review_by = Some(at(19)),
        |order| order.verb = OrderVerb::Restore,
    ];
    for change in changes {
        let mut other = rekey("B", 2, Some(1));
        change(&mut other);
        let orders = noted([rekey("A", 1, None), other]);
        assert!(orders.rekeys()[0].consent.is_none());
    }
}

#[test]
fn an_announcement_that_lacks_a_key_or_a_moment_announces_nothing() {
    let changes: [fn(&mut Order); 5] = [
        |order| order.subject = None,
        |order| order.effective = None,
        |order| order.review_by = None,
        |order| order.review_by = order.effective,
        |order| order.channel = Some("MARITIME".into()),
    ];
    for change in changes {
        let mut other = rekey("A", 1, None);
        change(&mut other);
        assert!(noted([other]).rekeys().is_empty());
    }
}
