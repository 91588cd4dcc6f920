package fsm

// Cause is why a group changed state. The words are a closed list: logs,
// events and hooks use the same ones.
type Cause string

// The closed list of causes.
const (
	CauseStarted          Cause = "started"              // the daemon or the group starts
	CauseStopped          Cause = "stopped"              // clean stop
	CauseInterfaceUp      Cause = "interface-up"         // link and address usable again
	CauseInterfaceDown    Cause = "interface-down"       // link down, no usable address, or no way out
	CauseActiveTimer      Cause = "active-timer-expired" // no hello or advertisement of the active
	CauseStandbyTimer     Cause = "standby-timer-expired"
	CauseResigned         Cause = "peer-resigned"        // Resign, or an advertisement with priority 0
	CauseCoup             Cause = "coup-received"        // HSRP: a better router takes over
	CauseBetterActive     Cause = "better-active-heard"  // another active with higher priority or address
	CauseBetterSpeaker    Cause = "better-speaker-heard" // HSRP: a better candidate speaks
	CauseBetterStandby    Cause = "better-standby-heard" // HSRP: the standby is better
	CauseWorseStandby     Cause = "worse-standby-heard"  // HSRP: the standby is worse, so speak
	CausePreempt          Cause = "preempted-lower-priority"
	CauseVirtualIPLearned Cause = "virtual-ip-learned"
	CauseAddressOwner     Cause = "address-owner"     // VRRP: priority 255 starts as Active
	CauseLeaseLost        Cause = "lease-lost"        // the kernel's gate closed before it was renewed
	CauseStalled          Cause = "stalled"           // the process was stopped longer than its lease, or than the others wait
	CauseAcquireFailed    Cause = "acquire-failed"    // the kernel refused the virtual MAC or address
	CauseTrackShutdown    Cause = "track-shutdown"    // a tracked object shut the group down
	CauseTrackRestored    Cause = "track-restored"    // a tracked object came back and the group starts again
	CauseLeader           Cause = "leader"            // the followed group changed
	CauseForwarding       Cause = "forwarding-off"    // IP forwarding is switched off, and required
	CauseMaintenance      Cause = "maintenance"       // an operator has it leave, or come back
	CauseHandover         Cause = "handed-over"       // a planned hand-over
	CauseTakenBack        Cause = "taken-back"        // nobody has taken, or kept, what was handed over
	CauseResumed          Cause = "resumed"           // its process died as the active router, and is back
	CausePeerLink         Cause = "peer-link-down"    // the active router has lost a link, as it says over another one
	CauseUnanswered       Cause = "active-unanswered" // a hello of the active is overdue, and it answers no question
	CauseConflict         Cause = "address-conflict"  // another station answers for the virtual address
)

// Causes lists every cause with what it means, for the documentation.
var Causes = []struct {
	Cause   Cause
	Meaning string
}{
	{CauseStarted, "the daemon or the group started"},
	{CauseStopped, "clean stop of the daemon or the group"},
	{CauseInterfaceUp, "the interface has a link and a usable address again"},
	{CauseInterfaceDown, "the interface lost its link or its usable address, or nothing leaves it"},
	{CauseActiveTimer, "nothing was heard from the active router for the hold time"},
	{CauseUnanswered, "a hello of the active router was overdue and it answered no question (`confirm`)"},
	{CauseStandbyTimer, "nothing was heard from the standby router for the hold time"},
	{CauseResigned, "the active router resigned"},
	{CauseCoup, "a better router sent a Coup"},
	{CauseBetterActive, "a router with higher priority or address is active"},
	{CauseBetterSpeaker, "a better candidate for standby speaks"},
	{CauseBetterStandby, "the standby router is better than this one"},
	{CauseWorseStandby, "the standby router is worse than this one"},
	{CausePreempt, "the active router is worse than this one, which may preempt"},
	{CauseVirtualIPLearned, "the virtual address was learned from the active router"},
	{CauseAddressOwner, "this router owns the address (priority 255)"},
	{CauseLeaseLost, "the kernel closed the gate because it was not renewed in time"},
	{CauseStalled, "this process was stopped for longer than its lease, or than the others wait, one of whom is active now"},
	{CauseAcquireFailed, "the kernel refused the virtual MAC or address"},
	{CauseTrackShutdown, "a tracked object shut the group down"},
	{CauseTrackRestored, "the tracked object that shut the group down is up again"},
	{CauseLeader, "the followed group changed state"},
	{CauseForwarding, "IP forwarding is switched off where the configuration requires it, or was until now"},
	{CauseMaintenance, "an operator put the group into maintenance, or ended that; or nobody served and it came back"},
	{CauseHandover, "an operator handed the role over, or gave it back for the neighbours' sake"},
	{CauseTakenBack, "nobody took the role that was handed over, or the one who did gave it back"},
	{CauseResumed, "the process died as the active router and was started again before anybody missed it"},
	{CausePeerLink, "the active router lost the link of the group, or of one that follows, and said so over another link"},
	{CauseConflict, "somebody else answers for the virtual address"},
}
