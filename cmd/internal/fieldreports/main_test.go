package fieldreports

import (
	"testing"

	"github.com/fhrpd/fhrpd/cmd/internal/fhrptest"
)

func TestMain(m *testing.M) {
	fhrptest.AtOnce(6)
	fhrptest.Main(m)
}
