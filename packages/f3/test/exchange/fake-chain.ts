import { createMemoryDatabase } from "@copse/blockstore";
import { cidOf } from "@copse/ipld";
import { TipsetKey } from "@copse/types";
import { encodeCertificate } from "../../src/certificate.ts";
import { F3Error } from "../../src/errors.ts";
import type { CertificateAnswer, CertificateAsk, CertificateSource } from "../../src/exchange/certificate-source.ts";
import { createPowerTable } from "../../src/power-table.ts";
import type { CertificateCheck } from "../../src/store/certificate-check.ts";
import { type CertificateStore, openCertificateStore } from "../../src/store/certificate-store.ts";
import { rowsAsStore } from "../../src/store/rows-as-store.ts";
import type { F3Position, F3Tipset, FinalityCertificate } from "../../src/types.ts";

export const networkName = "fake";
export const table = createPowerTable([
  { id: 1000n, power: 500n, publicKey: new Uint8Array(48).fill(1) },
  { id: 1001n, power: 300n, publicKey: new Uint8Array(48).fill(2) },
]);
const zeros = new Uint8Array(32);
const tipset = (epoch: number): F3Tipset => ({
  epoch,
  key: TipsetKey.fromBytes(cidOf(Uint8Array.of(0x82, 0x19, epoch >> 8, epoch & 255, 0))),
  powerTable: table.cid,
  commitments: zeros,
});

/** A certificate whose signature says whether it is good: the check below looks at its first byte. */
export function certificate(instance: number, good = true, variant = 0): FinalityCertificate {
  const signature = new Uint8Array(96);
  signature[0] = good ? 1 : 0;
  signature[1] = variant;
  return {
    instance,
    chain: [tipset(instance), tipset(instance + 1)],
    supplementalData: { commitments: zeros, powerTable: table.cid },
    signers: Uint8Array.of(0x54),
    signature,
    powerTableDelta: [],
  };
}
export const bytesOf = (instance: number, good = true, variant = 0): Uint8Array =>
  encodeCertificate(certificate(instance, good, variant));

/** Verifies instances and the mark in place of a signature: what a catch-up makes of a verdict is what is tested. */
export const markCheck: CertificateCheck = {
  verify(position: F3Position, certificates) {
    let { nextInstance: instance, base } = position;
    for (const [accepted, { instance: found, signature, chain }] of certificates.entries()) {
      const error =
        found !== instance
          ? new F3Error("f3/instance-wrong", { instance, found })
          : signature[0] === 1
            ? undefined
            : new F3Error("f3/signature-wrong", { instance, signers: 2 });
      if (error !== undefined) {
        return { position: { nextInstance: instance, powerTable: table, base }, accepted, error };
      }
      instance++;
      base = chain.at(-1);
    }
    return { position: { nextInstance: instance, powerTable: table, base }, accepted: certificates.length };
  },
};

export const openStore = (): Promise<CertificateStore> =>
  openCertificateStore(rowsAsStore(createMemoryDatabase(), "f3"), {
    networkName,
    initialInstance: 0,
    initialPowerTable: table,
  });

/** What was asked of a source. */
export interface AskedSource extends CertificateSource {
  readonly asked: CertificateAsk[];
  /** Requests under way now, and most at once. */
  readonly most: () => number;
}

/** A source whose answers a function makes; each comes a turn of the event loop later. */
export function source(
  peer: string,
  answer: (ask: CertificateAsk, signal: AbortSignal | undefined) => CertificateAnswer | Promise<CertificateAnswer>,
): AskedSource {
  const asked: CertificateAsk[] = [];
  let running = 0;
  let most = 0;
  return {
    peer,
    asked,
    most: () => most,
    async fetch(ask, { signal }) {
      asked.push(ask);
      most = Math.max(most, ++running);
      try {
        await new Promise((resolve) => setImmediate(resolve));
        return await answer(ask, signal);
      } finally {
        running--;
      }
    },
  };
}

/** Answers as an honest peer that holds so many certificates. */
export function honest(count: number, make: (instance: number) => Uint8Array = bytesOf, most = 257) {
  return ({ first, limit }: CertificateAsk): CertificateAnswer => ({
    pending: count,
    certificates: Array.from({ length: Math.max(0, Math.min(limit, most, count - first)) }, (_, i) => make(first + i)),
  });
}
