package vip

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
)

// The journal is a file, and files get lost. What the kernel keeps of a process that
// has died tells most of what it told: the marks of addresses and routes, the names
// of tables, and of the settings the comment of an interface's table:
//
//	comment "settings before: arp_ignore=0 arp_announce=0 send_redirects=1 all/send_redirects=1 boot=…"

const rememberPrefix = "settings before:"

// rememberSettings has the table say what the settings were.
func (i *Interface) rememberSettings() error {
	h, err := i.dir.readShared()
	if h == nil && err == nil {
		h = &head{}
		err = h.note(sharedSysctls())
	}
	if err != nil {
		return err
	}
	i.shared = h.Sysctls
	i.rules.remember = remember(append(slices.Clone(i.journal.head.Sysctls), i.shared...), i.journal.head.Boot)
	return nil
}

func remember(list []sysctl, boot string) string {
	words := []string{rememberPrefix}
	for _, s := range list {
		name := path.Base(s.Name)
		if isShared(s) {
			name = "all/" + name
		}
		words = append(words, name+"="+s.Old)
	}
	return strings.Join(append(words, "boot="+boot), " ")
}

// of reports whether the table was made by this package under the running kernel.
func (t nftTable) of(boot string) bool {
	return strings.HasPrefix(t.comment, rememberPrefix) && slices.Contains(strings.Fields(t.comment), "boot="+boot)
}

// rememberedMACs returns the virtual MACs that a table tells of: those of routers
// that were active once. They may still be in the interface's unicast filter, where
// they let nothing through that is forwarded.
func rememberedMACs(table string) (made []entry, err error) {
	keys, err := setKeys(table, macsName)
	for _, k := range keys {
		made = append(made, entry{MAC: hex.EncodeToString(k)})
	}
	return made, err
}

// remembered returns the settings that a table of an interface tells of. Those of
// another boot, in a table that was saved, say nothing.
func remembered(comment, name, boot string) (list []sysctl) {
	if !(nftTable{comment: comment}).of(boot) {
		return nil
	}
	words := strings.Fields(comment)
	for _, s := range append(interfaceSysctls(name), sharedSysctls()...) {
		key := strings.TrimSuffix(remember([]sysctl{s}, ""), " boot=")
		key = strings.TrimPrefix(key, rememberPrefix+" ")
		for _, w := range words {
			if old, found := strings.CutPrefix(w, key); found && isNumber(old) {
				s.Old = old
				list = append(list, s)
			}
		}
	}
	return list
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func isShared(s sysctl) bool {
	return slices.ContainsFunc(sharedSysctls(), func(shared sysctl) bool { return shared.Name == s.Name })
}

// JournalLost reports whether somebody has removed or changed the journal, so that
// there is work for RestoreJournal. It costs some microseconds and waits for nobody.
func (i *Interface) JournalLost() bool {
	if !i.mu.TryLock() {
		return false
	}
	defer i.mu.Unlock()
	return !i.closed && !i.journal.whole()
}

// RestoreJournal writes the journal and the shared one anew if they are not whole,
// with what this process knows, and reports whether it had to.
func (i *Interface) RestoreJournal() (lost bool, err error) {
	dir, unlock, err := lockStateDir(string(i.dir), stopPatience)
	if err != nil {
		return false, err
	}
	defer unlock()
	i.placeMu.Lock()
	defer i.placeMu.Unlock()
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed || i.journal.whole() {
		return false, nil
	}
	// Without a sync, which could hold up Gate: what it says does not survive a power
	// failure either.
	j, err := dir.draft(i.journal.path, i.journal.head, i.present())
	if err = j.publish(i.journal.path, err); err != nil {
		return false, fmt.Errorf("restore journal of %s: %w", i.name, err)
	}
	i.journal.f.Close()
	i.journal = j
	return true, dir.rememberShared(i.shared)
}

// present lists what there is to undo.
func (i *Interface) present() (list []entry) {
	if i.forever {
		list = append(list, entry{Forever: true})
	}
	if i.filter.promiscuous {
		list = append(list, entry{Promiscuous: true})
	}
	told := map[[6]byte]bool{}
	for _, vr := range i.routers {
		if vr.journaled {
			list = append(list, newEntry(vr))
			told[vr.MAC] = vr.gated
		}
	}
	for mac, e := range i.filter.macs {
		if e.ours && !told[mac] {
			list = append(list, newEntry(&virtualRouter{Router: Router{MAC: mac}, gated: true}))
		}
	}
	for p := range i.inherited {
		list = append(list, entry{Addrs: []netip.Addr{p.address()}})
	}
	return list
}
