package hello

import "time"

// The wire counts time in four ways: HSRP in seconds (version 1) and
// milliseconds (version 2), VRRP in seconds (version 2) and centiseconds
// (version 3). Everything else uses time.Duration: only the conversions below
// know units.

// Ranges of the timers as they can be configured. Cisco's shortest hello time is
// 15 ms. Ours is 3 ms, which two routers keep up where the machine does. The other
// limits are those of RFC 9568 section 5.2.7.
const (
	MinHelloTime     = 3 * time.Millisecond // HSRP
	MaxHelloTime     = 254 * time.Second
	MaxHoldTime      = 255 * time.Second
	DefaultHelloTime = 3 * time.Second
	DefaultHoldTime  = 10 * time.Second

	MinAdverIntervalV2   = time.Second
	MaxAdverIntervalV2   = 255 * time.Second
	MinAdverIntervalV3   = centisecond
	MaxAdverIntervalV3   = 4095 * centisecond
	DefaultAdverInterval = time.Second
)

const centisecond = 10 * time.Millisecond

// ValidAdverInterval reports whether d can be sent without loss in the given
// version of VRRP: whole seconds from 1 to 255 s in version 2, whole
// centiseconds from 0.01 to 40.95 s in version 3.
func ValidAdverInterval(version uint8, d time.Duration) bool {
	switch version {
	case 2:
		return d >= MinAdverIntervalV2 && d <= MaxAdverIntervalV2 && d%time.Second == 0
	case 3:
		return d >= MinAdverIntervalV3 && d <= MaxAdverIntervalV3 && d%centisecond == 0
	}
	return false
}

// wholeSeconds reads a timer of HSRP version 1 or Adver Int of VRRP version 2
// (RFC 3768 section 5.3.7). In HSRP zero means not carried: routers with timers
// below a second send it.
func wholeSeconds(seconds uint8) time.Duration { return time.Duration(seconds) * time.Second }

// hsrp1Seconds returns the hello and hold bytes of HSRP version 1. When either
// time is not a whole number of seconds up to 255, both are zero and the
// receiver uses its own.
func hsrp1Seconds(hello, hold time.Duration) (helloByte, holdByte uint8) {
	for _, d := range [...]time.Duration{hello, hold} {
		if d < 0 || d > MaxHoldTime || d%time.Second != 0 {
			return 0, 0
		}
	}
	return uint8(hello / time.Second), uint8(hold / time.Second)
}

// hsrp2Time reads a timer of HSRP version 2.
func hsrp2Time(ms uint32) time.Duration { return time.Duration(ms) * time.Millisecond }

// hsrp2Milliseconds returns d for the wire of HSRP version 2, at most what its
// 32 bits hold; a fraction of a millisecond is cut off.
func hsrp2Milliseconds(d time.Duration) uint32 {
	return uint32(min(max(d/time.Millisecond, 0), 1<<32-1))
}

// vrrp2Seconds returns d in the nearest whole seconds from 1 to 255.
func vrrp2Seconds(d time.Duration) uint8 {
	d = min(max(d, MinAdverIntervalV2), MaxAdverIntervalV2)
	return uint8((d + time.Second/2) / time.Second)
}

// vrrp3Interval reads the field of Max Advertise Interval of VRRP version 3
// (RFC 9568 section 5.2.7). The high four bits are reserved and ignored.
func vrrp3Interval(field uint16) time.Duration {
	return time.Duration(field&0x0fff) * centisecond
}

// vrrp3Centiseconds returns d in the nearest whole centiseconds from 1 to
// 4095, so that the reserved bits are zero.
func vrrp3Centiseconds(d time.Duration) uint16 {
	d = min(max(d, MinAdverIntervalV3), MaxAdverIntervalV3)
	return uint16((d + centisecond/2) / centisecond)
}
