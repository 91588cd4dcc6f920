package configs

import "strings"

// hint ends a complaint about an unknown name.
func hint(name, list string, known []string) string {
	best := nearest(name, known)
	switch {
	case best != "":
		return ": did you mean " + best + "?"
	case len(known) == 0:
		return ": none is defined"
	}
	return ": " + list + strings.Join(known, ", ")
}

// nearest returns the known key that key is most likely a misspelling of, or
// "" when none is close: at most a third of the letters may differ.
func nearest(key string, known []string) string {
	if len(key) > 64 {
		return ""
	}
	key = strings.ToLower(strings.ReplaceAll(key, "-", "_"))
	best, least := "", max(1, len(key)/3)+1
	for _, k := range known {
		d := distance(key, k)
		if len(key) > 3 && (strings.HasPrefix(k, key) || strings.HasPrefix(key, k)) {
			d = min(d, 1)
		}
		if d < least {
			best, least = k, d
		}
	}
	return best
}

// distance counts the insertions, deletions and substitutions of bytes that
// turn a into b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
