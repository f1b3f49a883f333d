import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, stat, unlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { threadId } from "node:worker_threads";
import { BlockstoreError } from "../errors.ts";
import { storeFault } from "../fault.ts";
import type { Root } from "./block-files.ts";
import { codeOf } from "./files.ts";
import { blockstoreFsLayout, copseLayout, flatfsLayout, type Layout } from "./layout.ts";

/** How to open a folder of blocks. */
export interface FsOptions {
  /**
   * How files are named: `copse`, this package's own; `blockstore-fs`, as the package of that name does when told nothing
   * else; `flatfs`, Kubo's, for reading only. Default: what the folder says of itself, `copse` in a new one.
   */
  readonly layout?: Layout["name"] | undefined;
  /** Opens an existing folder and changes nothing in it. */
  readonly readOnly?: boolean | undefined;
  /** `false`: a put is done once the system has it, not the disk. Default: on disk when a put is done. */
  readonly durable?: boolean | undefined;
}

/** The file that says that a folder is laid out by us, and what it says. */
const mark = { name: "LAYOUT", says: "copse-fs-1\n" };
/** Where files are written before they are moved to their place; no layout has a folder of that name. */
const temporaryFolder = "temporary";
/** A temporary file of a process that is gone; one so old is, whatever now runs under its number. */
const oldMs = 24 * 60 * 60 * 1000;

/** Opens a folder, or makes it; files that dead processes left half-written go. */
export async function openFolder(path: string, options: FsOptions): Promise<Root & { readonly readOnly: boolean }> {
  const root = resolve(path);
  try {
    const readOnly = options.readOnly === true || options.layout === "flatfs";
    if (!readOnly) await mkdir(root, { recursive: true });
    const layout = await layoutOf(root, options, readOnly);
    const writes = !readOnly && layout.name !== "flatfs";
    if (writes) {
      await mkdir(join(root, temporaryFolder), { recursive: true });
      await removeLeftovers(join(root, temporaryFolder));
    }
    const own = `${process.pid}-${threadId}-${randomBytes(6).toString("hex")}`;
    let count = 0;
    const temporaryName = (): string => join(temporaryFolder, `${own}-${count++}`);
    return { path: root, layout, durable: options.durable !== false, temporaryName, readOnly: !writes };
  } catch (error) {
    throw storeFault("open", error);
  }
}

async function layoutOf(root: string, { layout }: FsOptions, readOnly: boolean): Promise<Layout> {
  const names = await readdir(root);
  const sharding = names.includes("SHARDING") ? await readFile(join(root, "SHARDING"), "utf8") : undefined;
  const found = names.includes(mark.name) ? await readFile(join(root, mark.name), "utf8") : undefined;
  const unknown = (what: string, expected: string): BlockstoreError =>
    new BlockstoreError("blockstore/layout-unknown", { path: root, found: what, expected });
  if (sharding !== undefined && layout !== "copse" && layout !== "blockstore-fs") return flatfsLayout(root, sharding);
  if (layout === "flatfs") throw unknown("no file SHARDING", "flatfs");
  if (layout === "blockstore-fs") {
    if (found !== undefined || sharding !== undefined) throw unknown(found?.trim() ?? "flatfs", layout);
    return blockstoreFsLayout;
  }
  if (found === mark.says) return copseLayout;
  // An empty one was being written when the machine stopped, before any block.
  if (found !== undefined && found !== "") throw unknown(JSON.stringify(found.slice(0, 80)), mark.says.trim());
  if (names.some((name) => name !== temporaryFolder && name !== mark.name))
    throw unknown("something else", mark.says.trim());
  if (!readOnly) await writeMark(root);
  return copseLayout;
}

async function writeMark(root: string): Promise<void> {
  const file = await open(join(root, mark.name), "w");
  try {
    await file.writeFile(mark.says);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Removes what processes left that ended while they wrote. Others may be writing right now, so theirs stay. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const id = Number(/^([0-9]+)-/.exec(name)?.[1]);
    const path = join(folder, name);
    try {
      if (isAlive(id) && Date.now() - (await stat(path)).mtimeMs < oldMs) continue;
      await unlink(path);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error; // moved to its place, or removed by another
    }
  }
}

function isAlive(id: number): boolean {
  if (!Number.isInteger(id) || id <= 0) return false;
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM"; // there, but another user's
  }
}
