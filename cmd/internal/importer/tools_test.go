package importer

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/internal/skip"
)

func TestMain(m *testing.M) { os.Exit(skip.Run(m)) }

// The files of testdata are worth something only if the programs that they are of
// take them. What is wrong in them is so on purpose, or newer than the program.
func TestKeepalivedTakesTheFiles(t *testing.T) {
	program := skip.Without(t, "keepalived")
	newer := []string{"v3_checksum_as_v2"}
	for file, wrong := range map[string][]string{
		"pair.conf":    {"number '256'", "VRID '256'"},
		"sync.conf":    nil,
		"strict.conf":  {"not heed", "incompatible"},
		"defined.conf": {"~SEQ"}, // of an older program
	} {
		said := output(t, program, "--config-test", "--config-id", "main", "--use-file", "testdata/keepalived/"+file)
		refused := regexp.MustCompile(`Unknown keyword|Unexpected|Missing '|[Ii]nvalid|not valid|outside range|Unterminated`)
		complaints(t, file, said, refused, append(wrong, newer...))
	}
}

func TestFRRTakesTheFile(t *testing.T) {
	program := skip.Without(t, "vtysh")
	said := output(t, program, "--dryrun", "--inputfile", "testdata/frr/frr.conf")
	wrong := []string{"advertisement-interval 5", "vrrp 300"}
	newer := []string{"checksum-with-ipv4-pseudoheader"}
	complaints(t, "frr.conf", said, regexp.MustCompile(`^line \d+:`), append(wrong, newer...))
}

// output returns what a program says of a file. That it is not content is its business.
func output(t *testing.T, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	if _, ran := err.(*exec.ExitError); err != nil && !ran {
		t.Fatal(err)
	}
	return string(out)
}

func complaints(t *testing.T, file, said string, refused *regexp.Regexp, known []string) {
	t.Helper()
	for line := range strings.Lines(said) {
		if !refused.MatchString(line) {
			continue
		}
		expected := false
		for _, k := range known {
			expected = expected || strings.Contains(line, k)
		}
		if !expected {
			t.Errorf("%s: %s", file, line)
		}
	}
}
