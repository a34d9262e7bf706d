//! What people ask of a station.

use std::collections::{BTreeMap, BTreeSet};

use hotline_audit::{
    Hash, SignedStatement,
    key::RosterSet,
    statement::{Act, Header, Message, OfficerAct, ReceiptItem},
};
use hotline_core::{
    crash::{self, Point},
    dialogue::{Effect, effect},
    identity::Identity,
    ladder::{Fact, Ladder, Signer, Subject},
    name::MessageName,
    precedence::{Precedence, Urgency},
    time::WallTime,
    words::{Answer as Answers, Function, Rung},
};
use hotline_ledger::{Ledger, Record, SpaceLeft};
use tokio::sync::oneshot;

use super::{Ask, CatchingUp, Engine, Signing, judged, readback, words};
use crate::{
    book::{Direction, Letter, Shown},
    compose::Sheet,
    judge, memory, overdue,
    own::Address,
    request::{Answer, DraftView, Refusal, Request},
    round::{Answering, Reply, RestsOn, Round},
    seal::{self, NotOpened, SealRule, Words},
    view::{self, MessageView},
};

/// Messages listed at once.
const LIST_MAX: usize = 10_000;
/// Drafts kept at once. 1,000: far beyond what people leave lying about.
const DRAFTS_MAX: usize = 1_000;

pub(super) type Answered = Result<Reply, Refusal>;

impl Engine {
    pub(super) fn ask(&mut self, ask: Ask, round: &mut Round) {
        let Ask { request, reply } = ask;
        if let Request::CatchUp { within_ms } = request {
            let until = self.line().after(std::time::Duration::from_millis(within_ms));
            self.waiting.push(CatchingUp { until, reply });
            return;
        }
        if let Request::Ping { leg, within_ms } = request {
            let within = std::time::Duration::from_millis(within_ms);
            self.ping((leg, within), reply, round);
            return;
        }
        if let Request::Closes { within_ms } = request {
            self.closes(within_ms, reply, round);
            return;
        }
        if let Request::Backup { to } = request {
            backup(self.ledger.clone(), to, reply);
            return;
        }
        // A story word holds whether or not the disk is full: it is kept as soon as there is room.
        let needs_no_disk = matches!(
            request,
            Request::Drafts
                | Request::List { .. }
                | Request::Show { .. }
                | Request::Status
                | Request::Story { .. }
                | Request::State { .. }
        );
        let signed = judged::signed_by_officers(&request);
        let answered = self.answer(request, round);
        if let (true, Err(refusal)) = (signed, &answered) {
            round.news.push(judged::refused(refusal));
        }
        let rests_on = if needs_no_disk || answered.is_err() {
            RestsOn::Nothing
        } else {
            RestsOn::ThisRound
        };
        let with = answered.unwrap_or_else(|refusal| Reply::Ready(Answer::Refused(refusal)));
        round.replies.push(Answering {
            to: reply,
            with,
            rests_on,
        });
    }

    fn answer(&mut self, request: Request, round: &mut Round) -> Answered {
        match request {
            Request::Release { sheet } => self.release(&sheet, round),
            Request::Draft { sheet } => self.draft(&sheet, round),
            Request::Drafts => Ok(Reply::Ready(Answer::Drafts {
                drafts: self.drafts(),
            })),
            Request::Act { act } => self.act(&act, round),
            Request::Annex { annex } => self.annex(&annex, round),
            Request::Displayed { messages } => self.device_receipt(&messages, Rung::Displayed, round),
            Request::Alerted { messages } => self.device_receipt(&messages, Rung::Alerted, round),
            Request::Showing { messages } => self.showing(&messages, round),
            Request::List { limit, incoming } => Ok(Reply::Ready(Answer::Messages {
                messages: self.list(limit, incoming),
            })),
            Request::Show { message } => self.find(&message).map(|letter| Reply::Message(letter.hash)),
            Request::Status => Ok(Reply::Ready(Answer::Status(Box::new(self.line_status())))),
            Request::Clock { offset_ms } => self.clock_was_set(offset_ms, round),
            Request::Story { word } => self.story_told(&word),
            Request::State { what, is } => self.state(&what, &is, round),
            Request::KeepWatch { watch } => self.keep_watch(&watch, round),
            Request::Order { order } => self.order(&order, round),
            Request::OpenChannel { terms, consent } => self.open_channel(&terms, &consent, round),
            Request::Opens => {
                self.opens(round);
                Ok(Reply::Ready(Answer::Done {
                    what: "on duty".into(),
                }))
            }
            Request::Reload
            | Request::Backup { .. }
            | Request::CatchUp { .. }
            | Request::Ping { .. }
            | Request::Wait { .. }
            | Request::Watch
            | Request::Closes { .. } => Err(refusal(
                1,
                1,
                "the station's front answers that".into(),
                "use the hotline program of the same version as the station",
            )),
        }
    }

