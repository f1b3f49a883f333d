import { type CidBytes, type Codec, type Fetching, runSync } from "@copse/ipld";
import { compareBytes, equalBytes, fromHex, toHex } from "@copse/primitives";
import { afterFault, digestOf, type Player } from "@copse/testkit/histories";
import {
  createKamt,
  diffKamt,
  type Kamt,
  KamtError,
  type KamtKeys,
  type KamtOptions,
  kamtRoot,
  loadKamt,
} from "../../src/kamt/index.ts";
import { MemoryStore } from "../memory-store.ts";

/** Values as their DAG-CBOR. */
const raw: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip(),
};

/** Keys of 32 bytes, written whole or, as the EVM's words are, without leading zeros. */
const keysOf = (isShort: boolean): KamtKeys<Uint8Array> => ({
  encode: (writer, key) => {
    const zeros = isShort ? key.findIndex((byte) => byte !== 0) : 0;
    writer.bytes(zeros < 0 ? key.subarray(32) : key.subarray(zeros));
  },
  decode: (reader) => {
    const written = reader.bytes(32);
    const key = new Uint8Array(32);
    key.set(written, 32 - written.length);
    return key;
  },
  hash: (key) => key,
});

/**
 * Plays histories `kamt BITS MINDATADEPTH MAXARRAY u256|bytes` on this package.
 *
 * @param seed decides whether blocks are missing at first
 */
export function kamtPlayer(start: string, seed = 0): Player {
  const [, bits, depth, bucket, form] = start.split(" ");
  const options: KamtOptions<Uint8Array> = {
    keys: keysOf(form === "u256"),
    bitWidth: Number(bits),
    minDataDepth: Number(depth),
    maxArrayWidth: Number(bucket),
  };
  const store = new MemoryStore();
  let tree: Kamt<Uint8Array, Uint8Array> = createKamt(raw, options);
  const run = <T>(steps: Fetching<T>): T => runSync(steps, store);
  let step = 0;
  const done = <T>(make: () => Fetching<T>): T =>
    seed % 5 === 0 ? afterFault(store, step++ % 3, (from) => runSync(make(), from)) : run(make());
  const flush = (): CidBytes => {
    const { root, blocks } = tree.flush();
    store.put(blocks);
    return root;
  };
  let mark = flush();
  const shown = (value: Uint8Array | undefined): string => (value === undefined ? "-" : toHex(value));
  return {
    op: ([word, name = "", third = ""]) => {
      if (word === "delmany") return String(run(tree.deleteMany(name.split(",").map(fromHex))) > 0);
      const key = fromHex(name);
      if (word === "set") return String(done(() => tree.set(key, fromHex(third))));
      if (word === "setnew") return String(done(() => tree.setIfAbsent(key, fromHex(third))));
      if (word === "get") return shown(done(() => tree.get(key)));
      if (word === "has") return String(done(() => tree.has(key)));
      if (word === "del") return String(done(() => tree.delete(key)));
      if (word === "each") {
        const digest = digestOf();
        for (const [held, value] of tree.entries(store)) digest.add(held, value);
        return digest.done();
      }
      if (word === "from") {
        if (!run(tree.has(key))) return "!nokey"; // the crate starts at keys it holds only
        const digest = digestOf();
        let left = Number(third);
        for (const [held, value] of tree.entries(store, { from: key })) {
          if (left-- === 0) return `${digest.done()}:${toHex(held)}`;
          digest.add(held, value);
        }
        return `${digest.done()}:-`;
      }
      if (word === "diff") {
        const digest = digestOf();
        const changes = [...diffKamt(mark, flush(), raw, options).changes(store)];
        const none = Uint8Array.of(0xff);
        for (const { key, before, after } of changes.sort((a, b) => compareBytes(a.key, b.key))) {
          digest.add(key, before ?? none, after ?? none);
        }
        return digest.done();
      }
      if (word === "root" && !isRebuilt()) return "!rebuilt";
      if (word === "mark") mark = flush();
      if (word === "clear") tree.clear();
      if (word === "empty") return String(tree.isEmpty);
      if (word === "reload") tree = run(loadKamt(flush(), raw, options));
      return word === "pardiff" ? "?" : "ok";
    },
    root: () => toHex(flush().subarray(6)),
    kindOf: (error) => {
      if (error instanceof KamtError && error.code === "kamt/too-deep") return "depth";
      throw error;
    },
  };

  /** Whether the entries alone give the same root. */
  function isRebuilt(): boolean {
    return equalBytes(kamtRoot(tree.entries(store), raw, options).root, flush());
  }
}
