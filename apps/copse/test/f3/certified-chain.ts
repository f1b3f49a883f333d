import { bls } from "@copse/crypto";
import {
  createPowerTable,
  encodeCertificate,
  encodePowerEntries,
  type F3Tipset,
  type FinalityCertificate,
  type PowerTable,
} from "@copse/f3";
import { makeCertificate } from "@copse/f3/make";
import { type CertificateBytes, type CertServerLimits, serveCertExchange } from "@copse/network/f3-exchange";
import type { Network, Tipset } from "@copse/types";
import { type F3Manifest, f3Devnet } from "@copse/types/networks";
import type { MintedChain } from "../../src/local/minted-chain.ts";
import type { ServingNode } from "../../src/local/serving-node.ts";

export const networkName = "local-f3";

const privateKeys = [1, 2, 3, 4].map((n) => {
  const key = new Uint8Array(32);
  key[0] = n;
  return key;
});

/** The committee of every instance. */
export const table: PowerTable = createPowerTable(
  privateKeys.map((key, i) => ({ id: BigInt(1000 + i), power: BigInt(400 - i), publicKey: bls.publicKey(key) })),
);
const signers = [0, 1, 3].map((index) => ({ index, privateKey: privateKeys[index] as Uint8Array }));

/** A manifest that names the committee. */
export const manifest: F3Manifest = {
  ...f3Devnet,
  networkName,
  bootstrapEpoch: 900,
  initialPowerTable: table.cid,
  certificateExchange: {
    ...f3Devnet.certificateExchange,
    minimumPollIntervalMs: 100,
    maximumPollIntervalMs: 200,
  },
};

/** The rules of a minted chain whose F3 is this one. */
export const withF3 = (network: Network): Network => ({ ...network, f3: manifest });

/** Certificates over the tipsets of a chain up to a height, so many new ones each, from genesis on. */
export function certify(tipsets: readonly Tipset[], to: number, each = 5): FinalityCertificate[] {
  const zeros = new Uint8Array(32);
  const chain = tipsets
    .filter(({ height }) => height <= to)
    .map(({ key, height }): F3Tipset => ({ epoch: height, key, powerTable: table.cid, commitments: zeros }));
  const made: FinalityCertificate[] = [];
  for (let at = 0; at < chain.length - 1; at += each) {
    const parts = { networkName, instance: made.length, powerTable: table, nextPowerTable: table, signers };
    made.push(makeCertificate({ ...parts, chain: chain.slice(at, at + each + 1) }));
  }
  return made;
}

/** Tipsets of a minted chain. */
export const tipsetsOf = (chain: MintedChain): Tipset[] => chain.tipsets.map(({ tipset }) => tipset);

/** What a peer was asked for, and certificates it goes on to get. */
export interface CertificatePeer {
  readonly asked: number[];
  readonly certificates: Uint8Array[];
}

/** Has a serving node serve certificates, too. `held` are read as they are when they are asked for. */
export async function serveCertificates(
  node: ServingNode,
  certificates: readonly FinalityCertificate[],
  twist: (source: CertificateBytes) => CertificateBytes = (source) => source,
  limits: Partial<CertServerLimits> = {},
): Promise<CertificatePeer> {
  const held = certificates.map(encodeCertificate);
  const asked: number[] = [];
  const source: CertificateBytes = {
    pending: () => held.length,
    powerTable: () => encodePowerEntries(table.entries),
    certificate(instance) {
      asked.push(instance);
      return held[instance];
    },
  };
  await serveCertExchange({ host: node.host, networkName, source: twist(source) }, limits);
  return { asked, certificates: held };
}
