import { encodeUvarint, isCopseError } from "@copse/primitives";
import { CID } from "multiformats/cid";
import { describe, expect, it } from "vitest";
import { encodeCertificate } from "../../src/certificate.ts";
import { encodeSnapshotHeader } from "../../src/snapshot/header.ts";
import { readF3Snapshot, type VerifySnapshotOptions, verifyF3Snapshot } from "../../src/snapshot/index.ts";
import type { FinalityCertificate } from "../../src/types.ts";
import { formCheck, inPieces, snapshotOf, unsignedChain } from "../unsigned-chain.ts";

async function failure(work: Promise<unknown>): Promise<{ code: string; instance?: number; message: string }> {
  try {
    await work;
  } catch (error) {
    if (!isCopseError(error, "f3/")) throw error;
    const { instance } = error.facts as { instance?: number };
    return { code: error.code, message: error.message, ...(instance === undefined ? {} : { instance }) };
  }
  throw new Error("nothing was refused");
}

const made = unsignedChain(300, { first: 7 });
const bytes = snapshotOf(made);
const options = (): VerifySnapshotOptions => ({ manifest: made.manifest, check: formCheck() });

describe("reading a snapshot", () => {
  it("gives the same whatever pieces it comes in", async () => {
    const whole = await verifyF3Snapshot([bytes], options());
    for (const length of [1, 2, 100, 4096, bytes.length - 1]) {
      const found = await verifyF3Snapshot(inPieces(bytes, length), options());
      expect(found.cid.toString()).toBe(whole.cid.toString());
      expect(found.latest).toEqual(made.certificates.at(-1));
    }
    const { entries } = made.tables[0] as (typeof made.tables)[0];
    expect(whole).toMatchObject({ certificates: 300, bytes: bytes.length, header: { initialPowerTable: entries } });
    expect((await verifyF3Snapshot(bytes, options())).cid.toString()).toBe(whole.cid.toString());
    const empties = [new Uint8Array(0), bytes.subarray(0, 9), new Uint8Array(0), bytes.subarray(9), new Uint8Array(0)];
    expect((await verifyF3Snapshot(empties, options())).cid.toString()).toBe(whole.cid.toString());
  });

  it("names places, and gives certificates with their own bytes", async () => {
    const reader = await readF3Snapshot([bytes]);
    let next = 0;
    for await (const { instance, offset, end, bytes: block, certificate } of reader.certificates) {
      expect(certificate).toEqual(made.certificates[instance - 7]);
      if (next > 0) expect(offset).toBe(next);
      next = end;
      block.fill(0); // whoever gets it may do as they like
    }
    expect([next, reader.bytes]).toEqual([bytes.length, bytes.length]);
    await expect(reader.certificates[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: "f3/snapshot-read-again",
    });
  });

  it("grows with what came, never with what is claimed", async () => {
    const claims = [
      [encodeUvarint((2 << 20) + 65), "f3/snapshot-too-long"],
      [encodeUvarint(2n ** 63n), "f3/snapshot-too-long"],
      [new Uint8Array(10).fill(0xff), "f3/snapshot-length-malformed"],
      [new Uint8Array(11).fill(0x80), "f3/snapshot-length-malformed"],
      [encodeUvarint(2 << 20), "f3/snapshot-cut"],
      [Uint8Array.of(0x80), "f3/snapshot-cut"],
      [Uint8Array.of(0), "f3/snapshot-header-malformed"],
    ] as const;
    for (const [claim, code] of claims) expect((await failure(readF3Snapshot([claim]))).code).toBe(code);
    const before = process.memoryUsage().arrayBuffers;
    const held: unknown[] = [];
    for (let i = 0; i < 200; i++) held.push(await failure(readF3Snapshot([encodeUvarint(2 << 20)])));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200 << 20);
  });

  it("refuses a header that promises nothing, or too much", async () => {
    const { entries: initialPowerTable } = made.tables[0] as (typeof made.tables)[0];
    const ranges = [
      [5, 4],
      [0, Number.MAX_SAFE_INTEGER],
    ] as const;
    for (const [firstInstance, latestInstance] of ranges) {
      const header = encodeSnapshotHeader({ version: 1, firstInstance, latestInstance, initialPowerTable });
      const { code } = await failure(readF3Snapshot([encodeUvarint(header.length), header]));
      expect(code).toBe("f3/snapshot-range-malformed");
    }
  });

  it("lets go of its source, wherever it is left", async () => {
    let ended = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield* inPieces(bytes, 500);
      } finally {
        ended++;
      }
    }
    const reader = await readF3Snapshot(source());
    for await (const _ of reader.certificates) break;
    expect(ended).toBe(1);
    await (await readF3Snapshot(source())).close();
    expect(ended).toBe(2);
    const other = { ...made.manifest, initialInstance: 8 };
    await failure(verifyF3Snapshot(source(), { ...options(), manifest: other }));
    expect(ended).toBe(3);
  });
});

