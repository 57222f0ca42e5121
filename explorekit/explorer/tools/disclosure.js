// The buttons and the frames are widgets of their own, which come and go: they are looked for each time.

let count = 0;

function set(node, name, value) {
  if (node && node.getAttribute(name) !== value) node.setAttribute(name, value);
}

export default {
  render({ model, el }) {
    const id = `explorekit-tools-${++count}`;
    el.classList.add("explorekit-disclosure");
    let root, row, due;
    const buttons = () => [...(row?.querySelectorAll(":scope > button") ?? [])];
    const frames = () => [...(root?.querySelectorAll(":scope > .explorekit-opened") ?? [])];
    const buttonOf = (frame) => buttons()[model.get("names").indexOf(model.get("opened")[frames().indexOf(frame)])];
    const tell = () => {
      due = undefined;
      const [names, opened, shown] = [model.get("names"), model.get("opened"), frames()];
      buttons().forEach((button, i) => {
        const frame = shown[opened.indexOf(names[i])];
        set(button, "aria-expanded", String(frame !== undefined));
        if (!frame) return button.removeAttribute("aria-controls");
        frame.id = `${id}-${i}`;
        set(button, "aria-controls", frame.id);
        set(frame, "role", "group");
        set(frame, "aria-label", names[i]);
        set(frame.querySelector(".explorekit-shut"), "aria-label", `Close ${names[i]}`);
      });
    };
    const onKey = (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      const frame = event.target.closest?.(".explorekit-opened");
      const button = frame ? buttonOf(frame) : buttons().find((one) => one === event.target && one.ariaExpanded === "true");
      if (!button) return;
      event.preventDefault();
      event.stopPropagation();
      document.activeElement?.blur?.(); // what was typed there counts
      button.click();
      button.focus();
    };
    const onClick = (event) => {
      const frame = event.target.closest?.(".explorekit-shut")?.closest(".explorekit-opened");
      if (frame) buttonOf(frame)?.focus();
    };
    const observer = new MutationObserver(() => (due ??= requestAnimationFrame(tell)));
    const begin = requestAnimationFrame(() => {
      root = el.closest(".widget-vbox");
      row = root?.querySelector(":scope > .widget-hbox");
      if (!root) return;
      // A widget gets its classes only after it was put there.
      observer.observe(root, { childList: true, subtree: true, attributeFilter: ["class"] });
      root.addEventListener("keydown", onKey);
      root.addEventListener("click", onClick);
      tell();
    });
    return () => {
      cancelAnimationFrame(begin);
      cancelAnimationFrame(due);
      observer.disconnect();
      root?.removeEventListener("keydown", onKey);
      root?.removeEventListener("click", onClick);
    };
  },
};
