package engine_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/fsm/engine"
	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/signer"
)

const (
	secret1 = "the first passphrase, 32 bytes or more"
	secret2 = "the second passphrase, of another length"
)

// chainConfig is a keychain whose second key takes over a minute after t0.
const chainConfig = `
[[keychain]]
name = "lan"
keys = [{ id = 1, secret = "` + secret1 + `", send_until = 2026-03-01T12:01:00Z, accept_until = 2026-03-01T12:01:30Z },
        { id = 2, secret = "` + secret2 + `", send_from = 2026-03-01T12:01:00Z, accept_from = 2026-03-01T12:00:30Z }]
`

// signedRouter is a VRRP router with that keychain, with more lines.
func signedRouter(auth string, lines ...string) string {
	return chainConfig + vrrpConfig + "auth = { keychain = \"lan\"" + auth + " }\n" + strings.Join(lines, "\n") + "\n"
}

// clocked is a host whose wall clock goes wrong by what skew says.
func clocked(t testing.TB, toml string, skew func(time.Time) time.Duration) *host {
	t.Helper()
	h := &host{t: t, now: t0, ports: map[string]*fakePort{"eth0": newFakePort(), "eth1": newFakePort()}}
	h.port = h.ports["eth0"]
	var err error
	h.e, err = engine.New(parsed(t, toml), engine.Options{
		Ports: map[string]engine.Port{"eth0": h.port}, Random: func() float64 { return 0.5 }, Observe: h.observe, Now: t0,
		Wall: func(now time.Time) time.Time { return now.Add(skew(now)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.e.Prepare(); err != nil {
		t.Fatal(err)
	}
	return h
}

func always(d time.Duration) func(time.Time) time.Duration {
	return func(time.Time) time.Duration { return d }
}

// adverts returns the payloads of the advertisements that have left, and in what.
func (p *fakePort) adverts(t testing.TB) (payloads [][]byte, envs []hello.Envelope) {
	t.Helper()
	for _, f := range p.frames {
		var env hello.Envelope
		if payload, err := hello.ParseFrame(f, &env, true); err == nil {
			payloads, envs = append(payloads, payload), append(envs, env)
		}
	}
	return payloads, envs
}

// signedAdvert is an advertisement of the peer as an independent signer makes it,
// signed with the first key at a time, with changes.
func signedAdvert(at time.Time, change ...func(*signer.Advert)) signer.Advert {
	a := signer.Advert{
		Version: 3, VRID: 10, Priority: 200, Interval: 100, VirtualIPs: []netip.Addr{vip4}, Src: peer4, Dst: netip.MustParseAddr("224.0.0.18"),
		Key: []byte(secret1), KeyID: 1, Type: 1, Time: at,
	}
	for _, f := range change {
		f(&a)
	}
	return a
}

func (h *host) hears(a signer.Advert) {
	env := hello.GroupEnvelope(hello.ProtocolVRRP, a.Version, a.Src, peerMAC)
	h.heard(hello.AppendFrame(nil, &env, a.Payload()))
}

// What leaves is what an independent signer makes, byte by byte.
func TestSignedAdvertisementsLeaveAsDescribed(t *testing.T) {
	six := strings.Replace(vrrpConfig, `"192.0.2.1"`, `"fe80::1", "2001:db8::1"`, 1)
	for _, tt := range []struct {
		name, config string
		change       func(*signer.Advert)
	}{
		{"version 3", vrrpConfig, func(*signer.Advert) {}},
		{"version 3 with a pseudo-header", vrrpConfig + "checksum = \"pseudo-header\"\n", func(a *signer.Advert) { a.Pseudo = true }},
		{"version 2", vrrpConfig + "version = 2\n", func(a *signer.Advert) { a.Version, a.Interval = 2, 1 }},
		{"IPv6", six, func(a *signer.Advert) {
			a.VirtualIPs = []netip.Addr{netip.MustParseAddr("fe80::1"), netip.MustParseAddr("2001:db8::1")}
			a.Src, a.Dst = netip.MustParseAddr("fe80::10"), netip.MustParseAddr("ff02::12")
		}},
	} {
		for _, mode := range []string{"enforce", "permissive", "receive-only"} {
			t.Run(tt.name+"/"+mode, func(t *testing.T) {
				h := newHost(t, chainConfig+tt.config+"auth = { keychain = \"lan\", mode = \""+mode+"\" }\n").up("eth0").until("eth0:10", "Active").clear()
				for range 3 {
					at, _ := h.e.Deadline()
					h.run(at.Sub(h.now)).clear().run(time.Second)
					payloads, _ := h.port.adverts(t)
					if len(payloads) != 1 {
						t.Fatalf("%d advertisements in a second", len(payloads))
					}
					a := signedAdvert(h.now, func(a *signer.Advert) { a.Src, a.Priority = own4, 110 }, tt.change)
					if mode == "receive-only" {
						a.Key = nil
					} else { // the time is that of the deadline, within the second
						s := binary.BigEndian.Uint64(payloads[0][len(payloads[0])-24:])
						a.Time, a.Counter = time.Unix(int64(s>>32), (int64(s>>16&0xffff)*1e9+0xffff)>>16), uint16(s)
						if age := h.now.Sub(a.Time); age < 0 || age > time.Second {
							t.Errorf("its time is %v ago", age)
						}
					}
					if want := a.Payload(); !bytes.Equal(payloads[0], want) {
						t.Errorf("\ngot  %x\nwant %x", payloads[0], want)
					}
				}
			})
		}
	}
}

// unicastPort keeps datagrams.
type unicastPort struct {
	*fakePort
	payloads map[netip.Addr][]byte
}

func (p *unicastPort) Unicast(src, dst netip.Addr, payload []byte) error {
	p.payloads[dst] = bytes.Clone(payload)
	return nil
}

func TestOneTrailerServesAllUnicastPeers(t *testing.T) {
	for name, tt := range map[string]struct {
		vip, src string
		peers    []string
	}{
		"IPv4": {`"192.0.2.1"`, "192.0.2.10", []string{"192.0.2.11", "192.0.2.12"}},
		"IPv6": {`"fe80::1"`, "fe80::10", []string{"fe80::11", "fe80::12"}},
	} {
		t.Run(name, func(t *testing.T) {
			port := &unicastPort{newFakePort(), map[netip.Addr][]byte{}}
			config := strings.Replace(signedRouter("", `peers = ["`+strings.Join(tt.peers, `", "`)+`"]`), `"192.0.2.1"`, tt.vip, 1)
			e, err := engine.New(parsed(t, config), engine.Options{Ports: map[string]engine.Port{"eth0": port}, Random: func() float64 { return 0.5 }, Now: t0})
			if err != nil {
				t.Fatal(err)
			}
			now := t0
			e.LinkChanged(now, "eth0", newTestLink("eth0"))
			for range 10 {
				now = now.Add(time.Second)
				e.Tick(now)
			}
			var trailers []string
			for _, peer := range tt.peers {
				dst, b := netip.MustParseAddr(peer), port.payloads[netip.MustParseAddr(peer)]
				if len(b) < hello.TrailerSize {
					t.Fatalf("nothing to %s", peer)
				}
				at := time.Unix(int64(binary.BigEndian.Uint32(b[len(b)-24:])), 0)
				a := signedAdvert(at, func(a *signer.Advert) {
					a.Priority, a.Src, a.Dst, a.Counter = 110, netip.MustParseAddr(tt.src), dst, binary.BigEndian.Uint16(b[len(b)-18:])
					a.VirtualIPs = []netip.Addr{netip.MustParseAddr(strings.Trim(tt.vip, `"`))}
				})
				if want := a.Payload(); !bytes.Equal(b, want) {
					t.Errorf("to %s:\ngot  %x\nwant %x", peer, b, want)
				}
				trailers = append(trailers, string(b[len(b)-hello.TrailerSize:]))
			}
			if trailers[0] != trailers[1] {
				t.Error("two digests were computed")
			}
		})
	}
}

// Every rejection is counted by its own reason and told with what helps to find
// the cause; a replay is nobody's claim.
func TestRejectedTrailersAreCountedApart(t *testing.T) {
	const bad, both = "%VRRP-4-BADAUTH: Bad authentication from 192.0.2.11, group 10, remote state Active", ": both routers are active until their secrets agree"
	for _, tt := range []struct {
		rule   string
		auth   string
		change func(*signer.Advert)
		why    hello.Reject
		told   string
		rival  bool
	}{
		{"no trailer", "", func(a *signer.Advert) { a.Key = nil }, "auth-missing", bad + " (auth-missing: it has no trailer)" + both, true},
		{"a type that is not known", "", func(a *signer.Advert) { a.Type = 2 }, "auth-malformed", bad + " (auth-malformed)" + both, true},
		{"a reserved bit", "", func(a *signer.Advert) { a.Reserved = 0x8000 }, "auth-malformed", bad + " (auth-malformed)" + both, true},
		{"a key that is not in the chain", "", func(a *signer.Advert) { a.KeyID = 3 }, "auth-unknown-key", bad + " (auth-unknown-key: key 3)" + both, true},
		{"a key that is not accepted yet", "", func(a *signer.Advert) { a.KeyID, a.Key = 2, []byte(secret2) }, "auth-unknown-key", bad + " (auth-unknown-key: key 2)" + both, true},
		{"another key of the same number", "", func(a *signer.Advert) { a.Key = []byte(secret2) }, "auth-bad-digest", bad + " (auth-bad-digest: key 1)" + both, true},
		{"a clock that is behind", "", func(a *signer.Advert) { a.Time = a.Time.Add(-7 * time.Second) }, "auth-stale", bad + " (auth-stale: its clock is 7s behind, the window is 5s)" + strings.Replace(both, "secrets", "clocks", 1), true},
		{"a clock that is ahead", `, window = "10s"`, func(a *signer.Advert) { a.Time = a.Time.Add(11 * time.Second) }, "auth-stale", bad + " (auth-stale: its clock is 11s ahead, the window is 10s)" + strings.Replace(both, "secrets", "clocks", 1), true},
		{"a resignation claims nothing", "", func(a *signer.Advert) { a.Key, a.Priority = nil, 0 }, "auth-missing", bad + " (auth-missing: it has no trailer)", false},
		{"the text of version 2 is not looked for", "", func(a *signer.Advert) { a.Version = 2 }, "version", "", false},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			h := newHost(t, signedRouter(tt.auth)).up("eth0").until("eth0:10", "Active").clear()
			for range 3 {
				h.hears(signedAdvert(h.now, tt.change))
			}
			g := h.group("eth0:10")
			if tt.why == "version" {
				if n := h.e.Status(h.now).Interfaces[0].Rejected[tt.why]; n != 3 {
					t.Errorf("rejected %d", n)
				}
				return
			}
			if diff := cmp.Diff(map[hello.Reject]uint64{tt.why: 3}, g.Counters.Rejected); diff != "" || g.Counters.Received > 0 {
				t.Errorf("received %d, rejected (-want +got):\n%s", g.Counters.Received, diff)
			}
			if diff := cmp.Diff([]string{tt.told}, h.told(engine.KindReject)); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			if got := !g.Rival.At.IsZero(); got != tt.rival || g.BothActive != tt.rival {
				t.Errorf("rival %+v, both active %t", g.Rival, g.BothActive)
			}
			detail := "bad authentication from 192.0.2.11"
			if tt.why == hello.RejectStale {
				detail = fmt.Sprintf("the clock of 192.0.2.11 is not within %v of this router's", g.Trailer.Window)
			}
			if tt.rival && g.Rival.Detail != detail {
				t.Errorf("detail %q, want %q", g.Rival.Detail, detail)
			}
			h.state("eth0:10", "Active")
		})
	}
}

func TestReplayedAdvertisementIsNobodysClaim(t *testing.T) {
	h := newHost(t, signedRouter("")).up("eth0").run(time.Second)
	captured := signedAdvert(h.now)
	h.hears(captured)
	h.clear().run(time.Second).hears(captured)
	g := h.group("eth0:10")
	if diff := cmp.Diff(map[hello.Reject]uint64{"auth-replay": 1}, g.Counters.Rejected); diff != "" || !g.Rival.At.IsZero() {
		t.Errorf("rival %+v, rejected (-want +got):\n%s", g.Rival, diff)
	}
	if got := h.told(engine.KindReject); len(got) != 1 || !strings.Contains(got[0], "auth-replay") || len(g.Unheard) > 0 {
		t.Errorf("told %q, unheard %v", got, g.Unheard)
	}
	// Were it believed, it would keep a dead router alive.
	for n := range 4 {
		h.run(time.Second).hears(captured)
		if n == 3 {
			h.state("eth0:10", "Active")
		}
	}
}

func TestReplayIsRefusedAfterAReloadOfTheKeychain(t *testing.T) {
	h := newHost(t, signedRouter("")).up("eth0").run(time.Second)
	captured := signedAdvert(h.now)
	h.hears(captured)
	h.run(time.Second).reload(strings.Replace(signedRouter(""), "12:01:30Z", "12:01:40Z", 1))
	h.hears(captured)
	if g := h.group("eth0:10"); g.Counters.Received != 1 || g.Counters.Rejected["auth-replay"] != 1 {
		t.Errorf("received %d, rejected %v", g.Counters.Received, g.Counters.Rejected)
	}
}

// What is right is believed in every version and family, with the checksum over
// either span.
func TestSignedAdvertisementsOfOthersAreBelieved(t *testing.T) {
	six := func(a *signer.Advert) {
		a.VirtualIPs = []netip.Addr{netip.MustParseAddr("fe80::1")}
		a.Src, a.Dst = netip.MustParseAddr("fe80::11"), netip.MustParseAddr("ff02::12")
	}
	for _, tt := range []struct {
		name, config string
		change       func(*signer.Advert)
	}{
		{"version 3", vrrpConfig, func(*signer.Advert) {}},
		{"version 3 with a pseudo-header", vrrpConfig, func(a *signer.Advert) { a.Pseudo = true }},
		{"version 2", vrrpConfig + "version = 2\n", func(a *signer.Advert) { a.Version, a.Interval = 2, 1 }},
		{"IPv6", strings.Replace(vrrpConfig, "192.0.2.1", "fe80::1", 1), six},
	} {
		for _, whole := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%t", tt.name, whole), func(t *testing.T) {
				h := newHost(t, chainConfig+tt.config+"auth = { keychain = \"lan\" }\n").up("eth0")
				for range 10 {
					h.run(time.Second).hears(signedAdvert(h.now, tt.change, func(a *signer.Advert) { a.Whole = whole }))
				}
				h.state("eth0:10", "Backup")
				if g := h.group("eth0:10"); g.Counters.Received != 10 || len(g.Counters.Rejected) > 0 {
					t.Errorf("received %d, rejected %v", g.Counters.Received, g.Counters.Rejected)
				}
			})
		}
	}
}

