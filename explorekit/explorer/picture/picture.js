// Draws frames over a picture of their axes. All places are fractions of the axes: 0 left and at the bottom, 1 right and at the top.

const FONT = '"DejaVu Sans", Verdana, sans-serif';
const LARGEST_ZOOM = 1000;
const REST = 80; // ms without zooming before the axes are drawn anew
const STEEP = 20; // pixels up and down for one to the right
const KEPT = 8; // frames that were shown, or may be next
const CLICK = 4; // pixels that a hand may move between pressing and letting go
const ZOOMS = { "+": 0.8, "=": 0.8, "-": 1.25, 0: 0 }; // 0 shows all
const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowDown: [-1, 0], ArrowUp: [1, 0] };

const of = (Type, data) =>
  new Type(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));

// The index of the cell that each of some pixels lies in, -1 beside the cells.
function cellOfPixel(edges, from, to, pixels) {
  const cells = new Int32Array(pixels);
  let cell = -1;
  for (let i = 0; i < pixels; i++) {
    const place = from + ((i + 0.5) / pixels) * (to - from);
    while (cell + 1 < edges.length && edges[cell + 1] <= place) cell++;
    cells[i] = cell < edges.length - 1 ? cell : -1;
  }
  return cells;
}

class View {
  constructor(model, el) {
    this.model = model;
    this.root = document.createElement("div");
    this.root.className = "explorekit-picture";
    this.root.dataset.lmSuppressShortcuts = "true"; // or JupyterLab takes the arrow keys
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.context = this.canvas.getContext("2d");
    this.cells = document.createElement("canvas");
    this.tip = document.createElement("div");
    this.tip.className = "explorekit-tip";
    this.tip.hidden = true;
    this.tip.setAttribute("role", "status");
    this.root.append(this.canvas, this.tip);
    el.append(this.root);
    this.window = model.get("window").slice();
    this.kept = new Map();
    this.takeAxes();
    model.on("change:axes", this.onAxes = () => this.takeAxes());
    model.on("change:frame", this.onFrame = () => this.takeFrame());
    model.on("change:ahead", this.onAhead = () => this.takeAhead());
    model.on("change:window", this.onWindow = () => this.takeWindow());
    model.on("change:pick", this.onPicked = () => this.schedule());
    model.on("msg:custom", this.onWords = (content) => this.takeWords(content));
    this.resized = new ResizeObserver(() => this.schedule());
    this.resized.observe(this.canvas);
    this.listen();
  }

  close() {
    this.model.off("change:axes", this.onAxes);
    this.model.off("change:frame", this.onFrame);
    this.model.off("change:ahead", this.onAhead);
    this.follow(undefined);
    this.model.off("change:window", this.onWindow);
    this.model.off("change:pick", this.onPicked);
    this.model.off("msg:custom", this.onWords);
    this.resized.disconnect();
    cancelAnimationFrame(this.due);
    clearTimeout(this.resting);
  }

  async takeAxes() {
    const axes = this.model.get("axes");
    if (!axes.background) return;
    const background = await createImageBitmap(new Blob([axes.background], { type: axes.rough ? "image/jpeg" : "image/png" }));
    if (axes.number !== this.model.get("axes").number) return; // there are newer ones
    this.paper = undefined;
    this.axes = { ...axes, background, x: axes.x && of(Float32Array, axes.x) };
    if (axes.kind === "image") {
      this.axes.y = of(Float32Array, axes.y);
      this.axes.palette = of(Uint32Array, axes.palette);
      this.axes.statuses = of(Uint32Array, axes.statuses);
    }
    this.schedule();
    if (axes.rough) this.model.send({ rough: axes.number }); // it may be made exact from now on
  }

  takeFrame() {
    this.foreseen = undefined;
    this.keep(this.model.get("serial"), this.model.get("frame"));
    this.schedule();
  }

  keep(serial, frame) {
    this.kept.set(serial, frame);
    if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
  }

  // ---- what lies beside it along a slider: shown as soon as that turns there, before the kernel has heard of it

  async takeAhead() {
    const { control, trait, frames } = this.model.get("ahead");
    if (!control) return;
    for (const serial in frames) this.keep(+serial, frames[serial]);
    if (this.followed?.id === control) return;
    const manager = this.model.widget_manager;
    const slider = await manager?.get_model(control).catch(() => undefined); // it may be gone
    if (slider && this.model.get("ahead").control === control) this.follow({ id: control, slider, event: `change:${trait}` });
  }

