import { fstatSync, readSync as readFileSync } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HostFault } from "@copse/primitives";
import type { SyncAccess } from "./access.ts";
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
  const path = await host("create", folder, mkdtemp(join(folder, "copse-car-")));
  const file = await host("create", path, open(join(path, "sort"), "w+"));
  await host("unlink", path, rm(path, { recursive: true }));
  let size = 0;
  return {
    async append(bytes) {
      const start = size;
      size += bytes.length;
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await host("write", path, file.write(bytes, at, bytes.length - at, start + at));
        at += bytesWritten;
      }
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
