//! Addresses as they are typed: `udp:127.0.0.1:7001`, `tcp://127.0.0.1:7001`, or bare for both.

use std::net::{SocketAddr, ToSocketAddrs as _};

use hotline_faults::live::Protocol;

/// An address, and what for; none is for both.
pub(super) type Typed = (Option<Protocol>, SocketAddr);

/// One proxied link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub protocol: Protocol,
    pub listen: SocketAddr,
    pub to: SocketAddr,
}

/// Reads an address.
pub(super) fn typed(text: &str) -> Result<Typed, String> {
    let (protocol, rest) = match text.split_once(':') {
        Some(("udp", rest)) => (Some(Protocol::Udp), rest),
        Some(("tcp", rest)) => (Some(Protocol::Tcp), rest),
        _ => (None, text),
    };
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let found = rest.to_socket_addrs().ok().and_then(|mut all| all.next());
    let example = "write one like udp:127.0.0.1:7001, tcp:127.0.0.1:7001, or 127.0.0.1:7001 for both";
    found
        .map(|address| (protocol, address))
        .ok_or_else(|| format!("\"{text}\" is no address and port; {example}"))
}

/// Which links these words mean: each `--listen` with its `--to`, or all with the one.
pub(super) fn pairs(listen: &[Typed], to: &[Typed]) -> Result<Vec<Pair>, String> {
    if to.len() != 1 && to.len() != listen.len() {
        return Err(format!(
            "{} --listen and {} --to do not pair; give one --to for each --listen, or one for all",
            listen.len(),
            to.len()
        ));
    }
    let mut pairs: Vec<Pair> = Vec::new();
    for (n, (wanted, listen)) in listen.iter().enumerate() {
        let (meant, to) = to.get(n).or(to.first()).copied().unwrap_or((None, *listen));
        let protocols = match (*wanted, meant) {
            (None, None) => vec![Protocol::Tcp, Protocol::Udp],
            (Some(one), None) | (None, Some(one)) => vec![one],
            (Some(one), Some(other)) if one == other => vec![one],
            (Some(one), Some(other)) => {
                return Err(format!(
                    "what comes in as {} cannot leave as {}; write the same before both addresses",
                    one.name(),
                    other.name()
                ));
            }
        };
        for protocol in protocols {
            if pairs.iter().any(|pair| pair.protocol == protocol) {
                return Err(format!(
                    "{} is listened for twice; run a second proxy under another --name",
                    protocol.name()
                ));
            }
            let listen = *listen;
            pairs.push(Pair { protocol, listen, to });
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn pair(listen: &[&str], to: &[&str]) -> Result<Vec<Pair>, String> {
        let all = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| typed(text))
                .collect::<Result<Vec<_>, _>>()
        };
        pairs(&all(listen)?, &all(to)?)
    }

    #[test]
    fn an_address_is_for_udp_for_tcp_or_bare_for_both() {
        for text in ["udp:127.0.0.1:7001", "udp://127.0.0.1:7001", "udp:[::1]:7001"] {
            assert_eq!(typed(text).unwrap().0, Some(Protocol::Udp));
        }
        assert_eq!(typed("tcp:127.0.0.1:1").unwrap().0, Some(Protocol::Tcp));
        assert_eq!(
            typed("127.0.0.1:7001").unwrap(),
            (None, "127.0.0.1:7001".parse().unwrap())
        );
        for text in [
            "",
            "udp:",
            "127.0.0.1",
            "quic:127.0.0.1:1:2",
            "tcp:127.0.0.1:99999",
        ] {
            assert!(typed(text).is_err(), "{text}");
        }
    }

    #[test]
    fn each_listen_finds_its_to() {
        let both = pair(&["127.0.0.1:1"], &["127.0.0.1:2"]).unwrap();
        assert_eq!(both.len(), 2);
        let one = pair(&["udp:127.0.0.1:1"], &["127.0.0.1:2"]).unwrap();
        assert_eq!(one[0].protocol, Protocol::Udp);
        let two = pair(
            &["udp:127.0.0.1:1", "tcp:127.0.0.1:2"],
            &["127.0.0.1:3", "127.0.0.1:4"],
        )
        .unwrap();
        assert_eq!((two[0].to.port(), two[1].to.port()), (3, 4));
    }

    #[test]
    fn words_that_contradict_one_another_are_refused() {
        assert!(pair(&["udp:127.0.0.1:1"], &["tcp:127.0.0.1:2"]).is_err());
        assert!(pair(&["udp:127.0.0.1:1", "127.0.0.1:3"], &["127.0.0.1:2"]).is_err());
        assert!(pair(&["udp:127.0.0.1:1"], &["127.0.0.1:2", "127.0.0.1:3"]).is_err());
    }
}
