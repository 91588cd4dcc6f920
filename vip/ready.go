package vip

import "fmt"

// Ready makes beforehand what the first Gate of a router would have to make: the sets
// and rules of its [Router.Lease], and what stands in every role once the gate was
// open. So the transaction of a promotion is a short one. It may take as long as
// Address, and does nothing before the first Gate where gates of the last process are
// still open.
func (i *Interface) Ready() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed || i.takenOver || len(i.unready) == 0 {
		return nil
	}
	for _, vr := range i.unready {
		if i.routers[vr.id] != vr {
			continue
		}
		i.stand(vr)
		if len(vr.elements) > 0 && vr.wants == shut {
			vr.wants = i.classFor(vr.Lease)
			i.classes[vr.wants].wanted++
		}
	}
	lost, err := i.commit()
	i.lost = append(i.lost, lost...)
	if err != nil {
		return fmt.Errorf("make gates ready on %s: %w", i.name, err)
	}
	i.unready = nil
	return nil
}

// stand has what r needs in every role come with the transaction under construction.
func (i *Interface) stand(vr *virtualRouter) {
	if vr.stands || len(vr.standing) == 0 {
		return
	}
	vr.stands, i.stood = true, append(i.stood, vr)
	i.standing.use(vr.standing, +1)
}
