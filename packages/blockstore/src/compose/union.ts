import type { CidBytes } from "@copse/ipld";
import { type AbortOptions, assertNotAborted, isCopseError } from "@copse/primitives";
import { BlockstoreError } from "../errors.ts";
import type { AsyncStore, BlockEntry } from "../store.ts";
import { type Composed, composedOf, type Face, faceAtOnce, faceLater, isStore, readsAtOnce } from "./face.ts";
import { after, type Maybe, settle } from "./maybe.ts";

/** How a union reads and writes. */
export interface UnionOptions<Part extends AsyncStore = AsyncStore> {
  /**
   * `"sequential"` (default) asks one part after another. `"parallel"` asks all at once and takes the first block that
   * comes, aborting the rest; the synchronous face is always sequential.
   */
  readonly read?: "sequential" | "parallel" | undefined;
  /** The part that takes writes and deletions, `"all"` of them in order, or `"none"` (read-only). Default `"none"`. */
  readonly writeTo?: Part | "all" | "none" | undefined;
  /** A part that is given each block found in another: later reads find it there. Its failure to take one is told, not thrown. */
  readonly heal?: Part | undefined;
  /** Told when a part failed and another was asked instead. */
  readonly onFailure?: ((part: Part, error: unknown) => void) | undefined;
}

/**
 * Several stores as one: a block is there when any part has it.
 *
 * A part that fails is passed over; but a block is only called absent when every part said so: when none has it and one
 * failed, its error is thrown. A deletion leaves blocks in parts that are not written to.
 *
 * Cost: sequential reads of an absent block ask every part. Listing asks the parts before for each block, so that it
 * comes once, and keeps no set.
 *
 * @see lotus blockstore/union.go, blockstore/fallback.go; forest src/db/car/many.rs
 * @example
 * const store = unionStoreOf([memory, snapshot, remote], { writeTo: memory, heal: memory });
 */
export function unionStoreOf<Part extends AsyncStore>(
  parts: readonly Part[],
  options: UnionOptions<Part> = {},
): Composed<Part> {
  const { writeTo = "none" } = options;
  const writers = writeTo === "all" ? parts : writeTo === "none" ? [] : [writeTo];
  const faces = parts.map(faceLater);
  const shared = {
    read: options.read ?? "sequential",
    waits: true,
    onFailure: (nth: number, error: unknown) => options.onFailure?.(parts[nth] as Part, error),
    healed: options.heal === undefined ? -1 : parts.indexOf(options.heal),
  };
  const facesOf = (of: (part: AsyncStore) => Face): UnionFaces => ({
    parts: parts.map(of),
    writers: writers.map(of),
    heal: options.heal && of(options.heal),
  });
  const atOnce = parts.every(readsAtOnce) ? facesOf((part) => faceAtOnce(part as never)) : undefined;
  return composedOf({
    later: new UnionFace(facesOf(faceLater), shared),
    atOnce: atOnce && new UnionFace(atOnce, { ...shared, read: "sequential", waits: false }),
    writesAtOnce: parts.every(isStore) && writers.every(isStore),
    entries: (listing) => listed(parts, faces, listing),
    ...(parts.every(isStore) ? { entriesSync: () => listedSync(parts) } : {}),
  }) as Composed<Part>;
}

interface UnionFaces {
  readonly parts: readonly Face[];
  readonly writers: readonly Face[];
  readonly heal: Face | undefined;
}

interface UnionShared {
  readonly read: "sequential" | "parallel";
  readonly waits: boolean;
  readonly onFailure: (nth: number, error: unknown) => void;
  /** Which of the parts is healed; -1 for none of them. */
  readonly healed: number;
}

class UnionFace implements Face {
  readonly #faces: UnionFaces;
  readonly #shared: UnionShared;

  constructor(faces: UnionFaces, shared: UnionShared) {
    this.#faces = faces;
    this.#shared = shared;
  }

