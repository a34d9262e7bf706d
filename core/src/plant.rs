//! Planted bugs: the storm's own test. A simulator that finds nothing may be blind, so known bugs are planted one at a
//! time, and each must be found.
//!
//! [`active`] is the one mechanism, in whichever room a bug is planted. Without the feature `plant` it is a constant
//! `false`, and the bug is not in the program. With it, it reads what the storm has set for its own thread; nothing
//! else can set it: no file, no variable, no argument.

#[cfg(feature = "plant")]
mod planted {
    use std::cell::Cell;

    thread_local! {
        static PLANTED: Cell<Option<&'static str>> = const { Cell::new(None) };
    }

    /// Whether this bug is planted in this thread.
    #[must_use]
    pub fn active(name: &str) -> bool {
        PLANTED.get() == Some(name)
    }

    /// Plants one bug in this thread, or none.
    pub fn set(name: Option<&'static str>) {
        PLANTED.set(name);
    }
}

#[cfg(feature = "plant")]
pub use planted::{active, set};

/// Whether this bug is planted: never, in this build.
#[cfg(not(feature = "plant"))]
#[must_use]
pub const fn active(_name: &str) -> bool {
    false
}
