package importer

import (
	"os"
	"path/filepath"
	"testing"
)

func FuzzKeepalived(f *testing.F) { fuzz(f, "keepalived") }
func FuzzIOS(f *testing.F)        { fuzz(f, "ios") }
func FuzzFRR(f *testing.F)        { fuzz(f, "frr") }
func FuzzVyOS(f *testing.F)       { fuzz(f, "vyos") }

// fuzz checks of any text that it is refused, or that what becomes of it is valid.
func fuzz(f *testing.F, dialect string) {
	files, err := filepath.Glob(filepath.Join("testdata", dialect, "*"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && filepath.Ext(file) != ".golden" {
			f.Add(text, "main")
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, id string) {
		if r, err := Translate(dialect, "f", text, Options{ConfigID: id}); err == nil {
			sound(t, r)
		}
	})
}