// A router without a keychain takes no signed advertisement: who signs takes none
// without, and one that only receives is the first step.
func TestRouterWithoutAKeyRefusesSignedAdvertisements(t *testing.T) {
	h := newHost(t, vrrpConfig).up("eth0").until("eth0:10", "Active").clear()
	h.hears(signedAdvert(h.now))
	if diff := cmp.Diff(map[hello.Reject]uint64{"auth-type": 1}, h.group("eth0:10").Counters.Rejected); diff != "" {
		t.Errorf("rejected (-want +got):\n%s", diff)
	}
}

// pair lets two hosts hear each other for a time.
func pair(t testing.TB, d time.Duration, a, b *host) {
	t.Helper()
	var sent [2]int
	for end := a.now.Add(d); a.now.Before(end); {
		for n, h := range []*host{a, b} {
			other := []*host{b, a}[n]
			h.run(10 * time.Millisecond)
			for ; sent[n] < len(h.port.frames); sent[n]++ {
				other.heard(h.port.frames[sent[n]])
			}
		}
	}
}

// lesser makes the configuration that of the other router of a pair.
var lesser = strings.NewReplacer("priority = 110", "priority = 100")

// secondUp is the link of the other router.
func (h *host) secondUp() *host {
	l := newTestLink("eth0")
	l.MAC, l.Addr4, l.LinkLocal = peerMAC, peer4, netip.MustParseAddr("fe80::11")
	l.Addrs = []netip.Prefix{netip.PrefixFrom(l.Addr4, 24), netip.PrefixFrom(l.LinkLocal, 64)}
	h.e.LinkChanged(h.now, "eth0", l)
	return h
}

