package show

import (
	"strings"
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

func TestStatusSaysWhatIsWrongWithTheDaemon(t *testing.T) {
	const want = "\ntrouble: metrics are not served: busy\n"
	if got := Status(&status.Status{Troubles: []string{"metrics are not served: busy"}}, now); !strings.Contains(got, want) {
		t.Errorf("got %s, want %q", got, want)
	}
}