  follow(followed) {
    this.followed?.slider.off(this.followed.event, this.onTurn);
    this.followed = followed;
    followed?.slider.on(followed.event, this.onTurn = () => this.turn());
  }

  turn() {
    const { after, trait, index, serials } = this.model.get("ahead");
    if (this.model.get("serial") !== after) return; // another was shown since
    const now = this.followed.slider.get(trait);
    const frame = now === index ? this.model.get("frame") : this.kept.get(serials[now]);
    if (!frame) return;
    this.foreseen = frame;
    this.schedule();
  }

  takeWindow() {
    if (!this.moving) this.window = this.model.get("window").slice();
    this.schedule();
  }

  // At once, but only once a refresh of the screen: of what arrives before the next, the latest is drawn then.
  schedule() {
    if (this.due !== undefined) {
      this.late = true;
      return;
    }
    this.due = requestAnimationFrame(() => {
      this.due = undefined;
      if (this.late) this.schedule();
    });
    this.late = false;
    this.draw();
  }

  draw() {
    const frame = this.foreseen ?? this.model.get("frame");
    if (!this.axes || frame.axes !== this.axes.number) return;
    const [width, height] = this.axes.size;
    const shown = this.canvas.clientWidth || width;
    const density = (window.devicePixelRatio || 1) * (shown / width);
    const pixels = [Math.round(width * density), Math.round(height * density)];
    if (this.canvas.width !== pixels[0] || this.canvas.height !== pixels[1]) {
      [this.canvas.width, this.canvas.height] = pixels;
      this.canvas.style.aspectRatio = `${width} / ${height}`;
    }
    const to = this.context;
    to.setTransform(1, 0, 0, 1, 0, 0);
    to.drawImage(this.paperOf(...pixels), 0, 0);
    const [left, top, wide, high] = this.axes.box.map((length) => Math.round(length * density));
    this.box = { left, top, wide, high, density };
    if (this.axes.window.some((end, i) => end !== this.window[i])) {
      // Numbers that are no longer right fade until the new ones are there.
      to.fillStyle = "rgba(255, 255, 255, 0.8)";
      to.fillRect(0, 0, left, pixels[1]);
      to.fillRect(left, top + high, wide, pixels[1] - top - high);
    }
    to.save();
    to.beginPath();
    to.rect(left, top, wide, high);
    to.clip();
    if (this.axes.kind === "image") this.drawCells(frame);
    if (this.axes.kind === "line") this.drawLine(frame);
    if (this.axes.kind === "curves") this.drawCurves(frame);
    this.drawPick(frame);
    to.restore();
    if (this.axes.kind === "image") {
      to.lineWidth = 1.1 * density;
      to.strokeStyle = "black";
      to.strokeRect(left, top, wide, high);
    }
    this.drawText(frame);
    this.canvas.setAttribute("aria-label", frame.description);
    this.drawn = frame;
  }

  // The background at the size at which it is shown: to scale it takes longer than all else.
  paperOf(width, height) {
    if (this.paper?.width !== width || this.paper.height !== height) {
      this.paper = Object.assign(document.createElement("canvas"), { width, height });
      this.paper.getContext("2d").drawImage(this.axes.background, 0, 0, width, height);
    }
    return this.paper;
  }

  across(fraction) {
    const [from, to] = this.window;
    return this.box.left + ((fraction - from) / (to - from)) * this.box.wide;
  }

  down(fraction) {
    const [, , from, to] = this.window;
    return this.box.top + (1 - (fraction - from) / (to - from)) * this.box.high;
  }

