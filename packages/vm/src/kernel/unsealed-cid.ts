import { sha256 } from "@copse/crypto";
import type { CidBytes } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import { blockCodecs, hashCodes, partsOf } from "../cids.ts";
import { SyscallError } from "../syscall-error.ts";

/** A piece of a sector. */
export interface Piece {
  /** Bytes, padding for field elements included. Bound: 64 bits. */
  readonly paddedSize: bigint;
  readonly cid: CidBytes;
}

/** A node of the sector's tree. */
interface Node {
  readonly size: bigint;
  readonly commitment: Uint8Array;
}

const commitmentPrefix: Uint8Array = Uint8Array.of(0x01, 0x81, 0xe2, 0x03, 0x92, 0x20, 0x20);
const leastPiece = 128n;
const sectorSizes = [2n << 10n, 8n << 20n, 512n << 20n, 32n << 30n, 64n << 30n];

/** Size of the sectors of a seal proof's type, or `undefined`. Unit: bytes. */
export function sectorSize(sealProof: bigint, types: number): bigint | undefined {
  return sealProof < 0n || sealProof >= BigInt(types) ? undefined : sectorSizes[Number(sealProof) % 5];
}

/**
 * CommD: the CID of a sector's data, of the pieces in it. Each is aligned to its own size; between and after them are zeros.
 *
 * @throws {SyscallError} `IllegalArgument` pieces that do not fit
 * @see ref-fvm:fvm/src/kernel/filecoin.rs, rust-fil-proofs:filecoin-proofs/src/pieces.rs
 */
export function unsealedCid(sector: bigint, pieces: readonly Piece[]): CidBytes {
  const all = padded(sector, pieces);
  const unpadded = sector - sector / 128n;
  if (BigInt(all.length) > unpadded / 127n) throw illegal("too many pieces");
  const total = all.reduce((sum, { size }) => sum + size, 0n);
  if (total > sector) throw illegal("pieces are larger than the sector");
  const stack: Node[] = [];
  const top = (): Node => stack.at(-1) as Node;
  const push = (node: Node): void => {
    let joined = node;
    for (let left = stack.at(-1); left !== undefined && left.size === joined.size; left = stack.at(-1)) {
      stack.pop();
      joined = { size: joined.size * 2n, commitment: join(left.commitment, joined.commitment) };
    }
    stack.push(joined);
  };
  for (const piece of all) {
    while (stack.length > 0 && top().size < piece.size) push(zeros(top().size));
    push(piece);
  }
  while (stack.length > 1) push(zeros(top().size));
  return concatBytes(commitmentPrefix, top().commitment);
}

function padded(sector: bigint, pieces: readonly Piece[]): readonly Node[] {
  if (pieces.length === 0) return [zeros(sector)];
  const all: Node[] = [];
  let sum = 0n;
  const padTo = (size: bigint): void => {
    let gap = BigInt.asUintN(64, -sum) % size;
    for (let bit = leastPiece; gap > 0n; bit *= 2n) {
      if ((gap & bit) === 0n) continue;
      gap ^= bit;
      sum += bit;
      all.push(zeros(bit));
    }
  };
  for (const { paddedSize, cid } of pieces) {
    if (paddedSize < leastPiece || (paddedSize & (paddedSize - 1n)) !== 0n) throw illegal(`a piece of ${paddedSize} B`);
    padTo(paddedSize);
    all.push({ size: paddedSize, commitment: pieceCommitment(cid) });
    sum += paddedSize;
  }
  padTo(sector);
  return all;
}

function pieceCommitment(cid: CidBytes): Uint8Array {
  const { codec, hash, digest } = partsOf(cid);
  if (codec !== blockCodecs.unsealed || hash !== hashCodes.sha256Truncated || digest.length !== 32) {
    throw illegal("a piece's CID is of no piece");
  }
  return digest;
}

/** Commitments of zeros by their level: 64 B, 128 B, and so on. */
const zeroCommitments: Uint8Array[] = [];

function zeros(size: bigint): Node {
  let level = 0;
  for (let bytes = size; bytes > 64n; bytes /= 2n) level++;
  for (let next = zeroCommitments.length; next <= level; next++) {
    const below = zeroCommitments[next - 1] ?? new Uint8Array(32);
    zeroCommitments.push(join(below, below));
  }
  return { size, commitment: zeroCommitments[level] as Uint8Array };
}

/** SHA2-256 without the last two bits, so that it is a field element. */
function join(left: Uint8Array, right: Uint8Array): Uint8Array {
  const digest = sha256(concatBytes(left, right));
  digest[31] = (digest[31] as number) & 0x3f;
  return digest;
}

const illegal = (reason: string): SyscallError => new SyscallError("IllegalArgument", reason);
