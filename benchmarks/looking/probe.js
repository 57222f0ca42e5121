// What is on screen in the notebook's output: two columns of pixels of every picture, looked at again and again.
() => {
  const scratch = Object.assign(document.createElement("canvas"), { width: 2, height: 96 });
  const context = scratch.getContext("2d", { willReadFrequently: true });

  function* pictures(root) {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) yield* pictures(element.shadowRoot);
      const drawn = element.tagName === "CANVAS" || (element.tagName === "IMG" && element.complete && element.naturalWidth);
      if (drawn && element.clientWidth > 200 && element.clientHeight > 150) yield element;
    }
  }

  function look() {
    let seen = "";
    for (const picture of pictures(document.querySelector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook"))) {
      const [wide, high] = [picture.naturalWidth || picture.width, picture.naturalHeight || picture.height];
      context.clearRect(0, 0, 2, 96);
      context.drawImage(picture, Math.floor(wide * 0.3), 0, 1, high, 0, 0, 1, 96);
      context.drawImage(picture, Math.floor(wide * 0.55), 0, 1, high, 1, 0, 1, 96);
      seen += context.getImageData(0, 0, 2, 96).data.join();
    }
    return seen;
  }

  const probe = { shown: [], pressed: undefined, look };
  let last = look();
  document.addEventListener("keydown", () => { probe.pressed = performance.now(); }, true);
  const again = () => {
    const seen = look();
    if (seen && seen !== last) {
      last = seen;
      probe.shown.push(performance.now());
    }
    probe.timer = setTimeout(again, 0);
  };
  again();
  window.looking = probe;
}
