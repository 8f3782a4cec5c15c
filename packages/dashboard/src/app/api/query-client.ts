import { QueryClient } from "@tanstack/react-query";
import { isTemporary } from "./connection.js";

/** How often what is shown is read again, ms. */
const REFRESH_MS = 3_000;

/** The cache of all that was read. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: REFRESH_MS / 2,
      refetchInterval: REFRESH_MS,
      retry: (failures, error) => failures < 2 && isTemporary(error),
    },
  },
});
