package show

import (
	"strconv"
	"strings"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// delayHeader is that of IOS, whose delays belong to interfaces. Here they belong
// to groups, which stand in a column behind.
const delayHeader = "Interface          Minimum Reload   Groups\n"

// delayRow is a pair of delays on an interface.
type delayRow struct {
	iface   string
	minimum int64 // milliseconds
	reload  int64
}

// Delays renders "show standby delay": a line for each interface and pair of
// delays, in seconds. Groups without a delay are left out.
func Delays(groups []status.Group) string {
	var order []delayRow
	ids := map[delayRow][]string{}
	for i := range groups {
		g := &groups[i]
		if g.Delay.MinimumMS == 0 && g.Delay.ReloadMS == 0 {
			continue
		}
		r := delayRow{g.Interface, g.Delay.MinimumMS, g.Delay.ReloadMS}
		if ids[r] == nil {
			order = append(order, r)
		}
		id := strconv.Itoa(g.ID)
		if left := g.Delay.LeftMS; left > 0 {
			id += " (" + seconds(left) + " sec left)"
		}
		ids[r] = append(ids[r], id)
	}
	var b strings.Builder
	for _, r := range order {
		b.WriteString(row(cell{0, r.iface}, cell{19, wholeSeconds(r.minimum)}, cell{27, wholeSeconds(r.reload)}, cell{36, strings.Join(ids[r], ", ")}))
	}
	if b.Len() == 0 {
		return ""
	}
	return delayHeader + b.String()
}

// wholeSeconds has decimals only where there are any.
func wholeSeconds(ms int64) string { return strconv.FormatFloat(float64(ms)/1000, 'f', -1, 64) }
