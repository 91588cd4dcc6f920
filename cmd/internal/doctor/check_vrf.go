package doctor

import (
	"fmt"
	"slices"

	"github.com/fhrpd/fhrpd/configs"
)

// outsideVRF are the kinds of tracked object that are looked for by the routes of
// the main table.
var outsideVRF = []configs.TrackKind{configs.TrackRoute, configs.TrackPing, configs.TrackARP, configs.TrackTCP, configs.TrackHTTP}

// checkTracks looks at what groups in a VRF depend on.
func checkTracks(e *exam) {
	for _, g := range e.groups {
		i, _ := e.byName(g.Interface)
		vrf, ok := e.byIndex(i.Master)
		if !ok || vrf.Kind != "vrf" {
			continue
		}
		for _, use := range g.Tracks {
			if t, ok := e.track(use.Object); ok && slices.Contains(outsideVRF, t.Kind) {
				e.wrong("vrf-track", g.Ref.String(), fmt.Sprintf("%s is in VRF %s, and depends on %s (%s %s)", i.Name, vrf.Name, t.Name, t.Kind, t.Shown()),
					"OBJECT", t.Name, "VRF", vrf.Name)
			}
		}
	}
}

func (e *exam) track(name string) (configs.Track, bool) {
	i := slices.IndexFunc(e.config.Tracks, func(t configs.Track) bool { return t.Name == name })
	if i < 0 {
		return configs.Track{}, false
	}
	return e.config.Tracks[i], true
}
