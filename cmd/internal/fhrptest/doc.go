// Package fhrptest is for tests of the whole program: it builds the command
// once, runs the tests in namespaces of their own, and runs daemons and
// commands there. Site is the network that most of them need; Tshark is an
// independent reader of what its gateways have said.
package fhrptest