  drawCells(frame) {
    const { x, y, palette, statuses } = this.axes;
    const { left, top, wide, high } = this.box;
    const [down, right] = frame.every ?? [1, 1]; // cells that a value stands for
    const columns = Math.ceil((x.length - 1) / right);
    const codes = of(Uint8Array, frame.cells);
    const runs = frame.status.byteLength ? of(Uint8Array, frame.status) : null;
    const column = cellOfPixel(x, this.window[0], this.window[1], wide).map((cell) => Math.floor(cell / right));
    const row = cellOfPixel(y, this.window[2], this.window[3], high).map((cell) => Math.floor(cell / down));
    if (this.cells.width !== wide || this.cells.height !== high) {
      [this.cells.width, this.cells.height] = [wide, high];
      this.dots = new ImageData(wide, high);
    }
    const painted = new Uint32Array(this.dots.data.buffer);
    for (let j = 0; j < high; j++) {
      const base = row[high - 1 - j] * columns;
      let at = j * wide;
      if (j > 0 && row[high - j] === row[high - 1 - j]) {
        painted.copyWithin(at, at - wide, at);
        continue;
      }
      for (let i = 0; i < wide; i++, at++) {
        const cell = base + column[i];
        if (base < 0 || column[i] < 0) painted[at] = 0;
        else painted[at] = runs && runs[cell] !== 1 ? statuses[runs[cell]] : palette[codes[cell]];
      }
    }
    this.cells.getContext("2d").putImageData(this.dots, 0, 0);
    this.context.drawImage(this.cells, left, top);
    if (runs && this.axes.marked) this.markCells(runs, columns);
  }

  markCells(runs, columns) {
    const { x, y } = this.axes;
    runs.forEach((status, cell) => {
      if (status < 2) return;
      const [i, j] = [cell % columns, Math.floor(cell / columns)];
      const place = [this.across((x[i] + x[i + 1]) / 2), this.down((y[j] + y[j + 1]) / 2)];
      this.mark(status, ...place, 3.5, status === 2 ? "white" : "black");
    });
  }

  // Pending runs have a bar, failed ones a cross, those that took too long a plus.
  mark(status, x, y, half, colour) {
    const to = this.context;
    const r = half * this.box.density;
    to.lineWidth = 1.6 * this.box.density;
    to.strokeStyle = colour;
    to.beginPath();
    if (status === 2) {
      to.moveTo(x - r, y - r), to.lineTo(x + r, y + r);
      to.moveTo(x - r, y + r), to.lineTo(x + r, y - r);
    } else {
      to.moveTo(x, y - r), to.lineTo(x, y + r);
      if (status === 3) to.moveTo(x - r, y), to.lineTo(x + r, y);
    }
    to.stroke();
  }

  drawLine(frame) {
    const curve = (index, heights, colour) => this.drawCurve(this.places(index), of(Float32Array, heights), colour);
    if (frame.pinned) curve(frame.pinned_index, frame.pinned, this.axes.dim);
    curve(frame.index, frame.heights, this.axes.colour);
    this.drawMarks(frame);
  }

  // The places that a curve goes through: none come where it is through all.
  places(index) {
    this.axes.all ??= Int32Array.from(this.axes.x.keys());
    return index.byteLength ? of(Int32Array, index) : this.axes.all;
  }

  // Those of each curve, and where its values begin.
  curves(frame) {
    const places = this.places(frame.index);
    let start = 0;
    return frame.counts.map((count) => {
      const from = start;
      start += count;
      return [frame.index.byteLength ? places.subarray(from, start) : places, from];
    });
  }

  // Bands lie below all curves.
  drawCurves(frame) {
    const { colours, width } = this.axes;
    const parts = ["heights", "low", "high"].map((name) => frame[name] && of(Float32Array, frame[name]));
    const curves = this.curves(frame).map(([index, from], i) => {
      return [index, colours[i], ...parts.map((part) => part?.subarray(from, from + index.length))];
    });
    for (const [index, colour, , low, high] of curves) if (low) this.drawBand(index, low, high, colour);
    for (const [index, colour, heights] of curves) this.drawCurve(index, heights, colour, width);
    this.drawMarks(frame);
  }

  drawBand(index, low, high, colour) {
    const to = this.context;
    const place = (i, ends) => [this.across(this.axes.x[index[i]]), this.down(ends[i])];
    const there = (i) => i < index.length && !Number.isNaN(low[i]) && !Number.isNaN(high[i]);
    to.fillStyle = colour;
    to.globalAlpha = 0.2;
    for (let i = 0; i < index.length; i++) {
      if (!there(i)) continue;
      const first = i;
      to.beginPath();
      for (; there(i); i++) to.lineTo(...place(i, high));
      for (let j = i - 1; j >= first; j--) to.lineTo(...place(j, low));
      to.fill();
    }
    to.globalAlpha = 1;
  }

  drawMarks(frame) {
    if (!frame.status.byteLength) return;
    const bottom = this.box.top + 0.975 * this.box.high;
    of(Uint8Array, frame.status).forEach((status, i) => {
      if (status !== 1) this.mark(status, this.across(this.axes.x[i]), bottom, 5.5, this.axes.marks[status]);
    });
  }

