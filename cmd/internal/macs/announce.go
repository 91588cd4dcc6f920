package macs

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/garp"
)

// DefaultRate is what Options.Rate means when it is zero, in frames a second: a
// switch learns some thousands.
const DefaultRate = 150

// most is how many frames are sent at once: half a minute at the default rate.
const most = 4096

// Options say what to announce where.
type Options struct {
	Devs   []string  // candidates for uplinks, by name; none = Bridge's, or the default route's
	Bridge string    // bridge whose guests are meant; "" = every one on the uplinks
	Form   garp.Form // "" = garp.FormARP0
	Rate   int       // frames a second, 0 = DefaultRate
	DryRun bool      // send nothing
	Roles  Roles
}

// Report is what Announce did.
type Report struct {
	Uplinks []string  `json:"uplinks"`
	Form    garp.Form `json:"form"`
	Rate    int       `json:"rate"`
	DryRun  bool      `json:"dry_run"`
	Items   []Item    `json:"items"` // as planned, at most 4096
	Sent    int       `json:"sent"`
	Left    int       `json:"left"` // planned beyond those, not sent
	Skipped []Skip    `json:"skipped"`
	TookMS  int64     `json:"took_ms"`
}

// Announce sends one frame for every MAC that is reached through the uplinks
// of the calling thread's network namespace, up to 4096 of them, at the given
// rate. It needs CAP_NET_RAW unless it is a dry run. The report is valid up to
// the frame at which an error or the end of ctx stopped it.
func Announce(ctx context.Context, o Options) (Report, error) {
	o.Form, o.Rate = cmp.Or(o.Form, garp.FormARP0), cmp.Or(o.Rate, DefaultRate)
	if _, err := garp.ParseForm(string(o.Form)); err != nil {
		return Report{}, err
	}
	if o.Rate < 1 || o.Rate > MaxRate {
		return Report{}, fmt.Errorf("rate %d/s: want 1 to %d", o.Rate, MaxRate)
	}
	s, err := readSnapshot()
	if err != nil {
		return Report{}, err
	}
	uplinks, err := uplinksOf(s.Links, o.Devs, o.Bridge, defaultRoute())
	if err != nil {
		return Report{}, err
	}
	items, skipped := plan(s, uplinks, o.Roles)
	r := o.report(uplinks, items, skipped)
	if o.DryRun {
		return r, nil
	}
	ports := ports{}
	defer ports.close()
	began := time.Now()
	r.Sent, err = send(ctx, r.Items, o.Form, o.Rate, ports.send)
	r.TookMS = time.Since(began).Milliseconds()
	return r, err
}

// report returns what is about to be done. No list in it is null in JSON.
func (o Options) report(uplinks []string, items []Item, skipped []Skip) Report {
	n := min(len(items), most)
	return Report{
		Uplinks: uplinks, Form: o.Form, Rate: o.Rate, DryRun: o.DryRun,
		Items: append([]Item{}, items[:n]...), Left: len(items) - n, Skipped: append([]Skip{}, skipped...),
	}
}

// MaxRate bounds Options.Rate: beyond it a switch's processor, which has to
// learn every frame, is what is being tested.
const MaxRate = 10000
