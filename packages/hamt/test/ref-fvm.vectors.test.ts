import { bytesCodec, type Codec, runSync, toCid } from "@copse/ipld";
import { encodeUvarint, utf8 } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { createHamt, type Hamt, type HamtOptions, loadHamt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

/** Roots that ref-fvm's own tests name. @see ref-fvm:ipld/hamt/tests/hamt_tests.rs */
describe("roots that ref-fvm's tests name", () => {
  const store = new MemoryStore();
  const byteCodec: Codec<number> = {
    encode: (writer, value) => void writer.uint(value),
    decode: (reader) => reader.safeUint(),
  };
  const set = (tree: Hamt<Uint8Array>, key: string, value: string): boolean =>
    runSync(tree.set(utf8(key), utf8(value)), store);
  const take = (tree: Hamt<Uint8Array>, key: string): boolean => runSync(tree.delete(utf8(key)), store);
  function flushed<V>(tree: Hamt<V>): string {
    const { root, blocks } = tree.flush();
    store.put(blocks);
    return toCid(root).toString();
  }

  it("one entry", () => {
    const tree = createHamt(bytesCodec, { version: 3, bitWidth: 8 });
    set(tree, "favorite-animal", "owl bear");
    expect(flushed(tree)).toBe("bafy2bzaced2tgnlsq4n2ioe6ldy75fw3vlrrkyfv4bq6didbwoob2552zvpuk");
  });

  it("three entries, and two of them", () => {
    const options: HamtOptions = { version: 3, bitWidth: 8 };
    const tree = createHamt(bytesCodec, options);
    set(tree, "foo", "cat dog bear");
    set(tree, "bar", "cat dog");
    set(tree, "baz", "cat");
    expect(flushed(tree)).toBe("bafy2bzacebql36crv4odvxzstx2ubaczmawy2tlljxezvorcsoqeyyojxkrom");
    const loaded = runSync(loadHamt(tree.flush().root, bytesCodec, options), store);
    expect(take(loaded, "foo")).toBe(true);
    expect(take(loaded, "nonexistent")).toBe(false);
    expect(flushed(loaded)).toBe("bafy2bzaced7up7wkm7cirieh5bs4iyula5inrprihmjzozmku3ywvekzzmlyi");
  });

  it("a tree of two slots a node", () => {
    const tree = createHamt(bytesCodec, { version: 3, bitWidth: 1 });
    for (let i = 0; i < 30; i++) set(tree, `${i}`, "filler");
    expect(flushed(tree)).toBe("bafy2bzacebjilcrsqa4uyxuh36gllup4rlgnvwgeywdm5yqq2ks4jrsj756qq");
    const after = "bafy2bzacea7biyabzk7v7le2rrlec5tesjbdnymh5sk4lfprxibg4rtudwtku";
    for (const changed of [true, false]) {
      expect(set(tree, "favorite-animal", "bright green bear")).toBe(changed);
      expect(flushed(tree)).toBe(after);
    }
  });

  it("200 entries, 400, 200 and none", () => {
    const tree = createHamt(bytesCodec, { version: 3, bitWidth: 5 });
    for (let i = 0; i < 200; i++) set(tree, `${i}`, `${i}`);
    const half = "bafy2bzaceczhz54xmmz3xqnbmvxfbaty3qprr6dq7xh5vzwqbirlsnbd36z7a";
    expect(flushed(tree)).toBe(half);
    for (let i = 200; i < 400; i++) set(tree, `${i}`, `${i}`);
    expect(flushed(tree)).toBe("bafy2bzacecxcp736xkl2mcyjlors3tug6vdlbispbzxvb75xlrhthiw2xwxvw");
    for (let i = 200; i < 400; i++) take(tree, `${i}`);
    expect(flushed(tree)).toBe(half);
    for (let i = 0; i < 200; i++) take(tree, `${i}`);
    expect(flushed(tree)).toBe("bafy2bzaceamp42wmmgr2g2ymg46euououzfyck7szknvfacqscohrvaikwfay");
  });

  it("a node that becomes a bucket, in the order of keys", () => {
    const options: HamtOptions = { version: 3, bitWidth: 5 };
    const tree = createHamt(byteCodec, options);
    for (let i = 100; i < 195; i++) runSync(tree.set(encodeUvarint(i), 42), store);
    expect(flushed(tree)).toBe("bafy2bzacebqox3gtng4ytexyacr6zmaliyins3llnhbnfbcrqmhzuhmuuawqk");
    const loaded = runSync(loadHamt(tree.flush().root, byteCodec, options), store);
    for (const i of [104, 108]) runSync(loaded.delete(encodeUvarint(i)), store);
    const root = flushed(loaded);
    expect(root).toBe("bafy2bzacedlyeuub3mo4aweqs7zyxrbldsq2u4a2taswubudgupglu2j4eru6");
  });

  it.each([
    [5, ["K"], "B", "bafy2bzacec3cquclaqkb32cntwtizgij55b7isb4s5hv5hv5ujbbeu6clxkug"],
    [6, ["K"], "B", "bafy2bzacebj7b2jahw7nxmu6mlhkwzucjmfq7aqlj52jusqtufqtaxcma4pdm"],
    [7, ["K"], "B", "bafy2bzacedrwwndijql6lmmtyicjwyehxtgey5fhzocc43hrzhetrz25v2k2y"],
    [8, ["K"], "B", "bafy2bzacecosy45hp4sz2t4o4flxvntnwjy7yaq43bykci22xycpeuj542lse"],
    [5, ["K0", "K1", "KAA1", "KAA2", "KAA3"], "KAA4", "bafy2bzacedbiipe7l7gbtjandyyl6rqlkuqr2im2nl7d4bljidv5mta22rjqk"],
    [6, ["K0", "K1", "KAA1", "KAA2", "KAA3"], "KAA4", "bafy2bzaceb3c76qlbsiv3baogpao3zah56eqonsowpkof33o5hmncfow4seso"],
    [7, ["K0", "K1", "KAA1", "KAA2", "KAA3"], "KAA4", "bafy2bzacebhkyrwfexokaoygsx2crydq3fosiyfoa5bthphntmicsco2xf442"],
    [8, ["K0", "K1", "KAA1", "KAA2", "KAA3"], "KAA4", "bafy2bzaceaqdaj5aqkwugr7wx4to3fahynoqlxuo5j6xznly3khazgyxihkbo"],
  ] as const)("keys as their own hash, %i bits a level: %o without %s", (bitWidth, keys, extra, root) => {
    const tree = createHamt(bytesCodec, { version: 3, bitWidth, hash: "identity" });
    for (const [i, key] of keys.entries()) set(tree, key, `${i}`);
    expect(flushed(tree)).toBe(root);
    set(tree, extra, "0");
    expect(flushed(tree)).not.toBe(root);
    take(tree, extra);
    expect(flushed(tree)).toBe(root);
  });
});
