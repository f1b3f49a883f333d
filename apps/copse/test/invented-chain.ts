import { tipsetWeight } from "@copse/chain/rules";
import { type BlockHeader, blockCid, encodeBlockHeader, type Network, TipsetKey } from "@copse/types";

/** A tipset of one block that nobody won. */
export interface Invented {
  readonly key: TipsetKey;
  readonly header: BlockHeader;
  readonly bytes: Uint8Array;
}

/** A real tipset: one of its headers, the wins of all, and log2 of the power it was weighed with. */
export interface Below {
  readonly key: TipsetKey;
  readonly header: BlockHeader;
  readonly winCount: number;
  readonly log2Power: number;
}

/**
 * A chain that cost nothing: its tipsets link, and each weighs as much as one block can, but nobody won them, and their
 * beacon entries are those of the tipset below.
 *
 * @param from height above which it begins, where that is not the height of what it stands on
 * @returns lowest first
 */
export function inventChain(
  network: Network,
  below: Below,
  count: number,
  from: number = below.header.height,
): Invented[] {
  const made: Invented[] = [];
  let { key, header, winCount } = below;
  for (let i = 1; i <= count; i++) {
    const height = from + i;
    header = {
      ...header,
      parents: TipsetKey.cids(key),
      parentWeight: tipsetWeight(header.parentWeight, below.log2Power, winCount),
      height,
      timestamp: network.genesisTime + network.blockDelay * height,
      electionProof: { winCount: 15, vrfProof: new Uint8Array(96).fill(i) },
      ticket: { vrfProof: new Uint8Array(96).fill(i) },
    };
    key = TipsetKey.fromCids([blockCid(header)]);
    winCount = 15;
    made.push({ key, header, bytes: encodeBlockHeader(header) });
  }
  return made;
}
