/**
 * A value now, or later. Composites are written once over it: over the synchronous face of their parts everything is
 * there at once and no promise is made; over the asynchronous face steps wait where they must.
 */
export type Maybe<T> = T | Promise<T>;

/** Whether a value is still to come. */
export function isLater<T>(value: Maybe<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** Goes on with a value as soon as it is there: at once, where it is. */
export function after<T, U>(value: Maybe<T>, next: (value: T) => Maybe<U>): Maybe<U> {
  return isLater(value) ? value.then(next) : next(value);
}

/** {@link after} that also sees the failure of what came before; what `next` throws is not given to `failed`. */
export function settle<T, U>(
  work: () => Maybe<T>,
  next: (value: T) => Maybe<U>,
  failed: (error: unknown) => Maybe<U>,
): Maybe<U> {
  let value: Maybe<T>;
  try {
    value = work();
  } catch (error) {
    return failed(error);
  }
  return isLater(value) ? value.then(next, failed) : next(value);
}
