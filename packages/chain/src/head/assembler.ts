import { cidKey } from "@copse/ipld";
import type { TipsetKey } from "@copse/types";
import { linkAcross } from "../link/link-across.ts";
import type { LinkFault } from "../link/link-errors.ts";
import { targetBelow } from "../link/link-run.ts";
import { linkTipset } from "../link/link-tipset.ts";
import type { LinkedTipset, LinkRules, LinkTarget } from "../link/link-types.ts";

/** What the assembler lacks; the fetcher brings it. */
export type Want =
  /** The tipset below one that came in, by chain exchange of length 1 or a few. */
  | {
      readonly kind: "tipset";
      readonly target: LinkTarget;
      /** Who brought its child, and so should have it. */
      readonly bringer: string | undefined;
    }
  /** The tipset below is far above all that is stored: walk back from it as a span. */
  | { readonly kind: "range"; readonly target: LinkTarget; readonly from: number; readonly to: number }
  /** The messages of a tipset that is linked to the stored chain. */
  | { readonly kind: "messages"; readonly tipset: LinkedTipset };

/** What the assembler looks at. */
export interface AssemblerOptions {
  readonly rules: LinkRules;
  /** The stored tipset of a key, if it is linked to the chain. */
  readonly stored: (key: TipsetKey) => LinkedTipset | undefined;
  /** Whether tipsets wait for their messages. */
  readonly messages?: boolean;
  /** Most tipsets that wait; 1,000 unless told. Past it, whoever brought most loses its oldest. */
  readonly limit?: number;
  /** Most tipsets that wait of one bringer; 256 unless told. Past it, its oldest goes. */
  readonly limitEach?: number;
  /**
   * Told of tipsets that an offer made room of, or proved wrong: then `fault` is what the first of them breaks, and the others
   * stand on it. Without a fault nothing is wrong with them, and they may come in again.
   */
  readonly onDropped?: (tipsets: readonly LinkedTipset[], fault: LinkFault | undefined) => void;
  /** Heights between a tipset and the stored head above which a range is wanted; 30 unless told. */
  readonly rangeFrom?: number;
}

interface Waiting {
  readonly tipset: LinkedTipset;
  readonly bringers: Set<string>;
  hasMessages: boolean;
}

/** Whoever a caller does not name. */
const nobody = "";

/**
 * Puts candidates together into runs that stand on the stored chain, and says what they lack. Pure data: it neither
 * fetches nor stores.
 *
 * Headers without parents cost nothing to make, and nothing can be said of them. So room and turns go by who brought them:
 * a flood crowds out no more than what the same peer brought.
 *
 * @example
 * assembler.offer(candidate, peer);
 * assembler.wants(head.height); // => [{ kind: "tipset", target }]
 * assembler.supply(target, headers);
 * assembler.ready(); // => tipsets to verify and store, parents first
 */
export class Assembler {
  readonly #options: AssemblerOptions;
  readonly #waiting = new Map<string, Waiting>();
  /** Names of the tipsets that each bringer brought, in the order they came. Whose turn it is next stands first. */
  readonly #brought = new Map<string, Set<string>>();
  /** Keys of the tipsets that wait on a parent. */
  readonly #children = new Map<string, Set<string>>();

  constructor(options: AssemblerOptions) {
    this.#options = options;
  }

