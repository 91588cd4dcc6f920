package interop

// theyServe starts the peer alone, and waits until it serves the client.
func (m *match) theyServe() {
	m.t.Helper()
	m.theirs.start(theirs)
	m.probe = startProbe(m.t, m.Client, m.p.target())
	m.await(them)
}

// weServe starts fhrpd above the peer, then the peer, and waits until the client, which
// asks all the time, is served.
func (m *match) weServe() {
	m.t.Helper()
	m.probe = startProbe(m.t, m.Client, m.p.target())
	m.ours.start(above)
	m.await(us)
	m.theirs.start(theirs)
	n := m.probe.mark()
	m.Eventually("the client is served", func() bool { return m.probe.flows(n) })
}