    /// The station's front has set the clock; here it becomes an alarm.
    fn clock_was_set(&mut self, offset_ms: i64, round: &mut Round) -> Answered {
        let what = format!("this desk's wall clock is off by {offset_ms} ms on purpose");
        self.alarm("CLOCK", what.clone(), round);
        Ok(Reply::Ready(Answer::Done { what }))
    }

    pub(super) fn must_sign(&self) -> Result<(), Refusal> {
        match &self.signing {
            Signing::Open => Ok(()),
            Signing::KeyEnded(why) => Err(refusal(
                8,
                8,
                format!("this desk signs nothing: {why}"),
                "hotline doctor, then go over to the backup identity: hotline pki use-backup",
            )),
            Signing::Closed(why) => Err(refusal(
                8,
                8,
                format!("this desk signs nothing: {why}"),
                "hotline log compare this ledger with a relay's, then hotline desk restore",
            )),
        }
    }

    /// By this desk's clock and its rule of release.
    pub(super) fn judge_message(
        &self,
        said: (&Message, &Words),
        rosters: &RosterSet,
    ) -> Result<judge::JudgedMessage, judge::Rejected> {
        judge::judge_message(said, rosters, self.wall().unix_ms(), self.config.release)
    }

    fn release(&mut self, sheet: &Sheet, round: &mut Round) -> Answered {
        self.must_sign()?;
        let message = sheet.message().map_err(|error| bad_sheet(&error.to_string()))?;
        let words = self.sheet_words(sheet, &message)?;
        let judged = self
            .judge_message((&message, &words), round.trust.rosters())
            .map_err(|error| not_released(&error.to_string()))?;
        if judged.draft.sender != self.me || message.header.exercise != self.pen.exercise {
            return Err(not_released("it was approved for another desk or exercise"));
        }
        if !message.channel.is_empty()
            && !self.has_charter(&message.channel, &round.trust)
            && !hotline_core::plant::active("channel-without-charter")
        {
            return Err(not_released(&format!(
                "the channel {} has no charter that both sides signed",
                message.channel
            )));
        }
        self.check_wraps(&message, round)?;
        if self.holds_id(message.header.id, round) {
            return Err(not_released("a message with that id was released before"));
        }
        if hotline_core::contact::is_past(message.respond_by_ms, self.wall()) {
            return Err(not_released("the time to answer by has passed already"));
        }
        self.check_orders(&message, &judged)?;
        self.check_answer(&message, &judged)?;
        self.check_space(&judged)?;
        let draft_key = message.header.id.to_vec();
        let to: BTreeSet<_> = judged
            .draft
            .recipients
            .iter()
            .map(|to| to.identity.clone())
            .collect();
        let seen = self.seen();
        let sealed = message.content.is_sealed();
        let signed = self
            .pen
            .message(&round.tip, message, &seen, self.seams.clock.as_ref())
            .map_err(|error| not_released(&error.to_string()))?;
        let hash = signed.hash;
        for space in [memory::DRAFT, memory::DRAFT_OPENING] {
            let key = draft_key.clone();
            round.records.push(Record::Delete { space, key });
        }
        round.urgent |= judged.draft.precedence >= Precedence::Flash;
        self.place_own(signed, judged.draft.precedence, to, round);
        words::keep(hash, sealed, &words, round);
        round.opened_already(words);
        round.judged_already(judged);
        Ok(Reply::Message(hash))
    }

    /// The words of a sheet: those that its content commits to, and sealed where that is the rule.
    fn sheet_words(&self, sheet: &Sheet, message: &Message) -> Result<Words, Refusal> {
        if !message.content.is_sealed() && self.config.seal == SealRule::Required {
            return Err(not_released(&NotOpened::Unsealed.to_string()));
        }
        sheet
            .words()
            .map(Ok)
            .map_err(|error| bad_sheet(&error.to_string()))
    }

