import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useState } from "react";
import { isUnauthorized } from "../api/connection.js";
import { systemQuery } from "../api/queries.js";
import { useIsLive } from "../live/live.js";
import logo from "../logo.svg";
import { Icon, type IconName } from "../parts/icon.js";
import styles from "./shell.module.css";
import { SignIn } from "./sign-in.js";
import { applyTheme, currentTheme, nextTheme } from "./theme.js";

const THEME_ICONS = { system: "contrast", light: "sun", dark: "moon" } as const;

/** The frame of all pages. */
export function Shell() {
  // Changes of the ledger do not concern it: it is one request less for each.
  const { error, failureReason } = useQuery(systemQuery);
  const isLive = useIsLive();
  if (isUnauthorized(error)) return <SignIn />;
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        Skip to the content
      </a>
      <header className={styles.bar}>
        <Link to="/" className={styles.brand}>
          <img src={logo} alt="" width={26} height={26} />
          Tidegate
        </Link>
        <nav className={styles.nav} aria-label="Pages">
          <Tab to="/" icon="pulse" name="Overview" />
          <Tab to="/groups" icon="grid" name="Groups" />
          <Tab to="/dependencies" icon="branch" name="Dependencies" />
          <Tab to="/audit" icon="list" name="Audit" />
          <Tab to="/system" icon="gear" name="System" />
        </nav>
        <HelpLink />
        <ThemeButton />
      </header>
      {!isLive && (
        <p className={styles.away} role="alert">
          <Icon name="away" /> {failureReason?.message ?? "The manager cannot be reached."} Shown is what was
          read last; it is tried again.
        </p>
      )}
      <main id="main" className={styles.main} tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}

function Tab({
  to,
  icon,
  name,
}: {
  readonly to: "/" | "/groups" | "/dependencies" | "/audit" | "/system";
  readonly icon: IconName;
  readonly name: string;
}) {
  return (
    <Link to={to} activeOptions={{ exact: to === "/", includeSearch: false }} className={styles.tab}>
      <Icon name={icon} />
      <span>{name}</span>
    </Link>
  );
}

/** Leads from each page to what the help says about it. */
function HelpLink() {
  const page = useLocation({ select: ({ pathname }) => helpOf(pathname) });
  return (
    <Link to="/help" hash={page} className={styles.theme} aria-label="Help on this page">
      <Icon name="help" />
    </Link>
  );
}

/** Returns the part of the help on an address, such as `groups` or `group` on `/groups` and below. */
function helpOf(pathname: string): string {
  const [page = "", ...below] = pathname.split("/").filter((part) => part !== "");
  if (page === "") return "overview";
  return below.length > 0 ? page.replace(/s$/, "") : page;
}

function ThemeButton() {
  const [theme, setTheme] = useState(currentTheme);
  const change = () => {
    const next = nextTheme(theme);
    applyTheme(next);
    setTheme(next);
  };
  return (
    <button type="button" className={styles.theme} onClick={change} aria-label={`Colours: ${theme}`}>
      <Icon name={THEME_ICONS[theme]} />
    </button>
  );
}
