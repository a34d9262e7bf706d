//! The planted bugs, by name: what each breaks. A simulator that misses one is mended first.

/// Every planted bug, and what it does.
pub const PLANTS: &[(&str, &str)] = &[];

/// Plants a bug in this thread, or none.
pub fn set(name: Option<&'static str>) {
    hotline_core::plant::set(name);
}

/// The plant of that name.
#[must_use]
pub fn named(name: &str) -> Option<&'static str> {
    PLANTS.iter().map(|(plant, _)| *plant).find(|plant| *plant == name)
}
