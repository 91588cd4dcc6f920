package recorder

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// names lists what is in a folder.
func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestAFolderIsBoundedAndTouchesItsOwnFilesOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "record")
	for i := range 2 * MostFiles {
		path, err := Folder(dir).Save(began.Add(time.Duration(i)*time.Second), []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o600 {
			t.Fatalf("%s: %v, %v", path, fi, err)
		}
		if i == 0 {
			for _, other := range []string{"notes.txt", "fhrpd-mine.pcapng", ".fhrpd-20260301T110000.000Z.pcapng"} {
				if err := os.WriteFile(filepath.Join(dir, other), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	got := names(t, dir)
	if len(got) != MostFiles+2 || !slices.Contains(got, "notes.txt") || !slices.Contains(got, "fhrpd-mine.pcapng") {
		t.Errorf("%d files: %q", len(got), got)
	}
	if oldest := "fhrpd-20260301T120032.000Z.pcapng"; got[0] != oldest {
		t.Errorf("the oldest is %s, want %s", got[0], oldest)
	}
	if _, err := Folder(dir).Save(began.Add(time.Hour), make([]byte, MostBytes-3)); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); len(got) != 6 {
		t.Errorf("beside one of almost all bytes there are %q", got)
	}
	if fi, err := os.Stat(dir); err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", fi, err)
	}
}

// What is in the way is the same each time, so that it is said once.
func TestWhatIsInTheWayHasNoNameOfAFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]string{
		filepath.Join(dir, "none", "record"): ": no such file or directory",
		file:                                 ": not a directory",
	} {
		_, err := Folder(folder).Save(began, nil)
		if err == nil || !strings.HasSuffix(err.Error(), folder+want) {
			t.Errorf("%v, want the folder and %q", err, want)
		}
	}
}

func TestNothingIsLeftOfAFileWithoutRoom(t *testing.T) {
	dir := t.TempDir()
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1000, Max: was.Max}); err != nil {
		t.Skip(err)
	}
	_, err := Folder(dir).Save(began, make([]byte, 2000))
	if back := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); back != nil {
		t.Fatal(back)
	}
	if err == nil || len(names(t, dir)) != 0 {
		t.Errorf("%v, and %q is left", err, names(t, dir))
	}
}
