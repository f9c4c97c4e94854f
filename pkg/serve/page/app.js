"use strict";
// The page of a run: it fetches what there is, follows what changes, and draws it.

const $ = (id) => document.getElementById(id);
const levels = [null, "info", "warn", "crit"];
const marks = { info: "i", warn: "!", crit: "!!" };
const maxRows = 500; // of the table
const maxPoints = 2400; // of a key

let meta = null;
let column = 0;
let mine = null; // id of the chosen key
let sort = "name";
let held = null; // the keys as they were when the picture was paused
let heldAt = null; // the last place there was then
let newest = null; // the last place there is
let source = null;
let rate = null; // lines a second
let before = null; // counts of the step before, with their time
let alertLines = [];
let hover = null; // x of the pointer in the chart
const keys = new Map(); // id → key

// A name may hold what turns a line round or does not show: it is written out.
const shown = (text) => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
  (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

const nameOf = (key) => meta.keys.map((k) => shown(key[k])).join(" · ") || "all";

function keyFor(id, key) {
  let k = keys.get(id);
  if (!k) {
    k = { id, name: nameOf(key), level: null, values: [], time: null, t: [], last: [], min: [], max: [], spark: null };
    keys.set(id, k);
  }
  return k;
}

// Numbers are shown with six digits, whole ones in full.
function number(x) {
  if (x === null || x === undefined) return "";
  if (Number.isInteger(x) && Math.abs(x) < 1e15) return String(x);
  const a = Math.abs(x);
  return a >= 1e-4 && a < 1e15 ? String(Number(x.toPrecision(6))) : x.toPrecision(6).replace(/\.?0+e/, "e");
}

const two = (n) => String(n).padStart(2, "0");
function place(t, withDay) {
  if (!meta.clock) return "row " + t;
  const d = new Date(t);
  const day = d.getFullYear() + "-" + two(d.getMonth() + 1) + "-" + two(d.getDate()) + " ";
  return (withDay ? day : "") + two(d.getHours()) + ":" + two(d.getMinutes()) + ":" + two(d.getSeconds());
}

// ---- what comes from the run

async function get(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(path + ": " + answer.status);
  return answer.json();
}

async function fetchRows() {
  const all = await get("/api/rows");
  for (const row of all.rows) {
    const k = keyFor(row.id, row.key);
    k.level = row.level;
    k.values = meta.columns.map((c) => row.values[c.name]);
    k.time = row.time === null ? null : Date.parse(row.time);
    if (k.time !== null) newest = Math.max(newest ?? k.time, k.time);
  }
}

let asked = 0; // a later answer counts
async function fetchHistory() {
  if (!meta.columns.length) return;
  const mark = ++asked;
  const all = await get("/api/history?column=" + encodeURIComponent(meta.columns[column].name));
  if (mark !== asked) return;
  for (const k of keys.values()) k.t = k.last = k.min = k.max = [];
  for (const s of all.series) {
    const k = keys.get(s.id);
    if (!k) continue;
    k.t = s.t;
    k.last = s.last;
    k.min = s.min ?? s.last.slice();
    k.max = s.max ?? s.last.slice();
    if (k.t.length) newest = Math.max(newest ?? k.t[k.t.length - 1], k.t[k.t.length - 1]);
  }
}

async function fetchAlerts() {
  const all = await get("/api/alerts");
  alertLines = all.log;
  firing(all.firing.length);
  listAlerts(alertLines, true);
}

async function fetchAll() {
  try {
    await fetchRows();
    await Promise.all([fetchHistory(), fetchAlerts()]);
    draw();
  } catch (err) {
    state("lost", "no answer");
  }
}

function connect() {
  if (source) source.close();
  source = new EventSource("/events");
  source.addEventListener("hello", (e) => {
    meta = JSON.parse(e.data);
    keys.clear();
    if (held) pause();
    newest = before = null;
    setUp();
    state("live", "live");
    fetchAll();
  });
  source.addEventListener("step", (e) => {
    step(JSON.parse(e.data));
    draw();
  });
  source.addEventListener("end", (e) => {
    const status = JSON.parse(e.data).status;
    state("", status === 0 ? "ended" : "ended with status " + status);
    source.close();
    source = null;
    draw();
  });
  source.onerror = () => state("lost", "not connected");
}

function step(s) {
  for (const n of s.new) keyFor(n.id, n.key);
  for (const id of s.gone) keys.delete(id);
  for (const p of s.points) point(p);
  if (s.alerts.length) {
    alertLines = alertLines.concat(s.alerts).slice(-200);
    listAlerts(s.alerts, false);
  }
  firing(s.firing);
  const now = performance.now();
  if (before && now > before.now) rate = (s.lines - before.lines) / ((now - before.now) / 1000);
  before = { lines: s.lines, now };
  const words = [s.lines.toLocaleString("en") + " lines"];
  if (rate !== null) words.push(Math.round(rate).toLocaleString("en") + "/s");
  words.push(keys.size.toLocaleString("en") + (keys.size === 1 ? " key" : " keys"));
  if (s.skipped) words.push(s.skipped.toLocaleString("en") + " skipped");
  if (s.lag !== null && Math.abs(s.lag) < 1e6) words.push("lag " + number(Math.round(s.lag * 10) / 10) + " s");
  $("counts").textContent = words.join(" · ");
}

// point takes [id, level, after, t, last, min, max, …]: it stands for all behind
// after, so what stood there goes, and what reaches over it is cut.
function point(p) {
  const k = keys.get(p[0]);
  if (!k) return;
  k.level = levels[p[1]];
  if (p.length === 4) return;
  const after = p[2] ?? -Infinity;
  while (k.t.length && (k.t.length > 1 ? k.t[k.t.length - 2] : -Infinity) >= after && k.t[k.t.length - 1] > after) {
    for (const list of [k.t, k.last, k.min, k.max]) list.pop();
  }
  if (k.t.length && k.t[k.t.length - 1] > after) k.t[k.t.length - 1] = after;
  for (let c = 0; c < meta.columns.length; c++) k.values[c] = p[4 + 3 * c];
  k.time = meta.clock ? p[3] : null;
  const [last, min, max] = p.slice(4 + 3 * column, 7 + 3 * column);
  k.t.push(p[3]);
  k.last.push(last);
  k.min.push(min ?? last);
  k.max.push(max ?? last);
  newest = Math.max(newest ?? p[3], p[3]);
  if (k.t.length > maxPoints) thin(k);
}

// thin joins neighbours two by two.
function thin(k) {
  const t = [], last = [], min = [], max = [];
  for (let i = 0; i < k.t.length; i += 2) {
    const j = Math.min(i + 1, k.t.length - 1);
    t.push(k.t[j]);
    last.push(k.last[j] ?? k.last[i]);
    min.push(least(k.min[i], k.min[j]));
    max.push(most(k.max[i], k.max[j]));
  }
  Object.assign(k, { t, last, min, max });
}
const least = (a, b) => (a === null ? b : b === null ? a : Math.min(a, b));
const most = (a, b) => (a === null ? b : b === null ? a : Math.max(a, b));

function state(kind, text) {
  $("state").className = kind;
  $("state").textContent = text;
}

function firing(n) {
  $("firing").textContent = n ? "(" + n + (n === 1 ? " fires)" : " fire)") : "";
  document.title = (n ? "(" + n + ") " : "") + "rtda";
}

function listAlerts(lines, anew) {
  const list = $("log-lines");
  if (anew) list.replaceChildren();
  for (const a of lines) {
    const li = document.createElement("li");
    li.className = a.state + " " + a.severity;
    const word = document.createElement("b");
    word.className = a.severity;
    word.textContent = (a.state === "firing" ? "ALERT " : "RESOLVED ") + a.severity + " ";
    if (a.time) {
      const time = document.createElement("time");
      time.dateTime = a.time;
      time.textContent = place(Date.parse(a.time), false) + " ";
      li.append(time);
    }
    const values = Object.entries(a.values).filter(([, x]) => x !== null).map(([n, x]) => shown(n) + "=" + number(x));
    const key = a.key ? Object.values(a.key).map(shown).join(" · ") + " " : "";
    li.append(word, shown(a.rule) + " " + key + values.join(" "));
    list.prepend(li);
  }
  while (list.children.length > 200) list.lastChild.remove();
}

// ---- controls

function setUp() {
  const names = meta.columns.map((c) => c.name);
  column = Math.min(column, Math.max(0, names.length - 1));
  $("column").replaceChildren(...names.map((n, i) => new Option(shown(n), i, false, i === column)));
  const ranges = meta.clock
    ? [["all", 0], ["1 min", 6e4], ["5 min", 3e5], ["15 min", 9e5], ["1 h", 36e5], ["6 h", 216e5]]
    : [["all", 0], ["100 rows", 100], ["1000 rows", 1000], ["10000 rows", 10000]];
  if ($("range").options.length !== ranges.length) $("range").replaceChildren(...ranges.map(([n, v]) => new Option(n, v)));
  const heads = ["", meta.keys.map(shown).join(" · ") || "key", "past", ...names.map(shown)];
  $("head").replaceChildren(...heads.map((name, i) => {
    const th = document.createElement("th");
    th.scope = "col";
    if (i === 0 || i > 2 || i === 1) {
      const b = document.createElement("button");
      b.type = "button";
      b.textContent = name || "alert";
      b.onclick = () => {
        if (i > 2) choose(i - 3);
        sort = i === 0 ? "alert" : i === 1 ? "name" : "value";
        draw();
      };
      th.append(b);
    } else th.textContent = name;
    if (i === 1) th.className = "name";
    return th;
  }));
}

function choose(c) {
  const n = meta.columns.length;
  if (!n) return;
  column = (c + n) % n;
  $("column").value = column;
  fetchHistory().then(() => { if (held) hold(); draw(); }, () => state("lost", "no answer"));
}

// hold keeps a copy of the keys, which is what is shown until the picture goes on.
function hold() {
  held = new Map([...keys].map(([id, k]) => [id, { ...k, values: [...k.values], t: [...k.t], last: [...k.last], min: [...k.min], max: [...k.max] }]));
}

function pause() {
  if (held) held = null; else { heldAt = newest; hold(); }
  $("pause").setAttribute("aria-pressed", String(held !== null));
  $("pause").textContent = held ? "go on" : "pause";
  draw();
}

function visible() {
  const text = $("filter").value.toLowerCase();
  const all = [...(held ?? keys).values()].filter((k) => k.name.toLowerCase().includes(text));
  const byName = (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const value = (k) => k.values[column] ?? -Infinity;
  const orders = {
    name: byName,
    value: (a, b) => value(b) - value(a) || byName(a, b),
    alert: (a, b) => levels.indexOf(b.level) - levels.indexOf(a.level) || byName(a, b),
  };
  return all.sort(orders[sort]);
}

function move(by) {
  const all = visible();
  if (!all.length) return;
  const i = all.findIndex((k) => k.id === mine);
  mine = all[Math.max(0, Math.min(all.length - 1, i < 0 ? 0 : i + by))].id;
  draw();
  document.querySelector("tr.mine")?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || !meta) return;
  if (e.target.matches("input[type=search], select")) {
    if (e.key === "Escape") { $("filter").value = ""; e.target.blur(); draw(); }
    return;
  }
  if (e.key === " " && e.target.matches("button")) return;
  const acts = {
    ArrowUp: () => move(-1), ArrowDown: () => move(1), ArrowLeft: () => choose(column - 1), ArrowRight: () => choose(column + 1),
    " ": pause, "/": () => $("filter").focus(), l: () => $("log").click(), "?": () => $("help").click(),
    s: () => { sort = { name: "value", value: "alert", alert: "name" }[sort]; draw(); },
  };
  if (acts[e.key]) { e.preventDefault(); acts[e.key](); }
});
$("controls").onsubmit = (e) => e.preventDefault();
$("column").onchange = () => choose(Number($("column").value));
$("filter").oninput = $("range").onchange = $("log").onchange = () => draw();
$("pause").onclick = pause;
$("help").onclick = () => {
  $("keys").hidden = !$("keys").hidden;
  $("help").setAttribute("aria-expanded", String(!$("keys").hidden));
};
document.addEventListener("visibilitychange", () => {
  if (document.hidden) { source?.close(); source = null; } else if (!source && !$("state").textContent.startsWith("ended")) connect();
});
new ResizeObserver(() => draw()).observe($("plot"));
const chart = $("chart");
chart.onpointermove = chart.onpointerdown = (e) => { hover = { x: e.offsetX, y: e.offsetY }; drawChart(); };
chart.onpointerleave = () => { hover = null; drawChart(); };
chart.onclick = () => { if (nearest) { mine = nearest.id; draw(); } };

