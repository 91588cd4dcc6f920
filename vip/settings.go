package vip

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// settings are the sysctls that an open Interface needs. The kernel does not say
// when one is changed, so that they have to be looked at now and then.
type settings struct {
	mu   sync.Mutex
	kept []*keptSetting
}

// keptSetting is a setting whose file stays open: to read it anew takes a
// microsecond, to find it several.
type keptSetting struct {
	sysctl
	fd int // -1 before the first reading, and after an error
}

// SettingsChanged reports whether there may be work for RestoreSettings. It costs a
// few microseconds and waits for nobody. It must run on a thread in the namespace
// of Open.
func (i *Interface) SettingsChanged() bool {
	if !i.settings.mu.TryLock() {
		return false
	}
	defer i.settings.mu.Unlock()
	return slices.ContainsFunc(i.settings.kept, func(k *keptSetting) bool {
		found, err := k.read()
		return err == nil && !k.serves(found)
	})
}

// RestoreSettings puts back what somebody else has changed of the settings that
// [Open] made, and returns the names of those settings, as in
// net/ipv4/conf/eth0/arp_ignore. A stricter value than ours stays. What was found is
// what Close will leave. It does not hold up Gate. It must run on a thread in the namespace of Open.
func (i *Interface) RestoreSettings() (changed []string, err error) {
	i.settings.mu.Lock()
	defer i.settings.mu.Unlock()
	for _, k := range i.settings.kept {
		found, readErr := k.read()
		switch {
		case errors.Is(readErr, fs.ErrNotExist): // it has gone with its interface
		case readErr != nil:
			err = errors.Join(err, readErr)
		case k.serves(found) || !i.named():
		default:
			if readErr = i.putBack(k.sysctl, found); readErr == nil {
				changed = append(changed, "net/"+k.Name)
			}
			err = errors.Join(err, readErr)
		}
	}
	if err != nil {
		err = fmt.Errorf("restore settings of %s: %w", i.name, err)
	}
	return changed, err
}

// named reports whether the interface still has the name that it had at Open, which
// may be another one's now.
func (i *Interface) named() bool {
	ifi, err := net.InterfaceByName(i.name)
	return err == nil && ifi.Index == i.index
}

// putBack writes down what was found before it writes the setting.
func (i *Interface) putBack(s sysctl, found string) error {
	s.Old = found
	note := i.noteSetting
	if isShared(s) {
		note = i.dir.noteShared
	}
	if err := note(s); err != nil {
		return err
	}
	return writeSysctl(s.Name, s.Set)
}

// noteSetting notes in the journal what a setting was before it was put back.
func (i *Interface) noteSetting(s sysctl) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.journal.head.replace(s) {
		return nil
	}
	return i.journal.add(entry{Sysctl: s})
}

// keep begins to look after the settings.
func (s *settings) keep(list ...sysctl) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, wanted := range list {
		s.kept = append(s.kept, &keptSetting{sysctl: wanted, fd: -1})
	}
}

// end waits for RestoreSettings, which then finds nothing any more.
func (s *settings) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.kept {
		k.close()
	}
	s.kept = nil
}

// read reads the present value. An open file is of the interface under the name
// that it had, and tells nothing once that has changed.
func (k *keptSetting) read() (value string, err error) {
	if k.fd >= 0 {
		if value, err = k.readOpen(); err == nil {
			return value, nil
		}
		k.close()
	}
	if k.fd, err = unix.Open(filepath.Join(sysctlRoot, k.Name), unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return "", fmt.Errorf("read sysctl net/%s: %w", k.Name, err)
	}
	return k.readOpen()
}

func (k *keptSetting) readOpen() (string, error) {
	var b [16]byte
	n, err := unix.Pread(k.fd, b[:], 0)
	if err != nil {
		return "", fmt.Errorf("read sysctl net/%s: %w", k.Name, err)
	}
	return strings.TrimSpace(string(b[:n])), nil
}

func (k *keptSetting) close() {
	if k.fd >= 0 {
		unix.Close(k.fd)
		k.fd = -1
	}
}
