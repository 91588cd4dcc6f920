package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/control"
	"github.com/fhrpd/fhrpd/cmd/internal/doctor"
	"github.com/fhrpd/fhrpd/cmd/internal/links"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/configs/setup"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

func checkCommand(a *app) *cobra.Command {
	var config string
	var effective, secrets bool
	cmd := &cobra.Command{
		Use:     "check",
		Short:   "validate the configuration; every fault at once",
		Long:    "check prints the faults of the configuration to stderr, with file, line, what\nwas found and what is allowed, at most 50. Doubtful settings are warnings, and\nso are secrets in a file that everybody may read, groups that could not run on\nan interface that this host has, and interfaces that answer ARP for others\nin a way that no failover moves. \"fhrpd doctor\" looks at the host and its\nsegments.\n\nExits 0 when there is no fault and 2 otherwise.",
		Example: examples("fhrpd check", "fhrpd check --config ./fhrpd.toml --print   # with every default filled in"),
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return a.check(config, effective, secrets) },
	}
	configFlag(cmd, &config)
	cmd.Flags().BoolVar(&effective, "print", false, "print the effective configuration, secrets masked")
	cmd.Flags().BoolVar(&secrets, "secrets", false, "with --print: print the secrets too, so that the output is a configuration")
	return cmd
}

// configFlag gives cmd --config.
func configFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "config", defaultConfig, "the configuration `file`")
	_ = cmd.MarkFlagFilename("config", "toml") // the flag exists
}

func (a *app) check(path string, effective, secrets bool) error {
	c, err := a.loadConfig(path, exitInvalid)
	if err != nil {
		return err
	}
	a.warnOfMisfits(path, c)
	if group := c.Daemon.Readers; group != "" {
		if err := control.GroupExists(group); err != nil {
			fmt.Fprintf(a.stderr, "warning: %s: daemon.readers: %v\n", path, err)
		}
	}
	for _, f := range doctor.Proxies(c) {
		a.warn("%s: %s: %s: %s (cure: %s)", path, f.Object, f.Found, f.Effect, f.Cure)
	}
	switch {
	case effective && secrets:
		return configs.Print(a.stdout, c)
	case effective:
		return configs.PrintMasked(a.stdout, c)
	}
	_, err = fmt.Fprintf(a.stdout, "%s: valid; HSRP groups: %d, VRRP routers: %d, tracked objects: %d; \"fhrpd doctor\" looks at the host\n",
		path, len(c.HSRP), len(c.VRRP), len(c.Tracks))
	return err
}

// warnOfMisfits says which groups could not run on the interfaces that this host
// has. The file may be for another host, so nothing is a fault.
func (a *app) warnOfMisfits(path string, c *configs.Config) {
	list, _ := links.List() // a kernel that does not tell has no interface of a group
	for _, g := range setup.Groups(c) {
		l, ok := links.ByName(list, g.Interface)
		if !ok {
			continue
		}
		link := engine.Link{Name: l.Name, MAC: l.MAC, MTU: l.MTU, Kind: l.Kind, Passthru: l.Passthru, Addrs: addresses(l.Index)}
		if m, ok := links.ByIndex(list, l.Master); ok && m.TakesFrames() {
			link.PortOf = m.Kind + " " + m.Name
		}
		if why := g.Misfit(&link, g.VirtualIPs); why != "" {
			a.warn("%s: %s: %s", path, g.Ref, why)
		}
	}
}

// addresses returns those of an interface, as far as the kernel tells.
func addresses(index int) (list []netip.Prefix) {
	ifi := net.Interface{Index: index}
	addrs, _ := ifi.Addrs()
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			list = append(list, p)
		}
	}
	return list
}

// loadConfig reads the file at path. Warnings and faults go to stderr, a line
// each, in the form that editors jump to; any fault ends the command with code.
func (a *app) loadConfig(path string, code int) (*configs.Config, error) {
	c, err := a.faultless(path, code)
	if err != nil {
		return nil, err
	}
	for _, line := range configs.Lines("", c.Warnings) {
		a.warn("%s", line)
	}
	return c, nil
}

func (a *app) warn(format string, args ...any) {
	a.complain(slog.LevelWarn, "warning: "+fmt.Sprintf(format, args...))
}

// faultless is loadConfig without the warnings.
func (a *app) faultless(path string, code int) (*configs.Config, error) {
	c, err := configs.Load(path)
	if faults, ok := errors.AsType[configs.Errors](err); ok {
		for _, line := range configs.Lines("", faults) {
			a.complain(slog.LevelError, line)
		}
		return nil, quiet(code)
	}
	if err != nil {
		return nil, &exitError{code: code, err: err}
	}
	return c, nil
}
