package metrics

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// big is a router with a thousand groups, whose metrics take 2 MB.
func big() *status.Status {
	st := sample()
	for i := range 1000 {
		g := st.Groups[0]
		g.ID, g.Name = i, fmt.Sprintf("users of floor %d", i)
		st.Groups = append(st.Groups, g)
	}
	st.Groups = st.Groups[1:]
	return st
}

// attackers is how many connections ask and never read.
const attackers = 400

// flood opens them all, and returns what closes them.
func flood(t testing.TB, address string) (end func()) {
	t.Helper()
	var list []net.Conn
	for range attackers {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
		_ = c.(*net.TCPConn).SetReadBuffer(4096)
		fmt.Fprint(c, strings.Repeat("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 8))
	}
	return func() {
		for _, c := range list {
			c.Close()
		}
	}
}

// alive is the memory in use, in bytes, of the heap and the stacks.
func alive() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// scrape is a client that behaves.
func scrape(t testing.TB, address string) time.Duration {
	t.Helper()
	began := time.Now()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	resp, err := client.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(b), "users of floor 999") {
		t.Fatalf("status %d, %d bytes, %v", resp.StatusCode, len(b), err)
	}
	return time.Since(began)
}

func address(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, fixed{st: big()}, pages) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return l.Addr().String()
}

// A port that anybody may reach must not eat the memory of the router, nor keep
// Prometheus out.
func TestReadersThatDoNotReadCostLittle(t *testing.T) {
	at := address(t)
	scrape(t, at)
	before := alive()
	end := flood(t, at)
	defer end()
	for range 5 {
		scrape(t, at)
	}
	const most = 16 << 20
	if after := alive(); after > before+most {
		t.Errorf("%d connections that do not read took %d KB, want at most %d", attackers, (after-before)>>10, most>>10)
	}
}

// BenchmarkFlood prints the figures of the page "What it withstands".
func BenchmarkFlood(b *testing.B) {
	at := address(b)
	scrape(b, at)
	before := alive()
	end := flood(b, at)
	defer end()
	var worst time.Duration
	for b.Loop() {
		worst = max(worst, scrape(b, at))
	}
	b.ReportMetric(float64(int64(alive()-before))/(1<<20), "MB")
	b.ReportMetric(worst.Seconds()*1000, "worst-ms/scrape")
}