    /// What is sealed is sealed to whom it would be sealed now: nobody is left out, and nobody put in, by who wrote it. The
    /// words are those of the commitment, as every sheet's are; that the wraps open is seen where they are opened.
    fn check_wraps(&self, message: &Message, round: &Round) -> Result<(), Refusal> {
        if !message.content.is_sealed() {
            return Ok(());
        }
        let named = message.header.recipients.iter();
        let desks: Vec<&str> = named.map(|to| to.identity.as_str()).collect();
        let container = message.content.container();
        let container = container.map_err(|error| not_released(&error.to_string()))?;
        let (rosters, now_ms) = (round.trust.rosters(), self.wall().unix_ms());
        seal::check_wraps(&container, (&self.me, &desks), rosters, now_ms)
            .map_err(|error| not_released(&error.to_string()))
    }

    fn holds_id(&self, id: [u8; 16], round: &Round) -> bool {
        let me = self.me.to_string();
        round.ids.contains_key(&(me.clone(), id)) || self.ledger.by_id(&me, &id).ok().flatten().is_some()
    }

    /// An answer must be one that the message asks for, to a message we have and have not closed.
    fn check_answer(
        &self,
        message: &hotline_audit::statement::Message,
        judged: &judge::JudgedMessage,
    ) -> Result<(), Refusal> {
        let (Function::Reply, Some(answer), Some(reference)) = (
            judged.draft.function,
            judged.draft.answer,
            message.refers_to.as_ref(),
        ) else {
            return Ok(());
        };
        let letter = self
            .book
            .letter(&reference.sha256)
            .ok_or_else(|| unknown(&reference.sha256.to_string()))?;
        if effect(letter.ladder.subject().response, answer) == Effect::NotAllowed {
            return Err(not_released(&format!(
                "{} does not answer a message that asks for {}",
                answer.name(),
                letter.ladder.subject().response.name()
            )));
        }
        if letter.ladder.reached(Rung::Closed).is_some() {
            return Err(not_released("its dialogue is closed already"));
        }
        self.still_holds(letter)?;
        if overdue::locked(letter) && answer != Answers::Standby {
            return Err(self.is_locked(letter));
        }
        Ok(())
    }

    /// An expired message is never acted on.
    pub(super) fn still_holds(&self, letter: &Letter) -> Result<(), Refusal> {
        if !overdue::expired(letter, self.wall()) {
            return Ok(());
        }
        let until = WallTime::from_unix_ms(letter.message.expires_ms).rfc3339();
        Err(refusal(
            13,
            1,
            format!(
                "{} is EXPIRED: it held until {until}, and is never to be acted on",
                self.view_of(letter).name
            ),
            "ask its sender for a new message",
        ))
    }

    fn is_locked(&self, letter: &Letter) -> Refusal {
        let name = self.view_of(letter).name;
        let why = match (overdue::delayed_by(letter), overdue::unknown_by(letter)) {
            (None, Some(ahead)) => format!(
                "{name} may be DELAYED: by its sender's clock it was signed {} s from now, so nobody can tell",
                ahead.as_secs()
            ),
            (late, _) => format!(
                "{name} is DELAYED: it came {} s later than its precedence allows",
                late.unwrap_or_default().as_secs()
            ),
        };
        refusal(
            14,
            1,
            format!("{why}; it is locked until its sender confirms it"),
            "ask the sending desk to run hotline desk act CONFIRMED on it, or sign HOLDING meanwhile",
        )
    }

    /// On the reserve, ROUTINE traffic is refused first; FLASH and the audit trail keep their room.
    fn check_space(&self, judged: &judge::JudgedMessage) -> Result<(), Refusal> {
        use hotline_core::precedence::Precedence;
        let on_reserve = matches!(
            self.ledger.space().map(|space| space.left()),
            Ok(SpaceLeft::Reserve)
        );
        if on_reserve && judged.draft.precedence < Precedence::Flash {
            return Err(refusal(
                9,
                1,
                "the disk is nearly full: only FLASH and OVERRIDE are taken".into(),
                "free space on the ledger's disk",
            ));
        }
        Ok(())
    }

