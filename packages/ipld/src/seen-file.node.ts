import { closeSync, mkdirSync, openSync, readdirSync, readSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HostFault } from "@copse/primitives";
import type { RunFile, RunFiles } from "./walk/run-files.ts";
import { SpillingCidSet, type SpillOptions } from "./walk/spilling-cid-set.ts";

/** Where temporary files of a set are made. */
export interface SeenFileOptions extends SpillOptions {
  /** The folder; made where it is not there. Default: the system's folder for temporary files. */
  readonly dir?: string | undefined;
}

const namePattern = /^copse-seen-\d+-\d+\.run$/;
let made = 0;

/**
 * A set of CIDs that goes to temporary files beyond a limit. Close it, or let `using` do that.
 *
 * A process that is killed leaves nothing behind: files lose their name as soon as they are open. Where the system does
 * not allow that, the next set made in that folder removes them.
 *
 * @throws {HostFault} `host/store-failed`
 * @example
 * using seen = openSeenFile({ dir: "/var/tmp", limit: 1 << 20 });
 */
export function openSeenFile(options: SeenFileOptions = {}): SpillingCidSet {
  return new SpillingCidSet(tempRunFiles(options), options);
}

/**
 * Temporary files for a {@link SpillingCidSet}.
 *
 * @throws {HostFault} `host/store-failed`
 * @example
 * new SpillingCidSet(tempRunFiles({ dir: "/var/tmp" }))
 */
export function tempRunFiles(options: { readonly dir?: string | undefined } = {}): RunFiles {
  const dir = options.dir ?? tmpdir();
  tried("make the folder", dir, () => mkdirSync(dir, { recursive: true }));
  // those in use have no name any more, or cannot be removed: it is a dead process's that go
  for (const name of tried("list", dir, () => readdirSync(dir)))
    if (namePattern.test(name)) unlinkQuietly(join(dir, name));
  return { create: () => createFile(join(dir, `copse-seen-${process.pid}-${++made}.run`)) };
}

function createFile(path: string): RunFile {
  const file = tried("make", path, () => openSync(path, "wx+", 0o600));
  const isNameless = unlinkQuietly(path);
  let length = 0;
  return {
    append(bytes) {
      for (let done = 0; done < bytes.length; ) {
        done += tried("write", path, () => writeSync(file, bytes, done, bytes.length - done, length + done));
      }
      length += bytes.length;
    },
    read(offset, into) {
      for (let done = 0; done < into.length; ) {
        const got = tried("read", path, () => readSync(file, into, done, into.length - done, offset + done));
        if (got === 0) {
          const reason = `it ends at ${offset + done} B`;
          throw new HostFault("host/store-failed", { operation: `read ${path}`, reason });
        }
        done += got;
      }
    },
    close() {
      tried("close", path, () => closeSync(file));
      if (!isNameless) unlinkQuietly(path);
    },
  };
}

function unlinkQuietly(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch {
    return false; // another did, or the system keeps names of open files
  }
}

function tried<T>(operation: string, path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HostFault("host/store-failed", { operation: `${operation} ${path}`, reason }, { cause: error });
  }
}
