import { setTimeout as wait } from "node:timers/promises";
import { type ChainStore, type HeadChange, spanAt } from "@copse/chain";
import { HeadTracker } from "@copse/chain/head";
import { assertNotAborted, isCopseError } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import type { Logger } from "pino";
import { NodeError } from "../errors.ts";
import { errorFacts } from "../output.ts";
import { isAbort, linkBack, type SyncContext } from "../sync/assemble.ts";
import type { Target } from "../sync/target.ts";
import type { F3Head } from "./certificates.ts";
import type { CertifiedTipsets } from "./certified-tipsets.ts";
import type { F3Client } from "./f3-client.ts";

/** What is told of finality. */
export interface FinalEvents {
  /** Heights `from` to `to` are final: their tipsets are those of the certificate of `instance`, and below it. */
  readonly onFinal: (final: F3Head & { readonly from: number }) => void;
  /** The head went over to the certified chain, or up to its newest tipset. */
  readonly onHead: (change: HeadChange) => void;
}

/** What finality is applied with. */
export interface FinalNeeds {
  readonly client: Pick<F3Client, "head" | "settled" | "onChange">;
  readonly certified: CertifiedTipsets;
  readonly context: SyncContext;
  readonly log: Logger;
}

/** How long the first certificates are waited for before the chain is walked without those that follow. Unit: ms. */
const certificateMs = 30_000;
/** Pause before what could not be done is tried again. Unit: ms. */
const retryMs = 5000;

/**
 * Makes true for the stored chain what certificates say: their newest tipset is on it, no fork leaves it out any more, and
 * all that is linked below it is *f3-final*. Where the stored chain is another one, it gives way, whatever it weighs.
 */
export class FinalChain {
  readonly #needs: FinalNeeds;
  readonly #events: FinalEvents;
  readonly #tracker: HeadTracker;
  /** The instance that was applied last, and how far down that reached. */
  #applied: { readonly instance: number; readonly from: number } | undefined;

  constructor(needs: FinalNeeds, events: FinalEvents) {
    this.#needs = needs;
    this.#events = events;
    const { store } = needs.context;
    this.#tracker = new HeadTracker(store);
  }

  /** Waits for certificates, for a time, and has the chain linked below the newest tipset that they finalize. */
  async begin(signal: AbortSignal): Promise<void> {
    const { client, log } = this.#needs;
    if (!(await client.settled(certificateMs, signal))) {
      log.warn(
        { head: client.head?.height },
        "certificates of F3 are behind: the chain is assembled with what there is",
      );
    }
    await this.update(signal);
  }

  /** The newest certified tipset as something to sync to: where no peer tells a head that holds it. */
  get target(): Target | undefined {
    const { newest } = this.#needs.certified;
    return newest && { ...newest, supporters: [] };
  }

  /** Whether the newest certified tipset, and what is linked below it, is final in the store. */
  get isApplied(): boolean {
    const { client, certified, context } = this.#needs;
    if (certified.newest === undefined) return true;
    const { head } = client;
    if (this.#applied?.instance !== head?.instance) return false;
    return head === undefined || context.store.reader.isCanonical(head.key);
  }

  /**
   * Applies the newest certificate, if there is one that says anything of this chain.
   *
   * @throws {NodeError} `copse/no-peers`, `copse/not-certified`; `copse/chain-disagrees` where the stored chain left the
   * certified one further back than a fork may go
   */
  async apply(signal: AbortSignal): Promise<HeadChange | undefined> {
    const { client, certified, context } = this.#needs;
    const { store } = context;
    const { head } = client;
    if (head === undefined || certified.newest === undefined) return undefined;
    if (!store.reader.isCanonical(head.key)) {
      certified.restart();
      await linkBack(head, context, signal).catch((error: unknown) => {
        throw disagreement(head, error) ?? error;
      });
      while ((await store.indexBlocks()) > 0) assertNotAborted(signal);
    }
    const found = store.reader.tipset(head.key);
    if (found !== undefined && found.height !== head.height) {
      const why = `its certificate says epoch ${head.height}, its headers are of height ${found.height}`;
      throw new NodeError("copse/not-certified", { tipset: TipsetKey.format(head.key), why });
    }
    const change = await this.#settle(head);
    await this.#raise(store, head);
    if (change !== undefined) this.#events.onHead(change);
    return change;
  }

  /** As {@link apply}; where that cannot be done now, it says why and is done later. */
  update(signal: AbortSignal): Promise<HeadChange | undefined> {
    return this.#later(() => this.apply(signal), signal);
  }

  async #later<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (isAbort(error) || signal.aborted || !isCopseError(error)) throw error;
      if (error.code === "copse/chain-disagrees" || error.code.startsWith("host/")) throw error;
      this.#needs.log.warn(errorFacts(error), "what F3 finalized is not linked or checked yet");
      return undefined;
    }
  }

  /**
   * Applies each further certificate, until the signal fires.
   *
   * @param check is to check what the head went over to
   */
  async follow(check: () => Promise<void>, signal: AbortSignal): Promise<never> {
    for (;;) {
      if (!this.isApplied && (await this.update(signal)) !== undefined) await this.#later(check, signal);
      signal.throwIfAborted();
      const failed = !this.isApplied;
      const news = new AbortController();
      const unlisten = this.#needs.client.onChange(() => !failed && news.abort());
      await wait(failed ? retryMs : 60_000, undefined, { signal: AbortSignal.any([signal, news.signal]) }).catch(
        () => {},
      );
      unlisten();
      signal.throwIfAborted();
    }
  }

  /** Moves the head onto the certified chain, if need be, and sets the checkpoint. */
  async #settle(head: F3Head): Promise<HeadChange | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.#tracker.checkpoint(head.key)).change;
      } catch (error) {
        if (!isCopseError(error, "chain/")) throw error;
        // between the move and the checkpoint a heavier fork may have come: once more
        if (error.code === "chain/tipset-unknown" && attempt < 3) continue;
        throw disagreement(head, error) ?? error;
      }
    }
  }

  /** Raises what is linked below the certified tipset: all of it are its ancestors. */
  async #raise(store: ChainStore, head: F3Head): Promise<void> {
    const from = spanAt(store.spans, head.height)?.lowest?.height;
    if (from === undefined) return;
    const range = { from, to: head.height };
    await store.raise([{ level: "f3-final", range, tip: head.key }]);
    const fresh = this.#applied?.instance !== head.instance || this.#applied.from !== from;
    this.#applied = { instance: head.instance, from };
    if (fresh) this.#events.onFinal({ ...head, from });
  }
}

/** What says that the stored chain left the certified one too far back. */
function disagreement({ key, height }: F3Head, error: unknown): NodeError | undefined {
  if (!isCopseError(error)) return undefined;
  if (error.code !== "chain/fork-too-long" && error.code !== "chain/behind-checkpoint") return undefined;
  const facts = { tipset: TipsetKey.format(key), height, why: error.message };
  return new NodeError("copse/chain-disagrees", facts, { cause: error });
}
