package watch

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// merge sorts by time and keeps the order of what happened at once.
func merge[T any](all []T, at func(T) time.Time) {
	slices.SortStableFunc(all, func(a, b T) int { return at(a).Compare(at(b)) })
}

// plainWidth is enough for every column.
const plainWidth = 240

// Text is the table without styles, as long as it is.
func (v *View) Text() string {
	v.Width = plainWidth
	rows := v.rows()
	g := v.grid(rows)
	lines := append(v.heads(), g.titles())
	for i := range rows {
		lines = append(lines, g.line(i, &rows[i], false))
	}
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(strings.TrimRight(ansi.Strip(l), " ") + "\n")
	}
	return b.String()
}

// Plain writes the table to w now and each interval, with an empty line between,
// until ctx is done, which is its normal end; count bounds how often, 0 is no
// bound. The error of the first reading of this router is returned.
func Plain(ctx context.Context, w io.Writer, o Options) error {
	v := View{Names: o.Names}
	clock := time.NewTicker(o.Interval)
	defer clock.Stop()
	for n := 1; ; n++ {
		for i, src := range o.Sources {
			if src != nil {
				v.Set(i, read(ctx, src, v.Readings[i], o.Now))
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		if err := v.Readings[0].Err; err != nil && n == 1 {
			return err
		}
		v.Tick(o.Now())
		if _, err := fmt.Fprintln(w, v.Text()); err != nil {
			return err
		}
		if n == o.Count {
			return nil
		}
		select {
		case <-clock.C:
		case <-ctx.Done():
			return nil
		}
	}
}
