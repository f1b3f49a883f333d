import { zstdCompressSync } from "node:zlib";
import { decodeCar, encodeCar } from "@copse/car";
import { bytesAccess } from "@copse/car/store";
import { checkSignatures } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { parseManifest } from "@copse/f3";
import { checkHere } from "@copse/f3/store";
import { CborWriter, type CidBytes, cidKey, cidOf, rawCidOf, type SyncBlockReader } from "@copse/ipld";
import { concatBytes, fromHex, isCopseError, utf8 } from "@copse/primitives";
import { dataFile, describeData, readData } from "@copse/testkit";
import { type BlockHeader, decodeBlockHeader, encodeBlockHeader, mainnet, type Network, TipsetKey } from "@copse/types";
import { beforeAll, describe, expect, it } from "vitest";
import type { FileBytes } from "../src/chain/chain-file.ts";
import { reportChain } from "../src/chain/report-chain.ts";
import { type CheckedChain, verifyChain } from "../src/chain/verify-chain.ts";
import { verifyChainFile } from "../src/chain/verify-chain-file.ts";
import { BlockIndexBuilder, type BlockIndexData, findBlock, findTipset } from "../src/verify/block-index.ts";
import { fileKind } from "../src/verify/file-kind.ts";
import { finalizing, flipped, golden, goldenManifest, proofOf, stateOf } from "./made-files.ts";

const export40 = "chain/mainnet-export40.car";
const genesisCar = "chain/mainnet-genesis.car";

beforeAll(async () => {
  await installFastest();
});

const keyAt = (height: number, blocks = 1): TipsetKey =>
  TipsetKey.fromBytes(
    Uint8Array.from(Array.from({ length: blocks }, (_, i) => [...cidOf(utf8(`${height}.${i}`))]).flat()),
  );

describe("an index of blocks", () => {
  it("knows what is on its chain, what is not, and what it says nothing of", () => {
    const builder = new BlockIndexBuilder();
    for (const height of [10, 11, 11, 13]) builder.add(height, keyAt(height, 2));
    const index = builder.finish("x") as BlockIndexData;
    const [first, second] = TipsetKey.cidBytes(keyAt(11, 2)) as [Uint8Array, Uint8Array];
    expect([9, 10, 11, 12, 13, 14].map((height) => findBlock(index, height, first))).toEqual([
      "outside",
      "not on it",
      "on it",
      "not on it",
      "not on it",
      "outside",
    ]);
    expect(findTipset(index, 11, [first, second])).toBe("on it");
    expect(findTipset(index, 11, [first])).toBe("not on it"); // a part of a tipset is another tipset
    expect(findTipset(index, 12, [first])).toBe("not on it");
    expect(index.heights.length).toBe(6);
    expect(new BlockIndexBuilder().finish("x")).toBeUndefined();
  });

  it("forgets the oldest tipsets past its bound, whole ones", () => {
    const builder = new BlockIndexBuilder(1024);
    for (let height = 0; height < 2000; height++) builder.add(height, keyAt(height, 3));
    const index = builder.finish("x") as BlockIndexData;
    expect(index.heights.length).toBeLessThanOrEqual(1024);
    expect(index.heights.length % 3).toBe(0);
    expect([index.first, index.last]).toEqual([index.heights[0], 1999]);
    const cid = (height: number) => TipsetKey.cidBytes(keyAt(height, 3))[0] as Uint8Array;
    expect(findBlock(index, index.first, cid(index.first))).toBe("on it");
    expect(findBlock(index, index.first - 1, cid(index.first - 1))).toBe("outside");
  });
});

describe("the kind of a file", () => {
  it("is told by its first bytes", () => {
    expect(fileKind(golden())).toBe("f3-snapshot");
    expect(fileKind(utf8(`\n ${goldenManifest()}`))).toBe("manifest");
    expect(fileKind(fromHex("28b52ffd"))).toBe("header-chain");
    expect(fileKind(fromHex("0aa16776657273696f6e02"))).toBe("header-chain");
    expect(fileKind(fromHex("3aa265726f6f747381"))).toBe("header-chain");
    expect(() => fileKind(new Uint8Array(0))).toThrow(/it begins with nothing/);
    expect(() => fileKind(fromHex("ffffffffffffffffffffffff"))).toThrow(/ffffffffffffffff/);
  });
});

describeData("a proof's kind", [genesisCar], () => {
  it("is not that of a chain", () => {
    const { header, store } = stateOf(readData(genesisCar));
    expect(fileKind(proofOf(header, store, "version"))).toBe("state-proof");
    expect(fileKind(readData(genesisCar))).toBe("header-chain");
  });
});

