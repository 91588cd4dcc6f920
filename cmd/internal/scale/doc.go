// Package scale measures the real daemon with many groups: what they cost, how
// fast they start, stop and move, and what they do to each other. It has no
// code but its tests and benchmarks:
//
//	go test ./cmd/internal/scale -bench Groups -benchtime 1x -steady 60s
package scale
