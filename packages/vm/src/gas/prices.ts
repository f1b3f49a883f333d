import { type AggregateCost, aggregateFallback, type Cost, type PriceList } from "./price-table.ts";

// What a charge comes to, in milligas, by the name of the charge: `onBlockRead` is that of "OnBlockRead". A result past
// 2^53 is rounded: the tracker takes it for all there is. Prices that are one number are read from the list itself.

const of = (cost: Cost, units: number): number => cost.flat + cost.perUnit * units;

/** `length`: bytes of the message as it stands on chain, signed or not. Not charged for implicit messages. */
export function onChainMessage(prices: PriceList, length: number): number {
  return of(prices.message, length);
}

/** `length`: bytes returned at the top of the message. */
export function onChainReturnValue(prices: PriceList, length: number): number {
  return of(prices.chainReturn, length);
}

/** `links`: of the block that a send below the top returns. FVM 4 only. */
export function onReturnValue(prices: PriceList, links: number): number {
  return prices.returnLink * links;
}

/** FVM 2 charges it for every send, and counts the transfer in; FVM 3 and 4 only where a method is called. */
export function onMethodInvocation(prices: PriceList, hasValue: boolean, isSend: boolean, paramLinks: number): number {
  const { base, value, valueOnly, method, perParamLink } = prices.invocation;
  let cost = base + perParamLink * paramLinks;
  if (hasValue) cost += isSend ? value + valueOnly : value;
  if (!isSend) cost += method;
  return cost;
}

/** `newAddress`: an address is assigned with the actor, as when a send makes its receiver. */
export function onCreateActor(prices: PriceList, newAddress: boolean): number {
  return newAddress ? prices.createActor + prices.createAddress : prices.createActor;
}

/** The charge for the size of a block that was opened; its name is `prices.blockOpenName`. */
export function onBlockOpen(prices: PriceList, size: number, links: number): number {
  const { perByte, perLink, leastPerByte } = prices.block;
  return Math.max(perByte * size + perLink * links, leastPerByte * size);
}

/** As {@link onBlockOpen}: links are checked instead of tracked, which costs the same. */
export function onBlockCreate(prices: PriceList, size: number, links: number): number {
  return onBlockOpen(prices, size, links);
}

/** `size`: bytes that are copied, not those asked for. */
export function onBlockRead(prices: PriceList, size: number): number {
  return of(prices.blockRead, size);
}

/** Of BLAKE2b-256, the only hash there is for blocks. */
export function onBlockLink(prices: PriceList, size: number): number {
  return of(prices.blockLink, size);
}

/** `undefined` for a function that is not offered; FVM 2 charges first, and asks then. `hash`: a multihash code. */
export function onHashing(prices: PriceList, hash: number, size: number): number | undefined {
  const cost = prices.hashingAny ?? prices.hashing.get(hash);
  return cost === undefined ? undefined : of(cost, size);
}

/** `undefined` for a type of signature that actors cannot verify; 1 is secp256k1, 2 BLS. `size`: of the plaintext. */
export function onVerifySignature(prices: PriceList, type: number, size: number): number | undefined {
  const cost = prices.verifySignature.get(type);
  return cost === undefined ? undefined : of(cost, size);
}

/** `size`: of all plaintexts together. */
export function onVerifyBlsAggregateSignature(prices: PriceList, signers: number, size: number): number {
  return prices.blsPairing * (signers + 1) + prices.blsHashing * size;
}

/** `sealType`: a registered seal proof; one without a row of its own is billed as 32 GiB V1P1. */
export function onVerifyAggregateSeals(prices: PriceList, sealType: number, count: number): number {
  const { aggregateSeals } = prices;
  const cost = aggregateSeals.get(sealType) ?? (aggregateSeals.get(aggregateFallback) as AggregateCost);
  let step = 0;
  for (const [start, price] of cost.steps) {
    if (start > count) break;
    step = price;
  }
  return cost.perProof * count + step;
}

/** `sectors`: that are challenged. */
export function onVerifyPost(prices: PriceList, sectors: number): number {
  return of(prices.post, sectors);
}

/** `units`: bytes of entropy in FVM 2 and 3; epochs back in FVM 4, where an epoch to come costs more than there is. */
export function onGetRandomness(prices: PriceList, units: number): number {
  return units < 0 ? Number.POSITIVE_INFINITY : of(prices.randomness, units);
}

/** `lookback`: epochs back, 1 for the parent. */
export function onTipsetCid(prices: PriceList, lookback: number): number {
  if (lookback < 0) return Number.POSITIVE_INFINITY;
  const { latest, older, perEpoch } = prices.tipsetCid;
  return (lookback > 1 ? older : latest) + perEpoch * lookback;
}

/** FVM 3. `size`: bytes of the event as the actor gave it. */
export function onActorEventValidate(prices: PriceList, size: number): number {
  return of(prices.eventValidate, size);
}

/** FVM 3. `size`: bytes of the event as the actor gave it; what the stamp adds is in the price. */
export function onActorEventAccept(prices: PriceList, size: number): number {
  return of(prices.eventAccept, size);
}

/** FVM 4. `keySize`, `valueSize`: bytes of all keys, of all values. */
export function onActorEvent(prices: PriceList, entries: number, keySize: number, valueSize: number): number {
  const { flat, perEntry, perKeyByte, perValueByte } = prices.event;
  return flat + perEntry * entries + perKeyByte * keySize + perValueByte * valueSize;
}

/** wasm_memory_init and wasm_memory_grow. Nothing in FVM 2, which does not charge them. */
export function wasmMemory(prices: PriceList, pages: number): number {
  return prices.memoryByte * 65_536 * pages;
}

/** wasm_table_init. */
export function wasmTable(prices: PriceList, elements: number): number {
  return prices.tableElement * elements;
}
