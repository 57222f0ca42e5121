// The kinds of failures. An entry is kept while its error stays, so that what is being read stays open as its count grows.

function element(tag, name, parent) {
  const made = document.createElement(tag);
  if (name) made.className = `explorekit-${name}`;
  parent?.append(made);
  return made;
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function makeEntry() {
  const root = element("details");
  const summary = element("summary", "", root);
  const count = element("b", "count", summary);
  const error = element("span", "", summary);
  const points = element("ul", "", root);
  const more = element("div", "dim", root);
  const traceback = element("pre", "", root);
  traceback.tabIndex = 0; // it scrolls
  return { root, count, error, points, more, traceback };
}

function fill(entry, group) {
  write(entry.count, `${group.count} `);
  write(entry.error, group.error);
  entry.points.replaceChildren(
    ...group.points.map((point) => {
      const item = element("li");
      item.textContent = point;
      return item;
    }),
  );
  write(entry.more, group.more);
  write(entry.traceback, group.traceback);
  entry.traceback.setAttribute("aria-label", `traceback of ${group.error}`);
  entry.traceback.setAttribute("role", "region");
}

export default {
  render({ model, el }) {
    const root = element("div", "failures", el);
    const list = element("div", "", root);
    const note = element("div", "dim", root);
    let entries = new Map();
    const take = () => {
      const now = new Map();
      for (const group of model.get("groups")) {
        const entry = entries.get(group.key) ?? makeEntry();
        fill(entry, group);
        now.set(group.key, entry);
      }
      entries = now;
      const wanted = [...now.values()].map((entry) => entry.root);
      if (wanted.some((node, i) => list.children[i] !== node) || list.children.length !== wanted.length) list.replaceChildren(...wanted);
      write(note, model.get("note"));
    };
    model.on("change:groups", take);
    model.on("change:note", take);
    take();
    return () => {
      model.off("change:groups", take);
      model.off("change:note", take);
    };
  },
};
