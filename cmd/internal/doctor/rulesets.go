package doctor

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Ruleset is a file of nftables with copies of the daemon's tables.
type Ruleset struct {
	File   string
	Tables []string // each once
}

// rulesetFiles are where distributions keep what nftables loads at boot.
var rulesetFiles = []string{
	"etc/nftables.conf", "etc/nftables.nft", "etc/nftables/*", "etc/nftables.d/*", // Debian, Arch, Alpine, OpenWrt
	"etc/sysconfig/nftables.conf", "etc/sysconfig/nftables*", // Fedora and its kin, SUSE
	"var/lib/nftables/*", "usr/share/nftables/*", "usr/share/nftables.d/*/*", // Gentoo; what packages add
}

var (
	tableOfOurs = regexp.MustCompile(`(?m)^[^#\n]*\btable\s+netdev\s+"?(` + tablePrefix + `[^\s{";]+)`)
	including   = regexp.MustCompile(`(?m)^[^#\n]*\binclude\s+["']([^"'\n]+)["']`)
)

// savedTables finds copies of the daemon's tables below root in the files of
// nftables and in what these include. What cannot be read holds none.
func savedTables(root string) (found []Ruleset) {
	seen := map[string]bool{}
	for queue := slices.Clone(rulesetFiles); len(queue) > 0; queue = queue[1:] {
		files, _ := filepath.Glob(filepath.Join(root, queue[0]))
		for _, file := range files {
			if seen[file] {
				continue
			}
			seen[file] = true
			text := readSome(file)
			if tables := matches(tableOfOurs, text); len(tables) > 0 {
				found = append(found, Ruleset{filepath.Join("/", strings.TrimPrefix(file, root)), tables})
			}
			for _, path := range matches(including, text) {
				queue = append(queue, included(path))
			}
		}
	}
	slices.SortFunc(found, func(a, b Ruleset) int { return strings.Compare(a.File, b.File) })
	return found
}

// matches returns what the first group of a pattern stands for, each once.
func matches(pattern *regexp.Regexp, text string) (found []string) {
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(found, m[1]) {
			found = append(found, m[1])
		}
	}
	return found
}

// included returns where nft looks for a file that is included: below /etc
// unless its path is whole.
func included(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join("etc", path)
}

// rulesetSize bounds what is read of a file, in octets.
const rulesetSize = 16 << 20

// readSome returns the content of a regular file that is not too large.
func readSome(path string) string {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > rulesetSize {
		return ""
	}
	b, _ := os.ReadFile(path)
	return string(b)
}
