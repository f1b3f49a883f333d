import { type CidBytes, type Codec, type Fetching, runSync } from "@copse/ipld";
import { fromHex, toHex, uint64BE } from "@copse/primitives";
import { digestOf, type Player } from "@copse/testkit/histories";
import { type Amt, AmtError, type AmtOptions, createAmt, diffAmt, loadAmt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

/** Values as their DAG-CBOR. */
const raw: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip(),
};

/** Plays histories `amt VERSION BITS` on this package, half of them without generators. */
export function amtPlayer(start: string, seed = 0): Player {
  const [, version, bits] = start.split(" ");
  const options: AmtOptions = { version: Number(version) as AmtOptions["version"], bitWidth: Number(bits) };
  const isPlain = seed % 2 === 1;
  const store = new MemoryStore();
  let tree: Amt<Uint8Array> = createAmt(raw, options);
  const run = <T>(steps: Fetching<T>): T => runSync(steps, store);
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
        if (isPlain) tree.setSync(index(), fromHex(third), store);
        else run(tree.set(index(), fromHex(third)));
      }
      if (word === "setnew") return String(run(tree.setIfAbsent(index(), fromHex(third))));
      if (word === "get") return shown(isPlain ? tree.getSync(index(), store) : run(tree.get(index())));
      if (word === "del") return String(isPlain ? tree.deleteSync(index(), store) : run(tree.delete(index())));
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