function save(blob, ending) {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(blob);
  a.download = "rtda-" + (meta.columns[column]?.name ?? "run") + ending;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}
$("png").onclick = () => chart.toBlob((b) => save(b, ".png"));
$("csv").onclick = () => {
  const cell = (x) => (x === null ? "" : /[",\n\r]/.test(x) ? '"' + String(x).replaceAll('"', '""') + '"' : String(x));
  const lines = [["key", meta.clock ? "time" : "row", "last", "min", "max"].join(",")];
  for (const k of visible()) {
    k.t.forEach((t, i) => lines.push([k.name, meta.clock ? new Date(t).toISOString() : t, k.last[i], k.min[i], k.max[i]].map(cell).join(",")));
  }
  save(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }), ".csv");
};

// ---- drawing

let wanted = false;
function draw() {
  if (wanted || !meta) return;
  wanted = true;
  requestAnimationFrame(() => {
    wanted = false;
    if (mine === null || !(held ?? keys).has(mine)) mine = visible()[0]?.id ?? null;
    drawTable();
    drawChart();
  });
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name);

function drawTable() {
  const all = visible();
  const body = $("body");
  const rows = all.slice(0, maxRows);
  $("caption").textContent = all.length > maxRows
    ? "the first " + maxRows + " of " + all.length.toLocaleString("en") + " keys: filter to see others" : "";
  while (body.children.length > rows.length) body.lastChild.remove();
  while (body.children.length < rows.length) {
    const tr = document.createElement("tr");
    const name = document.createElement("th");
    name.scope = "row";
    const spark = document.createElement("td");
    spark.append(document.createElement("canvas"));
    tr.append(document.createElement("td"), name, spark);
    tr.onclick = () => { mine = Number(tr.dataset.id); draw(); };
    body.append(tr);
  }
  rows.forEach((k, i) => {
    const tr = body.children[i];
    tr.dataset.id = k.id;
    tr.className = k.id === mine ? "mine" : "";
    if (k.id === mine) tr.setAttribute("aria-current", "true"); else tr.removeAttribute("aria-current");
    const cells = tr.children;
    set(cells[0], k.level ? marks[k.level] : "");
    cells[0].className = k.level ?? "";
    cells[0].title = k.level ?? "";
    set(cells[1], k.name);
    while (cells.length < 3 + meta.columns.length) tr.append(document.createElement("td"));
    while (cells.length > 3 + meta.columns.length) tr.lastChild.remove();
    k.values.forEach((x, c) => set(cells[3 + c], number(x)));
    const box = tr.getBoundingClientRect();
    if (box.bottom > 0 && box.top < innerHeight) drawSpark(cells[2].firstChild, k);
  });
}

