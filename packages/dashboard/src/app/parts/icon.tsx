/** Paths of icons on a grid of 16, drawn as lines. */
const PATHS = {
  pulse: "M1.5 8h3l2-5 3 10 2-5h3",
  grid: "M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  moon: "M13.5 9.5A6 6 0 1 1 6.5 2.5a5 5 0 0 0 7 7z",
  contrast: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 2v12M10.5 4v8M9 3v10",
  away: "M2 2l12 12M4 9a5 5 0 0 1 3-2M9.5 7.2A5 5 0 0 1 12 9M8 12.5h0",
  check: "M3 8.5l3.5 3.5L13 4.5",
  cross: "M4 4l8 8M12 4l-8 8",
  play: "M5 3.5l7 4.5-7 4.5z",
  dash: "M3.5 8h9",
  skip: "M3.5 4l4 4-4 4M8.5 4l4 4-4 4",
  dots: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  alert: "M8 3v6.5M8 12.5v.01",
  lock: "M4 7.5h8V13H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5",
  repeat: "M13 8a5 5 0 1 1-1.7-3.7M13 2v3h-3",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  clock: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 5v3.2l2 1.3",
  branch:
    "M4 4.5a1.5 1.5 0 1 0 0-.01M4 11.5a1.5 1.5 0 1 0 0-.01M12 8a1.5 1.5 0 1 0 0-.01M5.5 4.5L10.5 7.4M5.5 11.5l5-2.9",
  gear: "M8 5.8a2.2 2.2 0 1 0 0 4.4a2.2 2.2 0 0 0 0-4.4zM8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6l1.4 1.4M11 11l1.4 1.4M12.4 3.6L11 5M5 11l-1.4 1.4",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  plus: "M8 3v10M3 8h10",
  help: "M6 6a2 2 0 1 1 2.8 1.8C8.2 8.1 8 8.5 8 9.2M8 12v.01M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13z",
  list: "M2 4.5l1.5 1.5L6 3M2 11l1.5 1.5L6 9.5M9 5h5M9 11.5h5",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3l3.2 3.2",
} as const;

export type IconName = keyof typeof PATHS;

/** A picture beside a word that says the same. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.6}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The path of an icon, for drawings of one's own. */
export function iconPath(name: IconName): string {
  return PATHS[name];
}
