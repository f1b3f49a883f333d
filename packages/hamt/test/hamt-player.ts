import { sha256 } from "@copse/crypto";
import { type CidBytes, type Codec, type Fetching, runSync, type SyncBlockReader } from "@copse/ipld";
import { compareBytes, equalBytes, fromHex, toHex } from "@copse/primitives";
import { afterFault, digestOf, type Player } from "@copse/testkit/histories";
import {
  createHamt,
  diffHamt,
  type Hamt,
  type HamtChange,
  HamtError,
  type HamtOptions,
  hamtRoot,
  loadHamt,
} from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

/** Values as their DAG-CBOR. */
const raw: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip(),
};

/**
 * Plays histories `hamt VERSION BITS sha256|identity|sha64 [MINDATADEPTH BUCKET]` on this package.
 *
 * @param seed decides what of the same can be asked in two ways, how many nodes are cached, and whether blocks are missing at first
 */
export function hamtPlayer(start: string, seed = 0): Player {
  const [, version, bits, hash, depth, bucket] = start.split(" ");
  const options: HamtOptions = {
    version: Number(version) as HamtOptions["version"],
    bitWidth: Number(bits),
    hash: hash === "identity" ? "identity" : hash === "sha64" ? (key) => sha256(key).subarray(0, 8) : "sha2-256",
    minDataDepth: depth === undefined ? undefined : Number(depth),
    bucketSize: bucket === undefined ? undefined : Number(bucket),
    cachedNodes: seed % 3 === 0 ? seed % 7 : undefined,
  };
  const store = new MemoryStore();
  let tree: Hamt<Uint8Array> = createHamt(raw, options);
  const run = <T>(steps: Fetching<T>): T => runSync(steps, store);
  const isPlain = seed % 4 < 2;
  let step = 0;
  const done = <T>(attempt: (reader: SyncBlockReader) => T): T =>
    seed % 5 === 0 ? afterFault(store, step++ % 3, attempt) : attempt(store);
  const flush = (one = tree): CidBytes => {
    const { root, blocks } = one.flush();
    store.put(blocks);
    return root;
  };
  let marked = tree.clone();
  const shown = (value: Uint8Array | undefined): string => (value === undefined ? "-" : toHex(value));
  return {
    op: ([word, name = "", third = ""]) => {
      const key = (): Uint8Array => fromHex(name);
      if (word === "set") {
        const value = fromHex(third);
        return String(
          done((from) => (isPlain ? tree.setSync(key(), value, from) : runSync(tree.set(key(), value), from))),
        );
      }
      if (word === "setnew") return String(done((from) => runSync(tree.setIfAbsent(key(), fromHex(third)), from)));
      if (word === "get")
        return shown(done((from) => (isPlain ? tree.getSync(key(), from) : runSync(tree.get(key()), from))));
      if (word === "has")
        return String(done((from) => (isPlain ? tree.hasSync(key(), from) : runSync(tree.has(key()), from))));
      if (word === "del") {
        return String(done((from) => (isPlain ? tree.deleteSync(key(), from) : runSync(tree.delete(key()), from))));
      }
      if (word === "delmany") return String(run(tree.deleteMany(name.split(",").map(fromHex))) > 0);
      if (word === "each") {
        const digest = digestOf();
        for (const [held, value] of tree.entries(store)) digest.add(held, value);
        return digest.done();
      }
      if (word === "from") {
        const digest = digestOf();
        const range = { from: key(), exact: true, limit: Number(third) };
        const { next } = run(tree.walk((held, value) => digest.add(held, value), range));
        return `${digest.done()}:${next === undefined ? "-" : toHex(next)}`;
      }
      if (word === "diff") return told(marked, tree);
      if (word === "mark") marked = tree.clone();
      if (word === "clear") tree.clear();
      if (word === "reload") tree = run(loadHamt(flush(), raw, options));
      if (word === "root" && !isRebuilt()) return "!rebuilt";
      return word === "pardiff" ? "?" : "ok";
    },
    root: () => toHex(flush().subarray(6)),
    kindOf: (error) => {
      if (error instanceof HamtError && error.code === "hamt/too-deep") return "depth";
      if (error instanceof HamtError && error.code === "hamt/start-absent") return "nokey";
      throw error;
    },
  };

  /** Whether the entries alone give the same root; version 0 trees also tell what was deleted. */
  function isRebuilt(): boolean {
    if (options.version === 0) return true;
    return equalBytes(hamtRoot(tree.entries(store), raw, options).root, flush());
  }

  /** The changes of two trees, taken in memory or from their blocks. */
  function told(before: Hamt<Uint8Array>, after: Hamt<Uint8Array>): string {
    const steps = seed % 2 === 0 ? after.diff(before) : diffHamt(flush(before), flush(after), raw, options);
    const changes: HamtChange<Uint8Array>[] = [];
    for (let found = run(steps.next()); found !== undefined; found = run(steps.next())) changes.push(...found);
    const none = Uint8Array.of(0xff);
    const digest = digestOf();
    for (const change of changes.sort((a, b) => compareBytes(a.key, b.key))) {
      const { key } = change;
      digest.add(key, "before" in change ? change.before : none, "after" in change ? change.after : none);
    }
    return digest.done();
  }
}
