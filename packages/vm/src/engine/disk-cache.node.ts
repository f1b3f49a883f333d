import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type CidBytes, toCid } from "@copse/ipld";
import { equalBytes, isCopseError } from "@copse/primitives";
import type { PreparedModule } from "../wasm/prepare.ts";
import { decodePrepared, encodePrepared, preparedVersion } from "../wasm/prepared-codec.ts";
import type { InstrumentRules } from "../wasm/rules.ts";
import type { ModuleCache } from "./engine.ts";

/** How prepared modules are kept on disk. */
export interface DiskCacheOptions {
  /** Made when it is not there, for this user alone. */
  readonly folder: string;
  /** Of all files; those longest unused go first. Default: 256 MiB, the actors of about 20 bundles. Unit: bytes. */
  readonly maxBytes?: number | undefined;
  /** Told, in a sentence, of what the cache could not do. Nothing else comes of it: what is not kept is made again. */
  readonly onTrouble?: ((trouble: string) => void) | undefined;
}

const suffix = `.v${preparedVersion}.module`;
/** What this cache ever makes; nothing else in the folder is touched. */
const ownName = /^b[a-z2-7]{20,120}\.\d\.\d\.\d\.v\d+\.module(?:\.[0-9a-f]{12}\.tmp)?$/;
const defaultMaxBytes: number = 256 << 20;
/** A file that is read is marked as used when its mark is older. Unit: ms. */
const markAfter = 3_600_000;
/** A file that a process was writing is litter when it is older. Unit: ms. */
const litterAfter = 600_000;

/**
 * Keeps prepared modules in a folder, one file each, for all processes of a user.
 *
 * Shape of a file: the CID of the code, then what `encodePrepared` makes, with its version and checksum. Files appear whole:
 * written under another name, then renamed. A file that is damaged, of another release, of another user, or writable by
 * others is passed over and made anew. No trouble of the disk is an error.
 *
 * What is read is run, and the checksum tells no intent: the folder must be this user's alone.
 *
 * @example
 * const engine = new Engine({ cache: diskModuleCache({ folder: modulesFolder(process.env) }) });
 */
export function diskModuleCache(options: DiskCacheOptions): ModuleCache {
  const { folder, maxBytes = defaultMaxBytes } = options;
  const attempt = <T>(what: string, work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (codeOf(error) !== "ENOENT") options.onTrouble?.(`${what}: ${messageOf(error)}`);
      return undefined;
    }
  };
  return {
    get(code, rules) {
      const path = join(folder, nameOf(code, rules));
      return attempt("a prepared module is made anew", () => read(path, code, rules));
    },
    set(code, rules, module) {
      const name = nameOf(code, rules);
      const bytes = encodePrepared(module, rules);
      attempt("a prepared module is not kept", () => {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        writeWhole(join(folder, name), code, bytes);
        shrink(folder, maxBytes, name);
      });
    },
  };
}

/**
 * The folder that `COPSE_MODULES_DIR` names, else `~/.cache/copse/modules`; `undefined` where it says `none`.
 *
 * @example
 * modulesFolder({ COPSE_MODULES_DIR: "/var/cache/copse" }) // => "/var/cache/copse"
 */
export function modulesFolder(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const given = environment["COPSE_MODULES_DIR"];
  if (given === "none") return undefined;
  return given === undefined || given === "" ? join(homedir(), ".cache/copse/modules") : given;
}

function nameOf(code: CidBytes, rules: InstrumentRules): string {
  return `${toCid(code)}.${rules}${suffix}`;
}

/** @throws {VmError} `vm/prepared-invalid`, and errors of the file system */
function read(path: string, code: CidBytes, rules: InstrumentRules): PreparedModule | undefined {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    const facts = fstatSync(file);
    const user = process.geteuid?.();
    if (!facts.isFile() || (user !== undefined && (facts.uid !== user || (facts.mode & 0o022) !== 0))) return undefined;
    const held = readFileSync(file);
    const bytes = new Uint8Array(held.buffer, held.byteOffset, held.length); // slices of a Buffer are views
    if (!equalBytes(bytes.subarray(0, code.length), code)) return undefined;
    const module = decodePrepared(bytes.subarray(code.length), rules);
    if (Date.now() - facts.mtimeMs > markAfter) utimesSync(path, new Date(), new Date());
    return module;
  } finally {
    closeSync(file);
  }
}

/** Not flushed to the disk: what a power failure leaves of it fails its checksum. */
function writeWhole(path: string, code: CidBytes, bytes: Uint8Array): void {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const file = openSync(temporary, "wx", 0o600);
  try {
    for (const part of [code, bytes]) {
      for (let at = 0; at < part.length; ) at += writeSync(file, part, at);
    }
    closeSync(file);
    renameSync(temporary, path);
  } catch (error) {
    try {
      closeSync(file);
    } catch {
      // closed before
    }
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Takes away litter, and past the bound what is longest unused, of whatever release; `kept` stays. */
function shrink(folder: string, maxBytes: number, kept: string): void {
  const now = Date.now();
  const files: { readonly path: string; readonly size: number; readonly used: number }[] = [];
  let sum = 0;
  for (const name of readdirSync(folder)) {
    if (!ownName.test(name)) continue;
    const path = join(folder, name);
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts === undefined) continue; // another process was quicker
    const isLitter = name.endsWith(".tmp") && now - facts.mtimeMs > litterAfter;
    if (isLitter) rmSync(path, { force: true });
    else sum += facts.size;
    if (name.endsWith(".module") && name !== kept) files.push({ path, size: facts.size, used: facts.mtimeMs });
  }
  files.sort((a, b) => a.used - b.used);
  for (const { path, size } of files) {
    if (sum <= maxBytes) return;
    rmSync(path, { force: true });
    sum -= size;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

function messageOf(error: unknown): string {
  if (isCopseError(error) || error instanceof Error) return error.message;
  return String(error);
}
