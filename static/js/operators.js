// Figures of one moment: once they have stood for long, the heading promises nothing any more.
(() => {
  const shown = new WeakMap();

  function look() {
    const part = document.querySelector("[data-old-after]");
    if (!part) return;
    if (!shown.has(part)) shown.set(part, Date.now());
    const seconds = (Date.now() - shown.get(part)) / 1000;
    const heading = document.getElementById(part.dataset.oldHeading);
    if (heading && seconds > part.dataset.oldAfter) heading.textContent = part.dataset.oldSays;
  }

  look();
  setInterval(look, 5000);
})();
