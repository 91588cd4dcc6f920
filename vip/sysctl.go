package vip

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const sysctlRoot = "/proc/sys/net"

// sysctl is a kernel setting that was changed: what it was and what it became.
type sysctl struct {
	Name string `json:"name"` // below net, as in ipv4/conf/eth0/arp_ignore
	Old  string `json:"old"`
	Set  string `json:"set"`
}

// interfaceSysctls are the settings that the interface needs. Without arp_ignore
// its own MAC answers for the virtual addresses too. Without arp_announce the
// host teaches its neighbours the wrong pair of addresses. With redirects it sends
// hosts past the virtual router.
func interfaceSysctls(name string) []sysctl {
	conf := "ipv4/conf/" + name
	return []sysctl{
		{Name: conf + "/arp_ignore", Set: "1"},
		{Name: conf + "/arp_announce", Set: "2"},
		{Name: conf + "/send_redirects", Set: "0"},
	}
}

// sharedSysctls are the settings that every interface needs: the kernel sends
// redirects when either the interface or all says so.
func sharedSysctls() []sysctl {
	return []sysctl{{Name: "ipv4/conf/all/send_redirects", Set: "0"}}
}

// serves reports whether a value does what the setting is for. A stricter
// arp_ignore or arp_announce does.
func (s sysctl) serves(value string) bool {
	if value == s.Set || strings.HasSuffix(s.Name, "/send_redirects") {
		return value == s.Set
	}
	return len(value) == len(s.Set) && value > s.Set
}

// differing reads the present values and returns the settings to be changed.
func differing(want []sysctl) ([]sysctl, error) {
	var out []sysctl
	for _, s := range want {
		old, err := readSysctl(s.Name)
		if err != nil {
			return nil, err
		}
		if s.Old = old; !s.serves(old) {
			out = append(out, s)
		}
	}
	return out, nil
}

func (s sysctl) apply() error {
	if now, err := readSysctl(s.Name); err != nil || now == s.Set {
		return err
	}
	return writeSysctl(s.Name, s.Set)
}

// restore writes the old value, unless somebody has changed the setting since or
// the setting has gone with its interface.
func (s sysctl) restore() error {
	now, err := readSysctl(s.Name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && now != s.Set {
		return nil
	}
	if err != nil {
		return err
	}
	return writeSysctl(s.Name, s.Old)
}

func restoreAll(list []sysctl) error {
	var errs []error
	for _, s := range list {
		errs = append(errs, s.restore())
	}
	return errors.Join(errs...)
}

func readSysctl(name string) (string, error) {
	b, err := os.ReadFile(filepath.Join(sysctlRoot, name))
	if err != nil {
		return "", fmt.Errorf("read sysctl net/%s: %w", name, cause(err))
	}
	return strings.TrimSpace(string(b)), nil
}

func writeSysctl(name, value string) error {
	err := os.WriteFile(filepath.Join(sysctlRoot, name), []byte(value), 0)
	if err == nil {
		return nil
	}
	dotted := strings.NewReplacer("/", ".", ".", "/").Replace("net/" + name)
	return fmt.Errorf("set sysctl: %w (set it beforehand: sysctl -w %s=%s)", cause(err), dotted, value)
}

// cause strips the path from an error. The message names it already, or it is that
// of a temporary file, and the same trouble is to have the same words each time.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
