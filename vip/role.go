package vip

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// roleRoutes are the routes and rules that the routers of an Owner bring along: two
// routers, on one interface or on two, may bring the same, which then stays until
// neither is active. They carry RouteProtocol. The kernel knows no lifetime for
// them: after a crash they stay until the next start.
type roleRoutes struct {
	mu    sync.Mutex `state:"nobody works on it"` // guards what follows; taken after an Interface's placeMu
	rtnl  *conn
	lists *lister `state:"of this process"`
	uses  map[companion]*bringing
}

// companion is a route or rule. It can be compared.
type companion interface {
	// write appends the request to make it, or to delete it.
	write(b *batch, add bool, index uint32)
	// device is the interface whose index write needs; "": none.
	device() string
	// entry is what the kernel's lists tell of it.
	entry() companion
	// explain puts a refusal in the words of who can cure it.
	explain(err error) error
}

// bringer is a router on an interface.
type bringer struct {
	iface *Interface
	id    ID
}

// bringing is who brings a companion, and what has become of it.
type bringing struct {
	by  map[bringer]bool
	in  bool
	err error // why it is not in, nil before the first attempt
}

// RouteState is what has become of a route or rule of an active router.
type RouteState struct {
	Err      error // why it is not there; nil: it is
	Restored bool  // somebody else had removed it, and it was put back
}

// RouterRoutes is what has become of the Routes and Rules of a router, in their
// order.
type RouterRoutes struct {
	ID     ID
	Routes []RouteState
	Rules  []RouteState
}

// roleRoutes opens the sockets in the calling thread's network namespace.
func (o *Owner) roleRoutes() (*roleRoutes, error) {
	rtnl, err := o.dial(unix.NETLINK_ROUTE, 0)
	if err != nil {
		return nil, err
	}
	lists, err := newLister()
	if err != nil {
		return nil, errors.Join(err, rtnl.close())
	}
	return &roleRoutes{rtnl: rtnl, lists: lists, uses: map[companion]*bringing{}}, nil
}

func (r *roleRoutes) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lists.close()
	return r.rtnl.close()
}

// inTables returns copies of routes and rules with the tables that they go to.
func (h home) inTables(routes []Route, rules []Rule) ([]Route, []Rule) {
	routes, rules = slices.Clone(routes), slices.Clone(rules)
	for n := range routes {
		routes[n].Table = cmp.Or(routes[n].Table, h.or(unix.RT_TABLE_MAIN))
	}
	for n := range rules {
		rules[n].Table = cmp.Or(rules[n].Table, h.or(unix.RT_TABLE_MAIN))
	}
	return routes, rules
}

// companions returns what a router brings.
func companions(routes []Route, rules []Rule) (list []companion) {
	for _, r := range routes {
		list = append(list, roleRoute{r})
	}
	for _, r := range rules {
		list = append(list, roleRule{r})
	}
	return list
}

// want notes that a router brings companions, which bring makes.
func (r *roleRoutes) want(who bringer, list []companion) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range list {
		u := r.uses[c]
		if u == nil {
			u = &bringing{by: map[bringer]bool{}}
			r.uses[c] = u
		}
		u.by[who] = true
	}
}

// dismiss removes what only these bring.
func (r *roleRoutes) dismiss(who func(bringer) bool) error {
	return r.release(func(_ companion, b bringer) bool { return who(b) }, true)
}

// forget is dismiss that leaves the kernel as it is.
func (r *roleRoutes) forget(who func(bringer) bool) {
	_ = r.release(func(_ companion, b bringer) bool { return who(b) }, false)
}

// release takes bringers away, and what nobody brings any more.
func (r *roleRoutes) release(who func(companion, bringer) bool, remove bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for c, u := range r.uses {
		for b := range u.by {
			if who(c, b) {
				delete(u.by, b)
			}
		}
		if len(u.by) > 0 {
			continue
		}
		delete(r.uses, c)
		if remove && u.in {
			errs = append(errs, r.delete(c))
		}
	}
	return errors.Join(errs...)
}

// bring makes what a router brings and is not there.
func (r *roleRoutes) bring(who bringer, list []companion) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range list {
		if u := r.uses[c]; u != nil && u.by[who] && !u.in {
			u.err = r.make(c)
			u.in = u.err == nil
		}
	}
}

