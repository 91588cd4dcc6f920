package importer

import (
	"fmt"
	"strings"
)

// setting is a path of words in a configuration of VyOS, the last of which may be a
// value: high-availability vrrp group g priority 200.
type setting struct {
	at    position
	path  []string
	opens bool // a block, and says nothing but the words in front of it
}

// settings reads both forms that VyOS has: blocks in braces, and set commands.
func settings(file string, text []byte) ([]setting, error) {
	lines := strings.Split(strings.ReplaceAll(string(text), "\r", ""), "\n")
	for _, line := range lines {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "//"):
			continue
		case strings.HasPrefix(line, "set "), strings.HasPrefix(line, "delete "):
			return setCommands(file, lines), nil
		}
		break
	}
	return blocks(file, lines)
}

// setCommands reads "set high-availability vrrp …", in which a later one adds.
func setCommands(file string, lines []string) (list []setting) {
	for n, line := range lines {
		words := fields(line)
		if len(words) > 1 && words[0] == "set" {
			list = append(list, setting{at: position{file, n + 1}, path: words[1:]})
		}
	}
	return list
}

// blocks reads config.boot. A line that opens a block, closes one, or has a value.
func blocks(file string, lines []string) (list []setting, err error) {
	var path []string
	var depths []int
	comment := false
	for n, line := range lines {
		at := position{file, n + 1}
		line = strings.TrimSpace(line)
		switch {
		case comment:
			comment = !strings.HasSuffix(line, "*/")
		case line == "", strings.HasPrefix(line, "//"), strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "/*"):
			comment = !strings.HasSuffix(line, "*/")
		case line == "}":
			if len(depths) == 0 {
				return nil, fmt.Errorf("%s:%d: a } without {: it is not a configuration of VyOS, or a line above lacks its {", file, n+1)
			}
			last := len(depths) - 1
			path, depths = path[:depths[last]], depths[:last]
		case strings.HasSuffix(line, "{") && len(depths) < maxNested:
			words := fields(strings.TrimSuffix(line, "{"))
			if len(words) == 0 {
				return nil, fmt.Errorf("%s:%d: a { without a name before it: it is not a configuration of VyOS", file, n+1)
			}
			depths = append(depths, len(path))
			path = append(path[:len(path):len(path)], words...)
			list = append(list, setting{at, path, true})
		default:
			list = append(list, setting{at: at, path: append(path[:len(path):len(path)], fields(line)...)})
		}
	}
	if len(depths) > 0 {
		return nil, fmt.Errorf("%s: the } at the end of %q is missing", file, strings.Join(path, " "))
	}
	return list, nil
}
