package fhrptest

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/fhrpd/fhrpd/cmd/internal/netlab"
	"github.com/fhrpd/fhrpd/internal/skip"
)

// EnvProgram names a program that was built elsewhere and is to be tested.
const EnvProgram = "FHRPD_E2E_PROGRAM"

// Program returns the path of the program under test.
func Program() string { return os.Getenv(EnvProgram) }

// Main is what TestMain calls: it builds the program while the module cache and
// the compiler are as the caller left them, runs the tests in namespaces of
// their own, and exits. Where the kernel forbids namespaces the tests run all
// the same, and netlab.Need skips the ones that ask for them.
func Main(m interface{ Run() int }) {
	if os.Getenv(envSpin) != "" {
		spin()
	}
	if os.Getenv(envSleep) != "" {
		sleeper()
	}
	if netlab.Inside() {
		os.Exit(skip.Run(m))
	}
	os.Exit(outside(m))
}

func outside(m interface{ Run() int }) int {
	if Program() == "" {
		dir, err := build()
		defer os.RemoveAll(dir)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	skip.HandDown()
	status, err := netlab.Reexec()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return skip.Run(m)
	}
	return status
}

// build puts the program into a new directory, which the caller removes, and
// names it in the environment.
func build() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "fhrpd-test-"); err != nil {
		return dir, err
	}
	program := filepath.Join(dir, "fhrpd")
	if err := Build(program); err != nil {
		return dir, err
	}
	return dir, os.Setenv(EnvProgram, program)
}

// Build builds the program under test into a file.
func Build(program string) error {
	if out, err := goBuild(program, "github.com/fhrpd/fhrpd/cmd/fhrpd").CombinedOutput(); err != nil {
		return fmt.Errorf("build the program under test: %w\n%s(or build it elsewhere and name it in %s)", err, out, EnvProgram)
	}
	return nil
}

// goBuild builds a static program, as packages have it, and asks nobody which commit it
// builds: git refuses to answer about a clone that belongs to another user, and the build
// with it.
func goBuild(program, pkg string) *exec.Cmd {
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", program, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	return cmd
}

// AtOnce makes n tests run at a time unless the command line says otherwise:
// what takes their time is waiting for timers, so there may be more of them than
// processors. TestMain calls it before Main.
func AtOnce(n int) {
	if !netlab.Inside() {
		return
	}
	flag.Parse()
	told := false
	flag.Visit(func(f *flag.Flag) { told = told || f.Name == "test.parallel" })
	if !told {
		_ = flag.Set("test.parallel", strconv.Itoa(n))
	}
}
