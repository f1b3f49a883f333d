import { type CidBytes, cidKey } from "@copse/ipld";

/** How long those that did not have a block are not asked for it again, at first. Unit: ms. */
export const firstAbsentMs = 10_000;
/** The same after many times: it doubles up to here. Unit: ms. */
export const mostAbsentMs = 300_000;
/** Blocks that are remembered to be absent; the oldest goes first. Each keeps whom it was asked of: 5 MiB with 180 peers. */
export const maxAbsent = 1024;

/** What is known of a block that nobody had. */
interface Absence {
  /** Who was asked. */
  readonly asked: ReadonlySet<string>;
  /** When they may be asked again. */
  readonly until: number;
  readonly waitMs: number;
}

/** Whom to ask for a block, and what to do where none of them has it. */
export interface Ask {
  readonly peers: readonly string[];
  /** @param asked those of `peers` that the question went to */
  missed(asked: readonly string[]): void;
}

/**
 * Blocks that nobody had, and who was asked. A peer that was not asked is asked at once; the same ones again after a wait
 * that doubles, for a state that one peer lacks now it may have in a moment.
 */
export class AbsentBlocks {
  readonly #now: () => number;
  readonly #peers: () => readonly string[];
  readonly #absent = new Map<string, Absence>();

  constructor(now: () => number, peers: () => readonly string[]) {
    this.#now = now;
    this.#peers = peers;
  }

  /** Whether all who are there were asked lately. */
  has(cid: CidBytes): boolean {
    return this.#absent.has(cidKey(cid)) && this.ask(cid).peers.length === 0;
  }

  /** Whom to ask now. */
  ask(cid: CidBytes): Ask {
    const key = cidKey(cid);
    const before = this.#absent.get(key);
    const waits = before !== undefined && this.#now() < before.until;
    return {
      peers: waits ? this.#peers().filter((peer) => !before.asked.has(peer)) : this.#peers(),
      missed: (asked) => this.#miss(key, asked, before, !waits),
    };
  }

  /** It was found. */
  forget(cid: CidBytes): void {
    this.#absent.delete(cidKey(cid));
  }

  #miss(key: string, asked: readonly string[], before: Absence | undefined, anew: boolean): void {
    const known = this.#absent.get(key);
    // who asked beside us has counted this time already
    const isFirst = known === undefined || (anew && known === before);
    const waitMs = isFirst
      ? Math.min(mostAbsentMs, known === undefined ? firstAbsentMs : known.waitMs * 2)
      : known.waitMs;
    // those that have left take no room: who comes back is asked again
    const others = isFirst ? [] : this.#peers().filter((peer) => known.asked.has(peer));
    const until = isFirst ? this.#now() + waitMs : known.until;
    this.#absent.delete(key);
    this.#absent.set(key, { asked: new Set([...others, ...asked]), until, waitMs });
    if (this.#absent.size > maxAbsent) this.#absent.delete(this.#absent.keys().next().value ?? "");
  }
}
