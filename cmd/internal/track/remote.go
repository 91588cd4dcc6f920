package track

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/configs"
)

// bodyLimit is how much of an answer is read, in bytes.
const bodyLimit = 64 << 10

// tcpCheck is up while a connection can be made. It is closed at once.
func tcpCheck(target string, timeout time.Duration) check {
	d := net.Dialer{KeepAlive: -1}
	return answered("connect", target, timeout, func(ctx context.Context) (string, error) {
		conn, err := d.DialContext(ctx, "tcp", target)
		if err != nil {
			return "", bare(err)
		}
		return "connected to " + target, conn.Close()
	})
}

// httpCheck is up while a GET is answered with success or a redirect, which is
// not followed: it would be another object. No proxy is asked and no connection
// kept, so that every check goes the whole way.
func httpCheck(target string, timeout time.Duration) check {
	client := &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: bodyLimit},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	shown := configs.WithoutSecrets(target)
	return answered("get", shown, timeout, func(ctx context.Context) (string, error) {
		status, err := get(ctx, client, target)
		return shown + " answered " + status, err
	})
}

func get(ctx context.Context, client *http.Client, target string) (status string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("User-Agent", "fhrpd")
	resp, err := client.Do(req)
	if err != nil {
		return "", bare(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode >= 400 {
		return "", errors.New(statusText(resp))
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, bodyLimit)); err != nil {
		return "", fmt.Errorf("read the answer: %w", bare(err))
	}
	return statusText(resp), nil
}

// statusText has the words of the specification: those of the answer may be any.
func statusText(r *http.Response) string {
	return strings.TrimSpace(strconv.Itoa(r.StatusCode) + " " + http.StatusText(r.StatusCode))
}
