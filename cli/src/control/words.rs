//! What is typed behind control's verbs.

use std::collections::BTreeMap;

use clap::Args;
use hotline_exercise::{order::FaultWord, record::Rating};
use hotline_faults::value;

/// A fault on links.
#[derive(Debug, Args)]
pub(super) struct FaultArgs {
    /// Its kind: cut, latency, loss ... as hotline fault add takes it.
    kind: String,
    /// Its values: delay=100ms.
    #[arg(value_name = "KEY=VALUE", value_parser = key_value)]
    values: Vec<(String, String)>,
    /// Where: "path 1", "A north/quic".
    #[arg(long)]
    link: String,
    /// Which way: up, down, both.
    #[arg(long, default_value = "both")]
    direction: String,
    /// For how long, with its clock: "30s story"; until it is mended or ENDEX without.
    #[arg(long = "for", value_name = "TIME")]
    lasts: Option<String>,
    /// What it is called; kind and link without.
    #[arg(long)]
    name: Option<String>,
}

impl FaultArgs {
    pub(super) fn word(self) -> FaultWord {
        let name = self
            .name
            .unwrap_or_else(|| format!("{} {}", self.kind, self.link));
        FaultWord {
            name,
            kind: self.kind,
            values: self.values.into_iter().collect::<BTreeMap<_, _>>(),
            link: self.link,
            direction: self.direction,
            lasts: self.lasts,
        }
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("\"{text}\" is no value; write one like delay=100ms"))?;
    Ok((key.to_owned(), value.to_owned()))
}

/// `5m`, `+5m`, `-5m` in milliseconds.
pub(super) fn signed(text: &str) -> Result<i64, String> {
    let (sign, length) = match text.strip_prefix('-') {
        Some(length) => (-1, length),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let length = value::duration(length)?;
    let ms = i64::try_from(length.as_millis()).map_err(|_| format!("\"{text}\" is too far"))?;
    Ok(sign * ms)
}

/// `10m` behind STARTEX, in milliseconds.
pub(crate) fn moment(text: &str) -> Result<u64, String> {
    let length = value::duration(text)?;
    u64::try_from(length.as_millis()).map_err(|_| format!("\"{text}\" is too far"))
}

/// A rating by its letter.
pub(super) fn rating(text: &str) -> Result<Rating, String> {
    match text {
        "P" => Ok(Rating::P),
        "S" => Ok(Rating::S),
        "M" => Ok(Rating::M),
        "U" => Ok(Rating::U),
        _ => Err(format!(
            "\"{text}\" is no rating; write P (performed without challenges), S (some challenges), M (major \
             challenges) or U (unable to be performed)"
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn a_distance_is_typed_with_or_without_its_sign() {
        assert_eq!(signed("5m"), Ok(300_000));
        assert_eq!(signed("+5m"), Ok(300_000));
        assert_eq!(signed("-1500ms"), Ok(-1_500));
        assert!(signed("--5m").is_err());
        assert!(signed("soon").is_err());
        assert_eq!(moment("10m"), Ok(600_000));
    }

    #[test]
    fn a_rating_is_one_of_four_letters() {
        assert_eq!(rating("U"), Ok(Rating::U));
        assert!(rating("A").unwrap_err().contains("P (performed"));
    }
}