function set(cell, text) {
  if (cell.textContent !== text) cell.textContent = text;
}

function prepared(canvas) {
  const ratio = devicePixelRatio || 1;
  const w = canvas.clientWidth, h = canvas.clientHeight;
  if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
    canvas.width = Math.round(w * ratio);
    canvas.height = Math.round(h * ratio);
  }
  const g = canvas.getContext("2d");
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, w, h);
  return [g, w, h];
}

function drawSpark(canvas, k) {
  const [g, w, h] = prepared(canvas);
  let lo = Infinity, hi = -Infinity;
  for (const x of k.last) if (x !== null) { lo = Math.min(lo, x); hi = Math.max(hi, x); }
  if (lo > hi) return;
  const from = k.t[0], width = k.t[k.t.length - 1] - from || 1, high = hi - lo || 1;
  g.strokeStyle = colour(k.level ?? (k.id === mine ? "mine" : "soft"));
  g.lineWidth = 1;
  trace(g, k, (t) => 1 + (w - 2) * (t - from) / width, (x) => hi === lo ? h / 2 : h - 2 - (h - 4) * (x - lo) / high);
}

// trace draws the line of a key: one point a dot of the screen at most, with a
// gap where there are no values, or none for long.
function trace(g, k, xOf, yOf, begin = 0) {
  const n = k.t.length;
  const usual = n > 2 ? (k.t[n - 1] - k.t[0]) / (n - 1) : Infinity;
  g.beginPath();
  let down = false, lastX = -Infinity, lastT = null;
  for (let i = begin; i < n; i++) {
    const x = k.last[i] === null ? null : yOf(k.last[i]);
    if (x === null || Number.isNaN(x)) { down = false; continue; }
    const at = xOf(k.t[i]);
    if (down && k.t[i] - lastT > 12 * usual) down = false;
    lastT = k.t[i];
    if (down && i < n - 1 && at - lastX < 0.5) continue;
    if (down) g.lineTo(at, x); else { g.moveTo(at, x); g.lineTo(at + 0.5, x); }
    down = true;
    lastX = at;
  }
  g.stroke();
}

