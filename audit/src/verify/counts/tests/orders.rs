//! Every order of statements, ends, cosignatures and checkpoints, with one honest side and one that does what it likes.

use proptest::prelude::*;

use super::*;

/// What happens next. Avelia is honest in the one test, and Borenia in the other.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// The next message is signed, and comes to both relays.
    Both,
    /// It comes to Avelia's relay only.
    North,
    /// It comes to Borenia's relay only.
    South,
    /// Avelia ends the key, and its relay appends that.
    End,
    /// Borenia's relay appends it.
    EndSouth,
    /// Avelia's relay has seen Borenia's log: it cosigns and appends the checkpoint.
    NorthSees,
    /// Avelia's relay cosigns, and does not come to appending.
    NorthCosigns,
    /// Borenia's relay has seen Avelia's log.
    SouthSees,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => Just(Event::Both),
        1 => Just(Event::North),
        2 => Just(Event::South),
        1 => Just(Event::End),
        1 => Just(Event::EndSouth),
        2 => Just(Event::NorthSees),
        1 => Just(Event::NorthCosigns),
        2 => Just(Event::SouthSees),
    ]
}

/// What came of it.
struct Told {
    play: Play,
    /// Whether each message was signed before Avelia ended the key.
    early: Vec<bool>,
    /// Messages that Avelia itself has signed for before the end: in its own log with Borenia's cosignature under it, or
    /// in a checkpoint of Borenia's log that its own held.
    bound: Vec<bool>,
}

/// Plays the events, one a second. Avelia's relay is honest: behind the end it takes nothing of that key. Borenia's relay
/// takes whatever it is given unless its own log holds the end.
fn play(events: &[Event]) -> Told {
    let mut play = Play::new();
    let (mut early, mut bound): (Vec<bool>, Vec<bool>) = (Vec::new(), Vec::new());
    let (mut ended, mut ended_south) = (None, false);
    let last = events.iter().position(|event| matches!(event, Event::End));
    for (at, event) in events.iter().enumerate() {
        // The claimed time of the revocation is that of the event.
        let at_ms = match last {
            Some(end) if at < end => ENDED_MS - (end - at) as u64 * 2_000,
            Some(end) => ENDED_MS + (at - end) as u64 * 2_000,
            None => ENDED_MS - 60_000 + at as u64 * 2_000,
        };
        let sizes = [0, 1].map(|log| play.logs[log].entries.len() as u64);
        match event {
            Event::Both | Event::North | Event::South if early.len() < 9 => {
                early.push(ended.is_none());
                bound.push(false);
                let word = format!("M{}", early.len());
                if !matches!(event, Event::South) && ended.is_none() {
                    play.write(0, &word);
                }
                if !matches!(event, Event::North) && !ended_south {
                    play.write(1, &word);
                }
            }
            Event::End if ended.is_none() => {
                ended = Some(at);
                play.write(0, "END");
            }
            Event::EndSouth if ended.is_some() && !ended_south => {
                ended_south = true;
                play.write(1, "END");
            }
            Event::NorthSees if sizes[1] > 0 => {
                play.cosign(1, sizes[1], at_ms);
                play.write(0, &format!("SOUTH@{}", sizes[1]));
                if ended.is_none() {
                    let held = &play.logs[1].entries;
                    for (number, bound) in bound.iter_mut().enumerate() {
                        *bound |= held.contains(&play.messages[number]);
                    }
                }
            }
            Event::NorthCosigns if sizes[1] > 0 => play.cosign(1, sizes[1], at_ms),
            Event::SouthSees if sizes[0] > 0 => {
                play.cosign(0, sizes[0], at_ms);
                play.write(1, &format!("NORTH@{}", sizes[0]));
            }
            _ => {}
        }
    }
    if ended.is_some() {
        let fixed = play.cosigned[0].iter().map(|fact| fact.size).max().unwrap_or(0);
        let held = &play.logs[0].entries[..usize::try_from(fixed).unwrap()];
        for (number, bound) in bound.iter_mut().enumerate() {
            *bound |= early[number] && held.contains(&play.messages[number]);
        }
    }
    Told { play, early, bound }
}

fn worth(told: &Told, shown: &[usize]) -> Vec<Option<Standing>> {
    let judged = told.play.judged(shown);
    (0..told.early.len())
        .map(|number| {
            let hash = Hash::of(&told.play.messages[number]);
            judged
                .iter()
                .find(|one| one.sha256 == hash)
                .map(|one| one.standing)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_lets_a_stolen_key_back_date_or_an_owner_disown(events in prop::collection::vec(event(), 1..24)) {
        let told = play(&events);
        for shown in [&BOTH[..], &[0], &[1]] {
            for (number, worth) in worth(&told, shown).into_iter().enumerate() {
                let Some(worth) = worth else { continue };
                if told.early[number] {
                    prop_assert_ne!(worth, Standing::RevokedKey, "M{} is disowned by {:?}", number + 1, shown);
                } else {
                    prop_assert_ne!(worth, Standing::Counts, "M{} is back-dated by {:?}", number + 1, shown);
                }
            }
        }
        for (number, worth) in worth(&told, &BOTH).into_iter().enumerate() {
            if told.bound[number] {
                prop_assert_eq!(worth, Some(Standing::Counts), "M{} was signed for before", number + 1);
            }
        }
    }

    #[test]
    fn more_cosignatures_never_take_anything_away(events in prop::collection::vec(event(), 1..24), left in any::<u64>()) {
        let told = play(&events);
        let whole = worth(&told, &BOTH);
        let mut fewer = told;
        for cosigned in &mut fewer.play.cosigned {
            let mut place = 0;
            cosigned.retain(|_| {
                place += 1;
                left >> (place % 64) & 1 == 1
            });
        }
        for (number, (fewer, whole)) in worth(&fewer, &BOTH).into_iter().zip(whole).enumerate() {
            if fewer == Some(Standing::Counts) {
                prop_assert_eq!(whole, Some(Standing::Counts), "M{}", number + 1);
            }
        }
    }
}
