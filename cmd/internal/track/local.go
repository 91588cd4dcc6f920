package track

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/cmd/internal/command"
)

// numberLimit is how much of a file is read: more is no number.
const numberLimit = 32

// fileCheck is up while the file exists and does not hold the number 0. Any
// other content does not matter. What is not a regular file is not opened.
func fileCheck(path string) check {
	return func(context.Context) (string, error) {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("%s does not exist", path)
		case err != nil:
			return "", fmt.Errorf("look at %s: %w", path, bare(err))
		case !info.Mode().IsRegular():
			return path + " exists", nil
		}
		return readNumber(path)
	}
}

func readNumber(path string) (string, error) {
	// The file may have become a pipe in the meantime, which must not block.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return "", fmt.Errorf("open %s: %w", path, bare(err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, numberLimit+1))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, bare(err))
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	switch {
	case err != nil || len(b) > numberLimit:
		return path + " exists", nil
	case n == 0:
		return "", fmt.Errorf("%s says 0", path)
	}
	return fmt.Sprintf("%s says %d", path, n), nil
}

// commandCheck is up while the program ends with status 0. What the program
// leaves running is killed, so that checks cannot pile up.
func commandCheck(args []string, timeout time.Duration) check {
	return func(ctx context.Context) (string, error) {
		r := command.Run(ctx, command.Spec{Args: args, Timeout: timeout, Alone: true})
		err := r.Err
		switch {
		case err == nil:
			return cmp.Or(r.Line, "exit status 0"), nil
		case errors.Is(err, context.DeadlineExceeded):
			err = fmt.Errorf("%s did not end within %v", args[0], timeout)
		case r.Exit < 0:
			return "", err
		}
		if r.Line != "" {
			err = fmt.Errorf("%w: %s", err, r.Line)
		}
		return "", err
	}
}
