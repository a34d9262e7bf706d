-- The tables of a ledger, format 1. Reasons: ledger/README.md. Written once, when a ledger is created.

-- What the ledger knows about itself: owner, origin, instance, boot, copied_at, not_kept.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY NOT NULL,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- One statement each; n is the leaf index, from 0 without a gap.
CREATE TABLE leaf (
    n        INTEGER PRIMARY KEY NOT NULL CHECK (n >= 0),
    kind     INTEGER NOT NULL,
    sender   TEXT NOT NULL,
    id       BLOB NOT NULL CHECK (length(id) = 16),
    epoch    INTEGER NOT NULL CHECK (epoch >= 0),
    sequence INTEGER NOT NULL CHECK (sequence >= 0),
    hash     BLOB NOT NULL CHECK (length(hash) = 32),
    bytes    BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX leaf_by_id ON leaf (sender, id);
-- Epoch 0 means: no place in a chain.
CREATE UNIQUE INDEX leaf_by_place ON leaf (sender, epoch, sequence) WHERE epoch > 0;
CREATE INDEX leaf_by_hash ON leaf (hash);

-- Full tiles only: 256 hashes of 32 bytes.
CREATE TABLE tile (
    level  INTEGER NOT NULL,
    number INTEGER NOT NULL,
    data   BLOB NOT NULL CHECK (length(data) = 8192),
    PRIMARY KEY (level, number)
) STRICT;

-- Who is to get which leaf. The cursor is dense per (recipient, lane), from 1.
CREATE TABLE mailbox (
    recipient TEXT NOT NULL,
    lane      INTEGER NOT NULL,
    cursor    INTEGER NOT NULL CHECK (cursor > 0),
    n         INTEGER NOT NULL REFERENCES leaf (n),
    PRIMARY KEY (recipient, lane, cursor)
) STRICT, WITHOUT ROWID;

-- Small durable facts beside the log; no evidence.
CREATE TABLE record (
    space TEXT NOT NULL,
    key   BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (space, key)
) STRICT, WITHOUT ROWID;

-- The other statement of an EQUIVOCATION; the first one is leaf n.
CREATE TABLE conflict (
    place  INTEGER PRIMARY KEY NOT NULL,
    sender TEXT NOT NULL,
    n      INTEGER NOT NULL REFERENCES leaf (n),
    hash   BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    bytes  BLOB NOT NULL
) STRICT;
CREATE INDEX conflict_by_sender ON conflict (sender);

-- One row: where the log stands, and the newest signed checkpoint.
CREATE TABLE head (
    one  INTEGER PRIMARY KEY NOT NULL CHECK (one = 1),
    size INTEGER NOT NULL CHECK (size >= 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    note BLOB
) STRICT;
