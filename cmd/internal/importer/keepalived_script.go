package importer

import (
	"fmt"
	"time"

	"github.com/fhrpd/fhrpd/configs"
)

// script reads a vrrp_script. Its defaults are an interval of one second, a timeout of
// one interval, one success and one failure.
func (k *keepalived) script(s *statement) {
	t := configs.NewTrack()
	t.Kind, t.Rise, t.Fall = configs.TrackCommand, 1, 1
	weight, reverse := 0, false
	var timeout *statement
	for _, b := range s.block {
		switch b.arg(0) {
		case "script":
			t.Command = k.command(b, 1)
		case "interval":
			k.period(b, &t.Interval)
		case "timeout":
			timeout = b
		case "rise":
			k.count(b, &t.Rise)
		case "fall":
			k.count(b, &t.Fall)
		case "weight":
			if w, rev, ok := k.weight(&statement{at: b.at, words: b.words}, 0); ok {
				weight, reverse = w, rev
			}
		case "init_fail":
			k.not(b.at, b.String(), "an object is up until its checks fail")
		case "user":
			k.not(b.at, b.String(), "commands run as the user of the daemon")
		default:
			k.not(b.at, b.String(), "fhrpd has nothing like it")
		}
	}
	if len(t.Command) == 0 {
		k.not(s.at, s.String(), "there is no script in it")
		return
	}
	t.Target, t.Timeout = t.Command[0], t.Interval
	k.timeout(timeout, &t)
	k.tracked("script", s, t, weight, reverse)
}

func (k *keepalived) timeout(s *statement, t *configs.Track) {
	if s == nil {
		return
	}
	d := t.Interval
	k.period(s, &d)
	if d > t.Interval {
		k.not(s.at, s.String(), fmt.Sprintf("a timeout is not longer than the interval: it is %s", t.Interval))
		d = t.Interval
	}
	t.Timeout = d
}

// command reads a program and its arguments: one word that is split again, or the
// words as they are.
func (k *keepalived) command(s *statement, n int) []string {
	var args []string
	if len(s.words) == n+1 {
		args = argv(s.words[n])
	} else if len(s.words) > n {
		args = s.words[n:]
	}
	if forShell(args) {
		k.not(s.at, s.String(), "it was translated as it stands, and no shell runs it: where one has to, write [\"/bin/sh\", \"-c\", \"…\"]")
	}
	return args
}

// period reads seconds.
func (k *keepalived) period(s *statement, to *time.Duration) {
	if t, ok := seconds(s.arg(1)); ok {
		*to = t
		return
	}
	k.not(s.at, s.String(), "want a number of seconds")
}

func (k *keepalived) count(s *statement, to *int) {
	n, ok := number(s.arg(1), 1, 255)
	if !ok {
		k.not(s.at, s.String(), outside(1, 255))
		return
	}
	*to = n
}

// fileCheck is down while the file has a number other than 0. A file that is not
// there is one with 0.
const fileCheck = `test ! -e "$1" || test "$(cat "$1")" -eq 0`

// file reads a track_file. With a weight its number is multiplied, which no object
// here does; without one it is a switch.
func (k *keepalived) file(s *statement) {
	path, weight := "", 0
	for _, b := range s.block {
		switch b.arg(0) {
		case "file":
			path = b.arg(1)
		case "weight":
			weight, _, _ = k.weight(&statement{at: b.at, words: b.words}, 0)
		case "init_file":
			k.note(b.at, b.String(), "a file that is not there counts as 0")
		default:
			k.not(b.at, b.String(), "fhrpd has nothing like it")
		}
	}
	if path == "" {
		k.not(s.at, s.String(), "there is no file in it")
		return
	}
	t := configs.NewTrack()
	t.Kind, t.Rise, t.Fall = configs.TrackCommand, 1, 1
	t.Command = []string{"/bin/sh", "-c", fileCheck, "sh", path}
	t.Target = t.Command[0]
	k.tracked("file", s, t, weight, false)
}

// process reads a vrrp_track_process: pgrep finds the name every second.
func (k *keepalived) process(s *statement) {
	t := configs.NewTrack()
	t.Kind, t.Rise, t.Fall = configs.TrackCommand, 1, 1
	var words []string
	weight, reverse, full := 0, false, false
	for _, b := range s.block {
		switch b.arg(0) {
		case "process":
			words = b.words[1:]
		case "weight":
			weight, reverse, _ = k.weight(&statement{at: b.at, words: b.words}, 0)
		case "full_command":
			full = true
		case "quorum":
			if b.arg(1) != "1" {
				k.not(b.at, b.String(), "one process is enough: pgrep -c in a command counts them")
			}
		case "delay":
			k.period(b, &t.DelayUp)
			t.DelayDown = t.DelayUp
		case "fork_delay":
			k.period(b, &t.DelayUp)
		case "terminate_delay":
			k.period(b, &t.DelayDown)
		default:
			k.not(b.at, b.String(), "fhrpd has nothing like it")
		}
	}
	if len(words) == 0 {
		k.not(s.at, s.String(), "there is no process in it")
		return
	}
	t.Command = pgrep(words, full)
	t.Target = t.Command[0]
	k.note(s.at, s.String(), "pgrep looks for the process every second")
	k.tracked("process", s, t, weight, reverse)
}

// commLen is how much of its name the kernel keeps of a process.
const commLen = 15

func pgrep(words []string, full bool) []string {
	if full || len(words) > 1 {
		args := []string{"/usr/bin/pgrep", "-f", "-x", "--", ""}
		for n, w := range words {
			if n > 0 {
				args[4] += " "
			}
			args[4] += w
		}
		return args
	}
	name := words[0]
	if len(name) > commLen {
		name = name[:commLen]
	}
	return []string{"/usr/bin/pgrep", "-x", "--", name}
}
