import { CborWriter, cidKey, cidOf } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import type { ChainSource, ListedMessage, SourceTipset } from "../src/index.ts";

/** A header-shaped array of 16 items, about a kilobyte; only its structure is real. */
export function fakeHeader(height: number, miner: number, parents: readonly Uint8Array[], filler = 700): Uint8Array {
  const writer = new CborWriter(1200).array(16).bytes(Uint8Array.of(0, miner));
  writer.array(1).bytes(new Uint8Array(96).fill(miner));
  writer
    .array(2)
    .int(1)
    .bytes(new Uint8Array(96).fill(height & 255));
  writer.array(1).array(2).uint(height).bytes(new Uint8Array(96));
  writer
    .array(1)
    .array(2)
    .int(3)
    .bytes(new Uint8Array(Math.max(0, filler - 500)));
  writer.array(parents.length);
  for (const parent of parents) writer.link(parent);
  const cid = cidOf(Uint8Array.of(0x80));
  writer.bytes(Uint8Array.of(0, 1)).int(height).link(cid).link(cid).link(cid).bytes(new Uint8Array(97));
  return writer
    .uint(height * 30)
    .bytes(new Uint8Array(97))
    .uint(0)
    .bytes(Uint8Array.of(0, 100))
    .finish();
}

/** A message-shaped array. */
export function fakeMessage(nonce: number): Uint8Array {
  const address = Uint8Array.of(1, ...new Uint8Array(20).fill(7));
  return new CborWriter()
    .array(10)
    .uint(0)
    .bytes(address)
    .bytes(address)
    .uint(nonce)
    .bytes(new Uint8Array(3))
    .int(1_000_000)
    .bytes(Uint8Array.of(0, 1))
    .bytes(Uint8Array.of(0, 1))
    .uint(0)
    .bytes(new Uint8Array())
    .finish();
}

export function fakeSigned(nonce: number): Uint8Array {
  return concatBytes(Uint8Array.of(0x82), fakeMessage(nonce), new CborWriter().bytes(new Uint8Array(66)).finish());
}

export interface FakeChain extends ChainSource {
  readonly head: TipsetKey;
  readonly genesis: TipsetKey;
  readonly keys: readonly TipsetKey[];
  readonly tipsets: ReadonlyMap<string, SourceTipset>;
}

/** A linked chain of `length` tipsets with `blocks` headers each; every block lists some messages, two of them shared. */
export function fakeChain(length: number, blocks = 2): FakeChain {
  const tipsets = new Map<string, SourceTipset>();
  const lists = new Map<string, { bls: ListedMessage[]; secp: ListedMessage[] }>();
  const keys: TipsetKey[] = [];
  let parents: Uint8Array[] = [cidOf(Uint8Array.of(0xa0))];
  const listed = (bytes: Uint8Array): ListedMessage => ({ cid: cidOf(bytes), bytes });
  for (let height = 0; height < length; height++) {
    const count = height === 0 ? 1 : blocks;
    const headers = Array.from({ length: count }, (_, miner) => fakeHeader(height, miner, parents));
    const cids = headers.map(cidOf);
    for (const [miner, header] of headers.entries()) {
      lists.set(cidKey(cidOf(header)), {
        bls: [listed(fakeMessage(height)), listed(fakeMessage(1000 + miner))],
        secp: [listed(fakeSigned(miner)), listed(fakeSigned(height))],
      });
    }
    const key = concatBytes(...cids) as TipsetKey;
    tipsets.set(cidKey(key), { headers, parents: concatBytes(...parents) as TipsetKey, height });
    keys.push(key);
    parents = cids;
  }
  return {
    head: keys.at(-1) as TipsetKey,
    genesis: keys[0] as TipsetKey,
    keys,
    tipsets,
    tipset: (key) => tipsets.get(cidKey(key)),
    messages: (header) => lists.get(cidKey(cidOf(header))),
  };
}
