package doctor

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/internal/skip"
	"github.com/fhrpd/fhrpd/vip"
)

// tree writes files below a new folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return root
}

func TestManagerIsReadFromItsStateFiles(t *testing.T) {
	const networkd, manager7 = "run/systemd/netif/links/7", "run/NetworkManager/devices/7"
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"nobody", nil, ""},
		{"networkd", map[string]string{networkd: "ADMIN_STATE=configured\nOPER_STATE=routable\n"}, "systemd-networkd"},
		{"networkd leaves it alone", map[string]string{networkd: "ADMIN_STATE=unmanaged\n"}, ""},
		{"networkd manages another", map[string]string{"run/systemd/netif/links/8": "ADMIN_STATE=configured\n"}, ""},
		{"networkd keeps the addresses", map[string]string{
			networkd:                             "ADMIN_STATE=configured\nNETWORK_FILE=/etc/systemd/network/10-lan.network\n",
			"etc/systemd/network/10-lan.network": "[Match]\nName=eth1\n\n[Network]\nAddress=192.0.2.10/24\nKeepConfiguration=static\n",
		}, ""},
		{"networkd keeps the addresses, dropped in", map[string]string{
			networkd: "ADMIN_STATE=configured\nNETWORK_FILE=/usr/lib/systemd/network/10-lan.network\n",
			"etc/systemd/network/10-lan.network.d/fhrpd.conf": "[Network]\nKeepConfiguration = yes\n",
		}, ""},
		{"networkd keeps leases alone", map[string]string{
			networkd:                             "ADMIN_STATE=configured\nNETWORK_FILE=/etc/systemd/network/10-lan.network\n",
			"etc/systemd/network/10-lan.network": "[Network]\n#KeepConfiguration=static\nKeepConfiguration=dhcp\n",
		}, "systemd-networkd"},
		{"networkd keeps those of another file", map[string]string{
			networkd:                             "ADMIN_STATE=configured\nNETWORK_FILE=/etc/systemd/network/10-lan.network\n",
			"etc/systemd/network/20-wan.network": "[Network]\nKeepConfiguration=static\n",
		}, "systemd-networkd"},
		{"networkd keeps off foreign routes, which does not help", map[string]string{
			networkd: "ADMIN_STATE=configured\n", "etc/systemd/networkd.conf.d/fhrpd.conf": "[Network]\nManageForeignRoutes = no\n",
		}, "systemd-networkd"},
		{"NetworkManager", map[string]string{manager7: "[device]\nmanaged=true\n"}, "NetworkManager"},
		{"NetworkManager leaves it alone", map[string]string{manager7: "[device]\nmanaged=false\n"}, ""},
		{"NetworkManager ignores the carrier", map[string]string{
			manager7: "[device]\nmanaged=true\n", "etc/NetworkManager/conf.d/fhrpd.conf": "[device-fhrpd]\nignore-carrier=yes\n",
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := manager(tree(t, tt.files), 7, "eth1"); got != tt.want {
				t.Errorf("manager is %q, want %q", got, tt.want)
			}
		})
	}
}

func TestOtherDaemonsAreFoundByNameOrSocket(t *testing.T) {
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n"
	root := tree(t, map[string]string{
		"40/comm": "keepalived\n", "41/comm": "keepalived\n", "50/comm": "fhrpd\n", "60/comm": "java\n", "70/comm": "sshd\n", "80/comm": "dhclient\n",
		"thread-self/net/udp": head + "  1: 00000000:07C1 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1111 2 0000000000000000 0\n" +
			"  2: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 2222 2 0000000000000000 0\n",
		"thread-self/net/raw": head + "  3: 00000000:0070 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 3333 2 0000000000000000 0\n",
	})
	for fd, inode := range map[string]string{"50/fd/3": "3333", "60/fd/9": "1111", "80/fd/4": "2222"} {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(root, fd)), 0o755))
		must(t, os.Symlink("socket:["+inode+"]", filepath.Join(root, fd)))
	}
	want := []Process{{PID: 60, Name: "java", Why: "the port of HSRP"}, {PID: 40, Name: "keepalived"}}
	if diff := cmp.Diff(want, processes(root)); diff != "" {
		t.Errorf("processes (-want +got):\n%s", diff)
	}
}

func TestProcessesOfAnotherNamespaceAreNotOurs(t *testing.T) {
	root := tree(t, map[string]string{"40/comm": "keepalived\n", "41/comm": "vrrpd\n", "42/comm": "keepalived\n"}) // 42 has ended
	for path, ns := range map[string]string{"thread-self/ns/net": "net:[1]", "40/ns/net": "net:[2]", "41/ns/net": "net:[1]"} {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755))
		must(t, os.Symlink(ns, filepath.Join(root, path)))
	}
	if diff := cmp.Diff([]Process{{PID: 41, Name: "vrrpd"}}, processes(root)); diff != "" {
		t.Errorf("processes (-want +got):\n%s", diff)
	}
}

func TestProbeOfTablesIsNoted(t *testing.T) {
	refused := errors.New("operation not supported")
	for _, tt := range []struct {
		name string
		can  vip.Nftables
		err  error
		want Host
	}{
		{"Linux 6.9", vip.Nftables{Persistent: true, Egress: true}, nil, Host{}},
		{"Linux 5.16", vip.Nftables{Egress: true}, nil, Host{Flushable: true}},
		{"an older kernel", vip.Nftables{}, nil, Host{Flushable: true, NoEgress: true}},
		{"no nf_tables", vip.Nftables{}, refused, Host{Nftables: refused.Error()}},
	} {
		var h Host
		h.probe(func() (vip.Nftables, error) { return tt.can, tt.err })
		if h.Untried {
			skip.Because(t, h.Nftables)
		}
		if diff := cmp.Diff(tt.want, h); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
