package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// counted is an answer that counts how often it was made, slowly.
func counted(slow time.Duration) *Answer {
	n := 0
	return &Answer{
		Type: "text/plain",
		Make: func(_ context.Context, w io.Writer) error {
			n++
			me := n
			time.Sleep(slow) // of a synctest bubble
			_, err := fmt.Fprintf(w, "%d", me)
			return err
		},
		Fail: func(w http.ResponseWriter, err error) { http.Error(w, err.Error(), http.StatusTeapot) },
	}
}

func get(a *Answer, age time.Duration) string {
	w := httptest.NewRecorder()
	a.Serve(w, httptest.NewRequest("GET", "/", nil), age)
	return w.Body.String()
}

func TestManyShareOneMaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := counted(time.Second)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if got := get(a, time.Minute); got != "1" {
					t.Errorf("got version %s, want 1", got)
				}
			})
		}
		all.Wait()
		time.Sleep(time.Minute)
		if got := get(a, time.Second); got != "2" {
			t.Errorf("after its time got version %s, want 2", got)
		}
	})
}

// What was changed before the request is in the answer.
func TestAgeZeroIsMadeAfterTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := counted(time.Second)
		go get(a, 0)
		time.Sleep(500 * time.Millisecond)
		if got := get(a, 0); got != "2" {
			t.Errorf("got version %s, want 2: the first began before", got)
		}
	})
}

func TestBothFormsSayTheSame(t *testing.T) {
	text := strings.Repeat("a long text ", 10000)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &Answer{Make: func(_ context.Context, w io.Writer) error { _, err := io.WriteString(w, text); return err }}
		a.Serve(w, r, 0)
	}))
	defer s.Close()
	for _, plain := range []bool{false, true} {
		c := http.Client{Transport: &http.Transport{DisableCompression: plain}}
		resp, err := c.Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil || string(b) != text || resp.Uncompressed == plain {
			t.Errorf("without compression %t: %d bytes, uncompressed %t, %v", plain, len(b), resp.Uncompressed, err)
		}
		resp.Body.Close()
		c.CloseIdleConnections()
	}
	for field, want := range map[string]bool{"": false, "gzip": true, "br, gzip;q=0.5": true, "gzip; q=0": false, "gzip;q=0.000": false, "deflate": false} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", field)
		if got := takesGzip(r); got != want {
			t.Errorf("%q takes gzip: %t", field, got)
		}
	}
}

func TestFailuresAreToldAndNotKept(t *testing.T) {
	fail := func() error { return errors.New("busy") }
	a := counted(0)
	a.Make = func(context.Context, io.Writer) error { return fail() }
	if got := get(a, 0); got != "busy\n" {
		t.Errorf("got %q", got)
	}
	fail = func() error { panic("at the disco") }
	if got := get(a, 0); !strings.Contains(got, "at the disco") {
		t.Errorf("a panic answered %q", got)
	}
	fail = func() error { return nil }
	if got := get(a, 0); got != "" {
		t.Errorf("got %q after the failures", got)
	}
}
