import { type CidBytes, type Codec, type Fetching, runSync, type SyncBlockReader } from "@copse/ipld";
import { fromHex, toHex, uint64BE } from "@copse/primitives";
import { afterFault, digestOf, type Player } from "@copse/testkit/histories";
import { type Amt, AmtError, type AmtOptions, createAmt, diffAmt, loadAmt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

/** Values as their DAG-CBOR. */
const raw: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip(),
};

/**
 * Plays histories `amt VERSION BITS` on this package.
 *
 * @param seed decides what of the same can be asked in two ways, and whether blocks are missing at first
 */
export function amtPlayer(start: string, seed = 0): Player {
  const [, version, bits] = start.split(" ");
  const options: AmtOptions = { version: Number(version) as AmtOptions["version"], bitWidth: Number(bits) };
  const isPlain = seed % 2 === 1;
  const store = new MemoryStore();
  let tree: Amt<Uint8Array> = createAmt(raw, options);
  const run = <T>(steps: Fetching<T>): T => runSync(steps, store);
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
    op: ([word, second = "", third = ""]) => {
      const index = (): bigint => BigInt(second);
      if (word === "set") {
        const value = fromHex(third);
        done((from) => (isPlain ? tree.setSync(index(), value, from) : runSync(tree.set(index(), value), from)));
      }
      if (word === "setnew") return String(done((from) => runSync(tree.setIfAbsent(index(), fromHex(third)), from)));
      if (word === "get")
        return shown(done((from) => (isPlain ? tree.getSync(index(), from) : runSync(tree.get(index()), from))));
      if (word === "del")
        return String(done((from) => (isPlain ? tree.deleteSync(index(), from) : runSync(tree.delete(index()), from))));
      if (word === "delmany") {
        return String(run(tree.deleteMany(second.split(",").map(BigInt), { strict: third === "strict" })) > 0);
      }
      if (word === "replace") {
        run(tree.update((at, _, replace) => void (at % index() === 0n && replace(fromHex(third)))));
      }
      if (word === "first") return String(run(tree.firstSetIndex()) ?? "-");
      if (word === "last") return String(run(tree.lastSetIndex()) ?? "-");
      if (word === "count") return `${tree.count}:${tree.height}`;
      if (word === "each") {
        const digest = digestOf();
        const range = { from: second === "" ? 0n : index(), limit: third === "" ? undefined : Number(third) };
        const { next } = run(tree.walkRange((at, value) => digest.add(uint64BE(at), value), range));
        return `${digest.done()}:${next ?? "-"}`;
      }
      if (word === "mark") marked = tree.clone();
      if (word === "diff") {
        const digest = digestOf();
        const none = Uint8Array.of(0xff);
        const [a, b] = isPlain ? [marked, tree] : [reloaded(marked), reloaded(tree)];
        for (const { index, before, after } of diffAmt(a, b).changes(store)) {
          digest.add(uint64BE(index), before ?? none, after ?? none);
        }
        return digest.done();
      }
      if (word === "reload") tree = reloaded(tree);
      return word === "pardiff" ? "?" : "ok";
    },
    root: () => toHex(flush().subarray(6)),
    kindOf: (error) => {
      if (error instanceof AmtError && error.code === "amt/index-too-large") return "index";
      throw error;
    },
  };

  function reloaded(one: Amt<Uint8Array>): Amt<Uint8Array> {
    return run(loadAmt(flush(one), raw, options));
  }
}
