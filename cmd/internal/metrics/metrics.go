// Package metrics shows the daemon's status to Prometheus, and to a person with
// a browser. It reads the same status object as every other reader: there is no
// second set of counters.
package metrics

import (
	"context"
	"maps"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fhrpd/fhrpd/cmd/internal/plain"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// Source is the daemon.
type Source interface {
	Status(ctx context.Context) (*status.Status, error)
}

// patience bounds how long one scrape waits for the daemon.
const patience = 2 * time.Second

// collector makes metrics of one status at the moment of the scrape.
type collector struct{ source Source }

// Describe implements prometheus.Collector. The set of metrics follows from the
// status, so none is announced beforehand.
func (*collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	st, err := c.source.Status(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
		return
	}
	out := sink(ch)
	out.gauge("fhrp_info", "The running version.", 1, prometheus.Labels{"version": st.Version})
	out.gauge("fhrp_uptime_seconds", "Time since the daemon started.", float64(st.UptimeMS)/1000, nil)
	out.gauge("fhrp_maintenance", "1 while every group is in maintenance.", number(st.Maintenance), nil)
	for i := range st.Groups {
		out.group(&st.Groups[i])
	}
	for _, t := range st.Tracks {
		l := prometheus.Labels{"object": t.Name, "kind": t.Kind}
		out.gauge("fhrp_track_up", "1 while a tracked object is up.", number(t.Up), l)
		out.counter("fhrp_track_changes_total", "Changes of a tracked object.", uint64(t.Changes), l)
	}
	for _, i := range st.Interfaces {
		out.iface(i)
	}
}

// states are the values of fhrp_group_state: those of CISCO-HSRP-MIB, and for
// VRRP those of VRRPV3-MIB, in which no number means two things.
var states = map[string]map[string]float64{
	"hsrp": {"Init": 1, "Learn": 2, "Listen": 3, "Speak": 4, "Standby": 5, "Active": 6},
	"vrrp": {"Initialize": 1, "Backup": 2, "Active": 3},
}

// sink takes the metrics of one scrape.
type sink chan<- prometheus.Metric

func (s sink) gauge(name, help string, v float64, l prometheus.Labels) {
	s.send(name, help, prometheus.GaugeValue, v, l)
}

func (s sink) counter(name, help string, v uint64, l prometheus.Labels) {
	s.send(name, help, prometheus.CounterValue, float64(v), l)
}

func (s sink) send(name, help string, kind prometheus.ValueType, v float64, l prometheus.Labels) {
	for k, v := range l {
		l[k] = plain.Line(v) // the text format escapes line ends alone
	}
	s <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, l), kind, v)
}

// with returns l and one label more.
func with(l prometheus.Labels, name, value string) prometheus.Labels {
	l = maps.Clone(l)
	l[name] = value
	return l
}

func (s sink) group(g *status.Group) {
	l := prometheus.Labels{
		"protocol": g.Protocol, "family": strconv.Itoa(g.Family), "interface": g.Interface,
		"group": strconv.Itoa(g.ID), "name": g.Name,
	}
	c := g.Counters
	s.gauge("fhrp_group_state", "HSRP: 1 Init to 6 Active; VRRP: 1 Initialize, 2 Backup, 3 Active.", states[g.Protocol][g.State], l)
	s.gauge("fhrp_group_active", "1 while this router is active.", number(g.State == "Active"), l)
	s.gauge("fhrp_group_maintenance", "1 while the group is in maintenance.", number(g.Maintenance), l)
	s.gauge("fhrp_group_unserved", "1 while the group is in maintenance and nobody serves it.", number(g.Leave != nil && g.Leave.UnservedSince != nil), l)
	s.gauge("fhrp_group_forwarding", "1 while the host forwards packets of the group's family.", number(g.ForwardingOff == ""), l)
	s.gauge("fhrp_group_priority", "The priority used in elections.", float64(g.Priority), l)
	s.counter("fhrp_group_transitions_total", "Changes of state.", uint64(g.Transitions), l)
	s.counter("fhrp_group_messages_sent_total", "Protocol messages sent.", c.Sent, l)
	s.counter("fhrp_group_messages_received_total", "Protocol messages accepted.", c.Received, l)
	s.counter("fhrp_group_announcements_total", "Announcement frames sent.", c.Announced, l)
	s.counter("fhrp_group_refreshes_total", "Periodic refreshes of the announcements.", g.Announce.Refreshes, l)
	s.counter("fhrp_group_answers_total", "ARP requests and neighbour solicitations answered.", c.Answered, l)
	s.counter("fhrp_group_conflicts_total", "Claims of the virtual address by others while active.", c.Conflicts, l)
	s.gauge("fhrp_group_understudy", "1 while the router forwards for a silent active router without the role.", number(g.Understudy != nil), l)
	s.counter("fhrp_group_questioned_total", "Times that the router asked an active router whose hello was overdue (confirm).", c.Questioned, l)
	s.counter("fhrp_group_understudied_total", "Times that the router forwarded for a silent active router.", c.Understudied, l)
	for why, n := range c.Rejected {
		s.counter("fhrp_group_rejected_total", "Messages of the group that were not used, by reason.", n, with(l, "reason", why))
	}
	for how, n := range c.Handovers {
		s.counter("fhrp_group_handovers_total", "Hand-overs by this router: done, refused, rolled-back.", n, with(l, "result", how))
	}
	for _, p := range g.Takeover {
		if p.Idle {
			continue
		}
		to := with(l, "neighbor", p.Address)
		s.gauge("fhrp_takeover_proven", "While active: 1 when a neighbour was proven to deliver here since the takeover.", number(p.Proven), to)
		if p.Proven {
			s.gauge("fhrp_takeover_seconds", "Time from the takeover to its proof.", p.MS/1000, to)
		}
	}
}

func (s sink) iface(i status.Interface) {
	l := prometheus.Labels{"interface": i.Name}
	s.gauge("fhrp_interface_up", "1 while the interface is up.", number(i.Up), l)
	s.counter("fhrp_interface_send_errors_total", "Frames that the kernel did not take.", i.SendErrors, l)
	s.counter("fhrp_interface_advertises_total", "HSRP interface-state messages heard.", i.Advertises, l)
	for what, n := range map[string]uint64{"address": i.Restored.Addresses, "setting": i.Restored.Settings, "filter": i.Restored.Filter, "route": i.Restored.Routes} {
		s.counter("fhrp_interface_restored_total", "What somebody else removed or changed and was put back.", n, with(l, "what", what))
	}
	for why, n := range i.Rejected {
		s.counter("fhrp_interface_rejected_total", "Packets that belong to no group here, by reason.", n, with(l, "reason", why))
	}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
