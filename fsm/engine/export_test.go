package engine

// Bounds that tests of the whole engine count with.
const (
	Chunk        = chunk
	FarewellMost = farewellMost
	Newcomers    = newcomers
)
