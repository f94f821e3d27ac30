/** Dark and light: the system's choice until a person makes their own, which this browser keeps. */

const KEY = "frameloop.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

/** @returns {"dark" | "light"} what is shown now */
export function theme() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "dark" || chosen === "light") return chosen;
  return system.matches ? "dark" : "light";
}

/** @param {"dark" | "light"} name */
export function setTheme(name) {
  document.documentElement.dataset.theme = name;
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  document.dispatchEvent(new CustomEvent("themechange", { detail: name }));
}

/** @param {HTMLElement} button */
function show(button) {
  const next = theme() === "dark" ? "light" : "dark";
  button.setAttribute("aria-label", `Switch to the ${next} theme`);
  button.title = `Switch to the ${next} theme`;
  for (const icon of button.querySelectorAll("[data-when]")) {
    icon.toggleAttribute("hidden", icon.getAttribute("data-when") !== theme());
  }
}

/** Make a button switch the theme and show which one is on. @param {HTMLElement} button */
export function bindThemeToggle(button) {
  show(button);
  button.addEventListener("click", () => setTheme(theme() === "dark" ? "light" : "dark"));
  document.addEventListener("themechange", () => show(button));
  system.addEventListener("change", () => {
    show(button);
    document.dispatchEvent(new CustomEvent("themechange", { detail: theme() }));
  });
  addEventListener("storage", (event) => {
    if (event.key === KEY && (event.newValue === "dark" || event.newValue === "light")) setTheme(event.newValue);
  });
}