  drawCurve(index, heights, colour, width = 1.4) {
    const { x, joined, dotted, dot } = this.axes;
    const to = this.context;
    const { density } = this.box;
    to.strokeStyle = to.fillStyle = colour;
    to.lineWidth = 1.39 * width * density; // points to pixels
    to.lineJoin = "round";
    if (joined && this.isDense(index, heights)) {
      this.drawDense(index, heights, to.lineWidth / 2);
    } else if (joined) {
      to.beginPath();
      let gap = true;
      for (let i = 0; i < index.length; i++) {
        if (Number.isNaN(heights[i])) gap = true;
        else {
          const [across, down] = [this.across(x[index[i]]), this.down(heights[i])];
          gap ? to.moveTo(across, down) : to.lineTo(across, down);
          gap = false;
        }
      }
      to.stroke();
    }
    const there = (i) => i >= 0 && i < heights.length && !Number.isNaN(heights[i]);
    for (let i = 0; i < index.length; i++) {
      if (!there(i) || !(dotted || (!there(i - 1) && !there(i + 1)))) continue;
      to.beginPath();
      to.arc(this.across(x[index[i]]), this.down(heights[i]), (dotted ? 0.7 * dot : 2.1) * density, 0, 2 * Math.PI);
      to.fill();
    }
  }

  // Whether a curve has a point a pixel, and goes up and down so much that to stroke it takes longer than all else.
  isDense(index, heights) {
    const [west, east, south, north] = this.window;
    if (index.length * (east - west) < this.box.wide) return false;
    let way = 0;
    for (let i = 1; i < heights.length; i++) way += Math.abs(heights[i] - heights[i - 1]) || 0;
    return (way / (north - south)) * this.box.high > STEEP * this.box.wide;
  }

  // Fills what lies between the lowest and the highest point of each column of pixels.
  drawDense(index, heights, half) {
    const to = this.context;
    const { x } = this.axes;
    const { left, wide } = this.box;
    let [column, highest, lowest, before] = [NaN, 0, 0, NaN];
    const fill = () => {
      if (column < 0 || column >= wide) return;
      to.fillRect(left + column + 0.5 - half, highest - half, 2 * half, lowest - highest + 2 * half);
    };
    for (let i = 0; i < index.length; i++) {
      const down = this.down(heights[i]);
      if (!Number.isNaN(down)) {
        const here = Math.floor(this.across(x[index[i]]) - left);
        if (here !== column) {
          fill();
          // A column begins where the one before ends, unless there is a gap.
          [column, highest, lowest] = Number.isNaN(before) ? [here, down, down] : [here, before, before];
        }
        highest = Math.min(highest, down);
        lowest = Math.max(lowest, down);
      }
      before = down;
    }
    fill();
  }

  // ---- the value that is picked, in fractions of the axes; NaN where a line has none

  picked(frame) {
    const pick = this.model.get("pick");
    const { kind, x, y } = this.axes;
    if (kind === "image" && pick.length === 2 && pick[0] + 1 < y.length && pick[1] + 1 < x.length) {
      return [(x[pick[1]] + x[pick[1] + 1]) / 2, (y[pick[0]] + y[pick[0] + 1]) / 2];
    }
    if (kind === "curves") {
      const [point, curve] = [pick.at(-1), this.axes.lone ? 0 : pick[0]];
      if (pick.length !== (this.axes.lone ? 1 : 2) || curve >= frame.counts.length || point >= x.length) return undefined;
      const [index, from] = this.curves(frame)[curve];
      const along = index.indexOf(point);
      return [x[point], along < 0 ? NaN : of(Float32Array, frame.heights)[from + along]];
    }
    if (kind !== "line" || pick.length !== 1 || pick[0] >= x.length) return undefined;
    const along = this.places(frame.index).indexOf(pick[0]);
    return [x[pick[0]], along < 0 ? NaN : of(Float32Array, frame.heights)[along]];
  }

