package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/internal/dump"
)

// kernel returns everything in the gateway's kernel that a daemon might leave
// behind, as sorted lines: settings, addresses, routes of all tables, filter
// and membership entries, and the ruleset. It is what several readings in a row
// agree on: lists in /proc are put together while they are read, so that one
// may miss a line or have it twice.
func kernel(g *gateway) (lines []string) {
	g.T.Helper()
	const agreeing = 3
	times := 0
	g.Eventually("a kernel that nobody changes", func() bool {
		if again := readKernel(g); slices.Equal(again, lines) {
			times++
		} else {
			lines, times = again, 1
		}
		return times == agreeing
	})
	return lines
}

func readKernel(g *gateway) []string {
	g.T.Helper()
	var lines []string
	must(g.T, g.NS.Do(func() (err error) {
		lines, err = kernelLines()
		return err
	}))
	slices.Sort(lines)
	return lines
}

// checkKernel wants the gateway's kernel to be, or to be soon, as it was before:
// the kernel finishes some things later than it says.
func checkKernel(t testing.TB, g *gateway, before []string) {
	t.Helper()
	var after []string
	if netlab.Eventually(t.Context(), patience, func() bool {
		after = readKernel(g)
		return slices.Equal(before, after)
	}) != nil {
		t.Errorf("kernel state before the first start and after the last stop:\n%s", cmp.Diff(before, after))
	}
}

func kernelLines() ([]string, error) {
	var lines []string
	for _, read := range []func() ([]string, error){settings, memberships, routes, filterEntries, tables} {
		more, err := read()
		if err != nil {
			return nil, err
		}
		lines = append(lines, more...)
	}
	return lines, nil
}

// settings are all sysctls of the interfaces that can be read.
func settings() ([]string, error) {
	var lines []string
	for _, root := range []string{"/proc/sys/net/ipv4/conf", "/proc/sys/net/ipv6/conf"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			if b, err := os.ReadFile(path); err == nil {
				lines = append(lines, path+" = "+strings.TrimSpace(string(b)))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// memberships are the multicast groups and the MACs that interfaces listen to,
// with the number of listeners and without flags and timers, which change by
// themselves.
func memberships() ([]string, error) {
	var lines []string
	for path, columns := range map[string]int{"/proc/thread-self/net/dev_mcast": 5, "/proc/thread-self/net/igmp6": 4} {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(b)) {
			if f := strings.Fields(line); len(f) >= columns {
				lines = append(lines, filepath.Base(path)+" "+strings.Join(f[1:columns], " "))
			}
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines), nil
}

func routes() ([]string, error) {
	var lines []string
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		list, err := dump.Whole(func() ([]netlink.Route, error) {
			return netlink.RouteListFiltered(family, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
		})
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			lines = append(lines, fmt.Sprintf("route %v dev %d via %v table %d type %d proto %d scope %d", r.Dst, r.LinkIndex, r.Gw, r.Table, r.Type, r.Protocol, r.Scope))
		}
	}
	return lines, nil
}

func filterEntries() ([]string, error) {
	list, err := dump.Whole(func() ([]netlink.Neigh, error) { return netlink.NeighList(0, unix.AF_BRIDGE) })
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, e := range list {
		lines = append(lines, fmt.Sprintf("filter entry %v dev %d state %d flags %d", e.HardwareAddr, e.LinkIndex, e.State, e.Flags))
	}
	return lines, nil
}

func tables() ([]string, error) {
	conn, err := nftables.New()
	if err != nil {
		return nil, err
	}
	list, err := conn.ListTables()
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, t := range list {
		lines = append(lines, fmt.Sprintf("table %d %s", t.Family, t.Name))
	}
	return lines, nil
}
