package daemon

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fhrpd/fhrpd/hello"
)

func TestWhomNobodyIsReadyToReplace(t *testing.T) {
	groups := groupsIn("Active", "Active", "Standby", "Active", "Active")
	groups[1].Machine.Standby.Known = true
	groups[3].Follow = "lead"
	groups[4].Protocol = hello.ProtocolVRRP
	if diff := cmp.Diff([]string{"hsrp:eth1:1"}, unreplaced(groups)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
