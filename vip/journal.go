package vip

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// head is the first line of a journal.
type head struct {
	Interface string   `json:"parent"` // so named in the journals of earlier versions
	Index     int      `json:"index"`
	Boot      string   `json:"boot"` // of the kernel whose state this is
	Table     string   `json:"table"`
	Sysctls   []sysctl `json:"sysctls"`
	Losses    uint32   `json:"losses,omitempty"` // how often the carrier was lost, at the last promotion
}

// entry is any further line. It says what was made for a router, or that it was
// undone (Gone), or that some gate was opened without a lease (Forever), or that
// the interface was made promiscuous, or what a setting was before it was put back
// (Sysctl), or that the carrier was lost since (Losses).
type entry struct {
	MAC      string         `json:"mac,omitempty"`
	Addrs    []netip.Addr   `json:"addrs,omitempty"`
	Prefixes []netip.Prefix `json:"prefixes,omitempty"`
	Routes   []Route        `json:"routes,omitempty"`
	Rules    []Rule         `json:"rules,omitempty"`
	Gone     bool           `json:"gone,omitempty"`
	Forever  bool           `json:"forever,omitempty"`

	Promiscuous bool   `json:"promiscuous,omitempty"`
	Sysctl      sysctl `json:"sysctl,omitzero"`
	Losses      uint32 `json:"losses,omitempty"`
}

func newEntry(vr *virtualRouter) entry {
	e := entry{Addrs: vr.Addrs, Prefixes: vr.Prefixes, Routes: vr.Routes, Rules: vr.Rules}
	if vr.gated {
		e.MAC = hex.EncodeToString(vr.MAC[:])
	}
	return e
}

// mac returns the entry's MAC, if it has one.
func (e entry) mac() (mac [6]byte, ok bool) {
	b, err := hex.DecodeString(e.MAC)
	return mac, copy(mac[:], b) == len(mac) && err == nil
}

// newHead describes an interface as it is now.
func newHead(name string, index int) (head, error) {
	h := head{Interface: name, Index: index, Table: tableName(name)}
	err := h.note(interfaceSysctls(name))
	return h, err
}

// note fills in which kernel runs, and the settings that are not as wanted.
func (h *head) note(want []sysctl) (err error) {
	if h.Boot, err = bootID(); err != nil {
		return err
	}
	h.Sysctls, err = differing(want)
	return err
}

// replace notes what a setting was, and reports whether that is news.
func (h *head) replace(s sysctl) bool {
	at := slices.IndexFunc(h.Sysctls, func(known sysctl) bool { return known.Name == s.Name })
	switch {
	case at < 0:
		h.Sysctls = append(h.Sysctls, s)
	case h.Sysctls[at] == s:
		return false
	default:
		h.Sysctls[at] = s
	}
	return true
}

// current reports whether the head is of the running kernel. A journal of another
// boot says nothing about this one.
func (h *head) current() (bool, error) {
	boot, err := bootID()
	return err == nil && h.Boot == boot, err
}

func bootID() (string, error) {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b)), err
}

func (h *head) apply() error {
	for _, s := range h.Sysctls {
		if err := s.apply(); err != nil {
			return err
		}
	}
	return nil
}

// restore puts the settings back, under the name that the interface has now.
func (h *head) restore() error {
	list := slices.Clone(h.Sysctls)
	if ifi, err := net.InterfaceByIndex(h.Index); err == nil {
		for i := range list {
			list[i].Name = strings.Replace(list[i].Name, "/"+h.Interface+"/", "/"+ifi.Name+"/", 1)
		}
	}
	return restoreAll(list)
}

// journal is the open journal of a live Interface. Its lock tells others that the
// Interface lives.
type journal struct {
	head head
	f    *os.File `state:"goes as a descriptor"`
	path string
	size int64 // what was written
}

// errDamaged says that nobody can read a journal any more.
var errDamaged = errors.New("is damaged and was removed: what it told of is looked for in the kernel")

// create writes a new journal and keeps it locked.
func (d stateDir) create(h head, made []entry) (*journal, error) {
	path := d.path(h.Interface)
	j, err := d.draft(path, h, made)
	if err == nil {
		err = j.f.Sync() // without it a power failure might leave a damaged journal
	}
	return j, j.publish(path, err)
}

// write replaces a journal, whole or not at all.
func (d stateDir) write(path string, h head, made []entry) error {
	j, err := d.draft(path, h, made)
	if err = j.publish(path, err); err != nil {
		return err
	}
	return j.f.Close()
}

// draft writes a journal under another name and locks it. It is not nil after an
// error either.
func (d stateDir) draft(path string, h head, made []entry) (*journal, error) {
	j := &journal{head: h, path: path}
	var err error
	if j.f, err = os.CreateTemp(string(d), tempPrefix+"*"); err != nil {
		return j, err
	}
	err = errors.Join(flock(j.f, unix.LOCK_EX|unix.LOCK_NB), j.line(h))
	for _, e := range made {
		err = errors.Join(err, j.line(e))
	}
	return j, err
}

