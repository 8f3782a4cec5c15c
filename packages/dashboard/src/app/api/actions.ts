import { useMutation, useQueryClient } from "@tanstack/react-query";

/** Returns a mutation that reads all that is shown again when it is done. */
export function useAction<Input, Answer>(act: (input: Input) => Promise<Answer>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: act, onSettled: () => queries.invalidateQueries() });
}
