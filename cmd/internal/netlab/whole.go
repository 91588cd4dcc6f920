package netlab

import "github.com/fhrpd/fhrpd/internal/dump"

// Whole reads one of the kernel's tables, again when it changed meanwhile: see
// [dump.Whole].
func Whole[T any](list func() ([]T, error)) ([]T, error) { return dump.Whole(list) }
