package scale

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// BenchmarkBesideKeepalived measures 254 VRRP routers, once with a pair of ours
// and once with a pair of keepalived, on the same wire and in the same way.
func BenchmarkBesideKeepalived(b *testing.B) {
	const n = 254
	b.Run("fhrpd", func(b *testing.B) {
		p := newPair(b, 1)
		p.a.Start(p.routers(n, 110))
		p.a.WaitAll("Active")
		p.b.Start(p.routers(n, 100))
		p.b.WaitAll("Backup")
		p.compare(b, n, []int{p.a.PID()}, []int{p.b.PID()}, p.a.Kill)
	})
	b.Run("keepalived", func(b *testing.B) {
		if _, err := exec.LookPath("keepalived"); err != nil {
			b.Skip("keepalived is not installed")
		}
		p := newPair(b, 1)
		ka, kb := p.keepalived(p.a, n, 110), p.keepalived(p.b, n, 100)
		p.compare(b, n, ka.all(b), kb.all(b), ka.kill)
	})
}

// compare measures a pair whose first is active for all.
func (p *pair) compare(b *testing.B, n int, a, standby []int, kill func()) {
	p.pass(5 * time.Second)
	for b.Loop() {
		p.wire.forget()
		cpuA, _ := usage(b, a...)
		cpuB, _ := usage(b, standby...)
		p.pass(*steady)
		endA, rssA := usage(b, a...)
		endB, rssB := usage(b, standby...)
		sentB, sentA := p.wire.messages()
		b.ReportMetric(float64(endA-cpuA)/1000/float64(max(sentA, 1)), "µs-cpu/sent")
		b.ReportMetric(float64(endB-cpuB)/1000/float64(max(sentA, 1)), "µs-cpu/heard")
		b.ReportMetric(rssA, "MiB-active")
		b.ReportMetric(rssB, "MiB-standby")
		b.ReportMetric(float64(sentB), "standby-spoke")
	}
	p.wire.forget()
	p.pass(1500 * time.Millisecond)
	died := time.Now()
	kill()
	must(b, netlab.Eventually(b.Context(), fhrptest.Patience, func() bool { return p.wire.announced() >= n }))
	t := p.wire.takeover(died, vrrpHold)
	millis(b, "first-garp", t.first)
	millis(b, "last-garp", t.last)
	millis(b, "claim-late-p50", quantile(t.late, 0.5))
	millis(b, "claim-late-worst", quantile(t.late, 1))
	b.ReportMetric(0, "ns/op")
}

// keepalived is a running keepalived: a parent and the process that speaks.
type keepalived struct {
	t    testing.TB
	proc *netlab.Process
}

func (p *pair) keepalived(g *gateway, n, priority int) *keepalived {
	p.t.Helper()
	var conf strings.Builder
	conf.WriteString("global_defs {\n router_id " + g.name + "\n vrrp_version 3\n}\n")
	for i := range n {
		fmt.Fprintf(&conf, "vrrp_instance V%d {\n state BACKUP\n interface eth0\n virtual_router_id %d\n priority %d\n advert_int 1\n virtual_ipaddress {\n %s/32\n }\n}\n",
			i, i+1, priority, virtualIP(0, i))
	}
	dir := p.t.TempDir()
	must(p.t, os.WriteFile(filepath.Join(dir, "keepalived.conf"), []byte(conf.String()), 0o600))
	cmd := exec.Command("keepalived", "--dont-fork", "--vrrp", "--use-file", filepath.Join(dir, "keepalived.conf"),
		"--pid", filepath.Join(dir, "pid"), "--vrrp_pid", filepath.Join(dir, "vrrp.pid"))
	proc, err := g.ns.StartPrivate(cmd)
	must(p.t, err)
	k := &keepalived{p.t, proc}
	p.t.Cleanup(k.kill)
	must(p.t, netlab.Eventually(p.t.Context(), fhrptest.Patience, func() bool { return len(k.all(p.t)) > 1 }))
	return k
}

// all returns the processes of a keepalived.
func (k *keepalived) all(t testing.TB) []int {
	t.Helper()
	pid := k.proc.Process.Pid
	list := []int{pid}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	for f := range strings.FieldsSeq(string(b)) {
		var child int
		if _, err := fmt.Sscan(f, &child); err == nil {
			list = append(list, child)
		}
	}
	return list
}

// kill ends a keepalived as a crash does, if it has not ended.
func (k *keepalived) kill() {
	select {
	case <-k.proc.Done():
		return
	default:
	}
	// The child first: it resigns when its parent goes.
	for _, pid := range slices.Backward(k.all(k.t)) {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
	<-k.proc.Done()
}
