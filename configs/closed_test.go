package configs

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// closedTo names the file that a second process of the test reads.
const closedTo = "FHRPD_CONFIGS_CLOSED"

// The daemon is another user than who writes its files.
func TestFileThatIsClosedToItsReaderNamesTheCure(t *testing.T) {
	if path := os.Getenv(closedTo); path != "" {
		_, err := Load(path)
		fmt.Println(err)
		return
	}
	dir := t.TempDir()
	config, key := filepath.Join(dir, "fhrpd.toml"), filepath.Join(dir, "hsrp.key")
	for path, text := range map[string]string{
		config: "[[hsrp]]\ninterface = \"eth1\"\nvirtual_ips = [\"192.0.2.1\"]\nauth = { md5_file = \"hsrp.key\" }\n",
		key:    "secret",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{key, config} {
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("%v for user ", fs.ErrPermission)
		said := asAnother(t, config)
		if !strings.Contains(said, want) || !strings.Contains(said, path+" && chmod 640 "+path) {
			t.Errorf("%s is closed: %s", path, said)
		}
	}
}

// asAnother reads a configuration as a user who is not root.
func asAnother(t *testing.T, config string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFileThatIsClosed")
	cmd.Env = append(os.Environ(), closedTo+"="+config)
	if os.Geteuid() == 0 {
		// The folders above, and that of this program, are root's.
		for dir := filepath.Dir(config); len(dir) > len(os.TempDir()); dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		program := filepath.Join(filepath.Dir(config), "test")
		text, err := os.ReadFile(os.Args[0])
		if err == nil {
			err = os.WriteFile(program, text, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
		cmd.Path, cmd.Dir = program, "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func TestFileThatIsMissingNamesTheCure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fhrpd.toml")
	_, err := Load(path)
	if err == nil || !strings.Contains(err.Error(), path+": no such file or directory (cure: write it") || !strings.Contains(err.Error(), "--config)") {
		t.Errorf("%v", err)
	}
}
