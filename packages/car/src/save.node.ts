import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { assertNotAborted, HostFault } from "@copse/primitives";
import { host } from "./host.node.ts";

/** A file in the making: bytes are written where they are put. */
export interface FileWriter {
  write(bytes: Uint8Array, position: number): Promise<void>;
}

/**
 * Writes a file under a temporary name beside it, flushes it and renames it, so that `path` is never half a file; the
 * name itself is flushed too. Whatever goes wrong, the temporary file is removed. Its name is like no other's: what is
 * beside the file, perhaps the file that is read, and another who writes the same are left alone.
 *
 * @param fill writes the content, and gives its size
 * @throws {HostFault} `host/store-failed`, and what `fill` throws
 */
export async function saveFile(path: string, fill: (writer: FileWriter) => Promise<number>): Promise<number> {
  await assertReplaceable(path);
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const file = await host("open", temporary, open(temporary, "wx"));
  try {
    const size = await fill({ write: (bytes, position) => host("write", temporary, writeAll(file, bytes, position)) });
    await host("sync", temporary, file.sync());
    await host("close", temporary, file.close());
    await host("rename", path, rename(temporary, path));
    await syncFolder(dirname(path));
    return size;
  } catch (error) {
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  }
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
