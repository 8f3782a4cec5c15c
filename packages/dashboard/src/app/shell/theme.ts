const THEME = "tidegate.theme";

/** Colours of the page: those of the system, or always the same. */
export type Theme = "system" | "light" | "dark";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

export function currentTheme(): Theme {
  const kept = localStorage.getItem(THEME);
  return THEMES.find((theme) => theme === kept) ?? "system";
}

/** Shows the page in a theme, and keeps it for later visits. */
export function applyTheme(theme = currentTheme()): void {
  localStorage.setItem(THEME, theme);
  document.documentElement.dataset.theme = theme;
}

export function nextTheme(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
}
