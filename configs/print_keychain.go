package configs

import (
	"fmt"
	"strings"
	"time"
)

func (p *printer) keychain(c *Keychain) {
	p.line("\n[[keychain]]")
	p.str("name", c.Name)
	keys := make([]string, len(c.Keys))
	for i := range c.Keys {
		keys[i] = p.keyText(&c.Keys[i])
	}
	p.line("keys = [%s]", strings.Join(keys, ",\n        "))
}

func (p *printer) keyText(k *Key) string {
	parts := []string{fmt.Sprintf("id = %d", k.ID)}
	if k.File != "" {
		parts = append(parts, "secret_file = "+quote(k.File))
	} else {
		parts = append(parts, "secret = "+quote(p.secret(k.Secret)))
	}
	when := func(key string, t time.Time) {
		if !t.IsZero() {
			parts = append(parts, key+" = "+stamp(t))
		}
	}
	when("accept_from", k.Accept.From)
	when("accept_until", k.Accept.Until)
	when("send_from", k.Send.From)
	when("send_until", k.Send.Until)
	return "{ " + strings.Join(parts, ", ") + " }"
}

// keychainAuth writes the auth of a group that uses a keychain. A window that was
// not given depends on the group and has no value to write.
func keychainAuth(a Auth) string {
	parts := []string{"keychain = " + quote(a.Keychain)}
	if a.Mode != "" {
		parts = append(parts, "mode = "+quote(a.Mode), "replay = "+quote(a.Replay))
	}
	if a.Window > 0 {
		parts = append(parts, "window = "+quote(short(a.Window)))
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}
