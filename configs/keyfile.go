package configs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const keyFileMax = 4096

// keyFile reads a key of one line. ok is false after a fault.
func (p *parser) keyFile(o *opt[string]) (path, key string, ok bool) {
	path = p.keyPath(o.v)
	data, mode, err := p.readKey(path)
	if err != nil {
		if pe, ok := errors.AsType[*fs.PathError](err); ok {
			err = pe.Err // the fault names the path itself
		}
		p.fault(o.at, "%s %s: %v", o.at.key, path, closed(path, err))
		return path, "", false
	}
	key = strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if strings.ContainsAny(key, "\n\x00") {
		p.fault(o.at, "%s %s: the key must be one line of text", o.at.key, path)
		return path, "", false
	}
	if mode&0o007 != 0 {
		p.warn(o.at, "%s %s is open to everybody (mode %04o): chmod 640 or less", o.at.key, path, mode)
	}
	return path, key, true
}

// keyPath returns the absolute path of a key file. A bare name may be that of a
// credential of the unit (systemd: LoadCredential=), and otherwise starts, like
// every relative path, from the folder of the configuration.
func (p *parser) keyPath(name string) string {
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" && name == filepath.Base(name) {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	if filepath.IsAbs(name) {
		return name
	}
	path := filepath.Join(filepath.Dir(p.file), name)
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// readKeyFile reads a small regular file: a device or a pipe would hold the
// daemon up for ever.
func readKeyFile(path string) ([]byte, fs.FileMode, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, keyFileMax))
	return data, info.Mode().Perm(), err
}