// Keys roll without a gap between routers whose clocks differ: each signs with the
// new one from its own minute on, and believes both around it.
func TestKeysRollWithoutAGap(t *testing.T) {
	hsrp := chainConfig + hsrpConfig + "auth = { keychain = \"lan\" }\n"
	for name, config := range map[string]string{
		"VRRP": signedRouter(""), "VRRP version 2": signedRouter("", "version = 2"), "VRRP, monotonic": signedRouter(`, replay = "monotonic"`),
		"HSRP": hsrp, "HSRP version 1": hsrp + "version = 1\n",
	} {
		for _, skew := range []time.Duration{2 * time.Second, -2 * time.Second} {
			t.Run(fmt.Sprintf("%s/%v", name, skew), func(t *testing.T) {
				a, b := clocked(t, config, always(0)).up("eth0"), clocked(t, lesser.Replace(config), always(skew)).secondUp()
				pair(t, 50*time.Second, a, b)
				a.state("eth0:10", "Active")
				a.clear()
				b.clear()
				pair(t, time.Minute, a, b)
				for _, h := range []*host{a, b} {
					if g := h.group("eth0:10"); len(g.Counters.Rejected) > 0 || len(h.told(engine.KindTransition)) > 0 {
						t.Errorf("rejected %v, transitions %q", g.Counters.Rejected, h.told(engine.KindTransition))
					}
				}
				if diff := cmp.Diff([]string{`keychain "lan": key 2 is sent from now on, not key 1`}, a.told(engine.KindNotice)); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
				if got := b.group("eth0:10"); strings.HasPrefix(name, "VRRP") && got.Signed.Peers[0].KeyID != 2 {
					t.Errorf("peers %+v", got.Signed.Peers)
				}
			})
		}
	}
}

