package vip

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/fhrpd/fhrpd/internal/dump"
)

// netlinkMessage is a message with a body of four bytes.
func netlinkMessage(typ, flags uint16, seq, body uint32) []byte {
	b := binary.NativeEndian.AppendUint32(nil, unix.SizeofNlMsghdr+4)
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = binary.NativeEndian.AppendUint16(b, flags)
	b = binary.NativeEndian.AppendUint32(b, seq)
	b = binary.NativeEndian.AppendUint32(b, 0)
	return binary.NativeEndian.AppendUint32(b, body)
}

func TestDumpReader(t *testing.T) {
	const seq, interrupted = 7, unix.NLM_F_DUMP_INTR
	errno := func(e unix.Errno) uint32 { return uint32(-int32(e)) }
	tests := []struct {
		name     string
		messages [][]byte
		want     []uint32 // bodies
		err      error
	}{
		{"ends well", [][]byte{netlinkMessage(24, 0, seq, 1), netlinkMessage(24, 0, seq, 2), netlinkMessage(unix.NLMSG_DONE, 0, seq, 0)},
			[]uint32{1, 2}, nil},
		{"an answer to somebody else's request is not ours", [][]byte{netlinkMessage(24, interrupted, seq-1, 1), netlinkMessage(unix.NLMSG_DONE, 0, seq, 0)},
			nil, nil},
		{"a mark on any message is of the whole", [][]byte{netlinkMessage(24, 0, seq, 1), netlinkMessage(24, interrupted, seq, 2),
			netlinkMessage(24, 0, seq, 3), netlinkMessage(unix.NLMSG_DONE, 0, seq, 0)}, []uint32{1, 2, 3}, dump.ErrInterrupted},
		{"a mark on the end too", [][]byte{netlinkMessage(24, 0, seq, 1), netlinkMessage(unix.NLMSG_DONE, interrupted, seq, 0)},
			[]uint32{1}, dump.ErrInterrupted},
		{"a refusal counts more", [][]byte{netlinkMessage(unix.NLMSG_ERROR, interrupted, seq, errno(unix.EPERM))}, nil, unix.EPERM},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := dumpReader{seq: seq}
			var got []uint32
			for i, m := range tt.messages {
				if r.done {
					t.Fatalf("done before message %d", i)
				}
				r.read(m, func(_ uint16, body []byte) { got = append(got, binary.NativeEndian.Uint32(body)) })
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || !r.done {
				t.Errorf("done %t (-want +got):\n%s", r.done, diff)
			}
			if err := r.err(); !errors.Is(err, tt.err) {
				t.Errorf("error %v, want %v", err, tt.err)
			}
		})
	}
}