// publish puts a draft in its place, or removes it if err says that it failed.
func (j *journal) publish(path string, err error) error {
	if err == nil {
		err = os.Rename(j.f.Name(), path)
	}
	if err == nil {
		return nil
	}
	if j.f != nil {
		os.Remove(j.f.Name())
		j.f.Close()
	}
	return fmt.Errorf("write journal %s: %w", path, cause(err))
}

func (j *journal) line(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	n, err := j.f.Write(append(b, '\n'))
	j.size += int64(n)
	return err
}

// add notes what is about to be made. It is not synced to disk: the kernel
// state that it describes would not survive a power failure either.
func (j *journal) add(e entry) error {
	if err := j.line(e); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// drop notes that an entry was undone.
func (j *journal) drop(e entry) error {
	e.Gone = true
	return j.add(e)
}

// addChanged returns the settings from before a crash, with those that somebody
// else has changed after it.
func addChanged(crash, now []sysctl) []sysctl {
	list := slices.Clone(crash)
	for _, s := range now {
		if !slices.ContainsFunc(crash, func(c sysctl) bool { return c.Name == s.Name }) {
			list = append(list, s)
		}
	}
	return list
}

// compact returns the entries that still say something, each once: a process that
// is killed again and again leaves the same each time.
func compact(made []entry) (out []entry) {
	seen := map[string]bool{fmt.Sprint(entry{}): true}
	for _, e := range made {
		if key := fmt.Sprint(e); !seen[key] {
			seen[key] = true
			out = append(out, e)
		}
	}
	return out
}

// leftover is the journal of a process that has died.
type leftover struct {
	head head
	made []entry
}

// openOwn opens a journal, and returns nil if there is none. We do with all rights
// what a journal says. So it must not be somebody else's, as in a folder like /tmp
// it could be.
func openOwn(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	var st unix.Stat_t
	err = unix.Fstat(int(f.Fd()), &st)
	if uid := int(st.Uid); err == nil && uid != 0 && uid != os.Geteuid() {
		err = fmt.Errorf("%s belongs to user %d (choose a folder that only this user can write)", path, uid)
	}
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", errors.Join(err, f.Close()))
	}
	return f, nil
}

// read returns the journal of an interface if its process is dead, nil if there
// is none, and ErrBusy if the process lives. It removes a journal of another boot,
// and a damaged one with errDamaged.
func (d stateDir) read(name string) (*leftover, error) {
	f, err := openOwn(d.path(name))
	if f == nil {
		return nil, err
	}
	defer f.Close()
	if flock(f, unix.LOCK_EX|unix.LOCK_NB) != nil {
		return nil, fmt.Errorf("%w, says the lock on %s", ErrBusy, f.Name())
	}
	l := &leftover{}
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	if !in.Scan() || json.Unmarshal(in.Bytes(), &l.head) != nil {
		return nil, errors.Join(fmt.Errorf("journal %s %w", f.Name(), errDamaged), d.remove(name))
	}
	if current, err := l.head.current(); err != nil {
		return nil, err
	} else if !current {
		return nil, d.remove(name)
	}
	for in.Scan() {
		l.note(in.Bytes())
	}
	return l, in.Err()
}

// note applies one line. The last may be cut short. Nothing was made for that one.
func (l *leftover) note(line []byte) {
	var e entry
	if json.Unmarshal(line, &e) != nil {
		return
	}
	if e.Sysctl != (sysctl{}) {
		l.head.replace(e.Sysctl)
		return
	}
	if e.Losses > 0 {
		l.head.Losses = e.Losses
		return
	}
	if !e.Gone {
		l.made = append(l.made, e)
		return
	}
	i := slices.IndexFunc(l.made, func(m entry) bool {
		return m.MAC == e.MAC && slices.Equal(m.Addrs, e.Addrs) && slices.Equal(m.Prefixes, e.Prefixes) &&
			slices.Equal(m.Routes, e.Routes) && slices.Equal(m.Rules, e.Rules)
	})
	if i >= 0 {
		l.made = slices.Delete(l.made, i, i+1)
	}
}

// ends reports whether everything that the process left open shuts by itself.
func (l *leftover) ends() bool {
	return !slices.ContainsFunc(l.made, func(e entry) bool { return e.Forever })
}

// whole reports whether the journal is where it was written, as it was.
func (j *journal) whole() bool {
	var there, ours unix.Stat_t
	return unix.Stat(j.path, &there) == nil && unix.Fstat(int(j.f.Fd()), &ours) == nil &&
		there.Ino == ours.Ino && there.Dev == ours.Dev && there.Size == j.size
}