  // Over colours a light line on a dark one, since one of the two is seen on any.
  drawPick(frame) {
    const place = this.picked(frame);
    if (!place) return;
    const image = this.axes.kind === "image";
    const { left, top, wide, high, density } = this.box;
    const [x, y] = [this.across(place[0]), this.down(place[1])];
    const [there, ring] = [!Number.isNaN(y), 6 * density];
    const path = new Path2D();
    path.moveTo(x, top), path.lineTo(x, there ? y - ring : top + high);
    if (there) {
      path.moveTo(x, y + ring), path.lineTo(x, top + high);
      path.moveTo(x + ring, y), path.arc(x, y, ring, 0, 2 * Math.PI);
    }
    if (image) {
      path.moveTo(left, y), path.lineTo(x - ring, y);
      path.moveTo(x + ring, y), path.lineTo(left + wide, y);
    }
    const to = this.context;
    const strokes = image ? [["rgba(40, 40, 40, 0.5)", 3], ["rgba(255, 255, 255, 0.9)", 1.2]] : [["#555555", 1]];
    for (const [colour, width] of strokes) {
      to.strokeStyle = colour;
      to.lineWidth = width * density;
      to.stroke(path);
    }
  }

  drawText(frame) {
    const to = this.context;
    const { left, top, wide, high, density } = this.box;
    const lines = frame.title.split("\n");
    to.textAlign = "left";
    to.textBaseline = "alphabetic";
    to.fillStyle = "black";
    to.font = `${13.9 * density}px ${FONT}`;
    lines.forEach((line, i) => to.fillText(line, left, top - (8.3 + 17 * (lines.length - 1 - i)) * density));
    to.textAlign = "center";
    to.textBaseline = "middle";
    if (frame.number) {
      to.font = `${36 * density * Math.min(1, 24 / frame.number.length)}px ${FONT}`;
      to.fillText(frame.number, left + wide / 2, top + high / 2);
    }
    if (!frame.message) return;
    to.font = `${16.7 * density}px ${FONT}`;
    const words = frame.message.split("\n");
    const [step, pad] = [20 * density, 14 * density];
    const width = Math.max(...words.map((line) => to.measureText(line).width));
    const [x, y] = [left + wide / 2, top + high / 2];
    to.beginPath();
    to.roundRect(x - width / 2 - pad, y - (words.length * step) / 2 - pad, width + 2 * pad, words.length * step + 2 * pad, 10 * density);
    to.fillStyle = "white";
    to.fill();
    to.lineWidth = density;
    to.strokeStyle = "#b0b0b0";
    to.stroke();
    to.fillStyle = "#333333";
    words.forEach((line, i) => to.fillText(line, x, y + (i - (words.length - 1) / 2) * step));
  }

  // ---- zooming and moving: at once here, with new axes when the hand rests

