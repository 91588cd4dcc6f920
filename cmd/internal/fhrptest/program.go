package fhrptest

import (
	"os"
	"syscall"
)

// WriteProgram writes a file that can be executed as soon as it returns, whatever else
// this process starts meanwhile. A child that is forked while a file is open for writing
// has it open too, until its own exec(2) has closed it; who executes the file before that
// is told ETXTBSY.
func WriteProgram(path string, text []byte) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, text, 0o755)
}

// CopyProgram is WriteProgram with what another file holds.
func CopyProgram(to, from string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return WriteProgram(to, text)
}
