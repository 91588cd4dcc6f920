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
	return func(ctx context.Context) (string, error) {
		began := time.Now()
		conn, err := d.DialContext(ctx, "tcp", target)
		switch {
		case timedOut(err):
			return "", noAnswer(target, timeout)
		case err != nil:
			return "", fmt.Errorf("connect %s: %w", target, bare(err))
		}
		defer conn.Close()
		return fmt.Sprintf("connected to %s in %s", target, took(time.Since(began))), nil
	}
}

// httpCheck is up while a GET is answered with success or a redirect, which is
// not followed: it would be another object. No proxy is asked and no connection
// kept, so that every check walks the whole way.
func httpCheck(target string, timeout time.Duration) check {
	client := &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: bodyLimit},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	shown := target
	if u, err := url.Parse(target); err == nil {
		shown = u.Redacted()
	}
	return func(ctx context.Context) (string, error) {
		began := time.Now()
		status, err := get(ctx, client, target)
		switch {
		case timedOut(err):
			return "", noAnswer(shown, timeout)
		case err != nil:
			return "", fmt.Errorf("get %s: %w", shown, err)
		}
		return fmt.Sprintf("%s answered %s in %s", shown, status, took(time.Since(began))), nil
	}
}

func get(ctx context.Context, client *http.Client, target string) (status string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("User-Agent", "fhrpd")
	resp, err := client.Do(req)
	if err != nil {
		return "", plainHTTP(err)
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

// plainHTTP leaves out what the client repeats: the method and the address.
func plainHTTP(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if timedOut(err) {
		return err
	}
	return bare(err)
}
