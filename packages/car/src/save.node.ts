import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { assertNotAborted } from "@copse/primitives";
import { host } from "./host.node.ts";

/** A file in the making: bytes are written where they are put. */
export interface FileWriter {
  write(bytes: Uint8Array, position: number): Promise<void>;
}

/**
 * Writes a file under a temporary name beside it, flushes it and renames it, so that `path` is never half a file; the
 * name itself is flushed too. Whatever goes wrong, the temporary file is removed.
 *
 * @param fill writes the content, and gives its size
 * @throws {HostFault} `host/store-failed`, and what `fill` throws
 */
export async function saveFile(path: string, fill: (writer: FileWriter) => Promise<number>): Promise<number> {
  const temporary = `${path}.tmp`;
  const file = await host("open", temporary, open(temporary, "w"));
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
