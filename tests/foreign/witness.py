"""The witness protocol (C2SP tlog-witness) between hotline and aics-witness, in both directions.

  requests URL DIR              our requests to a witness that is not ours: cosigned, refused, and each answer kept in DIR
  client URL VKEY-FILE LOG OLDER FORKED
                                a client that is not ours asks our witness to cosign an exported log: cosigned; then an
                                older note of it, and one of the same size with another root: refused

Prints one line; exit code 1 and FAILED where something answers otherwise.
"""

import sys
import urllib.error
import urllib.request
from pathlib import Path

import aics_tlog as tlog
from aics_witness import FeederError, WitnessAhead, WitnessClient, WitnessConflict, WitnessRejected, merge_cosignatures


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


def client(url, vkey_file, log, older, forked):
    key, tiles = tlog.parse_vkey(Path(vkey_file).read_text().strip()), tlog.FileSystemTileReader(log)

    def submit(file):
        # A client without memory, as after a restart: the witness tells it from where the proof must lead.
        note = Path(file).read_bytes()
        # A relay answers 503 until it has asked its own witnesses, or has waited for them long enough.
        with WitnessClient(url, key, max_attempts=12, max_backoff=3) as asking:
            lines = asking.submit(note, lambda old, new: tlog.consistency_proof_from_tiles(tiles, old, new))
        return tlog.parse_note(merge_cosignatures(note, lines))

    # The second time it is cosigned already.
    for _ in range(2):
        note = submit(Path(log) / "checkpoint")
        if not any(line.name == key.name for line in note.signatures):
            raise Failed(f"no cosignature of {key.name}")
    for file, errors in ((older, (WitnessAhead,)), (forked, (WitnessRejected, WitnessConflict))):
        try:
            submit(file)
        except errors as error:
            print(f"{Path(file).name}: {error}")
        else:
            raise Failed(f"{file} was cosigned")
    return f"{tlog.parse_checkpoint(note.text).size} entries cosigned by {key.name}; an older note and a fork refused"


def main(args):
    verbs = {"requests": requests, "client": client}
    if not args or args[0] not in verbs:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print(verbs[args[0]](*args[1:]))
    except (Failed, FeederError, ValueError, OSError) as error:
        print(f"FAILED: {type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
