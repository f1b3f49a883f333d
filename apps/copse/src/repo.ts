import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Database } from "@copse/blockstore";
import { openLmdbDatabase } from "@copse/blockstore/lmdb";
import { HostFault } from "@copse/primitives";
import { NodeError } from "./errors.ts";

/** What a repository says of itself, in `repo.json`. */
interface RepoFile {
  readonly network: string;
  readonly genesis: string;
}

/** A repository: the folder where a node keeps one network's chain, its identity and its logs. */
export interface Repo {
  readonly dir: string;
  readonly database: Database;
  /** Folder of the database: other threads read it. */
  readonly databasePath: string;
  /** Bytes of the node's private key, made on first use. */
  identity(make: () => Uint8Array): Uint8Array;
  /** Tells commands where the running node answers. */
  publishApi(url: string): void;
  close(): Promise<void>;
}

const files = {
  about: "repo.json",
  lock: "node.lock",
  api: "api.json",
  key: "identity.key",
  network: "network.json",
  chain: "chain.mdb",
} as const;

/**
 * Opens a repository for writing, making it where there is none; only one process at a time may.
 *
 * @throws {NodeError} `copse/repo-other-network`
 * @throws {HostFault} `host/store-failed` where another node runs on it, or the disk refuses
 */
export async function openRepo(dir: string, about: RepoFile): Promise<Repo> {
  try {
    mkdirSync(dir, { recursive: true });
  } catch (error) {
    throw new HostFault("host/store-failed", { operation: `make ${dir}`, reason: String(error) }, { cause: error });
  }
  const unlock = lock(join(dir, files.lock));
  try {
    const aboutFile = join(dir, files.about);
    const found = existsSync(aboutFile) ? readAbout(aboutFile) : undefined;
    if (found !== undefined && found.genesis !== about.genesis) {
      throw new NodeError("copse/repo-other-network", { repo: dir, found: found.network, expected: about.network });
    }
    if (found === undefined) writeFileSync(aboutFile, `${JSON.stringify(keepNetwork(dir, about), null, 2)}\n`);
    // on a thread of its own: a busy disk must not hold up the network, and it costs less CPU a header besides
    const database = await openLmdbDatabase(join(dir, files.chain), { thread: true });
    return {
      dir,
      database,
      databasePath: join(dir, files.chain),
      identity(make) {
        const file = join(dir, files.key);
        if (existsSync(file)) return new Uint8Array(readFileSync(file));
        const key = make();
        writeFileSync(file, key, { mode: 0o600 });
        return key;
      },
      publishApi(url) {
        writeFileSync(join(dir, files.api), `${JSON.stringify({ url, pid: process.pid })}\n`);
      },
      async close() {
        rmSync(join(dir, files.api), { force: true });
        await database.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

/**
 * Opens a repository for reading, also while a node writes to it.
 *
 * @throws {NodeError} `copse/repo-missing`
 */
export async function readRepo(dir: string): Promise<{ readonly about: RepoFile; readonly database: Database }> {
  const aboutFile = join(dir, files.about);
  if (!existsSync(aboutFile)) throw new NodeError("copse/repo-missing", { repo: dir });
  const { network, genesis } = readAbout(aboutFile);
  const about = { network: network === files.network ? join(dir, network) : network, genesis };
  return { about, database: await openLmdbDatabase(join(dir, files.chain), { readOnly: true }) };
}

/** A network described by a file is kept in the repository: the file may be gone when the chain is read. */
function keepNetwork(dir: string, about: RepoFile): RepoFile {
  if (!about.network.endsWith(".json")) return about;
  copyFileSync(about.network, join(dir, files.network));
  return { ...about, network: files.network };
}

/** Where the node running on a repository answers, or `undefined` when none runs. */
export function runningApi(dir: string): string | undefined {
  const file = join(dir, files.api);
  if (!existsSync(file)) return undefined;
  try {
    const { url, pid } = JSON.parse(readFileSync(file, "utf8")) as { url: string; pid: number };
    return isAlive(pid) ? url : undefined;
  } catch {
    return undefined; // half written, or taken away meanwhile
  }
}

function readAbout(file: string): RepoFile {
  try {
    const { network, genesis } = JSON.parse(readFileSync(file, "utf8")) as Partial<RepoFile>;
    if (typeof network === "string" && typeof genesis === "string") return { network, genesis };
  } catch (error) {
    throw new HostFault("host/store-failed", { operation: `read ${file}`, reason: String(error) }, { cause: error });
  }
  throw new HostFault("host/store-failed", { operation: `read ${file}`, reason: "it does not name a network" });
}

/** Lock files that this process holds: in a container a node that was killed may well have had our process id. */
const heldHere: Set<string> = new Set();

/** Takes the lock file; one that a killed process left is taken over. */
function lock(path: string): () => void {
  const file = resolve(path);
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      heldHere.add(file);
      return () => {
        heldHere.delete(file);
        rmSync(file, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        throw new HostFault(
          "host/store-failed",
          { operation: `lock ${file}`, reason: String(error) },
          { cause: error },
        );
      }
    }
    const holder = lockHolder(file);
    if (heldHere.has(file) || (holder !== process.pid && isAlive(holder))) {
      throw new HostFault("host/store-failed", { operation: `lock ${file}`, reason: `process ${holder} runs on it` });
    }
    rmSync(file, { force: true });
  }
}

/** The process id in a lock file; 0 where it is gone meanwhile, or was never written. */
function lockHolder(file: string): number {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw new HostFault("host/store-failed", { operation: `lock ${file}`, reason: String(error) }, { cause: error });
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
