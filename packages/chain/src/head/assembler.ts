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
  | { readonly kind: "tipset"; readonly target: LinkTarget }
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
  /** Most tipsets that wait; 1,000 unless told. The ones that came first go. */
  readonly limit?: number;
  /** Heights between a tipset and the stored head above which a range is wanted; 30 unless told. */
  readonly rangeFrom?: number;
}

interface Waiting {
  readonly tipset: LinkedTipset;
  hasMessages: boolean;
}

/**
 * Puts candidates together into runs that stand on the stored chain, and says what they lack. Pure data: it neither
 * fetches nor stores.
 *
 * @example
 * assembler.offer(candidate);
 * assembler.wants(head.height); // => [{ kind: "tipset", target }]
 * assembler.supply(target, headers);
 * assembler.ready(); // => tipsets to verify and store, parents first
 */
export class Assembler {
  readonly #options: AssemblerOptions;
  /** In the order they came. */
  readonly #waiting = new Map<string, Waiting>();
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
   * @returns the rule that is broken between it and its parent: then it is not taken
   */
  offer(tipset: LinkedTipset): LinkFault | undefined {
    const key = cidKey(tipset.key);
    if (this.#waiting.has(key) || this.#options.stored(tipset.key) !== undefined) return undefined;
    const parent = this.#find(tipset.parents);
    const fault = parent === undefined ? undefined : this.#judge(tipset, parent);
    if (fault !== undefined) return fault;
    for (const child of [...(this.#children.get(key) ?? [])]) {
      const waiting = this.#waiting.get(child);
      if (waiting !== undefined && this.#judge(waiting.tipset, tipset) !== undefined) this.drop(waiting.tipset.key);
    }
    this.#waiting.set(key, { tipset, hasMessages: false });
    const parentKey = cidKey(tipset.parents);
    const siblings = this.#children.get(parentKey);
    if (siblings === undefined) this.#children.set(parentKey, new Set([key]));
    else siblings.add(key);
    if (this.#waiting.size > (this.#options.limit ?? 1000)) this.#dropOldest();
    return undefined;
  }

  /** Takes what was fetched for a want of a tipset. @returns the rule the bytes break */
  supply(target: LinkTarget, headers: readonly Uint8Array[]): LinkFault | undefined {
    const linked = linkTipset(target, headers, this.#options.rules);
    return "code" in linked ? linked : this.offer(linked);
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
      this.#remove(name, waiting.tipset);
    }
    return gone;
  }

  /**
   * What is lacking, the lowest first.
   *
   * @param headHeight height of the stored head
   * @param limit most wants
   */
  wants(headHeight: number, limit = 16): Want[] {
    const wants: Want[] = [];
    const asked = new Set<string>();
    const byHeight = [...this.#waiting.values()].sort((a, b) => a.tipset.height - b.tipset.height);
    for (const { tipset, hasMessages } of byHeight) {
      if (wants.length === limit) break;
      const parent = cidKey(tipset.parents);
      if (this.#options.stored(tipset.parents) !== undefined) {
        if (this.#options.messages === true && !hasMessages) wants.push({ kind: "messages", tipset });
      } else if (!this.#waiting.has(parent) && !asked.has(parent)) {
        asked.add(parent);
        const target = targetBelow(tipset);
        const isFar = tipset.height - headHeight > (this.#options.rangeFrom ?? 30);
        wants.push(isFar ? { kind: "range", target, from: headHeight, to: tipset.height } : { kind: "tipset", target });
      }
    }
    return wants;
  }

  /** Takes out the tipsets that stand on the stored chain and lack nothing, parents before children. */
  ready(): LinkedTipset[] {
    const ready: LinkedTipset[] = [];
    const standing = new Set<string>();
    const byHeight = [...this.#waiting].sort(([, a], [, b]) => a.tipset.height - b.tipset.height);
    for (const [name, { tipset, hasMessages }] of byHeight) {
      const stands = standing.has(cidKey(tipset.parents)) || this.#options.stored(tipset.parents) !== undefined;
      if (!stands || (this.#options.messages === true && !hasMessages)) continue;
      standing.add(name);
      ready.push(tipset);
    }
    for (const tipset of ready) this.#remove(cidKey(tipset.key), tipset);
    return ready;
  }

  #judge(child: LinkedTipset, parent: LinkedTipset): LinkFault | undefined {
    const found = linkAcross(child, parent);
    return typeof found === "number" ? undefined : found;
  }

  #find(key: TipsetKey): LinkedTipset | undefined {
    return this.#waiting.get(cidKey(key))?.tipset ?? this.#options.stored(key);
  }

  #remove(name: string, tipset: LinkedTipset): void {
    this.#waiting.delete(name);
    const parent = cidKey(tipset.parents);
    const siblings = this.#children.get(parent);
    siblings?.delete(name);
    if (siblings?.size === 0) this.#children.delete(parent);
  }

  #dropOldest(): void {
    for (const { tipset } of this.#waiting.values()) {
      this.drop(tipset.key);
      return;
    }
  }
}
