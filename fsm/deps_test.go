package fsm_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestImports keeps the machines pure: all packages below this one may know
// each other, the messages, and the standard library.
func TestImports(t *testing.T) {
	const module = "github.com/fhrpd/fhrpd/"
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./...")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%s: %v", list, err)
	}
	paths := strings.Fields(string(out))
	for _, path := range paths {
		own, ok := strings.CutPrefix(path, module)
		if !ok || own != "hello" && own != "fsm" && !strings.HasPrefix(own, "fsm/") {
			t.Errorf("%s is imported; only hello and the standard library may be", path)
		}
	}
	if len(paths) < 4 {
		t.Errorf("only %v are listed", paths)
	}
}

// TestMachinesKnowNoClock looks for what would make a machine depend on more
// than its arguments.
func TestMachinesKnowNoClock(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-f", "{{join .Imports \" \"}}", "./hsrp", "./vrrp", "./follow")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%s: %v", list, err)
	}
	for _, path := range strings.Fields(string(out)) {
		switch path {
		case "log", "log/slog", "net", "os", "sync", "math/rand", "math/rand/v2", "context":
			t.Errorf("a machine imports %s", path)
		}
	}
}
