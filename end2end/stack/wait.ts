// Waits for something to become true, with a deadline.

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Polls until the result is not undefined, null or false. */
export async function until<T>(what: string, ask: () => Promise<T> | T, limitMs = 10_000, everyMs = 100): Promise<NonNullable<T>> {
  const deadline = Date.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== null && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms`, { cause: last });
    await sleep(everyMs);
  }
}
