package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
)

// closed adds to an error about a file whom it is closed to, and the cure. The daemon
// has a user of its own, and an administrator may not think of that.
func closed(path string, err error) error {
	if !errors.Is(err, fs.ErrPermission) || os.Geteuid() == 0 {
		return err
	}
	name, group := strconv.Itoa(os.Geteuid()), strconv.Itoa(os.Getegid())
	if u, err := user.LookupId(name); err == nil {
		name = u.Username
	}
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	return fmt.Errorf("%w for user %s (cure: chgrp %s %s && chmod 640 %[4]s)", err, name, group, path)
}
