package configs

import (
	"testing"
	"time"

	"github.com/fhrpd/fhrpd/hello"
)

// The package knows nothing of protocols, but what it lets through has to be
// what the protocols can carry.
func TestRangesOfTimersAreTheProtocols(t *testing.T) {
	for name, pair := range map[string][2]time.Duration{
		"shortest HSRP hello":         {helloMin, hello.MinHelloTime},
		"longest HSRP hello":          {helloMax, hello.MaxHelloTime},
		"longest HSRP hold":           {holdMax, hello.MaxHoldTime},
		"default HSRP hello":          {defaultHello, hello.DefaultHelloTime},
		"default HSRP hold":           {defaultHold, hello.DefaultHoldTime},
		"unit of VRRP version 3":      {centisecond, hello.MinAdverIntervalV3},
		"longest VRRP version 2":      {advertiseMax2, hello.MaxAdverIntervalV2},
		"longest VRRP version 3":      {advertiseMax3, hello.MaxAdverIntervalV3},
		"default VRRP advertisements": {defaultAdvertise, hello.DefaultAdverInterval},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %v here and %v there", name, pair[0], pair[1])
		}
	}
}
