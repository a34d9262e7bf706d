//! The scenarios that come with the program.

/// A scenario that comes with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// Its id.
    pub id: &'static str,
    /// What errors call its file.
    pub file: &'static str,
    /// The file.
    pub text: &'static str,
}

/// One of them, from its file's name.
macro_rules! shipped {
    ($id:literal) => {
        Shipped {
            id: $id,
            file: concat!($id, ".toml"),
            text: include_str!(concat!("../../scenarios/", $id, ".toml")),
        }
    };
}

/// All of them, in the order of a list.
pub const ALL: [Shipped; 12] = [
    shipped!("S1"),
    shipped!("S2"),
    shipped!("S3"),
    shipped!("S4"),
    shipped!("S5"),
    shipped!("S6"),
    shipped!("S7"),
    shipped!("S8"),
    shipped!("S14"),
    shipped!("S15"),
    shipped!("L1"),
    shipped!("H1967"),
];

/// One by its id, in small letters too.
#[must_use]
pub fn by_id(id: &str) -> Option<Shipped> {
    ALL.into_iter()
        .find(|shipped| shipped.id.eq_ignore_ascii_case(id))
}
