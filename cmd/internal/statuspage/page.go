// Package statuspage is the router for a browser: one page that needs nothing from
// elsewhere, changes nothing, and follows what happens. The same facts are there as
// JSON.
package statuspage

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/chart"
	"github.com/fhrpd/fhrpd/cmd/internal/plain"
	"github.com/fhrpd/fhrpd/cmd/internal/serve"
	"github.com/fhrpd/fhrpd/cmd/internal/show"
	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// Source is the daemon, with the methods of control.Backend.
type Source interface {
	Status(ctx context.Context) (*status.Status, error)
	History(ctx context.Context) ([]status.Past, error)
	Explain(ctx context.Context, q status.Question) (*status.Explanation, error)
	Subscribe(ctx context.Context) (<-chan status.Event, error)
}

// shareFor is the age of what is shown to one who asks.
const shareFor = 500 * time.Millisecond

var (
	//go:embed page.css
	css string
	//go:embed page.js
	script string
	//go:embed page.html
	document string
	//go:embed main.html
	content string
)

// Handler serves /, /live, /status.json and /history.json of src; host is what the
// page calls the router. now is the clock.
func Handler(src Source, host string, now func() time.Time) (http.Handler, error) {
	p, err := newPage(src, host, now)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.root)
	mux.HandleFunc("GET /live", p.live)
	handle(mux, "/status.json", answer("application/json", func(ctx context.Context, w io.Writer) error {
		st, err := src.Status(ctx)
		if err != nil {
			return err
		}
		return json.NewEncoder(w).Encode(public(st))
	}))
	handle(mux, "/history.json", answer("application/json", func(ctx context.Context, w io.Writer) error {
		past, err := src.History(ctx)
		if err != nil {
			return err
		}
		return json.NewEncoder(w).Encode(past)
	}))
	return mux, nil
}

func handle(mux *http.ServeMux, path string, a *serve.Answer) {
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { a.Serve(w, r, shareFor) })
}

// public is st without the text of plain authentication: the port may be reached
// from where the segment is not heard.
func public(st *status.Status) *status.Status {
	out := *st
	out.Groups = append([]status.Group{}, st.Groups...)
	for i := range out.Groups {
		out.Groups[i].AuthText = ""
	}
	return &out
}

type page struct {
	src   Source
	host  string
	now   func() time.Time
	shell *template.Template
	body  *template.Template
	rules string // Content-Security-Policy
	text  *serve.Answer
	html  *serve.Answer
	last  shared
}

func newPage(src Source, host string, now func() time.Time) (*page, error) {
	p := &page{src: src, host: plain.Line(host), now: now}
	style := css + chart.Style
	var err error
	if p.body, err = template.New("main").Parse(content); err != nil {
		return nil, fmt.Errorf("status page: %w", err)
	}
	if p.shell, err = template.New("page").Parse(document); err != nil {
		return nil, fmt.Errorf("status page: %w", err)
	}
	p.rules = fmt.Sprintf("default-src 'none'; connect-src 'self'; img-src data:; style-src %s; script-src %s; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		hash(style), hash(script))
	p.html = answer("text/html; charset=utf-8", func(ctx context.Context, w io.Writer) error {
		body, err := p.main(ctx)
		if err != nil {
			return err
		}
		return p.shell.Execute(w, map[string]any{
			"Host": p.host, "Style": template.CSS(style), "Script": template.JS(script), "Main": template.HTML(body),
		})
	})
	p.text = answer("text/plain; charset=utf-8", func(ctx context.Context, w io.Writer) error {
		st, err := p.src.Status(ctx)
		if err == nil {
			_, err = io.WriteString(plain.Writer(w), show.Status(st, p.now())+"\n"+show.Takeover(st.Groups))
		}
		return err
	})
	return p, nil
}

// hash names an inline part in a Content-Security-Policy.
func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// answer is shared by all who ask within shareFor.
func answer(kind string, write func(context.Context, io.Writer) error) *serve.Answer {
	return &serve.Answer{Type: kind, Make: write, Fail: func(w http.ResponseWriter, err error) {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}}
}

// root is HTML for those who ask for it, and text for curl.
func (p *page) root(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Accept")
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		p.text.Serve(w, r, shareFor)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", p.rules)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	p.html.Serve(w, r, shareFor)
}

// main renders all that changes.
func (p *page) main(ctx context.Context) ([]byte, error) {
	facts, err := gather(ctx, p.src, p.host, p.now())
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = p.body.Execute(&b, facts)
	return b.Bytes(), err
}
