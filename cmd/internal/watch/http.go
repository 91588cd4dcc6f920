package watch

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// mostAnswer bounds what another router may answer: thousands of groups fit.
const mostAnswer = 64 << 20

// Web reads a router by its status address, [daemon] metrics in its file.
type Web struct {
	base string
	http *http.Client
}

// Over returns a Source for a URL such as http://192.0.2.2:9650.
func Over(url string) *Web {
	return &Web{base: strings.TrimRight(url, "/"), http: &http.Client{Timeout: patience}}
}

// Status implements Source.
func (w *Web) Status(ctx context.Context) (*status.Status, error) {
	st := new(status.Status)
	return st, w.get(ctx, "/status.json", st)
}

// History implements Source.
func (w *Web) History(ctx context.Context) (past []status.Past, err error) {
	return past, w.get(ctx, "/history.json", &past)
}

func (w *Web) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base+path, nil)
	if err != nil {
		return err
	}
	resp, err := w.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s%s answered %s: is it the status address ([daemon] metrics) of an fhrpd?", w.base, path, resp.Status)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, mostAnswer)).Decode(into); err != nil {
		return fmt.Errorf("read %s%s: %w", w.base, path, err)
	}
	return nil
}
