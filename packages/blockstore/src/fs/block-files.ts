import { join } from "node:path";
import type { CidBytes } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import type { BlockEntry } from "../store.ts";
import { ask, codeOf, type FileWork } from "./files.ts";
import { isCid, type Layout, type Place } from "./layout.ts";

/** Where files lie, and how they come there. */
export interface Root {
  readonly path: string;
  readonly layout: Layout;
  /** Files and names are on the disk before a put is done. */
  readonly durable: boolean;
  /** A name below the root that no other writer, in this or any process, gives. */
  temporaryName(): string;
}

/** A file that is written but not yet in its place. */
export interface Written {
  readonly from: string;
  readonly place: Place;
}

/** Errors that say that a file is not there. */
const absence = new Set(["ENOENT", "ENOTDIR"]);
/** Errors of systems that cannot sync a folder (Windows). */
const noFolderSync = new Set(["EPERM", "EISDIR", "EINVAL", "EACCES", "EBADF", "ENOTSUP"]);
/** Windows refuses to replace a file that somebody reads. */
const inUse = new Set(["EPERM", "EACCES", "EBUSY"]);

const pathOf = (root: Root, { folder, name }: Place): string => join(root.path, folder, name);

/** A block, or `undefined`. */
export function* readBlock(root: Root, cid: CidBytes): FileWork<Uint8Array | undefined> {
  const place = root.layout.placeOf(cid);
  if (place === undefined) return undefined;
  const bytes = yield* orAbsent(ask((files) => files.read(pathOf(root, place))));
  if (bytes === undefined || !place.long) return bytes;
  const found = splitLong(bytes);
  return found !== undefined && equalBytes(found[0], cid) ? found[1] : undefined;
}

/** Whether a block's file is there. */
export function* hasBlock(root: Root, cid: CidBytes): FileWork<boolean> {
  const place = root.layout.placeOf(cid);
  if (place === undefined) return false;
  if (place.long) return (yield* readBlock(root, cid)) !== undefined;
  return (yield* sizeOf(pathOf(root, place))) !== undefined;
}

/**
 * Writes a block to a temporary file; `undefined` where its file is there. One of another size is not it: a machine that
 * lost power may leave files empty or cut.
 */
export function* writeBlock(root: Root, [cid, bytes]: BlockEntry): FileWork<Written | undefined> {
  const place = root.layout.placeOf(cid) as Place; // the caller has made sure that there is one
  const parts = place.long ? [Uint8Array.of(cid.length >> 8, cid.length), cid, bytes] : [bytes];
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  if ((yield* sizeOf(pathOf(root, place))) === size) return undefined;
  const written = { from: join(root.path, root.temporaryName()), place };
  try {
    yield* ask((files) => files.write(written.from, parts, root.durable));
  } catch (error) {
    yield* discard(written); // a full disk: what there is of it
    throw error;
  }
  return written;
}

/** Moves a written file to its place, over what is there, and makes its folder where that is absent. */
export function* placeBlock(root: Root, { from, place }: Written): FileWork<void> {
  const to = pathOf(root, place);
  try {
    try {
      yield* ask((files) => files.rename(from, to));
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
      yield* ask((files) => files.makeFolder(join(root.path, place.folder)));
      yield* ask((files) => files.rename(from, to));
    }
  } catch (error) {
    if (!inUse.has(codeOf(error)) || (yield* sizeOf(to)) === undefined) throw error;
    yield* discard({ from, place }); // somebody has put and is reading the same block
  }
}

/** Removes a temporary file. */
export function* discard({ from }: Written): FileWork<void> {
  yield* orAbsent(ask((files) => files.remove(from)));
}

/** Brings the names of new files to the disk. */
export function* syncFolders(root: Root, written: readonly Written[]): FileWork<void> {
  if (!root.durable) return;
  const folders = new Set(written.map(({ place }) => join(root.path, place.folder)));
  if (folders.size > 0) folders.add(root.path); // the folders may be new themselves
  for (const folder of folders) {
    try {
      yield* ask((files) => files.syncFolder(folder));
    } catch (error) {
      if (!noFolderSync.has(codeOf(error)) && !absence.has(codeOf(error))) throw error;
    }
  }
}

/** Removes a block's file. */
export function* removeBlock(root: Root, cid: CidBytes): FileWork<void> {
  const place = root.layout.placeOf(cid);
  if (place !== undefined) yield* orAbsent(ask((files) => files.remove(pathOf(root, place))));
}

/** Folders below the root that may hold blocks. */
export function* blockFolders(root: Root): FileWork<string[]> {
  const found = (yield* orAbsent(ask((files) => files.list(root.path)))) ?? [];
  return found.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Names of files in a folder that are blocks; all else in it is passed over. */
export function* blockNames(root: Root, folder: string): FileWork<string[]> {
  const found = (yield* orAbsent(ask((files) => files.list(join(root.path, folder))))) ?? [];
  const ours = found.filter((entry) => entry.isFile() && root.layout.cidOf(folder, entry.name) !== undefined);
  return ours.map(({ name }) => name);
}

/** The block in a file that {@link blockNames} gave; `undefined` where it is gone meanwhile. */
export function* readEntry(root: Root, folder: string, name: string): FileWork<BlockEntry | undefined> {
  const bytes = yield* orAbsent(ask((files) => files.read(join(root.path, folder, name))));
  const cid = root.layout.cidOf(folder, name);
  if (bytes === undefined || cid === undefined) return undefined;
  if (cid !== "long") return [cid, bytes];
  const found = splitLong(bytes);
  return found !== undefined && root.layout.placeOf(found[0])?.name === name ? found : undefined;
}

function splitLong(bytes: Uint8Array): BlockEntry | undefined {
  const end = 2 + (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0));
  const cid = bytes.slice(2, end);
  return end <= bytes.length && isCid(cid) ? [cid, bytes.slice(end)] : undefined;
}

function sizeOf(path: string): FileWork<number | undefined> {
  return orAbsent(ask((files) => files.size(path)));
}

function* orAbsent<T>(work: FileWork<T>): FileWork<T | undefined> {
  try {
    return yield* work;
  } catch (error) {
    if (absence.has(codeOf(error))) return undefined;
    throw error;
  }
}
