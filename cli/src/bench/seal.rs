//! `hotline bench seal`: what sealing costs, in time and bytes, by the number of keys. No line is needed for it.

use std::time::Duration;

use clap::Args;
use hotline_audit::{
    Hash,
    sealed::SealContext,
    statement::{Header, Recipient},
};
use hotline_client::seal::{self, SealSecret, SealTo};
use hotline_core::time::LineTime;
use hotline_transport::Seams;
use serde::Serialize;

use crate::exit::{self, Failure, Outcome};

/// Keys that a text is sealed to, by row: one, a desk at each end, those with an escrow each, and twice that.
const KEYS: [u8; 4] = [1, 2, 4, 8];
/// Bytes of the text: those of every message of the other measurements.
const TEXT: usize = super::measure::sender::MESSAGE_BYTES;

/// The words of `bench seal`.
#[derive(Clone, Debug, Args)]
pub struct SealArgs {
    /// How often each is done; the median counts.
    #[arg(long, value_name = "COUNT", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rounds: u32,
    /// Print one object instead of a table.
    #[arg(long)]
    json: bool,
}

impl SealArgs {
    /// Whether scripts read what is printed.
    pub(super) const fn json(&self) -> bool {
        self.json
    }
}

/// One row.
#[derive(Clone, Debug, Serialize)]
struct Row {
    keys: u8,
    seal_us: u64,
    seal_us_per_key: u64,
    open_us: u64,
    content_bytes: usize,
    plain_bytes: usize,
}

/// Measures and prints.
///
/// # Errors
/// Sealing or opening failed.
pub fn run(args: &SealArgs) -> Outcome {
    let rows = KEYS.into_iter().map(|keys| row(keys, args.rounds));
    let rows = rows.collect::<Result<Vec<Row>, Failure>>()?;
    if args.json {
        let object = serde_json::json!({ "text_bytes": TEXT, "rounds": args.rounds, "rows": rows });
        crate::say!("{object}");
        return Ok(exit::OK);
    }
    crate::say!(
        "sealing a text of {TEXT} bytes, medians of {} rounds",
        args.rounds
    );
    crate::say!("keys  seal µs  per key  open µs  bytes  in the clear");
    for row in rows {
        crate::say!(
            "{:4}  {:7}  {:7}  {:7}  {:5}  {:12}",
            row.keys,
            row.seal_us,
            row.seal_us_per_key,
            row.open_us,
            row.content_bytes,
            row.plain_bytes
        );
    }
    Ok(exit::OK)
}

fn row(count: u8, rounds: u32) -> Result<Row, Failure> {
    let failed = |what: String| Failure::new("HL-BENCH-012", exit::OTHER, what, "");
    let seams = Seams::system();
    let mut keys = Vec::new();
    for number in 1..=count {
        let secret = SealSecret::from_seed(&[number; 32]).map_err(failed)?;
        keys.push((Hash::of(&[number]), secret));
    }
    let to = keys
        .iter()
        .map(|(statement, secret)| SealTo::new(*statement, secret.public()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| failed(error.to_string()))?;
    let text = "x".repeat(TEXT);
    let header = header();
    let context = |commitment: &Hash| SealContext::message(&header, "MINISTER", commitment);
    let (mut sealing, mut opening, mut bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..rounds {
        let start = seams.clock.line();
        let sealed = seal::seal(&text, &to, context, seams.entropy.as_ref());
        sealing.push(since(start, &seams));
        let (content, _) = sealed.map_err(|error| failed(error.to_string()))?;
        bytes = content.encode().len();
        if let Some((statement, secret)) = keys.first() {
            let context = context(&content.commitment);
            let start = seams.clock.line();
            let opened = seal::open(&content, &context, (statement, secret));
            opening.push(since(start, &seams));
            opened.map_err(|error| failed(error.to_string()))?;
        }
    }
    let seal_us = median(&mut sealing);
    Ok(Row {
        keys: count,
        seal_us,
        seal_us_per_key: seal_us / u64::from(count),
        open_us: median(&mut opening),
        content_bytes: bytes,
        plain_bytes: hotline_audit::statement::Content::plain([0; 32], &text)
            .encode()
            .len(),
    })
}

fn since(start: LineTime, seams: &Seams) -> Duration {
    seams.clock.line().since(start)
}

/// In microseconds.
fn median(times: &mut [Duration]) -> u64 {
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    u64::try_from(middle.as_micros()).unwrap_or(u64::MAX)
}

/// A message between the two desks of the example.
fn header() -> Header {
    let desk = |side: &str| format!("spiffe://exercise.{side}.example/desk/ops");
    Header {
        id: [1; 16],
        trust_domain: "exercise.avelia.example".into(),
        exercise: "BENCH".into(),
        conversation: [1; 16],
        sender: desk("avelia"),
        key_statement: Hash::ZERO,
        recipients: vec![Recipient {
            identity: desk("borenia"),
            kind: 1,
        }],
        claimed_time_ms: 1,
        epoch: 1,
        sequence: 1,
        previous: Hash::ZERO,
        seen: Vec::new(),
    }
}
