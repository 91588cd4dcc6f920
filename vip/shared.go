package vip

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// shared is the journal of the settings that all Interfaces of a namespace need.
// They are restored when the last journal of an interface has gone.
type shared struct {
	Boot    string   `json:"boot"`
	Sysctls []sysctl `json:"sysctls"`
}

func (d stateDir) shared() string { return d.file(sharedName, sharedSuffix) }

// acquireShared changes the shared settings, journaling them first unless
// another Interface has.
func (d stateDir) acquireShared() error {
	s, err := d.readShared()
	if err != nil {
		return err
	}
	if s == nil {
		if s, err = d.createShared(); err != nil {
			return err
		}
	}
	return head{Sysctls: s.Sysctls}.apply()
}

func (d stateDir) createShared() (*shared, error) {
	s := &shared{}
	var err error
	if s.Boot, err = bootID(); err != nil {
		return nil, err
	}
	if s.Sysctls, err = differing(sharedSysctls()); err != nil {
		return nil, err
	}
	b, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(string(d), ".shared-*")
	if err != nil {
		return nil, fmt.Errorf("write journal: %w", err)
	}
	if _, err := f.Write(b); err != nil {
		return nil, errors.Join(fmt.Errorf("write journal: %w", err), f.Close(), os.Remove(f.Name()))
	}
	return s, errors.Join(f.Close(), d.rename(f.Name(), d.shared()))
}

// releaseShared restores the shared settings if no interface needs them.
func (d stateDir) releaseShared() error {
	s, err := d.readShared()
	if s == nil || err != nil {
		return err
	}
	if used, err := d.inUse(); used || err != nil {
		return err
	}
	return errors.Join(restoreAll(s.Sysctls), os.Remove(d.shared()))
}

// readShared returns nil when there is no journal for this boot.
func (d stateDir) readShared() (*shared, error) {
	f, err := openOwn(d.shared())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	defer f.Close()
	s := &shared{}
	if json.NewDecoder(f).Decode(s) != nil {
		return nil, nil
	}
	boot, err := bootID()
	if err != nil || s.Boot != boot {
		return nil, err
	}
	return s, nil
}
