// The vectors of go-f3 v0.8.12 with kyber 4de33740016e: network `filecoin`, private keys 1 to 4, no commitments.
import { bls } from "@copse/crypto";
import { cidOf, toCid } from "@copse/ipld";
import { concatBytes, fromHex, utf8 } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import { createPowerTable } from "../src/power-table.ts";
import type { F3Position, F3Tipset, FinalityCertificate, PowerEntry, PowerTable } from "../src/types.ts";
import type { VerifyOptions } from "../src/verify.ts";

export const networkName = "filecoin";
export const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
export const options: VerifyOptions = { networkName, random, lookback: false };

export const publicKeys: readonly Uint8Array[] = [
  "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb",
  "a572cbea904d67468808c8eb50a9450c9721db309128012543902d0ac358a62ae28f75bb8f1c7c42c39a8c5529bf0f4e",
  "89ece308f9d1f0131765212deca99697b112d61f9be9a5f1f3780a51335b3ff981747a0b2ca2179b96d2c0c9024e5224",
  "ac9b60d5afcbd5663a8a44b7c5a02f19e9a77ab0a35bd65809bb5c67ec582c897feb04decc694b13e08587f3ff9b5b60",
].map(fromHex);

/** The private key that is a small integer. */
export function privateKey(number: number): Uint8Array {
  return Uint8Array.of(number, ...new Uint8Array(31));
}

/** Member `1000 + at` with key `at + 1`. */
export function member(at: number, power: bigint): PowerEntry {
  return { id: BigInt(1000 + at), power, publicKey: publicKeys[at] ?? bls.publicKey(privateKey(at + 1)) };
}

export const table0: PowerTable = createPowerTable([member(0, 500n), member(1, 300n), member(2, 200n)]);
export const table0Cid = "bafy2bzacebiebyglf5btiix3vov2qffly64ifj7n3q4hqkseefug4ncib6fcs";
export const table1: PowerTable = createPowerTable([member(1, 900n), member(0, 500n), member(3, 500n)]);
export const table1Cid = "bafy2bzacecogyf2ytv5bbaxlyre6f7e73n7fwanhfybloyzqe76646g35r3xg";

export function tipset(epoch: number, blocks: number, powerTable: PowerTable = table0): F3Tipset {
  const cids = Array.from({ length: blocks }, (_, i) => cidOf(utf8(`blk-${epoch}-${i}`)));
  const key = concatBytes(...cids) as TipsetKey;
  return { epoch, key, powerTable: powerTable.cid, commitments: new Uint8Array(32) };
}

export const chain0: readonly F3Tipset[] = [tipset(100, 1), tipset(101, 2), tipset(103, 1)];
export const chain1: readonly F3Tipset[] = [tipset(103, 1)];

const aggregate0 =
  "86d3ecb449bb13290e2291158a7ed4853e14b1588806ebbb0a639173aff2e92c3c396d8e79b403fe34648f68a0d60fd40c8c5805919c5ef01ef9a8635db092301bd28c577a218b09cfe2a6ea87be588b4a369aed06c90925ee54caff4bb15d6e";
const aggregate1 =
  "a835db472103fde8499d748c093bded50b1d6c589d334de90375f756588e6e964f819a84540f908810a96576b8a68c3005e125703a1d4ae6ed2fc69b1d4bb0a4314c4cfe67f6b79af9f0cff75bc1e2d2516fae7bfef369e06fd9f934322f94f9";

/** Signers 0 and 2 of table 0, which stays. */
export const certificate0: FinalityCertificate = {
  instance: 0,
  chain: chain0,
  supplementalData: { commitments: new Uint8Array(32), powerTable: toCid(table0.cid.bytes) },
  signers: Uint8Array.of(0x3c),
  signature: fromHex(aggregate0),
  powerTableDelta: [],
};
/** Signers 0 and 1 of table 0, which is followed by table 1. */
export const certificate1: FinalityCertificate = {
  instance: 1,
  chain: chain1,
  supplementalData: { commitments: new Uint8Array(32), powerTable: toCid(table1.cid.bytes) },
  signers: Uint8Array.of(0x54),
  signature: fromHex(aggregate1),
  powerTableDelta: [
    { id: 1001n, powerDelta: 600n, signingKey: new Uint8Array(0) },
    { id: 1002n, powerDelta: -200n, signingKey: new Uint8Array(0) },
    { id: 1003n, powerDelta: 500n, signingKey: publicKeys[3] as Uint8Array },
  ],
};

export const start: F3Position = { nextInstance: 0, powerTable: table0, base: undefined };
export const afterFirst: F3Position = { nextInstance: 1, powerTable: table0, base: chain0[2] };