// RFC 2328 appendix D.3: the last key goes on being used, and that is told again
// and again.
func TestLastKeyGoesOnBeingUsed(t *testing.T) {
	for name, config := range map[string]string{"VRRP": vrrpConfig, "HSRP": hsrpConfig} {
		t.Run(name, func(t *testing.T) {
			chain := "[[keychain]]\nname = \"lan\"\nkeys = [{ id = 1, secret = \"" + secret1 + "\", send_until = 2026-03-01T12:01:00Z, accept_until = 2026-03-01T12:01:00Z }]\n"
			config := chain + config + "auth = { keychain = \"lan\" }\n"
			a, b := newHost(t, config).up("eth0"), newHost(t, lesser.Replace(config)).secondUp()
			pair(t, 50*time.Second, a, b)
			if got := a.told(engine.KindWarning); len(got) > 0 {
				t.Errorf("told %q", got)
			}
			a.clear()
			b.clear()
			pair(t, 20*time.Second, a, b)
			a.state("eth0:10", "Active")
			if g := b.group("eth0:10"); len(g.Counters.Rejected) > 0 || len(b.told(engine.KindTransition)) > 0 {
				t.Errorf("rejected %v, transitions %q", g.Counters.Rejected, b.told(engine.KindTransition))
			}
			want := []string{`keychain "lan": no key may be sent now; key 1 goes on being used (its send_until was 2026-03-01T12:01:00Z): add one whose time has come`}
			if diff := cmp.Diff(want, a.told(engine.KindWarning)); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			a.run(2 * time.Hour)
			if got := a.told(engine.KindWarning); len(got) != 3 {
				t.Errorf("told %d times in two hours", len(got))
			}
		})
	}
}

