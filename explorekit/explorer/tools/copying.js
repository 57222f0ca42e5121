// Browsers let a page copy only where it is served safely; elsewhere the older way is left.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

export default {
  render({ model, el }) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "lm-Widget jupyter-widgets jupyter-button widget-button";
    button.style.width = "auto";
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    said.style.marginLeft = "8px";
    button.textContent = model.get("label");
    button.title = model.get("title");
    if (model.get("icon")) {
      const icon = document.createElement("i");
      icon.className = `fa fa-${model.get("icon")}`;
      button.prepend(icon);
    }
    button.addEventListener("click", async () => {
      await copy(model.get("text"));
      said.textContent = "copied";
      setTimeout(() => (said.textContent = ""), 2000);
      button.focus();
    });
    el.append(button, said);
  },
};
