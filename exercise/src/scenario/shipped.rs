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

/// All of them, in the order of a list.
pub const ALL: [Shipped; 10] = [
    Shipped {
        id: "S1",
        file: "S1.toml",
        text: include_str!("../../scenarios/S1.toml"),
    },
    Shipped {
        id: "S2",
        file: "S2.toml",
        text: include_str!("../../scenarios/S2.toml"),
    },
    Shipped {
        id: "S3",
        file: "S3.toml",
        text: include_str!("../../scenarios/S3.toml"),
    },
    Shipped {
        id: "S4",
        file: "S4.toml",
        text: include_str!("../../scenarios/S4.toml"),
    },
    Shipped {
        id: "S5",
        file: "S5.toml",
        text: include_str!("../../scenarios/S5.toml"),
    },
    Shipped {
        id: "S6",
        file: "S6.toml",
        text: include_str!("../../scenarios/S6.toml"),
    },
    Shipped {
        id: "S7",
        file: "S7.toml",
        text: include_str!("../../scenarios/S7.toml"),
    },
    Shipped {
        id: "S14",
        file: "S14.toml",
        text: include_str!("../../scenarios/S14.toml"),
    },
    Shipped {
        id: "L1",
        file: "L1.toml",
        text: include_str!("../../scenarios/L1.toml"),
    },
    Shipped {
        id: "H1967",
        file: "H1967.toml",
        text: include_str!("../../scenarios/H1967.toml"),
    },
];

/// One by its id, in small letters too.
#[must_use]
pub fn by_id(id: &str) -> Option<Shipped> {
    ALL.into_iter()
        .find(|shipped| shipped.id.eq_ignore_ascii_case(id))
}
