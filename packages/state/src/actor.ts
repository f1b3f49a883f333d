import type { Codec } from "@copse/ipld";
import type { Address, AttoFil } from "@copse/types";
import type { CID } from "multiformats/cid";
import { readAddressOrNull, readAmount, readCid, writeBigInt, writeCid } from "./fields.ts";

/** Version of a state tree: 0 to nv3, 1 to nv9, 2 nv10 and nv11, 3 nv12, 4 nv13 to nv17, 5 since nv18. */
export type StateTreeVersion = 0 | 1 | 2 | 3 | 4 | 5;

/** An actor as the state tree holds it. */
export interface Actor {
  /** What runs: text as an identity CID before actors v8, the hash of its Wasm since. See `actorKind`. */
  readonly code: CID;
  /** Root of its own state. */
  readonly head: CID;
  /** Messages it has sent. Of accounts; others stay at 0, but for EVM contracts, which count otherwise. */
  readonly nonce: bigint;
  readonly balance: AttoFil;
  /** Its `f4` address, since state tree version 5. */
  readonly delegatedAddress: Address | null;
}

/**
 * How a state tree of a version holds actors.
 *
 * Shape: `[code, head, nonce, balance]`; version 5 adds `delegatedAddress | null`.
 *
 * @see lotus:chain/types/actor.go ActorV4, ActorV5
 * @example
 * const actor = decode(actorCodec(5), bytes);
 */
export function actorCodec(version: StateTreeVersion): Codec<Actor> {
  const fields = version < 5 ? 4 : 5;
  return {
    encode(writer, actor) {
      writer.array(fields);
      writeCid(writer, actor.code);
      writeCid(writer, actor.head);
      writer.uint(actor.nonce);
      writeBigInt(writer, actor.balance);
      if (fields === 4) return;
      if (actor.delegatedAddress === null) writer.null();
      else writer.bytes(actor.delegatedAddress);
    },
    decode(reader) {
      reader.array(fields);
      return {
        code: readCid(reader),
        head: readCid(reader),
        nonce: reader.uint(),
        balance: readAmount(reader),
        delegatedAddress: fields === 4 ? null : readAddressOrNull(reader),
      };
    },
  };
}
