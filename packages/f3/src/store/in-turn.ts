const last = new WeakMap<object, Promise<unknown>>();

/** Runs what is done at one place one after another, however it is called. */
export function inTurn<T>(place: object, work: () => Promise<T>): Promise<T> {
  const result = (last.get(place) ?? Promise.resolve()).then(work);
  last.set(
    place,
    result.catch(() => {}),
  );
  return result;
}
