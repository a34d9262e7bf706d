//! Everything that stands ready at STARTEX.

use super::{
    super::{
        Scenario,
        cast::{
            Attack, DeskCard, Made, Objective, OfficerCard, Pin, RelayCard, SeatCard, StageRules, Topology,
        },
        lists::Pinned,
        moment::Span,
    },
    keys::{Keys, quoted, tongues, words},
};

pub(super) fn write(scenario: &Scenario, out: &mut String) {
    stage(&scenario.stage).table("[stage]", out);
    codebook(&scenario.codebook).table("[codebook]", out);
    topology(&scenario.topology, out);
    made(scenario.made, out);
    if !scenario.variants.is_empty() {
        let mut keys = Keys::default();
        for (name, what) in &scenario.variants {
            keys.text(name, what);
        }
        keys.table("[variants]", out);
    }
    for each in &scenario.officers {
        officer(each).table("[[officer]]", out);
    }
    for each in &scenario.seats {
        seat(each).table("[[seat]]", out);
    }
    for each in &scenario.objectives {
        objective(each).table("[[objective]]", out);
    }
    for each in &scenario.attacks {
        attack(each).table("[[attack]]", out);
    }
    for each in &scenario.handouts {
        let mut keys = Keys::default();
        keys.text("id", &each.id);
        keys.text("for", &each.seat);
        keys.put("text", tongues(&each.text));
        keys.table("[[handout]]", out);
    }
}

fn stage(stage: &StageRules) -> Keys {
    let mut keys = Keys::default();
    keys.put("allowed", words(stage.allowed.iter().map(|stage| stage.name())));
    let thousandths = stage.speed.thousandths();
    keys.put(
        "speed",
        format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000),
    );
    keys.flag("leap", stage.leap);
    keys
}

fn codebook(pin: &Pin) -> Keys {
    let mut keys = Keys::default();
    keys.text("file", &pin.file);
    keys.put("version", pin.version.to_string());
    keys.name("sha256", pin.sha256.as_ref());
    if pin.pinned != Pinned::Both {
        keys.text("pinned", pin.pinned.name());
    }
    keys
}

fn topology(topology: &Topology, out: &mut String) {
    let mut keys = Keys::default();
    keys.text("profile", &topology.profile);
    let every = topology.checks_every.map(Span::Line);
    keys.maybe("checks_every", every.map(|every| quoted(&every.to_string())));
    keys.names("doors", &topology.doors);
    keys.table("[topology]", out);
    for each in &topology.relays {
        relay(each).table("[[topology.relay]]", out);
    }
    for each in &topology.desks {
        desk(each).table("[[topology.desk]]", out);
    }
}

fn relay(relay: &RelayCard) -> Keys {
    let mut keys = Keys::default();
    keys.text("name", &relay.name);
    keys.text("side", relay.side.name());
    keys.put("path", relay.path.to_string());
    keys.name("profile", relay.profile.as_ref());
    keys.name("from", relay.from.as_ref());
    keys
}

fn desk(desk: &DeskCard) -> Keys {
    let mut keys = Keys::default();
    keys.text("name", &desk.name);
    keys.text("side", desk.side.name());
    keys.flag("backup", desk.backup);
    keys.flag("second", desk.second);
    keys
}

fn made(made: Made, out: &mut String) {
    if made == Made::TODAY {
        return;
    }
    let mut keys = Keys::default();
    keys.put("days_before", made.days_before.to_string());
    keys.put("lifetime_days", made.lifetime_days.to_string());
    keys.put("dormant_days", made.dormant_days.to_string());
    keys.table("[made]", out);
}

fn officer(officer: &OfficerCard) -> Keys {
    let mut keys = Keys::default();
    keys.text("name", &officer.name);
    keys.text("side", officer.side.name());
    keys.text("desk", &officer.desk);
    keys.put("roles", words(officer.roles.iter().map(|role| role.name())));
    keys.list("languages", officer.languages.iter().map(|tongue| tongue.name()));
    keys.flag("sealed", officer.sealed);
    keys.flag("duress", officer.duress);
    keys
}

fn seat(seat: &SeatCard) -> Keys {
    let mut keys = Keys::default();
    keys.text("name", &seat.name);
    keys.text("kind", seat.kind.name());
    keys.name("desk", seat.desk.as_ref());
    keys.names("officers", &seat.officers);
    keys.text("scripted", seat.scripted.name());
    keys
}

fn objective(objective: &Objective) -> Keys {
    let mut keys = Keys::default();
    keys.text("id", &objective.id);
    keys.put("title", tongues(&objective.title));
    keys.maybe("capability", objective.capability.as_deref().map(quoted));
    keys.list("targets", objective.targets.iter().map(String::as_str));
    keys
}

fn attack(attack: &Attack) -> Keys {
    let mut keys = Keys::default();
    keys.text("id", &attack.id);
    keys.text("kind", attack.kind.name());
    keys.name("of", attack.of.as_ref());
    if attack.session {
        keys.text("session", "open");
    }
    keys
}
