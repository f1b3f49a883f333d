import { type ChainSource, type SourceTipset, serveExchange } from "@copse/network";
import type { TipsetKey } from "@copse/types";
import type { ServeChain } from "../src/local/serving-node.ts";

const protocol = "/fil/chain/xchg/0.0.1";

/** Serves the chain, but for what `twist` makes of it. */
function twisted(twist: (source: ChainSource) => ChainSource): ServeChain {
  return (host, source) => serveExchange({ host, source: twist(source) });
}

const tipsetOf = (source: ChainSource, key: TipsetKey): SourceTipset | undefined =>
  source.tipset(key) as SourceTipset | undefined;

/** A bit of one header of every tipset below a height is flipped: the block is not the one that is named. */
export const flipsBits: ServeChain = twisted((source) => ({
  ...source,
  tipset(key) {
    const tipset = tipsetOf(source, key);
    if (tipset === undefined || tipset.height > 40) return tipset;
    const [first, ...rest] = tipset.headers as unknown as [Uint8Array, ...Uint8Array[]];
    return { ...tipset, headers: [first.with(first.length - 3, (first.at(-3) ?? 0) ^ 1), ...rest] };
  },
}));

/** Tipsets of several blocks come in another order. */
export const reorders: ServeChain = twisted((source) => ({
  ...source,
  tipset(key) {
    const tipset = tipsetOf(source, key);
    return tipset && { ...tipset, headers: tipset.headers.toReversed() };
  },
}));

/** One tipset in five is left out, as if its parents were the child's. */
export const withholds: ServeChain = twisted((source) => ({
  ...source,
  tipset(key) {
    const tipset = tipsetOf(source, key);
    if (tipset === undefined || tipset.height % 5 !== 0 || tipset.height === 0) return tipset;
    return tipsetOf(source, tipset.parents);
  },
}));

/** The parents named are those of the parents: the walk skips a tipset. */
export const wrongParents: ServeChain = twisted((source) => ({
  ...source,
  tipset(key) {
    const tipset = tipsetOf(source, key);
    const below = tipset && tipsetOf(source, tipset.parents);
    return tipset && { ...tipset, parents: below?.parents ?? tipset.parents };
  },
}));

/** Headers are right, messages are those of no block. */
export const otherMessages: ServeChain = twisted((source) => ({
  ...source,
  async messages(header, cid) {
    const given = await source.messages?.(header, cid);
    return given && { bls: given.secp, secp: [] };
  },
}));

function raw(
  answer: (stream: { send(bytes: Uint8Array): boolean; close(): Promise<void> }) => Promise<void>,
): ServeChain {
  return async (host, _source) => {
    await host.handle([protocol], async (stream) => answer(stream as never));
    return { stop: () => host.unhandle([protocol]) };
  };
}

/** Bytes that are no answer. */
export const garbage: ServeChain = raw(async (stream) => {
  stream.send(new Uint8Array(4096).fill(0xa7));
  await stream.close();
});

/** A list that claims to be larger than any answer may be. */
export const oversized: ServeChain = raw(async (stream) => {
  stream.send(Uint8Array.of(0x83, 0x00, 0x60, 0x9a, 0x7f, 0xff, 0xff, 0xff));
  await stream.close();
});

/** An answer that never ends. */
export const endless: ServeChain = raw(async (stream) => {
  const chunk = new Uint8Array(64 << 10);
  chunk.set([0x83, 0x00, 0x5a, 0x7f, 0xff, 0xff, 0xff]);
  for (let sent = 0; sent < 256 << 20; sent += chunk.length) {
    if (stream.send(chunk)) continue;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
});

/** Serves honestly, and dies when it has served so many tipsets. */
export function diesAfter(tipsets: number): ServeChain {
  let served = 0;
  return (host, source) =>
    serveExchange({
      host,
      source: {
        ...source,
        tipset(key) {
          if (++served === tipsets) setImmediate(() => void host.stop());
          return source.tipset(key);
        },
      },
    });
}

/** Says nothing at all. */
export const stalls: ServeChain = raw(() => new Promise<void>(() => {}));
