import { StoreError } from "../errors/errors.js";
import { isStoreWide } from "../errors/store-wide.js";

/** An error caused by a single element. */
export class OwnError {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** Returns whether an error is the store's as a whole, so that a repetition soon may succeed. */
export function isOfStore(error: unknown): boolean {
  return error instanceof StoreError && isStoreWide(error.code);
}

/** After this many failed calls for one batch, the call itself must be failing. */
const MAX_FAILED_CALLS = 64;

/**
 * Calls for a whole batch. If that fails, calls for ever smaller parts of it, so that an error is reported
 * only for the element that causes it and all others get their answers.
 *
 * @throws what `call` throws if it fails for all elements, or for a reason that no element causes
 */
export async function isolated<In, Out>(
  batch: readonly In[],
  call: (part: readonly In[]) => Promise<Out[]>,
  maxFailedCalls = MAX_FAILED_CALLS,
): Promise<(Out | OwnError)[]> {
  if (batch.length === 0) return [];
  let failedCalls = 0;
  const answers = async (part: readonly In[]): Promise<(Out | OwnError)[]> => {
    try {
      return await call(part);
    } catch (error) {
      failedCalls += 1;
      if (isOfStore(error) || failedCalls > maxFailedCalls) throw error;
      if (part.length === 1) return [new OwnError(error)];
      const middle = Math.ceil(part.length / 2);
      return [...(await answers(part.slice(0, middle))), ...(await answers(part.slice(middle)))];
    }
  };
  const all = await answers(batch);
  const [first] = all;
  if (first instanceof OwnError && all.every((answer) => answer instanceof OwnError)) throw first.error;
  return all;
}
