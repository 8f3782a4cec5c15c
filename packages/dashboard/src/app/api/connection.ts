import { ManagerClient, ManagerError } from "@tidegate/client";

const TOKEN = "tidegate.token";

/** The address of the dashboard, with a slash at its end; the manager's is one level above. */
export const dashboardUrl = new URL("./", document.baseURI);

/** The manager that serves this page. */
export const manager = new ManagerClient({
  url: new URL("../", dashboardUrl),
  token: () => sessionStorage.getItem(TOKEN) ?? "",
  // Without a token, cookies or the network admit the page.
  fetch: (input, init) => fetch(input, sessionStorage.getItem(TOKEN) === null ? withoutToken(init) : init),
});

function withoutToken(init: RequestInit | undefined): RequestInit {
  const headers = new Headers(init?.headers);
  headers.delete("authorization");
  return { ...init, headers };
}

/** Keeps the token until the browser's tab is closed. */
export function rememberToken(token: string): void {
  sessionStorage.setItem(TOKEN, token);
}

/** Returns whether an error says that a token is needed. */
export function isUnauthorized(error: unknown): boolean {
  return error instanceof ManagerError && error.code === "UNAUTHORIZED";
}

/** Returns whether repeating a request may help: the manager was away, or busy. */
export function isTemporary(error: unknown): boolean {
  return error instanceof ManagerError && (error.status === undefined || error.status >= 500);
}
