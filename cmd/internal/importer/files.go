package importer

import (
	"fmt"
	"os"
	"path/filepath"
)

const (
	maxText  = 16 << 20 // of a file, and of all files together after their definitions
	maxLines = 400_000  // after definitions
)

// Files is how a configuration reaches those that it includes.
type Files interface {
	Read(path string) ([]byte, error)
	// Glob returns the files that a pattern of filepath.Match names, in order.
	Glob(pattern string) ([]string, error)
}

// Disk is the files of this host.
type Disk struct{}

// Read returns the text of a regular file of at most 16 MiB.
func (Disk) Read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	case info.Size() > maxText:
		return nil, fmt.Errorf("%s has %d bytes, at most %d are read", path, info.Size(), maxText)
	}
	return os.ReadFile(path)
}

// Glob implements Files.
func (Disk) Glob(pattern string) ([]string, error) { return filepath.Glob(pattern) }

// NoFiles has none.
type NoFiles struct{}

// Read returns os.ErrNotExist.
func (NoFiles) Read(string) ([]byte, error) { return nil, os.ErrNotExist }

// Glob returns nothing.
func (NoFiles) Glob(string) ([]string, error) { return nil, nil }
