import type { KeyCodec } from "@copse/hamt";
import type { CidBytes, Codec } from "@copse/ipld";
import { encodeUvarint, equalBytes, readUvarint } from "@copse/primitives";
import { Address } from "@copse/types";
import { readAddressOrNull, readBigInt, writeBigInt } from "./fields.ts";

/** An actor as a machine sees it: what `Actor` is to readers, with CIDs as their bytes. */
export interface ActorState {
  /** What runs: the hash of its Wasm. */
  readonly code: CidBytes;
  /** Root of its own state. */
  readonly head: CidBytes;
  /** Messages it has sent. Bound: 64 bits. */
  readonly sequence: bigint;
  /** Unit: attoFIL. */
  readonly balance: bigint;
  /** Its `f4` address, since state tree version 5. */
  readonly delegatedAddress: Address | null;
}

/** Version of a state tree that can be changed. */
export type MutableVersion = 3 | 4 | 5;

/**
 * How a state tree of a version holds actors.
 *
 * Shape: `[code, head, sequence, balance]`; version 5 adds `delegatedAddress | null`.
 *
 * @see ref-fvm:shared/src/state/mod.rs ActorState
 */
export function actorStateCodec(version: MutableVersion): Codec<ActorState> {
  const fields = version < 5 ? 4 : 5;
  return {
    encode(writer, actor) {
      writer.array(fields).link(actor.code).link(actor.head).uint(actor.sequence);
      writeBigInt(writer, actor.balance);
      if (fields === 4) return;
      if (actor.delegatedAddress === null) writer.null();
      else writer.bytes(actor.delegatedAddress);
    },
    decode(reader) {
      reader.array(fields);
      return {
        code: reader.link().slice(),
        head: reader.link().slice(),
        sequence: reader.uint(),
        balance: readBigInt(reader),
        delegatedAddress: fields === 4 ? null : readAddressOrNull(reader),
      };
    },
  };
}

/**
 * Actor IDs as keys of a state tree: their ID addresses in binary. Bound: all 64 bits, of which Go's addresses, and so
 * `Address.id`, refuse the last; the machine does not.
 */
export const actorKeys: KeyCodec<bigint> = {
  encode(id) {
    const digits = encodeUvarint(id);
    const key = new Uint8Array(1 + digits.length);
    key.set(digits, 1);
    return key;
  },
  decode(key) {
    const { value, end } = readUvarint(key, 1);
    // what is no ID address is refused as what it is not
    return key[0] === 0 && end === key.length ? value : Address.idOf(Address.view(key));
  },
};

/** Whether two actors are the same in every field. */
export function sameActor(a: ActorState | undefined, b: ActorState | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  if (a.sequence !== b.sequence || a.balance !== b.balance) return false;
  if (!sameBytes(a.head, b.head) || !sameBytes(a.code, b.code)) return false;
  const [one, other] = [a.delegatedAddress, b.delegatedAddress];
  return one === other || (one !== null && other !== null && equalBytes(one, other));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || equalBytes(a, b);
}
