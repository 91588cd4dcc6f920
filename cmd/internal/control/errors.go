package control

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/fhrpd/fhrpd/fsm/engine"
)

// ErrInvalid says that the arguments of a command could not be right.
var ErrInvalid = errors.New("invalid argument")

// ErrReplaced says that another process took the daemon's place while it was asked. A
// Client asks that one.
var ErrReplaced = errors.New("another process has taken over")

// FaultsError says that a file was not applied, for its faults.
type FaultsError struct {
	Faults []string // each with file, line, what was found and what is allowed
}

// Error lists the faults.
func (e *FaultsError) Error() string { return strings.Join(e.Faults, "\n") }

// failure is an error on its way through the socket.
type failure struct {
	Kind       string   `json:"kind"`
	Message    string   `json:"error"`
	Ref        string   `json:"ref,omitempty"`
	Candidates []string `json:"candidates,omitempty"`
	Command    string   `json:"command,omitempty"`
	Reason     string   `json:"reason,omitempty"`
	Faults     []string `json:"faults,omitempty"`
}

// The kinds of failure.
const (
	kindUnknown   = "unknown-group"
	kindAmbiguous = "ambiguous-group"
	kindRefused   = "refused"
	kindInvalid   = "invalid"
	kindForbidden = "forbidden"
	kindFaults    = "faults"
	kindReplaced  = "replaced"
	kindInternal  = "internal"
)

// encode returns the HTTP status and body for err.
func encode(err error) (int, failure) {
	f := failure{Kind: kindInternal, Message: err.Error()}
	if g, ok := errors.AsType[*engine.GroupError](err); ok {
		f.Ref, f.Candidates = g.Ref, g.Candidates
		if errors.Is(err, engine.ErrAmbiguousGroup) {
			f.Kind = kindAmbiguous
			return http.StatusConflict, f
		}
		f.Kind = kindUnknown
		return http.StatusNotFound, f
	}
	if r, ok := errors.AsType[*engine.RefusedError](err); ok {
		f.Kind, f.Command, f.Ref, f.Reason = kindRefused, r.Command, r.Group, r.Reason
		return http.StatusUnprocessableEntity, f
	}
	if errors.Is(err, ErrForbidden) {
		f.Kind = kindForbidden
		return http.StatusForbidden, f
	}
	if faulty, ok := errors.AsType[*FaultsError](err); ok {
		f.Kind, f.Faults = kindFaults, faulty.Faults
		return http.StatusUnprocessableEntity, f
	}
	if errors.Is(err, ErrReplaced) {
		f.Kind = kindReplaced
		return http.StatusServiceUnavailable, f
	}
	if errors.Is(err, ErrInvalid) {
		f.Kind = kindInvalid
		return http.StatusBadRequest, f
	}
	return http.StatusInternalServerError, f
}

// err returns an error that callers cannot tell from that which encode was given.
func (f failure) err() error {
	switch f.Kind {
	case kindUnknown:
		return &engine.GroupError{Ref: f.Ref, Err: engine.ErrUnknownGroup, Candidates: f.Candidates}
	case kindAmbiguous:
		return &engine.GroupError{Ref: f.Ref, Err: engine.ErrAmbiguousGroup, Candidates: f.Candidates}
	case kindRefused:
		return &engine.RefusedError{Command: f.Command, Group: f.Ref, Reason: f.Reason}
	case kindForbidden:
		return fmt.Errorf("%w%s", ErrForbidden, strings.TrimPrefix(f.Message, ErrForbidden.Error()))
	case kindReplaced:
		return ErrReplaced
	case kindFaults:
		return &FaultsError{Faults: f.Faults}
	case kindInvalid:
		return fmt.Errorf("%w%s", ErrInvalid, strings.TrimPrefix(f.Message, ErrInvalid.Error()))
	}
	return errors.New(f.Message)
}
