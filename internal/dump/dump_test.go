package dump

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhole(t *testing.T) {
	denied := errors.New("denied")
	interrupted := fmt.Errorf("list: %w", ErrInterrupted)
	tests := []struct {
		name string
		errs []error // of one reading after the other, the last for ever
		want string  // the number of the reading that is returned
		err  error
	}{
		{"a list that rests is read once", []error{nil}, "1", nil},
		{"one that changes is read again", []error{interrupted, interrupted, nil}, "3", nil},
		{"one that keeps changing is an error", []error{interrupted}, "16", ErrInterrupted},
		{"any other error is final", []error{denied}, "1", denied},
		{"also after an interruption", []error{interrupted, denied}, "2", denied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := 0
			got, err := Whole(func() ([]string, error) {
				n++
				return []string{fmt.Sprint(n)}, tt.errs[min(n, len(tt.errs))-1]
			})
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("reading (-want +got):\n%s", diff)
			}
			if !errors.Is(err, tt.err) {
				t.Errorf("error %v, want %v", err, tt.err)
			}
		})
	}
}
