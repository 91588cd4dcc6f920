package track

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
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
	redacted := target
	if u, err := url.Parse(target); err == nil {
		redacted = u.Redacted()
	}
	return answered("get", redacted, timeout, func(ctx context.Context) (string, error) {
		status, err := get(ctx, client, target)
		return redacted + " answered " + status, err
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
		return "", errors.New(resp.Status)
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, bodyLimit)); err != nil {
		return "", fmt.Errorf("read the answer: %w", bare(err))
	}
	return resp.Status, nil
}
