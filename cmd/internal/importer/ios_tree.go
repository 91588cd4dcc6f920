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
// that is less so. Without indentation, as people paste it, what can only belong to an
// interface, an object, a keychain or a probe belongs to the last of them. Comments
// begin with !.
func commands(file string, text []byte) []*command {
	root := &command{indent: -1}
	stack := []*command{root}
	last := map[string]*command{}
	for n, line := range strings.Split(strings.ReplaceAll(string(text), "\r", ""), "\n") {
		body, _, _ := strings.Cut(strings.TrimLeft(line, " \t"), " ! ")
		c := &command{at: position{file, n + 1}, indent: len(line) - len(strings.TrimLeft(line, " \t")), words: strings.Fields(body)}
		if len(c.words) == 0 || body[0] == '!' {
			continue
		}
		if word := c.arg(0); len(word) > 2 && strings.HasPrefix("interface", word) {
			c.words[0] = "interface"
		}
		if above := last[owner(c)]; c.indent == 0 && above != nil {
			above.below = append(above.below, c)
			last[kindOf(c)] = c
			continue
		}
		for len(stack) > 1 && stack[len(stack)-1].indent >= c.indent {
			stack = stack[:len(stack)-1]
		}
		above := stack[len(stack)-1]
		above.below = append(above.below, c)
		last[kindOf(c)] = c
		if len(stack) < maxNested {
			stack = append(stack, c)
		}
	}
	return root.below
}

// kindOf names the commands that others belong to.
func kindOf(c *command) string {
	switch word := c.arg(0); {
	case word == "interface", word == "track":
		return word
	case word == "key" && c.arg(1) == "chain":
		return "key chain"
	case word == "key":
		return "key"
	case probeID(c) != "":
		return "probe"
	}
	return "other"
}

// owner returns the kind of command that c can only belong to, "" when it may stand
// alone.
func owner(c *command) string {
	word, next := c.arg(0), c.arg(1)
	if word == "no" {
		word, next = next, c.arg(2)
	}
	_, numbered := number(next, 1, 255)
	switch {
	case word == "standby", word == "hsrp", word == "glbp", word == "vrrp" && numbered:
		return "interface"
	case (word == "ip" || word == "ipv6") && next == "address":
		return "interface"
	case word == "object", word == "delay" && (next == "up" || next == "down"):
		return "track"
	case word == "key" && next != "chain":
		return "key chain"
	case word == "key-string", word == "accept-lifetime", word == "send-lifetime":
		return "key"
	case word == "icmp-echo", word == "tcp-connect", word == "frequency":
		return "probe"
	}
	return ""
}