func TestClocksThatDriftApartAreWarnedOf(t *testing.T) {
	for skew, want := range map[time.Duration]string{
		2400 * time.Millisecond:  "",
		2600 * time.Millisecond:  "the clock of 192.0.2.11 is 2.6s ahead, more than half of the window of 5s: compare the clocks before its packets are rejected",
		-2600 * time.Millisecond: "the clock of 192.0.2.11 is 2.6s behind, more than half of the window of 5s: compare the clocks before its packets are rejected",
	} {
		h := newHost(t, signedRouter("")).up("eth0")
		for range 5 {
			h.run(time.Second).hears(signedAdvert(h.now.Add(skew)))
		}
		if got := strings.Join(h.told(engine.KindWarning), "\n"); got != want {
			t.Errorf("skew %v: told %q, want %q", skew, got, want)
		}
		if g := h.group("eth0:10"); g.Counters.Received != 5 {
			t.Errorf("skew %v: received %d", skew, g.Counters.Received)
		}
	}
}

// Both clocks are set back together, as a time server does it: nothing is lost, by
// whatever they are set back.
func TestClocksThatAreSetBack(t *testing.T) {
	for _, replay := range []string{"time", "monotonic"} {
		for _, by := range []time.Duration{2 * time.Second, 20 * time.Second, time.Hour} {
			if replay == "monotonic" && by > time.Minute {
				continue // what is tried with less is the same
			}
			t.Run(fmt.Sprintf("%s/%v", replay, by), func(t *testing.T) {
				set := func(now time.Time) time.Duration {
					if now.After(t0.Add(20 * time.Second)) {
						return -by
					}
					return 0
				}
				config := signedRouter(`, replay = "` + replay + `"`)
				a, b := clocked(t, config, set).up("eth0"), clocked(t, lesser.Replace(config), set).secondUp()
				pair(t, 40*time.Second, a, b)
				a.state("eth0:10", "Active")
				if g := b.group("eth0:10"); len(g.Counters.Rejected) > 0 || g.Transitions != 1 {
					t.Errorf("rejected %v, %d transitions", g.Counters.Rejected, g.Transitions)
				}
			})
		}
	}
}

