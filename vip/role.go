package vip

import (
	"cmp"
	"errors"
	"slices"
	"sync"

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