// restore looks whether what an Interface's routers bring is there, and makes what
// is not. It returns what somebody else had removed.
func (r *roleRoutes) restore(i *Interface) (back map[companion]bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	back = map[companion]bool{}
	mine := r.broughtBy(i)
	if len(mine) == 0 {
		return back, nil
	}
	there, err := r.marked()
	if err != nil {
		return back, err
	}
	for _, c := range mine {
		u := r.uses[c]
		was := u.in
		switch u.in = there.has(c); {
		case !u.in:
			u.err = r.make(c)
			u.in = u.err == nil
			back[c] = was && u.in
		case there.stripped(c):
			r.dress(u, c.(roleRoute))
		default:
			u.err = nil
		}
	}
	return back, nil
}

// readdress looks after the routes that go out from addresses which have come or
// gone. With an address the kernel drops the IPv4 routes from it, and leaves those of
// IPv6 in without it and without a word; Linux 6.1 does so only where they leave through
// the interface that had the address.
func (r *roleRoutes) readdress(changed []place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var there marks // as the kernel has them now, once one is of interest
	for c, u := range r.uses {
		route, ok := c.(roleRoute)
		if !ok || !slices.ContainsFunc(changed, func(p place) bool { return p.address() == route.Src }) {
			continue
		}
		if !u.in || !route.Src.Is6() {
			u.err = r.make(c)
			u.in = u.err == nil
			continue
		}
		if there == nil {
			if there, u.err = r.marked(); u.err != nil {
				return
			}
		}
		if u.err = nil; there.stripped(c) {
			r.dress(u, route)
		}
	}
}

// dress makes an IPv6 route anew that the kernel has taken the source address out of.
// While the host has not that address, or checks it for duplicates, the kernel refuses
// it, and the route leads on without it.
func (r *roleRoutes) dress(u *bringing, c roleRoute) {
	list, err := r.lists.addrs(netlink.FAMILY_V6, 0)
	switch {
	case err != nil:
		u.err = err
	case !slices.ContainsFunc(list, func(a foundAddr) bool { return a.Addr() == c.Src && a.flags&unix.IFA_F_TENTATIVE == 0 }):
		u.err = fmt.Errorf("the kernel has it without src, as %v is no usable address of this host", c.Src)
	default:
		if u.err = r.delete(c); u.err == nil {
			u.err = r.make(c)
		}
		u.in = u.err == nil
	}
}

func (r *roleRoutes) broughtBy(i *Interface) (list []companion) {
	for c, u := range r.uses {
		for b := range u.by {
			if b.iface == i {
				list = append(list, c)
				break
			}
		}
	}
	return list
}

// states returns what has become of companions.
func (r *roleRoutes) states(list []companion, back map[companion]bool) (out []RouteState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range list {
		s := RouteState{Restored: back[c]}
		if u := r.uses[c]; u != nil {
			s.Err = u.err
		}
		out = append(out, s)
	}
	return out
}

// marks are the entries of what carries our mark, each with the address that a route
// goes out from.
type marks map[companion]netip.Addr

func (m marks) has(c companion) bool {
	_, ok := m[c.entry()]
	return ok
}

// stripped reports whether the kernel has taken the address out of a route.
func (m marks) stripped(c companion) bool {
	route, ok := c.(roleRoute)
	return ok && route.Src.Is6() && m[c.entry()] != route.Src
}

// marked returns what carries our mark.
func (r *roleRoutes) marked() (marks, error) {
	found, err := markedRoleRoutes(r.lists)
	if err != nil {
		return nil, err
	}
	rules, err := markedRules(r.lists)
	for c := range rules {
		found[c] = netip.Addr{}
	}
	return found, err
}

// make makes one companion. One that is there with our mark is ours.
func (r *roleRoutes) make(c companion) error {
	index, err := r.index(c, true)
	if err != nil {
		return err
	}
	err = r.request(c, true, index)
	if errors.Is(err, unix.EEXIST) {
		if there, listErr := r.marked(); listErr == nil && there.has(c) {
			return nil
		}
	}
	if err != nil {
		return c.explain(err)
	}
	return nil
}

// index returns the index of the interface that a companion needs, 0 for none.
func (r *roleRoutes) index(c companion, needsUp bool) (uint32, error) {
	if c.device() == "" {
		return 0, nil
	}
	index, up, err := r.rtnl.indexOf(c.device())
	switch {
	case err != nil:
	case index == 0:
		err = fmt.Errorf("%s does not exist", c.device())
	case needsUp && !up:
		err = fmt.Errorf("%s is down", c.device())
	}
	return index, err
}

