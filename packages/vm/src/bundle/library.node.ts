import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ByteSource } from "@copse/car";
import { toCid } from "@copse/ipld";
import { type AbortOptions, assertNotAborted, equalBytes, HostFault, isCopseError } from "@copse/primitives";
import { VmError } from "../errors.ts";
import type { ActorBundle } from "./bundle.ts";
import { type BundlePin, bundlePins, pinOf, pinOfRoot } from "./pins.ts";
import { type BundleOptions, type NamedBundle, readBundles } from "./read-bundle.ts";

/** A bundle in a folder of bundles. */
export interface StoredBundle extends NamedBundle {
  /** The file it lies in. */
  readonly path: string;
  /** What it is published as; `undefined` for one that nobody has published. */
  readonly pin: BundlePin | undefined;
}

/**
 * The bundles of a file of any kind, or of the CAR files in a folder, in the order of their names.
 *
 * @throws {VmError}, {CarError} as `readBundles`
 * @throws {HostFault} `host/store-failed`
 * @example
 * for await (const { bundle, pin } of openBundles("v18.tar.zst")) console.log(bundle.network, pin?.release);
 */
export async function* openBundles(path: string, options: BundleOptions = {}): AsyncGenerator<StoredBundle> {
  const entry = await host("look at", path, stat(path));
  const names = entry.isDirectory() ? await carNames(path) : [undefined];
  for (const name of names) {
    const file = name === undefined ? path : join(path, name);
    const given = { file: name ?? basename(path), ...options };
    for await (const found of readBundles(chunksOf(file), given)) {
      yield { ...found, path: file, pin: pinOfRoot(found.bundle.root) };
    }
  }
}

/**
 * The bundles in a folder, such as `~/.cache/copse/actors`: its archives and CAR files, and folders of CAR files. With
 * `verify: false` only what the files say of themselves is read. None where there is no folder.
 *
 * @throws as {@link openBundles}
 * @example
 * for await (const { path, bundle } of listActors(folder, { verify: false })) console.log(path, bundle.network);
 */
export async function* listActors(folder: string, options: BundleOptions = {}): AsyncGenerator<StoredBundle> {
  const names = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw fault("read", folder, error);
  });
  names.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  for (const name of names) {
    assertNotAborted(options.signal);
    const isFolder = name.isDirectory() && /^v\d{1,4}$/.test(name.name);
    if (isFolder || /\.(car|tar)(\.zst)?$/.test(name.name)) yield* openBundles(join(folder, name.name), options);
  }
}

/**
 * The bundle of a network and a version, out of a folder: `v18-mainnet.car`, `v18-mainnet.car.zst`, `v18.tar.zst`,
 * `v18.tar` or the folder `v18`, whichever is there first. Where one is published under that network and version, it
 * must be that one.
 *
 * @throws {VmError} `vm/bundle-absent`, `vm/bundle-mismatch`, and as {@link openBundles}
 * @example
 * const bundle = await loadActors(folder, 18, "mainnet");
 */
export async function loadActors(
  folder: string,
  version: number,
  network: string,
  options: AbortOptions = {},
): Promise<ActorBundle> {
  const names = [`v${version}-${network}.car`, `v${version}-${network}.car.zst`, `v${version}.tar.zst`];
  for (const name of [...names, `v${version}.tar`, `v${version}`]) {
    const path = join(folder, name);
    if ((await stat(path).catch(() => undefined)) === undefined) continue;
    for await (const { file, bundle } of openBundles(path, { ...options, network })) {
      assertPinned(file, bundle, version, network);
      return bundle;
    }
  }
  throw new VmError("vm/bundle-absent", { where: folder, wanted: `of actors v${version} for ${network}` });
}

/**
 * Fails where another bundle is published under a network and version; former releases pass.
 *
 * @throws {VmError} `vm/bundle-mismatch`
 */
export function assertPinned(file: string, bundle: ActorBundle, version: number, network: string): void {
  const pins = bundlePins.filter((pin) => pin.network === network && pin.versions.includes(version));
  if (pins.length === 0 || pins.some(({ root }) => equalBytes(root, bundle.root))) return;
  const expected = toCid((pinOf(network, version) as BundlePin).root).toString();
  const found = toCid(bundle.root).toString();
  throw new VmError("vm/bundle-mismatch", { file, network, version, expected, found });
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

/** The bytes of a file, in chunks. @throws {HostFault} `host/store-failed` */
export async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(path, { highWaterMark: 1 << 20 });
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw fault("read", path, error);
  } finally {
    stream.destroy();
  }
}

async function carNames(folder: string): Promise<string[]> {
  const names = await host("read", folder, readdir(folder));
  return names.filter((name) => /\.car(\.zst)?$/.test(name) && !name.startsWith("._")).sort();
}

async function host<T>(operation: string, path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw fault(operation, path, error);
  }
}

function fault(operation: string, path: string, error: unknown): unknown {
  if (isCopseError(error)) return error;
  const reason = `${path}: ${error instanceof Error ? error.message : String(error)}`;
  return new HostFault("host/store-failed", { operation, reason }, { cause: error });
}
