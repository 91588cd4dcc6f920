package control

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
)

// ErrRefused is wrapped by every *RefusedError.
var ErrRefused = errors.New("refused")

// ErrInvalid says that the arguments of a command could not be right.
var ErrInvalid = errors.New("invalid argument")

// RefusedError is a command that the daemon understood and did not carry out.
type RefusedError struct {
	Command string // set priority, announce, verify
	Group   string
	Reason  string
}

// Refused returns a *RefusedError with a formatted reason.
func Refused(command, group, reason string, args ...any) error {
	return &RefusedError{Command: command, Group: group, Reason: fmt.Sprintf(reason, args...)}
}

// Error implements error.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s %s: %v: %s", e.Command, e.Group, ErrRefused, e.Reason)
}

// Unwrap returns ErrRefused.
func (e *RefusedError) Unwrap() error { return ErrRefused }

// failure is an error on its way through the socket.
type failure struct {
	Kind       string   `json:"kind"`
	Message    string   `json:"error"`
	Ref        string   `json:"ref,omitempty"`
	Candidates []string `json:"candidates,omitempty"`
	Command    string   `json:"command,omitempty"`
	Reason     string   `json:"reason,omitempty"`
}

// The kinds of failure.
const (
	kindUnknown   = "unknown-group"
	kindAmbiguous = "ambiguous-group"
	kindRefused   = "refused"
	kindInvalid   = "invalid"
	kindInternal  = "internal"
)

// encode returns the HTTP status and body for err.
func encode(err error) (int, failure) {
	f := failure{Kind: kindInternal, Message: err.Error()}
	if g, ok := errors.AsType[*status.GroupError](err); ok {
		f.Ref, f.Candidates = g.Ref, g.Candidates
		if errors.Is(err, status.ErrAmbiguousGroup) {
			f.Kind = kindAmbiguous
			return http.StatusConflict, f
		}
		f.Kind = kindUnknown
		return http.StatusNotFound, f
	}
	if r, ok := errors.AsType[*RefusedError](err); ok {
		f.Kind, f.Command, f.Ref, f.Reason = kindRefused, r.Command, r.Group, r.Reason
		return http.StatusUnprocessableEntity, f
	}
	if errors.Is(err, ErrInvalid) {
		f.Kind = kindInvalid
		return http.StatusBadRequest, f
	}
	return http.StatusInternalServerError, f
}

// err returns the error that encode was given, as far as callers can tell.
func (f failure) err() error {
	switch f.Kind {
	case kindUnknown:
		return &status.GroupError{Ref: f.Ref, Err: status.ErrUnknownGroup, Candidates: f.Candidates}
	case kindAmbiguous:
		return &status.GroupError{Ref: f.Ref, Err: status.ErrAmbiguousGroup, Candidates: f.Candidates}
	case kindRefused:
		return &RefusedError{Command: f.Command, Group: f.Ref, Reason: f.Reason}
	case kindInvalid:
		return &invalidError{f.Message}
	}
	return errors.New(f.Message)
}

// invalidError is ErrInvalid with the daemon's words.
type invalidError struct{ message string }

func (e *invalidError) Error() string { return e.message }
func (e *invalidError) Unwrap() error { return ErrInvalid }