  listen() {
    const canvas = this.canvas;
    canvas.addEventListener("wheel", (event) => {
      const at = this.place(event);
      if (!at) return;
      event.preventDefault();
      const factor = Math.exp(Math.max(-1, Math.min(1, event.deltaY / 240)));
      this.zoom(factor, at);
    }, { passive: false });
    canvas.addEventListener("dblclick", () => {
      this.show([0, 1, 0, 1]);
      this.pick(this.before); // the two clicks were meant as one
    });
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.place(event)) return;
      canvas.setPointerCapture(event.pointerId);
      this.held = { x: event.clientX, y: event.clientY, window: this.window.slice() };
    });
    canvas.addEventListener("pointerleave", () => {
      this.point(undefined);
      this.asked = undefined; // of a kernel that was restarted, no answer comes
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.held) return this.point(event);
      this.point(undefined);
      const moved = Math.hypot(event.clientX - this.held.x, event.clientY - this.held.y);
      if (!this.held.dragged && moved < CLICK) return;
      this.held.dragged = true;
      const scale = (window.devicePixelRatio || 1);
      const [w, e, s, n] = this.held.window;
      const right = ((this.held.x - event.clientX) * scale / this.box.wide) * (e - w);
      const up = ((event.clientY - this.held.y) * scale / this.box.high) * (n - s);
      this.show([w + right, e + right, s + up, n + up]);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, () => {
        this.dragged = this.held?.dragged;
        this.held = undefined;
      });
    }
    canvas.addEventListener("click", (event) => {
      if (this.axes?.regions?.length) return this.pick(this.region(event));
      if (this.axes?.places?.length) return this.model.send({ clicked: this.part(event) });
      const place = this.place(event);
      if (!place || this.dragged || !this.drawn) return;
      if (event.detail < 2) this.before = this.model.get("pick");
      this.pick(this.under(place));
    });
    canvas.addEventListener("keydown", (event) => this.step(event));
    canvas.addEventListener("blur", () => this.point(undefined));
  }

  // ---- picking: the kernel says what comes of it

  pick(where) {
    if (!where) return;
    this.model.set("pick", where);
    this.model.save_changes();
  }

  // Where an event lies, as parts of the width and of the height of the whole picture.
  part(event) {
    const rect = this.canvas.getBoundingClientRect();
    return [(event.clientX - rect.left) / rect.width, (event.clientY - rect.top) / rect.height];
  }

  // The number of one of several pictures.
  region(event) {
    const rect = this.canvas.getBoundingClientRect();
    const scale = this.axes.size[0] / rect.width;
    const [x, y] = [(event.clientX - rect.left) * scale, (event.clientY - rect.top) * scale];
    const within = ([left, top, wide, high]) => x >= left && x <= left + wide && y >= top && y <= top + high;
    const number = this.axes.regions.findIndex(within);
    return number < 0 ? undefined : [number];
  }

  // From one of several pictures to that beside, above or below it.
  stepRegion(event, [up, right]) {
    const { regions } = this.axes;
    const pick = this.model.get("pick");
    const width = regions.filter(([, top]) => Math.abs(top - regions[0][1]) < 2).length;
    const next = pick.length ? pick[0] + right - up * width : 0;
    event.preventDefault();
    if (next >= 0 && next < regions.length) this.pick([next]);
  }

  step(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.drawn) return;
    const regions = this.axes.regions?.length;
    const { places } = this.axes;
    if (!this.axes.x && !regions && !places?.length) return;
    if (event.key === "Escape" && this.model.get("pick").length) {
      event.preventDefault();
      return this.pick([]);
    }
    const factor = ZOOMS[event.key];
    if (factor !== undefined && this.axes.x) {
      event.preventDefault();
      return factor ? this.zoom(factor, this.inSight()) : this.show([0, 1, 0, 1]);
    }
    const by = ARROWS[event.key];
    if (!by) return;
    if (regions) return this.stepRegion(event, by);
    event.preventDefault();
    const image = this.axes.kind === "image";
    const curves = this.axes.kind === "curves" && !this.axes.lone;
    const drawn = image ? [this.axes.y.length - 1, this.axes.x.length - 1] : [this.axes.x?.length];
    if (curves) drawn.unshift(this.axes.colours.length);
    const sizes = places ?? drawn;
    const steps = sizes.length === 2 ? by : [by[0] + by[1]];
    const pick = this.model.get("pick");
    const there = places ? pick.length === sizes.length : this.picked(this.drawn);
    const from = there ? pick : sizes.map((size, i) => Math.floor(size / 2) - steps[i]);
    const far = (size) => (event.shiftKey ? Math.max(10, Math.round(size / 50)) : 1);
    this.pick(sizes.map((size, i) => Math.max(0, Math.min(size - 1, from[i] + far(size) * steps[i]))));
    if (!places) this.tellPick(); // the picture says it itself
  }

  // Bring what is picked into sight, and say what it is.
  tellPick() {
    const [x, y] = this.picked(this.drawn);
    const [w, e, s, n] = this.window;
    const by = (place, from, to) => (place < from || place > to ? place - (from + to) / 2 : 0);
    const [right, up] = [by(x, w, e), by(y, s, n)];
    if (right || up) this.show([w + right, e + right, s + up, n + up]);
    const rect = this.canvas.getBoundingClientRect();
    const scale = rect.width / this.canvas.width;
    const down = Number.isNaN(y) ? this.box.top + this.box.high / 2 : this.down(y);
    const at = { clientX: rect.left + this.across(x) * scale, clientY: rect.top + down * scale };
    this.point(at, this.model.get("pick"));
  }

  // Where an event lies, as fractions of what is shown; undefined beside the axes.
  place(event) {
    if (!this.box || !["image", "line", "curves"].includes(this.axes.kind)) return undefined;
    const rect = this.canvas.getBoundingClientRect();
    const scale = this.canvas.width / rect.width;
    const x = ((event.clientX - rect.left) * scale - this.box.left) / this.box.wide;
    const y = 1 - ((event.clientY - rect.top) * scale - this.box.top) / this.box.high;
    return x >= 0 && x <= 1 && y >= 0 && y <= 1 ? [x, y] : undefined;
  }

  // ---- values under the pointer: the kernel knows them exactly

  point(event, pick) {
    this.pointer = event && this.place(event) ? event : undefined;
    const where = this.pointer && this.drawn ? pick ?? this.under(this.place(event)) : undefined;
    if (!where) this.tip.hidden = true;
    this.wanted = where;
    this.ask();
  }

  // One question at a time, and then the latest.
  ask() {
    if (this.asked || !this.wanted) return;
    this.asked = this.wanted;
    this.wanted = undefined;
    this.model.send({ where: this.asked });
  }

  takeWords({ where, words }) {
    if (!this.asked || String(where) !== String(this.asked)) return; // another view's
    this.asked = undefined;
    if (this.pointer && words) {
      const rect = this.canvas.getBoundingClientRect();
      const [x, y] = [this.pointer.clientX - rect.left, this.pointer.clientY - rect.top];
      this.tip.textContent = words;
      this.tip.hidden = false;
      this.tip.style.left = x < rect.width / 2 ? `${x + 14}px` : "auto";
      this.tip.style.right = x < rect.width / 2 ? "auto" : `${rect.width - x + 8}px`;
      this.tip.style.top = `${Math.min(y + 14, rect.height - this.tip.offsetHeight)}px`;
    }
    this.ask();
  }

  // The row and column of the cell at a place, or the number of the point of the line that is nearest.
  under([across, up]) {
    if (this.axes.kind === "curves") return this.underCurves(across, up);
    const [w, e, s, n] = this.window;
    const [x, y] = [w + across * (e - w), s + up * (n - s)];
    if (this.axes.kind === "image") {
      const cell = [cellOfPixel(this.axes.y, y, y, 1)[0], cellOfPixel(this.axes.x, x, x, 1)[0]];
      return cell.every((index) => index >= 0) ? cell : undefined;
    }
    const index = this.places(this.drawn.index);
    const heights = of(Float32Array, this.drawn.heights);
    let [nearest, least] = [undefined, Infinity];
    index.forEach((point, i) => {
      const dx = ((this.axes.x[point] - x) / (e - w)) * this.box.wide;
      const dy = this.axes.joined ? 0 : ((heights[i] - y) / (n - s)) * this.box.high;
      const distance = Math.hypot(dx, dy);
      if (distance < least) [nearest, least] = [[point], distance];
    });
    return least < 40 * this.box.density ? nearest : undefined;
  }

  // The number of the curve that is nearest, and of the point along it.
  underCurves(across, up) {
    const [w, e, s, n] = this.window;
    const heights = of(Float32Array, this.drawn.heights);
    let [nearest, least] = [undefined, 40 * this.box.density];
    this.curves(this.drawn).forEach(([index, from], curve) => {
      index.forEach((point, i) => {
        const dx = ((this.axes.x[point] - w) / (e - w) - across) * this.box.wide;
        const dy = ((heights[from + i] - s) / (n - s) - up) * this.box.high;
        const distance = Math.hypot(dx, dy);
        if (distance < least) [nearest, least] = [this.axes.lone ? [point] : [curve, point], distance];
      });
    });
    return nearest;
  }

  // What is picked, as fractions of what is shown, or else the middle.
  inSight() {
    const place = this.picked(this.drawn);
    const [w, e, s, n] = this.window;
    const at = place && [(place[0] - w) / (e - w), (place[1] - s) / (n - s)];
    return at?.every((fraction) => fraction >= 0 && fraction <= 1) ? at : [0.5, 0.5];
  }

  zoom(factor, [x, y]) {
    const [w, e, s, n] = this.window;
    const [px, py] = [w + x * (e - w), s + y * (n - s)];
    this.show([px - (px - w) * factor, px + (e - px) * factor, py - (py - s) * factor, py + (n - py) * factor]);
  }

  // Show a part of the axes, but never anything beside them.
  show([w, e, s, n]) {
    const within = (from, to) => {
      const size = Math.max(1 / LARGEST_ZOOM, Math.min(1, to - from));
      const start = Math.max(0, Math.min(1 - size, from));
      return [start, start + size];
    };
    this.window = [...within(w, e), ...within(s, n)];
    this.moving = true;
    this.schedule();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      this.moving = false;
      this.model.set("window", this.window.slice());
      this.model.save_changes();
    }, REST);
  }
}

export default {
  initialize({ model }) {
    model.send("ready");
  },
  render({ model, el }) {
    const view = new View(model, el);
    return () => view.close();
  },
};