describe("verifying a snapshot", () => {
  it("tells how far it is", async () => {
    const long = unsignedChain(1200, { first: 7 });
    const stream = snapshotOf(long);
    const seen: [instance: number, bytes: number][] = [];
    await verifyF3Snapshot(inPieces(stream, 1000), {
      batch: 512,
      manifest: long.manifest,
      check: formCheck(),
      onProgress: ({ instance, first, latest, bytes: at, verified, known }) => {
        expect([first, latest, verified, known]).toEqual([7, 1206, instance - 6, 0]);
        seen.push([instance, at]);
      },
    });
    expect(seen.map(([instance]) => instance)).toEqual([518, 1030, 1206]);
    expect(seen.at(-1)?.[1]).toBe(stream.length);
  });

  it("names the first certificate that does not hold", async () => {
    const bad = snapshotOf(made, undefined, (block, instance) =>
      instance === 107
        ? encodeCertificate({ ...(made.certificates[100] as FinalityCertificate), signature: new Uint8Array(96) })
        : block,
    );
    const found = await failure(verifyF3Snapshot([bad], options()));
    expect(found).toMatchObject({ code: "f3/signature-wrong", instance: 107 });
  });

  it("trusts the manifest's table, a table that is named, or on demand the snapshot's own", async () => {
    const fresh = { ...made.manifest, initialPowerTable: undefined };
    const own = made.manifest.initialPowerTable as CID;
    const other = CID.parse("bafy2bzacebiebyglf5btiix3vov2qffly64ifj7n3q4hqkseefug4ncib6fcs");
    const verify = (change: Partial<VerifySnapshotOptions>) => verifyF3Snapshot([bytes], { ...options(), ...change });
    expect(await failure(verify({ manifest: fresh }))).toMatchObject({ code: "f3/snapshot-table-untrusted" });
    expect((await verify({ manifest: fresh, trustTable: "snapshot" })).certificates).toBe(300);
    expect((await verify({ manifest: fresh, trustTable: own })).certificates).toBe(300);
    const wrong = [
      { manifest: fresh, trustTable: other },
      { manifest: { ...made.manifest, initialPowerTable: other } },
      { manifest: { ...made.manifest, initialPowerTable: other }, trustTable: "snapshot" },
      { trustTable: other },
    ] as const;
    for (const change of wrong) {
      expect(await failure(verify(change))).toMatchObject({ code: "f3/snapshot-other-table", instance: 7 });
    }
    expect(await failure(verify({ cid: other }))).toMatchObject({ code: "f3/snapshot-other-cid" });
    const { cid } = await verify({});
    expect((await verify({ cid })).certificates).toBe(300);
  });

  it("stops when it is told to, though nothing comes any more", async () => {
    const stop = new AbortController();
    async function* stalled(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 9000);
      setTimeout(() => stop.abort(new Error("enough")));
      await new Promise(() => {});
    }
    const verified = verifyF3Snapshot(stalled(), { ...options(), signal: stop.signal });
    await expect(verified).rejects.toMatchObject({ code: "host/aborted" });
  });

  it("does not wait for what still comes once it knows better", async () => {
    const long = unsignedChain(1200, { first: 7 });
    const stream = snapshotOf({ ...long, bytes: long.bytes.with(3, long.bytes[4] as Uint8Array) });
    async function* stalled(): AsyncGenerator<Uint8Array> {
      yield stream.subarray(0, stream.length - 9);
      await new Promise(() => {});
    }
    const found = await failure(verifyF3Snapshot(stalled(), { ...options(), manifest: long.manifest }));
    expect(found).toMatchObject({ code: "f3/snapshot-gap", instance: 10 });
    const other = { ...made.manifest, networkName: "other", initialInstance: 9 };
    const root = await failure(verifyF3Snapshot(stalled(), { ...options(), manifest: other }));
    expect(root.code).toBe("f3/snapshot-other-start");
  });
});
