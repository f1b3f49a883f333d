import { bytesCodec, runSync, toCid } from "@copse/ipld";
import { utf8 } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { type Amt, type AmtVersion, createAmt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

/** Roots that ref-fvm's own tests name. @see ref-fvm:ipld/amt/tests/amt_tests.rs */
interface Case {
  readonly what: string;
  readonly version: AmtVersion;
  readonly set: readonly (readonly [index: number | bigint, text: string])[];
  readonly height: number;
  readonly root: string;
  readonly take?: readonly number[];
}

const top = 2n ** 64n - 2n;
const cases: readonly Case[] = [
  {
    what: "one value",
    version: 3,
    set: [[2, "foo"]],
    height: 0,
    root: "bafy2bzacedv5uu5za6oqtnozjvju5lhbgaybayzhw4txiojw7hd47ktgbv5wc",
  },
  {
    what: "one value",
    version: 0,
    set: [[2, "foo"]],
    height: 0,
    root: "bafy2bzaceansvim5z2rzifilsbzsjuoul2adx7iad7x3b4paj3qsexqf6ovxk",
  },
  {
    what: "the largest indexes",
    version: 3,
    set: [
      [top, "what is up"],
      [top - 1n, "what is up"],
    ],
    height: 21,
    root: "bafy2bzacecl3zuubhdvkojg6uhbu4mebaehx554q6algfjitqiivvnrqprkxo",
  },
  {
    what: "a tree that grows",
    version: 3,
    set: [
      [2, "foo"],
      [11, "bar"],
      [79, "baz"],
    ],
    height: 2,
    root: "bafy2bzacecughjbclx3lbqwibrwc6pe7nttlc3qewedsrayghsvh5j5lpofiq",
  },
  {
    what: "5000 values",
    version: 3,
    set: Array.from({ length: 5000 }, (_, i) => [i, "foo foo bar"] as const),
    height: 4,
    root: "bafy2bzacecfquuqzqzlox25aynodzw2qhxijdzfvno6tibyes3kb6nd3f7uxa",
  },
  {
    what: "what is left of two",
    version: 3,
    set: [
      [23, "dog"],
      [24, "dog"],
    ],
    take: [23],
    height: 1,
    root: "bafy2bzacebnnxpurpb3zqqr22i7ch4uruz6hgykn3ryzoo4hh3ox2m2kufsvg",
  },
  {
    what: "the first of two",
    version: 3,
    set: [
      [0, "cat"],
      [27, "cat"],
    ],
    take: [27],
    height: 0,
    root: "bafy2bzacecmxrjeri2ojuy3riae2mpbnztx2hqggqgkcrxao2nwpga77j2vqe",
  },
  {
    what: "a tree that shrinks",
    version: 3,
    set: [
      [1, "thing"],
      [37, "other"],
    ],
    take: [37],
    height: 0,
    root: "bafy2bzacebmkyah6kppbszluix3g332hntzx6wfdcqcr5hjdsaxri5jhgrdmo",
  },
  {
    what: "every third index",
    version: 3,
    set: Array.from({ length: 3333 }, (_, i) => [3 * i + 2, "value"] as const),
    height: 4,
    root: "bafy2bzaceanqxtbsuyhqgxubiq6vshtbhktmzp2if4g6kxzttxmzkdxmtipcm",
  },
];

describe("roots that ref-fvm's tests name", () => {
  it.each(cases)("$what, version $version", ({ version, set, take, height, root }) => {
    const store = new MemoryStore();
    const tree: Amt<Uint8Array> = createAmt(bytesCodec, { version });
    for (const [index, text] of set) runSync(tree.set(index, utf8(text)), store);
    for (const index of take ?? []) expect(runSync(tree.delete(index), store)).toBe(true);
    expect(toCid(tree.flush().root).toString()).toBe(root);
    expect(tree.height).toBe(height);
    expect(tree.count).toBe(BigInt(set.length - (take?.length ?? 0)));
  });
});
