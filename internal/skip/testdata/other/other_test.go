// Package other is a second package, for a go test of several.
package other

import "testing"

func TestSample(*testing.T) {}
