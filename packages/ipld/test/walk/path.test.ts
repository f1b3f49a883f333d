import { concatBytes, fromHex } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { CborReader, cidOf, decode, makeCid, runAsync, runSync, toCid } from "../../src/index.ts";
import { maxPathSegments, parsePath, resolvePath } from "../../src/walk/index.ts";
import { codeOf, createTestStore } from "./blocks.ts";

const number = { encode: () => {}, decode: (reader: CborReader) => reader.safeUint() };
const store = createTestStore();
const leaf = store.value([10, 20, { deep: [30] }]);
const code = store.raw(Uint8Array.of(1, 2, 3));
const root = store.value({
  b: toCid(leaf),
  list: [1, [2, toCid(leaf)], toCid(code)],
  "": { "a/b": 5 },
  inline: toCid(makeCid(fromHex("8107"), { hash: 0 })),
  again: toCid(store.value(toCid(leaf))),
});

const at = (path: string | (string | number)[]): number =>
  decode(number, runSync(resolvePath(root, path), store).value);

describe("resolvePath", () => {
  it("goes through maps, lists and links, which take no segment", async () => {
    expect(at("b/0")).toBe(10);
    expect(at("/b/2/deep/0/")).toBe(30);
    expect(at("list/0")).toBe(1);
    expect(at("list/1/1/1")).toBe(20);
    expect(at(["", "a/b"])).toBe(5);
    expect(at("inline/0")).toBe(7);
    expect(at("again/1")).toBe(20);
    const later = await runAsync(resolvePath(root, ["list", 1, 1, "0"]), store);
    expect(decode(number, later.value)).toBe(10);
  });

  it("ends at the block a link leads to, or at the link", () => {
    const followed = runSync(resolvePath(root, "b"), store);
    expect(followed.cid).toEqual(leaf);
    expect(followed.offset).toBe(0);
    expect(followed.value).toEqual(followed.block);
    const link = runSync(resolvePath(root, "b", { followLast: false }), store);
    expect(link.cid).toEqual(root);
    expect(new CborReader(link.value).link()).toEqual(leaf);
    expect(runSync(resolvePath(root, "list/2"), store).value).toEqual(Uint8Array.of(1, 2, 3));
    expect(runSync(resolvePath(root, ""), store).cid).toEqual(root);
  });

  it("asks for the blocks on the way alone", () => {
    store.asked.length = 0;
    at("list/1/0");
    expect(store.asked).toEqual([toCid(root).toString()]);
  });

  it("names the segment where it ends", () => {
    const facts = (path: string): unknown => {
      try {
        at(path);
      } catch (error) {
        return (error as { facts: object }).facts;
      }
      return undefined;
    };
    expect(codeOf(() => at("nothing"))).toBe("path/key-absent");
    expect(codeOf(() => at("list/9"))).toBe("path/index-absent");
    expect(codeOf(() => at("list/01"))).toBe("path/index-malformed");
    expect(codeOf(() => at("list/x"))).toBe("path/index-malformed");
    expect(codeOf(() => at("list/0/x"))).toBe("path/not-entered");
    expect(codeOf(() => at("list/2/0"))).toBe("path/not-entered");
    expect(facts("b/2/depp")).toEqual({ segment: "depp", at: 2, cid: toCid(leaf).toString() });
    expect(facts("b/3")).toEqual({ segment: "3", at: 1, cid: toCid(leaf).toString(), length: 3 });
    expect(codeOf(() => at("a/".repeat(maxPathSegments + 1)))).toBe("path/too-long");
  });

  it("a block on the way that is absent or malformed", () => {
    const absent = store.value([toCid(cidOf(fromHex("00")))]);
    expect(codeOf(() => runSync(resolvePath(absent, "0/0"), store))).toBe("host/block-missing");
    const broken = fromHex("82ff");
    const to = store.value([toCid(store.raw(broken, 0x71))]);
    expect(codeOf(() => runSync(resolvePath(to, "0/0"), store))).toBe("path/block-malformed");
  });

  it("a store that lies does not keep it for ever", () => {
    const block = store.getSync(store.value(toCid(leaf))) as Uint8Array;
    expect(codeOf(() => runSync(resolvePath(leaf, ""), { getSync: () => block }))).toBe("path/too-many-blocks");
  });

  it("reads blocks of the chain that are no canonical DAG-CBOR", () => {
    // keys out of order, a half float, a tag of another kind, text that is not UTF-8
    const odd = concatBytes(fromHex("a4"), fromHex("626262f93c00"), fromHex("6161c182 0a c2 0b".replaceAll(" ", "")));
    const block = concatBytes(odd, fromHex("6163"), fromHex("61ff"), fromHex("61ff05"));
    const cid = store.raw(block, 0x71);
    expect(decode(number, runSync(resolvePath(cid, "a/0"), store).value)).toBe(10);
    expect(decode(number, runSync(resolvePath(cid, "a/1"), store).value)).toBe(11);
    expect(codeOf(() => runSync(resolvePath(cid, "a/1", { form: "strict" }), store))).toBe("path/block-malformed");
  });

  it("parsePath leaves empty segments out", () => {
    expect(parsePath("//a//b/")).toEqual(["a", "b"]);
  });
});
