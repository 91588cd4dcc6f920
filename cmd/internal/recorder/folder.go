package recorder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Bounds of a Folder.
const (
	MostFiles = 32
	MostBytes = 64 << 20
)

// Folder is where tapes are kept: MostFiles and MostBytes in all. It removes files of
// its own only, the oldest first.
type Folder string

// own are the names of a Folder's files, which sort by time. One that begins with a dot
// was not completed.
var own = regexp.MustCompile(`^\.?fhrpd-\d{8}T\d{6}\.\d{3}Z\.pcapng$`)

// Save writes a file of its own, which only its user can read, and returns its path. It
// makes the folder, not those above it. Nothing is left of a file that could not be
// completed. The error says what could not be done, without the name of the file, so
// that it is the same each time.
func (d Folder) Save(at time.Time, content []byte) (path string, err error) {
	if err := os.Mkdir(string(d), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("make folder %s: %w", d, bare(err))
	}
	if err := d.makeRoom(int64(len(content))); err != nil {
		return "", fmt.Errorf("make room in %s: %w", d, bare(err))
	}
	name := "fhrpd-" + at.UTC().Format("20060102T150405.000Z") + ".pcapng"
	part := filepath.Join(string(d), "."+name)
	if err := create(part, content); err != nil {
		_ = os.Remove(part)
		return "", fmt.Errorf("write a recording to %s: %w", d, bare(err))
	}
	path = filepath.Join(string(d), name)
	if err := os.Rename(part, path); err != nil {
		_ = os.Remove(part)
		return "", fmt.Errorf("write a recording to %s: %w", d, bare(err))
	}
	return path, nil
}

// bare is an error without the path, which the caller names.
func bare(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	if l, ok := errors.AsType[*os.LinkError](err); ok {
		return l.Err
	}
	return err
}

func create(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// makeRoom removes what was not completed, and the oldest files until another one of
// size bytes is within the bounds.
func (d Folder) makeRoom(size int64) error {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return err
	}
	type file struct {
		name string
		size int64
	}
	var files []file
	for _, e := range entries {
		info, err := e.Info()
		switch {
		case err != nil || !info.Mode().IsRegular() || !own.MatchString(e.Name()):
			continue
		case e.Name()[0] == '.':
			if err := os.Remove(filepath.Join(string(d), e.Name())); err != nil {
				return err
			}
			continue
		}
		files = append(files, file{e.Name(), info.Size()})
		size += info.Size()
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	for len(files) > 0 && (len(files) >= MostFiles || size > MostBytes) {
		if err := os.Remove(filepath.Join(string(d), files[0].name)); err != nil {
			return err
		}
		size -= files[0].size
		files = files[1:]
	}
	return nil
}
