package configs

import _ "embed"

// Reference is a configuration that has every key, with its meaning, range and
// default. The manual page is made of it.
//
//go:embed reference.toml
var Reference string
