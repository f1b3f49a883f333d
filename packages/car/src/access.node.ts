import { fstatSync, readSync as readFileSync } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AbortOptions, assertNotAborted, HostFault } from "@copse/primitives";
import type { SyncAccess } from "./access.ts";
import { CarError } from "./errors.ts";
import { host } from "./host.node.ts";
import type { Spill } from "./spill.ts";

/** An open file, read in place: at once or later. */
export type FileAccess = SyncAccess & AsyncDisposable & { close(): Promise<void> };

/**
 * Opens a file for reading in place.
 *
 * @throws {HostFault} `host/store-failed`
 * @example
 * await using file = await openFileAccess("mainnet.car");
 */
export async function openFileAccess(path: string): Promise<FileAccess> {
  const file = await host("open", path, open(path, "r"));
  const stats = fstatSync(file.fd);
  if (stats.isFile() || stats.isDirectory()) return accessOf(file, path); // reading says of a folder that it is one
  await file.close();
  // It has no size: it would be taken for an empty file.
  const reason = `${path}: it is a pipe or device, which cannot be read in place: standard input takes it`;
  throw new HostFault("host/store-failed", { operation: "open", reason });
}

function accessOf(file: FileHandle, path: string): FileAccess {
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= host("close", path, file.close());
    return closed;
  };
  const fd = file.fd;
  const size = fstatSync(fd).size;
  return {
    size,
    readSync(offset, length) {
      // The number of a closed file may by now be another file's.
      if (closed !== undefined) throw new HostFault("host/store-failed", { operation: "read", reason: "it is closed" });
      const bytes = new Uint8Array(length);
      try {
        for (let at = 0; at < length; ) {
          const count = readFileSync(fd, bytes, at, length - at, offset + at);
          if (count === 0) return bytes.subarray(0, at);
          at += count;
        }
      } catch (error) {
        const reason = `${path}: ${error instanceof Error ? error.message : String(error)}`;
        throw new HostFault("host/store-failed", { operation: "read", reason }, { cause: error });
      }
      return bytes;
    },
    async read(offset, length) {
      if (closed !== undefined) throw new HostFault("host/store-failed", { operation: "read", reason: "it is closed" });
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; ) {
        const { bytesRead } = await host("read", path, file.read(bytes, at, length - at, offset + at));
        if (bytesRead === 0) return bytes.subarray(0, at);
        at += bytesRead;
      }
      return bytes;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * A temporary file for a sort that outgrows its memory. It has no name: whatever ends the process, nothing is left.
 *
 * @throws {HostFault} `host/store-failed`
 */
export async function openSpill(folder: string = tmpdir()): Promise<Spill> {
  const { file, path } = await openNameless(folder);
  let size = 0;
  return {
    async append(bytes) {
      const start = size;
      size += bytes.length;
      await host("write", path, writeAll(file, bytes, start));
      return start;
    },
    async read(offset, length) {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; ) {
        const { bytesRead } = await host("read", path, file.read(bytes, at, length - at, offset + at));
        if (bytesRead === 0) throw new HostFault("host/store-failed", { operation: "read", reason: `${path} is cut` });
        at += bytesRead;
      }
      return bytes;
    },
    close: () => host("close", path, file.close()),
  };
}

/**
 * Puts a stream into a temporary file without a name, to read it in place.
 *
 * @throws {CarError} `car/spool-full` past `limit` bytes, and what the source throws
 * @throws {HostFault} `host/store-failed`, `host/aborted`
 */
export async function openSpool(
  source: AsyncIterable<Uint8Array>,
  limit: number,
  options: AbortOptions & { readonly folder?: string | undefined } = {},
): Promise<FileAccess> {
  const { file, path } = await openNameless(options.folder ?? tmpdir());
  try {
    let size = 0;
    for await (const chunk of source) {
      assertNotAborted(options.signal);
      if (size + chunk.length > limit) throw new CarError("car/spool-full", { limit });
      await host("write", path, writeAll(file, chunk, size));
      size += chunk.length;
    }
    return accessOf(file, path);
  } catch (error) {
    await file.close().catch(() => {});
    throw error;
  }
}

async function openNameless(folder: string): Promise<{ readonly file: FileHandle; readonly path: string }> {
  const path = await host("create", folder, mkdtemp(join(folder, "copse-car-")));
  const file = await host("create", path, open(join(path, "bytes"), "w+"));
  await host("unlink", path, rm(path, { recursive: true }));
  return { file, path };
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}