  get(cid: CidBytes, options?: AbortOptions): Maybe<Uint8Array | undefined> {
    if (!this.#shared.waits) return this.#getAtOnce(cid);
    const found = (bytes: Uint8Array, nth: number): Maybe<Uint8Array> =>
      this.#heal([[cid, bytes]], nth, options, bytes);
    if (this.#shared.read === "parallel") return this.#race(cid, found, options);
    return this.#first((part) => part.get(cid, options), isThere, found, options);
  }

  /** What the rest of this class does, without its closures: the hot path of trees. */
  #getAtOnce(cid: CidBytes): Uint8Array | undefined {
    const { parts } = this.#faces;
    let failures: unknown[] | undefined;
    for (let nth = 0; nth < parts.length; nth++) {
      try {
        const bytes = (parts[nth] as Face).get(cid) as Uint8Array | undefined;
        if (bytes !== undefined) return this.#heal([[cid, bytes]], nth, undefined, bytes) as Uint8Array;
      } catch (error) {
        failures ??= [];
        this.#passOver(nth, error, undefined, failures);
      }
    }
    if (failures !== undefined) throw failures[0];
    return undefined;
  }

  /** Each part is asked for what those before it lacked. */
  getMany(cids: readonly CidBytes[], options?: AbortOptions): Maybe<(Uint8Array | undefined)[]> {
    if (this.#shared.read === "parallel") return Promise.all(cids.map((cid) => this.get(cid, options)));
    const blocks: (Uint8Array | undefined)[] = cids.map(() => undefined);
    let missing = cids.map((_, at) => at);
    const failures: unknown[] = [];
    let done: Maybe<void> | undefined;
    for (const [nth, part] of this.#faces.parts.entries()) {
      done = after(done, () => {
        if (missing.length === 0) return;
        const ask = missing.map((at) => cids[at] as CidBytes);
        const take = (found: (Uint8Array | undefined)[]): Maybe<void> => {
          for (const [i, at] of missing.entries()) blocks[at] = found[i];
          const got = missing.filter((at) => blocks[at] !== undefined);
          missing = missing.filter((at) => blocks[at] === undefined);
          const entries = got.map((at): BlockEntry => [cids[at] as CidBytes, blocks[at] as Uint8Array]);
          return this.#heal(entries, nth, options, undefined);
        };
        return settle(
          () => part.getMany(ask, options),
          take,
          (error) => this.#passOver(nth, error, options, failures),
        );
      });
    }
    return after(done, () => {
      if (missing.length > 0 && failures.length > 0) throw failures[0];
      return blocks;
    });
  }

  has(cid: CidBytes, options?: AbortOptions): Maybe<boolean> {
    const isTrue = (there: boolean | undefined): there is true => there === true;
    const answer = this.#first(
      (part) => part.has(cid, options) as Maybe<true | undefined>,
      isTrue,
      (there) => there,
      options,
    );
    return after(answer, (there) => there === true);
  }

  putMany(entries: readonly BlockEntry[], options?: AbortOptions): Maybe<void> {
    return this.#write("put", (part) => part.putMany(entries, options));
  }

  deleteMany(cids: readonly CidBytes[], options?: AbortOptions): Maybe<void> {
    return this.#write("delete", (part) => part.deleteMany(cids, options));
  }

  #write(operation: string, write: (part: Face) => Maybe<void>): Maybe<void> {
    if (this.#faces.writers.length === 0) throw new BlockstoreError("blockstore/read-only", { operation });
    let done: Maybe<void> | undefined;
    for (const part of this.#faces.writers) done = after(done, () => write(part));
    return done;
  }

  /** The first answer that counts, asking one part after another. */
  #first<T>(
    ask: (part: Face) => Maybe<T | undefined>,
    counts: (answer: T | undefined) => answer is T,
    found: (answer: T, nth: number) => Maybe<T>,
    options: AbortOptions | undefined,
    from = 0,
    failures: unknown[] = [],
  ): Maybe<T | undefined> {
    const part = this.#faces.parts[from];
    if (part === undefined) {
      if (failures.length > 0) throw failures[0];
      return undefined;
    }
    const next = (): Maybe<T | undefined> => this.#first(ask, counts, found, options, from + 1, failures);
    return settle(
      () => ask(part),
      (answer) => (counts(answer) ? found(answer, from) : next()),
      (error) => after(this.#passOver(from, error, options, failures), next),
    );
  }

  async #race(
    cid: CidBytes,
    found: (bytes: Uint8Array, nth: number) => Maybe<Uint8Array>,
    options: AbortOptions | undefined,
  ): Promise<Uint8Array | undefined> {
    const rest = new AbortController();
    const signal = options?.signal === undefined ? rest.signal : AbortSignal.any([options.signal, rest.signal]);
    const failures: unknown[] = [];
    const asked = this.#faces.parts.map(async (part, nth) => {
      try {
        const bytes = await part.get(cid, { signal });
        if (bytes !== undefined) return { bytes, nth };
      } catch (error) {
        failures.push(error);
        if (!signal.aborted) this.#shared.onFailure(nth, error);
      }
      throw notHere;
    });
    try {
      const { bytes, nth } = await Promise.any(asked);
      return await found(bytes, nth);
    } catch (error) {
      if (!(error instanceof AggregateError)) throw error;
      assertNotAborted(options?.signal);
      if (failures.length > 0) throw failures[0];
      return undefined;
    } finally {
      rest.abort();
    }
  }

  /** Remembers a failure; the caller's own abort is none, and ends the search. */
  #passOver(nth: number, error: unknown, options: AbortOptions | undefined, failures: unknown[]): void {
    if (options?.signal?.aborted === true || isCopseError(error, "host/aborted")) throw error;
    failures.push(error);
    this.#shared.onFailure(nth, error);
  }

  #heal<T>(entries: readonly BlockEntry[], nth: number, options: AbortOptions | undefined, result: T): Maybe<T> {
    const { heal } = this.#faces;
    const { healed, onFailure } = this.#shared;
    if (heal === undefined || nth === healed || entries.length === 0) return result;
    return settle(
      () => heal.putMany(entries, options),
      () => result,
      (error) => {
        onFailure(healed, error);
        return result;
      },
    );
  }
}

const notHere: unique symbol = Symbol("not in this part");
const isThere = (bytes: Uint8Array | undefined): bytes is Uint8Array => bytes !== undefined;

async function* listed(
  parts: readonly AsyncStore[],
  faces: readonly Face[],
  options: AbortOptions | undefined,
): AsyncGenerator<BlockEntry> {
  for (const [nth, part] of parts.entries()) {
    next: for await (const entry of part.entries(options)) {
      for (const before of faces.slice(0, nth)) if (await before.has(entry[0], options)) continue next;
      yield entry;
    }
  }
}

function* listedSync(parts: readonly AsyncStore[]): Generator<BlockEntry> {
  const stores = parts.filter(isStore);
  for (const [nth, part] of stores.entries()) {
    for (const entry of part.entriesSync()) {
      if (!stores.slice(0, nth).some((before) => before.hasSync(entry[0]))) yield entry;
    }
  }
}
