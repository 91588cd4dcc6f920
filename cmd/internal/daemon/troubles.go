package daemon

import (
	"maps"
	"slices"
	"sync"

	"github.com/fhrpd/fhrpd/configs"
)

// troubles are what is wrong with the daemon itself while its groups run. The zero
// value has none.
type troubles struct {
	mu   sync.Mutex
	list map[trouble]string
}

// trouble is a part of the daemon that may be in trouble.
type trouble string

const (
	troubleConfig  trouble = "configuration" // that of the file does not run
	troubleMetrics trouble = "metrics"       // they are not served
	troubleRecord  trouble = "record"        // recordings are not written
)

// set says what is wrong with a part, "" for nothing, and whether that is news.
func (t *troubles) set(part trouble, text string) (news bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.list[part] == text {
		return false
	}
	if t.list == nil {
		t.list = map[trouble]string{}
	}
	t.list[part] = text
	if text == "" {
		delete(t.list, part)
	}
	return true
}

// of returns what is wrong with a part, "" for nothing.
func (t *troubles) of(part trouble) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.list[part]
}

// all lists what is wrong.
func (t *troubles) all() (list []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, part := range slices.Sorted(maps.Keys(t.list)) {
		list = append(list, t.list[part])
	}
	return list
}

// loaded tells that c came from the file and runs, and has it kept for a start at
// which the file has faults. The caller holds reloading.
func (d *Daemon) loaded(c *configs.Config) {
	d.troubled(troubleConfig, "")
	if d.opts.Keep == nil {
		return
	}
	if err := d.opts.Keep(c); err != nil {
		d.log.Warn("configuration", "error", err)
	}
}

// keepFirst is loaded for the configuration of the start.
func (d *Daemon) keepFirst() {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	if d.config() != d.opts.Config { // a reload was sooner
		return
	}
	d.loaded(d.opts.Config)
}

// troubled says what is wrong with a part of the daemon, "" for nothing, where
// people look: "fhrpd show status" and "systemctl status".
func (d *Daemon) troubled(part trouble, text string) {
	if d.troubles.set(part, text) {
		d.roles.changed.give()
	}
}
