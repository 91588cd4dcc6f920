package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/configs"
)

// The files of the two gateways differ in a few words, and nobody notices when
// one of them is changed alone.
func TestConntrackFilesOfTheGatewaysAreAPair(t *testing.T) {
	t.Parallel()
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(conntrackFiles, name))
		must(t, err)
		return string(text)
	}
	for name, other := range map[string]*strings.Replacer{
		"fhrpd.toml": strings.NewReplacer("gateway a. On b the priority is 100", "gateway b. On a the priority is 110", "= 110", "= 100"),
		"conntrackd.conf": strings.NewReplacer("gateway a. On b", "gateway b. On a",
			"\t\tIPv4_address 10.255.0.1\n\t\tIPv4_Destination_Address 10.255.0.2", "\t\tIPv4_address 10.255.0.2\n\t\tIPv4_Destination_Address 10.255.0.1"),
	} {
		if diff := cmp.Diff(other.Replace(read("a-"+name)), read("b-"+name)); diff != "" {
			t.Errorf("%s of a, with the words of b, and of b:\n%s", name, diff)
		}
	}
	for _, name := range []string{"a-fhrpd.toml", "b-fhrpd.toml"} {
		if _, err := configs.Load(filepath.Join(conntrackFiles, name)); err != nil {
			t.Error(err)
		}
	}
}
