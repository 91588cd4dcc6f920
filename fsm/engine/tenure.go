package engine

// tenure is what a group has of its address. The role is the machine's; whether
// the kernel serves it is another question: the address may wait for a command,
// and it outlives the role while a successor takes over.
type tenure uint8

const (
	absent  tenure = iota
	waiting        // the machine is active, the address waits for the pre_active command
	serving        // gate and addresses are this router's
	leaving        // so they are still, but the role was resigned, or lost to one who has them not yet
	tenures
)

// elected reports whether the group has won its role, or has it still.
func (t tenure) elected() bool { return t != absent }

// hasAddress reports whether the gate is to be open.
func (t tenure) hasAddress() bool { return t == serving || t == leaving }

// claims reports whether the group says that it is active.
func (t tenure) claims() bool { return t == waiting || t == serving }

// tenureEvent is something that may change a tenure.
type tenureEvent uint8

const (
	onWin        tenureEvent = iota // the machine acquires, and nothing is waited for
	onWinEarly                      // the same, and a command has to end first
	onReady                         // what was waited for has ended
	onLoss                          // the machine releases
	onResign                        // the same, with a successor who needs time
	onSuccession                    // the successor is heard, or has had its time
	onDenial                        // the kernel does not open the gate
	tenureEvents
)

// tenureEffect is what a change of tenure asks for.
type tenureEffect uint8

const (
	doNothing tenureEffect = iota
	doAwait                // begin to wait
	doGiveUp               // end the wait without the address
	doOpen                 // take gate and addresses
	doShut                 // give both back
	doQuieten              // announce and prove nothing any more, but go on serving
	doForget               // the kernel has not given them
	doResume               // nobody has taken what was to be left
)

// tenureTable has a row for each tenure and in it a cell for each event. An
// empty cell changes nothing.
var tenureTable = [tenures][tenureEvents]struct {
	next   tenure
	effect tenureEffect
}{
	absent: {
		onWin:        {serving, doOpen},
		onWinEarly:   {waiting, doAwait},
		onReady:      {absent, doNothing},
		onLoss:       {absent, doNothing},
		onResign:     {absent, doNothing},
		onSuccession: {absent, doNothing},
		onDenial:     {absent, doNothing},
	},
	waiting: {
		onWin:        {waiting, doNothing},
		onWinEarly:   {waiting, doNothing},
		onReady:      {serving, doOpen},
		onLoss:       {absent, doGiveUp},
		onResign:     {absent, doGiveUp},
		onSuccession: {waiting, doNothing},
		onDenial:     {waiting, doNothing},
	},
	serving: {
		onWin:        {serving, doNothing},
		onWinEarly:   {serving, doNothing},
		onReady:      {serving, doNothing},
		onLoss:       {absent, doShut},
		onResign:     {leaving, doQuieten},
		onSuccession: {serving, doNothing},
		onDenial:     {absent, doForget},
	},
	leaving: {
		onWin:        {serving, doResume},
		onWinEarly:   {serving, doResume},
		onReady:      {leaving, doNothing},
		onLoss:       {absent, doShut},
		onResign:     {leaving, doNothing},
		onSuccession: {absent, doShut},
		onDenial:     {absent, doForget},
	},
}
