package hello

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// unhex reads hex in which spaces and line breaks group the fields.
func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		tb.Fatalf("read vector: %v", err)
	}
	return b
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func mustMAC(s string) MAC {
	m, err := ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return m
}

func textAuth(s string) Auth {
	a, err := TextAuth(s)
	if err != nil {
		panic(err)
	}
	return a
}

func md5Auth(key string, id uint32) Auth {
	a, err := MD5Auth(key, id)
	if err != nil {
		panic(err)
	}
	return a
}

// hsrpVector is a captured UDP payload of HSRP. The routers that sent A5, S1
// and their like left junk in unused bytes: same is what we send for it.
type hsrpVector struct {
	name string
	hex  string
	same string // "" = hex
	src  string // only MD5 needs it
	auth Auth
	want Message
}

func (v hsrpVector) sent() string {
	if v.same != "" {
		return v.same
	}
	return v.hex
}

var hsrpVectors = []hsrpVector{{
	name: "A1 v1 hello active",
	hex:  "000010030a640100636973636f000000c0a80001",
	src:  "192.168.0.30",
	want: v1(OpHello, Active, 100, 3, 10, "192.168.0.1"),
}, {
	name: "A2 v1 coup from listen",
	hex:  "000102030ac80100636973636f000000c0a80001",
	src:  "192.168.0.10",
	want: v1(OpCoup, Listen, 200, 3, 10, "192.168.0.1"),
}, {
	name: "A3 v1 resign from speak",
	hex:  "000204050f640100636973636f000000c0a817fa",
	src:  "192.168.23.2",
	want: v1(OpResign, Speak, 100, 5, 15, "192.168.23.250"),
}, {
	name: "A4 v1 advertise passive",
	hex:  "00030001000e02000000000100000000",
	want: &Advertise{Version: 1, State: PassiveInterface, Active: 0, Passive: 1},
}, {
	name: "A5 v1 advertise active with junk",
	hex:  "00030001000e0300000100026f000000",
	same: "00030001000e03000001000200000000",
	want: &Advertise{Version: 1, State: ActiveInterface, Active: 1, Passive: 2},
}, {
	name: "A6 v1 hello with MD5",
	hex:  "000010030a6e010000000000000000000a000064041c010000000a00000a0000000054fc3be1c0c4adc5abec53109d6c6c79",
	src:  "10.0.0.10",
	auth: md5Auth("password12345", 0),
	want: v1(OpHello, Active, 110, 3, 10, "10.0.0.100"),
}, {
	name: "A7 v1 resign with MD5",
	hex:  "000204030a5a01000000000000000000ac102801041c01000000ac10281400000000787aa5c738d197acb82308f6cd664cd4",
	src:  "172.16.40.20",
	auth: md5Auth("openwall", 0),
	want: v1(OpResign, Speak, 90, 3, 10, "172.16.40.1"),
}, {
	name: "A8 v1 coup with MD5",
	hex:  "000110030a6401000000000000000000ac102801041c01000000ac10280a00000000b5001d73735e81b8da4e168da66fb256",
	src:  "172.16.40.10",
	auth: md5Auth("openwall", 0),
	want: v1(OpCoup, Active, 100, 3, 10, "172.16.40.1"),
}, {
	name: "A9 v1 hello of a router with millisecond timers",
	hex:  "0000040000960100636973636f000000c0a80cfe",
	src:  "192.168.12.1",
	want: v1(OpHello, Speak, 150, 0, 0, "192.168.12.254"),
}, {
	name: "B1 v2 hello standby",
	hex:  "0128020005040398700f6aeff5bf0000005a00000bb8000027100a34dc7e0000000000000000000000000308636973636f000000",
	src:  "10.52.220.125",
	want: v2(OpHello, Standby, 920, 90, "70:0f:6a:ef:f5:bf", "10.52.220.126"),
}, {
	name: "B2 v2 coup from standby",
	hex:  "01280201050400015c710dbd87c7000000ff00000bb800002710c0a801010000000000000000000000000308636973636f000000",
	src:  "192.168.1.2",
	want: v2(OpCoup, Standby, 1, 255, "5c:71:0d:bd:87:c7", "192.168.1.1"),
}, {
	name: "B3 v2 resign from active",
	hex:  "0128020206040001aabbcc0002100000009600000bb800002710c0a80cfe0000000000000000000000000308636973636f000000",
	src:  "192.168.12.1",
	want: v2(OpResign, Active, 1, 150, "aa:bb:cc:00:02:10", "192.168.12.254"),
}, {
	name: "B4 v2 interface state passive",
	hex:  "020400000001",
	want: &Advertise{Version: 2, State: PassiveInterface, Active: 0, Passive: 1},
}, {
	name: "B5 v2 interface state active",
	hex:  "020400010001",
	want: &Advertise{Version: 2, State: ActiveInterface, Active: 1, Passive: 1},
}, {
	name: "B6 v2 hello with MD5",
	hex:  "0128020006040001aabbcc000a000000006400000bb8000027100a000064000000000000000000000000041c010000000a00000a000000008a5f94400d98328e808cea6941c330e9",
	src:  "10.0.0.10",
	auth: md5Auth("password12345", 0),
	want: v2(OpHello, Active, 1, 100, "aa:bb:cc:00:0a:00", "10.0.0.100"),
}, {
	name: "B7 v2 hello with MD5 key chain",
	hex:  "0128020006040001aabbcc0002100000009600000bb800002710c0a80cfe000000000000000000000000041c01000000c0a80c01000000019b0f4f06e3db6e3e1368a8a37f360ed7",
	src:  "192.168.12.1",
	auth: md5Auth("MY_KEY", 1),
	want: v2(OpHello, Active, 1, 150, "aa:bb:cc:00:02:10", "192.168.12.254"),
}, {
	name: "C1 v2 IPv6 hello with MD5",
	hex:  "0128020006060010aabbcc000120000000690000271000004e20fe80000000000000000573fffea00010041c010000000000000100000000cedf38d296f03b34b23f29b216a4e042",
	src:  "fe80::1",
	auth: md5Auth("HSRPv2_v6", 0),
	want: &HSRP{
		Version: 2, Op: OpHello, State: Active, Family: IPv6, Group: 16,
		Identifier: mustMAC("aa:bb:cc:00:01:20"), Priority: 105,
		HelloTime: 10 * time.Second, HoldTime: 20 * time.Second,
		VirtualIP: addr("fe80::5:73ff:fea0:10"),
	},
}, {
	name: "C2 v2 IPv6 hello",
	hex:  "0128020006060001aabbcc0002100000009600000bb800002710fe80000000000000000573fffea000010308636973636f000000",
	src:  "fe80::2",
	want: &HSRP{
		Version: 2, Op: OpHello, State: Active, Family: IPv6, Group: 1,
		Identifier: mustMAC("aa:bb:cc:00:02:10"), Priority: 150,
		HelloTime: 3 * time.Second, HoldTime: 10 * time.Second,
		VirtualIP: addr("fe80::5:73ff:fea0:1"),
	},
}, {
	name: "S1 v2 hello with MD5 over junk behind the address",
	hex:  s1,
	same: "-", // the junk is hashed, so nothing but the fields is the same
	src:  "192.0.2.1",
	auth: md5Auth("vector-key-16chr", 100),
	want: &HSRP{
		Version: 2, Op: OpHello, State: Active, Family: IPv4, Group: 4000,
		Identifier: mustMAC("02:00:5e:10:00:01"), Priority: 150,
		HelloTime: 250 * time.Millisecond, HoldTime: 800 * time.Millisecond,
		VirtualIP: addr("192.0.2.254"),
	},
}}

