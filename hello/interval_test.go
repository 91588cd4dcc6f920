package hello

import (
	"testing"
	"time"
)

const ms = time.Millisecond

// field returns bytes of a message, to compare times with what is on the wire.
func field(b []byte, from, to int) string { return string(b[from:to]) }

func TestHSRP1TimesOnTheWire(t *testing.T) {
	for _, tt := range []struct {
		hello, hold time.Duration
		want        string
	}{
		{3 * time.Second, 10 * time.Second, "\x03\x0a"},
		{254 * time.Second, 255 * time.Second, "\xfe\xff"},
		{0, 0, "\x00\x00"},
		{0, 10 * time.Second, "\x00\x0a"},
		// What cannot be said in seconds is not said at all.
		{250 * ms, 800 * ms, "\x00\x00"},
		{500 * ms, 2 * time.Second, "\x00\x00"},
		{time.Second, 2500 * ms, "\x00\x00"},
		{3 * time.Second, 256 * time.Second, "\x00\x00"},
		{-time.Second, 3 * time.Second, "\x00\x00"},
	} {
		m := HSRP{Version: 1, State: Active, HelloTime: tt.hello, HoldTime: tt.hold}
		if got := field(AppendHSRP(nil, &m, nil, addr("192.0.2.1")), 3, 5); got != tt.want {
			t.Errorf("%v/%v: got %x, want %x", tt.hello, tt.hold, got, tt.want)
		}
	}
}

func TestHSRP2TimesOnTheWire(t *testing.T) {
	for _, tt := range []struct {
		hello, hold time.Duration
		want        string
	}{
		{3 * time.Second, 10 * time.Second, "\x00\x00\x0b\xb8\x00\x00\x27\x10"},
		{15 * ms, 50 * ms, "\x00\x00\x00\x0f\x00\x00\x00\x32"},
		{254 * time.Second, 255 * time.Second, "\x00\x03\xe0\x30\x00\x03\xe4\x18"},
		{-time.Second, 2000 * time.Hour, "\x00\x00\x00\x00\xff\xff\xff\xff"},
	} {
		m := HSRP{Version: 2, State: Active, Family: IPv4, HelloTime: tt.hello, HoldTime: tt.hold}
		if got := field(AppendHSRP(nil, &m, nil, addr("192.0.2.1")), 18, 26); got != tt.want {
			t.Errorf("%v/%v: got %x, want %x", tt.hello, tt.hold, got, tt.want)
		}
	}
}

func TestVRRPIntervalOnTheWire(t *testing.T) {
	for _, tt := range []struct {
		version uint8
		in      time.Duration
		want    string
		back    time.Duration
	}{
		{2, time.Second, "\x00\x01", time.Second},
		{2, 255 * time.Second, "\x00\xff", 255 * time.Second},
		{2, 10 * ms, "\x00\x01", time.Second},
		{2, 1500 * ms, "\x00\x02", 2 * time.Second},
		{2, 1499 * ms, "\x00\x01", time.Second},
		{2, 256 * time.Second, "\x00\xff", 255 * time.Second},
		{3, time.Second, "\x00\x64", time.Second},
		{3, 10 * ms, "\x00\x01", 10 * ms},
		{3, 40950 * ms, "\x0f\xff", 40950 * ms},
		{3, 255 * ms, "\x00\x1a", 260 * ms},
		{3, 254 * ms, "\x00\x19", 250 * ms},
		{3, time.Minute, "\x0f\xff", 40950 * ms},
		{3, 0, "\x00\x01", 10 * ms},
		{3, -time.Second, "\x00\x01", 10 * ms},
	} {
		src, dst := addr("192.0.2.1"), addr("224.0.0.18")
		m := vrrp4(tt.version, 1, 100, tt.in, "192.0.2.254")
		b := AppendVRRP(nil, &m, "", MessageOnly, src, dst)
		if got := field(b, 4, 6); got != tt.want {
			t.Errorf("version %d, %v: got %x, want %x", tt.version, tt.in, got, tt.want)
		}
		var p VRRPPacket
		if err := p.Parse(b, src, dst); err != nil || p.VRRP.AdverInterval != tt.back {
			t.Errorf("version %d, %v: read back %v, %v; want %v", tt.version, tt.in, p.VRRP.AdverInterval, err, tt.back)
		}
	}
}

func TestVRRP3ReservedBitsAreMasked(t *testing.T) {
	if got := vrrp3Interval(0xf064); got != time.Second {
		t.Errorf("got %v, want 1s", got)
	}
}

func TestValidAdverInterval(t *testing.T) {
	for _, tt := range []struct {
		version uint8
		d       time.Duration
		want    bool
	}{
		{2, time.Second, true},
		{2, 255 * time.Second, true},
		{2, 0, false},
		{2, 256 * time.Second, false},
		{2, 1500 * ms, false},
		{3, 10 * ms, true},
		{3, 40950 * ms, true},
		{3, 0, false},
		{3, 40960 * ms, false},
		{3, 15 * ms, false},
		{1, time.Second, false},
	} {
		if got := ValidAdverInterval(tt.version, tt.d); got != tt.want {
			t.Errorf("version %d, %v: got %v", tt.version, tt.d, got)
		}
	}
}
