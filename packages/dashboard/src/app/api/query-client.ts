import { QueryClient } from "@tanstack/react-query";
import { isTemporary } from "./connection.js";

/** The cache of all that was read. It is read again when the manager says that it has changed. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // Data that is shown is invalidated when it changes; other data is read when it is shown.
      staleTime: 1_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 2 && isTemporary(error),
    },
  },
});
