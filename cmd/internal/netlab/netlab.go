// Package netlab builds small networks out of Linux network namespaces: veth
// pairs, bridges, addresses, processes inside a namespace, captures with kernel
// timestamps. The lab command and the tests that need a network share it.
//
// Namespaces are anonymous: a file descriptor holds each, nothing is named in
// /run/netns, and everything vanishes with the process. Reexec and Main first give
// a program namespaces of its own. It can then build networks without being root,
// and it never touches the network of the host.
package netlab
