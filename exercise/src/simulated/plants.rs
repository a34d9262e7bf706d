//! Bugs of the exercise that are planted on purpose, by name: what each breaks. A judge that misses one is mended first.
//!
//! Each is one `if` in the room that it breaks, behind `hotline_core::plant`; only a build with the feature `plant` has them.

/// Every planted bug of the exercise, and what it does.
pub const PLANTS: &[(&str, &str)] = &[
    (
        "story-runs-in-a-pause",
        "the story goes on in a pause, and what it passed comes in a burst when control resumes",
    ),
    (
        "fire-waits-for-the-pause",
        "fire-now waits for the end of a pause",
    ),
    (
        "overdue-comes-by-itself",
        "an inject that is overdue comes without anybody's word",
    ),
    (
        "offered-come-in-a-burst",
        "what nobody decides about comes at once instead of one by one",
    ),
    (
        "skipped-inject-comes",
        "an inject that a controller left out comes all the same",
    ),
    (
        "deed-before-its-record",
        "control does what its log does not say yet",
    ),
    (
        "order-not-kept",
        "a record of an order is written without the order inside",
    ),
    ("players-act-in-a-pause", "people's time goes on in a pause"),
    (
        "listed-counted-again",
        "what a desk lists behind its restart and tells as news is counted as shown twice",
    ),
    (
        "label-ignores-the-carrier",
        "a desk's label does not know that nothing passes",
    ),
];
