// The state of a run. What does not change is left alone, so that focus, open parts and screen readers are not disturbed.

const RENEW = 20_000; // ms; the kernel takes a view for gone that is silent for 75 s
const LARGEST_CELL = 18; // px
const MAP = { wide: 300, high: 170 };
const MARKED = 9; // px; in smaller cells a mark would cover its neighbours
const GAPPED = 5; // px

function element(tag, name, parent) {
  const made = document.createElement(tag);
  if (name) made.className = `explorekit-${name}`;
  parent?.append(made);
  return made;
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Makes the children of a node as many as there are entries, and calls `fill` for each; they are kept where they can be.
function repeat(parent, entries, make, fill) {
  while (parent.children.length > entries.length) parent.lastElementChild.remove();
  while (parent.children.length < entries.length) parent.append(make());
  entries.forEach((entry, i) => fill(parent.children[i], entry));
}

class View {
  constructor(model, el) {
    this.model = model;
    this.root = element("div", "board", el);
    const head = element("div", "head", this.root);
    this.name = element("strong", "name", head);
    this.state = element("span", "dim", head);
    this.dashboard = element("a", "", head);
    this.dashboard.target = "_blank";
    this.dashboard.rel = "noreferrer";
    this.dashboard.textContent = "dashboard";
    this.bar = element("div", "bar", this.root);
    this.bar.setAttribute("role", "progressbar");
    this.bar.setAttribute("aria-valuemin", "0");
    this.numbers = element("div", "numbers", this.root);
    this.why = element("div", "why", this.root);
    const more = element("div", "more", this.root);
    this.makeMap(more);
    this.makeWorkers(more);
    this.said = element("div", "said", this.root);
    this.said.setAttribute("role", "status");
    this.listeners = { head: () => this.takeHead(), picture: () => this.takeMap(), workers: () => this.takeWorkers(), said: () => this.say() };
    for (const [trait, take] of Object.entries(this.listeners)) {
      model.on(`change:${trait}`, take);
      take();
    }
    this.watchSight(el);
  }

  close() {
    for (const [trait, take] of Object.entries(this.listeners)) this.model.off(`change:${trait}`, take);
    this.sight.disconnect();
    this.resized.disconnect();
    clearInterval(this.renewing);
    document.removeEventListener("visibilitychange", this.tell);
    window.removeEventListener("pagehide", this.leave);
    this.leave();
  }

  // ---- whether anybody looks

  watchSight(el) {
    const id = Math.random().toString(36).slice(2);
    let [inSight, told] = [false, false];
    const send = (content) => {
      try {
        this.model.send(content);
      } catch {
        // The kernel is gone, and with it whoever wanted to know.
      }
    };
    this.tell = () => {
      const looking = inSight && document.visibilityState === "visible";
      if (looking !== told) send(looking ? { looking: id } : { away: id });
      told = looking;
    };
    this.leave = () => {
      if (told) send({ away: id });
      told = false;
    };
    this.sight = new IntersectionObserver(([entry]) => {
      inSight = entry.isIntersecting;
      this.tell();
    });
    this.sight.observe(el);
    this.renewing = setInterval(() => told && send({ looking: id }), RENEW);
    document.addEventListener("visibilitychange", this.tell);
    window.addEventListener("pagehide", this.leave);
  }

  // ---- state and counts

  takeHead() {
    const head = this.model.get("head");
    if (!head.name) return;
    write(this.name, head.name);
    write(this.state, head.where ? `${head.state} on ${head.where}` : head.state);
    this.dashboard.hidden = !head.dashboard;
    if (head.dashboard && this.dashboard.getAttribute("href") !== head.dashboard) this.dashboard.href = head.dashboard;
    this.bar.setAttribute("aria-label", `${head.name}: runs that have ended`);
    this.bar.setAttribute("aria-valuemax", head.total);
    this.bar.setAttribute("aria-valuenow", head.done);
    repeat(this.bar, head.parts, () => element("div"), (part, [colour, share]) => {
      part.style.background = colour;
      part.style.width = `${100 * share}%`;
    });
    const makeNumber = () => {
      const entry = element("span");
      element("b", "", entry);
      element("span", "", entry);
      return entry;
    };
    repeat(this.numbers, head.numbers, makeNumber, (entry, [kind, number, word]) => {
      entry.className = `explorekit-number explorekit-number-${kind}`;
      write(entry.firstChild, number);
      write(entry.lastChild, ` ${word}`);
    });
    write(this.why, head.message);
  }

  say() {
    write(this.said, this.model.get("said"));
  }

  // ---- the map

  makeMap(parent) {
    this.map = element("figure", "map", parent);
    this.up = element("div", "up", this.map);
    this.upLast = element("span", "", this.up);
    this.upName = element("span", "sidename", this.up);
    this.upFirst = element("span", "", this.up);
    this.canvas = element("canvas", "", this.map);
    this.canvas.setAttribute("role", "img");
    this.across = element("div", "across", this.map);
    this.acrossFirst = element("span", "", this.across);
    this.acrossName = element("span", "sidename", this.across);
    this.acrossLast = element("span", "", this.across);
    this.legend = element("ul", "legend", this.map);
    this.resized = new ResizeObserver(() => this.drawMap());
    this.resized.observe(parent);
  }

  takeMap() {
    const map = this.model.get("picture");
    this.map.hidden = !map.columns;
    if (!map.columns) return;
    this.canvas.setAttribute("aria-label", map.words);
    for (const [side, [name, first, last]] of [["across", map.across], ["up", map.up ?? ["", "", ""]]]) {
      write(this[`${side}First`], first);
      write(this[`${side}Name`], side === "across" ? `${name} →` : name && `${name} ↑`);
      write(this[`${side}Last`], last);
    }
    this.up.hidden = !map.up;
    const makeEntry = () => {
      const entry = element("li");
      element("span", "swatch", entry).setAttribute("aria-hidden", "true");
      element("span", "", entry);
      return entry;
    };
    repeat(this.legend, map.legend, makeEntry, (entry, [colour, sign, words]) => {
      entry.firstChild.style.background = colour;
      entry.firstChild.style.color = sign === "+" ? "black" : "white";
      write(entry.firstChild, sign);
      write(entry.lastChild, words);
    });
    this.drawMap();
  }

  drawMap() {
    const map = this.model.get("picture");
    const room = this.map.parentElement.clientWidth;
    if (!map.columns || !room) return;
    const wide = map.up ? Math.min(MAP.wide, room - 70) : room;
    const density = window.devicePixelRatio || 1;
    const size = (space, n) => Math.max(1 / density, Math.min(LARGEST_CELL, Math.floor((space / n) * density) / density));
    const [w, h] = [size(wide, map.columns), map.up ? size(MAP.high, map.rows) : LARGEST_CELL];
    const { canvas } = this;
    const [width, height] = [Math.round(w * map.columns * density), Math.round(h * map.rows * density)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    canvas.style.width = `${width / density}px`;
    canvas.style.height = `${height / density}px`;
    this.across.style.maxWidth = canvas.style.width;
    const to = canvas.getContext("2d");
    to.setTransform(density, 0, 0, density, 0, 0);
    to.clearRect(0, 0, width, height);
    const shares = new Uint8Array(map.shares.buffer, map.shares.byteOffset, map.shares.byteLength);
    const n = map.rows * map.columns;
    const [pending, ok, failed, timedOut] = map.colours;
    const gap = Math.min(w, h) >= GAPPED ? 1 : 0;
    for (let row = 0; row < map.rows; row++) {
      for (let column = 0; column < map.columns; column++) {
        const at = row * map.columns + column;
        const [good, bad, late] = [0, 1, 2].map((kind) => shares[kind * n + at] / 255);
        const [x, y] = [column * w, (map.rows - 1 - row) * h];
        const fill = (colour, alpha) => {
          to.globalAlpha = alpha;
          to.fillStyle = colour;
          to.fillRect(x, y, w - gap, h - gap);
        };
        if (good < 1 && bad + late < 1) fill(pending, 1);
        if (!bad && !late) fill(ok, good);
        // One failed run among many has to be seen too.
        if (bad) fill(failed, Math.max(0.65, bad / Math.max(1, bad + late)));
        if (late) fill(timedOut, bad ? late / (bad + late) : Math.max(0.65, late));
        if (Math.min(w, h) >= MARKED && bad + late > 0.5) this.mark(to, late > bad, x + (w - gap) / 2, y + (h - gap) / 2);
      }
    }
    to.globalAlpha = 1;
  }

  mark(to, late, x, y) {
    to.globalAlpha = 1;
    to.strokeStyle = late ? "black" : "white";
    to.lineWidth = 1.2;
    const r = late ? 3.2 : 2.6;
    to.beginPath();
    for (const [dx, dy] of late ? [[r, 0], [0, r]] : [[r, r], [r, -r]]) {
      to.moveTo(x - dx, y - dy);
      to.lineTo(x + dx, y + dy);
    }
    to.stroke();
  }

  // ---- the workers

  makeWorkers(parent) {
    this.table = element("table", "workers", parent);
    const caption = element("caption", "", this.table);
    caption.textContent = "Workers";
    const heads = element("tr", "said", element("thead", "", this.table));
    for (const words of ["worker", "state", "processor", "memory"]) {
      const head = element("th", "", heads);
      head.scope = "col";
      head.textContent = words;
    }
    this.rows = element("tbody", "", this.table);
  }

  takeWorkers() {
    const workers = this.model.get("workers");
    this.table.hidden = !workers.length;
    const makeRow = () => {
      const row = element("tr");
      element("th", "", row).scope = "row";
      element("td", "", row);
      const load = element("td", "", row);
      const track = element("span", "load", load);
      track.setAttribute("aria-hidden", "true");
      element("span", "", track);
      element("span", "", load);
      element("td", "", row);
      return row;
    };
    repeat(this.rows, workers, makeRow, (row, worker) => {
      const [name, state, load, memory] = row.children;
      write(name, worker.name);
      write(state, worker.state);
      load.firstChild.firstChild.style.width = `${100 * worker.cpu}%`;
      load.firstChild.hidden = !worker.percent;
      write(load.lastChild, worker.percent);
      write(memory, worker.memory);
    });
  }
}

export default {
  render({ model, el }) {
    const view = new View(model, el);
    return () => view.close();
  },
};
