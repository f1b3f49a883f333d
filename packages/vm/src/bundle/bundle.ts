import type { CarBlock } from "@copse/car";
import { CborReader, type CidBytes, cidKey, codecs, hashes, readCid, toCid } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import { VmError } from "../errors.ts";
import { pinOfRoot } from "./pins.ts";

/** A kind of actor and its code. */
export interface ManifestEntry {
  /** `system`, `init`, `storageminer`, … */
  readonly name: string;
  /** Codec raw, blake2b-256: the hash of the Wasm module. */
  readonly code: CidBytes;
}

/** The list that the system actor's state points to. */
export interface ActorManifest {
  /** CID of the list: what the system actor's state holds. The root of a bundle is another. */
  readonly cid: CidBytes;
  /** In the order of the list: a kind's type number is its place, from 1. */
  readonly entries: readonly ManifestEntry[];
}

/** The built-in actors of one version for one network. */
export interface ActorBundle {
  /** From the table of published bundles, else from the file's name; `undefined` where neither tells. */
  readonly network: string | undefined;
  readonly root: CidBytes;
  readonly manifest: ActorManifest;
  /** Each block by the key of its CID: root, list and modules. Each hashes to its CID. */
  readonly blocks: ReadonlyMap<string, Uint8Array>;
}

/** Most that a bundle may hold. */
export interface BundleLimits {
  /** One CAR, uncompressed; those of 2026 have 8 MB. Unit: bytes. */
  readonly bytes: number;
  /** An archive of several, uncompressed. Unit: bytes. */
  readonly archiveBytes: number;
  /** One block. Unit: bytes. */
  readonly blockBytes: number;
  /** Blocks of one CAR; those of 2026 have 18. */
  readonly blocks: number;
  /** Files of an archive or folder. */
  readonly files: number;
}

/** Limits where the caller sets none: eight times what the largest bundle has. */
export const defaultBundleLimits: BundleLimits = {
  bytes: 64 << 20,
  archiveBytes: 512 << 20,
  blockBytes: 8 << 20,
  blocks: 256,
  files: 64,
};

const maxEntries = 64;
const maxNameBytes = 64;

/**
 * A bundle of the blocks of its CAR, which are copied. Shape: the root is `[1, CID of the list]`, the list
 * `[[name, code CID], …]`.
 *
 * @throws {VmError} `vm/bundle-malformed`
 * @see ref-fvm:fvm/src/machine/manifest.rs
 */
export function bundleOf(file: string, roots: readonly CidBytes[], carBlocks: Iterable<CarBlock>): ActorBundle {
  const blocks = new Map<string, Uint8Array>();
  for (const { cid, bytes } of carBlocks) blocks.set(cidKey(cid), bytes.slice());
  const [root] = roots;
  if (root === undefined || roots.length !== 1) throw malformed(file, `${roots.length} roots, not one`);
  const manifest = readManifest(file, root, blocks);
  for (const { name, code } of manifest.entries) {
    if (!blocks.has(cidKey(code))) throw malformed(file, `the code of ${name} is not in it`);
  }
  return { network: pinOfRoot(root)?.network ?? networkOfName(file), root: root.slice(), manifest, blocks };
}

/** The network that the name of a bundle's file tells: `builtin-actors-mainnet.car`, `v18-mainnet.car.zst`. */
export function networkOfName(file: string): string | undefined {
  const name = file.slice(file.lastIndexOf("/") + 1);
  return /^(?:builtin-actors|v\d{1,4})-([a-z][a-z-]{0,40}[a-z])\.car(?:\.zst)?$/.exec(name)?.[1];
}

function readManifest(file: string, root: CidBytes, blocks: ReadonlyMap<string, Uint8Array>): ActorManifest {
  try {
    const head = new CborReader(blockOf(file, "root", root, blocks));
    head.array(2);
    const version = head.uint();
    const cid = head.link().slice();
    head.end();
    if (version !== 1n) throw malformed(file, `manifest version ${version}`);
    const list = new CborReader(blockOf(file, "list of actors", cid, blocks));
    const entries: ManifestEntry[] = [];
    const names = new Set<string>();
    for (let left = list.array(undefined, maxEntries); left > 0; left--) {
      list.array(2);
      const name = list.text(maxNameBytes);
      const code = list.link().slice();
      if (names.has(name)) throw malformed(file, `two actors are called ${name}`);
      if (!isCode(code)) throw malformed(file, `${toCid(code)} of ${name} is no CID of code`);
      names.add(name);
      entries.push({ name, code });
    }
    list.end();
    if (entries.length === 0) throw malformed(file, "it names no actors");
    return { cid, entries };
  } catch (error) {
    if (!isCopseError(error, "cbor/") && !isCopseError(error, "cid/")) throw error;
    throw new VmError("vm/bundle-malformed", { file, why: error.message }, { cause: error });
  }
}

function blockOf(file: string, what: string, cid: CidBytes, blocks: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const block = blocks.get(cidKey(cid));
  if (block === undefined) throw malformed(file, `its ${what} ${toCid(cid)} is not in it`);
  return block;
}

function isCode(cid: CidBytes): boolean {
  const { codec, hash, digest } = readCid(cid);
  return codec === codecs.raw && hash === hashes.blake2b256 && digest.length === 32;
}

function malformed(file: string, why: string): VmError<"vm/bundle-malformed"> {
  return new VmError("vm/bundle-malformed", { file, why });
}
