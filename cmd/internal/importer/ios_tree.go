package importer

import (
	"strings"
)

// command is a line of a router's configuration, and the lines below it.
type command struct {
	at     position
	indent int
	words  []string
	below  []*command
}

// arg returns word n in lower case, "" where there is none.
func (c *command) arg(n int) string {
	if n < len(c.words) {
		return strings.ToLower(c.words[n])
	}
	return ""
}

// rest returns the words from n on.
func (c *command) rest(n int) []string { return c.words[min(n, len(c.words)):] }

// String returns the command for a remark.
func (c *command) String() string {
	for n, w := range c.words {
		switch strings.ToLower(w) {
		case "authentication", "key-string", "password", "secret", "community":
			if n+1 < len(c.words) {
				return strings.Join(c.words[:n+1], " ") + " …"
			}
		}
	}
	return strings.Join(c.words, " ")
}

// commands reads the lines of a router. What is indented belongs to the line above
// that is less so; that of an interface does so without indentation too, as people
// paste it. Lines that begin with ! are comments.
func commands(file string, text []byte) []*command {
	root := &command{indent: -1}
	stack := []*command{root}
	for n, line := range strings.Split(strings.ReplaceAll(string(text), "\r", ""), "\n") {
		body := strings.TrimLeft(line, " \t")
		if body == "" || body[0] == '!' {
			continue
		}
		c := &command{at: position{file, n + 1}, indent: len(line) - len(body), words: strings.Fields(body)}
		if c.indent == 0 && pasted(c, stack) {
			c.indent = 1
		}
		for len(stack) > 1 && stack[len(stack)-1].indent >= c.indent {
			stack = stack[:len(stack)-1]
		}
		above := stack[len(stack)-1]
		above.below = append(above.below, c)
		if len(stack) < maxNested {
			stack = append(stack, c)
		}
	}
	return root.below
}

// pasted reports whether an unindented command belongs to the interface above it.
func pasted(c *command, stack []*command) bool {
	if len(stack) < 2 || stack[1].arg(0) != "interface" {
		return false
	}
	word := c.arg(0)
	if word == "no" {
		word = c.arg(1)
	}
	return word == "standby" || word == "vrrp" && len(c.words) > 2 || word == "hsrp"
}
