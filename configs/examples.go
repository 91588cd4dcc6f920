package configs

import _ "embed"

// Reference is a file that has every key, with its meaning and default.
//
//go:embed reference.toml
var Reference string

// Minimal is a file that makes one of a pair of gateways.
//
//go:embed minimal.toml
var Minimal string
