import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeCar } from "@copse/car";
import { bls } from "@copse/crypto";
import { createPowerTable, encodeCertificate, encodePowerEntries } from "@copse/f3";
import { makeCertificate } from "@copse/f3/make";
import { CborWriter, type CidBytes, cidKey, cidOf, runSync, type SyncBlockReader } from "@copse/ipld";
import { concatBytes, encodeUvarint, utf8 } from "@copse/primitives";
import { buildGenesisState } from "@copse/state";
import { proveRead } from "@copse/state/proof";
import { Address, AttoFil, createTipset, decodeBlockHeader, encodeBlockHeader, type TipsetKey } from "@copse/types";
import type { CID } from "multiformats/cid";

const f3Vectors = join(import.meta.dirname, "../../../packages/f3/test/vectors");

/** What go-f3 made: 64 certificates of a network called oraclenet, and its manifest. */
export const goSnapshot = (): Uint8Array => new Uint8Array(readFileSync(join(f3Vectors, "go-chain.f3snap")));
export const goManifest = (): string => readFileSync(join(f3Vectors, "go-chain.manifest.json"), "utf8");

/** A manifest for another network, by that of go-f3. */
export function manifestWith(networkName: string, initialPowerTable: string, committeeLookback: number): string {
  const manifest = JSON.parse(goManifest()) as Record<string, unknown>;
  const own = { NetworkName: networkName, InitialPowerTable: { "/": initialPowerTable } };
  return JSON.stringify({ ...manifest, ...own, CommitteeLookback: committeeLookback });
}

/** The golden snapshot of the sheet on F3: two certificates of go-f3; its tables follow no rule of production. */
export const golden = (): Uint8Array =>
  new Uint8Array(readFileSync(join(import.meta.dirname, "fixtures/golden.f3snap")));
export const goldenManifest = (): string =>
  manifestWith("filecoin", "bafy2bzacebiebyglf5btiix3vov2qffly64ifj7n3q4hqkseefug4ncib6fcs", 0);

/** The blocks of a CAR, and the header of its root. */
export function stateOf(car: Uint8Array): { readonly header: Uint8Array; readonly store: SyncBlockReader } {
  const { roots, blocks } = decodeCar(car);
  const held = new Map(blocks.map(({ cid, bytes }) => [cidKey(cid), bytes]));
  const header = held.get(cidKey(roots[0] as CidBytes)) as Uint8Array;
  return { header, store: { getSync: (cid) => held.get(cidKey(cid)) } };
}

/** A proof of values in the state that a header names. */
export function proofOf(header: Uint8Array, store: SyncBlockReader, ...paths: string[]): Uint8Array {
  return runSync(proveRead({ header, paths }), store).file;
}

/** A small state, made here. */
export function madeState(): { readonly root: CID; readonly store: SyncBlockReader } {
  const worker = Address.fromBls(bls.publicKey(Uint8Array.of(9, ...new Uint8Array(31))));
  const power = 1n << 40n;
  const { root, blocks } = buildGenesisState({
    networkName: "minted",
    miners: [{ id: 1000, worker, rawBytePower: power, qualityAdjPower: power, sectorSize: 2 ** 35 }],
    accounts: [{ address: worker, balance: AttoFil.fromFil(5n) }],
  });
  const held = new Map(blocks.map(([cid, block]) => [cidKey(cid), block]));
  return { root, store: { getSync: (cid) => held.get(cidKey(cid)) } };
}

/** A header on a state, and nothing else: nobody signed it. */
export function headerOn(parentStateRoot: CID, height: number): Uint8Array {
  return encodeBlockHeader({
    miner: Address.id(1000),
    ticket: { vrfProof: Uint8Array.of(1) },
    electionProof: { winCount: 1, vrfProof: Uint8Array.of(2) },
    beaconEntries: [],
    winPostProof: [],
    parents: [parentStateRoot],
    parentWeight: 3n,
    height,
    parentStateRoot,
    parentMessageReceipts: parentStateRoot,
    messages: parentStateRoot,
    blsAggregate: null,
    timestamp: 4,
    blockSig: null,
    forkSignaling: 0n,
    parentBaseFee: AttoFil.from(100n),
  });
}

/** The key of a tipset of one block. */
export function keyOf(header: Uint8Array): TipsetKey {
  return createTipset([decodeBlockHeader(header)]).key;
}

/** What a tipset is to F3. */
interface Final {
  readonly epoch: number;
  readonly key: TipsetKey;
}

/** A snapshot by one member, with a certificate for each chain; and the manifest it is verified against. */
export function finalizing(...chains: readonly (readonly Final[])[]): {
  readonly snapshot: Uint8Array;
  readonly manifest: string;
} {
  const networkName = "minted";
  const privateKey = Uint8Array.of(7, ...new Uint8Array(31));
  const powerTable = createPowerTable([{ id: 1000n, power: 1n << 40n, publicKey: bls.publicKey(privateKey) }]);
  const signers = [{ index: 0, privateKey }];
  const certificates = chains.map((tipsets, instance) => {
    const chain = tipsets.map((one) => ({ ...one, powerTable: powerTable.cid, commitments: new Uint8Array(32) }));
    const parts = { networkName, instance, chain, powerTable, nextPowerTable: powerTable, signers };
    return encodeCertificate(makeCertificate(parts));
  });
  const entries = encodePowerEntries(powerTable.entries);
  const header = new CborWriter(64)
    .array(4)
    .uint(1)
    .uint(0)
    .uint(chains.length - 1)
    .raw(entries)
    .finish();
  const parts = [header, ...certificates].flatMap((bytes) => [encodeUvarint(bytes.length), bytes]);
  return { snapshot: concatBytes(...parts), manifest: manifestWith(networkName, powerTable.cid.toString(), 0) };
}

/** A snapshot of so many certificates, each of so many tipsets, from epoch 0 up. */
export function minted(certificates: number, tipsets: number): ReturnType<typeof finalizing> {
  const all = Array.from({ length: certificates * (tipsets - 1) + 1 }, (_, epoch): Final => {
    return { epoch, key: cidOf(utf8(`minted ${epoch}`)) as TipsetKey };
  });
  const chains = Array.from({ length: certificates }, (_, at) =>
    all.slice(at * (tipsets - 1), (at + 1) * (tipsets - 1) + 1),
  );
  return finalizing(...chains);
}

/** The same bytes but for one bit. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const altered = bytes.slice();
  altered[at] = (altered[at] as number) ^ 1;
  return altered;
}
