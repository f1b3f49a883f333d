import { CborReader, type CidBytes } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import type { Piece } from "../kernel/unsealed-cid.ts";
import type { AggregateSealInfo, ReplicaUpdateInfo, SealInfo, WindowPostInfo } from "../proofs.ts";
import { SyscallError } from "../syscall-error.ts";

// What built-in actors hand over as CBOR. Numbers of types are taken as they are: who uses them says which there are.

const anyLength = Number.POSITIVE_INFINITY;

/** Decodes what an actor says is CBOR of some shape. @throws {SyscallError} `IllegalArgument` */
export function decodeInfo<T>(bytes: Uint8Array, read: (reader: CborReader) => T): T {
  try {
    const reader = new CborReader(bytes);
    const info = read(reader);
    reader.end();
    return info;
  } catch (error) {
    if (isCopseError(error, "cbor/")) throw new SyscallError("IllegalArgument", error.message);
    throw error;
  }
}

/** Items are read one by one: a count is not believed. */
function list<T>(reader: CborReader, read: (reader: CborReader) => T): T[] {
  const items: T[] = [];
  for (let left = reader.array(undefined, anyLength); left > 0; left--) items.push(read(reader));
  return items;
}

const bytesOf = (reader: CborReader): Uint8Array => reader.bytes(anyLength).slice();
const cidOf = (reader: CborReader): CidBytes => reader.link().slice();
const typeOf = (reader: CborReader): number => Number(reader.int());

/** Shape: `[[padded size, CID]…]`. */
export function readPieces(reader: CborReader): Piece[] {
  return list(reader, () => {
    reader.array(2);
    return { paddedSize: reader.uint(), cid: cidOf(reader) };
  });
}

/** Shape: `[seal proof, [miner, number], [deal…], randomness, interactive randomness, proof, sealed, unsealed]`. */
export function readSealInfo(reader: CborReader): SealInfo {
  reader.array(8);
  const sealProof = typeOf(reader);
  reader.array(2);
  return {
    sealProof,
    miner: reader.uint(),
    sectorNumber: reader.uint(),
    dealIds: list(reader, () => reader.uint()),
    randomness: bytesOf(reader),
    interactiveRandomness: bytesOf(reader),
    proof: bytesOf(reader),
    sealedCid: cidOf(reader),
    unsealedCid: cidOf(reader),
  };
}

/** Shape: a list of {@link readSealInfo}. */
export function readSealInfos(reader: CborReader): SealInfo[] {
  return list(reader, readSealInfo);
}

/** Shape: `[miner, seal proof, aggregate proof, proof, [[number, randomness, interactive randomness, sealed, unsealed]…]]`. */
export function readAggregateInfo(reader: CborReader): AggregateSealInfo {
  reader.array(5);
  return {
    miner: reader.uint(),
    sealProof: typeOf(reader),
    aggregateProof: typeOf(reader),
    proof: bytesOf(reader),
    infos: list(reader, () => {
      reader.array(5);
      return {
        sectorNumber: reader.uint(),
        randomness: bytesOf(reader),
        interactiveRandomness: bytesOf(reader),
        sealedCid: cidOf(reader),
        unsealedCid: cidOf(reader),
      };
    }),
  };
}

/** Shape: `[randomness, [[post proof, proof]…], [[seal proof, number, sealed]…], prover]`. */
export function readPostInfo(reader: CborReader): WindowPostInfo {
  reader.array(4);
  return {
    randomness: bytesOf(reader),
    proofs: list(reader, () => {
      reader.array(2);
      return { postProof: typeOf(reader), proof: bytesOf(reader) };
    }),
    sectors: list(reader, () => {
      reader.array(3);
      return { sealProof: typeOf(reader), sectorNumber: reader.uint(), sealedCid: cidOf(reader) };
    }),
    prover: reader.uint(),
  };
}

/** Shape: `[update proof, old sealed, new sealed, new unsealed, [byte…]]`: the proof is a list of numbers, not bytes. */
export function readReplicaUpdateInfo(reader: CborReader): ReplicaUpdateInfo {
  reader.array(5);
  return {
    updateProof: typeOf(reader),
    oldSealedCid: cidOf(reader),
    newSealedCid: cidOf(reader),
    newUnsealedCid: cidOf(reader),
    proof: Uint8Array.from(list(reader, byteOf)),
  };
}

function byteOf(reader: CborReader): number {
  const byte = reader.safeUint();
  if (byte > 255) throw new SyscallError("IllegalArgument", `${byte} is no byte`);
  return byte;
}
