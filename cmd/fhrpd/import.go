package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/importer"
)

// exitPartly is import's answer when something was not translated.
const exitPartly = 5

func importCommand(a *app) *cobra.Command {
	var o importer.Options
	var interfaces []string
	cmd := &cobra.Command{
		Use:   "import " + strings.Join(importer.Dialects(), "|") + " FILE",
		Short: "translate the configuration of another program into fhrpd's",
		Long: paragraphs("import prints a configuration that \"fhrpd check\" accepts, without the keys that\nhave their default, and to stderr what of the file was not translated, with its\nline and the reason: nothing is left out in silence. Secrets are in the output\nas they are in the file.",
			"\"ios\" is Cisco's IOS, IOS XE and NX-OS; \"vyos\" takes config.boot and set\ncommands. The interfaces of a router have other names here: say them.",
			"Exits 0 when everything was translated, 5 when something was not, 1 when there\nis no group in the file, and 2 when it cannot be read or understood at all."),
		Example: examples("fhrpd import keepalived /etc/keepalived/keepalived.conf >fhrpd.toml",
			"fhrpd import ios r1.cfg --interface Vlan10=eth1 --interface Gi0/0=eth0",
			"fhrpd import keepalived pair.conf --config-id main"),
		Args: exactly("the kind of configuration", "the file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.Interfaces, err = renames(interfaces); err != nil {
				return usageError(cmd, err)
			}
			if err := oneOfDialects(args[0]); err != nil {
				return usageError(cmd, err)
			}
			return a.importFile(args[0], args[1], o)
		},
		ValidArgsFunction: completeImport,
	}
	cmd.Flags().StringArrayVar(&interfaces, "interface", nil, "`FROM=NAME`: what an interface of the file is called here; again for each")
	cmd.Flags().StringVar(&o.ConfigID, "config-id", "", "keepalived's `id` of this router, for lines that begin with @")
	return cmd
}

// completeImport offers the dialects, and then files.
func completeImport(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	switch len(args) {
	case 0:
		return importer.Dialects(), cobra.ShellCompDirectiveNoFileComp
	case 1:
		return nil, cobra.ShellCompDirectiveDefault
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

func oneOfDialects(name string) error {
	if slices.Contains(importer.Dialects(), name) {
		return nil
	}
	return fmt.Errorf("%q is no kind of configuration: want one of %s", name, strings.Join(importer.Dialects(), ", "))
}

func renames(pairs []string) (map[string]string, error) {
	names := map[string]string{}
	for _, p := range pairs {
		from, to, ok := strings.Cut(p, "=")
		if !ok || from == "" || to == "" {
			return nil, fmt.Errorf("interface %q: want FROM=NAME, as in Vlan10=eth1", p)
		}
		names[from] = to
	}
	return names, nil
}

// importFile prints the translation of a file, and the remarks to it.
func (a *app) importFile(dialect, path string, o importer.Options) error {
	o.Files = importer.Disk{}
	text, err := o.Files.Read(path)
	if err != nil {
		return &exitError{code: exitInvalid, err: fmt.Errorf("read configuration: %w", err)}
	}
	r, err := importer.Translate(dialect, path, text, o)
	if err != nil {
		return &exitError{code: exitInvalid, err: err}
	}
	for _, m := range r.Remarks {
		fmt.Fprintln(a.stderr, m)
	}
	if r.Groups() == 0 {
		return &exitError{code: exitFailed, err: errors.New("nothing was translated")}
	}
	if _, err := a.stdout.Write(r.Text); err != nil {
		return fmt.Errorf("print configuration: %w", err)
	}
	if n := r.Untranslated(); n > 0 {
		return &exitError{code: exitPartly, err: fmt.Errorf("%s: translated in part: groups: %d, remarks above on what was not translated: %d", path, r.Groups(), n)}
	}
	return nil
}
