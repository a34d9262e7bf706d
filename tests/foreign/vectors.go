package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// checkVectors answers each line of a vector file (audit/tests/vectors/tree.txt) from a tree of its own, and compares.
func checkVectors(name string) (string, error) {
	file, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	stored, grown := []tlog.Hash{}, int64(0)
	reader := tlog.HashReaderFunc(func(indexes []int64) (found []tlog.Hash, err error) {
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	lines := strings.Split(strings.TrimSpace(string(file)), "\n")
	for _, line := range lines {
		asked, _, _ := strings.Cut(line, " =")
		words := strings.Fields(asked)
		inner, _ := strconv.ParseInt(words[1], 10, 64)
		size, err := strconv.ParseInt(words[len(words)-1], 10, 64)
		for ; err == nil && grown < size; grown++ {
			var more []tlog.Hash
			more, err = tlog.StoredHashes(grown, []byte(fmt.Sprintf("hotline vector %d\n", grown)), reader)
			stored = append(stored, more...)
		}
		answer := []tlog.Hash{{}}
		switch words[0] {
		case "root":
			answer[0], err = tlog.TreeHash(size, reader)
		case "inclusion":
			answer, err = tlog.ProveRecord(size, inner, reader)
		case "consistency":
			answer, err = tlog.ProveTree(size, inner, reader)
		default:
			err = fmt.Errorf("no such vector: %s", line)
		}
		own := asked + " ="
		for _, hash := range answer {
			own += " " + base64.StdEncoding.EncodeToString(hash[:])
		}
		if err != nil || own != line {
			return "", fmt.Errorf("differs: %s (%v)", asked, err)
		}
	}
	return fmt.Sprintf("%d vectors answered alike", len(lines)), nil
}
