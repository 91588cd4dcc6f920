package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// atOnce is how many commands are under way for groups; the daemon lets one program have
// twice as many connections.
const atOnce = 32

// parseGroupRate reads --rate, groups a second, and returns the time from one to the next.
func parseGroupRate(text string) (every time.Duration, err error) {
	n, err := strconv.ParseFloat(strings.TrimSuffix(text, "/s"), 64)
	if err != nil || !(n > 0 && n <= 1000) {
		return 0, fmt.Errorf("rate %q: want groups a second, as in 5/s, up to 1000/s", text)
	}
	return time.Duration(float64(time.Second) / n), nil
}

// paced does something for each group, one after the other begun, and waits for all.
// More is false when no other is to begin.
func paced(ctx context.Context, groups []string, every time.Duration, more func() bool, do func(n int, group string)) {
	places := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	defer all.Wait()
	for n, g := range groups {
		if n > 0 {
			select {
			case <-time.After(every):
			case <-ctx.Done():
			}
		}
		places <- struct{}{}
		if !more() {
			return
		}
		all.Go(func() {
			do(n, g)
			<-places
		})
	}
}
