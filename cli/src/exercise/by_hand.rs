//! An exercise that controllers run by hand: `hotline exercise run --controlled`, and people at its seats.

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;
use hotline_exercise::{
    codebook::shipped,
    live::{
        attend::Attendance,
        conductor::{obey::Controlled, seats::Told},
        door::{Door, SOCKET},
        site::Site,
    },
    order::Authority,
    scenario::Scenario,
};
use hotline_transport::Seams;
use serde::{Deserialize, Serialize};

use crate::{
    exit::{self, Failure},
    pki::excon::{CONDUCTOR, CONTROLLER, Excon},
};

/// What `run` takes of it.
#[derive(Clone, Debug, Args, Serialize, Deserialize)]
pub struct ByHandArgs {
    /// Controllers run it with hotline control: what needs approval or is overdue waits for them, and they end it.
    #[arg(long)]
    pub controlled: bool,
    /// The story stands from STARTEX on, until hotline control resume.
    #[arg(long)]
    start_paused: bool,
    /// A person sits at this seat, and no script plays it. May be repeated.
    #[arg(long = "person", value_name = "SEAT")]
    pub persons: Vec<String>,
    /// A controller's name: each gets a key. May be repeated.
    #[arg(long = "controller", value_name = "NAME")]
    controllers: Vec<String>,
}

impl ByHandArgs {
    /// The controllers that get keys.
    pub fn controllers(&self) -> Vec<&str> {
        match self.controllers.is_empty() {
            true => vec![CONTROLLER],
            false => self.controllers.iter().map(String::as_str).collect(),
        }
    }

    /// Whether the story stands at first.
    pub const fn starts_paused(&self) -> bool {
        self.start_paused
    }

    /// Whether a person sits there.
    pub fn sits(&self, seat: &str) -> bool {
        self.persons.iter().any(|person| person == seat)
    }

    /// Refuses seats and names that cannot be.
    ///
    /// # Errors
    /// There is no such seat, it has no desk, a controller is called like the conductor, or an exercise without people has
    /// people.
    pub fn check(&self, scenario: &Scenario, headless: bool) -> Result<(), Failure> {
        let at_desk = scenario.seats.iter().filter(|seat| seat.desk.is_some());
        let seats: Vec<&str> = at_desk.map(|seat| seat.name.as_str()).collect();
        let refused = |what: String, help: String| Err(Failure::new("HL-EX-151", exit::USAGE, what, help));
        let asks = self.start_paused || !self.persons.is_empty() || !self.controllers.is_empty();
        if headless && asks && !self.controlled {
            let what = "people take part only where controllers run the exercise".to_owned();
            return refused(what, "--controlled".into());
        }
        if let Some(person) = self
            .persons
            .iter()
            .find(|person| !seats.contains(&person.as_str()))
        {
            let what = format!("{} has no seat {person} at a desk", *scenario.id);
            return refused(what, format!("--person one of: {}", seats.join(", ")));
        }
        match self.controllers.iter().any(|name| name == CONDUCTOR) {
            true => refused(
                format!("{CONDUCTOR} signs the records, and orders nothing"),
                "give the controller another name".into(),
            ),
            false => Ok(()),
        }
    }

    /// Opens control's door, and tells how to use it and where people sit. None for an exercise that runs by itself.
    ///
    /// # Errors
    /// If the socket cannot be opened, or control's roster cannot be read.
    pub async fn open(
        &self,
        site: &Site,
        excon: &Excon,
        out: &std::path::Path,
        seams: &Seams,
    ) -> Result<Option<Controlled>, Failure> {
        if !self.controlled {
            return Ok(None);
        }
        let socket = site.root.join(SOCKET);
        let door = Door::open(&socket)
            .await
            .map_err(|error| Failure::io(&socket.display().to_string(), &error))?;
        self.tell(site, out);
        self.give_codebook(site)?;
        Ok(Some(Controlled {
            door,
            authority: Authority {
                rosters: excon.keys(seams)?.rosters,
                exercise: excon.exercise.clone(),
                conductor: excon.conductor.to_string(),
            },
            start_paused: self.start_paused,
            persons: self
                .persons(site)
                .into_iter()
                .map(|(seat, file)| (seat, Told::File(file)))
                .collect(),
            notes: Vec::new(),
            attendance: Attendance::default(),
            decide: true,
        }))
    }

    /// People at desks of this machine find the agreed codebook where their desk looks for it. Who joined gets it with the
    /// folder.
    fn give_codebook(&self, site: &Site) -> Result<(), Failure> {
        for side in site.sides.iter().filter(|_| !self.persons.is_empty()) {
            let file = side.trust.with_file_name("codebook.toml");
            let place = file.display().to_string();
            std::fs::write(&file, shipped::STARTER).map_err(|error| Failure::io(&place, &error))?;
        }
        Ok(())
    }

    /// The file in which each person is told injects.
    pub fn persons(&self, site: &Site) -> BTreeMap<String, PathBuf> {
        let file = |seat: &String| (seat.clone(), site.root.join(format!("seat-{seat}.txt")));
        self.persons.iter().map(file).collect()
    }

    pub fn tell(&self, site: &Site, out: &std::path::Path) {
        let several = self.controllers().len() > 1;
        let who = if several { " --controller NAME" } else { "" };
        eprintln!("control: hotline control status --dir {}{who}", out.display());
        for (_, desk) in site.desks() {
            let config = desk.config.display();
            eprintln!("desk {}: hotline status --config {config}", desk.name);
            eprintln!("        hotline desk inbox|send|ack --config {config}");
        }
        for (seat, file) in self.persons(site) {
            eprintln!(
                "seat {seat}: a person; what control tells it comes in {}",
                file.display()
            );
        }
    }
}
