"""Verifies hotline's logs, proofs and statements with aics-tlog and securesystemslib, and with nothing of ours.

Prints one line; exit code 1 and REFUSED where something does not verify.

  log VKEY-FILE DIR [OLD-NOTE...]    signature, every tile and entry, grown from each older checkpoint
  proof VKEY-FILE PROOF ENTRY        a C2SP tlog-proof
  vectors FILE                       answers audit/tests/vectors/tree.txt from a tree of its own
  keys OUT TRUST-DIR...              reads rosters (FORMAT.md 4) by their roots; writes OUT/<name>.vkey of logs and cosigners, OUT/keys.json
  statements KEYS.json DIR [LOG]     DSSE envelopes, each against the key that it names; all of LOG, if one is given
"""

import base64
import hashlib
import json
import sys
from pathlib import Path

import aics_tlog as tlog
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey


class Refused(Exception):
    pass


def checkpoint(vkey_file, note):
    """What a signed note says, if the log whose key this is signed it."""
    key = tlog.read_vkey_file(Path(vkey_file).read_text())
    result = tlog.verify_checkpoint(tlog.parse_note(note), key, expected_origin=key.name)
    if not result.ok:
        raise Refused(f"checkpoint: {result.error}")
    return result


def check_log(vkey_file, folder, *older):
    head = checkpoint(vkey_file, (Path(folder) / "checkpoint").read_bytes())
    tiles = tlog.FileSystemTileReader(folder)
    audited = tlog.audit_tiles(tiles, head.size, head.root)
    for name in older:
        old = checkpoint(vkey_file, Path(name).read_bytes())
        if old.size > head.size:
            raise Refused(f"the log has {head.size} entries and had {old.size}")
        proof = tlog.consistency_proof_from_tiles(tiles, old.size, head.size)
        if not tlog.verify_consistency(old.size, head.size, old.root, head.root, proof):
            raise Refused(f"history was rewritten: not grown from {Path(name).name}")
    return f"{head.size} entries, {audited.tiles} tiles, grown from {len(older)} older checkpoints"


def check_proof(vkey_file, proof_file, entry_file):
    head, note = Path(proof_file).read_text().split("\n\n", 1)
    first, index, *hashes = head.split("\n")
    if first != "c2sp.org/tlog-proof@v1" or not index.startswith("index "):
        raise Refused("not a proof file")
    signed = checkpoint(vkey_file, note)
    index, path = int(index[6:]), [base64.b64decode(line, validate=True) for line in hashes]
    leaf = tlog.leaf_hash(Path(entry_file).read_bytes())
    if not tlog.verify_inclusion(leaf, index, signed.size, path, signed.root):
        raise Refused(f"the proof does not lead from this entry to the root at index {index}")
    return f"entry {index} of {signed.size}"


def check_vectors(name):
    lines = Path(name).read_text().splitlines()
    asked = [line.split(" =")[0].split() for line in lines]
    most = max(int(words[-1]) for words in asked)
    tree = tlog.MerkleTree(b"hotline vector %d\n" % n for n in range(most))
    ask = {
        "root": lambda size: [tree.root(size)],
        "inclusion": tree.inclusion_proof,
        "consistency": tree.consistency_proof,
    }
    for line, (kind, *numbers) in zip(lines, asked, strict=True):
        answer = ask[kind](*map(int, numbers))
        own = " ".join([kind, *numbers, "=", *(base64.b64encode(found).decode() for found in answer)])
        if own != line:
            raise Refused(f"differs: {' '.join([kind, *numbers])}")
    return f"{len(lines)} vectors answered alike"


def fields(message):
    """The fields of a protobuf message, varints and bytes only (FORMAT.md 2)."""
    found, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        number, kind = divmod(varint(), 8)
        value = varint()
        if kind == 2:
            value, at = message[at : at + value], at + value
        found[number] = value
    return found


