import { describe, expect, it } from "vitest";
import { type CborReader, type CborWriter, cidKey, hashes, makeCid, readCid, runSync, toCid } from "../../src/index.ts";
import { asyncIpldStore, encodeBlock, getValue, syncIpldStore } from "../../src/walk/index.ts";
import { codeOf, codeOfAsync, createTestStore } from "./blocks.ts";

const text = {
  encode: (writer: CborWriter, value: string) => void writer.text(value),
  decode: (reader: CborReader) => reader.text(),
};

describe("typed stores", () => {
  it("put and get values at once", () => {
    const store = createTestStore();
    const values = syncIpldStore(store);
    const cid = values.put("Filecoin", text);
    expect(readCid(cid)).toMatchObject({ codec: 0x71, hash: hashes.blake2b256 });
    expect(values.get(cid, text)).toBe("Filecoin");
    expect(values.putMany(["a", "b"], text)).toHaveLength(2);
    expect(store.blocks.size).toBe(3);
    expect(values.get(encodeBlock("c", text)[0], text)).toBe(undefined);
  });

  it("put and get values later", async () => {
    const store = createTestStore();
    const values = asyncIpldStore(store, { hash: hashes.sha256 });
    const cid = await values.put("Filecoin", text);
    expect(readCid(cid).hash).toBe(hashes.sha256);
    expect(await values.get(cid, text)).toBe("Filecoin");
    expect(await values.putMany(["a", "b"], text)).toHaveLength(2);
    expect(await values.get(encodeBlock("c", text)[0], text)).toBe(undefined);
    expect(await codeOfAsync(() => values.get(store.raw(Uint8Array.of(0x60)), text))).toBe("ipld/not-cbor");
  });

  it("hold blocks within their bound, both ways", () => {
    const store = createTestStore();
    const wide = syncIpldStore(store);
    const narrow = syncIpldStore(store, { maxBlockBytes: 8 });
    expect(codeOf(() => narrow.put("Filecoin", text))).toBe("ipld/block-too-large");
    expect(store.blocks.size).toBe(0);
    const cid = wide.put("Filecoin", text);
    expect(codeOf(() => narrow.get(cid, text))).toBe("ipld/block-too-large");
  });

  it("take what is no CBOR, or another value, for what it is", () => {
    const store = createTestStore();
    const values = syncIpldStore(store);
    const raw = store.raw(Uint8Array.of(0x60));
    expect(codeOf(() => values.get(raw, text))).toBe("ipld/not-cbor");
    expect(codeOf(() => values.get(store.value(7), text))).toBe("cbor/unexpected");
    expect(values.get(makeCid(Uint8Array.of(0x60), { codec: 0x71, hash: hashes.identity }), text)).toBe("");
  });

  it("check hashes where they are asked to", () => {
    const store = createTestStore();
    const values = syncIpldStore(store, { verify: true });
    const cid = values.put("Filecoin", text);
    expect(values.get(cid, text)).toBe("Filecoin");
    store.blocks.set(cidKey(cid), Uint8Array.of(0x60));
    expect(codeOf(() => values.get(cid, text))).toBe("ipld/block-mismatch");
  });

  it("getValue is a step of an algorithm", () => {
    const store = createTestStore();
    const cid = syncIpldStore(store).put("Filecoin", text);
    expect(runSync(getValue(cid, text), store)).toBe("Filecoin");
    store.blocks.clear();
    expect(codeOf(() => runSync(getValue(cid, text), store))).toBe("host/block-missing");
    expect(toCid(cid).code).toBe(0x71);
  });
});