function ticks(lo, hi, n) {
  const raw = (hi - lo) / n, power = 10 ** Math.floor(Math.log10(raw));
  const size = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const all = [];
  for (let x = Math.ceil(lo / size) * size; x <= hi + size / 1e6; x += size) all.push(Math.abs(x) < size / 1e6 ? 0 : x);
  return all;
}

function timeTicks(from, to, n) {
  const sizes = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000, 31536000];
  const size = 1000 * (sizes.find((s) => (to - from) / 1000 / s <= n) ?? 31536000 * Math.ceil((to - from) / n / 31536e6));
  const all = [], zone = new Date(from).getTimezoneOffset() * 6e4; // so that days begin at midnight here
  for (let t = Math.ceil((from - zone) / size) * size + zone; t <= to; t += size) all.push(t);
  return [all, size];
}

let nearest = null; // the key under the pointer
function drawChart() {
  const [g, w, h] = prepared(chart);
  const shownKeys = visible();
  const log = $("log").checked;
  const to = held ? heldAt : newest;
  const withPoints = shownKeys.filter((k) => k.t.length);
  nearest = null;
  $("tip").hidden = true;
  g.font = "12px system-ui, sans-serif";
  g.fillStyle = colour("soft");
  if (to === null || !withPoints.length) {
    g.fillText("no values yet", 12, 20);
    chart.setAttribute("aria-label", "no values yet");
    return;
  }
  const range = Number($("range").value);
  let from = Infinity;
  for (const k of withPoints) from = Math.min(from, k.t[0]);
  if (range) from = Math.max(from, to - range);
  if (!(from < to)) from = to - (meta.clock ? 1000 : 1);

  let lo = Infinity, hi = -Infinity;
  for (const k of withPoints) {
    const bands = k.id === mine;
    for (let i = 0; i < k.t.length; i++) {
      if (k.t[i] < from || k.t[i] > to || k.last[i] === null) continue;
      const a = bands ? k.min[i] : k.last[i], b = bands ? k.max[i] : k.last[i];
      if (!log || a > 0) lo = Math.min(lo, a);
      if (!log || b > 0) hi = Math.max(hi, b);
    }
  }
  const scale = log ? Math.log10 : (x) => x;
  if (lo > hi) {
    g.fillText(log ? "nothing above 0 to show" : "no values in this stretch", 12, 20);
    return;
  }
  let low = scale(lo), high = scale(hi);
  if (low === high) { low -= log ? 0.5 : Math.abs(low) * 0.05 || 1; high += log ? 0.5 : Math.abs(high) * 0.05 || 1; }
  const margin = (high - low) * 0.05;
  low -= margin;
  high += margin;

  const marksY = ticks(low, high, Math.max(2, h / 50)).map((y) => [y, number(log ? Number((10 ** y).toPrecision(3)) : Number(y.toPrecision(12)))]);
  const left = 12 + Math.max(...marksY.map(([, text]) => g.measureText(text).width));
  const right = w - 12, top = 8, bottom = h - 22;
  const xOf = (t) => left + (right - left) * (t - from) / (to - from);
  const yOf = (x) => (log && x <= 0 ? NaN : bottom - (bottom - top) * (scale(x) - low) / (high - low));

  g.strokeStyle = colour("line");
  g.lineWidth = 1;
  g.beginPath();
  for (const [y, text] of marksY) {
    const at = Math.round(bottom - (bottom - top) * (y - low) / (high - low)) + 0.5;
    g.moveTo(left, at);
    g.lineTo(right, at);
    g.textAlign = "right";
    g.fillText(text, left - 6, at + 4);
  }
  g.stroke();
  g.textAlign = "center";
  const [places, size] = meta.clock ? timeTicks(from, to, Math.max(2, w / 130)) : [ticks(from, to, Math.max(2, w / 110)).filter((x) => Number.isInteger(x)), 0];
  for (const t of places) {
    const text = !meta.clock ? String(t) : size >= 864e5 ? place(t, true).slice(0, 10) : place(t, false);
    g.fillText(text, Math.min(right - 24, Math.max(left + 24, xOf(t))), h - 6);
  }

  g.save();
  g.beginPath();
  g.rect(left, 0, right - left + 1, bottom + 2);
  g.clip();
  const rank = (k) => (k.id === mine ? 5 : levels.indexOf(k.level));
  for (const k of withPoints.slice().sort((a, b) => rank(a) - rank(b))) {
    if (k.id === mine) drawBand(g, k, xOf, yOf);
    g.strokeStyle = colour(k.id === mine ? "mine" : k.level ?? "grey");
    g.lineWidth = k.id === mine ? 2 : 1;
    trace(g, k, xOf, yOf);
  }
  g.restore();

  const chosen = (held ?? keys).get(mine);
  if (chosen) {
    chart.setAttribute("aria-label", meta.columns[column].name + " of " + withPoints.length + " keys; " + chosen.name + ": " +
      (number(chosen.values[column]) || "no value") + (chosen.level ? ", " + chosen.level : ""));
  }
  if (hover) showNearest(g, withPoints, xOf, yOf, top, bottom, from, to, w);
}

