// Command browser looks at the page of --http with a real browser, as a person
// would: with the keyboard and the pointer, in the dark, on a phone.
//
//	go run . RTDA [FOLDER]
//
// It starts RTDA on records of thirty sensors and Chromium without a window. What
// the page looks like is written to FOLDER.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"image/png"
	"io"
	"iter"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// evil would run as a part of the page if a name were not taken as text.
const evil = `z<img src=x onerror="document.title='owned'">`

// sensors is how many sensors there are beside evil.
const sensors = 29

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: browser RTDA [FOLDER]")
		os.Exit(2)
	}
	chromium := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			chromium = path
			break
		}
	}
	if chromium == "" {
		fmt.Println("skipped browser: there is no chromium")
		return
	}
	dir, err := os.MkdirTemp("", "rtda-browser")
	if err != nil {
		fmt.Fprintln(os.Stderr, "browser:", err)
		os.Exit(1)
	}
	pictures := dir
	if len(os.Args) > 2 {
		pictures = os.Args[2]
	}
	failed, err := look(os.Args[1], chromium, dir, pictures)
	os.RemoveAll(dir)
	if err != nil {
		fmt.Println("FAILED  browser:", err)
	}
	if err != nil || failed > 0 {
		os.Exit(1)
	}
}

// look starts rtda and the browser and makes all checks. It returns how many failed.
func look(rtda, chromium, dir, pictures string) (failed int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	url, err := start(ctx, rtda)
	if err != nil {
		return 0, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.UserDataDir(filepath.Join(dir, "profile")), chromedp.WindowSize(1280, 800),
		chromedp.WSURLReadTimeout(time.Minute),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	defer end()
	ctx, leave := chromedp.NewContext(ctx)
	defer leave()
	v := &visit{ctx: ctx, dir: dir, pictures: pictures}
	go v.heed(chromedp.Console(ctx))
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		return 0, err
	}
	for _, step := range []func(){v.first, v.keyboard, v.controls, v.pointer, v.saved, v.forms, v.quiet} {
		step()
	}
	return v.failed, nil
}

// start starts rtda, feeds it as long as ctx lives, and returns the page's address.
func start(ctx context.Context, rtda string) (string, error) {
	cmd := exec.CommandContext(ctx, rtda, "-t", "time", "-k", "sensor", "-f", "temp", "-w", "20s", "-n", "1s", "-a", "mean,std,max",
		"-r", "crit hot: mean(temp) > 75 for 5s until mean(temp) < 60", "-r", "warn low: mean(temp) < 25 until mean(temp) > 35",
		"--http", ":0", "-o", "none")
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	told, err := cmd.StderrPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	go feed(ctx, in)
	lines := bufio.NewScanner(told)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), "rtda: http://"); ok {
			go io.Copy(io.Discard, told)
			return "http://" + url, nil
		}
	}
	return "", errors.New("rtda does not say where it listens")
}

// feed writes the records of the last five minutes at once, and then those of each
// half second when it is over.
func feed(ctx context.Context, to io.WriteCloser) {
	defer to.Close()
	const step = time.Second / 2
	w := bufio.NewWriter(to)
	now := time.Now()
	for t := now.Add(-5 * time.Minute); ; t = t.Add(step) {
		if wait := time.Until(t); wait > 0 {
			if w.Flush() != nil {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
		}
		at := t.Sub(now).Seconds()
		for i := range sensors + 1 {
			name := fmt.Sprintf("s%02d", i+1)
			if i == sensors {
				name = strings.ReplaceAll(evil, `"`, `\"`)
			}
			if i == 4 && at > -120 && at < -80 {
				continue // a gap
			}
			phase, size := float64(i)*1.7, 1.0
			if i == sensors {
				size = 0.3 // without alerts
			}
			temp := 50 + size*(22*math.Sin(at/47+phase)+9*math.Sin(at/11+2*phase)) + 2*math.Sin(at*9+phase)
			fmt.Fprintf(w, `{"time":%q,"sensor":"%s","temp":%.3f}`+"\n", t.UTC().Format(time.RFC3339Nano), name, temp)
		}
	}
}

// An action is one thing that is done in the page.
type action = chromedp.Action[chromedp.Void]

// A visit is what is seen and done in one tab.
type visit struct {
	ctx           context.Context
	dir, pictures string
	failed        int

	mu      sync.Mutex
	trouble []string // what the console said
}

// heed keeps what the console says of errors and warnings.
func (v *visit) heed(messages iter.Seq2[chromedp.ConsoleMessage, error]) {
	for m, err := range messages {
		if err != nil {
			return
		}
		if m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleWarning || m.Type == chromedp.ConsoleException {
			v.mu.Lock()
			v.trouble = append(v.trouble, string(m.Type)+": "+m.Text)
			v.mu.Unlock()
		}
	}
}

// tell counts a check and says how it went.
func (v *visit) tell(name string, ok bool, got any) {
	if ok {
		fmt.Println("ok      browser:", name)
		return
	}
	v.failed++
	fmt.Printf("FAILED  browser: %s: %v\n", name, got)
}

// sees waits until js is true in the page, 10 s at most. What got gives is shown if
// it is not.
func (v *visit) sees(name, js, got string) bool {
	ok := false
	var err error
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok, err = chromedp.Run(v.ctx, chromedp.Evaluate[bool]("!!("+js+")")); ok {
			break
		}
	}
	shown := fmt.Sprint(err)
	if !ok && got != "" && err == nil {
		shown = v.text(got)
	}
	v.tell(name, ok, shown)
	return ok
}