// A process that was stopped reads what has waited for it longer than the window:
// it is not stale, and says who has the role now.
func TestWhatHasWaitedWhileStoppedIsNotStale(t *testing.T) {
	h := newHost(t, signedRouter("", "preempt = false")+"\n[daemon]\nlease = \"1m\"\n").up("eth0").until("eth0:10", "Active").run(10 * time.Second).clear()
	sent := h.now.Add(time.Second)
	h.now = h.now.Add(10 * time.Second)
	h.e.Wake(h.now, 0)
	if !h.e.Behind() {
		t.Fatal("not behind")
	}
	h.hears(signedAdvert(sent))
	h.goOn()
	if g := h.group("eth0:10"); len(g.Counters.Rejected) > 0 || g.Machine.State != "Backup" {
		t.Errorf("%s, rejected %v", g.Machine.State, g.Counters.Rejected)
	}
	h.run(time.Second).hears(signedAdvert(sent.Add(time.Second)))
	if n := h.group("eth0:10").Counters.Rejected["auth-stale"]; n != 1 {
		t.Errorf("an old one that comes later: counted %d", n)
	}
}

// Who signs in which mode, and whether "enforce" would work.
func TestStatusOfSignedPeers(t *testing.T) {
	h := newHost(t, signedRouter(`, mode = "permissive"`)).up("eth0").run(time.Second)
	h.hears(signedAdvert(h.now, func(a *signer.Advert) { a.Key = nil }))
	g := h.group("eth0:10")
	if len(g.Signed.Peers) != 1 || g.Signed.Peers[0].Enforceable(g.Machine.HoldTime) || g.Signed.Peers[0].Why != hello.RejectMissing || g.Counters.Received != 1 {
		t.Errorf("an unsigned peer: received %d, %+v", g.Counters.Received, g.Signed.Peers)
	}
	h.run(time.Second).hears(signedAdvert(h.now.Add(300 * time.Millisecond)))
	p := h.group("eth0:10").Signed.Peers[0]
	if !p.Enforceable(g.Machine.HoldTime) || p.KeyID != 1 || p.Skew.Round(10*time.Millisecond) != 300*time.Millisecond || !p.Good.Equal(h.now) {
		t.Errorf("a peer that signs: %+v", p)
	}
	if s := h.group("eth0:10").Signed; s.KeyID != 1 || !s.InTime {
		t.Errorf("%+v", s)
	}
	if newHost(t, vrrpConfig).group("eth0:10").Signed != nil {
		t.Error("a router without a keychain tells of one")
	}
}

func TestTrailerCountsWhereThePacketMustFit(t *testing.T) {
	var list []string
	for i := range 90 {
		list = append(list, fmt.Sprintf("%q", fmt.Sprintf("fe80::%x", i+1)))
	}
	six := func(mode string) string {
		return chainConfig + "[[vrrp]]\ninterface = \"eth0\"\nvrid = 10\nvirtual_ips = [" + strings.Join(list, ", ") + "]\nauth = { keychain = \"lan\", mode = \"" + mode + "\" }\n"
	}
	for _, tt := range []struct{ config, want string }{
		{six("receive-only"), ""},
		{six("permissive"), "an advertisement of 1516 bytes does not leave eth0, whose MTU is 1500: it has room for 89 virtual addresses, not for 90"},
		{six("enforce"), "an advertisement of 1516 bytes does not leave eth0, whose MTU is 1500: it has room for 89 virtual addresses, not for 90"},
	} {
		h := newHost(t, tt.config)
		l := newTestLink("eth0")
		l.MTU = 1500
		h.e.LinkChanged(h.now, "eth0", l)
		if got := h.group("eth0:10").Obstacle; got != tt.want {
			t.Errorf("obstacle %q, want %q", got, tt.want)
		}
	}
}