    fn draft(&mut self, sheet: &Sheet, round: &mut Round) -> Answered {
        let message = sheet.message().map_err(|error| bad_sheet(&error.to_string()))?;
        let words = self.sheet_words(sheet, &message)?;
        if message.content.is_sealed() {
            // Another officer will sign what this desk shows: so it opens the very bytes, and does not take the writer's word.
            let opened = self.opener.message(&message, round.trust.rosters());
            if opened != words {
                let why = opened
                    .err()
                    .map_or_else(|| "it has other words".to_owned(), |why| why.to_string());
                return Err(bad_sheet(&format!(
                    "its content does not open as it should: {why}"
                )));
            }
        }
        let draft = judge::draft_of(&message, &words).map_err(|error| bad_sheet(&error.to_string()))?;
        hotline_core::release::check_draft(&draft).map_err(|error| not_released(&error.to_string()))?;
        if self.drafts().len() >= DRAFTS_MAX {
            return Err(not_released("1,000 drafts wait already"));
        }
        let records = words::draft_records(message.header.id, sheet);
        round
            .records
            .extend(records.map_err(|error| bad_sheet(&error.to_string()))?);
        round.steps.note(Point::DraftSaved);
        let view = draft_view(sheet.clone()).ok_or_else(|| bad_sheet("it cannot be shown"))?;
        Ok(Reply::Ready(Answer::Drafts { drafts: vec![view] }))
    }

    fn drafts(&self) -> Vec<DraftView> {
        let records = self
            .ledger
            .records(memory::DRAFT, &[], DRAFTS_MAX)
            .unwrap_or_default();
        records
            .iter()
            .filter_map(|(id, value)| draft_view(self.draft_sheet(id, value)?))
            .collect()
    }

    /// Places an officer's act. The ladder's own table is asked first: what would be foreign there is refused here.
    fn act(&mut self, act: &str, round: &mut Round) -> Answered {
        self.must_sign()?;
        let bytes = data_encoding::BASE64
            .decode(act.as_bytes())
            .map_err(|error| bad_sheet(&format!("the act is not base64: {error}")))?;
        let signed = SignedStatement::parse(&bytes).map_err(|error| bad_sheet(&error.to_string()))?;
        let read = OfficerAct::decode(&signed.payload).map_err(|error| bad_sheet(&error.to_string()))?;
        let letter = self
            .book
            .letter(&read.message.sha256)
            .ok_or_else(|| unknown(&read.message.sha256.to_string()))?;
        self.permit(letter, &read, bytes.clone(), round.trust.rosters())?;
        let hash = letter.hash;
        let (others, address, precedence) = Self::about(letter);
        let seen = self.seen();
        let both = (self.seams.clock.as_ref(), self.seams.entropy.as_ref());
        let placed = self
            .pen
            .act(&round.tip, &address, bytes, &seen, both)
            .map_err(|error| not_released(&error.to_string()))?;
        crash::at(Point::ActSigned);
        self.place_own(placed, precedence, others, round);
        Ok(Reply::Message(hash))
    }

    /// Who gets what an officer signs about a message, in which conversation, and how urgently.
    pub(super) fn about(letter: &Letter) -> (BTreeSet<Identity>, Address, Precedence) {
        let others: Vec<_> = match letter.direction {
            Direction::In => vec![letter.ladder.subject().sender.clone()],
            Direction::Out => {
                let recipients = letter.ladder.subject().recipients.iter();
                recipients.map(|to| to.identity.clone()).collect()
            }
        };
        let address = Address {
            to: others.clone(),
            conversation: Some(letter.message.header.conversation),
        };
        let precedence = judge::urgency(&letter.message).answered_at();
        (others.into_iter().collect(), address, precedence)
    }

