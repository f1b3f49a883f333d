import { createMemoryDatabase } from "@copse/blockstore";
import { installFastest } from "@copse/crypto/fastest";
import { concatBytes, fromHex, toHex } from "@copse/primitives";
import { beforeAll, describe, expect, it } from "vitest";
import { exportF3Snapshot, importF3Snapshot, readF3Snapshot, verifyF3Snapshot } from "../../src/snapshot/index.ts";
import { checkHere, rowsAsStore } from "../../src/store/index.ts";
import { type GoFacts, jsonVector, readGoChain, vector } from "../go-chain.ts";
import { networkName, random, table0 } from "../golden.ts";
import { certificate0Hex, certificate1Hex, table0Hex } from "../golden-bytes.ts";

const golden = concatBytes(
  fromHex("b20184010001"),
  fromHex(table0Hex),
  fromHex("c404"),
  fromHex(certificate0Hex),
  fromHex("f902"),
  fromHex(certificate1Hex),
);
const goldenCid = "bafk2bzacedz5anuwuuo4ljjl2prexj2tfpfbptsohgjwukrdxsyz7d6gssm3a";
// The golden tables do not follow the rule of production: no lookback.
const goldenManifest = { networkName, initialInstance: 0, initialPowerTable: table0.cid, committeeLookback: 0 };

beforeAll(async () => {
  await installFastest();
});

async function gathered(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return concatBytes(...all);
}

describe("the golden snapshot of two certificates", () => {
  it("has 1,141 bytes and its CID", async () => {
    expect(golden.length).toBe(1141);
    const reader = await readF3Snapshot([golden]);
    expect(reader.header).toMatchObject({ version: 1, firstInstance: 0, latestInstance: 1 });
    expect(reader.header.initialPowerTable).toEqual(table0.entries);
    expect(reader.cid).toBeUndefined();
    const found: string[] = [];
    for await (const { bytes } of reader.certificates) found.push(toHex(bytes));
    expect(found).toEqual([certificate0Hex, certificate1Hex]);
    expect(reader.cid?.toString()).toBe(goldenCid);
    expect(reader.bytes).toBe(1141);
  });

  it("is verified, imported, and exported as the same bytes", async () => {
    const check = checkHere(random);
    const verified = await verifyF3Snapshot([golden], { manifest: goldenManifest, check });
    expect(verified.cid.toString()).toBe(goldenCid);
    expect(verified.latest.chain.at(-1)?.epoch).toBe(103);
    const kv = rowsAsStore(createMemoryDatabase(), "f3");
    const { store, added, cid } = await importF3Snapshot([golden], kv, { manifest: goldenManifest, check });
    expect([added, cid.toString()]).toEqual([2, goldenCid]);
    expect(store.latest?.instance).toBe(1);
    const snapshot = exportF3Snapshot(store);
    expect(toHex(await gathered(snapshot))).toBe(toHex(golden));
    expect(await snapshot.done).toMatchObject({ bytes: 1141, header: { firstInstance: 0, latestInstance: 1 } });
    expect((await snapshot.done).cid.toString()).toBe(goldenCid);
  });
});

describe("the snapshot that go-f3 exported", () => {
  const bytes = vector("go-chain.f3snap");
  const facts = jsonVector<GoFacts>("go-chain.json");
  const { manifest } = readGoChain();

  it("is verified, imported, and exported as go-f3 wrote it", async () => {
    const check = checkHere(random);
    const verified = await verifyF3Snapshot([bytes], { manifest, check });
    expect(verified.cid.toString()).toBe(facts.cid);
    expect(verified.certificates).toBe(facts.certificates.length);
    const kv = rowsAsStore(createMemoryDatabase(), "f3");
    const { store } = await importF3Snapshot([bytes], kv, { manifest, check });
    const snapshot = exportF3Snapshot(store);
    expect(toHex(await gathered(snapshot))).toBe(toHex(bytes));
    expect((await snapshot.done).cid.toString()).toBe(facts.cid);
    for (const { instance, powerTable } of facts.certificates) {
      expect((await store.powerTable(instance)).cid.toString()).toBe(powerTable);
    }
  });
});