function drawBand(g, k, xOf, yOf) {
  g.fillStyle = colour("band");
  g.beginPath();
  const up = [], down = [];
  const flush = () => {
    if (up.length > 1) {
      g.moveTo(...up[0]);
      for (const p of up) g.lineTo(...p);
      for (const p of down.reverse()) g.lineTo(...p);
      g.closePath();
    }
    up.length = down.length = 0;
  };
  for (let i = 0; i < k.t.length; i++) {
    const a = k.max[i] === null ? NaN : yOf(k.max[i]), b = k.min[i] === null ? NaN : yOf(k.min[i]);
    if (Number.isNaN(a) || Number.isNaN(b)) { flush(); continue; }
    up.push([xOf(k.t[i]), a]);
    down.push([xOf(k.t[i]), b]);
  }
  flush();
  g.fill();
}

// showNearest shows the values of the key nearest to the pointer.
function showNearest(g, all, xOf, yOf, top, bottom, from, to, w) {
  let best = 400, at = 0;
  for (const k of all) {
    let i = 0, j = k.t.length - 1;
    const t = from + (to - from) * (hover.x - xOf(from)) / (xOf(to) - xOf(from));
    while (i < j) { const m = (i + j) >> 1; if (k.t[m] < t) i = m + 1; else j = m; }
    for (const n of [i - 1, i]) {
      if (n < 0 || k.last[n] === null || k.t[n] > to || k.t[n] < from) continue;
      const y = yOf(k.last[n]);
      const d = Math.hypot((xOf(k.t[n]) - hover.x), (y - hover.y) * 0.6) - (k.id === mine ? 8 : 0);
      if (d < best) { best = d; nearest = k; at = n; }
    }
  }
  if (!nearest) return;
  const k = nearest, x = xOf(k.t[at]), y = yOf(k.last[at]);
  if (k.id !== mine) {
    g.save();
    g.beginPath();
    g.rect(xOf(from), 0, xOf(to) - xOf(from) + 1, bottom + 2);
    g.clip();
    g.strokeStyle = colour(k.level ?? "text");
    g.lineWidth = 2;
    trace(g, k, xOf, yOf);
    g.restore();
  }
  g.strokeStyle = colour("soft");
  g.beginPath();
  g.moveTo(x, top);
  g.lineTo(x, bottom);
  g.stroke();
  g.fillStyle = colour("mine");
  g.beginPath();
  g.arc(x, y, 4, 0, 7);
  g.fill();
  const tip = $("tip");
  const spread = k.min[at] !== k.max[at] ? "\n" + number(k.min[at]) + " … " + number(k.max[at]) : "";
  tip.textContent = k.name + "\n" + place(k.t[at], true) + "\n" + number(k.last[at]) + spread;
  tip.hidden = false;
  tip.style.left = Math.min(Math.max(0, x + 12), Math.max(0, w - tip.offsetWidth - 4)) + "px";
  tip.style.top = Math.max(0, Math.min(y - 20, bottom - tip.offsetHeight)) + "px";
}

connect();
