package vip

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// shared is the journal of the settings that all Planes of a namespace need.
// They are restored when the last journal of an interface has gone.
type shared struct {
	Boot    string   `json:"boot"`
	Netns   uint64   `json:"netns"`
	Sysctls []sysctl `json:"sysctls"`
}

// acquireShared changes the shared settings, journaling them first unless
// another Plane has.
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
	if s.Boot, s.Netns, err = here(); err != nil {
		return nil, err
	}
	if s.Sysctls, err = differing(sharedSysctls()); err != nil {
		return nil, err
	}
	b, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	tmp := filepath.Join(string(d), ".shared")
	if err := os.WriteFile(tmp, b, 0o644); err != nil {
		return nil, fmt.Errorf("write journal: %w", err)
	}
	return s, d.rename(tmp, filepath.Join(string(d), sharedFile))
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
	return errors.Join(restoreAll(s.Sysctls), os.Remove(filepath.Join(string(d), sharedFile)))
}

// readShared returns nil when there is no journal for this boot and namespace.
func (d stateDir) readShared() (*shared, error) {
	b, err := os.ReadFile(filepath.Join(string(d), sharedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	s := &shared{}
	if err != nil || json.Unmarshal(b, s) != nil {
		return nil, err
	}
	boot, netns, err := here()
	if err != nil || s.Boot != boot || s.Netns != netns {
		return nil, err
	}
	return s, nil
}
