package hello

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	agreementSrc = MAC{2, 0, 0, 0, 0, 1}
	agreementDst = MAC{0x01, 0x00, 0x5e, 0, 0, 0x66}
	sameAddr     = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
)

func question() *Agreement {
	return &Agreement{
		Kind: AgreementQuestion, Protocol: ProtocolHSRP, Version: 2, Family: IPv4, Group: 0x0102, Priority: 110,
		Forwards: true, Wait: 500 * time.Millisecond, Time: 3 * time.Second, Number: 0x1122334455667788, From: addr("192.0.2.10"), Neighbors: []netip.Addr{addr("192.0.2.254")},
	}
}

// The bytes were written by hand from the layout in agreement.go.
func TestAgreementBytes(t *testing.T) {
	const want = "01005e000066" + "020000000001" + "88b5" + "46485250" + "01010104" + "02000102" + "6e0201f4" + "00000000" + "00000bb8" +
		"1122334455667788" + "00000000000000000000ffffc000020a" + "01" + "00000000000000000000ffffc00002fe"
	if got := hex.EncodeToString(AppendAgreement(nil, question(), agreementSrc, agreementDst, nil)); got != want {
		t.Errorf("(-want +got)\n%s", cmp.Diff(want, got))
	}
}

func TestAgreementsComeBackAsTheyWere(t *testing.T) {
	answer := &Agreement{
		Kind: AgreementAnswer, Protocol: ProtocolVRRP, Version: 3, Family: IPv6, Group: 255, State: AgreementUnfit, Priority: 254,
		Tracks: true, Wait: 65535 * time.Millisecond, Number: 1, From: addr("fe80::1"), Text: "fe80::2 does not answer it", KeyID: 7,
	}
	gone := &Agreement{Kind: AgreementGone, Protocol: ProtocolHSRP, Version: 1, Family: IPv4, Group: 20, Number: 1<<63 | 1, From: addr("192.0.2.10")}
	for name, a := range map[string]*Agreement{"question": question(), "answer": answer, "gone": gone} {
		for _, key := range [][]byte{nil, AgreementKey([]byte("secret"))} {
			a.Signed = key != nil
			b := AppendAgreement(nil, a, agreementSrc, agreementDst, key)
			for _, padding := range []int{0, 7} {
				padded := append(bytes.Clone(b), make([]byte, padding)...)
				var got Agreement
				if err := got.Parse(padded); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if diff := cmp.Diff(*a, got, sameAddr); diff != "" {
					t.Errorf("%s (-want +got)\n%s", name, diff)
				}
				if !VerifyAgreement(padded, key) || VerifyAgreement(padded, AgreementKey([]byte("other"))) || key != nil && VerifyAgreement(padded, nil) {
					t.Errorf("%s, signed %t: another key fits, or its own does not", name, a.Signed)
				}
			}
		}
	}
}

// Every byte counts, and who sent it.
func TestAChangedAgreementIsNotSigned(t *testing.T) {
	key := AgreementKey([]byte("secret"))
	b := AppendAgreement(nil, question(), agreementSrc, agreementDst, key)
	for i := 6; i < len(b); i++ {
		b[i] ^= 1
		if VerifyAgreement(b, key) {
			t.Errorf("byte %d may be changed", i)
		}
		b[i] ^= 1
	}
}

func TestWhatIsNoAgreement(t *testing.T) {
	good := AppendAgreement(nil, question(), agreementSrc, agreementDst, nil)
	set := func(at int, v byte) []byte {
		b := bytes.Clone(good)
		b[14+at] = v
		return b
	}
	text := AppendAgreement(nil, &Agreement{Kind: AgreementAnswer, State: AgreementFit, Text: "\x1b[2J"}, agreementSrc, agreementDst, nil)
	for name, b := range map[string][]byte{
		"nothing": nil, "short": good[:len(good)-1], "another EtherType": append(append(bytes.Clone(good[:13]), 0xb6), good[14:]...),
		"another magic": set(0, 'X'), "a later version": set(4, 2), "no kind": set(5, 0), "a later kind": set(5, 6), "an heir with neighbours": set(5, 3), "a question with a state": set(9, 1),
		"too many neighbours": set(48, MaxAgreementNeighbors+1), "signed without a digest": set(13, 1), "a flag of a later version": set(13, 8),
		"an escape sequence": text,
	} {
		before := Agreement{Group: 4711}
		a := before
		if err := a.Parse(b); !errors.Is(err, ErrNotAgreement) || !cmp.Equal(a, before, sameAddr) {
			t.Errorf("%s: %v, %+v", name, err, a)
		}
		if name != "an escape sequence" && VerifyAgreement(b, nil) {
			t.Errorf("%s: verified", name)
		}
	}
}

func TestAgreementsAreCutToTheirLimits(t *testing.T) {
	q := question()
	q.Neighbors, q.Time, q.Wait = make([]netip.Addr, 20), 1<<62, time.Hour
	var got Agreement
	if err := got.Parse(AppendAgreement(nil, q, agreementSrc, agreementDst, nil)); err != nil || len(got.Neighbors) != MaxAgreementNeighbors || got.Time != (1<<32-1)*time.Millisecond || got.Wait != 65535*time.Millisecond {
		t.Errorf("%+v, %v", got, err)
	}
	a := &Agreement{Kind: AgreementAnswer, State: AgreementUnfit, Text: strings.Repeat("x", 300)}
	if err := got.Parse(AppendAgreement(nil, a, agreementSrc, agreementDst, nil)); err != nil || len(got.Text) != MaxAgreementText {
		t.Errorf("%+v, %v", got, err)
	}
}

// Text is no secret, and the key of agreements is not that of the protocol.
func TestAgreementKeys(t *testing.T) {
	text, md5 := textAuth("secret"), md5Auth("secret", 7)
	if k, _ := text.AgreementKey(); k != nil {
		t.Errorf("a key of text: %x", k)
	}
	k, id := md5.AgreementKey()
	if id != 7 || len(k) != 32 || bytes.Contains(k, []byte("secret")) || !bytes.Equal(k, AgreementKey([]byte("secret"))) {
		t.Errorf("%x, %d", k, id)
	}
}

func FuzzAgreement(f *testing.F) {
	f.Add(AppendAgreement(nil, question(), agreementSrc, agreementDst, nil))
	f.Add(AppendAgreement(nil, question(), agreementSrc, agreementDst, AgreementKey([]byte("k"))))
	f.Add(AppendAgreement(nil, &Agreement{Kind: AgreementAnswer, State: AgreementFit, Text: "x"}, agreementSrc, agreementDst, nil))
	f.Fuzz(func(t *testing.T, frame []byte) {
		var a, again Agreement
		if a.Parse(frame) != nil {
			return
		}
		VerifyAgreement(frame, AgreementKey([]byte("k")))
		signed := a.Signed
		var key []byte
		if signed {
			key = AgreementKey([]byte("k"))
		}
		b := AppendAgreement(nil, &a, agreementSrc, agreementDst, key)
		if err := again.Parse(b); err != nil || !cmp.Equal(a, again, sameAddr) || !VerifyAgreement(b, key) {
			t.Fatalf("read %+v, sent and read %+v, %v", a, again, err)
		}
	})
}
