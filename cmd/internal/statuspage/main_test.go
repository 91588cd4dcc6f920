package statuspage

import (
	"os"
	"testing"

	"github.com/fhrpd/fhrpd/internal/skip"
)

func TestMain(m *testing.M) { os.Exit(skip.Run(m)) }