def envelope(statement):
    """A statement's bytes as the envelope that securesystemslib reads."""
    kind, payload, signature = (fields(statement)[number] for number in (1, 2, 3))
    said = {"keyid": "", "sig": base64.b64encode(signature).decode()}
    return Envelope.from_dict(
        {"payload": base64.b64encode(payload).decode(), "payloadType": kind.decode(), "signatures": [said]}
    )


def key(keyid, public):
    return SSlibKey(keyid, "ed25519", "ed25519", {"public": public.hex()})


def vkey_file(folder, origin):
    return Path(folder) / (origin.replace("/", "_") + ".vkey")


def check_keys(out, *trust):
    out, keys, roots = Path(out), {}, []
    out.mkdir(parents=True, exist_ok=True)
    for folder in trust:
        lines = (Path(folder) / "root.pub").read_text().splitlines()
        root = base64.b64decode(next(line for line in lines if line.startswith("hotline-root ")).split()[2])
        roots.append(root.hex())
        for line in (Path(folder) / "roster").read_text().splitlines():
            if not line or line.startswith("#"):
                continue
            entry = base64.b64decode(line, validate=True)
            signed = envelope(entry)
            signed.verify([key("", root)], 1)
            if not signed.payload_type.endswith("hotline.key.v1"):
                continue
            said = fields(signed.payload)
            keys[hashlib.sha256(entry).hexdigest()] = said[PUBLIC_KEY].hex()
            origin = said[SUBJECT].decode().removeprefix("spiffe://")
            if said[PURPOSE] == LOG:
                line = tlog.format_vkey(tlog.vkey_from_ed25519(origin, said[PUBLIC_KEY]))
                vkey_file(out, origin).write_text(line + "\n")
            if said[PURPOSE] in COSIGNERS:
                name = f"{origin}/{COSIGNERS[said[PURPOSE]]}"
                line = tlog.format_vkey(tlog.cosignature_vkey(name, said[PUBLIC_KEY]))
                vkey_file(out, name).write_text(line + "\n")
    (out / "keys.json").write_text(json.dumps({"roots": roots, "keys": keys}))
    return f"{len(keys)} keys by {len(roots)} roots"


def check_statements(keys_file, folder, log=None):
    known, seen = json.loads(Path(keys_file).read_text()), set()
    roots = [bytes.fromhex(root) for root in known["roots"]]
    for file in sorted(Path(folder).glob("*.json")):
        signed = Envelope.from_dict(json.loads(file.read_text()))
        (keyid,) = signed.signatures
        named = [bytes.fromhex(known["keys"][keyid])] if keyid else roots
        try:
            # One envelope may be any root's: each is tried under the empty keyid.
            signed.verify([key(keyid, public) for public in named], 1)
        except VerificationError as error:
            raise Refused(f"{file.name}: {error}") from None
        seen.add(file.stem)
    if log:
        head = tlog.parse_checkpoint(tlog.parse_note((Path(log) / "checkpoint").read_bytes()).text)
        tiles = tlog.FileSystemTileReader(log)
        logged = {hashlib.sha256(tlog.read_entry(tiles, n, head.size)).hexdigest() for n in range(head.size)}
        if logged != seen:
            raise Refused(f"{len(logged - seen)} entries have no envelope, {len(seen - logged)} envelopes no entry")
    if not seen:
        raise Refused("no envelope at all")
    return f"{len(seen)} envelopes, each signed by the key it names"


# Of a key statement (KeyPayload), by field number; the purpose of a log's key, and those of cosigners with their names.
PURPOSE, SUBJECT, PUBLIC_KEY, LOG = 4, 5, 7, 2
COSIGNERS = {5: "witness", 6: "mirror"}

VERBS = {
    "log": check_log,
    "proof": check_proof,
    "vectors": check_vectors,
    "keys": check_keys,
    "statements": check_statements,
}


def main(args):
    if not args or args[0] not in VERBS:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print(VERBS[args[0]](*args[1:]))
    except (Refused, VerificationError, ValueError, KeyError, OSError) as error:
        print(f"REFUSED: {type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
