package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/links"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/internal/dump"
	"github.com/fhrpd/fhrpd/vip"
)

// Options say what to collect beyond the host itself.
type Options struct {
	Listen time.Duration // how long to listen to the segments of the groups; 0 = not
	Proven []string      // see Host

	Restored []Restored // likewise
	Claims   []Claim    // of own addresses, beside those that are found
}

// Collect looks at the host of the calling thread's network namespace. What
// the user may not see is left empty, and a rule says that rights are missing;
// only a kernel that does not tell its interfaces is an error, or the end of
// ctx.
func Collect(ctx context.Context, c *configs.Config, o Options) (*Host, error) {
	h := &Host{
		NetAdmin: capable(unix.CAP_NET_ADMIN), NetRaw: capable(unix.CAP_NET_RAW),
		Realtime: mayRealtime(), Unsynced: unsynced(), Processes: processes("/proc"), Proven: o.Proven, Restored: o.Restored, Claims: o.Claims,
	}
	h.probe(vip.Probe)
	var err error
	if h.Interfaces, err = interfaces(); err != nil {
		return nil, err
	}
	h.Chains, _ = ingressChains() // who may not ask is told so by the rule about rights
	if ownsHost() {
		h.Saved = savedTables("/")
	}
	e := newExam(h, c)
	h.readSysctls(e.devices())
	if o.Listen > 0 && h.NetRaw {
		err = e.listen(ctx, o.Listen)
	}
	return h, err
}

// probe notes what nftables can do. The host's rules are not touched even for a
// moment.
func (h *Host) probe(try func() (vip.Nftables, error)) {
	err := inPrivate(func() error {
		can, err := try()
		h.Flushable, h.NoEgress = err == nil && !can.Persistent, err == nil && !can.Egress
		return err
	})
	if err != nil {
		h.Nftables, h.Untried = err.Error(), errors.Is(err, errNamespace)
	}
}

// unsynced reports whether the kernel says that nothing synchronises its clock
// (adjtimex(2)).
func unsynced() bool {
	var t unix.Timex
	_, err := unix.Adjtimex(&t)
	return err == nil && t.Status&unix.STA_UNSYNC != 0
}

// capable reports whether the process holds a capability.
func capable(c int) bool {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		return false
	}
	return data[c/32].Effective&(1<<(c%32)) != 0
}

// fifoPriority is the real-time priority that the daemon asks for.
const fifoPriority = 10

func mayRealtime() bool {
	var lim unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_RTPRIO, &lim)
	return capable(unix.CAP_SYS_NICE) || err == nil && lim.Cur >= fifoPriority
}

var errNamespace = errors.New("no network namespace to try it in")

// inPrivate runs fn on a thread in a network namespace of its own. The thread
// ends with the goroutine, which never unlocks it.
func inPrivate(fn func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("%w: %w", errNamespace, err)
			return
		}
		done <- fn()
	}()
	return <-done
}

func interfaces() ([]Interface, error) {
	list, err := links.List()
	if err != nil {
		return nil, err
	}
	addresses, _ := vip.HostAddrs() // as far as the kernel tells
	managed := ownsHost()
	var out []Interface
	for _, l := range list {
		i := Interface{Link: l, Addresses: addresses[l.Index], Proxied: proxied(l.Index)}
		if l.Kind == "" && !l.Loopback {
			i.Driver = driver(l.Name)
		}
		if managed {
			i.Manager = manager("/", l.Index, l.Name)
		}
		out = append(out, i)
	}
	return out, nil
}

// proxied returns the addresses that an interface answers for by `ip neigh add
// proxy`, as far as the kernel tells.
func proxied(index int) (out []netip.Addr) {
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		list, _ := dump.Whole(func() ([]netlink.Neigh, error) { return netlink.NeighProxyList(index, family) })
		for _, n := range list {
			if a, ok := netip.AddrFromSlice(n.IP); ok {
				out = append(out, a.Unmap())
			}
		}
	}
	return out
}

// driver asks the kernel rather than /sys, which may show another namespace.
func driver(name string) string {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	info, err := unix.IoctlGetEthtoolDrvinfo(fd, name)
	if err != nil {
		return ""
	}
	return unix.ByteSliceToString(info.Driver[:])
}

