import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { toCid } from "@copse/ipld";
import { type AbortOptions, equalBytes } from "@copse/primitives";
import { VmError } from "../errors.ts";
import type { ActorBundle } from "./bundle.ts";
import { fault, host } from "./host.node.ts";
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
 * Files of bundles in a folder, such as `~/.cache/copse/actors`: archives, CAR files, and folders of CAR files that are
 * called like a version. None where there is no folder.
 *
 * @throws {HostFault} `host/store-failed`
 * @example
 * for (const path of await listActorFiles(folder)) for await (const { bundle } of openBundles(path)) show(bundle);
 */
export async function listActorFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw fault("read", folder, error);
  });
  return names
    .filter((entry) => (entry.isDirectory() ? /^v\d{1,4}$/ : /^[^.].*\.(car|tar)(\.zst)?$/).test(entry.name))
    .map(({ name }) => join(folder, name))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
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
