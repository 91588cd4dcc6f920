package man

import (
	"slices"
	"strings"
)

// Config returns fhrpd.toml(5) from the annotated reference of the configuration:
//
//	# --- A part: what it is about.
//	[table]        # what it is
//	key = value    # what it means,
//	               # on further lines too
//	#key = value   # a setting that is switched off
//
// A value may go over several lines, with comments among them. A line of comment
// alone that is not indented belongs to no key.
func Config(reference string, h Head) string {
	c := &config{page: new(page)}
	c.title("fhrpd.toml", 5, h, "configuration of the first-hop redundancy daemon")
	c.heading("SYNOPSIS")
	c.WriteString(bold("/etc/fhrpd/fhrpd.toml") + "\n")
	c.heading("DESCRIPTION")
	for line := range strings.Lines(reference) {
		c.line(strings.TrimRight(line, "\n"))
	}
	c.end()
	c.heading("SEE ALSO")
	c.WriteString(bold("fhrpd") + "(8)\n")
	return c.String()
}

// config is the page, and what of the reference has been read and not written yet.
type config struct {
	*page
	tables []string            // that have a heading
	keys   map[string][]string // that were explained, by table
	table  string
	code   []string // of the current setting
	open   int      // brackets of its value
	words  []string // of the current comment
}

func (c *config) line(line string) {
	code, comment, switchedOff := parts(line)
	indented := strings.HasPrefix(line, " ")
	switch {
	case c.open > 0: // within a value
		c.add(code, comment)
	case code == "" && comment == "":
		c.end()
	case strings.HasPrefix(comment, "---"):
		c.end()
		name, about, _ := strings.Cut(strings.TrimLeft(comment, "- "), ":")
		c.heading(name)
		c.words = []string{strings.TrimSpace(about)}
	case code == "" && (indented || len(c.code) == 0):
		c.words = append(c.words, comment)
	case code == "":
		c.end()
		c.words = []string{comment}
	case strings.HasPrefix(code, "[") && !switchedOff:
		c.end()
		c.begin(code)
		c.words = append(c.words, comment)
	default:
		c.end()
		c.add(code, comment)
	}
}

// parts returns what a line sets and says. A setting that is switched off follows a
// bare #, and text one with a space.
func parts(line string) (code, comment string, switchedOff bool) {
	code = line
	if strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "# ") && line != "#" {
		code, switchedOff = line[1:], true
	}
	code, comment, _ = strings.Cut(code, "#")
	return strings.TrimRight(code, " "), strings.TrimSpace(comment), switchedOff
}

func (c *config) add(code, comment string) {
	if code != "" {
		c.code = append(c.code, code)
		c.open += strings.Count(code, "[") + strings.Count(code, "{") - strings.Count(code, "]") - strings.Count(code, "}")
	}
	if comment != "" {
		c.words = append(c.words, comment)
	}
}

// begin opens a table, with a heading unless it is one of several in a row.
func (c *config) begin(table string) {
	if table == c.table {
		return
	}
	if c.table = table; slices.Contains(c.tables, table) {
		table += ", further"
	}
	c.tables = append(c.tables, c.table)
	c.subheading(table)
}

// end writes what was read. The same key again, without a word about it, is part of
// an example.
func (c *config) end() {
	words := strings.TrimSpace(strings.Join(c.words, "\n"))
	switch {
	case len(c.code) == 0:
		if words != "" {
			c.prose(words)
		}
	case words != "" || !slices.Contains(c.keys[c.table], key(c.code[0])):
		c.setting(words)
	}
	c.code, c.words, c.open = nil, nil, 0
}

func (c *config) setting(words string) {
	name := key(c.code[0])
	if c.keys == nil {
		c.keys = map[string][]string{}
	}
	c.keys[c.table] = append(c.keys[c.table], name)
	if len(c.code) == 1 {
		_, value, _ := strings.Cut(c.code[0], "=")
		c.entry(bold(name)+" = "+text(strings.TrimSpace(value)), words)
		return
	}
	c.entry(bold(name), words)
	c.WriteString(".RS\n")
	c.headed = true
	c.verbatim(strings.Join(c.code, "\n"))
	c.WriteString(".RE\n")
}

// key is the name of a setting.
func key(code string) string {
	name, _, _ := strings.Cut(code, "=")
	return strings.TrimSpace(name)
}
