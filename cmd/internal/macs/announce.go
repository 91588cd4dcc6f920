package macs

import (
	"context"
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/garp"
)

// What Options mean when they are zero.
const (
	DefaultRate  = 150  // frames a second: a switch learns some thousands
	DefaultLimit = 4096 // frames in all, which is half a minute
)

// Options say what to announce where.
type Options struct {
	Devs   []string  // uplinks; see Uplinks
	Bridge string    // bridge whose guests are meant; "" = every one on the uplinks
	Form   garp.Form // "" = garp.FormARP0
	Rate   int       // frames a second, 0 = DefaultRate
	Limit  int       // most frames, 0 = DefaultLimit
	DryRun bool      // send nothing
	Roles  Roles
}

// Report is what Announce did.
type Report struct {
	Uplinks []string  `json:"uplinks"`
	Form    garp.Form `json:"form"`
	Rate    int       `json:"rate"`
	DryRun  bool      `json:"dry_run"`
	Items   []Item    `json:"items"` // as planned, at most the limit
	Sent    int       `json:"sent"`
	Left    int       `json:"left"` // planned beyond the limit, not sent
	Skipped []Skip    `json:"skipped"`
	TookMS  int64     `json:"took_ms"`
}

// Announce sends one frame for every MAC that is reached through the uplinks
// of the calling thread's network namespace, as planned by Plan, at the given
// rate. It needs CAP_NET_RAW unless it is a dry run. The report is valid up to
// the frame at which an error or the end of ctx stopped it.
func Announce(ctx context.Context, o Options) (Report, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return Report{}, err
	}
	s, err := Read()
	if err != nil {
		return Report{}, err
	}
	uplinks, err := Uplinks(s.Links, o.Devs, o.Bridge, defaultRoute())
	if err != nil {
		return Report{}, err
	}
	r := Report{Uplinks: uplinks, Form: o.Form, Rate: o.Rate, DryRun: o.DryRun}
	items, skipped := Plan(s, uplinks, o.Roles)
	r.Items, r.Skipped = append([]Item{}, items...), append([]Skip{}, skipped...) // in JSON never null
	if over := len(r.Items) - o.Limit; over > 0 {
		r.Items, r.Left = r.Items[:o.Limit], over
	}
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

func (o Options) withDefaults() Options {
	if o.Form == "" {
		o.Form = garp.FormARP0
	}
	if o.Rate == 0 {
		o.Rate = DefaultRate
	}
	if o.Limit == 0 {
		o.Limit = DefaultLimit
	}
	return o
}

// MaxRate bounds Options.Rate: beyond it a switch's processor, which has to
// learn every frame, is what is being tested.
const MaxRate = 10000

func (o Options) check() error {
	if _, err := garp.ParseForm(string(o.Form)); err != nil {
		return err
	}
	if o.Rate < 1 || o.Rate > MaxRate {
		return fmt.Errorf("rate %d/s: want 1 to %d", o.Rate, MaxRate)
	}
	return nil
}