// text is what js gives, as a text.
func (v *visit) text(js string) string {
	s, err := chromedp.Run(v.ctx, chromedp.Evaluate[string]("String("+js+")"))
	if err != nil {
		return err.Error()
	}
	return s
}

// does does what a person does.
func (v *visit) does(name string, actions ...action) {
	if err := chromedp.Do(v.ctx, actions...); err != nil {
		v.tell(name, false, err)
	}
}

const (
	rows   = `document.querySelectorAll("#body tr")`
	chosen = `document.querySelector("tr.mine th").textContent`
	// picture is what the chart looks like.
	picture = `document.getElementById("chart").toDataURL()`
)

func (v *visit) first() {
	_, err := chromedp.Call(v.ctx, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Tokyo"})
	v.tell("a time zone", err == nil, err)
	v.sees("a row for each key", rows+`.length === 30 && [...`+rows+`].every((r) => r.cells[3].textContent !== "")`, rows+".length")
	v.sees("it is live", `document.getElementById("state").textContent === "live"`, `document.getElementById("state").textContent`)
	v.sees("alerts", `document.querySelectorAll("#log-lines li").length > 3`, `document.querySelectorAll("#log-lines li").length`)
	v.sees("marks of severity", `[...`+rows+`].some((r) => r.cells[0].textContent === "!!")`, "")
	v.sees("a key is text", rows+`.length && [...`+rows+`].some((r) => r.cells[1].textContent.startsWith("z<img src=x"))`+
		` && !document.querySelector("img") && document.title !== "owned"`, "document.title")
	v.sees("names for who cannot see the chart", `/30 keys/.test(document.getElementById("chart").getAttribute("aria-label"))`,
		`document.getElementById("chart").getAttribute("aria-label")`)
}

func (v *visit) keyboard() {
	before := v.text(chosen)
	v.does("down", chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown))
	v.sees("down chooses the key after the next", fmt.Sprintf(`%s !== %q`, chosen, before), chosen)
	v.does("up", chromedp.KeyEvent(kb.ArrowUp))
	v.sees("up goes back by one", fmt.Sprintf(`%s !== %q && document.querySelector("tr.mine").sectionRowIndex === 1`, chosen, before), chosen)
	v.does("right", chromedp.KeyEvent(kb.ArrowRight))
	v.sees("right is the next column", `document.getElementById("column").selectedOptions[0].textContent.includes("std")`,
		`document.getElementById("column").selectedOptions[0].textContent`)
	v.does("left", chromedp.KeyEvent(kb.ArrowLeft))
	v.does("s", chromedp.KeyEvent("s"))
	v.sees("s sorts by value", `[...`+rows+`].every((r, i, all) => !i || Number(all[i - 1].cells[3].textContent) >= Number(r.cells[3].textContent))`, "")
	v.does("s", chromedp.KeyEvent("s"), chromedp.KeyEvent("s"))
	v.does("/", shortcut("/"))
	v.sees("/ goes to the filter", `document.activeElement.id === "filter"`, "document.activeElement.id")
	v.does("filter", chromedp.KeyEvent("s1"))
	v.sees("a filter", rows+`.length === 10`, rows+".length")
	v.does("escape", chromedp.KeyEvent(kb.Escape))
	v.sees("Escape drops it", rows+`.length === 30`, rows+".length")
	v.does("?", chromedp.KeyEvent("?"))
	v.sees("? shows the keys", `!document.getElementById("keys").hidden`, "")
	v.does("?", chromedp.KeyEvent("?"))
}

// shortcut presses a key. A browser writes the sign into what has the focus, unless
// the page has taken the key, which KeyEvent does not heed.
func shortcut(key string) action {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
			p := input.DispatchKeyEventParams{Type: kind, Key: key}
			if kind == input.DispatchKeyEventTypeKeyDown {
				p.Text = key
			}
			if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, p); err != nil {
				return err
			}
		}
		return nil
	})
}

