import { amtRoot } from "@copse/amt";
import { hamtRoot, intKeys, uintKeys } from "@copse/hamt";
import { evmStorage, kamtRoot, u256Codec } from "@copse/hamt/kamt";
import { CborWriter, type CidBytes, type Codec, cidKey, cidOf, rawCidOf, toCid } from "@copse/ipld";
import { bitFieldCodec, fromBits } from "@copse/ipld/bitfield";
import { concatBytes, utf8 } from "@copse/primitives";
import { Address, AttoFil } from "@copse/types";
import type { CID } from "multiformats/cid";

/** What is written by hand here; the codecs under test have no part in it. */
type Item = Uint8Array;

const rawCodec: Codec<Item> = {
  encode: (writer, item) => void writer.raw(item),
  decode: (reader) => reader.skip().slice(),
};
export const w = (): CborWriter => new CborWriter();
export const tuple = (...items: readonly Item[]): Item =>
  w()
    .array(items.length)
    .raw(concatBytes(...items))
    .finish();
export const uint = (value: number | bigint): Item => w().uint(value).finish();
export const int = (value: number | bigint): Item => w().int(value).finish();
export const big = (value: bigint): Item => w().bytes(AttoFil.encodeBigInt(value)).finish();
export const bytes = (value: Uint8Array): Item => w().bytes(value).finish();
export const text = (value: string): Item => w().text(value).finish();
export const link = (cid: CidBytes): Item => w().link(cid).finish();
export const id = (value: number): Item => bytes(Address.id(value));
export const nil: Item = Uint8Array.of(0xf6);
export const yes: Item = Uint8Array.of(0xf5);
export const no: Item = Uint8Array.of(0xf4);
export const bits = (...numbers: readonly number[]): Item => {
  const writer = w();
  bitFieldCodec.encode(writer, fromBits(numbers));
  return writer.finish();
};

/** CIDs of sealed sectors, pieces and the like, which no test opens. */
export const commitment: CidBytes = rawCidOf(utf8("commitment"));

/** Blocks, and the trees made of them. */
export class Blocks {
  readonly held = new Map<string, Uint8Array>();

  getSync(cid: CidBytes): Uint8Array | undefined {
    return this.held.get(cidKey(cid));
  }

  put(item: Item, cid: CidBytes = cidOf(item)): CidBytes {
    this.held.set(cidKey(cid), item);
    return cid;
  }

  #take(made: { root: CidBytes; blocks: readonly (readonly [CidBytes, Uint8Array])[] }): CidBytes {
    for (const [cid, block] of made.blocks) this.held.set(cidKey(cid), block);
    return made.root;
  }

  hamt(entries: readonly (readonly [Uint8Array, Item])[], bitWidth = 5): CidBytes {
    return this.#take(hamtRoot(entries, rawCodec, { version: 3, bitWidth }));
  }

  byUint(entries: readonly (readonly [number | bigint, Item])[], bitWidth = 5): CidBytes {
    return this.hamt(
      entries.map(([key, item]) => [uintKeys.encode(BigInt(key)), item]),
      bitWidth,
    );
  }

  byInt(entries: readonly (readonly [number, Item])[], bitWidth = 5): CidBytes {
    return this.hamt(
      entries.map(([key, item]) => [intKeys.encode(BigInt(key)), item]),
      bitWidth,
    );
  }

  byId(entries: readonly (readonly [number, Item])[], bitWidth = 5): CidBytes {
    return this.hamt(
      entries.map(([key, item]) => [Address.id(key), item]),
      bitWidth,
    );
  }

  amt(values: readonly Item[], bitWidth: number): CidBytes {
    return this.#take(amtRoot(values, rawCodec, { version: 3, bitWidth }));
  }

  kamt(entries: readonly (readonly [bigint, bigint])[]): CidBytes {
    return this.#take(kamtRoot(entries, u256Codec, evmStorage));
  }

  /** A state of these actors, each of a kind and with a head or, for none, the empty list. */
  tree(actors: readonly (readonly [id: number, kind: string, head: CidBytes | undefined])[], version: 4 | 5): CID {
    const codeOf = (kind: string): CidBytes => rawCidOf(utf8(kind));
    const kinds = [...new Set(actors.map(([, kind]) => kind))].filter((kind) => !kind.startsWith("not built in"));
    const manifest = this.put(tuple(...kinds.map((kind) => tuple(text(kind), link(codeOf(kind))))));
    const empty = this.put(tuple());
    const system = this.put(tuple(link(manifest)));
    const root = this.byId(
      actors.map(([number, kind, head]) => {
        const fields = [link(codeOf(kind)), link(kind === "system" ? system : (head ?? empty)), uint(0), big(5n)];
        return [number, tuple(...fields, ...(version === 5 ? [nil] : []))];
      }),
    );
    return toCid(this.put(tuple(uint(version), link(root), link(empty))));
  }
}