// delete deletes one companion, which may have gone with its interface.
func (r *roleRoutes) delete(c companion) error {
	index, err := r.index(c, false)
	if err != nil {
		return nil
	}
	err = r.request(c, false, index)
	if err == nil || slices.ContainsFunc([]error{unix.ESRCH, unix.ENOENT, unix.ENODEV}, func(gone error) bool { return errors.Is(err, gone) }) {
		return nil
	}
	return fmt.Errorf("delete %v: %w", c, err)
}

func (r *roleRoutes) request(c companion, add bool, index uint32) error {
	var b batch
	c.write(&b, add, index)
	b.ack()
	return r.rtnl.change(&b)
}

// undo removes what a dead process has left, unless routers of this one bring it.
func (r *roleRoutes) undo(list []companion) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(list) == 0 {
		return nil
	}
	there, err := r.marked()
	errs := []error{err}
	for _, c := range list {
		if u := r.uses[c]; there.has(c) && (u == nil || !u.in) {
			errs = append(errs, r.delete(c))
		}
	}
	return errors.Join(errs...)
}

// purgeRules removes all rules with our mark, except for those that stay.
func (r *roleRoutes) purgeRules(stays *kept) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	there, err := markedRules(r.lists)
	errs := []error{err}
	for c := range there {
		if !stays.companions[c] {
			errs = append(errs, r.delete(c))
		}
	}
	return errors.Join(errs...)
}

// inheritedID stands for the routers of the last process on an interface.
const inheritedID = ^ID(0)

// inherit notes what the last process may have left.
func (r *roleRoutes) inherit(who bringer, list []companion) {
	r.want(who, list)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range list {
		r.uses[c].in = true
	}
}

// brings reports whether a router is one of the interface.
func (i *Interface) brings(b bringer) bool { return b.iface == i }

func (i *Interface) wantRoutes(routers []*virtualRouter) {
	for _, vr := range routers {
		i.owner.routes.want(bringer{i, vr.id}, companions(vr.Routes, vr.Rules))
	}
}

// bringRoutes makes what the routers bring. What fails stays wanted.
func (i *Interface) bringRoutes(routers []*virtualRouter) {
	for _, vr := range routers {
		i.owner.routes.bring(bringer{i, vr.id}, companions(vr.Routes, vr.Rules))
	}
}

// dismissRoutes removes what only these routers bring, with what the last process
// left of it.
func (i *Interface) dismissRoutes(routers []*virtualRouter) error {
	var errs []error
	for _, vr := range routers {
		for _, c := range companions(vr.Routes, vr.Rules) {
			errs = append(errs, i.owner.routes.release(func(k companion, b bringer) bool {
				return k == c && b.iface == i && (b.id == vr.id || b.id == inheritedID)
			}, true))
		}
	}
	return errors.Join(errs...)
}

// RoutesOf returns what has become of the routes and rules of those of the routers
// that bring any.
func (i *Interface) RoutesOf(ids ...ID) []RouterRoutes { return i.routesOf(ids, nil) }

func (i *Interface) routesOf(ids []ID, back map[companion]bool) (out []RouterRoutes) {
	i.mu.Lock()
	var list []*virtualRouter
	for _, id := range ids {
		if vr := i.routers[id]; vr != nil && len(vr.Routes)+len(vr.Rules) > 0 {
			list = append(list, vr)
		}
	}
	i.mu.Unlock()
	for _, vr := range list {
		all := i.owner.routes.states(companions(vr.Routes, vr.Rules), back)
		n := len(vr.Routes)
		out = append(out, RouterRoutes{vr.id, all[:n:n], all[n:]})
	}
	return out
}

// RestoreRoutes looks whether the routes and rules of the active routers are there,
// makes what is not, and returns what has become of them. What somebody else has
// put in the place of one stays.
func (i *Interface) RestoreRoutes() ([]RouterRoutes, error) {
	i.placeMu.Lock()
	defer i.placeMu.Unlock()
	i.mu.Lock()
	var ids []ID
	for id, vr := range i.routers {
		if vr.placed && !i.closed {
			ids = append(ids, id)
		}
	}
	i.mu.Unlock()
	if len(ids) == 0 {
		return nil, nil
	}
	slices.Sort(ids)
	back, err := i.owner.routes.restore(i)
	if err != nil {
		return nil, fmt.Errorf("restore routes on %s: %w", i.name, err)
	}
	return i.routesOf(ids, back), nil
}
