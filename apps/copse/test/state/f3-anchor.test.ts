import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryDatabase } from "@copse/blockstore";
import { exportF3Snapshot } from "@copse/f3/snapshot";
import { checkHere, openCertificateStore, rowsAsStore } from "@copse/f3/store";
import { type CidBytes, cidKey, cidOf, runSync, toCid } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import { buildGenesisState } from "@copse/state";
import { proveRead } from "@copse/state/proof";
import { Address, AttoFil, encodeBlockHeader, type Tipset, TipsetKey } from "@copse/types";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { certify, manifest, networkName, table } from "../f3/certified-chain.ts";
import { runCli } from "../run-cli.ts";

const { root, blocks } = buildGenesisState({ networkName: "anchored", miners: [], accounts: [] });
const held = new Map(blocks.map(([cid, block]) => [cidKey(cid), block]));
const store = { getSync: (cid: CidBytes) => held.get(cidKey(cid)) };

/** A manifest as go-f3 writes it, of another network. */
const goManifest = JSON.parse(
  readFileSync(new URL("../../../../packages/f3/test/vectors/go-chain.manifest.json", import.meta.url), "utf8"),
) as object;
const { committeeLookback } = manifest;
const ours = {
  NetworkName: networkName,
  InitialPowerTable: { "/": table.cid.toString() },
  CommitteeLookback: committeeLookback,
};

/** A header of a chain that is nothing but heights and states. */
const headerAt = (height: number): Uint8Array =>
  encodeBlockHeader({
    miner: Address.id(1000),
    ticket: null,
    electionProof: null,
    beaconEntries: [],
    winPostProof: [],
    parents: [],
    parentWeight: 0n,
    height,
    parentStateRoot: root,
    parentMessageReceipts: root,
    messages: root,
    blsAggregate: null,
    timestamp: 0,
    blockSig: null,
    forkSignaling: 0n,
    parentBaseFee: AttoFil.from(100n),
  });

/** With one bit of the last certificate's signature turned. */
function damaged(snapshot: Uint8Array): Uint8Array {
  const at = snapshot.length - 20;
  return snapshot.map((byte, i) => (i === at ? byte ^ 1 : byte));
}

describe("a proof anchored in certificates of F3", () => {
  let dir: string;
  const path = (name: string): string => join(dir, name);

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "copse-anchor-"));
    const tipsets = Array.from({ length: 21 }, (_, height) => {
      // another block of the same tipset stands beside ours
      const cids = [headerAt(height), headerAt(height + 1000)].map((bytes) => toCid(cidOf(bytes)));
      return { height, key: TipsetKey.fromCids(cids) } as Tipset;
    });
    const certificates = certify(tipsets, 20);
    const random = (length: number): Uint8Array => new Uint8Array(length).fill(7);
    const kept = await openCertificateStore(rowsAsStore(createMemoryDatabase(), "f3"), {
      networkName,
      initialInstance: 0,
      initialPowerTable: table,
    });
    await kept.put(certificates, checkHere(random));
    const parts: Uint8Array[] = [];
    for await (const part of exportF3Snapshot(kept)) parts.push(part.slice());
    writeFileSync(path("f3.snap"), concatBytes(...parts));
    writeFileSync(path("damaged.snap"), damaged(concatBytes(...parts)));
    writeFileSync(path("manifest.json"), JSON.stringify({ ...goManifest, ...ours }));
    for (const height of [7, 20, 21]) {
      const { file } = runSync(proveRead({ header: headerAt(height), paths: ["actors/f01/nonce"] }), store);
      writeFileSync(path(`${height}.car`), file);
    }
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const verify = async (proof: string, f3: string) => {
    const args = ["--manifest", path("manifest.json"), "--f3", path(f3), "--workers", "1", "--json"];
    const { code, events, out } = await runCli("state", "verify", path(proof), ...args);
    return { code, out, answer: events.at(-1) as Record<string, unknown> };
  };
  it("names the certificate that holds its header's tipset", async () => {
    const seven = await verify("7.car", "f3.snap");
    expect(seven.code, seven.out).toBe(0);
    expect(seven.answer).toMatchObject({ height: 7, anchors: { f3: { instance: 1, network: networkName } } });
    expect((await verify("20.car", "f3.snap")).answer).toMatchObject({ anchors: { f3: { instance: 3 } } });
  });

  it("is refused where no certificate does, and where the certificates do not hold", async () => {
    const later = await verify("21.car", "f3.snap");
    expect([later.code, later.answer["code"]]).toEqual([3, "copse/not-final"]);
    expect(later.answer["facts"]).toMatchObject({ height: 21, epoch: 20 });
    const wrong = await verify("7.car", "damaged.snap");
    expect(wrong.code, wrong.out).toBe(3);
    expect(String(wrong.answer["code"])).toMatch(/^f3\//);
  });
});
