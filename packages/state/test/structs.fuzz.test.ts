import { type Codec, decode, encode, runSync } from "@copse/ipld";
import { isCopseError, toHex } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { describe, expect } from "vitest";
import { evmStateCodec } from "../src/actors/evm.ts";
import { multisigTransactionCodec } from "../src/actors/multisig.ts";
import { powerStateCodec } from "../src/actors/power.ts";
import { dealProposalCodec, dealStateCodecV8, dealStateCodecV13, marketStateCodec } from "../src/market/index.ts";
import {
  deadlineCodec,
  deadlinePartitions,
  expirationSetCodec,
  minerDeadline,
  minerSectors,
  minerState,
  minerStateCodec,
  partitionCodec,
  partitionExpirations,
  preCommitCodec,
  preCommittedSectors,
  sectorCodec,
} from "../src/miner/index.ts";
import { storedInfoCodec } from "../src/miner/miner-info.ts";
import { allocationCodec, claimCodec, verifiedRegistryStateCodec } from "../src/verified-registry/index.ts";
import { big, bytes, commitment, id, int, link, nil, text, tuple, uint, yes } from "./made-actors.ts";
import { made, miner, minerOf } from "./made-miner.ts";

const allowed = ["state/layout-unknown", "cbor/", "cid/", "address/", "amount/", "varint/", "bitfield/"];
const isAllowed = (error: unknown): boolean => allowed.some((prefix) => isCopseError(error, prefix));

/** A miner's structs, as one version writes them. */
function minerItems(version: number): (readonly [Codec<unknown>, Uint8Array])[] {
  const state = runSync(minerState(minerOf(version), miner), made);
  const deadline = runSync(minerDeadline(state, 0), made);
  if (deadline === undefined) return [];
  const partition = runSync(deadlinePartitions(deadline), made).getSync(0, made);
  if (partition === undefined) return [];
  const item = <T>(codec: Codec<T>, value: T | undefined) =>
    [codec as Codec<unknown>, encode(codec, value as T)] as const;
  return [
    item(minerStateCodec, state),
    [storedInfoCodec as Codec<unknown>, made.getSync(state.info.bytes) as Uint8Array],
    item(sectorCodec, runSync(minerSectors(state), made).getSync(0, made)),
    item(preCommitCodec, runSync(preCommittedSectors(state), made).getSync(9n, made)),
    item(deadlineCodec, deadline),
    item(partitionCodec, partition),
    item(expirationSetCodec, runSync(partitionExpirations(partition), made).getSync(0, made)),
  ];
}

const root = link(commitment);
const proposal = [root, uint(2048), yes, id(101), id(1000), text("label"), int(1), int(2), big(5n), big(6n), big(7n)];
const powers = Array.from({ length: 8 }, (_, i) => big(BigInt(i)));
const power = [...powers, tuple(big(1n), big(2n)), int(1), int(2), root, int(3), root, nil];
const market = [root, root, root, root, root, uint(9), root, int(7), big(1n), big(2n), big(3n), root, root];
const items = [
  ...[8, 9, 16].flatMap(minerItems),
  [dealProposalCodec, tuple(...proposal)],
  [dealStateCodecV8, tuple(int(1), int(-1), int(-1))],
  [dealStateCodecV13, tuple(uint(1), int(1), int(-1), int(-1))],
  [marketStateCodec, tuple(...market)],
  [powerStateCodec, tuple(...power)],
  [verifiedRegistryStateCodec, tuple(id(80), root, root, root, uint(7), root)],
  [allocationCodec, tuple(uint(101), uint(1000), root, uint(2048), int(10), int(20), int(30))],
  [claimCodec, tuple(uint(1000), uint(101), root, uint(2048), int(10), int(20), int(15), uint(7))],
  [multisigTransactionCodec, tuple(id(5), big(7n), uint(2), bytes(Uint8Array.of(1)), tuple(id(101)))],
  [evmStateCodec, tuple(root, bytes(new Uint8Array(32)), root, nil, uint(1), tuple(uint(1), uint(2)))],
] as (readonly [Codec<unknown>, Uint8Array])[];

describe("structs of actors", () => {
  fuzz(
    "what is read is written, and read again as it was",
    items.map(([, item], i) => Uint8Array.of(i, ...item)),
    (input) => {
      const [codec] = items[(input[0] ?? 0) % items.length] as (typeof items)[number];
      const value = decode(codec, input.subarray(1));
      const written = encode(codec, value);
      // what stands in a longer form than it needs, as a bit field of old may, is written in the shortest
      expect(toHex(encode(codec, decode(codec, written)))).toBe(toHex(written));
      expect(decode(codec, written)).toEqual(value);
    },
    isAllowed,
  );
});
