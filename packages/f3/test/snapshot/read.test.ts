import { installFastest } from "@copse/crypto/fastest";
import { concatBytes, encodeUvarint, fromHex, isCopseError } from "@copse/primitives";
import { CID } from "multiformats/cid";
import { beforeAll, describe, expect, it } from "vitest";
import { encodeCertificate } from "../../src/certificate.ts";
import { encodeSnapshotHeader } from "../../src/snapshot/header.ts";
import { readF3Snapshot, type VerifySnapshotOptions, verifyF3Snapshot } from "../../src/snapshot/index.ts";
import { checkHere } from "../../src/store/index.ts";
import type { FinalityCertificate } from "../../src/types.ts";
import { jsonVector, readGoChain, vector } from "../go-chain.ts";
import { random } from "../golden.ts";
import { formCheck, inPieces, snapshotOf, unsignedChain } from "../unsigned-chain.ts";

beforeAll(async () => {
  await installFastest();
});

interface Splice {
  readonly name: string;
  readonly at: number;
  readonly remove: number;
  readonly insert?: string;
  readonly rule: string;
  readonly go: string;
}

/** What each damage of the vector is refused with; go-f3 imports eight of them, and dies of one. */
const refusals: Readonly<Record<string, readonly [code: string, instance?: number]>> = {
  empty: ["f3/snapshot-cut"],
  "header only": ["f3/snapshot-incomplete", 0],
  "cut in the header": ["f3/snapshot-cut"],
  "cut after a certificate": ["f3/snapshot-incomplete", 39],
  "cut after a length": ["f3/snapshot-cut", 39],
  "cut in a length": ["f3/snapshot-cut", 39],
  "cut in a certificate": ["f3/snapshot-cut", 39],
  "cut in the last certificate": ["f3/snapshot-cut", 63],
  "a certificate missing": ["f3/snapshot-gap", 29],
  "a certificate twice": ["f3/snapshot-gap", 30],
  "two swapped": ["f3/snapshot-gap", 29],
  "a certificate more": ["f3/snapshot-trailing", 64],
  "bytes after the end": ["f3/snapshot-trailing", 64],
  "a zero record in between": ["f3/snapshot-certificate-malformed", 19],
  "version 2": ["f3/snapshot-version-unknown"],
  "version 0": ["f3/snapshot-version-unknown"],
  "first instance 1": ["f3/snapshot-other-start", 1],
  "latest instance less": ["f3/snapshot-trailing", 63],
  "latest instance more": ["f3/snapshot-incomplete", 64],
  "latest below first": ["f3/snapshot-trailing", 1],
  "a member less": ["f3/snapshot-other-table", 0],
  "members swapped": ["f3/snapshot-header-malformed"],
  "no members": ["f3/snapshot-header-malformed"],
  "length of the header not shortest": ["f3/snapshot-length-malformed"],
  "length of 2^40": ["f3/snapshot-too-long", 19],
  "a signature of another certificate": ["f3/signature-wrong", 19],
  "another block in a tipset": ["f3/base-mismatch", 19],
  "signers without quorum": ["f3/quorum-missed", 19],
  "a delta missing": ["f3/power-table-mismatch", 16],
  "another next table": ["f3/power-table-mismatch", 19],
  "a byte after a certificate": ["f3/snapshot-certificate-malformed", 19],
  "a certificate cut, its length right": ["f3/snapshot-certificate-malformed", 19],
};

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

describe("go-f3's snapshot, damaged", () => {
  const whole = vector("go-chain.f3snap");
  const { splices } = jsonVector<{ splices: readonly Splice[] }>("go-snapshot-verdicts.json");
  const { manifest } = readGoChain();
  const check = checkHere(random);

  it("has a verdict for every damage", () => {
    expect(splices.map(({ name }) => name).sort()).toEqual(["as it is", ...Object.keys(refusals)].sort());
  });

  for (const { name, at, remove, insert = "", rule } of splices) {
    const title = name === "as it is" ? "is read where there is none" : `is refused: ${name} (${rule})`;
    it(title, async () => {
      const bytes = concatBytes(whole.subarray(0, at), fromHex(insert), whole.subarray(at + remove));
      const verified = verifyF3Snapshot(inPieces(bytes, 777), { manifest, check });
      if (name === "as it is") expect((await verified).position.nextInstance).toBe(64);
      else {
        const { code, instance } = await failure(verified);
        expect([code, instance]).toEqual([...(refusals[name] ?? []), undefined].slice(0, 2));
      }
    });
  }
});

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
