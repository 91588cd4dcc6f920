package vip

import (
	"net/netip"
	"time"
)

// Plane is the data plane of one interface.
type Plane struct{}

// Open prepares parent.
func Open(parent string, o Options) (*Plane, error) { return &Plane{}, nil }

// Add prepares a router, in both roles and without a frame on the wire.
func (p *Plane) Add(id ID, r Router) error { return nil }

// Remove undoes Add, shutting the gate and removing the addresses first.
func (p *Plane) Remove(id ID) error { return nil }

// Gate opens and shuts gates in one kernel transaction.
func (p *Plane) Gate(open []Claim, shut []ID) (lost []ID, err error) { return nil, nil }

// Renew extends every lease in use; lost are the routers it came too late for.
func (p *Plane) Renew() (lost []ID, err error) { return nil, nil }

// RenewEvery returns a third of the smallest lease in use, 0 when there is none.
func (p *Plane) RenewEvery() time.Duration { return 0 }

// Address adds and removes the routes of virtual addresses.
func (p *Plane) Address(add, remove []ID) error { return nil }

// Restore puts back routes that are missing and returns their addresses.
func (p *Plane) Restore() (missing []netip.Addr, err error) { return nil, nil }

// Close undoes everything that was made.
func (p *Plane) Close() error { return nil }

// Abandon closes the descriptors and leaves the kernel as it is.
func (p *Plane) Abandon() error { return nil }

// Recover undoes what processes that died have left.
func Recover(o Options) error { return nil }
