package daemon

import (
	"time"

	"github.com/fhrpd/fhrpd/hello"
	"github.com/fhrpd/fhrpd/internal/signer"
)

// playSigned has routers hear what is signed, what is not and what is signed wrong,
// and goes on until no key may be sent any more.
func playSigned(w *world) {
	advert := func(change func(*signer.Advert)) {
		a := signer.Advert{
			Version: 3, VRID: 30, Priority: 150, Interval: 100, VirtualIPs: addresses("192.0.2.30"), Src: addr(peer.ip), Dst: addr("224.0.0.18"),
			Key: []byte("the first passphrase, 32 bytes or more"), KeyID: 1, Type: 1, Time: time.Now(),
		}
		change(&a)
		env := hello.GroupEnvelope(hello.ProtocolVRRP, 3, a.Src, mac(peer.mac))
		w.hear(hello.AppendFrame(nil, &env, a.Payload()))
	}
	w.link("lanA", true, "192.0.2.10/24")
	w.repeat(2, func() { advert(func(a *signer.Advert) { a.Time = a.Time.Add(-2700 * time.Millisecond) }) })
	advert(func(a *signer.Advert) { a.Src, a.Key, a.Priority = addr(stranger.ip), nil, 90 })
	advert(func(a *signer.Advert) { a.Time = a.Time.Add(-time.Minute) })
	advert(func(a *signer.Advert) { a.KeyID = 9 })
	w.run(time.Second)
	w.look("1-backup")

	w.run(6 * time.Second)
	advert(func(a *signer.Advert) { a.Key = []byte("a key that nobody else has, but this one") })
	w.run(2 * time.Second)
	w.look("2-active")
}
