package show

import "strings"

// cell is text that begins in a fixed column.
type cell struct {
	column int
	text   string
}

// row lays cells out. When one runs into the column of the next, the rest of
// the row goes on in the next line, in its own column, as IOS does with long
// interface names and IPv6 addresses.
func row(cells ...cell) string {
	var b strings.Builder
	at := 0
	for i, c := range cells {
		if i > 0 && at >= c.column {
			b.WriteByte('\n')
			at = 0
		}
		b.WriteString(strings.Repeat(" ", c.column-at))
		b.WriteString(c.text)
		at = c.column + len(c.text)
	}
	return strings.TrimRight(b.String(), " ") + "\n"
}