describeData("a chain", [export40], () => {
  const car = dataFile(export40) === undefined ? undefined : decodeCar(readData(export40));
  const blocks = new Map(car?.blocks.map(({ cid, bytes }) => [cidKey(cid), bytes]));
  const roots = car?.roots ?? [];
  const storeOf = (held: ReadonlyMap<string, Uint8Array>): SyncBlockReader => ({
    getSync: (cid) => held.get(cidKey(cid)),
  });
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
  const run = async (
    own: { roots?: readonly CidBytes[]; held?: ReadonlyMap<string, Uint8Array>; finality?: BlockIndexData } = {},
    network: Network = mainnet,
  ): Promise<CheckedChain> =>
    verifyChain({
      network,
      roots: own.roots ?? roots,
      store: storeOf(own.held ?? blocks),
      check: (checks) => checkSignatures(checks, { random }),
      finality: own.finality,
      index: new BlockIndexBuilder(),
      onProgress: () => {},
    });
  const refused = async (what: Parameters<typeof run>[0]): Promise<string> => {
    const error: unknown = await run(what).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return isCopseError(error) ? `${error.code} ${error.message}` : `${error}`;
  };
  /** The chain with another head, which hashes to its own CID as any does. */
  const withHead = (change: Partial<BlockHeader>) => {
    const head = decodeBlockHeader(blocks.get(cidKey(roots[0] as CidBytes)) as Uint8Array);
    const bytes = encodeBlockHeader({ ...head, ...change });
    const cid = cidOf(bytes);
    return { roots: [cid], held: new Map([...blocks, [cidKey(cid), bytes]]) };
  };
  /** Tipsets of the real chain within two heights, oldest first. */
  const tipsetsBetween = (first: number, last: number): { readonly epoch: number; readonly key: TipsetKey }[] => {
    const tipsets: { epoch: number; key: TipsetKey }[] = [];
    const headerOf = (cid: CidBytes): BlockHeader => decodeBlockHeader(blocks.get(cidKey(cid)) as Uint8Array);
    for (let key = TipsetKey.fromCids(headerOf(roots[0] as CidBytes).parents); ; ) {
      const { height: epoch, parents } = headerOf(TipsetKey.cidBytes(key)[0] as CidBytes);
      if (epoch < first) return tipsets;
      if (epoch <= last) tipsets.unshift({ epoch, key });
      key = TipsetKey.fromCids(parents);
    }
  };
  const finalBetween = (first: number, last: number): BlockIndexBuilder => {
    const builder = new BlockIndexBuilder();
    for (const { epoch, key } of tipsetsBetween(first, last)) builder.add(epoch, key);
    return builder;
  };

  it("with what F3 finalized is final up to there", async () => {
    const chain = await run({ finality: finalBetween(5, 30).finish("f3") as BlockIndexData });
    expect(chain.finalHeight).toBe(30);
    const { facts, verdict } = reportChain(mainnet, chain, { kind: "CARv1", blocks: 1, bytes: 1 });
    expect(verdict).toBe("verified");
    expect(facts.find(({ label }) => label === "Final by F3")?.value).toBe("up to epoch 30");
  });

  it("that leaves what F3 finalized is refused", async () => {
    const builder = finalBetween(5, 30);
    builder.add(31, keyAt(31));
    builder.add(33, keyAt(33));
    const finality = builder.finish("the snapshot") as BlockIndexData;
    expect(await refused({ finality })).toMatch(/^explorer\/not-final .*the snapshot/);
  });

  it("without genesis is tied to nothing", async () => {
    const genesis = mainnet.genesisCid.bytes;
    const held = new Map([...blocks].filter(([key]) => key !== cidKey(genesis)));
    expect(await refused({ held })).toMatch(/^explorer\/genesis-not-reached .*mainnet/);
    expect(await refused({ roots: [] })).toMatch(/^explorer\/no-head /);
    expect(await refused({ roots: [cidOf(utf8("x"))] })).toMatch(/^explorer\/no-head .*not in the file/);
  });

  it("with headers alone is verified in part, and says what is missing", async () => {
    const headers = [...blocks].filter(([, bytes]) => bytes[0] === 0x90);
    const chain = await run({ held: new Map(headers) });
    expect(chain.tally.ranges("linked")).toEqual([{ from: 0, to: 39 }]);
    expect(chain.tally.ranges("beacon-checked")).toEqual([{ from: 1, to: 39 }]);
    expect(chain.tally.ranges("messages-checked")).toEqual([]);
    expect(chain.tally.ranges("leader-checked")).toEqual([]);
    const report = reportChain(mainnet, chain, { kind: "CARv1", blocks: headers.length, bytes: 1 });
    expect(report.verdict).toBe("partly");
    expect(report.notes.join()).toMatch(/Headers cost nothing to forge/);
  });

  it("with an invented head is refused by the rule that it breaks", async () => {
    const [entry] = decodeBlockHeader(blocks.get(cidKey(roots[0] as CidBytes)) as Uint8Array).beaconEntries;
    const forged = { round: entry?.round ?? 0, signature: (entry?.signature ?? new Uint8Array(96)).toReversed() };
    expect(await refused(withHead({ beaconEntries: [forged] }))).toMatch(/^block\/beacon-signature-wrong /);
    expect(await refused(withHead({ timestamp: mainnet.genesisTime }))).toMatch(/^chain\/timestamp-wrong /);
    expect(await refused(withHead({ parentWeight: 1n }))).toMatch(/^chain\/weight/);
    expect(await refused(withHead({ parentBaseFee: 7n as never }))).toMatch(/^block\/base-fee-wrong /);
    expect(await refused(withHead({ height: 0 }))).toMatch(/^(chain|explorer)\//);
  });

  it("with a head that nobody won is not verified: the state at hand is too old to deny it", async () => {
    const chain = await run(withHead({ electionProof: { winCount: 9, vrfProof: new Uint8Array(96).fill(1) } }));
    const report = reportChain(mainnet, chain, { kind: "CARv1", blocks: 1, bytes: 1 });
    expect(report.verdict).toBe("partly");
    expect(report.notes.join()).toMatch(/Left open: block\/(win-count-wrong|election-proof-wrong)/);
    expect(chain.tally.ranges("leader-checked").at(-1)?.to).toBeLessThan(39);
  });

  describe("in a snapshot of version 2", () => {
    const memoryFile = (bytes: Uint8Array): FileBytes => ({
      size: bytes.length,
      async *chunks() {
        for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
      },
      access: () => bytesAccess(bytes),
    });
    const memorySpool = () => {
      const chunks: Uint8Array[] = [];
      return {
        size: 0,
        add: (chunk: Uint8Array) => void chunks.push(chunk.slice()),
        finish: () => memoryFile(concatBytes(...chunks)),
      };
    };
    /** The chain behind metadata, and F3 data where there is some. */
    const snapshot = (f3: Uint8Array | undefined): Uint8Array => {
      const f3Cid = f3 && rawCidOf(f3);
      const writer = new CborWriter().raw(Uint8Array.of(0xa3)).text("F3Data");
      if (f3Cid === undefined) writer.null();
      else writer.link(f3Cid);
      writer.text("Version").uint(2).text("HeadTipsetKey").array(roots.length);
      for (const root of roots) writer.link(root);
      const metadata = writer.finish();
      const cid = cidOf(metadata);
      const data = f3 && f3Cid && [{ cid: f3Cid, bytes: f3 }];
      return encodeCar([cid], [{ cid, bytes: metadata }, ...(data ?? []), ...(car?.blocks ?? [])]);
    };
    const verify = (file: Uint8Array, manifest?: string) =>
      verifyChainFile({
        file: memoryFile(file),
        name: "the snapshot",
        network: manifest === undefined ? mainnet : { ...mainnet, f3: parseManifest(manifest) },
        spoolOf: memorySpool,
        signatures: () => (checks) => checkSignatures(checks, { random }),
        certificates: () => ({ check: checkHere(random), together: 16 }),
        finality: undefined,
        onProgress: () => {},
      });

    it.each(["plain", "zstd"])("is held against the F3 data of the same file: %s", async (form) => {
      const { snapshot: f3, manifest } = finalizing(tipsetsBetween(5, 30));
      const file = form === "plain" ? snapshot(f3) : new Uint8Array(zstdCompressSync(snapshot(f3)));
      const { report, chainFinalHeight, finality } = await verify(file, manifest);
      expect(report.verdict).toBe("verified");
      expect(chainFinalHeight).toBe(30);
      expect([finality?.first, finality?.last]).toEqual([5, 30]);
      const facts = Object.fromEntries(report.facts.map(({ label, value }) => [label, value]));
      expect(facts["F3 in the file"]).toBe("1 certificate, epoch 30 is final");
      expect(facts["File"]).toMatch(/snapshot of version 2, 1,582 blocks/); // metadata, and all but the F3 data
    });

    it("may hold none; F3 data that mainnet did not make, is altered or finalizes another chain is refused", async () => {
      const codeOf = (run: Promise<unknown>): Promise<string> =>
        run.then(
          () => "none",
          (error: unknown) => (isCopseError(error) ? error.code : `${error}`),
        );
      const { report, finality } = await verify(snapshot(undefined));
      expect(report.facts.some(({ label }) => label === "F3 in the file")).toBe(false);
      expect(finality).toBeUndefined();
      const { snapshot: f3, manifest } = finalizing(tipsetsBetween(5, 30));
      expect(await codeOf(verify(snapshot(f3)))).toBe("f3/snapshot-other-table");
      const file = snapshot(f3);
      for (const at of [400, 700, 2000])
        expect(await codeOf(verify(flipped(file, at), manifest))).toMatch(/^(f3|car)\//);
      const fork = finalizing([...tipsetsBetween(5, 29), { epoch: 30, key: keyAt(30) }]);
      expect(await codeOf(verify(snapshot(fork.snapshot), fork.manifest))).toBe("explorer/not-final");
    });
  });
});