const s1 = "0128020006040fa002005e10000100000096000000fa00000320c00002fe00112233445566778899aabb041c01000000c0000201000000641e9d9cb04f6ecfc86f6562ede9c6f802"

func v1(op Op, s HSRPState, priority uint8, hello, hold int, vip string) *HSRP {
	return &HSRP{
		Version: 1, Op: op, State: s, Family: IPv4, Group: 1, Priority: priority,
		HelloTime: time.Duration(hello) * time.Second, HoldTime: time.Duration(hold) * time.Second,
		VirtualIP: addr(vip),
	}
}

func v2(op Op, s HSRPState, group uint16, priority uint8, id, vip string) *HSRP {
	return &HSRP{
		Version: 2, Op: op, State: s, Family: IPv4, Group: group, Identifier: mustMAC(id), Priority: priority,
		HelloTime: 3 * time.Second, HoldTime: 10 * time.Second, VirtualIP: addr(vip),
	}
}

// vrrpVector is a whole Ethernet frame, compared with tshark and, but for the
// IPv4 identification, captured from keepalived.
type vrrpVector struct {
	name string
	hex  string
	text string
	form Checksum
	want VRRP
}

var vrrpVectors = []vrrpVector{{
	name: "A v2",
	hex: `01005e000012 00005e000133 0800 45c00028 00000000 ff701892 c0000201 e0000012
	      21339601 000185cb c00002fe 0000000000000000`,
	form: MessageOnly,
	want: vrrp4(2, 51, 150, time.Second, "192.0.2.254"),
}, {
	name: "B v2 resign",
	hex: `01005e000012 00005e000133 0800 45c00028 00000000 ff701892 c0000201 e0000012
	      21330001 00011bcc c00002fe 0000000000000000`,
	form: MessageOnly,
	want: vrrp4(2, 51, 0, time.Second, "192.0.2.254"),
}, {
	name: "C v2 simple password",
	hex: `01005e000012 00005e000133 0800 45c00028 00000000 ff701892 c0000201 e0000012
	      21339601 0101174d c00002fe 7365637265743132`,
	text: "secret12",
	form: MessageOnly,
	want: vrrp4(2, 51, 150, time.Second, "192.0.2.254"),
}, {
	name: "C2 v2 short password",
	hex: `01005e000012 00005e000133 0800 45c00028 00000000 ff701892 c0000201 e0000012
	      21339601 01012369 c00002fe 6162000000000000`,
	text: "ab",
	form: MessageOnly,
	want: vrrp4(2, 51, 150, time.Second, "192.0.2.254"),
}, {
	name: "D v3 pseudo-header",
	hex: `01005e000012 00005e000133 0800 45c00020 00000000 ff70189a c0000201 e0000012
	      31339601 0064d2d7 c00002fe`,
	form: PseudoHeader,
	want: vrrp4(3, 51, 150, time.Second, "192.0.2.254"),
}, {
	name: "E v3 message only",
	hex: `01005e000012 00005e000133 0800 45c00020 00000000 ff70189a c0000201 e0000012
	      31339601 00647568 c00002fe`,
	form: MessageOnly,
	want: vrrp4(3, 51, 150, time.Second, "192.0.2.254"),
}, {
	name: "F v3 largest values",
	hex: `01005e000012 00005e0001ff 0800 45c00024 00000000 ff701896 c0000201 e0000012
	      31ffff02 0fff3033 c0000201 c6336401`,
	form: PseudoHeader,
	want: vrrp4(3, 255, 255, 40950*time.Millisecond, "192.0.2.1", "198.51.100.1"),
}, {
	name: "F v3 largest values, message only",
	hex: `01005e000012 00005e0001ff 0800 45c00024 00000000 ff701896 c0000201 e0000012
	      31ffff02 0fffd2c7 c0000201 c6336401`,
	form: MessageOnly,
	want: vrrp4(3, 255, 255, 40950*time.Millisecond, "192.0.2.1", "198.51.100.1"),
}, {
	name: "G v3 IPv6",
	hex: `333300000012 00005e000233 86dd 6c000000 002870ff
	      fe80000000000000000000fffe000001 ff020000000000000000000000000012
	      31339602 00640a54 fe800000000000000000000000000254 20010db8000100000000000000000254`,
	form: PseudoHeader,
	want: VRRP{
		Version: 3, VRID: 51, Priority: 150, Family: IPv6, AdverInterval: time.Second,
		VirtualIPs: []netip.Addr{addr("fe80::254"), addr("2001:db8:1::254")},
	},
}, {
	name: "H v3 unicast",
	hex: `020000000002 020000000001 0800 45c00020 00000000 ff7036aa c0000201 c0000202
	      31339601 0064f0e7 c00002fe`,
	form: PseudoHeader,
	want: vrrp4(3, 51, 150, time.Second, "192.0.2.254"),
}, {
	name: "I v3 resign, shortest interval",
	hex: `01005e000012 00005e000133 0800 45c00020 00000000 ff70189a c0000201 e0000012
	      31330001 0001693b c00002fe`,
	form: PseudoHeader,
	want: vrrp4(3, 51, 0, 10*time.Millisecond, "192.0.2.254"),
}}

func vrrp4(version, vrid, priority uint8, interval time.Duration, vips ...string) VRRP {
	m := VRRP{Version: version, VRID: vrid, Priority: priority, Family: IPv4, AdverInterval: interval}
	for _, s := range vips {
		m.VirtualIPs = append(m.VirtualIPs, addr(s))
	}
	return m
}
