package capfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// be and le build files by hand.
var be, le = binary.BigEndian, binary.LittleEndian

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func u16(o binary.AppendByteOrder, list ...uint16) (b []byte) {
	for _, v := range list {
		b = o.AppendUint16(b, v)
	}
	return b
}

func u32(o binary.AppendByteOrder, list ...uint32) (b []byte) {
	for _, v := range list {
		b = o.AppendUint32(b, v)
	}
	return b
}

func classic(o binary.AppendByteOrder, magic, link uint32, records ...[]byte) []byte {
	return join(u32(o, magic), u16(o, 2, 4), u32(o, 0, 0, 65535, link), join(records...))
}

func block(o binary.AppendByteOrder, typ uint32, body []byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	n := uint32(len(body) + 12)
	return join(u32(o, typ, n), body, u32(o, n))
}

func section(o binary.AppendByteOrder) []byte {
	return block(o, blockSection, join(u32(o, byteOrderMagic), u16(o, 1, 0), u32(o, 0xffffffff, 0xffffffff)))
}

func device(o binary.AppendByteOrder, link uint16, options ...[]byte) []byte {
	return block(o, blockInterface, join(u16(o, link, 0), u32(o, 0), join(options...)))
}

type got struct {
	At        string
	Interface string
	Link      uint32
	Data      string
	Cut       bool
}

// all reads a file to its end.
func all(t *testing.T, file []byte) ([]got, error) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	var list []got
	for {
		p, err := r.Next()
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		list = append(list, got{p.At.UTC().Format(time.RFC3339Nano), p.Interface, p.Link, string(p.Data), p.Cut})
	}
}

