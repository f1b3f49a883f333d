/** Error numbers of syscalls, as actors see them. @see ref-fvm:shared/src/error/mod.rs ErrorNumber */
export const errorNumbers = {
  IllegalArgument: 1,
  IllegalOperation: 2,
  LimitExceeded: 3,
  AssertionFailed: 4,
  InsufficientFunds: 5,
  NotFound: 6,
  InvalidHandle: 7,
  IllegalCid: 8,
  IllegalCodec: 9,
  Serialization: 10,
  Forbidden: 11,
  BufferTooSmall: 12,
  ReadOnly: 13,
} as const;

/** Name of an error number. */
export type ErrorName = keyof typeof errorNumbers;

/**
 * What ends a syscall with an error number. An actor sees the number and goes on; at the top of a message it becomes an
 * exit code. Never leaves the VM; not an `Error`, since nobody reads a stack of it.
 */
export class SyscallError {
  readonly number: number;
  readonly errorName: ErrorName;
  readonly reason: string;

  constructor(errorName: ErrorName, reason: string) {
    this.errorName = errorName;
    this.number = errorNumbers[errorName];
    this.reason = reason;
  }
}

/** No gas is left. Unwinds to where gas was limited. Never leaves the VM. */
export class OutOfGas {}

/** What unwinds a whole message: it ends with SYS_ASSERTION_FAILED and all its gas used. Never leaves the VM. */
export class FatalError {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}
