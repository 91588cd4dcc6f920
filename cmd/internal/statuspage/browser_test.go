package statuspage

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/fhrpd/fhrpd/cmd/internal/status"
	"github.com/fhrpd/fhrpd/internal/skip"
)

// browser is a real one without a screen; said is what its console got.
type browser struct {
	context.Context
	mu   sync.Mutex
	said []string
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	path := skip.Without(t, "chromium")
	t.Setenv("TMPDIR", t.TempDir()) // it leaves things there
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()))
	ctx, end := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(end)
	ctx, leave := chromedp.NewContext(ctx)
	t.Cleanup(leave)
	b := &browser{Context: ctx}
	b.run(t, chromedp.Navigate("about:blank"))
	err := chromedp.Listen(ctx, func(ev any) {
		switch ev := ev.(type) {
		case *runtime.EventConsoleAPICalled:
			b.say(fmt.Sprint(ev.Type, ev.Args))
		case *runtime.EventExceptionThrown:
			b.say(ev.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			b.say(ev.Entry.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *browser) say(s string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said = append(b.said, s)
}

// patience is for a machine that does other things as well.
const patience = 2 * time.Minute

func (b *browser) run(t *testing.T, do ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b, do...); err != nil {
		t.Fatal(err)
	}
}

// eval returns what an expression is worth in the page.
func eval[T any](t *testing.T, b *browser, js string) T {
	t.Helper()
	v, err := chromedp.Run(b, chromedp.Evaluate[T](js))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// until waits for an expression to become true in the page.
func (b *browser) until(t *testing.T, js string) {
	t.Helper()
	if err := chromedp.Do(b, chromedp.Poll[chromedp.Void](js, chromedp.WithPollingTimeout(patience))); err != nil {
		t.Fatalf("%s: %v", js, err)
	}
}

// shows waits until the page contains text.
func (b *browser) shows(t *testing.T, text string) {
	t.Helper()
	b.until(t, fmt.Sprintf("document.body.innerText.includes(%q)", text))
}

func TestBrowser(t *testing.T) {
	r := sample()
	r.st.Groups[1].Obstacle = "link is down: no carrier on a port with quite a long explanation of what is to be done"
	r.st.Groups[1].VirtualIPs = []string{"2001:db8:1111:2222:3333:4444:5555:6666", "fe80:0:0:0:1111:2222:3333:4444"}
	s := startServer(t, r)
	b := openBrowser(t)
	b.run(t, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(s.URL))
	b.shows(t, "2 groups: 1 Active, 1 Standby. 1 to look at.")
	b.until(t, `document.getElementById("live").textContent === "live"`)

	for _, scheme := range []string{"light", "dark"} {
		media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
		if _, err := chromedp.Call(b, emulation.SetEmulatedMedia, media); err != nil {
			t.Fatal(err)
		}
		for _, width := range []int64{1280, 360} {
			b.run(t, chromedp.EmulateViewport(width, 800))
			if got := eval[int64](t, b, "document.documentElement.scrollWidth"); got > width {
				t.Errorf("at %d px the page is %d px wide", width, got)
			}
			for _, faint := range eval[[]string](t, b, faintTexts) {
				t.Errorf("%s, %d px: %s", scheme, width, faint)
			}
		}
	}

	r.mu.Lock()
	r.st = &status.Status{Version: "v1.2.3", Groups: []status.Group{group(10, "Standby"), group(11, "Standby")}}
	r.past = append(r.past, moved(at, 10, "Active", "Speak", "coup-received"))
	r.later = time.Second
	r.mu.Unlock()
	r.Publish(status.Event{Kind: "transition"})
	b.shows(t, "2 groups: 2 Standby.")
	b.shows(t, "coup-received")
	b.until(t, `parseFloat(document.querySelector("[data-left]").textContent) === 0`) // it runs down by itself
	b.mu.Lock()
	if len(b.said) > 0 {
		t.Errorf("the console says:\n%s", strings.Join(b.said, "\n"))
	}
	b.mu.Unlock()

	s.Listener.Close()
	s.CloseClientConnections()
	b.shows(t, "not live: the router does not answer")
}

// faintTexts lists the texts whose contrast with what is behind them is below that
// of WCAG 2.2, 1.4.3 (AA): 4.5.
const faintTexts = `(() => {
	const rgb = c => (c.match(/[\d.]+/g) || []).map(Number);
	const light = c => c.slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = e => {
		for (; e; e = e.parentElement) {
			const c = rgb(getComputedStyle(e).backgroundColor);
			if (c.length == 3 || c[3] > 0) return c;
		}
		return [255, 255, 255];
	};
	const out = [];
	for (const e of document.querySelectorAll("body *")) {
		const own = [...e.childNodes].some(n => n.nodeType == 3 && n.textContent.trim());
		if (!own || e.tagName == "SCRIPT" || e.tagName == "STYLE" || e.tagName == "title") continue;
		const s = getComputedStyle(e);
		const a = light(rgb(e instanceof SVGElement ? s.fill : s.color)), b = light(behind(e));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) out.push(e.tagName + " " + JSON.stringify(e.textContent.slice(0, 40)) + " has a contrast of " + ratio.toFixed(2));
	}
	return out;
})()`
