package e2e

import (
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
)

func TestMain(m *testing.M) {
	fhrptest.AtOnce(12)
	fhrptest.Main(m)
}
