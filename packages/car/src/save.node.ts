import { randomBytes } from "node:crypto";
import { type FileHandle, link, lstat, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { assertNotAborted, HostFault } from "@copse/primitives";
import { CarError } from "./errors.ts";
import { host } from "./host.node.ts";

/** A file in the making: bytes are written where they are put. */
export interface FileWriter {
  write(bytes: Uint8Array, position: number): Promise<void>;
}

/** What to do about a file that is there. */
export interface SaveOptions {
  /**
   * Whether a file of that name may be replaced; it may unless set to `false`. Then it is refused at once where the name is
   * taken, and at the end where it was taken meanwhile: what another has put there is never replaced.
   */
  readonly overwrite?: boolean | undefined;
}

/**
 * Writes a file under a temporary name beside it, flushes it and gives it its name, so that `path` is never half a file; the
 * name itself is flushed too. Whatever goes wrong, the temporary file is removed. Its name is like no other's: what is
 * beside the file, perhaps the file that is read, and another who writes the same are left alone.
 *
 * @param fill writes the content, and gives its size
 * @throws {CarError} `car/file-exists`
 * @throws {HostFault} `host/store-failed`, and what `fill` throws
 */
export async function saveFile(
  path: string,
  fill: (writer: FileWriter) => Promise<number>,
  { overwrite = true }: SaveOptions = {},
): Promise<number> {
  if (overwrite) await assertReplaceable(path);
  else await assertAbsent(path);
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const file = await host("open", temporary, open(temporary, "wx"));
  try {
    const size = await fill({ write: (bytes, position) => host("write", temporary, writeAll(file, bytes, position)) });
    await host("sync", temporary, file.sync());
    await host("close", temporary, file.close());
    if (overwrite) await replace(temporary, path);
    else await takeName(temporary, path);
    await syncFolder(dirname(path));
    return size;
  } catch (error) {
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  }
}

/** What is there is looked at once more: writing may have taken hours. No system call does both in one. */
async function replace(temporary: string, path: string): Promise<void> {
  await assertReplaceable(path);
  await host("rename", path, rename(temporary, path));
}

/**
 * Gives a file its name where nobody has it, in one step: a second link to it fails where the name is taken. Where there are
 * no such links, as on FAT, the name is taken by an empty file, which is then replaced: a crash between the two leaves that.
 */
async function takeName(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    // A file system over a network may have made the link, lost the answer and tried again.
    if ((await stat(temporary).catch(() => undefined))?.nlink === 2) return rm(temporary, { force: true });
    if (isTaken(error)) throw new CarError("car/file-exists", { path }, { cause: error });
    return takeNameWithoutLinks(temporary, path);
  }
  await rm(temporary, { force: true });
}

async function takeNameWithoutLinks(temporary: string, path: string): Promise<void> {
  const placeholder = await open(path, "wx").catch((error: unknown) => {
    if (isTaken(error)) throw new CarError("car/file-exists", { path }, { cause: error });
    return host<FileHandle>("open", path, Promise.reject(error));
  });
  try {
    await host("close", path, placeholder.close());
    await host("rename", path, rename(temporary, path));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** A link that points nowhere takes the name as well. */
async function assertAbsent(path: string): Promise<void> {
  if ((await lstat(path).catch(() => undefined)) !== undefined) throw new CarError("car/file-exists", { path });
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}

/** Refuses to put a file in the place of a device, a pipe or a folder: `/dev/null` would be gone. */
async function assertReplaceable(path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there === undefined || there.isFile()) return;
  throw new HostFault("host/store-failed", {
    operation: "write",
    reason: `${path}: it is no file, and is not replaced`,
  });
}

/** Writes chunks one after another, from `position` on. @returns where they end */
export async function writeChunks(
  writer: FileWriter,
  chunks: AsyncIterable<Uint8Array>,
  position: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  let at = position;
  for await (const chunk of chunks) {
    assertNotAborted(signal);
    await writer.write(chunk, at);
    at += chunk.length;
  }
  return at;
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

/** A rename is on disk when its folder is. Some systems cannot sync folders; the file is whole either way. */
async function syncFolder(path: string): Promise<void> {
  let folder: FileHandle | undefined;
  try {
    folder = await open(path, "r");
    await folder.sync();
  } catch {
    // as said above
  } finally {
    await folder?.close().catch(() => {});
  }
}
