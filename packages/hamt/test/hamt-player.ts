import { type CidBytes, type Codec, type Fetching, runSync } from "@copse/ipld";
import { fromHex, toHex } from "@copse/primitives";
import { digestOf, type Player } from "@copse/testkit/histories";
import { createHamt, type Hamt, HamtError, type HamtOptions, loadHamt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

/** Values as their DAG-CBOR. */
const raw: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip(),
};

/** Plays histories `hamt VERSION BITS HASH` on this package. */
export function hamtPlayer(start: string): Player {
  const [, version, bits, hash] = start.split(" ");
  const options: HamtOptions = {
    version: Number(version) as HamtOptions["version"],
    bitWidth: Number(bits),
    hash: hash === "identity" ? "identity" : "sha2-256",
  };
  const store = new MemoryStore();
  let tree: Hamt<Uint8Array> = createHamt(raw, options);
  const run = <T>(steps: Fetching<T>): T => runSync(steps, store);
  const flush = (): CidBytes => {
    const { root, blocks } = tree.flush();
    store.put(blocks);
    return root;
  };
  const shown = (value: Uint8Array | undefined): string => (value === undefined ? "-" : toHex(value));
  return {
    op: ([word, name = "", third = ""]) => {
      const key = fromHex(name);
      if (word === "set") return String(run(tree.set(key, fromHex(third))));
      if (word === "setnew") return String(run(setIfAbsent(tree, key, fromHex(third))));
      if (word === "get") return shown(run(tree.get(key)));
      if (word === "has") return String(run(tree.has(key)));
      if (word === "del") return String(run(tree.delete(key)));
      if (word === "each") {
        const digest = digestOf();
        for (const [held, value] of tree.entries(store)) digest.add(held, value);
        return digest.done();
      }
      if (word === "reload") tree = run(loadHamt(flush(), raw, options));
      return word === "reload" || word === "root" ? "ok" : "?";
    },
    root: () => toHex(flush().subarray(6)),
    kindOf: (error) => {
      if (error instanceof HamtError && error.code === "hamt/too-deep") return "depth";
      throw error;
    },
  };
}

function* setIfAbsent(tree: Hamt<Uint8Array>, key: Uint8Array, value: Uint8Array): Fetching<boolean> {
  if (yield* tree.has(key)) return false;
  yield* tree.set(key, value);
  return true;
}