// readSysctls reads what the checks want to know of all and of the interfaces.
func (h *Host) readSysctls(devs []string) {
	h.Sysctls = map[string]string{}
	paths := []string{
		"ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv6/ip_nonlocal_bind", "netfilter/nf_conntrack_tcp_loose",
	}
	for _, i := range h.Interfaces {
		for _, name := range []string{"arp_ignore", "arp_filter", "rp_filter"} {
			paths = append(paths, "ipv4/conf/"+i.Name+"/"+name)
		}
	}
	for _, dev := range append([]string{"all"}, devs...) {
		paths = append(paths, "ipv6/conf/"+dev+"/forwarding")
		for _, name := range []string{
			"forwarding", "rp_filter", "arp_filter", "arp_ignore", "arp_announce", "arp_notify", "send_redirects", "proxy_arp", "proxy_arp_pvlan", "drop_gratuitous_arp",
		} {
			paths = append(paths, "ipv4/conf/"+dev+"/"+name)
		}
	}
	for _, p := range paths {
		if b, err := os.ReadFile(filepath.Join("/proc/sys/net", p)); err == nil {
			h.Sysctls[p] = string(bytes.TrimSpace(b))
		}
	}
	h.ReadOnly = h.NetAdmin && !writable("/proc/sys/net/ipv4/conf/all/send_redirects")
}

// writable reports whether a file could be written, and writes nothing.
func writable(path string) bool {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	return f.Close() == nil
}

// ownsHost reports whether this network namespace is the one of the init
// process, whose managers number the same interfaces.
func ownsHost() bool {
	mine, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		return false
	}
	theirs, err := os.Readlink("/proc/1/ns/net")
	return err != nil || mine == theirs
}

// manager returns the program that manages an interface, "" when none does or
// when it has been told to leave the addresses there alone.
func manager(root string, index int, name string) string {
	link := strconv.Itoa(index)
	if b, err := os.ReadFile(filepath.Join(root, "run/systemd/netif/links", link)); err == nil {
		state := setting(b, "ADMIN_STATE")
		if state != "" && state != "unmanaged" && !keepsAddresses(root, setting(b, "NETWORK_FILE")) {
			return "systemd-networkd"
		}
	}
	if b, err := os.ReadFile(filepath.Join(root, "run/NetworkManager/devices", link)); err == nil {
		managed := setting(b, "managed")
		if (managed == "true" || managed == "1") && !told(root, "etc/NetworkManager/conf.d*", "ignore-carrier", "yes", "true", "1", "*", name) {
			return "NetworkManager"
		}
	}
	return ""
}

// keepsAddresses reports whether systemd-networkd keeps the addresses that a
// .network file, or what is dropped in beside it, gives an interface.
func keepsAddresses(root, file string) bool {
	if file == "" {
		return false
	}
	words := []string{"static", "yes", "true", "1", "on"}
	if told(root, file, "KeepConfiguration", words...) {
		return true
	}
	for _, folder := range []string{"etc/systemd/network", "run/systemd/network", "usr/lib/systemd/network"} {
		if told(root, filepath.Join(folder, filepath.Base(file)+".d"), "KeepConfiguration", words...) {
			return true
		}
	}
	return false
}

// told reports whether a file that matches the pattern, or lies in a folder
// that does, sets key to one of the values.
func told(root, pattern, key string, values ...string) bool {
	files, _ := filepath.Glob(filepath.Join(root, pattern))
	more, _ := filepath.Glob(filepath.Join(root, pattern, "*.conf"))
	return slices.ContainsFunc(append(files, more...), func(f string) bool {
		b, _ := os.ReadFile(f) // a file that cannot be read sets nothing
		return slices.Contains(values, setting(b, key))
	})
}

// setting returns the last value of a key in a file of key=value lines.
func setting(b []byte, key string) (value string) {
	for line := range strings.Lines(string(b)) {
		k, v, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && strings.TrimSpace(k) == key {
			value = strings.TrimSpace(v)
		}
	}
	return value
}
