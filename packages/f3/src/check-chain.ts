import { chainCidLength, fromCid, isChainCid } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import type { CID } from "multiformats/cid";
import { F3Error } from "./errors.ts";
import { maxChainLength, maxTipsetKeyLength } from "./limits.ts";
import type { F3Tipset, FinalityCertificate } from "./types.ts";

/**
 * Checks the chain of a certificate by itself: not empty, not too long, epochs rising from 0 on, keys whole.
 *
 * go-f3 takes any bytes for a key and any CID of up to 38 B for a table; neither can ever lead to a block of the chain.
 *
 * @throws {F3Error} `f3/chain-empty`, `f3/chain-too-long`, `f3/tipset-key-malformed`, `f3/cid-unsupported`,
 * `f3/epoch-not-increasing`
 * @see go-f3:gpbft/chain.go ECChain.Validate
 */
export function checkChain(instance: number, chain: readonly F3Tipset[]): void {
  if (chain.length === 0) throw new F3Error("f3/chain-empty", { instance });
  if (chain.length > maxChainLength) {
    throw new F3Error("f3/chain-too-long", { instance, length: chain.length, limit: maxChainLength });
  }
  let previous = -1;
  for (const [tipset, { epoch, key, powerTable }] of chain.entries()) {
    checkKey(instance, tipset, key);
    checkCid(instance, `power table of tipset ${tipset}`, powerTable);
    if (epoch <= previous) throw new F3Error("f3/epoch-not-increasing", { instance, tipset, epoch, previous });
    previous = epoch;
  }
}

function checkKey(instance: number, tipset: number, key: Uint8Array): void {
  const refuse = (why: string): F3Error =>
    new F3Error("f3/tipset-key-malformed", { instance, tipset, length: key.length, why });
  if (key.length === 0) throw refuse("it names no block");
  if (key.length > maxTipsetKeyLength) throw refuse(`limit ${maxTipsetKeyLength} B`);
  if (key.length % chainCidLength !== 0) throw refuse(`not a multiple of ${chainCidLength} B`);
  for (let at = 0; at < key.length; at += chainCidLength) {
    if (!isChainCid(key, at)) throw refuse(`no dag-cbor blake2b-256 CID at byte ${at}`);
  }
}

/** Refuses a CID that no power table has. */
export function checkCid(instance: number, where: string, cid: CID): void {
  const bytes = fromCid(cid);
  if (bytes.length === chainCidLength && isChainCid(bytes)) return;
  throw new F3Error("f3/cid-unsupported", { instance, where, cid: cid.toString() });
}

/**
 * Checks that a certificate builds on the tipset that was finalized last.
 *
 * @throws {F3Error} `f3/base-mismatch`
 */
export function checkBase({ instance, chain }: FinalityCertificate, base: F3Tipset): void {
  const found = chain[0] as F3Tipset;
  const field = differingField(found, base);
  if (field === undefined) return;
  const epochs = { expectedEpoch: base.epoch, foundEpoch: found.epoch };
  throw new F3Error("f3/base-mismatch", { instance, field, ...epochs });
}

function differingField(a: F3Tipset, b: F3Tipset): string | undefined {
  if (a.epoch !== b.epoch) return "epoch";
  if (!equalBytes(a.key, b.key)) return "key";
  if (!equalBytes(fromCid(a.powerTable), fromCid(b.powerTable))) return "power table";
  return equalBytes(a.commitments, b.commitments) ? undefined : "commitments";
}
