"""Damages a copy of an exported log, a proof or a DSSE envelope in one way: whoever verifies it must refuse it.

  damage.py ways log|proof|envelope      names of the ways
  damage.py log WAY LOG COPY OTHER-LOG
  damage.py proof WAY PROOF COPY
  damage.py envelope WAY ENVELOPE COPY
"""

import base64
import json
import shutil
import sys
from pathlib import Path


def flip(path, at=None):
    """One bit in the middle of a file, or at a place."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at is None else at] ^= 1
    path.write_bytes(data)


def last(folder, pattern):
    return sorted(path for path in folder.rglob(pattern) if path.is_file())[-1]


def text(copy, change):
    note = (copy / "checkpoint").read_text()
    (copy / "checkpoint").write_text(change(note))


def bumped(note):
    origin, size, rest = note.split("\n", 2)
    return f"{origin}\n{int(size) + 1}\n{rest}"


def renamed(note):
    return note.replace("/", "-", 1)


def cut(path, by):
    path.write_bytes(path.read_bytes()[:-by])


def swap_halves(path):
    """The last two entries of a bundle change places."""
    data, places, at = path.read_bytes(), [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        places.append((at, end))
        at = end
    (a, b), (c, d) = places[-2:]
    path.write_bytes(data[:a] + data[c:d] + data[a:b])


def replace(part):
    def way(copy, other):
        shutil.rmtree(copy / part)
        shutil.copytree(other / part, copy / part)

    return way


LOG = {
    "entry-flipped": lambda copy, _: flip(last(copy / "tile/entries", "*")),
    "entries-cut": lambda copy, _: cut(last(copy / "tile/entries", "*"), 1),
    "entries-swapped": lambda copy, _: swap_halves(last(copy / "tile/entries", "*")),
    "entries-gone": lambda copy, _: last(copy / "tile/entries", "*").unlink(),
    "leaf-tile-flipped": lambda copy, _: flip(last(copy / "tile/0", "*")),
    "leaf-tile-cut": lambda copy, _: cut(last(copy / "tile/0", "*"), 32),
    "leaf-tile-gone": lambda copy, _: last(copy / "tile/0", "*").unlink(),
    "upper-tile-flipped": lambda copy, _: flip(last(copy / "tile/1", "*")),
    "size-changed": lambda copy, _: text(copy, bumped),
    "origin-changed": lambda copy, _: text(copy, renamed),
    "root-flipped": lambda copy, _: flip(copy / "checkpoint", (copy / "checkpoint").read_bytes().index(b"\n\n") - 20),
    "signature-flipped": lambda copy, _: flip(copy / "checkpoint", -20),
    "signature-gone": lambda copy, _: text(copy, lambda note: note.split("\n\n")[0] + "\n\n"),
    "other-tiles": replace("tile/0"),
    "other-entries": replace("tile/entries"),
    "other-log": replace("tile"),
}


def line(number, change):
    """Another text in one line of a proof; -1 is the last."""

    def way(text):
        lines = text.rstrip("\n").split("\n")
        lines[number] = change(lines[number])
        return "\n".join(lines) + "\n"

    return way


def other(text):
    """Another base64 of the same length."""
    return ("B" if text[0] == "A" else "A") + text[1:]


PROOF = {
    "index-changed": line(1, lambda text: f"index {int(text.removeprefix('index ')) + 1}"),
    "hash-changed": line(2, other),
    "hash-gone": lambda text: "\n".join(text.split("\n")[:2] + text.split("\n")[3:]),
    "hash-added": lambda text: text.replace("\n\n", "\n" + "A" * 43 + "=\n\n", 1),
    "signature-changed": line(-1, lambda text: text[:-10] + other(text[-10:])),
    "size-changed": lambda text: bumped_note(text),
}


def bumped_note(text):
    head, note = text.split("\n\n", 1)
    return head + "\n\n" + bumped(note)


def field(name, change):
    def way(text):
        envelope = json.loads(text)
        place = envelope if name.startswith("payload") else envelope["signatures"][0]
        place[name] = change(place[name])
        return json.dumps(envelope)

    return way


def bit(text):
    data = bytearray(base64.b64decode(text))
    data[len(data) // 2] ^= 1
    return base64.b64encode(data).decode()


ENVELOPE = {
    "payload-flipped": field("payload", bit),
    "type-changed": field("payloadType", lambda text: text.replace("hotline", "hotlime")),
    "signature-flipped": field("sig", bit),
    "key-unknown": field("keyid", lambda _: "0" * 64),
}


def main():
    ways = {"log": LOG, "proof": PROOF, "envelope": ENVELOPE}
    if sys.argv[1] == "ways":
        print("\n".join(ways[sys.argv[2]]))
        return
    kind, way, source, copy = sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])
    change = ways[kind][way]
    if kind == "log":
        shutil.copytree(source, copy)
        change(copy, Path(sys.argv[5]))
    else:
        copy.write_text(change(source.read_text()))


main()