    fn permit(
        &self,
        letter: &Letter,
        read: &OfficerAct,
        bytes: Vec<u8>,
        rosters: &RosterSet,
    ) -> Result<(), Refusal> {
        let confirms = [Rung::Confirmed, Rung::Corrected]
            .map(Rung::to_wire)
            .contains(&read.rung);
        match (letter.direction, confirms) {
            (Direction::In, false) | (Direction::Out, true) => {}
            (Direction::Out, false) => {
                return Err(not_released("only the desk that received a message acts on it"));
            }
            (Direction::In, true) => {
                return Err(not_released(
                    "only the desk that sent a message confirms or corrects what is read back",
                ));
            }
        }
        self.still_holds(letter)?;
        let takes_up = [Rung::Acknowledged, Rung::ReadBack]
            .map(Rung::to_wire)
            .contains(&read.rung);
        if takes_up && overdue::locked(letter) {
            return Err(self.is_locked(letter));
        }
        readback::permit(letter, read)?;
        // Judged as it will be judged by the other side: with this desk as the place.
        let placed = Act {
            header: header_of(letter, &self.me.to_string(), &self.pen.exercise),
            act: bytes,
        };
        let judged = judge::judge_act(&placed, rosters, self.wall().unix_ms())
            .map_err(|error| not_released(&error.to_string()))?;
        let fact = Fact {
            arrived: self.wall(),
            claimed: WallTime::from_unix_ms(read.claimed_time_ms),
            rung: judged.rung,
            signer: Signer::Officer {
                identity: judged.officer,
                roles: judged.roles,
                desk: judged.desk,
            },
            answer: None,
            text: read.text.clone(),
            leg: None,
            place: None,
        };
        let subject: Subject = letter.ladder.subject().clone();
        Ladder::new(subject)
            .apply(fact)
            .map(|_| ())
            .map_err(|foreign| not_released(&foreign.to_string()))
    }

    /// DISPLAYED and ALERTED: signed by the desk's device key, once per message.
    fn device_receipt(&mut self, messages: &[String], rung: Rung, round: &mut Round) -> Answered {
        self.must_sign()?;
        let mut items: BTreeMap<(Identity, Urgency), Vec<ReceiptItem>> = BTreeMap::new();
        for name in messages {
            let letter = self.find(name)?;
            let done = letter.ladder.reached_at(rung, &self.me).is_some();
            if letter.direction == Direction::In && letter.rejected.is_none() && !done {
                let sender = letter.ladder.subject().sender.clone();
                items
                    .entry((sender, judge::urgency(&letter.message)))
                    .or_default()
                    .push(ReceiptItem {
                        id: letter.message.header.id,
                        sha256: letter.hash,
                        leg: letter
                            .first_leg
                            .as_ref()
                            .map(ToString::to_string)
                            .unwrap_or_default(),
                    });
            }
        }
        for ((subject, urgency), items) in items {
            self.sign_receipt((&subject, urgency), rung, items, round);
            crash::at(Point::DisplayedSigned);
        }
        Ok(Reply::Ready(Answer::Done {
            what: rung.name().to_lowercase(),
        }))
    }

    fn showing(&mut self, messages: &[String], round: &mut Round) -> Answered {
        for name in messages {
            let hash = self.find(name)?.hash;
            if let Some(letter) = self.book.letter_mut(&hash)
                && letter.shown == Shown::No
            {
                letter.shown = Shown::Before;
                round.steps.note(Point::ShowingStored);
                if hotline_core::plant::active("shown-forgotten-on-restart") {
                    continue;
                }
                let key = hash.as_bytes().to_vec();
                round.records.push(Record::Put {
                    space: memory::SHOWN,
                    key,
                    value: vec![1],
                });
            }
        }
        Ok(Reply::Ready(Answer::Done {
            what: "marked as about to be drawn".into(),
        }))
    }

    fn list(&self, limit: usize, incoming: bool) -> Vec<MessageView> {
        let wanted = |letter: &&Letter| !incoming || letter.direction == Direction::In;
        let mut views: Vec<MessageView> = self
            .book
            .letters()
            .rev()
            .filter(wanted)
            .take(limit.min(LIST_MAX))
            .map(|letter| self.view_of(letter))
            .collect();
        views.reverse();
        views
    }

    pub(super) fn view(&self, hash: &Hash) -> Answer {
        match self.book.letter(hash) {
            Some(letter) => Answer::Message(Box::new(self.view_of(letter))),
            None => Answer::Refused(unknown(&hash.to_string())),
        }
    }

    /// What people call a message: `A-0017`.
    pub(super) fn name_of(&self, letter: &Letter) -> String {
        view::name(letter, &self.prefix(&letter.message.header.sender))
    }

    pub(super) fn view_of(&self, letter: &Letter) -> MessageView {
        let view = view::of(letter, &self.prefix(&letter.message.header.sender), self.wall());
        MessageView {
            overdue: self.overdue_view(&letter.hash),
            review: self.in_doubt(letter),
            unanswered: self.unanswered(letter),
            undelivered: self.said_undelivered(letter),
            cancelled: self.book.is_cancelled(letter),
            held: self.held_of(letter),
            announced: self.announced.view(&letter.hash),
            dtg: match self.time_in_doubt(letter) {
                true => format!("{}?", view.dtg),
                false => view.dtg.clone(),
            },
            ..view
        }
    }

