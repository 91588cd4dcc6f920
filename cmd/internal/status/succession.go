package status

// Succession is one process of the daemon in the place of another.
type Succession struct {
	From Process `json:"from"`
	To   Process `json:"to"`
	// PausedMS is for how long nobody of the two acted.
	PausedMS int64 `json:"paused_ms"`
}

// Process is one process of the daemon.
type Process struct {
	Version string `json:"version"`
	PID     int    `json:"pid"`
}
