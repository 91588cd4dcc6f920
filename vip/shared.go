package vip

import (
	"encoding/json"
	"errors"
	"os"
)

// The shared journal has a head alone, for the settings that all interfaces of a
// namespace need. They are restored when the last interface's journal has gone.

func (d stateDir) shared() string { return d.file("shared", sharedSuffix) }

// acquireShared changes the shared settings, and journals them first unless
// another Interface has.
func (d stateDir) acquireShared() error {
	h, err := d.readShared()
	if h == nil && err == nil {
		h, err = d.createShared()
	}
	if err != nil {
		return err
	}
	return h.apply()
}

// noteShared notes what a shared setting was before it was put back.
func (d stateDir) noteShared(s sysctl) error {
	dir, unlock, err := lockStateDir(string(d), stopPatience)
	if err != nil {
		return err
	}
	defer unlock()
	h, err := dir.readShared()
	if err != nil || h == nil || !h.replace(s) {
		return err
	}
	return dir.write(dir.shared(), *h, nil)
}

func (d stateDir) createShared() (*head, error) {
	h := &head{}
	if err := h.note(sharedSysctls()); err != nil {
		return nil, err
	}
	return h, d.write(d.shared(), *h, nil)
}

// releaseShared restores the shared settings if no interface needs them.
func (d stateDir) releaseShared() error {
	h, err := d.readShared()
	if h == nil || err != nil {
		return err
	}
	if used, err := d.inUse(); used || err != nil {
		return err
	}
	return errors.Join(restoreAll(h.Sysctls), os.Remove(d.shared()))
}

// rememberShared writes the shared journal anew if there is none, with what an
// interface remembers of the settings.
func (d stateDir) rememberShared(list []sysctl) error {
	if h, err := d.readShared(); h != nil || err != nil || len(list) == 0 {
		return err
	}
	boot, err := bootID()
	if err != nil {
		return err
	}
	return d.write(d.shared(), head{Boot: boot, Sysctls: list}, nil)
}

// readShared returns nil when there is no journal for this boot.
func (d stateDir) readShared() (*head, error) {
	f, err := openOwn(d.shared())
	if f == nil {
		return nil, err
	}
	defer f.Close()
	h := &head{}
	if json.NewDecoder(f).Decode(h) != nil {
		return nil, nil
	}
	if current, err := h.current(); !current {
		return nil, err
	}
	return h, nil
}
