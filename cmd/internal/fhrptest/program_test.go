package fhrptest

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// Others are forked all the time, and take long to close the files that they have from
// this process.
func TestProgramRunsAsSoonAsItIsWritten(t *testing.T) {
	null, err := os.Open(os.DevNull)
	Must(t, err)
	defer null.Close()
	for range 2000 {
		fd, err := unix.FcntlInt(null.Fd(), unix.F_DUPFD_CLOEXEC, 0)
		Must(t, err)
		defer unix.Close(fd)
	}
	const idle = "#!/bin/sh\n"
	other, program := filepath.Join(t.TempDir(), "other"), filepath.Join(t.TempDir(), "program")
	Must(t, WriteProgram(other, []byte(idle)))
	done := make(chan struct{})
	var others sync.WaitGroup
	defer others.Wait()
	defer close(done)
	for range 2 {
		others.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					if err := exec.Command(other).Run(); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	for range 200 {
		Must(t, CopyProgram(program, other))
		if out, err := exec.Command(program).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
}
