package hello

import (
	"bytes"
	"crypto/md5"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// DefaultText is the text that RFC 2281 section 5.1 recommends as the default.
const DefaultText = "cisco"

// Limits of authentication data, in bytes.
const (
	MaxTextAuth = 8 // HSRP and VRRPv2: the size of the field

	// MaxMD5Key is the longest key that Cisco IOS accepts. With a key longer than
	// ProvenMD5Key the padding below spans two blocks. That has not been compared
	// with a packet of a Cisco device.
	MaxMD5Key    = 64
	ProvenMD5Key = 55
)

// Auth is how HSRP packets of a group are authenticated. The zero Auth, like a
// nil *Auth, is DefaultText. An Auth does not change and may be shared. Printing
// it in any form shows the kind but no secret.
type Auth struct {
	secret *secret
}

// secret keeps what must not be printed behind a second pointer. Package fmt calls
// no method of a value in another's unexported field, and with a verb that does
// not fit it follows one pointer, but never two.
type secret struct {
	md5   bool
	keyID uint32
	*material
}

type material struct {
	text [MaxTextAuth]byte
	key  []byte
	head []byte // key and its fill: what every digest begins with
}

var defaultSecret = secret{material: &material{text: [MaxTextAuth]byte([]byte(DefaultText + "\x00\x00\x00"))}}

// TextAuth returns clear-text authentication with s, at most 8 bytes without
// NUL. An empty s means the default, "cisco".
func TextAuth(s string) (Auth, error) {
	if s == "" {
		return Auth{}, nil
	}
	if len(s) > MaxTextAuth {
		return Auth{}, fmt.Errorf("authentication text: have %d bytes, want at most %d", len(s), MaxTextAuth)
	}
	if strings.Contains(s, "\x00") {
		return Auth{}, errors.New("authentication text: contains a NUL byte, which pads the field")
	}
	var m material
	copy(m.text[:], s)
	return Auth{&secret{material: &m}}, nil
}

// MD5Auth returns keyed-MD5 authentication with a key of 1 to MaxMD5Key bytes.
// keyID is the number of the key in a Cisco key chain, or 0 for a key string;
// a packet with another number does not verify. The digest is in the style of
// RFC 1828: it proves the sender but does not stop the replay of a packet.
func MD5Auth(key string, keyID uint32) (Auth, error) {
	if len(key) == 0 || len(key) > MaxMD5Key {
		return Auth{}, fmt.Errorf("md5 key: have %d bytes, want 1 to %d", len(key), MaxMD5Key)
	}
	m := &material{key: []byte(key), head: md5Head(key)}
	return Auth{&secret{md5: true, keyID: keyID, material: m}}, nil
}

// md5Head returns key and what MD5 itself would append to a message that
// consists of the key alone (RFC 1828 section 2).
func md5Head(key string) []byte {
	fill := md5.BlockSize - (len(key)+8)%md5.BlockSize // at least the 0x80
	b := make([]byte, 0, len(key)+fill+8)
	b = append(b, key...)
	b = append(b, 0x80)
	b = b[:len(key)+fill]
	return binary.LittleEndian.AppendUint64(b, uint64(len(key))*8)
}

// orDefault returns the secret of a, which may be nil.
func (a *Auth) orDefault() *secret {
	if a == nil || a.secret == nil {
		return &defaultSecret
	}
	return a.secret
}

// Kind returns "text" or "md5".
func (a *Auth) Kind() string {
	if a.orDefault().md5 {
		return "md5"
	}
	return "text"
}

// Text returns the text of text authentication, which travels in the clear, and
// "" with a key.
func (a Auth) Text() string {
	s := a.orDefault()
	if s.md5 {
		return ""
	}
	return string(bytes.TrimRight(s.text[:], "\x00"))
}

// digest returns MD5(head || message || key), where the 16 bytes of message at
// offset at count as zeros.
func (s *secret) digest(message []byte, at int) (d [md5.Size]byte) {
	h := md5.New()
	h.Write(s.head)
	h.Write(message[:at])
	h.Write(d[:])
	h.Write(message[at+len(d):])
	h.Write(s.key)
	h.Sum(d[:0])
	return d
}

// verifyText compares the 8 bytes of a text field.
func (s *secret) verifyText(field []byte) error {
	switch {
	case s.md5:
		return RejectAuthType
	case subtle.ConstantTimeCompare(field, s.text[:]) == 0:
		return RejectAuth
	}
	return nil
}

// verifyMD5 checks the MD5 TLV at offset at of payload. The whole payload is hashed
// as it was received: some senders leave junk in unused bytes.
func (s *secret) verifyMD5(payload []byte, at int) error {
	tlv := payload[at:]
	if !s.md5 || tlv[md5AlgorithmAt] != algorithmMD5 {
		return RejectAuthType
	}
	want := s.digest(payload, at+md5DigestAt)
	got := tlv[md5DigestAt : md5DigestAt+md5.Size]
	if be.Uint32(tlv[md5KeyIDAt:]) != s.keyID || subtle.ConstantTimeCompare(got, want[:]) == 0 {
		return RejectAuth
	}
	return nil
}

// String returns the kind, and for MD5 the number of the key.
func (a Auth) String() string {
	if s := a.orDefault(); s.md5 {
		return fmt.Sprintf("md5 key %d", s.keyID)
	}
	return "text"
}

// Format implements fmt.Formatter, so that no verb prints more than String.
func (a Auth) Format(f fmt.State, verb rune) {
	s := a.String()
	if verb == 'v' && f.Flag('#') {
		s = "hello.Auth(" + s + ")"
	}
	io.WriteString(f, s)
}

// LogValue implements slog.LogValuer.
func (a Auth) LogValue() slog.Value { return slog.StringValue(a.String()) }

// MarshalText implements encoding.TextMarshaler with what String returns.
func (a Auth) MarshalText() ([]byte, error) { return []byte(a.String()), nil }
