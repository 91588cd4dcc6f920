package netlab

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPcapngBlocks(t *testing.T) {
	var out bytes.Buffer
	at := time.Unix(1, 2)
	must(t, WritePcapng(&out, []Frame{
		{At: at, Iface: "gw1", Data: []byte{1, 2, 3, 4, 5}},
		{At: at, Iface: "gw1", Sent: true, Data: []byte{6, 7, 8, 9}},
	}))
	want := strings.Join([]string{
		"0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000",
		"01000000 28000000 0100 0000 00000000 0200 0300 67773100 0900 0100 09000000 0000 0000 28000000",
		"06000000 34000000 00000000 00000000 02ca9a3b 05000000 05000000 0102030405000000 0200 0400 01000000 0000 0000 34000000",
		"06000000 30000000 00000000 00000000 02ca9a3b 04000000 04000000 06070809 0200 0400 02000000 0000 0000 30000000",
	}, " ")
	got := hex.EncodeToString(out.Bytes())
	if d := cmp.Diff(strings.ReplaceAll(want, " ", ""), got); d != "" {
		t.Error(d)
	}
}
