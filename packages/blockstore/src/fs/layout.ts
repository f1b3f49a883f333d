import { blake2b256 } from "@copse/crypto";
import { type CidBytes, readCid } from "@copse/ipld";
import { concatBytes, isCopseError } from "@copse/primitives";
import { base32, base32upper } from "multiformats/bases/base32";
import { BlockstoreError } from "../errors.ts";

/** Where a block's file is: `folder/name` below the root. Both are of `a-z0-9A-Z_.` only, so no CID leads elsewhere. */
export interface Place {
  readonly folder: string;
  readonly name: string;
  /** The file begins with the CID: 2 B of length, then its bytes. Its name is only a hash. */
  readonly long: boolean;
}

/** How a folder's files are named. */
export interface Layout {
  readonly name: "copse" | "blockstore-fs" | "flatfs";
  /** Blocks are found by multihash, whatever version and codec the CID has. */
  readonly byMultihash: boolean;
  /** The place of a block; `undefined` where this layout has none: for a CID so long, or what is none. */
  placeOf(cid: CidBytes): Place | undefined;
  /** The CID of a file, `"long"` where the file itself tells, or `undefined` where it is none of ours. */
  cidOf(folder: string, name: string): CidBytes | "long" | undefined;
}

/** What most file systems take. */
const longestName = 255;
const extension = ".data";
const longExtension = ".long";

/**
 * The layout of this package: the CID as text, base32 in lower case, so that file systems that ignore case keep CIDs
 * apart; in 1,024 folders named by the two characters before the last, which are bits of the digest.
 *
 *     4a/bafy2bzacecn…4aq.data     the block
 *     xq/hmzxw6…xqa.long           length of the CID, CID, block: where the name would be longer than 255 B
 */
export const copseLayout: Layout = {
  name: "copse",
  byMultihash: false,
  placeOf(cid) {
    const name = base32.encode(cid);
    if (name.length + extension.length <= longestName) {
      return { folder: nextToLast(name, 2), name: name + extension, long: false };
    }
    const hash = `h${base32.encode(blake2b256(cid)).slice(1)}`;
    return { folder: nextToLast(hash, 2), name: hash + longExtension, long: true };
  },
  cidOf(folder, name) {
    if (name.endsWith(longExtension)) {
      const stem = name.slice(0, -longExtension.length);
      return /^h[a-z2-7]{52}$/.test(stem) && nextToLast(stem, 2) === folder ? "long" : undefined;
    }
    const cid = decoded(name, /^b[a-z2-7]+$/, (text) => base32.decode(text));
    if (cid === undefined || !isCid(cid)) return undefined;
    const place = copseLayout.placeOf(cid);
    return place?.name === name && place.folder === folder ? cid : undefined;
  },
};

/** The layout of `blockstore-fs` as it comes: the multihash in base32 upper case, in folders named by its last two. */
export const blockstoreFsLayout: Layout = byMultihash("blockstore-fs", "B", (name) => name.slice(-2));

/**
 * A layout of Kubo's flatfs by the text of its file `SHARDING`: the multihash in base32 upper case without `B`.
 *
 * @throws {BlockstoreError} `blockstore/layout-unknown`
 * @see go-ds-flatfs shard.go
 */
export function flatfsLayout(path: string, sharding: string): Layout {
  const found = /^\/repo\/flatfs\/shard\/v1\/(prefix|suffix|next-to-last)\/([1-9][0-9]?)$/.exec(sharding.trim());
  if (found === null) {
    const expected = "/repo/flatfs/shard/v1/next-to-last/2 or alike";
    throw new BlockstoreError("blockstore/layout-unknown", { path, found: sharding.slice(0, 80), expected });
  }
  const length = Number(found[2]);
  const shards = {
    prefix: (name: string) => name.padEnd(length, "_").slice(0, length),
    suffix: (name: string) => name.padStart(length, "_").slice(-length),
    "next-to-last": (name: string) => nextToLast(name, length),
  };
  return byMultihash("flatfs", "", shards[found[1] as keyof typeof shards]);
}

function byMultihash(name: "blockstore-fs" | "flatfs", prefix: string, shard: (name: string) => string): Layout {
  return {
    name,
    byMultihash: true,
    placeOf(cid) {
      if (!isCid(cid)) return undefined;
      const text = prefix + base32upper.encode(multihashOf(cid)).slice(1);
      if (text.length + extension.length > longestName) return undefined;
      return { folder: shard(text), name: text + extension, long: false };
    },
    cidOf(folder, file) {
      const pattern = prefix === "" ? /^[A-Z2-7]+$/ : /^B[A-Z2-7]+$/;
      const multihash = decoded(file, pattern, (text) => base32upper.decode(prefix === "" ? `B${text}` : text));
      // The codec is not in the name: raw, as Kubo lists its blocks too.
      const cid = multihash === undefined ? undefined : concatBytes(Uint8Array.of(1, 0x55), multihash);
      if (cid === undefined || !isCid(cid)) return undefined;
      const place = this.placeOf(cid);
      return place?.name === file && place.folder === folder ? cid : undefined;
    },
  };
}

/** The `count` characters before the last. */
function nextToLast(name: string, count: number): string {
  return name.padStart(count + 1, "_").slice(-count - 1, -1);
}

function decoded(name: string, pattern: RegExp, decode: (text: string) => Uint8Array): Uint8Array | undefined {
  if (!name.endsWith(extension) || name.length > longestName) return undefined;
  const text = name.slice(0, -extension.length);
  if (!pattern.test(text)) return undefined;
  try {
    return decode(text);
  } catch {
    return undefined; // a length that base32 does not give
  }
}

/** The multihash of a CID: its last part, from the hash function on. */
function multihashOf(cid: CidBytes): Uint8Array {
  if (cid[0] === 0x12 && cid[1] === 0x20 && cid.length === 34) return cid;
  let at = 1;
  while ((cid[at] ?? 0) >= 0x80) at++;
  return cid.subarray(at + 1);
}

/** Whether the bytes are one CID and nothing else. */
export function isCid(bytes: Uint8Array): boolean {
  try {
    return readCid(bytes).end === bytes.length;
  } catch (error) {
    if (isCopseError(error)) return false;
    throw error;
  }
}