// A signed advertisement costs no allocation that an unsigned one does not.
func TestSignedAdvertisementsAllocateNoMore(t *testing.T) {
	cost := func(config, state string, change func(*signer.Advert)) float64 {
		h := newHost(t, config).up("eth0").until("eth0:10", state).run(time.Second)
		env := hello.GroupEnvelope(hello.ProtocolVRRP, 3, peer4, peerMAC)
		var frames [][]byte
		for n := range 202 {
			frames = append(frames, hello.AppendFrame(nil, &env, signedAdvert(h.now.Add(time.Duration(n)*time.Millisecond), change).Payload()))
		}
		return testing.AllocsPerRun(200, func() {
			h.e.Frame(h.now, "eth0", frames[0], true)
			frames = frames[1:]
		})
	}
	plain := cost(vrrpConfig, "Backup", func(a *signer.Advert) { a.Key = nil })
	for name, change := range map[string]func(*signer.Advert){
		"right": func(*signer.Advert) {}, "wrong": func(a *signer.Advert) { a.Key = []byte(secret2) }, "stale": func(a *signer.Advert) { a.Time = a.Time.Add(-time.Hour) },
	} {
		if n := cost(signedRouter(""), "Backup", change); n > plain {
			t.Errorf("%s: %v allocations, unsigned %v", name, n, plain)
		}
		if n := cost(signedRouter(""), "Active", change); name != "right" && n > 1 { // the name of the sender, who is complained about once
			t.Errorf("%s, while active: %v allocations", name, n)
		}
	}
}

// HSRP believes every key of the chain by its number.
func TestHSRPKeychain(t *testing.T) {
	config := chainConfig + hsrpConfig + "auth = { keychain = \"lan\" }\n"
	signedBy := func(id uint32, key string) []byte {
		a, err := hello.MD5Auth(key, id)
		if err != nil {
			t.Fatal(err)
		}
		m := &hello.HSRP{
			Version: 2, Op: hello.OpHello, State: hello.Active, Family: hello.IPv4, Group: 10, Priority: 200,
			HelloTime: time.Second, HoldTime: 3 * time.Second, VirtualIP: vip4, Identifier: peerMAC,
		}
		env := hello.GroupEnvelope(hello.ProtocolHSRP, 2, peer4, peerMAC)
		return hello.AppendFrame(nil, &env, hello.AppendHSRP(nil, m, &a, env.Src))
	}
	for _, tt := range []struct {
		rule  string
		after time.Duration
		frame []byte
		want  hello.Reject
	}{
		{"the first key", 0, signedBy(1, secret1), ""},
		{"a key that is not accepted yet", 0, signedBy(2, secret2), "auth-unknown-key"},
		{"both around the change", 40 * time.Second, signedBy(2, secret2), ""},
		{"both around the change, the old one", 80 * time.Second, signedBy(1, secret1), ""},
		{"a key that is not accepted any more", 91 * time.Second, signedBy(1, secret1), "auth-unknown-key"},
		{"an unknown number", 0, signedBy(3, secret1), "auth-unknown-key"},
		{"the number of another key", 40 * time.Second, signedBy(2, secret1), "auth"},
		{"text", 0, hsrpFrame(hello.OpHello, hello.Active), "auth-type"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			h := newHost(t, config).up("eth0").run(tt.after)
			h.heard(tt.frame)
			want := map[hello.Reject]uint64{}
			if tt.want != "" {
				want[tt.want] = 1
			}
			if g := h.group("eth0:10"); !cmp.Equal(want, g.Counters.Rejected) || (g.Counters.Received == 1) != (tt.want == "") {
				t.Errorf("received %d, rejected %v, want %v", g.Counters.Received, g.Counters.Rejected, want)
			}
		})
	}
	h := newHost(t, config).up("eth0").until("eth0:10", "Active")
	for _, key := range []struct {
		id   uint32
		text string
	}{{1, secret1}, {2, secret2}} {
		h.clear().run(2 * time.Second)
		alone, err := hello.MD5Auth(key.text, key.id)
		if err != nil {
			t.Fatal(err)
		}
		payloads, _ := h.port.adverts(t)
		for _, b := range payloads {
			var p hello.HSRPPacket
			if err := errors.Join(p.Parse(b), p.Verify(b, &alone)); err != nil {
				t.Errorf("key %d: %v", key.id, err)
			}
		}
		if len(payloads) < 2 {
			t.Errorf("%d hellos", len(payloads))
		}
		h.run(time.Minute)
	}
}
