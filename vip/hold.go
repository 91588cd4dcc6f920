package vip

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// An interface is held by a table of nftables that has an owner and nothing in it.
// The kernel lets nobody else change or delete such a table, makes none for who
// lacks CAP_NET_ADMIN, shows it to everybody in the namespace, and removes it with
// the owner's socket, however the process ends. Linux has that since 5.12.

// lockSuffix makes the name of an interface's lock from that of its table. No
// name of an interface has a slash.
const lockSuffix = "/lock"

func lockName(name string) string { return tableName(name) + lockSuffix }

// holdAgain is the pause between two attempts to hold what another process holds.
const holdAgain = 20 * time.Millisecond

// HeldError says that another live process holds an interface. It is an [ErrBusy].
type HeldError struct {
	Interface string
	By        string // what that process says of itself
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("interface %s: held by another process, %s (stop that one first, or leave %s to one of the two)", e.Interface, e.By, e.Interface)
}

func (e *HeldError) Unwrap() error { return ErrBusy }

// Hold holds interfaces, whether they exist or not, against every other Owner in
// the namespace until Release or Close or the end of the process: all or none of
// them. It waits for at most patience for those of a process that is about to end,
// and returns a [HeldError] then. Every Hold of an interface needs a Release.
//
// Before Linux 5.12 it holds nothing, and says so in the log once. There the
// journals alone keep processes apart, if they have the same state directory.
func (o *Owner) Hold(patience time.Duration, names ...string) error {
	if o == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for end := time.Now().Add(patience); ; {
		err := o.hold(names)
		if !errors.Is(err, ErrBusy) || time.Now().After(end) {
			return err
		}
		time.Sleep(holdAgain)
	}
}

func (o *Owner) hold(names []string) error {
	missing := slices.Compact(slices.Sorted(slices.Values(names)))
	missing = slices.DeleteFunc(missing, func(n string) bool { return o.held[n] > 0 })
	if err := o.lock(missing); err != nil {
		return err
	}
	for _, name := range names {
		o.held[name]++
	}
	return nil
}

// lock makes the tables of all names, or none. One without an owner is a copy that
// somebody has loaded.
func (o *Owner) lock(names []string) error {
	if o.lockless || len(names) == 0 {
		return nil
	}
	there, err := listTables()
	if err != nil {
		return fmt.Errorf("hold interfaces: %w", err)
	}
	r := &ruleset{remember: o.saysOfItself()}
	r.beginTransaction()
	for _, name := range names {
		r.table = lockName(name)
		switch t, known := there[r.table]; {
		case known && t.owner != 0:
			return &HeldError{name, t.holder()}
		case known:
			r.delTable()
		}
		r.newTable(tableOwner)
	}
	switch err := transact(o.locks, r); {
	case errors.Is(err, unix.EPERM): // somebody was faster, if he may at all
		return o.heldSince(names, err)
	case unsupported(err):
		o.lockless = true
		o.log.Warn("the kernel cannot hold interfaces for a process (before 5.12): two fhrpd with different folders do not see each other")
		return nil
	default:
		return err
	}
}

// heldSince returns who holds one of the interfaces by now.
func (o *Owner) heldSince(names []string, refusal error) error {
	there, err := listTables()
	for _, name := range names {
		if t, known := there[lockName(name)]; known && t.owner != 0 {
			return &HeldError{name, t.holder()}
		}
	}
	return errors.Join(refusal, err)
}

// saysOfItself is what others read in the comment of our locks.
func (o *Owner) saysOfItself() string {
	words := fmt.Sprintf("fhrpd, pid %d", os.Getpid())
	if o.note != "" {
		words += ", " + o.note
	}
	return words
}

// Release undoes one Hold of each of the interfaces.
func (o *Owner) Release(names ...string) error {
	if o == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	var errs []error
	for _, name := range names {
		if o.held[name]--; o.held[name] > 0 {
			continue
		}
		delete(o.held, name)
		if !o.lockless {
			errs = append(errs, deleteTable(o.locks, lockName(name)))
		}
	}
	return errors.Join(errs...)
}

// others reports whether another owner of the namespace lives.
func (o *Owner) others() (bool, error) {
	there, err := listTables()
	for _, t := range there {
		if t.owner != 0 && !o.ours(t.owner) {
			return true, err
		}
	}
	return false, err
}

// abandoned lists the interfaces that have a table of a process which has ended.
func abandoned() (names []string, err error) {
	there, err := listTables()
	for _, t := range slices.Sorted(maps.Keys(there)) {
		if name := strings.TrimPrefix(t, tableName("")); there[t].owner == 0 && !strings.HasSuffix(t, lockSuffix) {
			names = append(names, name)
		}
	}
	return names, err
}
