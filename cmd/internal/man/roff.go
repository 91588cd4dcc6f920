// Package man writes manual pages for troff's man macros (man(7)): that of the
// commands from what their help says, and that of the configuration from its
// reference. Nothing is told twice, so that nothing is told differently.
package man

import (
	"fmt"
	"strings"
	"time"
)

// Head is what stands above and below a page.
type Head struct {
	Date    time.Time // of the source; zero = none
	Version string
}

// page is a page that is being written.
type page struct {
	strings.Builder
	headed bool // nothing stands below the last heading yet
}

// title begins the page of a section of the manual.
func (p *page) title(name string, section int, h Head, about string) {
	date := ""
	if !h.Date.IsZero() {
		date = h.Date.UTC().Format(time.DateOnly)
	}
	fmt.Fprintf(p, ".TH %s %d %s %s %s\n", quote(strings.ToUpper(name)), section, `"`+date+`"`, quote(h.Version), quote("fhrpd"))
	p.heading("NAME")
	fmt.Fprintf(p, "%s \\- %s\n", text(name), text(about))
}

func (p *page) heading(s string) {
	fmt.Fprintf(p, ".SH %s\n", quote(s))
	p.headed = true
}

func (p *page) subheading(s string) {
	fmt.Fprintf(p, ".SS %s\n", quote(s))
	p.headed = true
}

// paragraph begins one. Below a heading that is done already.
func (p *page) paragraph() {
	if !p.headed {
		p.WriteString(".PP\n")
	}
	p.headed = false
}

// prose writes paragraphs that blank lines part. Lines are filled, but for those of
// a paragraph that is indented.
func (p *page) prose(s string) {
	for para := range strings.SplitSeq(strings.Trim(s, "\n"), "\n\n") {
		switch {
		case para == "":
		case strings.HasPrefix(para, " "):
			p.verbatim(para)
		default:
			p.paragraph()
			p.filled(para)
		}
	}
}

// filled writes lines that may be joined.
func (p *page) filled(s string) {
	for line := range strings.Lines(s) {
		p.WriteString(text(strings.TrimSpace(line)) + "\n")
	}
}

// verbatim writes lines as they are, less their common indentation of two.
func (p *page) verbatim(s string) {
	p.paragraph()
	p.WriteString(".RS 4\n.nf\n")
	for line := range strings.Lines(s) {
		p.WriteString(text(strings.TrimPrefix(strings.TrimRight(line, "\n"), "  ")) + "\n")
	}
	p.WriteString(".fi\n.RE\n")
}

// entry writes a term, which is troff already, and what it means.
func (p *page) entry(term, meaning string) {
	p.headed = false
	p.WriteString(".TP\n" + term + "\n")
	p.filled(meaning)
}

func bold(s string) string   { return `\fB` + text(s) + `\fR` }
func italic(s string) string { return `\fI` + text(s) + `\fR` }

// escapes are what troff takes for something else: its escape character, and
// characters that it makes typographic, which nobody could copy to a shell.
var escapes = strings.NewReplacer(`\`, `\e`, `-`, `\-`, "`", `\(ga`, `'`, `\(aq`, `^`, `\(ha`, `~`, `\(ti`)

// text is s as troff prints it, and no request at the beginning of a line.
func text(s string) string {
	s = escapes.Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}

// quote is s as one argument of a macro.
func quote(s string) string { return `"` + strings.ReplaceAll(text(s), `"`, `\(dq`) + `"` }
