import { type CidBytes, type Codec, type Fetching, runSync } from "@copse/ipld";
import { fromHex, toHex, uint64BE } from "@copse/primitives";
import { digestOf, type Player } from "@copse/testkit/histories";
import { type Amt, AmtError, type AmtOptions, createAmt, loadAmt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

/** Values as their DAG-CBOR. */
const raw: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip(),
};

/** Plays histories `amt VERSION BITS` on this package. */
export function amtPlayer(start: string): Player {
  const [, version, bits] = start.split(" ");
  const options: AmtOptions = { version: Number(version) as AmtOptions["version"], bitWidth: Number(bits) };
  const store = new MemoryStore();
  let tree: Amt<Uint8Array> = createAmt(raw, options);
  const run = <T>(steps: Fetching<T>): T => runSync(steps, store);
  const flush = (): CidBytes => {
    const { root, blocks } = tree.flush();
    store.put(blocks);
    return root;
  };
  const shown = (value: Uint8Array | undefined): string => (value === undefined ? "-" : toHex(value));
  return {
    op: ([word, second, third]) => {
      const index = (): bigint => BigInt(second as string);
      if (word === "set") {
        run(tree.set(index(), fromHex(third as string)));
        return "ok";
      }
      if (word === "get") return shown(run(tree.get(index())));
      if (word === "del") return String(run(tree.delete(index())));
      if (word === "delmany") return String(run(tree.deleteMany((second as string).split(",").map(BigInt))) > 0);
      if (word === "count") return `${tree.count}:${tree.height}`;
      if (word === "each") {
        const digest = digestOf();
        let left = third === undefined ? Number.POSITIVE_INFINITY : Number(third);
        for (const [at, value] of tree.entries(store, { from: second === undefined ? 0n : index() })) {
          if (left-- === 0) return `${digest.done()}:${at}`;
          digest.add(uint64BE(at), value);
        }
        return `${digest.done()}:-`;
      }
      if (word === "reload") tree = run(loadAmt(flush(), raw, options));
      return word === "reload" || word === "root" ? "ok" : "?";
    },
    root: () => toHex(flush().subarray(6)),
    kindOf: (error) => {
      if (error instanceof AmtError && error.code === "amt/index-too-large") return "index";
      throw error;
    },
  };
}
