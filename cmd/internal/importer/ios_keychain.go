package importer

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/hello"
)

// keyChain reads "key chain NAME".
func (x *ios) keyChain(c *command) {
	out := &chain{at: c.at, Keychain: configs.Keychain{Name: label(strings.Join(c.rest(2), " "))}}
	for _, b := range c.below {
		if b.arg(0) != "key" {
			x.not(b.at, b.String(), "it is no part of a keychain of HSRP")
			continue
		}
		if k, ok := x.key(b); ok {
			out.Keys = append(out.Keys, k)
		}
	}
	if len(out.Keys) > 0 {
		x.keychains = append(x.keychains, out)
	} else {
		x.not(c.at, c.String(), "no key of it could be translated")
	}
}

func (x *ios) key(c *command) (k configs.Key, ok bool) {
	id, ok := number(c.arg(1), 0, 1<<31-1)
	if !ok {
		x.not(c.at, c.String(), outside(0, 1<<31-1))
		return k, false
	}
	k.ID = uint32(id)
	for _, b := range c.below {
		why := ""
		switch b.arg(0) {
		case "key-string":
			k.Secret, why = keyString(b.rest(1))
		case "accept-lifetime":
			k.Accept, why = lifetime(b.rest(1))
		case "send-lifetime":
			k.Send, why = lifetime(b.rest(1))
		case "cryptographic-algorithm":
			if b.arg(1) != "md5" {
				why = "HSRP has MD5"
			}
		default:
			why = "it is no part of a key of HSRP"
		}
		if why != "" {
			x.not(b.at, b.String(), why)
		}
	}
	if k.Secret == "" {
		x.not(c.at, c.String(), "it has no key-string that could be read")
	}
	return k, k.Secret != ""
}

// obscured is what type 7 of IOS mixes keys with. It keeps a key from being read over
// a shoulder, and no more.
const obscured = "dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"

// keyString reads a key in the clear, or of type 7.
func keyString(words []string) (key, why string) {
	switch {
	case len(words) == 0:
		return "", "there is no key"
	case len(words) == 1:
		return words[0], ""
	case words[0] == "0" || words[0] == "unencrypted":
		return words[1], ""
	case words[0] == "7":
		return revealed(words[1])
	case words[0] == "6" || words[0] == "5" || words[0] == "8" || words[0] == "encrypted":
		return "", "the key is encrypted: only that router can read it"
	}
	return strings.Join(words, " "), ""
}

func revealed(s string) (key, why string) {
	why = "it is no key of type 7"
	if len(s) < 4 {
		return "", why
	}
	seed, ok := number(s[:2], 0, len(obscured)-1)
	data, err := hex.DecodeString(s[2:])
	if !ok || err != nil {
		return "", why
	}
	for n := range data {
		data[n] ^= obscured[(seed+n)%len(obscured)]
	}
	return string(data), ""
}

// lifetime reads "[local] 00:00:00 Jan 1 2026 infinite", "… duration 3600", or a
// second time. IOS has these in the time zone of the router, and UTC is assumed.
func lifetime(words []string) (d hello.Period, why string) {
	why = "want a time, and infinite, duration or a time"
	if len(words) > 0 && words[0] == "local" {
		return d, "it is in the time zone of that router: write it with an offset"
	}
	if len(words) < 5 {
		return d, why
	}
	from, ok := instant(words[:4])
	if !ok {
		return d, why
	}
	d.From = from
	switch rest := words[4:]; {
	case rest[0] == "infinite":
		return d, ""
	case rest[0] == "duration" && len(rest) > 1:
		n, ok := number(rest[1], 1, 1<<31-1)
		if !ok {
			return hello.Period{}, why
		}
		d.Until = from.Add(time.Duration(n) * time.Second)
		return d, ""
	case len(rest) >= 4:
		if d.Until, ok = instant(rest[:4]); ok {
			return d, ""
		}
	}
	return hello.Period{}, why
}

// instant reads "00:00:00 Jan 1 2026" or with day and month the other way round.
func instant(words []string) (time.Time, bool) {
	for _, layout := range []string{"15:04:05 Jan 2 2006", "15:04:05 2 Jan 2006", "15:04:05 January 2 2006", "15:04:05 2 January 2006"} {
		if t, err := time.Parse(layout, strings.Join(words, " ")); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// useChain has a group use a keychain, which is translated when the first asks for it.
func (p *port) useChain(c *command, h *configs.HSRP, name string) {
	at := func() int {
		return slices.IndexFunc(p.keychains, func(k *chain) bool { return k.Name == label(name) })
	}
	if source := p.chains[name]; at() < 0 && source != nil {
		p.keyChain(source)
	}
	if at() < 0 {
		p.not(c.at, c.String(), fmt.Sprintf("key chain %s is not in the file, or none of its keys was translated: the other routers do not believe this one before it has them", name))
		return
	}
	h.Auth = configs.Auth{Keychain: label(name)}
	k := p.keychains[at()]
	timed := func(k configs.Key) bool { return k.Accept != hello.Period{} || k.Send != hello.Period{} }
	if slices.ContainsFunc(k.Keys, timed) {
		p.not(k.at, "key chain "+name, "its times are taken as UTC: a router has them in its own time zone")
	}
}