    fn prefix(&self, sender: &str) -> String {
        if sender == self.me.to_string() {
            return self.config.prefix.clone();
        }
        self.trust.directory().prefix(sender).unwrap_or("X").to_owned()
    }

    /// A message by name, id or SHA-256 (or their beginning, if it is one message's only).
    fn find(&self, wanted: &str) -> Result<&Letter, Refusal> {
        if let Ok(name) = wanted.parse::<MessageName>() {
            let named = |letter: &&Letter| {
                letter.message.number == name.number()
                    && self.prefix(&letter.message.header.sender) == name.prefix()
            };
            let mut found = self.book.letters().rev().filter(named).peekable();
            // A thief's message may bear the number of a genuine one, which then has the name.
            let newest = found.peek().copied();
            return found
                .find(|letter| !letter.quarantined)
                .or(newest)
                .ok_or_else(|| unknown(wanted));
        }
        let hash: Option<Hash> = wanted.parse().ok();
        if let Some(letter) = hash.and_then(|hash| self.book.letter(&hash)) {
            return Ok(letter);
        }
        let begins = |letter: &&Letter| {
            let id = hotline_core::id::StatementId(letter.message.header.id).to_string();
            wanted.len() >= 8 && (id.starts_with(wanted) || letter.hash.to_string().starts_with(wanted))
        };
        let mut found = self.book.letters().filter(begins);
        match (found.next(), found.next()) {
            (Some(letter), None) => Ok(letter),
            (None, _) | (Some(_), Some(_)) => Err(unknown(wanted)),
        }
    }
}

/// A header that places an act as this desk would.
pub(super) fn header_of(letter: &Letter, me: &str, exercise: &str) -> Header {
    let mut header = letter.message.header.clone();
    header.sender = me.to_owned();
    header.exercise = exercise.to_owned();
    header
}

fn draft_view(sheet: Sheet) -> Option<DraftView> {
    use hotline_audit::statement::Approval;
    let message = sheet.message().ok()?;
    let words = Ok(sheet.words().ok()?);
    let draft = judge::draft_of(&message, &words).ok()?;
    let signed_by = message
        .approvals
        .iter()
        .filter_map(|bytes| Approval::decode(&SignedStatement::parse(bytes).ok()?.payload).ok())
        .map(|approval| approval.officer)
        .collect();
    Some(DraftView {
        id: hotline_core::id::StatementId(message.header.id).to_string(),
        signed_by,
        precedence: draft.precedence.name().to_owned(),
        text: draft.text,
        sheet,
    })
}

/// Copies the ledger on a thread of its own, which takes as long as every leaf takes: the line goes on meanwhile.
fn backup(ledger: Ledger, to: std::path::PathBuf, reply: oneshot::Sender<Answer>) {
    tokio::task::spawn_blocking(move || {
        let answer = match ledger.backup(&to) {
            Ok(head) => Answer::Done {
                what: format!(
                    "a copy of the ledger at {} leaves is in {}",
                    head.size,
                    to.display()
                ),
            },
            Err(error) => Answer::Refused(refusal(
                10,
                1,
                error.to_string(),
                "name a file that does not exist yet",
            )),
        };
        // A verb that went away needs no answer; its copy is there.
        let _ = reply.send(answer);
    });
}

pub(super) fn refusal(code: u8, exit: u8, what: String, help: &str) -> Refusal {
    Refusal {
        code: format!("HL-DESK-{code:03}"),
        exit,
        what,
        help: help.to_owned(),
    }
}

pub(super) fn bad_sheet(what: &str) -> Refusal {
    refusal(
        2,
        2,
        format!("what was signed cannot be read: {what}"),
        "write it anew with hotline desk send",
    )
}

fn not_released(what: &str) -> Refusal {
    refusal(
        3,
        1,
        format!("could not release: {what}"),
        "hotline desk send --help names what each precedence needs",
    )
}

pub(super) fn unknown(wanted: &str) -> Refusal {
    refusal(
        4,
        1,
        format!(
            "this desk knows no message \"{}\"",
            hotline_core::text::inert_line(wanted).text
        ),
        "hotline desk inbox lists the messages",
    )
}
