package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/fhrpd/fhrpd/cmd/internal/serve"
)

// What everybody who can reach the port may cost. A scrape reads its answer in
// milliseconds, and comes again after seconds.
const (
	mostConns  = 64
	shareFor   = 500 * time.Millisecond // the age of what is shown
	keepFor    = 2 * time.Minute        // between two scrapes of one connection
	mostHeader = 8 << 10
)

// Serve answers on l until ctx is done: /metrics for Prometheus, and pages for
// everything else.
func Serve(ctx context.Context, l net.Listener, s Source, pages http.Handler) error {
	metrics, err := metricsOf(s)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) { metrics.Serve(w, r, shareFor) })
	mux.Handle("/", pages)
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: patience,
		ReadTimeout:       patience,
		WriteTimeout:      patience + serve.WriteTimeout,
		IdleTimeout:       keepFor,
		MaxHeaderBytes:    mostHeader,
		ErrorLog:          log.New(io.Discard, "", 0), // what clients do wrong is their affair
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(serve.Limit(l, party)); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve metrics on %s: %w", l.Addr(), err)
	}
	return nil
}

// party tells clients apart by address; one of IPv6 has a whole network of them.
func party(c net.Conn) serve.Party {
	p := serve.Party{Class: "all", Most: mostConns}
	if a, err := netip.ParseAddrPort(c.RemoteAddr().String()); err == nil {
		p.Source = a.Addr().Unmap().String()
		if net6, err := a.Addr().Unmap().Prefix(64); err == nil {
			p.Source = net6.String()
		}
	}
	return p
}

// metricsOf has the text format, which every Prometheus reads.
func metricsOf(s Source) (*serve.Answer, error) {
	registry := prometheus.NewRegistry()
	if err := registry.Register(&collector{source: s}); err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	scrape := promhttp.HandlerFor(registry, promhttp.HandlerOpts{DisableCompression: true})
	return &serve.Answer{
		Type: "text/plain; version=0.0.4; charset=utf-8",
		Make: func(ctx context.Context, w io.Writer) error {
			p := &page{to: w, header: http.Header{}, code: http.StatusOK}
			scrape.ServeHTTP(p, (&http.Request{Method: http.MethodGet}).WithContext(ctx))
			return p.err()
		},
		Fail: fail(http.StatusInternalServerError),
	}, nil
}

// page is what a handler writes where it answers nobody in particular.
type page struct {
	to     io.Writer
	header http.Header
	code   int
	why    strings.Builder // the text of a failure
}

func (p *page) Header() http.Header  { return p.header }
func (p *page) WriteHeader(code int) { p.code = code }

func (p *page) Write(b []byte) (int, error) {
	if p.code != http.StatusOK {
		return p.why.Write(b)
	}
	return p.to.Write(b)
}

func (p *page) err() error {
	if p.code != http.StatusOK {
		return errors.New(strings.TrimSpace(p.why.String()))
	}
	return nil
}

// fail answers with the words of an error.
func fail(code int) func(http.ResponseWriter, error) {
	return func(w http.ResponseWriter, err error) { http.Error(w, err.Error(), code) }
}
