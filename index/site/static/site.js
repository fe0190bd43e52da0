// Progressive only: every page works without it. Suggestions while typing, the colour switch without a reload,
// a chart as PNG, cells opened by their address. Builds no HTML out of text.
"use strict";
(() => {
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  // Suggestions fill the <datalist> of a search field.
  for (const field of all("input[data-suggest]")) {
    const list = document.getElementById(field.getAttribute("list"));
    let asked = "", timer = 0;
    field.addEventListener("input", (event) => {
      const typed = field.value.trim();
      const picked = all("option", list).find((o) => o.value === field.value);
      if (picked && event.inputType !== "insertText" && event.inputType !== "deleteContentBackward") {
        field.form.requestSubmit();
        return;
      }
      clearTimeout(timer);
      if (typed.length < 2 || typed === asked) return;
      timer = setTimeout(async () => {
        asked = typed;
        try {
          const answer = await fetch(`${field.dataset.suggest}?q=${encodeURIComponent(typed.slice(0, 120))}`);
          if (!answer.ok || field.value.trim() !== typed) return;
          const found = (await answer.json()).suggestions;
          list.replaceChildren(...found.map((s) => Object.assign(document.createElement("option"), { value: s.name })));
        } catch { /* without suggestions the field still searches */ }
      }, 90);
    });
  }

  // The colour switch.
  for (const link of all("a[data-theme-to]")) {
    link.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      const theme = link.dataset.themeTo;
      const kept = theme === "auto" ? "; max-age=0" : "; max-age=31536000";
      document.cookie = `theme=${theme === "auto" ? "" : theme}; path=/; samesite=lax${kept}`;
      if (theme === "auto") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = theme;
      for (const other of all("a[data-theme-to]")) other.removeAttribute("aria-current");
      link.setAttribute("aria-current", "true");
    });
  }

  // A cell that the address names is opened.
  const open = () => {
    let name = "";
    try { name = decodeURIComponent(location.hash.slice(1)); } catch { /* a bad escape names nothing */ }
    const target = name && document.getElementById(name);
    if (target && target.tagName === "DETAILS") target.open = true;
  };
  addEventListener("hashchange", open);
  open();

  // A chart as PNG: its computed colours are written into a copy, which a canvas draws.
  const painted = ["fill", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "font-weight", "font-family", "opacity"];
  for (const button of all("button[data-png]")) {
    const chart = one(button.dataset.png);
    if (!chart) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      const copy = chart.cloneNode(true), box = chart.viewBox.baseVal;
      const from = all("*", chart), to = all("*", copy);
      from.forEach((node, n) => {
        const style = getComputedStyle(node);
        for (const name of painted) to[n].setAttribute(name, style.getPropertyValue(name));
      });
      copy.setAttribute("font-size", "12px"); // as on a wide page: a phone's is larger, without the names at the side
      copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
      copy.setAttribute("width", 2 * box.width);
      copy.setAttribute("height", 2 * box.height);
      const picture = new Image();
      picture.onload = () => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 2 * box.width, height: 2 * box.height });
        const pen = canvas.getContext("2d");
        pen.fillStyle = getComputedStyle(document.body).backgroundColor;
        pen.fillRect(0, 0, canvas.width, canvas.height);
        pen.drawImage(picture, 0, 0);
        const link = Object.assign(document.createElement("a"), { download: `${button.dataset.name || "openness-trends"}.png`, href: canvas.toDataURL("image/png") });
        link.click();
      };
      picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
    });
  }
})();
