package fsm_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/fhrpd/fhrpd/"

// layer is what some packages may import. Those of the module are named without
// its path, and "/..." stands for all below.
type layer struct {
	who      string
	packages []string
	may      []string // besides each other and the standard library
	not      []string // what they must not take from that
}

// effects are the packages of the standard library that reach the outside.
var effects = []string{"context", "log", "log/slog", "math/rand", "math/rand/v2", "net", "os", "os/exec", "sync", "syscall"}

var layers = []layer{
	{"the machines", []string{"fsm", "fsm/hsrp", "fsm/vrrp", "fsm/follow", "fsm/trailer"}, []string{"hello", "hello/wire"}, effects},
	{"the engine", []string{"fsm/engine"}, []string{"hello", "hello/wire", "fsm", "fsm/hsrp", "fsm/vrrp", "fsm/follow", "fsm/trailer", "garp", "garp/prove", "internal/state", "github.com/mdlayher/ethernet"},
		[]string{"encoding/json", "log", "log/slog", "math/rand", "math/rand/v2", "os", "os/exec", "sync"}},
	{"the simulator", []string{"fsm/sim"}, []string{"hello", "hello/wire", "fsm", "fsm/hsrp", "fsm/vrrp", "fsm/follow", "fsm/trailer", "fsm/engine", "garp", "garp/prove", "internal/state", "github.com/mdlayher/ethernet"},
		[]string{"log", "log/slog", "net", "os", "os/exec", "sync"}},
	{"what plays scenarios", []string{"fsm/internal/..."}, []string{"hello", "hello/wire", "fsm"}, nil},
}

func TestImports(t *testing.T) {
	everything := []string{"fsm/..."}
	for p := range graphOf(t, everything) {
		if within(p, everything) && !slices.ContainsFunc(layers, func(l layer) bool { return within(p, l.packages) }) {
			t.Errorf("%s is in no layer: nothing says what it may import", p)
		}
	}
	for _, l := range layers {
		all := graphOf(t, l.packages)
		if len(all) <= len(l.packages) {
			t.Errorf("%s: only %d packages are listed", l.who, len(all))
		}
		for _, fault := range l.faults(all) {
			t.Error(fault)
		}
	}
}

// graph is what packages import. Those of the standard library have no entry.
type graph map[string][]string

// graphOf returns what packages of the module depend on.
func graphOf(t *testing.T, packages []string) graph {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", `{{if not .Standard}}{{.ImportPath}} {{join .Imports " "}}{{end}}`)
	for _, p := range packages {
		list.Args = append(list.Args, module+p)
	}
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%s: %v", list, err)
	}
	all := graph{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(strings.ReplaceAll(line, module, ""))
		all[f[0]] = f[1:]
	}
	return all
}

// faults returns a line for each import that the layer must not have, its own or
// that of a package which it may import.
func (l layer) faults(all graph) []string {
	var faults []string
	for _, by := range slices.Sorted(maps.Keys(all)) {
		own := within(by, l.packages)
		if !own && !within(by, l.may) {
			continue
		}
		for _, p := range all[by] {
			_, listed := all[p]
			switch {
			case listed && (within(p, l.packages) || within(p, l.may)):
			case !listed && !(own && slices.Contains(l.not, p)):
			case own:
				faults = append(faults, fmt.Sprintf("%s imports %s: %s", by, p, l))
			default:
				faults = append(faults, fmt.Sprintf("%s imports %s (by way of %s): %s", l.packages[0], p, by, l))
			}
		}
	}
	return faults
}

// String says what the layer may import.
func (l layer) String() string {
	s := fmt.Sprintf("%s may import %s and the standard library", l.who, strings.Join(l.may, ", "))
	if len(l.not) > 0 {
		s += " without " + strings.Join(l.not, ", ")
	}
	return s
}

func within(p string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		below, ok := strings.CutSuffix(pattern, "/...")
		return p == below || ok && strings.HasPrefix(p, below+"/")
	})
}

