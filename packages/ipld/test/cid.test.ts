import { concatBytes, fromHex, latin1, toHex } from "@copse/primitives";
import { CID } from "multiformats/cid";
import { describe, expect, it } from "vitest";
import {
  type CidBytes,
  CidError,
  cidKey,
  cidOf,
  type Fetching,
  fromCid,
  isChainCid,
  rawCidOf,
  readCid,
  runAsync,
  runSync,
  toCid,
  verifyBlock,
} from "../src/index.ts";

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof CidError) return error.code;
    throw error;
  }
  return "accepted";
};
const emptyReceipts = "bafy2bzacedswlcz5ddgqnyo3sak3jmhmkxashisnlpq6ujgyhe4mlobzpnhs6"; // the empty AMT v0
const genesisParent = "bafyreiaqpwbbyjo4a42saasj36kkrpv4tsherf2e7bvezkert2a7dhonoi"; // sha2-256

describe("CIDs", () => {
  it("are those of the chain", () => {
    const emptyAmt = fromHex("8300008341008080");
    expect(toCid(cidOf(emptyAmt)).toString()).toBe(emptyReceipts);
    expect(verifyBlock(CID.parse(emptyReceipts).bytes, emptyAmt)).toBe(true);
    expect(verifyBlock(CID.parse(emptyReceipts).bytes, emptyAmt.with(0, 0))).toBe(false);
    expect(toCid(rawCidOf(emptyAmt)).code).toBe(0x55);
  });
  it("are keys of one character a byte, whatever their length", () => {
    for (const length of [4, 34, 36, 37, 38, 39]) {
      const cid = Uint8Array.from({ length }, (_, i) => (i * 37 + 200) & 0xff);
      expect(cidKey(cid)).toBe(latin1(cid));
    }
  });
  it.each([emptyReceipts, genesisParent, "bafkqactgnfwc6mjpnfxgs5a", "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"])(
    "reads %s as multiformats does",
    (text) => {
      const cid = CID.parse(text);
      const mine = toCid(fromCid(cid));
      expect(mine.toString()).toBe(text);
      expect(mine.equals(cid)).toBe(true);
      expect(toHex(mine.multihash.bytes)).toBe(toHex(cid.multihash.bytes));
      expect(mine.code).toBe(cid.code);
      expect(readCid(concatBytes(Uint8Array.of(9), cid.bytes, Uint8Array.of(1)), 1).end).toBe(1 + cid.bytes.length);
    },
  );
  it.each([
    ["", "cid/malformed"],
    ["0171a0e40220", "cid/malformed"], // no digest
    ["0271a0e40220", "cid/malformed"], // version 2
    ["01f10012", "cid/malformed"], // codec not minimal
    ["1220ab", "cid/malformed"],
  ])("refuses %s", (hex, code) => expect(codeOf(() => toCid(fromHex(hex)))).toBe(code));
  it("refuses bytes behind a CID, and hashes it does not know", () => {
    expect(codeOf(() => toCid(concatBytes(cidOf(new Uint8Array()), Uint8Array.of(0))))).toBe("cid/malformed");
    expect(codeOf(() => verifyBlock(fromHex("015511020000"), new Uint8Array()))).toBe("cid/hash-unsupported");
  });
  it("verifies identity and sha2-256 blocks", () => {
    expect(verifyBlock(CID.parse("bafkqactgnfwc6mjpnfxgs5a").bytes, new TextEncoder().encode("fil/1/init"))).toBe(true);
    expect(isChainCid(CID.parse(genesisParent).bytes)).toBe(false);
  });
});

describe("walkers", () => {
  const leaf = Uint8Array.of(7);
  function* read(cid: CidBytes): Fetching<number> {
    return (yield cid)[0] as number;
  }
  const held = new Map([[cidKey(cidOf(leaf)), leaf]]);
  const sync = { getSync: (cid: CidBytes) => held.get(cidKey(cid)) };
  const later = { getBytes: (cid: CidBytes) => Promise.resolve(held.get(cidKey(cid))) };
  it("run over either kind of store", async () => {
    expect(runSync(read(cidOf(leaf)), sync)).toBe(7);
    expect(await runAsync(read(cidOf(leaf)), later)).toBe(7);
  });
  it("fault on a block that is not there, which is the host's trouble", async () => {
    const missing = cidOf(Uint8Array.of(8));
    expect(() => runSync(read(missing), sync)).toThrow(expect.objectContaining({ code: "host/block-missing" }));
    await expect(runAsync(read(missing), later)).rejects.toMatchObject({ facts: { cid: toCid(missing).toString() } });
  });
  it("stop when they are told to", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(runAsync(read(cidOf(leaf)), later, { signal })).rejects.toMatchObject({ code: "host/aborted" });
  });
});
