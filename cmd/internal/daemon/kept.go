package daemon

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// kept is the file that has which groups are in maintenance, while any is. It outlives
// the process and the boot, so that it is not where the control socket is.
type kept struct {
	path    string // "" where no folder is known
	control string
	broken  bool // what is there cannot be read, and is kept beside
}

// keptVersion is the version of the form. Another one is not read.
const keptVersion = 1

// mostKept bounds what is read, in bytes.
const mostKept = 8 << 20

// keptForm is the content of the file.
type keptForm struct {
	About   string               `json:"about"`
	Version int                  `json:"version"`
	Control string               `json:"control"`
	All     *keptLeave           `json:"all,omitempty"`    // every group
	Groups  map[string]keptLeave `json:"groups,omitempty"` // by their references
}

type keptLeave struct {
	Since time.Time `json:"since"`
	By    string    `json:"by"`
}

const keptAbout = "groups of fhrpd that are in maintenance; \"fhrpd maintenance off\" ends it and removes this file"

// newKept names the file of the daemon behind a control socket in a folder. Each
// socket has its own, because a host may have several daemons.
func newKept(dir, control string) *kept {
	if abs, err := filepath.Abs(control); err == nil {
		control = abs
	}
	k := &kept{control: control}
	if dir != "" {
		k.path = filepath.Join(dir, fmt.Sprintf("maintenance-%.8x.json", sha256.Sum256([]byte(control))))
	}
	return k
}

// load reads what was stored last. A file that cannot be understood says that somebody
// wanted a maintenance once: the error says so, and every group is in a maintenance of
// which nobody knows whether it goes on. One that this user may not open is somebody
// else's.
func (k *kept) load() (engine.Maintenance, error) {
	if k.path == "" {
		return engine.Maintenance{}, nil
	}
	b, modified, err := readSome(k.path)
	var m engine.Maintenance
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return m, nil
	case errors.Is(err, fs.ErrPermission):
		return m, fmt.Errorf("read maintenance: %w: no group is taken to be in maintenance (cure: let the daemon's user read it, and start again)", err)
	case err == nil:
		if m, err = decodeKept(b); err == nil {
			return m, nil
		}
		err = fmt.Errorf("%s: %w", k.path, err)
	}
	k.broken = true
	doubt := engine.Leave{Since: modified, By: "nobody that is known: " + k.path + " cannot be read", Doubtful: true}
	return engine.Maintenance{All: &doubt}, fmt.Errorf("read maintenance: %w: every group stays away while somebody else serves it, and comes back when nobody does (cure: fhrpd maintenance on or off, which writes it anew)", err)
}

func readSome(path string) (b []byte, modified time.Time, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, modified, err
	}
	defer f.Close()
	if fi, err := f.Stat(); err == nil {
		modified = fi.ModTime()
	}
	b, err = io.ReadAll(io.LimitReader(f, mostKept))
	return b, modified, err
}

func decodeKept(b []byte) (engine.Maintenance, error) {
	var form keptForm
	if err := json.Unmarshal(b, &form); err != nil {
		return engine.Maintenance{}, err
	}
	if form.Version != keptVersion {
		return engine.Maintenance{}, fmt.Errorf("version %d: this program knows %d", form.Version, keptVersion)
	}
	var m engine.Maintenance
	if form.All != nil {
		m.All = &engine.Leave{Since: form.All.Since, By: form.All.By}
	}
	for text, l := range form.Groups {
		ref, err := engine.ParseRef(text)
		if err != nil {
			return engine.Maintenance{}, err
		}
		if m.Groups == nil {
			m.Groups = map[engine.Ref]engine.Leave{}
		}
		m.Groups[ref] = engine.Leave{Since: l.Since, By: l.By}
	}
	return m, nil
}

// save stores what is true from now on, and returns when it would survive a failure of
// the power. An error says that what was there before is there still.
func (k *kept) save(m engine.Maintenance) error {
	if k.path == "" {
		return errors.New("store maintenance: no folder is known (cure: set STATE_DIRECTORY for the daemon to one that outlives a boot)")
	}
	if err := k.write(m); err != nil {
		return fmt.Errorf("store maintenance in %s: %w (cure: let the daemon's user write in %s, or set STATE_DIRECTORY for it to another folder)", k.path, err, filepath.Dir(k.path))
	}
	k.broken = false
	return nil
}

func (k *kept) write(m engine.Maintenance) error {
	dir := filepath.Dir(k.path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if k.broken {
		if err := os.Rename(k.path, k.path+".broken"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if m.None() {
		if err := os.Remove(k.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return syncDir(dir)
	}
	b, err := k.encode(m)
	if err != nil {
		return err
	}
	if err := ReplaceFile(k.path, b); err != nil {
		return err
	}
	return syncDir(dir)
}

func (k *kept) encode(m engine.Maintenance) ([]byte, error) {
	form := keptForm{About: keptAbout, Version: keptVersion, Control: k.control}
	if m.All != nil {
		form.All = &keptLeave{m.All.Since, m.All.By}
	}
	for ref, l := range m.Groups {
		if form.Groups == nil {
			form.Groups = map[string]keptLeave{}
		}
		form.Groups[ref.String()] = keptLeave{l.Since, l.By}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	err := e.Encode(form)
	return b.Bytes(), err
}

// ReplaceFile writes a file beside path, for this user alone, and puts it in its place.
// On an error the one that was there is there still.
func ReplaceFile(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