  /** Tipsets that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Takes a linked tipset. A parent or child that is here or stored is judged against it at once.
   *
   * @param from - who brought it: one that several bring stays until each of them has lost it
   * @returns the rule that is broken between it and its parent: then it is not taken
   */
  offer(tipset: LinkedTipset, from: string = nobody): LinkFault | undefined {
    const key = cidKey(tipset.key);
    const known = this.#waiting.get(key);
    if (known === undefined && this.#options.stored(tipset.key) !== undefined) return undefined;
    const parent = known === undefined ? this.#find(tipset.parents) : undefined;
    const fault = parent === undefined ? undefined : this.#judge(tipset, parent);
    if (fault !== undefined) return fault;
    const broken = known === undefined ? this.#take(key, tipset) : [];
    const gone = this.#bring(key, from);
    if (gone.length > 0) this.#options.onDropped?.(gone, undefined);
    for (const [tipsets, why] of broken) this.#options.onDropped?.(tipsets, why);
    return undefined;
  }

  /** Takes what was fetched for a want of a tipset. @returns the rule the bytes break */
  supply(target: LinkTarget, headers: readonly Uint8Array[], from?: string): LinkFault | undefined {
    const linked = linkTipset(target, headers, this.#options.rules);
    return "code" in linked ? linked : this.offer(linked, from);
  }

  /** Notes that the messages of a tipset are at hand. */
  messagesHeld(key: TipsetKey): void {
    const waiting = this.#waiting.get(cidKey(key));
    if (waiting !== undefined) waiting.hasMessages = true;
  }

  /**
   * Forgets a tipset and all that wait on it: it is bad, or nobody has its parents.
   *
   * @returns the tipsets that are gone, for the bad-block cache
   */
  drop(key: TipsetKey): LinkedTipset[] {
    const gone: LinkedTipset[] = [];
    const doomed = [cidKey(key)];
    for (let name = doomed.pop(); name !== undefined; name = doomed.pop()) {
      doomed.push(...(this.#children.get(name) ?? []));
      const waiting = this.#waiting.get(name);
      if (waiting === undefined) continue;
      gone.push(waiting.tipset);
      this.#remove(name);
    }
    return gone;
  }

  /**
   * What is lacking: in turns by who brought what lacks it, the newest first of each. Whoever has had fewest turns is next.
   *
   * @param headHeight height of the stored head
   * @param limit most wants
   * @param isAsked tells of tipsets that are asked for now: they are no wants, and their bringers have had those turns
   */
  wants(headHeight: number, limit = 16, isAsked: (key: TipsetKey) => boolean = () => false): Want[] {
    const wants: Want[] = [];
    const asked = new Set<string>();
    const lines = [...this.#brought].map(([bringer, names]) => {
      const open: Waiting[] = [];
      const had = new Set<string>();
      for (const name of names) {
        const waiting = this.#waiting.get(name);
        if (waiting === undefined) continue;
        if (isAsked(waiting.tipset.parents)) had.add(cidKey(waiting.tipset.parents));
        else open.push(waiting);
      }
      return { bringer, open, turns: had.size };
    });
    while (wants.length < limit && lines.length > 0) {
      let next = 0;
      for (let i = 1; i < lines.length; i++) if ((lines[i]?.turns ?? 0) < (lines[next]?.turns ?? 0)) next = i;
      const line = lines[next];
      const waiting = line?.open.pop();
      if (line === undefined || waiting === undefined) {
        lines.splice(next, 1);
        continue;
      }
      const want = this.#wantOf(waiting, line.bringer, headHeight, asked);
      if (want === undefined) continue;
      wants.push(want);
      line.turns++;
      this.#endTurn(line.bringer);
    }
    return wants;
  }

  /**
   * Takes out the tipsets that stand on the stored chain and lack nothing, parents before children.
   *
   * @param lowest whether only those come out whose parents are stored: what stands on these waits on
   */
  ready(lowest = false): LinkedTipset[] {
    const ready: LinkedTipset[] = [];
    const standing = new Set<string>();
    const byHeight = [...this.#waiting].sort(([, a], [, b]) => a.tipset.height - b.tipset.height);
    for (const [name, { tipset, hasMessages }] of byHeight) {
      const stands =
        (!lowest && standing.has(cidKey(tipset.parents))) || this.#options.stored(tipset.parents) !== undefined;
      if (!stands || (this.#options.messages === true && !hasMessages)) continue;
      standing.add(name);
      ready.push(tipset);
    }
    for (const tipset of ready) this.#remove(cidKey(tipset.key));
    return ready;
  }

  /** @returns children that do not follow from it, each with all that stands on it, and what it breaks: they are out */
  #take(key: string, tipset: LinkedTipset): (readonly [LinkedTipset[], LinkFault])[] {
    const broken: (readonly [LinkedTipset[], LinkFault])[] = [];
    for (const child of [...(this.#children.get(key) ?? [])]) {
      const waiting = this.#waiting.get(child);
      const fault = waiting && this.#judge(waiting.tipset, tipset);
      if (waiting !== undefined && fault !== undefined) broken.push([this.drop(waiting.tipset.key), fault]);
    }
    this.#waiting.set(key, { tipset, bringers: new Set(), hasMessages: false });
    const parentKey = cidKey(tipset.parents);
    const siblings = this.#children.get(parentKey);
    if (siblings === undefined) this.#children.set(parentKey, new Set([key]));
    else siblings.add(key);
    return broken;
  }

  /** Notes who brought a tipset. @returns what is gone for lack of room */
  #bring(key: string, from: string): LinkedTipset[] {
    this.#waiting.get(key)?.bringers.add(from);
    const own = this.#brought.get(from) ?? new Set();
    this.#brought.set(from, own.add(key));
    const gone: LinkedTipset[] = [];
    if (own.size > (this.#options.limitEach ?? 256)) gone.push(...this.#loseOldest(from));
    while (this.#waiting.size > (this.#options.limit ?? 1000)) {
      let most: readonly [string, number] = [nobody, 0];
      for (const [bringer, { size }] of this.#brought) if (size > most[1]) most = [bringer, size];
      gone.push(...this.#loseOldest(most[0]));
    }
    return gone;
  }

  /** What stands on it stays: others may have brought that, and it lacks its parents as it did before. */
  #loseOldest(from: string): LinkedTipset[] {
    for (const name of this.#brought.get(from) ?? []) {
      const waiting = this.#waiting.get(name);
      this.#loses(from, name);
      waiting?.bringers.delete(from);
      if (waiting === undefined || waiting.bringers.size > 0) return [];
      this.#remove(name);
      return [waiting.tipset];
    }
    return [];
  }

  #loses(bringer: string, name: string): void {
    const names = this.#brought.get(bringer);
    names?.delete(name);
    if (names?.size === 0) this.#brought.delete(bringer);
  }

  #endTurn(bringer: string): void {
    const names = this.#brought.get(bringer);
    if (names === undefined) return;
    this.#brought.delete(bringer);
    this.#brought.set(bringer, names);
  }

  #wantOf({ tipset, hasMessages }: Waiting, from: string, headHeight: number, asked: Set<string>): Want | undefined {
    const { key, parents, height } = tipset;
    if (this.#options.stored(parents) !== undefined) {
      if (this.#options.messages !== true || hasMessages || asked.has(cidKey(key))) return undefined;
      asked.add(cidKey(key));
      return { kind: "messages", tipset };
    }
    const parent = cidKey(parents);
    if (this.#waiting.has(parent) || asked.has(parent)) return undefined;
    asked.add(parent);
    const target = targetBelow(tipset);
    const isFar = height - headHeight > (this.#options.rangeFrom ?? 30);
    if (isFar) return { kind: "range", target, from: headHeight, to: height };
    return { kind: "tipset", target, bringer: from === nobody ? undefined : from };
  }

  #judge(child: LinkedTipset, parent: LinkedTipset): LinkFault | undefined {
    const found = linkAcross(child, parent);
    return typeof found === "number" ? undefined : found;
  }

  #find(key: TipsetKey): LinkedTipset | undefined {
    return this.#waiting.get(cidKey(key))?.tipset ?? this.#options.stored(key);
  }

  #remove(name: string): void {
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) return;
    this.#waiting.delete(name);
    for (const bringer of waiting.bringers) this.#loses(bringer, name);
    const parent = cidKey(waiting.tipset.parents);
    const siblings = this.#children.get(parent);
    siblings?.delete(name);
    if (siblings?.size === 0) this.#children.delete(parent);
  }
}
