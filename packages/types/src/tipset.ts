import { blake2b256 } from "@copse/crypto";
import { compareBytes, equalBytes } from "@copse/primitives";
import type { CID } from "multiformats/cid";
import { key as addressKey } from "./address.ts";
import { format } from "./address-text.ts";
import { TypesError } from "./errors.ts";
import { type BlockHeader, blockCid } from "./header.ts";
import { fromCids, type TipsetKey } from "./tipset-key.ts";

/**
 * The blocks of one epoch that share their parents, in canonical order: ascending blake2b-256 of the ticket's proof,
 * then ascending CID. The first block's ticket is the tipset's.
 *
 * @see lotus:chain/types/tipset.go, forest:src/blocks/tipset.rs
 */
export interface Tipset {
  readonly key: TipsetKey;
  /** In canonical order, at least one. */
  readonly blocks: readonly BlockHeader[];
  /** CID of each block. */
  readonly cids: readonly CID[];
  /** Epoch. */
  readonly height: number;
  /** Key of the parent tipset. */
  readonly parents: TipsetKey;
}

/**
 * Makes a tipset of blocks in any order.
 *
 * Checks what Lotus does (a ticket each; equal heights and parents), what Forest adds (distinct miners, equal parent
 * state), and what the parents fix for honest blocks (equal weight, receipts root and base fee). Nothing here says that
 * a block is valid.
 *
 * Cost: a hash a block where there are several, plus encoding and hashing each header whose CID is not given.
 *
 * @param cids CID of each block in the order of `blocks`, where the caller knows them already; trusted
 * @throws {TypesError} `tipset/…`
 * @example
 * createTipset([header]).key // => TipsetKey.fromCids([blockCid(header)])
 */
export function createTipset(blocks: readonly BlockHeader[], cids?: readonly CID[]): Tipset {
  const isAlone = blocks.length === 1; // nothing to sort, so no hash either
  const rows = blocks.map((block, i) => row(block, cids?.[i] ?? blockCid(block), isAlone));
  if (!isAlone) rows.sort((a, b) => compareBytes(a.ticket, b.ticket) || compareBytes(a.cid.bytes, b.cid.bytes));
  const first = rows[0]?.block;
  if (first === undefined) throw new TypesError("tipset/empty", {});
  const parents = fromCids(first.parents);
  const miners = new Set<string>();
  for (const [i, { block, cid }] of rows.entries()) {
    if (equalBytes(cid.bytes, rows[i - 1]?.cid.bytes ?? nothing)) {
      throw new TypesError("tipset/block-twice", { block: cid.toString() });
    }
    const field = block === first ? undefined : disagreement(first, parents, block);
    if (field !== undefined) throw new TypesError("tipset/blocks-disagree", { field });
    if (miners.has(addressKey(block.miner))) throw new TypesError("tipset/miner-twice", { miner: format(block.miner) });
    miners.add(addressKey(block.miner));
  }
  const sorted = rows.map(({ cid }) => cid);
  return { key: fromCids(sorted), blocks: rows.map(({ block }) => block), cids: sorted, height: first.height, parents };
}

const nothing: Uint8Array = new Uint8Array(0);

type Row = { readonly block: BlockHeader; readonly cid: CID; readonly ticket: Uint8Array };

function row(block: BlockHeader, cid: CID, isAlone: boolean): Row {
  if (block.ticket === null) throw new TypesError("tipset/ticket-absent", { block: cid.toString() });
  return { block, cid, ticket: isAlone ? nothing : blake2b256(block.ticket.vrfProof) };
}

function disagreement(a: BlockHeader, parents: TipsetKey, b: BlockHeader): string | undefined {
  if (a.height !== b.height) return "height";
  if (!equalBytes(parents, fromCids(b.parents))) return "parents";
  if (!a.parentStateRoot.equals(b.parentStateRoot)) return "parentStateRoot";
  if (!a.parentMessageReceipts.equals(b.parentMessageReceipts)) return "parentMessageReceipts";
  if (a.parentWeight !== b.parentWeight) return "parentWeight";
  return a.parentBaseFee === b.parentBaseFee ? undefined : "parentBaseFee";
}

/**
 * The smallest timestamp of the tipset's blocks: the time its children count from. Unit: seconds since 1970.
 *
 * @example
 * minTimestamp(createTipset([header])) // => header.timestamp
 */
export function minTimestamp(tipset: Tipset): number {
  return Math.min(...tipset.blocks.map((block) => block.timestamp));
}
