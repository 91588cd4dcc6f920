package doctor

import (
	cmpbase "cmp"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/nftables"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/internal/skip"
	"github.com/fhrpd/fhrpd/vip"
)

// root makes files with their content below a folder.
func root(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range files {
		path = filepath.Join(dir, path)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return dir
}

func TestSavedTablesAreFoundWhereDistributionsKeepThem(t *testing.T) {
	const table = "table netdev fhrpd-eth1 { # progname fhrpd\n\tflags owner\n}\n"
	for name, tt := range map[string]struct {
		files map[string]string
		want  []Ruleset
	}{
		"Debian": {
			map[string]string{"etc/nftables.conf": "#!/usr/sbin/nft -f\nflush ruleset\ntable inet filter {\n}\n" + table},
			[]Ruleset{{"/etc/nftables.conf", []string{"fhrpd-eth1"}}},
		},
		"Fedora, two tables in what is included": {
			map[string]string{
				"etc/sysconfig/nftables.conf": "include \"/opt/fw/*.nft\"\n",
				"opt/fw/a.nft":                table + "table netdev fhrpd-eth2.10 {\n}\n" + table,
			},
			[]Ruleset{{"/opt/fw/a.nft", []string{"fhrpd-eth1", "fhrpd-eth2.10"}}},
		},
		"a relative path, and files that include each other": {
			map[string]string{
				"etc/nftables.conf": "include \"fw/a\"\n",
				"etc/fw/a":          "include 'fw/b'\n",
				"etc/fw/b":          "include \"fw/a\"\ninclude \"nftables.conf\"\n" + table,
			},
			[]Ruleset{{"/etc/fw/b", []string{"fhrpd-eth1"}}},
		},
		"Gentoo": {
			map[string]string{"var/lib/nftables/rules-save": table},
			[]Ruleset{{"/var/lib/nftables/rules-save", []string{"fhrpd-eth1"}}},
		},
		"tables of others, and comments": {
			map[string]string{
				"etc/nftables.conf":   "# table netdev fhrpd-eth1 {\n# include \"/opt/a\"\ntable netdev mine {\n}\ntable inet fhrpd-x {\n}\n",
				"opt/a":               table,
				"etc/nftables/a/b":    table,
				"etc/other/saved.nft": table,
			},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, savedTables(root(t, tt.files))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// command runs a shell command in a namespace.
func command(t *testing.T, ns *netlab.NS, line string) string {
	t.Helper()
	var out []byte
	must(t, ns.Do(func() error {
		var err error
		if out, err = exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", line, err, out)
		}
		return nil
	}))
	return string(out)
}

// opens opens eth1 of a router for the length of the test, as the daemon does.
func opens(t *testing.T, gw *netlab.NS) (v *vip.Interface) {
	t.Helper()
	must(t, gw.Do(func() (err error) { v, err = vip.Open("eth1", vip.Options{StateDir: t.TempDir()}); return err }))
	t.Cleanup(func() { gw.Do(v.Close) })
	must(t, v.Add(1, vip.Router{MAC: [6]byte{0, 0, 0x5e, 0, 1, 20}}))
	_, err := v.Gate([]vip.Claim{{ID: 1, Lease: time.Hour}}, nil)
	must(t, err)
	return v
}

// What nft prints is found, and what the cure leaves of it loads beside the daemon.
func TestCureOfASavedTable(t *testing.T) {
	skip.Without(t, "nft")
	gw, _ := gateway(t)
	opens(t, gw)
	command(t, gw, "nft add table inet mine && nft add chain inet mine in '{ type filter hook input priority 0; }'")
	dir := root(t, map[string]string{"etc/nftables.conf": "flush ruleset\n" + command(t, gw, "nft list ruleset")})
	want := []Ruleset{{"/etc/nftables.conf", []string{"fhrpd-eth1/lock", "fhrpd-eth1"}}}
	if diff := cmp.Diff(want, savedTables(dir)); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	h := healthy()
	h.Saved = want
	file := filepath.Join(dir, "etc/nftables.conf")
	for _, f := range Examine(h, nil) {
		if f.Rule == "saved-table" {
			cure, _, _ := strings.Cut(f.Cure, ", and")
			command(t, gw, strings.ReplaceAll(cure, want[0].File, file))
		}
	}
	if left := savedTables(dir); left != nil {
		t.Errorf("left: %v", left)
	}
	before := linesOfRules(t, gw)
	command(t, gw, "nft -f "+file)
	var after string
	// Before Linux 6.9 the daemon's tables have gone for a moment.
	if netlab.Eventually(t.Context(), 30*time.Second, func() bool { after = linesOfRules(t, gw); return after == before }) != nil {
		t.Errorf("(-before +after):\n%s", cmp.Diff(before, after))
	}
	if !strings.Contains(after, "inet mine") {
		t.Error("the table of somebody else has gone")
	}
}

// linesOfRules are those of the ruleset of a namespace without times and order, which a
// table that was put back has anew.
func linesOfRules(t *testing.T, ns *netlab.NS) string {
	t.Helper()
	return command(t, ns, "nft -s list ruleset | sed -E 's/ (timeout|expires) [0-9a-z]+//g' | sort")
}

// Chains of others are found whoever made them, and the daemon's is not.
func TestChainsBeforeTheGateAreFound(t *testing.T) {
	gw, _ := gateway(t)
	opens(t, gw)
	finds(t, gw, hsrpConfig, 0)
	addChains(t, gw, map[string]nftables.ChainPriority{"early": -301, "late": -299})
	finds(t, gw, hsrpConfig, 0, "before-gate eth1")
	var got []Chain
	must(t, gw.Do(func() (err error) { got, err = ingressChains(); return err }))
	slices.SortFunc(got, func(a, b Chain) int { return cmpbase.Compare(a.Priority, b.Priority) })
	want := []Chain{{"netdev", "fw", "early", -301, []string{"eth1"}}, {"netdev", "fhrpd-eth1", "in", -300, []string{"eth1"}}, {"netdev", "fw", "late", -299, []string{"eth1"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// addChains adds chains at the ingress of eth1, with their priorities.
func addChains(t *testing.T, gw *netlab.NS, chains map[string]nftables.ChainPriority) {
	t.Helper()
	must(t, gw.Do(func() error {
		c, err := nftables.New()
		if err != nil {
			return err
		}
		table := c.AddTable(&nftables.Table{Name: "fw", Family: nftables.TableFamilyNetdev})
		for name, priority := range chains {
			c.AddChain(&nftables.Chain{
				Name: name, Table: table, Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookIngress, Priority: &priority, Device: "eth1",
			})
		}
		return c.Flush()
	}))
}

// Behind the daemon's own on the same interface a chain does no harm; on a port it
// comes first whatever its priority.
func TestChainsBelowTheInterfaceAreFound(t *testing.T) {
	gw, _ := gateway(t)
	addChains(t, gw, map[string]nftables.ChainPriority{"late": 0})
	finds(t, gw, hsrpConfig, 0)
	own := netip.MustParsePrefix("192.0.2.2/24")
	must(t, gw.DelAddr("eth1", own))
	must(t, gw.Bridge("br0", "eth1"))
	must(t, gw.AddAddr("br0", own))
	finds(t, gw, strings.ReplaceAll(hsrpConfig, "eth1", "br0"), 0, "below-gate br0")
}
