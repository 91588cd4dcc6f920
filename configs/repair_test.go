package configs

import (
	"strings"
	"testing"
)

func TestSlips(t *testing.T) {
	const rest = "\npriority = 300\n" // the fault behind the slip
	for _, tt := range []struct {
		name, text string
		want       []string // besides that of the priority
	}{
		{"a name without quotes", "[[hsrp]]\ninterface = eth1", []string{`f:2: interface: a text needs quotes: interface = "eth1"`}},
		{"with a comment", "[[hsrp]]\ninterface = eth1.7 # uplink", []string{`f:2: interface: a text needs quotes: interface = "eth1.7"`}},
		{"a duration", "[[hsrp]]\ninterface = \"eth1\"\nhello = 1s\nhold = 3s", []string{
			`f:3: hello: a text needs quotes: hello = "1s"`, `f:4: hold: a text needs quotes: hold = "3s"`}},
		{"a head that is half closed", "[[hsrp]\ninterface = \"eth1\"", []string{"f:1: [[hsrp] is not the head of a table: write [[hsrp]]"}},
		{"one that is not closed", "[[hsrp\ninterface = \"eth1\"", []string{"f:1: [[hsrp is not the head of a table: write [[hsrp]]"}},
		{"one too few at the start", "[hsrp]]\ninterface = \"eth1\"", []string{"f:1: [hsrp]] is not the head of a table: write [[hsrp]]"}},
		{"a single one", "[hsrp] # users\ninterface = \"eth1\"", []string{"f:1: [hsrp] is for a table of which there is one: write [[hsrp]]"}},
		{"two of them", "[hsrp]\ninterface = \"eth0\"\ngroup = 1\n[hsrp]\ninterface = \"eth1\"", []string{
			"f:1: [hsrp] is for a table of which there is one: write [[hsrp]]", "f:4: [hsrp] is for a table of which there is one: write [[hsrp]]"}},
		{"a number that is too large", "[[hsrp]]\ninterface = \"eth1\"\ngroup = 99999999999999999999", []string{
			"f:3: hsrp[0] (eth1, group 99999999999999999999): group 99999999999999999999 must be 0 to 4095 in version 2"}},
		{"a small one", "[[hsrp]]\ninterface = \"eth1\"\ngroup = -99999999999999999999", []string{
			"f:3: hsrp[0] (eth1, group -99999999999999999999): group -99999999999999999999 must be 0 to 4095 in version 2"}},
		{"addresses without quotes", "[[hsrp]]\ninterface = \"eth1\"\nvirtual_ips = [192.0.2.1, 192.0.2.2]", []string{
			`f:3: virtual_ips: each element needs quotes: virtual_ips = ["192.0.2.1", "192.0.2.2"]`}},
		{"a truth of another language", "[[hsrp]]\ninterface = \"eth1\"\npreempt = True", []string{
			"f:3: preempt True: write true, in small letters and without quotes"}},
		{"a number with zeroes", "[[hsrp]]\ninterface = \"eth1\"\ngroup = 010", []string{"f:3: group 010: a number does not begin with 0: write 10"}},
		{"no =", "[[hsrp]]\ninterface: \"eth1\"", []string{`f:2: interface: the = between key and value is missing: interface = "eth1"`}},
		{"as on IOS", "[[hsrp]]\ninterface eth1", []string{"f:2: interface: the = between key and value is missing: interface = eth1"}},
		{"no value", "[[hsrp]]\ninterface =", []string{"f:2: interface has no value"}},
		{"a string that does not end", "[[hsrp]]\ninterface = \"eth1", []string{"f:2: interface: the quote at the end is missing"}},
		{"curly quotes", "[[hsrp]]\ninterface = “eth1”", []string{`f:2: interface: quotes are straight in TOML, as in interface = "eth1"`}},
		{"a comment of C", "[[hsrp]]\ninterface = \"eth1\" // users", []string{
			"f:2: interface: after the value the line has to end: a comment begins with #, and every key has a line of its own"}},
		{"a line that is one", "[[hsrp]]\n// users\ninterface = \"eth1\"", []string{"f:2: a comment begins with #"}},
		{"an array that does not end", "[[hsrp]]\ninterface = \"eth1\"\nvirtual_ips = [\"192.0.2.1\",\n  \"192.0.2.2\"", []string{
			"f:3: virtual_ips: the ] at the end, or a comma, is missing: noticed in line 5"}},
		{"a key twice", "[[hsrp]]\ninterface = \"eth1\"\ninterface = \"eth2\"", []string{"f:3: interface is in the table already: remove one of the two"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("f", []byte(tt.text+rest))
			faults, _ := err.(Errors)
			var got []string
			behind := false
			for _, f := range faults {
				if strings.Contains(f.Msg, "priority 300 must be 1 to 255") && f.Line == 1+strings.Count(tt.text, "\n")+1 {
					behind = true
					continue
				}
				got = append(got, f.Error())
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") || !behind {
				t.Errorf("got\n%v\nwant\n%s\nand the priority", err, strings.Join(tt.want, "\n"))
			}
		})
	}
}

// What a file has in place of a secret is not repeated.
func TestSlipsDoNotTellSecrets(t *testing.T) {
	for _, line := range []string{
		"auth = { md5 = hush }", "auth = { md5 = \"hush }", "auth = hush", "http = http://u:hush@h/", "auth { text = \"hush\" }", "auth: hush", "auth = “hush”",
		"auth = [hush]", "auth = hush = x", "auth = { md5 = \"hush\" \"hush\" }",
	} {
		_, err := Parse("f", []byte("[[hsrp]]\ninterface = \"eth1\"\n"+line+"\n"))
		if err == nil || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "f:3: ") {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// Whatever is wrong, there is an end, a fault, and a line that exists.
func FuzzRepair(f *testing.F) {
	for _, s := range []string{
		"[[hsrp]\ninterface = eth1\n", "[", "[[", "a = [\n[[hsrp]]\n", "a = \"\"\"\nx = 1\n", "= 1\n", "a.b. = 1\n", "[hs rp]\nx=1\n", "[]\n", "a = }\n",
		"a = 0x1ffffffffffffffffff\n", "a = 1e999\n", "x = [\n\"a\"\n\"b\"\n]\n", "\xff", "a = \"\x01\"", "[daemon]\n[daemon]\n", "\"a b\" = x\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := decode(s); err == nil {
			return
		}
		_, err := Parse("f", []byte(s))
		faults, ok := err.(Errors)
		if !ok || len(faults) == 0 {
			t.Fatalf("%q is taken: %v", s, err)
		}
		for _, fault := range faults {
			if fault.Line < 0 || fault.Line > 1+strings.Count(s, "\n") {
				t.Errorf("%q: line %d", s, fault.Line)
			}
		}
	})
}
