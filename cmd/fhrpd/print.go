package main

import (
	"encoding/json"
	"io"
)

// print writes v as JSON when that was asked for, otherwise as text.
func (a *app) print(v any, text func() string) error {
	if a.json {
		enc := json.NewEncoder(a.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
	_, err := io.WriteString(a.stdout, text())
	return err
}
