import { ManagerClient, ManagerError } from "@tidegate/client";
import type { FromWorker } from "./messages.js";

/** The pause before a manager that could not be reached is tried again, ms. */
const PAUSE_MS = 2_000;

/**
 * Follows the manager's stream of changes until the signal is aborted. Each time the stream begins, a reset comes
 * first, so that what changed meanwhile is read as well.
 */
export async function followChanges(
  url: string,
  token: string | null,
  signal: AbortSignal,
  tell: (message: FromWorker) => void,
): Promise<void> {
  const client = new ManagerClient({ url, ...(token === null ? {} : { token }) });
  const onConnection = (isOpen: boolean) => tell({ kind: "connection", isOpen });
  while (!signal.aborted) {
    try {
      for await (const news of client.events({ signal, onConnection })) tell({ kind: "news", news });
    } catch (error) {
      // The page asks for another token, and begins anew.
      if (error instanceof ManagerError && (error.status === 401 || error.status === 403)) return;
      onConnection(false);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
