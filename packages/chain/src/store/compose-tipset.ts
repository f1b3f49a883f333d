import { blake2b256 } from "@copse/crypto";
import { type CidBytes, chainCidLength } from "@copse/ipld";
import { compareBytes, latin1 } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { compareShared } from "../link/compare-shared.ts";
import type { HeaderSkim } from "../link/header-skim.ts";
import type { LinkedTipset } from "../link/link-types.ts";
import { parentsKey } from "../link/parents-key.ts";
import { skimHeader } from "../link/skim-header.ts";

/**
 * The tipset of a key, put together from its blocks: a child may choose any of the blocks of an epoch as its parents, so
 * a tipset may be known block by block only.
 *
 * @param headerBytes finds the bytes of a block
 * @returns `undefined` where a block is not known, the blocks are no tipset in this order, or one miner made two of them: a tipset
 * of these can not be executed, so no child of it is valid
 * @see lotus chain/store/store.go `LoadTipSet`, chain/consensus/compute_state.go `ExecuteTipSet`
 */
export function composeTipset(
  key: TipsetKey,
  headerBytes: (cid: CidBytes) => Uint8Array | undefined,
): LinkedTipset | undefined {
  const skims: HeaderSkim[] = [];
  for (let at = 0; at < key.length; at += chainCidLength) {
    const bytes = headerBytes(key.subarray(at, at + chainCidLength));
    if (bytes === undefined) return undefined;
    skims.push(skimHeader(bytes));
  }
  const [first] = skims;
  if (first === undefined || skims.some((skim) => compareShared(first, skim) !== undefined)) return undefined;
  const miners = new Set(skims.map(({ bytes, minerAt, minerEnd }) => latin1(bytes.subarray(minerAt, minerEnd))));
  if (miners.size < skims.length) return undefined;
  const tickets = skims.map(({ bytes, ticketAt, ticketEnd }) => blake2b256(bytes.subarray(ticketAt, ticketEnd)));
  for (let i = 1; i < tickets.length; i++) {
    if (compareBytes(tickets[i - 1] as Uint8Array, tickets[i] as Uint8Array) >= 0) return undefined;
  }
  return {
    key,
    parents: first.height === 0 ? TipsetKey.empty : parentsKey(first),
    height: first.height,
    timestamp: first.timestamp,
    parentWeight: first.parentWeight,
    winCount: skims.reduce((sum, skim) => sum + Math.max(0, skim.winCount), 0),
    log2Power: -1,
    headers: skims.map((skim) => skim.bytes),
  };
}
