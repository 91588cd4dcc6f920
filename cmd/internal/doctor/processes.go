package doctor

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/fhrpd/fhrpd/hello"
)

// daemons are the names of programs that speak a redundancy protocol; vrrpd is
// FRR's and an older one's.
var daemons = []string{"keepalived", "vrrpd", "uvrrpd", "ucarp", "hsrpd", "holod"}

// self is the name of this program's process.
const self = "fhrpd"

// processes returns the programs of this network namespace, below the given
// /proc, that speak a redundancy protocol or hold a socket for one.
func processes(proc string) []Process {
	holders := sockets(filepath.Join(proc, "thread-self/net"))
	entries, _ := os.ReadDir(proc)
	var out []Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		dir := filepath.Join(proc, e.Name())
		name := firstLine(filepath.Join(dir, "comm"))
		switch {
		case name == self || name == "" || elsewhere(proc, dir):
		case slices.Contains(daemons, name):
			out = append(out, Process{PID: pid, Name: name})
		default:
			if why := holds(dir, holders); why != "" {
				out = append(out, Process{PID: pid, Name: name, Why: why})
			}
		}
	}
	// A daemon of several processes is one.
	slices.SortFunc(out, func(a, b Process) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.PID, b.PID)) })
	return slices.CompactFunc(out, func(a, b Process) bool { return a.Name == b.Name })
}

func firstLine(path string) string {
	b, _ := os.ReadFile(path)
	line, _, _ := strings.Cut(string(b), "\n")
	return line
}

// elsewhere reports whether a process is known to be in another network
// namespace, or in none any more, as one that has ended and is still listed.
func elsewhere(proc, dir string) bool {
	mine, err := os.Readlink(filepath.Join(proc, "thread-self/ns/net"))
	if err != nil {
		return false
	}
	theirs, err := os.Readlink(filepath.Join(dir, "ns/net"))
	return errors.Is(err, fs.ErrNotExist) || err == nil && mine != theirs
}

// sockets returns what the sockets of the redundancy protocols are, by inode.
func sockets(net string) map[string]string {
	out := map[string]string{}
	for _, t := range []struct {
		file, what string
		port       uint16 // for raw sockets the protocol
	}{
		{"raw", "a raw VRRP socket", hello.ProtoNumber}, {"raw6", "a raw VRRP socket", hello.ProtoNumber},
		{"udp", "the port of HSRP", hello.PortHSRP}, {"udp6", "the port of HSRP", hello.PortHSRP6},
	} {
		b, _ := os.ReadFile(filepath.Join(net, t.file))
		for line := range strings.Lines(string(b)) {
			if inode, ok := socketOf(line, t.port); ok {
				out[inode] = t.what
			}
		}
	}
	return out
}

// socketOf reads a line of /proc/net/udp or /proc/net/raw: the second field is
// the local address and, in hexadecimal, the port; the tenth is the inode.
func socketOf(line string, port uint16) (inode string, ok bool) {
	f := strings.Fields(line)
	if len(f) < 10 {
		return "", false
	}
	_, hex, _ := strings.Cut(f[1], ":")
	n, err := strconv.ParseUint(hex, 16, 16)
	return f[9], err == nil && uint16(n) == port
}

// holds returns which of the sockets a process has open, "" when none or when
// it may not be known.
func holds(dir string, sockets map[string]string) string {
	if len(sockets) == 0 {
		return ""
	}
	fds, _ := os.ReadDir(filepath.Join(dir, "fd"))
	for _, fd := range fds {
		target, _ := os.Readlink(filepath.Join(dir, "fd", fd.Name()))
		inode, _ := strings.CutPrefix(target, "socket:[")
		if what := sockets[strings.TrimSuffix(inode, "]")]; what != "" {
			return what
		}
	}
	return ""
}
