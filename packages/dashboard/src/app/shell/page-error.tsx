import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { Empty } from "../parts/empty.js";

/** Shown in place of a page that failed. */
export function PageError({ error }: ErrorComponentProps) {
  return (
    <Empty title="This cannot be shown">
      <p>{error instanceof Error ? error.message : String(error)}</p>
    </Empty>
  );
}

/** Shown for an address that names no page. */
export function NotFound() {
  return (
    <Empty title="There is no such page">
      <p>
        <Link to="/">Go to the overview</Link>
      </p>
    </Empty>
  );
}
