// A classic script in <head>, so that the chosen theme is set before the first paint.
(() => {
  try {
    const theme = localStorage.getItem("frameloop.theme");
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is switched off: the system's theme is used.
  }
})();
