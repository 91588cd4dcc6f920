package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/daemon"
	"github.com/fhrpd/fhrpd/configs"
)

// lastGood is the file with the configuration that the daemon ran last, for a start
// at which the configuration file has faults: a gateway must not stay away for a slip
// of the pen. A nil one keeps nothing.
type lastGood struct{ path, config string }

// lastGoodOf names the file for a configuration file. It is kept for a service alone:
// who starts the daemon by hand sees the faults at once.
func lastGoodOf(config string) *lastGood {
	if os.Getenv("STATE_DIRECTORY") == "" {
		return nil
	}
	if abs, err := filepath.Abs(config); err == nil {
		config = abs
	}
	name := fmt.Sprintf("last-good-%.8x.toml", sha256.Sum256([]byte(config)))
	return &lastGood{filepath.Join(stateDir(), name), config}
}

// keep stores c. The file has its secrets, and is for the daemon's user alone.
func (l *lastGood) keep(c *configs.Config) error {
	if l == nil {
		return nil
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# fhrpd ran this last, by %q. It is used when that file has faults at a start.\n", l.config)
	err := configs.Print(&b, c)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(l.path), 0o755)
	}
	if err == nil {
		err = daemon.ReplaceFile(l.path, b.Bytes())
	}
	if err != nil {
		return fmt.Errorf("store the configuration in %s: %w: a start with a faulty file would fail (cure: let the daemon's user write there)", l.path, err)
	}
	return nil
}

// instead returns the configuration to use in place of a file that cannot be, and
// why, or nil where there is none. A file that is missing was removed by somebody.
func (l *lastGood) instead() (c *configs.Config, why string) {
	if l == nil {
		return nil, ""
	}
	_, cause := configs.Load(l.config)
	if cause == nil || errors.Is(cause, fs.ErrNotExist) {
		return nil, ""
	}
	fi, err := os.Stat(l.path)
	if err != nil {
		return nil, ""
	}
	if c, err = configs.Load(l.path); err != nil {
		return nil, ""
	}
	return c, fmt.Sprintf("the configuration of %s runs, which was the last without faults: %s (cure: fhrpd check --config %s, then fhrpd reload)",
		fi.ModTime().UTC().Format(time.RFC3339), firstFault(cause), l.config)
}

// firstFault says in one line why a file cannot be used.
func firstFault(err error) string {
	faults, ok := errors.AsType[configs.Errors](err)
	if !ok {
		return err.Error()
	}
	lines := configs.Lines("", faults)
	if len(lines) == 1 {
		return lines[0]
	}
	return fmt.Sprintf("%s, and more faults: %d", strings.TrimSpace(lines[0]), len(lines)-1)
}
