package importer

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fhrpd/fhrpd/configs"
	"github.com/fhrpd/fhrpd/hello"
)

// authenticate reads the authentication of an instance once its version is known.
func (i *instance) authenticate() {
	if i.hmac != nil {
		i.trailer(i.hmac)
	}
	s := i.auth
	if s == nil {
		return
	}
	kind, pass, at := "", "", s
	for _, b := range s.block {
		switch b.arg(0) {
		case "auth_type":
			kind = strings.ToUpper(b.arg(1))
		case "auth_pass":
			pass, at = b.arg(1), b
		default:
			i.not(b.at, b.String(), "it is no part of authentication")
		}
	}
	switch {
	case i.hmac != nil:
		i.not(s.at, s.String(), "auth_hmac is there too: keepalived takes one of both")
	case i.strict:
		i.note(s.at, s.String(), "in strict mode keepalived does not heed it: there is none")
	case kind == "AH":
		i.not(s.at, s.String(), "AH is not supported: the peers do not believe this router before they do without, or use auth_hmac")
	case i.v.Version == 3:
		i.note(s.at, s.String(), "in version 3 keepalived does not heed it: a keychain is the way")
	case pass == "":
		i.not(s.at, s.String(), "there is no auth_pass in it")
	default:
		i.v.Auth.Text = i.text(at, pass)
	}
}

// text takes what fits into a packet, as keepalived and IOS do.
func (d *draft) text(s *statement, pass string) string {
	if len(pass) > hello.MaxTextAuth {
		d.note(s.at, s.String(), fmt.Sprintf("only its first %d bytes are sent, there and here", hello.MaxTextAuth))
		pass = pass[:hello.MaxTextAuth]
	}
	return pass
}

// begun is when a key that is to sign began, so that it is preferred to those that
// say nothing.
var begun = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// trailer reads auth_hmac, whose keys become a keychain with the name of the
// instance.
func (i *instance) trailer(s *statement) {
	chainOf := &chain{at: s.at, Keychain: configs.Keychain{Name: label(i.name0())}}
	a := configs.Auth{Keychain: chainOf.Name, Mode: "enforce", Replay: "time"}
	active := ""
	for _, b := range s.block {
		switch b.arg(0) {
		case "key":
			i.key(b, chainOf)
		case "active_key":
			active = b.arg(1)
		case "anti_replay":
			a.Replay = b.arg(1)
		case "mode":
			a.Mode = b.arg(1)
		case "time_window":
			i.period(b, &a.Window)
		default:
			i.not(b.at, b.String(), "fhrpd has nothing like it")
		}
	}
	for n := range chainOf.Keys {
		if k := &chainOf.Keys[n]; strconv.Itoa(int(k.ID)) == active {
			k.Send.From = begun
		}
	}
	if len(chainOf.Keys) == 0 {
		i.not(s.at, s.String(), "no key of it could be translated: the peers do not believe this router before it has one")
		return
	}
	i.keychains = append(i.keychains, chainOf)
	i.v.Auth = a
}

func (i *instance) key(s *statement, c *chain) {
	id, ok := number(s.arg(1), 1, hello.MaxHMACKeyID)
	if !ok {
		i.not(s.at, s.String(), "the number of a key is 1 to 255")
		return
	}
	k := configs.Key{ID: uint32(id), Secret: s.arg(2)}
	if path, ok := strings.CutPrefix(k.Secret, "file:"); ok {
		k = configs.Key{ID: uint32(id), File: path}
		if _, err := i.options.Files.Read(path); err != nil {
			i.not(s.at, s.String(), fmt.Sprintf("key %d is in a file that cannot be read here (%v): add { id = %d, secret_file = … } to the keychain", id, err, id))
			return
		}
	}
	c.Keys = append(c.Keys, k)
}
