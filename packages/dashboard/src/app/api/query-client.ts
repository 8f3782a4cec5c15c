import { QueryClient } from "@tanstack/react-query";
import { isTemporary } from "./connection.js";

/** The cache of all that was read. It is read again when the manager says that it has changed. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // What is shown and changes is invalidated; what is not shown is read when it is.
      staleTime: 1_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 2 && isTemporary(error),
    },
  },
});
