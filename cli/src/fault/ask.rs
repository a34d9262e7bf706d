//! `hotline fault add|remove|list|clear`: what is asked of a proxy that runs.

use std::{io, path::PathBuf};

use hotline_faults::{
    control::{self, Answer, Request},
    live::DirectionStats,
    rig::LinkView,
    spec,
};
use serde_json::json;

use super::{AddArgs, Which, read_fault, wrong};
use crate::exit::{self, Failure, Outcome};

pub(super) fn add(args: AddArgs) -> Outcome {
    let AddArgs {
        name,
        kind,
        values,
        direction,
        link,
        which,
    } = args;
    let (fault, parameters) = read_fault(&kind, &values, which.json)?;
    let way = spec::direction(&direction)
        .map_err(|what| wrong(&["--direction", &direction], 1, &what, which.json))?;
    fault.check_apart(way).map_err(|error| {
        let mut words = vec![kind.as_str()];
        words.extend(values.iter().map(String::as_str));
        wrong(&words, 0, &error.to_string(), which.json)
    })?;
    let request = Request::Add {
        name: name.clone(),
        kind,
        parameters,
        direction: direction.clone(),
        link,
    };
    match asked(&which, &request)? {
        Answer::Done { what, links } if which.json => {
            crate::say!(
                "{}",
                json!({ "added": name, "fault": what, "direction": direction, "links": links })
            );
        }
        Answer::Done { what, links } => {
            crate::say!("{name}: {what}, {direction}, on {}", links.join(" and "));
        }
        other => return Err(unexpected(&other, which.json)),
    }
    Ok(exit::OK)
}

pub(super) fn remove(name: String, which: &Which) -> Outcome {
    match asked(which, &Request::Remove { name: name.clone() })? {
        Answer::Done { links, .. } if which.json => {
            crate::say!("{}", json!({ "removed": name, "links": links }));
        }
        Answer::Done { what, links } => crate::say!("{what} from {}", links.join(" and ")),
        other => return Err(unexpected(&other, which.json)),
    }
    Ok(exit::OK)
}

pub(super) fn clear(which: &Which) -> Outcome {
    match asked(which, &Request::Clear)? {
        Answer::Done { what, links } if which.json => {
            crate::say!("{}", json!({ "cleared": what, "links": links }));
        }
        Answer::Done { what, .. } => crate::say!("{what}"),
        other => return Err(unexpected(&other, which.json)),
    }
    Ok(exit::OK)
}

pub(super) fn list(which: &Which) -> Outcome {
    match asked(which, &Request::List)? {
        Answer::Links { links } if which.json => crate::say!("{}", json!({ "links": links })),
        Answer::Links { links } => crate::say_part!("{}", links.iter().map(link).collect::<String>()),
        other => return Err(unexpected(&other, which.json)),
    }
    Ok(exit::OK)
}

fn asked(which: &Which, request: &Request) -> Result<Answer, Failure> {
    let socket = socket(which).map_err(|failure| failure.as_json(which.json))?;
    let answer = control::ask(&socket, request).map_err(|error| {
        let what = format!("no fault proxy answers at {}: {error}", socket.display());
        nobody(what).as_json(which.json)
    })?;
    match answer {
        Answer::Refused { what } => {
            let help = "hotline fault list shows links, names and what is in force";
            Err(Failure::new("HL-FAULT-004", exit::USAGE, what, help).as_json(which.json))
        }
        answer => Ok(answer),
    }
}

fn nobody(what: String) -> Failure {
    let help = "hotline fault run --listen ADDRESS --to ADDRESS starts one";
    Failure::new("HL-FAULT-003", exit::OTHER, what, help)
}

/// The socket that is meant: the one that is named, or that of the only proxy that runs.
fn socket(which: &Which) -> Result<PathBuf, Failure> {
    let broken = |error: io::Error| Failure::io("the folder of control sockets", &error);
    if let Some(path) = &which.control {
        return Ok(path.clone());
    }
    let mut running = control::running().map_err(broken)?;
    let names: Vec<String> = running.iter().map(|(name, _)| name.clone()).collect();
    let names = names.join(", ");
    if let Some(wanted) = &which.on {
        let found = running.into_iter().find(|(name, _)| name == wanted);
        return found.map(|(_, path)| path).ok_or_else(|| match names.as_str() {
            "" => nobody(format!("no fault proxy {wanted} runs, nor any other")),
            names => Failure::new(
                "HL-FAULT-003",
                exit::OTHER,
                format!("no fault proxy {wanted} runs"),
                format!("--on one of: {names}"),
            ),
        });
    }
    match (running.pop(), running.len()) {
        (Some((_, path)), 0) => Ok(path),
        (None, _) => Err(nobody("no fault proxy runs".into())),
        (Some(_), _) => {
            let what = format!("several fault proxies run: {names}");
            Err(Failure::new(
                "HL-FAULT-005",
                exit::USAGE,
                what,
                "say which with --on NAME",
            ))
        }
    }
}

fn unexpected(answer: &Answer, json: bool) -> Failure {
    let what = format!("the proxy answered with {answer:?}");
    Failure::new(
        "HL-FAULT-006",
        exit::OTHER,
        what,
        "use the hotline program that the proxy runs",
    )
    .as_json(json)
}

/// A link as a person reads it.
pub(super) fn link(view: &LinkView) -> String {
    let mut text = format!(
        "{}: {} to {}, {} {}\n",
        view.link,
        view.listen,
        view.to,
        view.stats.clients,
        if view.protocol == "tcp" {
            "connections"
        } else {
            "clients"
        }
    );
    for fault in &view.faults {
        let seconds = fault.for_ms / 1000;
        text.push_str(&format!(
            "  {:<26} {:<52} {:<5} {seconds} s\n",
            fault.name, fault.fault, fault.direction
        ));
    }
    if view.faults.is_empty() {
        text.push_str("  nothing is wrong\n");
    }
    text.push_str(&way("up", &view.stats.up));
    text.push_str(&way("down", &view.stats.down));
    text
}

fn way(name: &str, stats: &DirectionStats) -> String {
    let mut text = format!(
        "  {name:<5} in {} packets, {} bytes; out {}, {} bytes; delayed {}",
        stats.packets_in, stats.bytes_in, stats.packets_out, stats.bytes_out, stats.delayed
    );
    let lost = &stats.lost;
    for (count, what) in [
        (lost.chance, "lost by chance"),
        (lost.cut, "lost by a cut"),
        (lost.queue_full, "lost before a full queue"),
        (lost.too_large, "too large"),
        (lost.hold_full, "more than is held"),
        (lost.no_room, "of one client too many"),
        (lost.not_sent, "not sent by the system"),
        (stats.duplicated, "twice"),
        (stats.retransmitted, "retransmitted"),
        (stats.held, "held"),
        (stats.on_the_way, "on the way"),
    ] {
        if count > 0 {
            text.push_str(&format!("; {count} {what}"));
        }
    }
    text.push_str(&format!("; latest by {} us\n", stats.late_us_max));
    text
}
