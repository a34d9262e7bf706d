"""The witness protocol (C2SP tlog-witness) between hotline and aics-witness, in both directions.

  requests URL DIR              our requests to a witness that is not ours: cosigned, refused, and each answer kept in DIR
  client URL VKEY-FILE LOGS     a client that is not ours asks our witness: cosigned, refused

Prints one line; exit code 1 and FAILED where something answers otherwise.
"""

import sys
import urllib.error
import urllib.request
from pathlib import Path

import aics_tlog as tlog
from aics_witness import WitnessAhead, WitnessClient, WitnessConflict, WitnessRejected, merge_cosignatures


class Failed(Exception):
    pass


def post(url, body):
    request = urllib.request.Request(url + "/add-checkpoint", data=body, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers.get_content_type(), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get_content_type(), error.read()


# What is sent in this order, and what must come back; a file's name, then status.
COURSE = [("1-256", 200), ("2-257", 200), ("1-256", 409), ("3-1000", 200), ("fork", 422), ("2-257", 409)]


def requests(url, folder):
    folder = Path(folder)
    for place, (name, expected) in enumerate(COURSE):
        status, kind, body = post(url, (folder / name).read_bytes())
        if status != expected:
            raise Failed(f"{name}, number {place}: answered {status}, not {expected}: {body[:200]!r}")
        if status == 200:
            (folder / f"{name}.answer").write_bytes(body)
        if status == 409 and (kind != "text/x.tlog.size" or not body.strip().isdigit()):
            raise Failed(f"{name}: 409 without the size: {kind} {body[:200]!r}")
    if post(url, b"old 0\n\nno note\n")[0] != 400:
        raise Failed("a body that is none was not answered with 400")
    return f"{len(COURSE) + 1} requests answered as the protocol says"


def client(url, vkey_file, logs):
    key, logs = tlog.parse_vkey(Path(vkey_file).read_text().strip()), Path(logs)

    def submit(asking, folder):
        note = (folder / "checkpoint").read_bytes()
        tiles = tlog.FileSystemTileReader(folder)
        lines = asking.submit(note, lambda old, new: tlog.consistency_proof_from_tiles(tiles, old, new))
        return tlog.parse_note(merge_cosignatures(note, lines))

    cosigned = 0
    with WitnessClient(url, key, max_attempts=1) as asking:
        for size in (256, 257, 1000, 1000):
            note = submit(asking, logs / f"log/{size}")
            if not any(line.name == key.name for line in note.signatures):
                raise Failed(f"no cosignature at {size}")
            cosigned += 1
    refused = 0
    for folder, errors in ((logs / "log/257", (WitnessAhead,)), (logs / "forked/1000", (WitnessRejected, WitnessConflict))):
        with WitnessClient(url, key, max_attempts=1) as asking:
            try:
                submit(asking, folder)
            except errors:
                refused += 1
    if refused != 2:
        raise Failed("an older checkpoint or a fork was cosigned")
    return f"{cosigned} checkpoints cosigned for a stock client, an older one and a fork refused"


def main(args):
    verbs = {"requests": requests, "client": client}
    if not args or args[0] not in verbs:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print(verbs[args[0]](*args[1:]))
    except (Failed, ValueError, OSError) as error:
        print(f"FAILED: {type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
