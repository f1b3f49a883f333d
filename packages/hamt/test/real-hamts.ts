import { zstdDecompressSync } from "node:zlib";
import { CborReader, type CidBytes, type Codec, cidKey, runSync } from "@copse/ipld";
import { fromLatin1, isCopseError } from "@copse/primitives";
import { type CarBlocks, carBlocksOf, readData } from "@copse/testkit";
import { type Hamt, type HamtOptions, hamtRoot, loadHamt } from "../src/index.ts";

/** Any value, as its bytes. */
export const rawCodec: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip().slice(),
};

/** What is known of the HAMTs of a file or a set of vectors. */
export interface Tally {
  /** Trees all of whose blocks are there: rebuilt to their root. */
  trees: number;
  entries: number;
  /** Trees of which a vector holds only what its message touches. */
  partial: number;
  /** Entries that are there of those, each found again by its key. */
  found: number;
}

/** The blocks of a data file: a CAR, plain or compressed, or a CARv2. */
export function blocksOfFile(name: string): CarBlocks {
  const data = readData(name);
  const car = name.endsWith(".zst") ? new Uint8Array(zstdDecompressSync(data)) : data;
  if (car[0] !== 0x0a) return carBlocksOf(car);
  const view = new DataView(car.buffer, car.byteOffset);
  const start = Number(view.getBigUint64(27, true));
  return carBlocksOf(car.subarray(start, start + Number(view.getBigUint64(35, true))));
}

/** A HAMT of real data: its root, and the form of its nodes. */
export interface Found {
  readonly root: CidBytes;
  readonly version: 0 | 3;
}

/** Every HAMT among blocks: nodes that no other node links to. */
export function* hamtsOf(blocks: CarBlocks): Generator<Found> {
  const inner = new Set<string>();
  const roots: Found[] = [];
  for (const [key, block] of blocks) {
    if (key[1] !== "\x71" || block[0] !== 0x82 || (block[1] as number) >> 5 !== 2) continue;
    const root = fromLatin1(key);
    const version = ([0, 3] as const).find((one) => isNode(root, { version: one, bitWidth: 8 }, blocks));
    if (version === undefined) continue;
    roots.push({ root, version });
    for (const link of linksOf(block)) inner.add(cidKey(link));
  }
  for (const found of roots) if (!inner.has(cidKey(found.root))) yield found;
}

function isNode(root: CidBytes, options: HamtOptions, blocks: CarBlocks): boolean {
  try {
    runSync(loadHamt(root, rawCodec, options), blocks);
    return true;
  } catch (error) {
    if (isCopseError(error, "hamt/") || isCopseError(error, "cbor/")) return false;
    throw error;
  }
}

/** The links of a node's pointers, in any form. */
function* linksOf(block: Uint8Array): Generator<CidBytes> {
  const reader = new CborReader(block);
  reader.array(2);
  reader.bytes();
  for (let left = reader.array(); left > 0; left--) {
    const named = reader.peekMajor() === 5 && reader.map() === 1;
    const isLink = named ? reader.textBytes()[0] === 0x30 : reader.peekMajor() === 6;
    if (isLink) yield reader.link();
    else reader.skip();
  }
}

/** Bits a level of the chain's trees: nearly all 5, some 6, those of the verified registry's and the like 3. */
const bitWidths: readonly number[] = [5, 6, 3];

/**
 * Reads all that is there of a tree: where nothing is missing, rebuilds it and tells whether its root is the same; else
 * looks up each entry that is there by its key. A tree does not tell its bit width; one of the known must fit.
 */
export function examine({ root, version }: Found, blocks: CarBlocks, tally: Tally): HamtOptions | undefined {
  for (const bitWidth of bitWidths) {
    const options: HamtOptions = { version, bitWidth };
    if (!isNode(root, options, blocks)) continue;
    const tree = runSync(loadHamt(root, rawCodec, options), blocks);
    let missing = 0;
    const lenient = {
      getSync: (cid: Uint8Array) => {
        const block = blocks.getSync(cid);
        if (block === undefined) missing++;
        return block ?? (version === 3 ? standIn : standInBefore);
      },
    };
    const entries = [...tree.entries(lenient)].filter(([key]) => key.length > 0);
    const fits =
      missing === 0
        ? cidKey(hamtRoot(entries, rawCodec, options).root) === cidKey(root)
        : entries.every(([key]) => isThere(tree, key, blocks));
    if (!fits) continue;
    tally.trees += missing === 0 ? 1 : 0;
    tally.entries += missing === 0 ? entries.length : 0;
    tally.partial += missing === 0 ? 0 : 1;
    tally.found += missing === 0 ? 0 : entries.length;
    return options;
  }
  return undefined;
}

function isThere(tree: Hamt<Uint8Array>, key: Uint8Array, blocks: CarBlocks): boolean {
  try {
    return tree.getSync(key, blocks) !== undefined;
  } catch (error) {
    if (isCopseError(error, "host/")) return false; // of another bit width: the key leads elsewhere
    throw error;
  }
}

/** Nodes that stand for missing ones: one entry of an empty key and null. */
const standIn: Uint8Array = Uint8Array.of(0x82, 0x41, 0x01, 0x81, 0x81, 0x82, 0x40, 0xf6);
const standInBefore: Uint8Array = Uint8Array.of(0x82, 0x41, 0x01, 0x81, 0xa1, 0x61, 0x31, 0x81, 0x82, 0x40, 0xf6);
