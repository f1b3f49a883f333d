import { encodePowerEntries } from "@copse/f3";
import type { CertificateStore } from "@copse/f3/store";
import { type AbortOptions, abortFault, assertNotAborted } from "@copse/primitives";

/** Tables that are kept, of 2 MiB at most: the newest and the oldest are what most ask for. */
const mostKept = 4;

/** A table that is put together, for all who ask for it. */
interface Replay {
  readonly bytes: Promise<Uint8Array>;
  readonly over: AbortController;
  waiting: number;
}

/**
 * Power tables for other peers. Each is put together from the changes of up to 1,439 certificates, so it is done for all who
 * ask at once, one after another, and not where all of them have left; a few are kept.
 *
 * @example
 * const tables = new ServedTables();
 * const bytes = await tables.get(store, 12, { signal });
 */
export class ServedTables {
  /** What {@link #kept} and {@link #replays} are of. */
  #store: Pick<CertificateStore, "powerTable"> | undefined;
  /** By instance; the one asked for last comes last. */
  readonly #kept = new Map<number, Uint8Array>();
  readonly #replays = new Map<number, Replay>();
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * CBOR of the entries of the table that validates an instance.
   *
   * @throws {HostFault} `host/aborted`; what the store throws
   */
  async get(
    store: Pick<CertificateStore, "powerTable">,
    instance: number,
    { signal }: AbortOptions,
  ): Promise<Uint8Array> {
    assertNotAborted(signal);
    if (this.#store !== store) {
      this.#store = store;
      this.#kept.clear();
      this.#replays.clear();
    }
    const kept = this.#kept.get(instance);
    if (kept !== undefined) {
      this.#keep(instance, kept);
      return kept;
    }
    let replay = this.#replays.get(instance);
    if (replay === undefined) {
      replay = this.#begin(store, instance);
      this.#replays.set(instance, replay);
    }
    return this.#join(instance, replay, signal);
  }

  async #join(instance: number, replay: Replay, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const left = Promise.withResolvers<never>();
    const leave = (): void => left.reject(signal && abortFault(signal));
    replay.waiting++;
    signal?.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([replay.bytes, left.promise]);
    } finally {
      signal?.removeEventListener("abort", leave);
      replay.waiting--;
      if (replay.waiting === 0) {
        if (this.#replays.get(instance) === replay) this.#replays.delete(instance);
        replay.over.abort(new Error("nobody waits for this table"));
      }
    }
  }

  #begin(store: Pick<CertificateStore, "powerTable">, instance: number): Replay {
    const over = new AbortController();
    const { signal } = over;
    const bytes = this.#turn.then(async () => {
      assertNotAborted(signal);
      const { entries } = await store.powerTable(instance, { signal });
      assertNotAborted(signal);
      const encoded = encodePowerEntries(entries);
      if (this.#store === store) this.#keep(instance, encoded);
      return encoded;
    });
    this.#turn = bytes.catch(() => {}); // whoever asked is told
    return { bytes, over, waiting: 0 };
  }

  #keep(instance: number, bytes: Uint8Array): void {
    this.#kept.delete(instance);
    this.#kept.set(instance, bytes);
    const [oldest] = this.#kept.size > mostKept ? this.#kept.keys() : [];
    if (oldest !== undefined) this.#kept.delete(oldest);
  }
}
