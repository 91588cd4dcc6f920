package census

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/hello"
)

// An onlooker hears everybody, itself included, and says nothing.
func TestListen(t *testing.T) {
	netlab.Need(t)
	sw, me, them := netlab.ForTest(t), netlab.ForTest(t), netlab.ForTest(t)
	fhrptest.Must(t, me.Sysctl("net/ipv6/conf/default/disable_ipv6", "1")) // the kernel's own words would be heard
	fhrptest.Must(t, netlab.Veth(netlab.End{NS: me, Name: "eth0", MAC: mac(1)}, netlab.End{NS: sw, Name: "p1"}))
	fhrptest.Must(t, netlab.Veth(netlab.End{NS: them, Name: "eth0", MAC: mac(2)}, netlab.End{NS: sw, Name: "p2"}))
	fhrptest.Must(t, sw.Bridge("sw", "p1", "p2"))
	wire, err := sw.Capture("p1", netlab.CaptureOptions{Arriving: true})
	fhrptest.Must(t, err)
	defer wire.Close()

	own := hsrpRouter(1, hello.Standby, 90).frame()
	frames := [][]byte{
		hsrpRouter(2, hello.Active, 110).frame(), glbpFrame(4, 30, 0x20, 110, nil), carpFrame(9, 50, 0), vrrpRouter(5, 100).frame(),
	}
	want := "carp 192.0.2.9, glbp 192.0.2.4, hsrp 192.0.2.2, hsrp 192.0.2.1, vrrp 192.0.2.5"
	var got string
	err = netlab.Eventually(t.Context(), 30*time.Second, func() bool {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			beat := time.NewTicker(20 * time.Millisecond)
			defer beat.Stop()
			for range 10 {
				if them.Send("eth0", frames...) != nil || me.Send("eth0", own) != nil {
					return
				}
				<-beat.C
			}
		}()
		got = names(t, me)
		<-ended
		return got == want
	})
	if err != nil {
		t.Errorf("heard %s, want %s", got, want)
	}
	for _, f := range wire.Frames() {
		if !bytes.Equal(f.Data[:len(own)], own) {
			t.Errorf("the onlooker sent % x", f.Data)
		}
	}
}

// names listens for a moment.
func names(t *testing.T, ns *netlab.NS) string {
	t.Helper()
	var r Report
	fhrptest.Must(t, ns.Do(func() (err error) {
		r, err = Listen(t.Context(), "eth0", 200*time.Millisecond)
		return err
	}))
	var list []string
	for _, s := range r.Speakers {
		list = append(list, s.Protocol+" "+s.Address.String())
	}
	return strings.Join(list, ", ")
}

func TestAnInterruptEndsListeningWithAReport(t *testing.T) {
	netlab.Need(t)
	ns := netlab.ForTest(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	fhrptest.Must(t, ns.LinkUp("lo"))
	fhrptest.Must(t, ns.Do(func() error { _, err := Listen(ctx, "lo", time.Hour); return err }))
}

func TestListenOnWhatIsNotThere(t *testing.T) {
	netlab.Need(t)
	ns, other := netlab.ForTest(t), netlab.ForTest(t)
	fhrptest.Must(t, netlab.Veth(netlab.End{NS: ns, Name: "eth0"}, netlab.End{NS: other, Name: "eth0"}))
	fhrptest.Must(t, ns.LinkDown("eth0"))
	for dev, want := range map[string]string{"eth0": "the interface is down (ip link set eth0 up)", "eth9": "no such interface"} {
		err := ns.Do(func() error { _, err := Listen(t.Context(), dev, time.Hour); return err })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", dev, err)
		}
	}
}
