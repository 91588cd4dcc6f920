package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/fhrpd/fhrpd/cmd/internal/doctor"
	"github.com/fhrpd/fhrpd/cmd/internal/links"
	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/configs/setup"
	"github.com/fhrpd/fhrpd/fsm/engine"
)

func checkCommand(a *app) *cobra.Command {
	var config string
	var effective bool
	cmd := &cobra.Command{
		Use:     "check",
		Short:   "validate the configuration; every fault at once",
		Long:    "check prints every fault of the configuration to stderr, with file, line, what\nwas found and what is allowed; doubtful settings are warnings, and\nso are groups that could not run on an interface that this host has, and\ninterfaces that answer ARP for others in a way that no failover moves.\n\nExits 0 when there is no fault and 2 otherwise.",
		Example: examples("fhrpd check", "fhrpd check --config ./fhrpd.toml --print   # with every default filled in"),
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return a.check(config, effective) },
	}
	configFlag(cmd, &config)
	cmd.Flags().BoolVar(&effective, "print", false, "print the effective configuration, keys included")
	return cmd
}

// configFlag gives cmd --config.
func configFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "config", defaultConfig, "the configuration `file`")
	_ = cmd.MarkFlagFilename("config", "toml") // the flag exists
}

func (a *app) check(path string, effective bool) error {
	c, err := a.loadConfig(path, exitInvalid)
	if err != nil {
		return err
	}
	a.warnOfMisfits(path, c)
	for _, f := range doctor.Proxies(c) {
		a.warn("%s: %s: %s: %s (cure: %s)", path, f.Object, f.Found, f.Effect, f.Cure)
	}
	if effective {
		return configs.Print(a.stdout, c)
	}
	_, err = fmt.Fprintf(a.stdout, "%s: valid; HSRP groups: %d, VRRP routers: %d, tracked objects: %d\n",
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
	for _, w := range c.Warnings {
		a.warn("%s", w.Error())
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
		for _, f := range faults {
			a.complain(slog.LevelError, f.Error())
		}
		return nil, quiet(code)
	}
	if err != nil {
		return nil, &exitError{code: code, err: err}
	}
	return c, nil
}
