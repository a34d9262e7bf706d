// Verifies hotline's logs with golang.org/x/mod/sumdb/note and tlog, and with nothing of ours.
// Prints one line; exit code 1 and REFUSED where something does not verify.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	said, err := "", errors.New("usage: log VKEY DIR [OLD...] | proof VKEY PROOF ENTRY | vectors FILE")
	switch args := os.Args[1:]; {
	case len(args) >= 3 && args[0] == "log":
		said, err = checkLog(args[1], folder(args[2]), args[3:])
	case len(args) == 4 && args[0] == "proof":
		said, err = checkProof(args[1], args[2], args[3])
	case len(args) == 2 && args[0] == "vectors":
		said, err = checkVectors(args[1])
	}
	if err != nil {
		fmt.Println("REFUSED:", err)
		os.Exit(1)
	}
	fmt.Println(said)
}

// checkpoint opens a signed note and reads the three lines of a C2SP checkpoint.
func checkpoint(vkeyFile string, msg []byte, err error) (tlog.Tree, error) {
	tree := tlog.Tree{}
	if err != nil {
		return tree, err
	}
	vkey, err := os.ReadFile(vkeyFile)
	if err != nil {
		return tree, err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	if err != nil {
		return tree, err
	}
	opened, err := note.Open(msg, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tree, errors.New("not a checkpoint of " + verifier.Name())
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err == nil {
		tree.Hash, err = tlog.ParseHash(lines[2])
	}
	return tree, err
}

// checkLog checks the signature, every entry against authenticated tiles, and that each older note is a prefix.
func checkLog(vkey string, dir folder, older []string) (string, error) {
	msg, err := dir.file("checkpoint")
	tree, err := checkpoint(vkey, msg, err)
	if err != nil {
		return "", err
	}
	reader := tlog.TileHashReader(tree, dir)
	for first := int64(0); first < tree.N; first += 256 {
		indexes := []int64{}
		for n := first; n < tree.N && n < first+256; n++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, n))
		}
		leaves, err := reader.ReadHashes(indexes)
		if err != nil {
			return "", err
		}
		entries, err := dir.entries(first/256, len(indexes))
		if err != nil {
			return "", err
		}
		for i, entry := range entries {
			if tlog.RecordHash(entry) != leaves[i] {
				return "", fmt.Errorf("leaf %d does not match", first+int64(i))
			}
		}
	}
	for _, name := range older {
		msg, err := os.ReadFile(name)
		old, err := checkpoint(vkey, msg, err)
		if err == nil && old.N > tree.N {
			err = fmt.Errorf("the log has %d entries and had %d", tree.N, old.N)
		}
		proof := tlog.TreeProof{}
		if err == nil {
			proof, err = tlog.ProveTree(tree.N, old.N, reader)
		}
		if err == nil {
			err = tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
		}
		if err != nil {
			return "", fmt.Errorf("not grown from %s: %w", filepath.Base(name), err)
		}
	}
	return fmt.Sprintf("%d entries, root %v, grown from %d older checkpoints", tree.N, tree.Hash, len(older)), nil
}

// checkProof checks a C2SP tlog-proof of one entry.
func checkProof(vkey, proofFile, entryFile string) (string, error) {
	file, err := os.ReadFile(proofFile)
	entry, bad := os.ReadFile(entryFile)
	head, msg, found := bytes.Cut(file, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if err != nil || bad != nil || !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return "", errors.New("not a proof file with its entry")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	proof := tlog.RecordProof{}
	for _, line := range lines[2:] {
		hash, bad := tlog.ParseHash(line)
		if proof = append(proof, hash); bad != nil {
			err = bad
		}
	}
	tree, err := checkpoint(vkey, msg, err)
	if err == nil {
		err = tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
	}
	return fmt.Sprintf("entry %d of %d", index, tree.N), err
}
