package fhrptest

import (
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/skip"
)

// As makes the daemon run as an ordinary user of the system, with the two
// capabilities that the unit gives it and no other. It is called before Start, and
// skips the test where there is no other user to become.
func (d *Daemon) As(uid int) {
	d.T.Helper()
	users, err := os.ReadFile("/proc/self/uid_map")
	Must(d.T, err)
	if f := strings.Fields(string(users)); os.Geteuid() != 0 || len(f) != 3 || f[2] == "1" {
		skip.Regardless(d.T, "only root of the machine can start a program as another user")
	}
	Must(d.T, os.Chown(d.dir, uid, uid))
	// The folder of the program may be closed to others.
	d.program = d.Path("fhrpd")
	Must(d.T, CopyProgram(d.program, Program()))
	d.attr = &syscall.SysProcAttr{
		Credential:  &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)},
		AmbientCaps: []uintptr{unix.CAP_NET_ADMIN, unix.CAP_NET_RAW},
	}
}
