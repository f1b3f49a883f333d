import { createBlake2b, createKeccak256, createSha256, type RunningHash } from "@copse/crypto";
import { type CidBytes, type CidParts, hashes, readCid } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import { cidText } from "./check.ts";
import { CarError } from "./errors.ts";

/**
 * Passes on the data of a block as it comes, hashing it; the last piece only once the whole is known to hash to the CID,
 * so that who has got all of it has got what the CID says. Each piece must keep until the next one is there.
 *
 * Memory: one piece more than without.
 *
 * @param pieces gives `false` at its end, and no piece, where the block is not there
 * @param offset of the section or frame, for errors
 * @throws {CarError} `car/block-mismatch`, `car/hash-unsupported`
 */
export async function* checkedPieces(
  pieces: AsyncGenerator<Uint8Array, unknown>,
  cid: CidBytes,
  offset: number,
): AsyncGenerator<Uint8Array, boolean> {
  let hash: RunningHash | undefined;
  let held: Uint8Array | undefined;
  try {
    for (;;) {
      const next = await pieces.next();
      if (next.done === true) {
        if (next.value === false) return false;
        const { digest } = readCid(cid);
        if (!equalBytes((hash ?? hashOf(cid, offset)).digest(), digest)) {
          throw new CarError("car/block-mismatch", { offset, section: undefined, cid: cidText(cid) });
        }
        if (held !== undefined) yield held;
        return true;
      }
      hash ??= hashOf(cid, offset);
      hash.update(next.value);
      if (held !== undefined) yield held;
      held = next.value;
    }
  } finally {
    await pieces.return(undefined);
  }
}

function hashOf(cid: CidBytes, offset: number): RunningHash {
  const { hash } = readCid(cid);
  const create = creators[hash];
  if (create !== undefined) return create();
  throw new CarError("car/hash-unsupported", { offset, section: undefined, cid: cidText(cid), hash });
}

/** By hash function, as `verifyBlock` of `@copse/ipld` knows them; identity CIDs never come here. */
const creators: Readonly<Record<CidParts["hash"], () => RunningHash>> = {
  [hashes.blake2b256]: () => createBlake2b(),
  [hashes.sha256]: createSha256,
  [hashes.keccak256]: createKeccak256,
};
