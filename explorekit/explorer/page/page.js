// Stands in for the kernel: every picture is here already. `picture`, before this, draws them as it does in a notebook.

const data = JSON.parse(document.getElementById("data").textContent);

// What a widget knows of its kernel, as far as a picture asks.
class Model {
  constructor(state) {
    this.state = state;
    this.listeners = new Map();
  }

  get(name) {
    return this.state[name];
  }

  set(name, value) {
    this.state[name] = value;
  }

  save_changes() {}

  send() {}

  on(event, listener) {
    if (!this.listeners.has(event)) this.listeners.set(event, new Set());
    this.listeners.get(event).add(listener);
  }

  off(event, listener) {
    this.listeners.get(event)?.delete(listener);
  }

  update(name, value) {
    this.state[name] = value;
    this.listeners.get(`change:${name}`)?.forEach((listener) => listener());
  }
}

async function unpacked(text) {
  const compressed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const content = await new Response(stream).arrayBuffer();
  const start = 4 + new DataView(content).getUint32(0, true);
  const state = JSON.parse(new TextDecoder().decode(new Uint8Array(content, 4, start - 4)));
  for (const [name, value] of Object.entries(state)) {
    if (value?.bytes) state[name] = new Uint8Array(content, start + value.bytes[0], value.bytes[1]);
  }
  return state;
}

const model = new Model(data.picture);
const controls = data.dims.map(control);
let busy = false;
let due = false;

// However fast a hand moves, one picture is unpacked at a time, and then the latest.
async function show() {
  due = true;
  if (busy) return;
  busy = true;
  while (due) {
    due = false;
    const [text, caption] = data.frames[controls.reduce((at, dim) => at * dim.size + dim.index(), 0)];
    const frame = await unpacked(text);
    if (model.get("axes").number !== frame.axes)
      model.update("axes", await unpacked(data.axes[frame.axes]));
    model.update("frame", frame);
    document.getElementById("caption").innerHTML = data.captions[caption];
  }
  busy = false;
}

function control(dim, place) {
  const id = `control-${place}`;
  const row = document.createElement("div");
  const label = document.createElement("label");
  label.htmlFor = id;
  label.textContent = dim.name;
  const input = document.createElement(dim.menu ? "select" : "input");
  input.id = id;
  const output = document.createElement("output");
  output.htmlFor = id;
  if (dim.menu) {
    dim.labels.forEach((text, i) => input.add(new Option(text, i)));
    output.hidden = true;
  } else {
    Object.assign(input, { type: "range", min: 0, max: dim.labels.length - 1, step: 1 });
  }
  input.value = dim.index;
  const say = () => {
    output.textContent = dim.labels[input.value];
    input.setAttribute("aria-valuetext", dim.labels[input.value]);
  };
  say();
  input.addEventListener("input", () => {
    say();
    show();
  });
  row.append(label, input, output);
  document.getElementById("controls").append(row);
  return { size: dim.labels.length, index: () => Number(input.value) };
}

const place = document.getElementById("picture");
picture.render({ model, el: place });
place.querySelector("canvas").tabIndex = -1; // zooming and picking need a kernel
show();
