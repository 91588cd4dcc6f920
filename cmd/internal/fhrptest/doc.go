// Package fhrptest is for tests of the whole program: it builds the command
// once, runs the tests in namespaces of their own, and runs daemons and
// commands there.
package fhrptest
