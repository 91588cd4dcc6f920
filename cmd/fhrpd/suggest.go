package main

import (
	"fmt"
	"slices"
	"strings"
)

// suggest adds to err which of the words somebody meant who typed another one, if
// there is one like it.
func suggest(err error, typed string, words []string) error {
	if near := nearest(typed, words); near != "" && near != typed {
		return fmt.Errorf("%w; did you mean %q?", err, near)
	}
	return err
}

// nearest returns the word that begins with typed, or else is at most two
// mistakes away from it, "" when none is.
func nearest(typed string, words []string) string {
	best, fewest := "", 3
	for _, w := range words {
		n := mistakes(strings.ToLower(typed), w)
		if len(typed) > 1 && strings.HasPrefix(w, strings.ToLower(typed)) {
			n = 0
		}
		if n < fewest && n < len(w)-1 {
			best, fewest = w, n
		}
	}
	return best
}

// mistakes counts the letters that were left out, added, replaced or exchanged
// with their neighbours.
func mistakes(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
		for j := range d[i] {
			if i == 0 {
				d[i][j] = j
				continue
			}
			if j == 0 {
				continue
			}
			same := 1
			if a[i-1] == b[j-1] {
				same = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+same)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

// similar lists the names of which typed may be a mistyped one, best first.
func similar(typed string, names []string) []string {
	out := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return nearest(typed, []string{n}) == "" })
	slices.SortStableFunc(out, func(a, b string) int { return mistakes(typed, a) - mistakes(typed, b) })
	return out
}
