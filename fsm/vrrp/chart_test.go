package vrrp

import (
	"net/netip"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/fsm"
	"github.com/fhrpd/fhrpd/hello"
)

// cell is one field of the chart: an event 400 ms after the state was entered,
// what it causes, the next state, and the deadline counted from t0.
type cell struct {
	actions  string
	next     State
	deadline time.Duration
}

// row is an event and its cells in Initialize, Backup and Active.
type row struct {
	name  string
	event fsm.Event
	cells [3]cell
}

const at = 400 * ms

// The cells in which nothing happens.
var (
	stayInit   = cell{"", Initialize, none}
	stayBackup = cell{"", Backup, down3}
	stayActive = cell{"", Active, time.Second}
)

func runChart(t *testing.T, c Config, rows []row) {
	for _, row := range rows {
		for i, s := range []State{Initialize, Backup, Active} {
			t.Run(row.name+"/"+s.String(), func(t *testing.T) {
				want := row.cells[i]
				expect(t, in(t, s, c), at, row.event, want.actions, want.next, want.deadline)
			})
		}
	}
}

// shared are the events that both versions handle alike.
func shared(c Config) []row {
	other := fsm.Up{Addr: netip.MustParseAddr("192.0.2.77"), MAC: selfMAC}
	return []row{
		{"up", up(), [3]cell{
			{"withdraw, Initialize>Backup (started)", Backup, at + down3}, stayBackup, stayActive}},
		{"up with another MAC", fsm.Up{Addr: self, MAC: hello.MAC{2, 9}}, [3]cell{
			{"withdraw, Initialize>Backup (started)", Backup, at + down3}, stayBackup, {"reassert", Active, time.Second}}},
		{"up with another address", other, [3]cell{
			{"withdraw, Initialize>Backup (started)", Backup, at + down3},
			stayBackup,
			{"send 100", Active, at + time.Second}}},
		{"up with another address and MAC", fsm.Up{Addr: other.Addr, MAC: hello.MAC{2, 9}}, [3]cell{
			{"withdraw, Initialize>Backup (started)", Backup, at + down3},
			stayBackup,
			{"send 100, reassert", Active, at + time.Second}}},
		{"up without an address", fsm.Up{}, [3]cell{stayInit, stayBackup, stayActive}},
		{"down", fsm.Down{Cause: fsm.CauseStopped}, [3]cell{
			stayInit,
			{"Backup>Initialize (stopped)", Initialize, none},
			{"release, send 0, withdraw, Active>Initialize (stopped)", Initialize, none}}},
		{"early tick", fsm.Tick{}, [3]cell{stayInit, stayBackup, stayActive}},
		{"priority 0", advert(c, smaller, 0), [3]cell{
			stayInit,
			{"", Backup, at + skew3},
			{"send 100, reassert", Active, at + time.Second}}},
		{"higher priority", advert(c, smaller, 101), [3]cell{
			stayInit,
			{"", Backup, at + down3},
			{"release, withdraw, Active>Backup (better-active-heard)", Backup, at + down3}}},
		{"equal priority, greater address", advert(c, greater, 100), [3]cell{
			stayInit,
			{"", Backup, at + down3},
			{"release, withdraw, Active>Backup (better-active-heard)", Backup, at + down3}}},
		{"own address", advert(c, self, 200), [3]cell{stayInit, stayBackup, stayActive}},
		{"own address, priority 0", advert(c, self, 0), [3]cell{stayInit, stayBackup, stayActive}},
		{"no address", advert(c, netip.Addr{}, 200), [3]cell{stayInit, stayBackup, stayActive}},
		{"message of another protocol", &fsm.Received{From: greater, Message: &hello.HSRP{Priority: 200}},
			[3]cell{stayInit, stayBackup, stayActive}},
		{"no message", &fsm.Received{From: greater, Message: (*hello.VRRP)(nil)},
			[3]cell{stayInit, stayBackup, stayActive}},
		{"set priority", fsm.SetPriority{Effective: 90, Configured: 100},
			[3]cell{stayInit, stayBackup, stayActive}},
		{"fenced", fsm.Fenced{Cause: fsm.CauseLeaseLost}, [3]cell{
			stayInit,
			{"", Backup, at + down3},
			{"release, Active>Backup (lease-lost)", Backup, at + down3}}},
		{"handed over", fsm.Yield{Cause: fsm.CauseHandover}, [3]cell{
			stayInit,
			stayBackup,
			{"release, send 0, withdraw, Active>Backup (handed-over)", Backup, at + down3}}},
		{"taken back", fsm.Reclaim{Cause: fsm.CauseTakenBack}, [3]cell{
			stayInit,
			{promoted + "(taken-back)", Active, at + time.Second},
			stayActive}},
		{"the address is there", fsm.Served{}, [3]cell{stayInit, stayBackup, {"send 100", Active, at + time.Second}}},
		{"contend", fsm.Contend{}, [3]cell{stayInit, stayBackup, stayActive}},
		{"leader", fsm.Leader{Active: true}, [3]cell{stayInit, stayBackup, stayActive}},
		{"no event", nil, [3]cell{stayInit, stayBackup, stayActive}},
	}
}

