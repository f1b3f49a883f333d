import type { ConsensusFault } from "../externs.ts";
import type { MessageContext, NetworkContext } from "../kernel/context.ts";
import type { BlockStat, OpenBlock } from "../kernel/ipld.ts";
import type { SendResult } from "../kernel/send.ts";
import { FatalError } from "../syscall-error.ts";

/**
 * How a result stands in an actor's memory: little-endian, without gaps.
 *
 * @see ref-fvm:shared/src/sys/out.rs
 */
export interface Layout<T> {
  readonly name: string;
  /** Unit: bytes. Of 0, the syscall takes no pointer for a result. */
  readonly size: number;
  write(view: DataView, at: number, value: T): void;
}

const maxUint64 = 2n ** 64n - 1n;

/** No result but the error number. */
export const nothing: Layout<void> = { name: "()", size: 0, write: () => undefined };

/** A number of 32 bits. */
export const u32: Layout<number> = {
  name: "u32",
  size: 4,
  write: (view, at, value) => view.setUint32(at, value, true),
};

/** A number of 32 bits with a sign. */
export const i32: Layout<number> = {
  name: "i32",
  size: 4,
  write: (view, at, value) => view.setInt32(at, value, true),
};

/** A number of 64 bits. */
export const u64: Layout<bigint> = {
  name: "u64",
  size: 8,
  write: (view, at, value) => view.setBigUint64(at, value, true),
};

/** Bytes of a fixed count. */
export function bytes(size: number): Layout<Uint8Array> {
  return {
    name: `[u8; ${size}]`,
    size,
    write: (view, at, value) => new Uint8Array(view.buffer).set(value, at),
  };
}

/** An amount in attoFIL: 128 bits, the low half first. */
export const tokenAmount: Layout<bigint> = { name: "TokenAmount", size: 16, write: writeAmount };

/** Makes sure an amount has 128 bits: what the reference finds out before it writes. @throws {FatalError} */
export function fitting(amount: bigint): bigint {
  if (amount < 0n || amount >> 128n !== 0n) throw new FatalError(`amount ${amount} has no 128 bits`);
  return amount;
}

function writeAmount(view: DataView, at: number, amount: bigint): void {
  if (amount <= maxUint64) {
    view.setBigUint64(at, amount, true);
    view.setBigUint64(at + 8, 0n, true);
    return;
  }
  view.setBigUint64(at, amount & maxUint64, true);
  view.setBigUint64(at + 8, amount >> 64n, true);
}

/** Shape: origin, nonce, caller, receiver, method u64; value, premium amounts; flags u64, of which bit 0 is read-only. */
export const messageContext: Layout<MessageContext> = {
  name: "MessageContext",
  size: 80,
  write(view, at, value) {
    view.setBigUint64(at, value.origin, true);
    view.setBigUint64(at + 8, value.nonce, true);
    view.setBigUint64(at + 16, value.caller, true);
    view.setBigUint64(at + 24, value.receiver, true);
    view.setBigUint64(at + 32, value.method, true);
    writeAmount(view, at + 40, value.value);
    writeAmount(view, at + 56, value.premium);
    view.setBigUint64(at + 72, value.readOnly ? 1n : 0n, true);
  },
};

/** Shape: epoch i64, timestamp u64, base fee, chain ID u64, network version u32. */
export const networkContext: Layout<NetworkContext> = {
  name: "NetworkContext",
  size: 44,
  write(view, at, value) {
    view.setBigInt64(at, BigInt(value.epoch), true);
    view.setBigUint64(at + 8, value.timestamp, true);
    writeAmount(view, at + 16, value.baseFee);
    view.setBigUint64(at + 32, value.chainId, true);
    view.setUint32(at + 40, value.networkVersion, true);
  },
};

/** What `vm.context` of FVM 2 says. */
export interface InvocationContext {
  readonly value: bigint;
  readonly caller: bigint;
  readonly receiver: bigint;
  readonly method: bigint;
  readonly epoch: number;
  readonly networkVersion: number;
}

/** Shape: value; caller, receiver, method u64; epoch i64, network version u32. */
export const invocationContext: Layout<InvocationContext> = {
  name: "InvocationContext",
  size: 52,
  write(view, at, value) {
    writeAmount(view, at, value.value);
    view.setBigUint64(at + 16, value.caller, true);
    view.setBigUint64(at + 24, value.receiver, true);
    view.setBigUint64(at + 32, value.method, true);
    view.setBigInt64(at + 40, BigInt(value.epoch), true);
    view.setUint32(at + 48, value.networkVersion, true);
  },
};

/** Shape: codec u64, handle u32, size u32. */
export const ipldOpen: Layout<OpenBlock> = {
  name: "IpldOpen",
  size: 16,
  write(view, at, value) {
    view.setBigUint64(at, BigInt(value.codec), true);
    view.setUint32(at + 8, value.id, true);
    view.setUint32(at + 12, value.size, true);
  },
};

/** Shape: codec u64, size u32. */
export const ipldStat: Layout<BlockStat> = {
  name: "IpldStat",
  size: 12,
  write(view, at, value) {
    view.setBigUint64(at, BigInt(value.codec), true);
    view.setUint32(at + 8, value.size, true);
  },
};

/** Shape: exit code u32, handle u32, codec u64, size u32. */
export const sendResult: Layout<SendResult> = {
  name: "Send",
  size: 20,
  write(view, at, value) {
    view.setUint32(at, value.exitCode, true);
    view.setUint32(at + 4, value.blockId, true);
    view.setBigUint64(at + 8, BigInt(value.codec), true);
    view.setUint32(at + 16, value.size, true);
  },
};

/** Shape: epoch i64, target u64, type u32; zeros where there is no fault. */
export const consensusFault: Layout<ConsensusFault | undefined> = {
  name: "VerifyConsensusFault",
  size: 20,
  write(view, at, value) {
    view.setBigInt64(at, BigInt(value?.epoch ?? 0), true);
    view.setBigUint64(at + 8, value?.target ?? 0n, true);
    view.setUint32(at + 16, value?.type ?? 0, true);
  },
};
