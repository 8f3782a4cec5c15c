/**
 * Awaits a promise that knows nothing of the signal; what it stands for goes on when the signal is aborted.
 * Leaves no listener behind, since signals outlive thousands of promises.
 *
 * @throws the signal's reason if it is aborted first, or already
 */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
