import { type CidBytes, cidKey, cidOf } from "@copse/ipld";
import { compareBytes, concatBytes, latin1 } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import type { HeaderSkim } from "../link/header-skim.ts";
import type { LinkedTipset } from "../link/link-types.ts";
import { parentsKey } from "../link/parents-key.ts";
import { skimHeader } from "../link/skim-header.ts";
import { ticketHash } from "./compare-heads.ts";

interface TableBlock {
  readonly cid: CidBytes;
  readonly skim: HeaderSkim;
  readonly miner: string;
  /** All that blocks of one tipset share, as bytes. */
  readonly group: string;
  readonly ticket: Uint8Array;
}

/** Blocks of one height that are kept: five win on average, and every second one of a miner counts against it. */
const maxBlocksPerHeight = 256;

/**
 * Validated blocks of the recent heights, from which tipsets are formed: late siblings join their tipset, and all blocks
 * of a miner that made two at one height are left out.
 *
 * @see lotus chain/store/store.go `FormHeaviestTipSetForHeight`
 * @example
 * table.add(header);
 * table.tipsets(900) // => the tipsets of height 900
 */
export class BlockTable {
  readonly #heights = new Map<number, Map<string, TableBlock>>();

  /** Takes a validated block; false when it is here already, or its height is full. */
  add(bytes: Uint8Array): boolean {
    const header = bytes.slice(); // a view would keep the whole window it came in
    const skim = skimHeader(header);
    const cid = cidOf(header);
    let blocks = this.#heights.get(skim.height);
    if (blocks === undefined) {
      blocks = new Map();
      this.#heights.set(skim.height, blocks);
    }
    if (blocks.has(cidKey(cid)) || blocks.size >= maxBlocksPerHeight) return false;
    const { minerAt, minerEnd, parentsAt, sharedEnd, baseFeeAt, baseFeeEnd, beaconsAt, beaconsEnd } = skim;
    const part = (at: number, end: number): string => latin1(header.subarray(at, end));
    blocks.set(cidKey(cid), {
      cid,
      skim,
      miner: part(minerAt, minerEnd),
      group: part(parentsAt, sharedEnd) + part(baseFeeAt, baseFeeEnd) + part(beaconsAt, beaconsEnd),
      ticket: ticketHash(header),
    });
    return true;
  }

  /** Address bytes of the miners with more than one block at a height, as latin1. */
  equivocators(height: number): ReadonlySet<string> {
    const seen = new Set<string>();
    const twice = new Set<string>();
    for (const { miner } of this.#heights.get(height)?.values() ?? []) (seen.has(miner) ? twice : seen).add(miner);
    return twice;
  }

  /** The tipsets that the blocks of a height form, one for each choice of parents. */
  tipsets(height: number): LinkedTipset[] {
    const bad = this.equivocators(height);
    const groups = new Map<string, TableBlock[]>();
    for (const block of this.#heights.get(height)?.values() ?? []) {
      if (bad.has(block.miner)) continue;
      const group = groups.get(block.group);
      if (group === undefined) groups.set(block.group, [block]);
      else group.push(block);
    }
    return [...groups.values()].map(formTipset);
  }

  /** Forgets the heights below one. */
  prune(below: number): void {
    for (const height of this.#heights.keys()) if (height < below) this.#heights.delete(height);
  }
}

function formTipset(blocks: readonly TableBlock[]): LinkedTipset {
  const sorted = blocks.toSorted((a, b) => compareBytes(a.ticket, b.ticket) || compareBytes(a.cid, b.cid));
  const { skim } = sorted[0] as TableBlock;
  return {
    key: concatBytes(...sorted.map(({ cid }) => cid)) as TipsetKey,
    parents: parentsKey(skim),
    height: skim.height,
    timestamp: skim.timestamp,
    parentWeight: skim.parentWeight,
    winCount: sorted.reduce((sum, block) => sum + block.skim.winCount, 0),
    log2Power: -1,
    headers: sorted.map((block) => block.skim.bytes),
  };
}
