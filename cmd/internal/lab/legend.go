package lab

import "slices"

// legend explains the signs of the lanes, those that the picture has.
func (c *canvas) legend(r record, events []event, y float64) {
	x := 24.0
	entry := func(has bool, sign func(), text string) {
		if !has {
			return
		}
		sign()
		c.Text(x+20, y, "soft", "start", text)
		x += 34 + 6.5*float64(len([]rune(text)))
	}
	role := func(name string) bool {
		return slices.ContainsFunc(events, func(e event) bool { return e.Role == name })
	}
	sent := func(kind string) bool {
		return slices.ContainsFunc(r.sightings, func(s sighting) bool { return s.Kind == kind && s.Group == 1 && c.Shows(s.At) })
	}
	bar := func(class string) func() {
		return func() { c.Element(`<rect x="%.1f" y="%.1f" width="14" height="10" rx="2" class="%s"/>`, x, y-9, class) }
	}
	for _, node := range pair {
		entry(true, bar(node), node+" active, carries")
	}
	entry(role(roleServes), bar(nodeGW1+" serves"), "forwards on")
	entry(role(roleWait), bar("wait"), "standby")
	entry(sent(seenActive), func() {
		c.Element(`<rect x="%.1f" y="%.1f" width="14" height="10" class="%s"/>`, x, y-9, nodeGW1)
		c.Element(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="hello" stroke-width="1.5"/>`, x+7, y-8, x+7, y)
	}, r.plan.claimName())
	entry(sent(seenAnnounce), func() { c.Element(`<path d="M%.1f %.1f l-4 -8 h8 z" class="garp"/>`, x+7, y) }, "announcement")
	entry(r.account().Lost > 0, bar("loss"), "lost")
	entry(true, func() {
		c.Element(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="fault"/>`, x+7, y-10, x+7, y+2)
	}, "fault")
}
