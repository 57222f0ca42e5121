// ipywidgets gives the handles of its sliders neither a name nor a value in words, and images no text: they get them here.

const REST = 700; // ms without another frame before one is told, as nobody can listen to every one

function set(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

function nameSliders(root) {
  for (const slider of root.querySelectorAll(".widget-slider, .widget-hslider, .widget-vslider")) {
    const name = slider.querySelector(".widget-label")?.textContent.trim() || "slider";
    const readout = slider.querySelector(".widget-readout");
    for (const handle of slider.querySelectorAll(".noUi-handle")) {
      set(handle, "aria-label", name);
      if (readout?.textContent) set(handle, "aria-valuetext", readout.textContent);
    }
    if (readout?.isContentEditable) {
      set(readout, "role", "textbox");
      set(readout, "aria-label", `${name}: value`);
    } else if (readout) {
      // The handle says it: as a stop of its own it would only be in the way.
      set(readout, "aria-hidden", "true");
      set(readout, "tabindex", "-1");
    }
  }
}

function describeImages(root, words) {
  for (const image of root.querySelectorAll("img:not([alt])")) image.alt = words;
}

export default {
  render({ model, el }) {
    const status = document.createElement("div");
    status.className = "explorekit-told";
    status.setAttribute("role", "status");
    el.append(status);
    el.classList.add("explorekit-access");
    const known = new WeakMap(); // what each picture shows
    let [root, due, resting, words, tipped] = [undefined, undefined, undefined, "", ""];
    const tell = () => {
      // A run that goes on in the background is not to talk into other work.
      const first = root.querySelector(".explorekit-told") === status; // linked explorers speak with one voice
      if (first && root.contains(document.activeElement)) status.textContent = words;
    };
    const look = () => {
      due = undefined;
      nameSliders(root);
      describeImages(root, "picture of the results");
      let news = "";
      for (const canvas of root.querySelectorAll(".explorekit-picture canvas")) {
        const frame = canvas.getAttribute("aria-label") ?? "";
        if (known.get(canvas) !== frame) news ||= frame;
        known.set(canvas, frame);
      }
      const tip = document.activeElement?.parentElement?.querySelector(":scope > .explorekit-tip:not([hidden])");
      const pointed = tip && root.contains(tip) ? tip.textContent : "";
      if (pointed && pointed !== tipped) news = pointed;
      tipped = pointed;
      if (!news) return;
      words = news;
      clearTimeout(resting);
      resting = setTimeout(tell, REST);
    };
    // In JupyterLab a single letter or an arrow is a command to the notebook, such as cutting a cell, wherever focus is.
    const keepKeys = (event) => {
      if (!root?.contains(event.target)) return;
      const plain = !(event.ctrlKey || event.metaKey || event.altKey);
      event.target.toggleAttribute("data-lm-suppress-shortcuts", plain);
    };
    window.addEventListener("keydown", keepKeys, true);
    // A slider over labels lets one type beside it, and then does nothing: the kernel knows which value is nearest.
    let before = "";
    const type = (event) => {
      const readout = event.target.closest?.(".explorekit-labelled .widget-readout");
      if (!readout || !root?.contains(readout)) return;
      const [owner, own] = [readout, el].map((node) => node.closest(".explorekit-explorer"));
      if (owner && own && owner !== own) return;
      const text = readout.textContent.trim();
      if (event.type === "focusin") before = text;
      if (event.type === "keydown" && event.key === "Escape") readout.textContent = before;
      if (event.type === "keydown" && ["Enter", "Escape"].includes(event.key)) {
        event.preventDefault();
        readout.blur();
      }
      if (event.type !== "focusout" || text === before) return;
      readout.textContent = before; // until the slider has moved
      if (text) model.send({ slider: readout.parentElement.querySelector(".widget-label").textContent, typed: text });
    };
    for (const event of ["focusin", "focusout", "keydown"]) window.addEventListener(event, type);
    const observer = new MutationObserver(() => (due ??= requestAnimationFrame(look)));
    const begin = requestAnimationFrame(() => {
      root = el.closest(".explorekit-panes") ?? el.closest(".explorekit-explorer, .explorekit-panel") ?? el;
      observer.observe(root, { childList: true, subtree: true, characterData: true, attributeFilter: ["aria-label"] });
      look();
    });
    return () => {
      window.removeEventListener("keydown", keepKeys, true);
      for (const event of ["focusin", "focusout", "keydown"]) window.removeEventListener(event, type);
      observer.disconnect();
      cancelAnimationFrame(begin);
      cancelAnimationFrame(due);
      clearTimeout(resting);
    };
  },
};