func TestForbiddenImportsAreFound(t *testing.T) {
	l := layer{"the engine", []string{"fsm/engine"}, []string{"hello/...", "garp", "example.org/ethernet"}, []string{"os"}}
	const words = ": the engine may import hello/..., garp, example.org/ethernet and the standard library without os"
	for _, tt := range []struct {
		name string
		all  graph
		want []string
	}{
		{"all that is allowed", graph{
			"fsm/engine": {"hello", "hello/wire", "garp", "time"}, "hello": {"net"}, "hello/wire": {"hello"},
			"garp": {"hello", "example.org/ethernet"}, "example.org/ethernet": {"os"},
		}, nil},
		{"a package of the module", graph{"fsm/engine": {"configs"}, "configs": {"os"}}, []string{"fsm/engine imports configs" + words}},
		{"another module", graph{"fsm/engine": {"example.org/netlink"}, "example.org/netlink": nil},
			[]string{"fsm/engine imports example.org/netlink" + words}},
		{"by way of one that is allowed", graph{"fsm/engine": {"garp"}, "garp": {"vip"}, "vip": nil},
			[]string{"fsm/engine imports vip (by way of garp)" + words}},
		{"the outside", graph{"fsm/engine": {"time", "os"}}, []string{"fsm/engine imports os" + words}},
		{"a name that begins like one", graph{"fsm/engine": {"garpx"}, "garpx": nil}, []string{"fsm/engine imports garpx" + words}},
	} {
		if diff := cmp.Diff(tt.want, l.faults(tt.all)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// clockless are the packages that are given their times.
var clockless = []string{"fsm", "fsm/hsrp", "fsm/vrrp", "fsm/follow", "fsm/internal/scenario", "fsm/engine", "fsm/sim", "garp", "garp/prove", "hello"}

func TestMachinesKnowNoClock(t *testing.T) {
	for _, p := range clockless {
		files, err := filepath.Glob("../" + p + "/*.go")
		files = slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") })
		if err != nil || len(files) == 0 {
			t.Errorf("no source of %s: %v", p, err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, use := range clocks(t, f, string(text)) {
				t.Errorf("%s: %s must be given its times", use, p)
			}
		}
	}
}

// clocks returns where a file uses what reads a clock, or waits for one, called
// or not and under whatever name it has for package time.
func clocks(t *testing.T, name, text string) []string {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	as := ""
	for _, i := range f.Imports {
		switch {
		case i.Path.Value != `"time"`:
		case i.Name != nil:
			as = i.Name.Name
		default:
			as = "time"
		}
	}
	if as == "." {
		return []string{name + ": package time without its name"}
	}
	var uses []string
	ast.Inspect(f, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		switch s.Sel.Name {
		case "Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer":
			if x, ok := s.X.(*ast.Ident); ok && x.Name == as {
				uses = append(uses, fmt.Sprintf("%s: time.%s", set.Position(s.Pos()), s.Sel.Name))
			}
		}
		return true
	})
	return uses
}

func TestClocksAreFound(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"called", "import \"time\"\nfunc a() { <-time.After(1) }", []string{"f.go:3:14: time.After"}},
		{"handed on", "import \"time\"\nvar a = time.Now", []string{"f.go:3:9: time.Now"}},
		{"under another name", "import t \"time\"\nvar a = t.NewTimer(0)", []string{"f.go:3:9: time.NewTimer"}},
		{"under no name", "import . \"time\"\nvar a = Now()", []string{"f.go: package time without its name"}},
		{"arithmetic", "import \"time\"\nvar a = time.Time{}.After(time.Unix(0, 0))", nil},
		{"somebody else's", "import \"x\"\nvar a = x.Now()", nil},
	} {
		if diff := cmp.Diff(tt.want, clocks(t, "f.go", "package p\n"+tt.text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
