package configs

import "github.com/fhrpd/fhrpd/hello"

// How many virtual addresses with install = "address" are no burden. With each IPv6
// address that it adds, and whose lifetime it extends every second or so, Linux looks
// at every one that the host has: 100 take 0.3 % of a processor, 500 take 6 %, 1000 a
// quarter, and a second to be added. IPv4 addresses are a list of each interface:
// 1000 of them take 0.1 % and are added in 15 ms, 4096 take 1.7 % and 190 ms.
const (
	easy6 = 200  // on a host
	easy4 = 4000 // on an interface
)

// manyAddresses warns once of too many addresses of a kind.
func (p *parser) manyAddresses(all []entry) {
	type list struct {
		family hello.Family
		iface  string // of IPv4
	}
	count := map[list]int{}
	over := map[list]position{} // the group with which it becomes too many
	for _, e := range all {
		if e.group.Install != InstallAddress || e.none {
			continue
		}
		l := list{e.group.Family, ""}
		if l.family == hello.IPv4 {
			l.iface = e.group.Interface
		}
		count[l] += len(e.group.VirtualIPs)
		if _, found := over[l]; !found && count[l] > easy(l.family) {
			over[l] = e.at
		}
	}
	for l, at := range over {
		where := "of this host"
		if l.iface != "" {
			where = "on " + l.iface
		}
		p.warn(at, `virtual IPv%d addresses %s with install = "address": %d; above %d they cost the kernel much time: install = "route" where no program serves them`,
			l.family, where, count[l], easy(l.family))
	}
}

func easy(f hello.Family) int {
	if f == hello.IPv4 {
		return easy4
	}
	return easy6
}
