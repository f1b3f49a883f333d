import { openCarStore } from "@copse/car/node";
import { installFastest } from "@copse/crypto/fastest";
import { type CidBytes, cidKey, runSync, type SyncBlockReader, toCid } from "@copse/ipld";
import { parsePath, type Resolved, resolvePath } from "@copse/ipld/walk";
import { CID } from "multiformats/cid";
import { NodeError } from "../errors.ts";
import { resolveOptions } from "../options.ts";
import { readRepo } from "../repo.ts";
import { carStoreLimits, openCars, textFlag } from "./car-input.ts";
import type { CommandContext, OptionSpec } from "./command.ts";

/** Where the blocks of `copse ipld` come from. */
export interface IpldSource extends AsyncDisposable {
  /** For messages. */
  readonly name: string;
  readonly store: SyncBlockReader;
  /** Of a CAR file. */
  readonly roots: readonly CidBytes[];
}

/** Options of every `copse ipld` command. */
export const sourceOptions: readonly OptionSpec[] = [
  { form: "--from <file>", says: "read blocks from a CAR file of any kind, - for standard input" },
  { form: "--index <file>", says: "index in a file of its own, for a plain CAR" },
  { form: "--network <name>", says: "network whose default repository is meant, where no file is given" },
  { form: "--repo <dir>", says: "the repository to read blocks from" },
];

/** Opens the CAR file that was named, or else the repository. Blocks of files are checked against their CIDs. */
export async function openSource(context: CommandContext): Promise<IpldSource> {
  await installFastest();
  const file = textFlag(context, "from");
  const { signal } = context;
  if (file === undefined) {
    const { repo } = resolveOptions(context.flags, context.environment);
    const { database } = await readRepo(repo);
    return { name: repo, store: database.blocks, roots: [], [Symbol.asyncDispose]: () => database.close() };
  }
  if (file === "-") return loadAll(context, file);
  const options = { signal, ...carStoreLimits, index: textFlag(context, "index"), spool: 2 ** 40 };
  const store = await openCarStore(file, options);
  return { name: file, store, roots: store.roots, [Symbol.asyncDispose]: () => store.close() };
}

/** What comes by a pipe is not read in place. */
async function loadAll(context: CommandContext, file: string): Promise<IpldSource> {
  const [car] = await openCars(context, [file], { stage: "read", requireRoots: false });
  if (car === undefined) throw new NodeError("copse/not-found", { what: file });
  await using opened = car;
  const blocks = new Map<string, Uint8Array>();
  for await (const batch of opened.batches) {
    for (const { cid, bytes } of batch) blocks.set(cidKey(cid), Uint8Array.from(bytes));
  }
  const roots = opened.roots.map((root) => Uint8Array.from(root));
  const store = { getSync: (cid: CidBytes) => blocks.get(cidKey(cid)) };
  return { name: opened.name, store, roots, async [Symbol.asyncDispose]() {} };
}

/** A block, and a path from it, as the command line has them: `bafy2bzace…/b/0`. */
export interface Target {
  readonly root: CidBytes;
  readonly path: readonly string[];
}

/** @throws {NodeError} `copse/option-malformed` */
export function parseTarget(text: string, path = ""): Target {
  const [cid = "", ...segments] = text.split("/");
  try {
    return { root: CID.parse(cid).bytes, path: [...parsePath(segments.join("/")), ...parsePath(path)] };
  } catch (error) {
    const facts = { option: "argument", value: text, expected: "a CID, or a CID and a path" };
    throw new NodeError("copse/option-malformed", facts, { cause: error });
  }
}

/**
 * What a target names.
 *
 * @throws {NodeError} `copse/block-absent` where its first block is not there
 * @throws {PathError}
 */
export function resolveTarget({ store, name }: IpldSource, { root, path }: Target, followLast = true): Resolved {
  if (!isHeld(store, root)) throw new NodeError("copse/block-absent", { cid: toCid(root).toString(), file: name });
  return runSync(resolvePath(root, path, { followLast }), store);
}

/** The block that a target names. @throws {NodeError} `copse/option-malformed` where it names a value within a block */
export function resolveBlock(source: IpldSource, target: Target): CidBytes {
  const { cid, offset } = resolveTarget(source, target);
  if (offset === 0) return Uint8Array.from(cid);
  const value = `${toCid(target.root)}/${target.path.join("/")}`;
  throw new NodeError("copse/option-malformed", {
    option: "argument",
    value,
    expected: "a path that leads to a block",
  });
}

function isHeld(store: SyncBlockReader, cid: CidBytes): boolean {
  return toCid(cid).multihash.code === 0 || store.getSync(cid) !== undefined;
}
