import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ByteSource } from "@copse/car";
import { toCid } from "@copse/ipld";
import type { AbortOptions } from "@copse/primitives";
import { VmError } from "../errors.ts";
import { host } from "./host.node.ts";
import { assertPinned, chunksOf, openBundles, type StoredBundle } from "./library.node.ts";
import { readBundle } from "./read-bundle.ts";

/** How bundles are taken into a folder. */
export interface ImportOptions extends AbortOptions {
  /** The version they stand for, where that is not to be told by the table of published ones. */
  readonly version?: number | undefined;
  /** Takes bundles that nobody has published. */
  readonly allowUnknown?: boolean | undefined;
}

/**
 * Takes a file of bundles into a folder, or each CAR file of a folder: every hash is checked, and every root against the
 * table of published ones. The copies are called `v18.tar.zst` or `v18-mainnet.car`, and appear whole.
 *
 * @returns the bundles, with the paths of the copies
 * @throws {VmError} `vm/bundle-unknown`, `vm/bundle-mismatch`, `vm/bundle-absent`, and as `readBundles`
 * @throws {HostFault} `host/store-failed`, `host/aborted`
 * @example
 * await importBundles("lotus/build/actors/v18.tar.zst", folder);
 */
export async function importBundles(
  path: string,
  folder: string,
  options: ImportOptions = {},
): Promise<readonly StoredBundle[]> {
  const byFile = new Map<string, StoredBundle[]>();
  for await (const found of openBundles(path, { signal: options.signal })) {
    const { file, bundle, pin } = found;
    if (pin === undefined && options.allowUnknown !== true) {
      throw new VmError("vm/bundle-unknown", { file, root: toCid(bundle.root).toString() });
    }
    byFile.set(found.path, [...(byFile.get(found.path) ?? []), found]);
  }
  if (byFile.size === 0) throw new VmError("vm/bundle-absent", { where: path, wanted: "of any network" });
  const kept: StoredBundle[] = [];
  for (const [source, found] of byFile) {
    const copy = join(folder, await nameOfCopy(source, found, versionOf(source, found, options)));
    await saveWhole(copy, folder, chunksOf(source));
    kept.push(...found.map((bundle) => ({ ...bundle, path: copy })));
  }
  return kept;
}

/**
 * Puts a bundle that came from elsewhere into a folder, as `v18-mainnet.car`.
 *
 * @throws {VmError} `vm/bundle-mismatch`, and as `readBundle`
 * @throws {HostFault} `host/store-failed`
 * @example
 * const path = await keepBundle(folder, 18, "mainnet", new Uint8Array(await response.arrayBuffer()));
 */
export async function keepBundle(folder: string, version: number, network: string, car: Uint8Array): Promise<string> {
  const name = `v${version}-${network}.car`;
  assertPinned(name, await readBundle(car, { file: name }), version, network);
  const path = join(folder, name);
  await saveWhole(path, folder, car);
  return path;
}

/** The one version that all bundles of a file stand for. */
function versionOf(source: string, found: readonly StoredBundle[], { version }: ImportOptions): number {
  const named = Number(/^v(\d{1,4})[.-]/.exec(basename(source))?.[1] ?? Number.NaN);
  const pins = found.flatMap(({ pin }) => pin ?? []);
  const shared = (pins[0]?.versions ?? []).filter((one) => pins.every(({ versions }) => versions.includes(one)));
  if (version !== undefined) {
    for (const { file, bundle, pin } of found) if (pin) assertPinned(file, bundle, version, pin.network);
    return version;
  }
  if (pins.length === found.length && shared.length > 0) return shared.includes(named) ? named : (shared[0] as number);
  if (pins.length === 0 && !Number.isNaN(named)) return named;
  const why = "its bundles are of no one version: say which they stand for";
  throw new VmError("vm/bundle-malformed", { file: source, why });
}

async function nameOfCopy(source: string, found: readonly StoredBundle[], version: number): Promise<string> {
  const zst = (await isZstd(source)) ? ".zst" : "";
  const [only] = found;
  if (only === undefined || only.isArchived) return `v${version}.tar${zst}`;
  const { network } = only.bundle;
  if (network !== undefined) return `v${version}-${network}.car${zst}`;
  throw new VmError("vm/bundle-malformed", { file: source, why: "neither its root nor its name tells its network" });
}

async function isZstd(path: string): Promise<boolean> {
  for await (const chunk of chunksOf(path)) return chunk.length >= 4 && chunk[0] === 0x28 && chunk[1] === 0xb5;
  return false;
}

/** A file that appears whole or not at all: written under another name, flushed, renamed. @throws {HostFault} */
export async function saveWhole(path: string, folder: string, chunks: ByteSource): Promise<void> {
  await host("make", folder, mkdir(folder, { recursive: true }));
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const file = await host("open", temporary, open(temporary, "wx"));
  try {
    for await (const chunk of chunks instanceof Uint8Array ? [chunks] : chunks) {
      await host("write", temporary, file.writeFile(chunk));
    }
    await host("sync", temporary, file.sync());
    await host("close", temporary, file.close());
    await host("rename", path, rename(temporary, path));
  } catch (error) {
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  }
}
