package interop

import (
	"os"
	"os/exec"
	"time"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
)

// startLogged starts a program in the peer's place with its output appended to
// a log of the segment. It gets real-time priority, as fhrpd takes by itself: a
// peer that the tests' own load keeps from its timers says nothing about us.
func (s *segment) startLogged(log, program string, args ...string) *netlab.Process {
	s.t.Helper()
	cmd := exec.Command("chrt", append([]string{"--fifo", "1", program}, args...)...)
	out, err := os.OpenFile(s.path(log), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(s.t, err)
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	proc, err := s.nodes[them].ns.StartPrivate(cmd)
	must(s.t, err)
	return proc
}

// ended waits for the end of a program.
func (s *segment) ended(p *netlab.Process) {
	s.t.Helper()
	select {
	case <-p.Done():
	case <-time.After(patience):
		s.t.Fatalf("%s does not end\n%s", p.Path, s.logs())
	}
}

func running(p *netlab.Process) bool {
	if p == nil {
		return false
	}
	select {
	case <-p.Done():
		return false
	default:
		return true
	}
}
