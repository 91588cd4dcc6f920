package control

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/serve"
)

// pathRecording is answered with a pcapng file.
const pathRecording = "/v1/recording"

// recordingTimeout bounds how long a client waits for the whole file.
const recordingTimeout = 15 * time.Second

// recordingAge is how old the file is that readers get: to make one takes a copy of
// all rings.
const recordingAge = 5 * time.Second

// recording answers with one file for all who ask together.
func (s *server) recording(mux *http.ServeMux) {
	a := &serve.Answer{
		Type: "application/x-pcapng",
		Make: func(ctx context.Context, w io.Writer) error {
			b, err := s.backend.Recording(ctx)
			if err != nil {
				return err
			}
			_, err = w.Write(b)
			return err
		},
		Fail: func(w http.ResponseWriter, err error) { answer(w)(nil, err) },
	}
	mux.HandleFunc("GET "+pathRecording, func(w http.ResponseWriter, r *http.Request) {
		age := time.Duration(0)
		if rightsFrom(r.Context()) != all {
			age = recordingAge
		}
		a.Serve(w, r, age)
	})
}

// Recording implements Backend.
func (c *Client) Recording(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, recordingTimeout, errStuck(c.path, recordingTimeout))
	defer cancel()
	resp, err := c.do(ctx, http.MethodGet, pathRecording, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, c.explain(ctx, err)
	}
	return b, nil
}
