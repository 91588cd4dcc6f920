package sim

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var (
	firstSeed = flag.Uint64("seed", 1, "first seed of TestSeeds")
	seeds     = flag.Int("seeds", 3000, "how many seeds TestSeeds plays")
)

// TestSeeds plays random histories. A failure prints the shrunk plan: save it
// as testdata/NAME.txt and it is played for ever.
func TestSeeds(t *testing.T) {
	n := *seeds
	if testing.Short() {
		n /= 10
	}
	for seed := *firstSeed; seed < *firstSeed+uint64(n); seed++ {
		p := Random(seed)
		res, err := Run(p)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if len(res.Broken) == 0 {
			continue
		}
		p = Shrink(p)
		res, _ = Run(p)
		t.Fatalf("seed %d breaks an invariant:\n%s\nplan (save as testdata/NAME.txt):\n%s\nstory:\n%s",
			seed, strings.Join(res.Broken, "\n"), p, strings.Join(res.Story, "\n"))
	}
}

// play runs the scenario of a file, in which nothing may be broken.
func play(t *testing.T, file string) (story []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	res, err := Run(p)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Broken) > 0 {
		t.Errorf("%s\nstory:\n%s", strings.Join(res.Broken, "\n"), strings.Join(res.Story, "\n"))
	}
	return res.Story
}

func TestScenarioFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenario files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			play(t, file)
		})
	}
}

func TestOneSeedOneHistory(t *testing.T) {
	for seed := range uint64(20) {
		a, errA := Run(Random(seed))
		b, errB := Run(Random(seed))
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if strings.Join(a.Story, "\n") != strings.Join(b.Story, "\n") {
			t.Fatalf("seed %d had two histories", seed)
		}
	}
}

func TestPlanTextReadsBack(t *testing.T) {
	for seed := range uint64(50) {
		want := Random(seed)
		got, err := Parse(want.String())
		if err != nil || got.String() != want.String() {
			t.Fatalf("seed %d: %v\n%s\nread back as\n%s", seed, err, want, got)
		}
	}
}
