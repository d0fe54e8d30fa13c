/** Waits for all of some work, whatever becomes of each piece; throws the first failure only then,
 * so that nothing goes on behind the back of whoever asked for it. */
export async function allDone<T>(work: Iterable<Promise<T>>): Promise<T[]> {
  const settled = await Promise.allSettled(work);
  return settled.map((one) => {
    if (one.status === "rejected") throw one.reason;
    return one.value;
  });
}
