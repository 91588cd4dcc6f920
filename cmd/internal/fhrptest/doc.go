// Package fhrptest is for tests of the whole program: it builds the command
// once, runs the tests in namespaces of their own, and runs daemons and
// commands there. LAN is the network that they need, with the words in which
// they say what happens on it and what they wait for; Steady and Witness are for
// machines that stand still; Tshark is an independent reader of what was sent.
package fhrptest
