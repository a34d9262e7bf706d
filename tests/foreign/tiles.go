package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// folder reads the tiles of an exported log; what it returns is believed by nobody.
type folder string

func (dir folder) Height() int                     { return 8 }
func (dir folder) SaveTiles([]tlog.Tile, [][]byte) {}
func (dir folder) file(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(dir), name))
}

func (dir folder) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range tiles {
		read, err := dir.file("tile/" + strings.TrimPrefix(tile.Path(), "tile/8/"))
		if err != nil {
			return nil, err
		}
		data = append(data, read)
	}
	return data, nil
}

// entries reads one bundle: each entry behind its length, 16 bits, big-endian.
func (dir folder) entries(n int64, width int) (found [][]byte, err error) {
	path := tlog.Tile{H: 8, L: -1, N: n, W: width}.Path()
	rest, err := dir.file("tile/entries/" + strings.TrimPrefix(path, "tile/8/data/"))
	for err == nil && len(rest) > 0 {
		if len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
			return nil, fmt.Errorf("bundle %d is cut off", n)
		}
		end := 2 + int(binary.BigEndian.Uint16(rest))
		found, rest = append(found, rest[2:end]), rest[end:]
	}
	if err == nil && len(found) != width {
		err = fmt.Errorf("bundle %d holds %d entries, not %d", n, len(found), width)
	}
	return found, err
}