func (v *visit) controls() {
	v.does("pause", chromedp.Click(chromedp.CSS("#pause")))
	v.sees("pause", `document.getElementById("pause").getAttribute("aria-pressed") === "true"`, "")
	v.does("a frame", frame)
	held := v.text(picture)
	lines := v.text(`document.getElementById("counts").textContent`)
	v.sees("the run goes on meanwhile", fmt.Sprintf(`document.getElementById("counts").textContent !== %q`, lines), "")
	v.tell("the picture stands still", v.text(picture) == held, "it changed")
	v.does("log", chromedp.Click(chromedp.CSS("#log")))
	v.sees("log changes the picture", fmt.Sprintf("%s !== %q", picture, held), "")
	v.does("log", chromedp.Click(chromedp.CSS("#log")))
	v.sees("and back", fmt.Sprintf("%s === %q", picture, held), "")
	v.does("range", change("range", `selectedIndex = 1`))
	v.sees("a shorter past", fmt.Sprintf("%s !== %q", picture, held), `document.getElementById("range").selectedOptions[0].textContent`)
	v.does("range", change("range", `value = "0"`))
	v.sees("all of it again", fmt.Sprintf("%s === %q", picture, held), "")
	v.does("pause", chromedp.KeyEvent(" "))
	v.sees("on again", `document.getElementById("pause").getAttribute("aria-pressed") === "false"`, "")
}

// frame waits until the page has drawn what it has to.
var frame = run(`new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))`)

// run runs js in the page.
func run(js string) action {
	return chromedp.Evaluate[chromedp.Void](js, chromedp.EvalAwaitPromise)
}

// change chooses what stands in a select as a person would.
func change(id, set string) action {
	return run(fmt.Sprintf(`{ const s = document.getElementById(%q); s.%s; s.dispatchEvent(new Event("change")); }`, id, set))
}

func (v *visit) pointer() {
	v.does("the pointer", chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 400, 220))
	v.sees("the pointer shows key, time and value", `!document.getElementById("tip").hidden && /\n\d{4}-.*\n-?\d/.test(document.getElementById("tip").textContent)`,
		`document.getElementById("tip").textContent`)
	v.sees("times are of the browser's zone", `[0, 5].some((ago) => /\n\d{4}-\d\d-\d\d (\d\d):/.exec(document.getElementById("tip").textContent)[1] ===
		new Date(Date.now() - ago * 6e4 + 9 * 36e5).toISOString().slice(11, 13))`, `document.getElementById("tip").textContent`)
	v.shoot("hover")
	v.does("away", chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 5, 5))
}

// saved presses the buttons that save something.
func (v *visit) saved() {
	_, err := chromedp.CallBrowser(v.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: v.dir,
	})
	v.tell("downloads", err == nil, err)
	v.does("csv", chromedp.Click(chromedp.CSS("#csv")))
	all, err := csv.NewReader(bytes.NewReader(v.file("rtda-temp_mean.csv"))).ReadAll()
	v.tell("CSV", err == nil && len(all) > 1000 && all[0][0] == "key" && all[len(all)-1][0] != "", fmt.Sprint(len(all), " records, ", err))
	v.does("png", chromedp.Click(chromedp.CSS("#png")))
	saved, err := png.DecodeConfig(bytes.NewReader(v.file("rtda-temp_mean.png")))
	v.tell("PNG", err == nil && saved.Width > 400, err)
}

// file waits until a file has been saved, 10 s at most.
func (v *visit) file(name string) []byte {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if b, err := os.ReadFile(filepath.Join(v.dir, name)); err == nil && len(b) > 0 {
			return b
		}
	}
	return nil
}

// forms looks at the page in light and dark, on a desk and on a phone.
func (v *visit) forms() {
	for _, scheme := range []string{"light", "dark"} {
		for _, size := range []struct {
			name          string
			width, height int64
			phone         bool
		}{{"desk", 1280, 800, false}, {"phone", 390, 844, true}} {
			name := scheme + "-" + size.name
			_, err1 := chromedp.Call(v.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			_, err2 := chromedp.Call(v.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
				Width: size.width, Height: size.height, DeviceScaleFactor: 1, Mobile: size.phone,
			})
			v.tell(name, err1 == nil && err2 == nil, errors.Join(err1, err2))
			v.sees(name+": nothing sticks out at the side", fmt.Sprintf(`innerWidth === %d && document.documentElement.scrollWidth <= innerWidth`, size.width),
				`innerWidth + " " + document.documentElement.scrollWidth`)
			v.sees(name+": its own colours", fmt.Sprintf(`(getComputedStyle(document.body).backgroundColor === "rgb(255, 255, 255)") === %v`, scheme == "light"),
				"getComputedStyle(document.body).backgroundColor")
			v.sees(name+": chart and table can be seen", `document.getElementById("chart").clientHeight > 150 && document.getElementById("rows").clientHeight > 150`,
				`document.getElementById("chart").clientHeight + " " + document.getElementById("rows").clientHeight`)
			v.does("a frame", frame)
			v.shoot(name)
		}
	}
}

// shoot writes a picture of the page.
func (v *visit) shoot(name string) {
	b, err := chromedp.Run(v.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(v.pictures, "page-"+name+".png"), b, 0o644)
	}
	v.tell("picture "+name, err == nil, err)
}

// quiet sees that the console said nothing.
func (v *visit) quiet() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tell("nothing to complain about in the console", len(v.trouble) == 0, strings.Join(v.trouble, "; "))
}
