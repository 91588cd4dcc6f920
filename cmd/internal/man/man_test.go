package man

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/internal/skip"
)

func TestMain(m *testing.M) { os.Exit(skip.Run(m)) }

var head = Head{Date: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Version: "v1.2"}

func sample() *cobra.Command {
	root := &cobra.Command{Use: "tool", Short: "does it", Long: "tool does it, and\n\"tool stop\" stops.\n\n.dots and 'quotes' stay", Example: "  tool go --fast   # at once"}
	run := func(*cobra.Command, []string) {}
	stop := &cobra.Command{Use: "stop THING", Long: "FORM is\n\n  a    one\n  b    two", Run: run}
	stop.Flags().String("form", "a", "the `form`")
	stop.Flags().Bool("now", false, `with a \ in it`)
	group := &cobra.Command{Use: "show"}
	group.PersistentFlags().StringP("file", "f", "", "a `file`")
	group.AddCommand(&cobra.Command{Use: "state", Long: "The state.", Run: run})
	root.AddCommand(stop, group, &cobra.Command{Use: "secret", Long: "Not this.", Hidden: true, Run: run})
	return root
}

func TestCommands(t *testing.T) {
	compare(t, `.TH "TOOL" 8 "2026-03-01" "v1.2" "fhrpd"
.SH "NAME"
tool \- does it
.SH "SYNOPSIS"
\fBtool\fR \fICOMMAND\fR [\fIARGUMENT\fR...]
.SH "DESCRIPTION"
tool does it, and
"tool stop" stops.
.PP
\&.dots and \(aqquotes\(aq stay
.PP
Every command of this page tells the same with \-\-help.
.PP
.RS 4
.nf
tool go \-\-fast   # at once
.fi
.RE
.SH "COMMANDS"
.SS "tool show state"
The state.
.TP
\fB\-f\fR, \fB\-\-file\fR \fIfile\fR
a file
.SS "tool stop THING"
FORM is
.PP
.RS 4
.nf
a    one
b    two
.fi
.RE
.TP
\fB\-\-form\fR \fIform\fR
the form (default a)
.TP
\fB\-\-now\fR
with a \e in it
`, strings.Split(Commands(sample(), head), ".SH \"FILES\"")[0])
}

func TestConfig(t *testing.T) {
	compare(t, `.TH "FHRPD.TOML" 5 "" "v1.2" "fhrpd"
.SH "NAME"
fhrpd.toml \- configuration of the first\-hop redundancy daemon
.SH "SYNOPSIS"
\fB/etc/fhrpd/fhrpd.toml\fR
.SH "DESCRIPTION"
What a file is.
.SS "[daemon]"
.TP
\fBlog\fR = "info"
how much;
default "info"
.SH "Objects"
shared by all.
.SS "[[track]]"
one each
.TP
\fBname\fR = "a"
unique
.TP
\fBping\fR = "192.0.2.1"
an echo
.TP
\fBkeys\fR
at least one
of id
.RS
.RS 4
.nf
keys = [
  { id = 1 },
]
.fi
.RE
.RE
.TP
\fBkeys\fR = []
or none
.SH "SEE ALSO"
\fBfhrpd\fR(8)
`, Config(`# What a file is.

[daemon]
log = "info"     # how much;
                 # default "info"

# --- Objects: shared by all.

[[track]]        # one each
name = "a"       # unique

[[track]]
name = "b"
ping = "192.0.2.1" # an echo
keys = [         # at least one
    # of id
    { id = 1 },
]
#keys = []       # or none
`, Head{Version: "v1.2"}))
}

func compare(t *testing.T, want, got string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	program := skip.Without(t, "mandoc")
	file := filepath.Join(t.TempDir(), "page")
	if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), program, "-Tlint", "-Wwarning", file).CombinedOutput()
	out = bytes.TrimSpace(out)
	if err != nil && !(strings.Count(string(out), "\n") == 0 && strings.Contains(string(out), "missing date")) {
		t.Errorf("mandoc: %v\n%s", err, out)
	}
}
