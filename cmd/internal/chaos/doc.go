// Package chaos breaks real daemons at random for a while, reloads, upgrades and
// replaces them meanwhile, and looks after every fault whether exactly one of them
// owns each address, and at the end whether anything is left in a kernel. It has no code
// but its test, which runs for ten seconds unless told otherwise:
//
//	go test ./cmd/internal/chaos -v -chaos 10m
//	go test ./cmd/internal/chaos -v -chaos 10m -seed 1234
//	go test ./cmd/internal/chaos -v -faults 500 -load 4 -timeout 2h
//
// The seed decides about the faults, not about what the machine makes of them.
// It is the same each time unless told otherwise, so that what a change breaks
// is the change's; -seed 0 looks for more.
package chaos
