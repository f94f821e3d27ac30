// A plain script: it runs before the page's modules, which on a slow line come seconds after its buttons. What is pressed
// until then is pressed once more when they are there, so that no press is lost and no form is sent without its script.
{
  /** @type {Set<HTMLElement>} */
  const pressed = new Set();

  /** @param {Event} event */
  const hold = (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!button) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    pressed.add(button);
  };

  addEventListener("click", hold, true);
  // Modules are deferred scripts: all have run when this comes.
  document.addEventListener("DOMContentLoaded", () => {
    removeEventListener("click", hold, true);
    for (const button of pressed) button.click();
  });
}
