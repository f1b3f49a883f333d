import { installFastest } from "@copse/crypto/fastest";
import { concatBytes, encodeUvarint } from "@copse/primitives";
import { beforeAll, describe, expect, it } from "vitest";
import { encodeCertificate } from "../../src/certificate.ts";
import { encodeSnapshotHeader } from "../../src/snapshot/header.ts";
import { importF3Snapshot, verifyF3Snapshot } from "../../src/snapshot/index.ts";
import { checkHere } from "../../src/store/index.ts";
import type { FinalityCertificate } from "../../src/types.ts";
import { random } from "../golden.ts";
import { localChain, withWrongSignature } from "../local-chain.ts";
import { OpenStore } from "../store/kinds.ts";

beforeAll(async () => {
  await installFastest();
});

const chain = localChain(4);
const framed = (bytes: Uint8Array): Uint8Array => concatBytes(encodeUvarint(bytes.length), bytes);
const header = encodeSnapshotHeader({
  version: 1,
  firstInstance: 0,
  latestInstance: 3,
  initialPowerTable: chain.start.powerTable.entries,
});

/** A server that gives some certificates, and then nothing, but keeps the connection open. */
function openEnded(certificates: readonly FinalityCertificate[]) {
  const pieces = [header, ...certificates.map(encodeCertificate)].map(framed);
  const source = {
    closed: 0,
    [Symbol.asyncIterator]: () => ({
      next: (): Promise<IteratorResult<Uint8Array>> => {
        const value = pieces.shift();
        return value === undefined ? new Promise(() => {}) : Promise.resolve({ done: false, value });
      },
      return: (): Promise<IteratorResult<Uint8Array>> => {
        source.closed++;
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
  return source;
}

const options = () => ({
  manifest: {
    networkName: chain.networkName,
    initialInstance: 0,
    initialPowerTable: chain.start.powerTable.cid,
    committeeLookback: 10,
  },
  check: checkHere(random),
  batch: 1,
});

describe("a snapshot that stops coming behind a certificate that does not hold", () => {
  for (const at of [0, 2]) {
    const sent = chain.certificates
      .slice(0, at + 1)
      .with(at, withWrongSignature(chain.certificates[at] as FinalityCertificate));
    const refusal = { code: "f3/signature-wrong", facts: { instance: at } };

    it(`is refused where it is verified: instance ${at}`, async () => {
      const source = openEnded(sent);
      await expect(verifyF3Snapshot(source, options())).rejects.toMatchObject(refusal);
      expect(source.closed).toBe(1);
    });

    it(`is refused where it is imported, and leaves nothing: instance ${at}`, async () => {
      for (const resumable of [false, true]) {
        const kv = new OpenStore();
        const source = openEnded(sent);
        await expect(importF3Snapshot(source, kv, { ...options(), resumable })).rejects.toMatchObject(refusal);
        expect(source.closed).toBe(1);
        expect(kv.writes > 0).toBe(at > 0);
        expect(kv.content()).toBe("");
      }
    });
  }

  it("is left behind by whoever is told of its progress and throws", async () => {
    const source = openEnded(chain.certificates.slice(0, 1));
    const onProgress = (): never => {
      throw new RangeError("enough");
    };
    await expect(verifyF3Snapshot(source, { ...options(), onProgress })).rejects.toThrow("enough");
    expect(source.closed).toBe(1);
  });
});
