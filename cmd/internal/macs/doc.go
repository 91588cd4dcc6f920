// Package macs lets switches relearn where a host and its guests are after the
// way to them has moved: a bond changed its active port, a bridge got another
// uplink, a cable was put elsewhere. For each MAC that is reached through the
// uplink it sends one frame that teaches switches and nobody else (package
// garp, FDBRefresh).
//
// Plan decides and touches nothing; Announce reads the kernel, plans and sends;
// Watch says when it is time to.
package macs
