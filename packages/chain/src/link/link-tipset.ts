import { blake2b256 } from "@copse/crypto";
import { chainCidLength, cidOfDigest, isChainCid } from "@copse/ipld";
import { compareBytes, equalBytes, isCopseError } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { compareShared, type SharedField } from "./compare-shared.ts";
import type { HeaderSkim } from "./header-skim.ts";
import { cidText, isBlockKey, keyText } from "./key-text.ts";
import { linkAcross } from "./link-across.ts";
import { type LinkFacts, type LinkFault, linkFault } from "./link-errors.ts";
import { type LinkedTipset, type LinkRules, type LinkTarget, maxTipsetBlocks } from "./link-types.ts";
import { hasParents, parentsKey } from "./parents-key.ts";
import { skimHeader } from "./skim-header.ts";

/** One tipset of a walk, from its bytes: linked, or the first rule it breaks. @see linkRun */
export function linkTipset(
  target: LinkTarget,
  headers: readonly Uint8Array[],
  rules: LinkRules,
): LinkedTipset | LinkFault {
  const { key, child } = target;
  let height = -1;
  const fail = <C extends keyof LinkFacts>(code: C, facts: Omit<LinkFacts[C], "tipset" | "height">): LinkFault =>
    linkFault(code, { tipset: keyText(key), height, ...facts } as LinkFacts[C]);
  const blockAt = (i: number): string => cidText(key.subarray(i * chainCidLength, (i + 1) * chainCidLength));

  const count = key.length / chainCidLength;
  if (count < 1 || count > maxTipsetBlocks || !isBlockKey(key)) {
    return fail("chain/key-malformed", { limit: maxTipsetBlocks });
  }
  if (headers.length !== count) return fail("chain/block-count-wrong", { expected: count, found: headers.length });

  const skims: HeaderSkim[] = [];
  for (let i = 0; i < count; i++) {
    const bytes = headers[i] as Uint8Array;
    const digest = blake2b256(bytes);
    if (!isDigestAt(key, i, digest)) {
      if (digestIndex(key, digest) >= 0) return fail("chain/order-wrong", { block: cidText(cidOfDigest(digest)) });
      return fail("chain/hash-mismatch", { block: blockAt(i), found: cidText(cidOfDigest(digest)) });
    }
    try {
      const skim = skimHeader(bytes);
      if (i === 0) height = skim.height;
      if (!skim.canonical) return fail("chain/header-not-canonical", { block: blockAt(i) });
      skims.push(skim);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (!isCopseError(error)) throw error;
      return fail("chain/header-malformed", { block: blockAt(i), why });
    }
  }

  const first = skims[0] as HeaderSkim;
  if (child !== undefined && height >= child.height) {
    return fail("chain/height-not-falling", { childHeight: child.height });
  }
  let winCount = 0;
  if (height <= 0) {
    // Genesis: known as a whole, and the one block without signatures.
    if (!equalBytes(key, rules.genesis)) return fail("chain/genesis-wrong", { expected: cidText(rules.genesis) });
    winCount = Math.max(0, first.winCount);
  } else {
    for (let i = 0; i < count; i++) {
      const skim = skims[i] as HeaderSkim;
      const missing = missingField(skim);
      if (missing !== undefined) return fail("chain/field-missing", { block: blockAt(i), field: missing });
      if (skim.winCount < 1 || skim.winCount > 15) {
        return fail("chain/win-count-out-of-range", { block: blockAt(i), found: skim.winCount });
      }
      winCount += skim.winCount;
      const differs: SharedField | undefined = i === 0 ? undefined : compareShared(first, skim);
      if (differs !== undefined) return fail("chain/blocks-differ", { block: blockAt(i), field: differs });
    }
    const repeated = repeatedMiner(skims);
    if (repeated >= 0) return fail("chain/miner-repeated", { block: blockAt(repeated) });
    const disordered = firstDisorder(skims, key);
    if (disordered >= 0) return fail("chain/order-wrong", { block: blockAt(disordered) });
  }
  const expected = rules.genesisTime + rules.blockDelay * height;
  if (first.timestamp !== expected) {
    return fail("chain/timestamp-wrong", { block: blockAt(0), expected, found: first.timestamp });
  }

  const linked = {
    key,
    parents: height === 0 ? TipsetKey.empty : parentsKey(first),
    height,
    timestamp: first.timestamp,
    parentWeight: first.parentWeight,
    winCount,
    log2Power: -1,
    headers,
  };
  const log2Power = child === undefined ? -1 : linkAcross(child, linked);
  if (typeof log2Power !== "number") return log2Power;
  for (const pin of rules.pins ?? []) {
    const passed = child !== undefined && pin.height > height && pin.height < child.height;
    const here = pin.height === height && !hasBlock(key, pin.block);
    if (passed || here) return fail("chain/pin-missed", { pinHeight: pin.height, expected: cidText(pin.block) });
  }
  linked.log2Power = log2Power;
  return linked;
}

function isDigestAt(key: Uint8Array, index: number, digest: Uint8Array): boolean {
  const at = index * chainCidLength + 6;
  for (let i = 0; i < 32; i++) if (key[at + i] !== digest[i]) return false;
  return true;
}

function digestIndex(key: Uint8Array, digest: Uint8Array): number {
  for (let i = 0; i < key.length / chainCidLength; i++) if (isDigestAt(key, i, digest)) return i;
  return -1;
}

function hasBlock(key: Uint8Array, cid: Uint8Array): boolean {
  return cid.length === chainCidLength && isChainCid(cid) && digestIndex(key, cid.subarray(6)) >= 0;
}

function missingField(skim: HeaderSkim): string | undefined {
  if (!skim.complete) return "ticket, election proof, BLS aggregate or block signature";
  if (!hasParents(skim)) return "parents";
  return skim.bytes[skim.minerAt] === 0 ? undefined : "the miner's ID address";
}

function repeatedMiner(skims: readonly HeaderSkim[]): number {
  for (let i = 1; i < skims.length; i++) {
    for (let j = 0; j < i; j++) if (sameMiner(skims[j] as HeaderSkim, skims[i] as HeaderSkim)) return i;
  }
  return -1;
}

function sameMiner(a: HeaderSkim, b: HeaderSkim): boolean {
  const length = a.minerEnd - a.minerAt;
  if (length !== b.minerEnd - b.minerAt) return false;
  for (let i = 0; i < length; i++) if (a.bytes[a.minerAt + i] !== b.bytes[b.minerAt + i]) return false;
  return true;
}

/** Index of the first block that does not come after the one before it, by ticket hash, then by CID; or -1. */
function firstDisorder(skims: readonly HeaderSkim[], key: Uint8Array): number {
  if (skims.length === 1) return -1; // saves the ticket's hash
  let before: Uint8Array | undefined;
  for (let i = 0; i < skims.length; i++) {
    const { bytes, ticketAt, ticketEnd } = skims[i] as HeaderSkim;
    const hash = blake2b256(bytes.subarray(ticketAt, ticketEnd));
    if (before !== undefined) {
      const at = i * chainCidLength;
      const order =
        compareBytes(before, hash) || compareBytes(key.subarray(at - chainCidLength, at), key.subarray(at, at + 38));
      if (order >= 0) return i;
    }
    before = hash;
  }
  return -1;
}
