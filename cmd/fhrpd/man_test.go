package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/internal/skip"
)

func TestMain(m *testing.M) { os.Exit(skip.Run(m)) }

// The pages have every command that help has, with its flags, and every key that
// the reference has.
func TestManualPagesHaveEverything(t *testing.T) {
	pages := map[string]string{}
	for _, name := range manualPages {
		r := fhrpd(t.Context(), "man", name)
		if r.code != 0 || !strings.HasPrefix(r.stdout, ".TH ") {
			t.Fatalf("%s: exit %d, %s%.200s", name, r.code, r.stderr, r.stdout)
		}
		pages[name] = r.stdout
	}
	plain := strings.NewReplacer(`\-`, "-", `\(dq`, `"`).Replace(pages["fhrpd.8"])
	walk(func(cmd *cobra.Command) {
		use := ".SS \"" + strings.TrimSuffix(cmd.UseLine(), " [flags]") + "\"\n"
		if listed := cmd.Runnable() && !cmd.HasSubCommands() && !cmd.Hidden; listed != strings.Contains(plain, use) {
			t.Errorf("%s: in the page: %v", cmd.CommandPath(), !listed)
		}
	})
	for _, m := range regexp.MustCompile(`(?m)^#?([a-z_]+) += `).FindAllStringSubmatch(configs.Reference, -1) {
		if !strings.Contains(pages["fhrpd.toml.5"], `\fB`+m[1]+`\fR`) {
			t.Errorf("fhrpd.toml.5 has no key %s", m[1])
		}
	}
}

// A program that judges manual pages has nothing to say of them.
func TestManualPagesAreWellFormed(t *testing.T) {
	program := skip.Without(t, "mandoc")
	for _, name := range manualPages {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(fhrpd(t.Context(), "man", name).stdout), 0o644); err != nil {
			t.Fatal(err)
		}
		out, _ := exec.CommandContext(t.Context(), program, "-Tlint", "-Wwarning", file).CombinedOutput()
		for line := range strings.Lines(string(out)) {
			if !strings.Contains(line, "missing date") { // a test is built from no commit
				t.Error(line)
			}
		}
	}
}

func TestManualPageThatDoesNotExist(t *testing.T) {
	if r := fhrpd(t.Context(), "man", "fhrpd.9"); r.code != 2 || !strings.Contains(r.stderr, "fhrpd.9") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
}

func TestDateOfAPageIsThatOfItsCommit(t *testing.T) {
	bi := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.time", Value: "2026-03-01T12:00:00Z"}}}
	if d := sourceDate(bi, true); d.Unix() != 1772366400 {
		t.Error(d)
	}
	if d := sourceDate(nil, false); !d.IsZero() {
		t.Error(d)
	}
}
