package e2e6

import (
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
)

func TestMain(m *testing.M) {
	// What takes time is waiting for other routers to be silent.
	fhrptest.AtOnce(6)
	fhrptest.Main(m)
}