func TestChartVersion3(t *testing.T) {
	c := v3()
	runChart(t, c, append(shared(c), []row{
		{"lower priority", advert(c, greater, 99), [3]cell{
			stayInit, stayBackup, {"send 100, reassert", Active, at + time.Second}}},
		{"equal priority, smaller address", advert(c, smaller, 100), [3]cell{
			stayInit, {"", Backup, at + down3}, {"send 100, reassert", Active, at + time.Second}}},
		{"another interval, higher priority", every(3*time.Second, advert(c, greater, 200)), [3]cell{
			stayInit,
			{"", Backup, at + 3*down3},
			{"release, withdraw, Active>Backup (better-active-heard)", Backup, at + 3*down3}}},
		{"another interval, lower priority", every(3*time.Second, advert(c, greater, 50)), [3]cell{
			stayInit, stayBackup, {"send 100, reassert", Active, at + time.Second}}},
		{"another interval, priority 0", every(3*time.Second, advert(c, greater, 0)), [3]cell{
			stayInit, {"", Backup, at + skew3}, {"send 100, reassert", Active, at + time.Second}}},
		{"interval 0", every(0, advert(c, greater, 200)), [3]cell{stayInit, stayBackup, stayActive}},
		{"version 2", advert(v3(version2), greater, 200), [3]cell{stayInit, stayBackup, stayActive}},
	}...))
}

// TestChartVersion2 proves the rows in which RFC 3768 differs.
func TestChartVersion2(t *testing.T) {
	c := v3(version2)
	runChart(t, c, append(shared(c), []row{
		{"lower priority", advert(c, greater, 99), [3]cell{
			stayInit, stayBackup, {"reassert", Active, time.Second}}},
		{"equal priority, smaller address", advert(c, smaller, 100), [3]cell{
			stayInit, {"", Backup, at + down3}, {"reassert", Active, time.Second}}},
		{"another interval, higher priority", every(3*time.Second, advert(c, greater, 200)), [3]cell{
			stayInit, stayBackup, stayActive}},
		{"another interval, priority 0", every(3*time.Second, advert(c, greater, 0)), [3]cell{
			stayInit, stayBackup, stayActive}},
		{"version 3", advert(v3(), greater, 200), [3]cell{stayInit, stayBackup, stayActive}},
	}...))
}

// TestChartOwner proves the rows in which the address owner differs: it never
// waits at startup, and its priority cannot be changed.
func TestChartOwner(t *testing.T) {
	const down = 3*time.Second + 3906250 // priority 255
	startup := cell{"acquire, send 255, claim, Initialize>Active (address-owner)", Active, at + time.Second}
	backup := cell{"", Backup, down}
	for _, version := range []uint8{2, 3} {
		c := v3(owner)
		c.Version = version
		both := []row{
			{"up", up(), [3]cell{startup, backup, stayActive}},
			{"lower priority", advert(c, greater, 254), [3]cell{stayInit, backup,
				map[uint8]cell{2: stayActive, 3: {"send 255, reassert", Active, at + time.Second}}[version]}},
			{"another owner, greater address", advert(c, greater, 255), [3]cell{stayInit,
				map[uint8]cell{2: backup, 3: {"", Backup, at + down}}[version],
				map[uint8]cell{2: stayActive, 3: {"release, withdraw, Active>Backup (better-active-heard)", Backup, at + down}}[version]}},
			{"priority 0", advert(c, greater, 0), [3]cell{stayInit,
				map[uint8]cell{2: backup, 3: {"", Backup, at + 3906250}}[version],
				map[uint8]cell{2: stayActive, 3: {"send 255, reassert", Active, at + time.Second}}[version]}},
			{"set priority", fsm.SetPriority{Effective: 10, Configured: 10}, [3]cell{stayInit, backup, stayActive}},
			{"down", fsm.Down{Cause: fsm.CauseStopped}, [3]cell{stayInit,
				{"Backup>Initialize (stopped)", Initialize, none},
				{"release, send 0, withdraw, Active>Initialize (stopped)", Initialize, none}}},
		}
		t.Run(map[uint8]string{2: "v2", 3: "v3"}[version], func(t *testing.T) { runChart(t, c, both) })
	}
}