func TestFiles(t *testing.T) {
	const at = "2001-09-09T01:46:40.0000005Z" // 10⁹ seconds and half a microsecond
	stamp := uint64(1e9)*1e9 + 500
	hi, lo := uint32(stamp>>32), uint32(stamp)
	nano := []byte{9, 0, 1, 0, 9, 0, 0, 0} // if_tsresol, little endian
	name := join(u16(le, 2, 4), []byte("eth1"))
	for _, tt := range []struct {
		name string
		file []byte
		want []got
	}{
		{"pcap of microseconds, big endian", classic(be, magicMicro, 1, u32(be, 1e9, 7, 3, 9), []byte("abc"), u32(be, 1e9, 8, 1, 1), []byte("d")),
			[]got{{"2001-09-09T01:46:40.000007Z", "", 1, "abc", true}, {"2001-09-09T01:46:40.000008Z", "", 1, "d", false}}},
		{"pcap of nanoseconds, little endian, with a check sequence", classic(le, magicNano, 0x24000071, u32(le, 1e9, 500, 1, 1), []byte("x")),
			[]got{{at, "", 113, "x", false}}},
		{"pcap without packets", classic(le, magicMicro, 1), nil},
		{"pcapng with a name and a block that is skipped", join(section(le), device(le, 1, name, nano), block(le, 5, u32(le, 1, 2)),
			block(le, blockEnhanced, join(u32(le, 0, hi, lo, 3, 4), []byte("abc")))),
			[]got{{at, "eth1", 1, "abc", true}}},
		{"pcapng, big endian, microseconds, two interfaces without a name", join(section(be), device(be, 1), device(be, 276),
			block(be, blockEnhanced, join(u32(be, 1, 0, 7, 1, 1), []byte("x")))),
			[]got{{"1970-01-01T00:00:00.000007Z", "1", 276, "x", false}}},
		{"pcapng in powers of two, with an offset", join(section(le), device(le, 1, []byte{9, 0, 1, 0, 0x81, 0, 0, 0}, join(u16(le, 14, 8), u32(le, 100, 0))),
			block(le, blockEnhanced, join(u32(le, 0, 0, 3, 0, 0)))),
			[]got{{"1970-01-01T00:01:41.5Z", "", 1, "", false}}},
		{"pcapng with simple and obsolete packets", join(section(le), device(le, 1),
			block(le, blockSimple, join(u32(le, 2), []byte("hi"))),
			block(le, blockObsolete, join(u16(le, 0, 0), u32(le, 0, 1, 2, 2), []byte("ho")))),
			[]got{{"0001-01-01T00:00:00Z", "", 1, "hi", false}, {"1970-01-01T00:00:00.000001Z", "", 1, "ho", false}}},
		{"two sections of different byte order", join(section(le), device(le, 1), section(be), device(be, 101),
			block(be, blockEnhanced, join(u32(be, 0, 0, 0, 1, 1), []byte("x")))),
			[]got{{"1970-01-01T00:00:00Z", "", 101, "x", false}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list, err := all(t, tt.file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, list); diff != "" {
				t.Errorf("packets (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDamagedFiles(t *testing.T) {
	packet := block(le, blockEnhanced, join(u32(le, 0, 0, 0, 4, 4), []byte("abcd")))
	for name, tt := range map[string]struct {
		file []byte
		want string
	}{
		"empty":                      {nil, "neither pcap nor pcapng"},
		"text":                       {[]byte("hello world"), "neither pcap nor pcapng"},
		"pcap, header cut":           {classic(le, magicMicro, 1)[:20], "unexpected EOF"},
		"pcap, record cut":           {classic(le, magicMicro, 1, u32(le, 1, 1, 9, 9), []byte("abc")), "packet 1: unexpected EOF"},
		"pcap, a length beyond all":  {classic(le, magicMicro, 1, u32(le, 1, 1, 1<<31, 9)), "the file is damaged"},
		"pcapng, packet cut":         {join(section(le), device(le, 1), packet, packet[:20]), "packet 2: unexpected EOF"},
		"pcapng, no such interface":  {join(section(le), packet), "contradicts itself"},
		"pcapng, a block of 8 bytes": {join(section(le), u32(le, 5, 8, 0)), "contradicts itself"},
		"pcapng, resolution":         {join(section(le), device(le, 1, []byte{9, 0, 1, 0, 30, 0, 0, 0})), "resolution of 0x1e"},
		"pcapng, byte order":         {block(le, blockSection, u32(le, 1, 2, 3, 4)), "contradicts itself"},
		"pcapng, packet too long":    {join(section(le), device(le, 1), block(le, blockEnhanced, u32(le, 0, 0, 0, 99, 99))), "contradicts itself"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := all(t, tt.file); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
	if _, err := NewReader(strings.NewReader("\x1f\x8b\x08\x00")); !errors.Is(err, ErrFormat) {
		t.Errorf("gzip: %v", err)
	}
}

func TestOwnCaptures(t *testing.T) {
	frames := []netlab.Frame{
		{At: time.Unix(1e9, 500), Iface: "gw1", Data: []byte("first")},
		{At: time.Unix(1e9, 600), Iface: "gw2", Sent: true, Data: []byte("second")},
	}
	var b bytes.Buffer
	if err := netlab.WritePcapng(&b, frames); err != nil {
		t.Fatal(err)
	}
	list, err := all(t, b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := []got{{"2001-09-09T01:46:40.0000005Z", "gw1", 1, "first", false}, {"2001-09-09T01:46:40.0000006Z", "gw2", 1, "second", false}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("packets (-want +got):\n%s", diff)
	}
}

func TestEthernet(t *testing.T) {
	mac := []byte{2, 0, 0, 0, 0, 5}
	plain := string(join(make([]byte, 6), mac, u16(be, 0x0800), []byte("ip")))
	for _, tt := range []struct {
		name string
		p    Packet
		want Frame
		data string
	}{
		{"untagged", Packet{Link: 1, Data: []byte(plain)}, Frame{}, plain},
		{"one tag", Packet{Link: 1, Data: join([]byte(plain)[:12], u16(be, 0x8100, 0x6064, 0x0800), []byte("ip"))}, Frame{VLAN: "100"}, plain},
		{"two tags", Packet{Link: 1, Data: join([]byte(plain)[:12], u16(be, 0x88a8, 10, 0x8100, 100, 0x0800), []byte("ip"))}, Frame{VLAN: "10.100"}, plain},
		{"a priority tag", Packet{Link: 1, Data: join([]byte(plain)[:12], u16(be, 0x8100, 0xe000, 0x0800), []byte("ip"))}, Frame{}, plain},
		{"cooked, sent", Packet{Link: 113, Data: join(u16(be, 4, 1, 6), mac, []byte{0, 0}, u16(be, 0x0800), []byte("ip"))}, Frame{Outgoing: true}, plain},
		{"cooked, tagged", Packet{Link: 113, Data: join(u16(be, 1, 1, 6), mac, []byte{0, 0}, u16(be, 0x8100, 7, 0x0800), []byte("ip"))}, Frame{VLAN: "7"}, plain},
		{"cooked version 2", Packet{Link: 276, Data: join(u16(be, 0x0800, 0), u32(be, 3), u16(be, 1), []byte{1, 6}, mac, []byte{0, 0}, []byte("ip"))}, Frame{Interface: "3"}, plain},
		{"IPv6 alone", Packet{Link: 101, Data: []byte("\x60p")}, Frame{}, string(join(make([]byte, 12), u16(be, 0x86dd), []byte("\x60p")))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, ok := tt.p.Ethernet()
			if !ok || string(f.Data) != tt.data {
				t.Errorf("%t, %q, want %q", ok, f.Data, tt.data)
			}
			f.Data = nil
			if diff := cmp.Diff(tt.want, f); diff != "" {
				t.Errorf("frame (-want +got):\n%s", diff)
			}
		})
	}
	for _, p := range []Packet{{Link: 1, Data: make([]byte, 13)}, {Link: 113, Data: make([]byte, 15)}, {Link: 276, Data: make([]byte, 19)}, {Link: 101}, {Link: 105, Data: make([]byte, 99)}} {
		if f, ok := p.Ethernet(); ok {
			t.Errorf("link %d, %d bytes: %+v", p.Link, len(p.Data), f)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(classic(le, magicMicro, 1, u32(le, 1, 1, 1, 1), []byte("x")))
	f.Add(join(section(be), device(be, 276), block(be, blockEnhanced, u32(be, 0, 1, 2, 0, 0))))
	f.Add(join(section(le), device(le, 1, []byte{9, 0, 1, 0, 0xbf, 0, 0, 0}), block(le, blockEnhanced, u32(le, 0, 0xffffffff, 0xffffffff, 0, 0))))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := NewReader(bytes.NewReader(file))
		if err != nil {
			return
		}
		total := 0
		for {
			p, err := r.Next()
			if err != nil {
				return
			}
			if total += len(p.Data); total > len(file) {
				t.Fatalf("%d bytes of packets in a file of %d", total, len(file))
			}
			p.Ethernet()
		}
	})
}
