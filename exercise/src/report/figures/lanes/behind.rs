//! What stands behind the marks: faults as shades, pauses as lines.

use super::{TOP, ends, height};
use crate::report::{
    html::{Html, Links, text},
    model::{Model, TurnKind},
    svg::{Anchor, Scale, Svg, Tenth, WIDTH, px},
};

/// Room for the name of a fault, in pixels.
const FAULT_NAME: i64 = 24;
/// Room for the name of a pause, in pixels.
const PAUSE_NAME: i64 = 48;

/// Every fault, over the lanes that it touches.
pub fn shades(svg: &mut Svg, model: &Model, scale: &Scale, links: &Links<'_>) {
    let lanes = &model.figures.lanes;
    let mut free = px(0);
    for (number, fault) in model.figures.faults.iter().enumerate() {
        let from = scale.at(fault.from.story_ms);
        let to = fault.to.map_or(ends().1, |to| scale.at(to.story_ms));
        let width = Tenth((to - from).0.max(10));
        let mut y = TOP;
        for lane in lanes {
            let tall = height(lane);
            if fault.lanes.is_empty() || fault.lanes.contains(&lane.name) {
                svg.rect("shade", (from, px(y)), (width, px(tall)));
            }
            y += tall;
        }
        // Faults that begin together have their names beside each other.
        let named = from.max(free);
        free = named + px(FAULT_NAME);
        let name = Html::ours(format!(
            "<text class=\"fault-name\" x=\"{named}\" y=\"{}\">F{}<title>{}</title></text>",
            px(TOP - 5),
            number + 1,
            text(&format!("{}: {}", fault.name, fault.fault))
        ));
        svg.push(&links.around(&fault.leaf, &name));
    }
}

/// Pauses have no width on the story's axis: a line says that one was there.
pub fn pauses(svg: &mut Svg, model: &Model, scale: &Scale, bottom: Tenth) {
    let mut free = px(0);
    for turn in &model.integrity.turns {
        let name = match turn.turn {
            TurnKind::Pause | TurnKind::Leap | TurnKind::Crash => turn.turn.word(),
            TurnKind::Startex
            | TurnKind::Resume
            | TurnKind::Speed
            | TurnKind::Shift
            | TurnKind::Resumed
            | TurnKind::Endex => continue,
        };
        let x = scale.at(turn.at.story_ms);
        svg.line("pause", (x, px(TOP - 14)), (x, bottom));
        if x >= free {
            // At the right border it stands before its line.
            let (at, anchor) = match x + px(PAUSE_NAME) > px(WIDTH) {
                true => (x - px(3), Anchor::End),
                false => (x + px(3), Anchor::Start),
            };
            svg.words("label", (at, px(TOP - 18)), anchor, name);
            free = x + px(PAUSE_NAME);
        }
    }
}
