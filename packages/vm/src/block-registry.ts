import { type CidBytes, cidKey } from "@copse/ipld";
import { blockCodecs } from "./cids.ts";
import type { FvmVersion } from "./fvm-version.ts";
import { SyscallError } from "./syscall-error.ts";

/** A block that an actor holds. Passed on from call to call as it is; nobody writes to `data`. */
export interface Block {
  readonly codec: number;
  readonly data: Uint8Array;
  /** Keys of `cidKey`, as `scanLinks` gives them. Empty before FVM 4. */
  readonly links: readonly string[];
}

/** The handle that stands for no block. */
export const noBlock = 0;

/** Handles are positive 32-bit integers with a sign. */
const maxBlocks: number = 2 ** 31 - 1;

/**
 * The blocks of one invocation, by handles from 1 on, and in FVM 4 the CIDs it may open: those it has come to from its
 * own root, its parameters and what it was returned, or made itself. A block is never closed.
 *
 * @see ref-fvm:fvm/src/kernel/blocks.rs, FIP-0071
 */
export class BlockRegistry {
  readonly #blocks: Block[] = [];
  readonly #reachable: Set<string> | undefined;
  readonly #fvm: FvmVersion;
  readonly #limit: number;

  constructor(fvm: FvmVersion, limit: number = maxBlocks) {
    this.#fvm = fvm;
    this.#limit = limit;
    this.#reachable = fvm === 4 ? new Set() : undefined;
  }

  /**
   * Adds a block that is known to be reachable: parameters, returned, opened. Its links are reachable from now on.
   *
   * @throws {SyscallError} LimitExceeded; before FVM 4 IllegalCodec
   */
  putReachable(block: Block): number {
    this.#check(block);
    const reachable = this.#reachable;
    if (reachable !== undefined) for (const link of block.links) reachable.add(link);
    return this.#blocks.push(block);
  }

  /**
   * Adds a block that the actor made. Makes nothing reachable.
   *
   * @throws {SyscallError} LimitExceeded; NotFound when it links to what cannot be reached; before FVM 4 IllegalCodec
   */
  putCreated(block: Block): number {
    this.#check(block);
    const reachable = this.#reachable;
    if (reachable !== undefined) {
      for (const link of block.links) {
        if (!reachable.has(link)) throw new SyscallError("NotFound", "the block links to one that is not reachable");
      }
    }
    return this.#blocks.push(block);
  }

  /** @throws {SyscallError} InvalidHandle */
  get(handle: number): Block {
    const block = this.#blocks[handle - 1];
    if (block === undefined) throw new SyscallError("InvalidHandle", `there is no block ${handle}`);
    return block;
  }

  /** Tells whether there is a block of that handle. */
  has(handle: number): boolean {
    return this.#blocks[handle - 1] !== undefined;
  }

  /** Tells whether no handle is left for another block. */
  get isFull(): boolean {
    return this.#blocks.length >= this.#limit;
  }

  /** Lets the actor open a CID from now on: its root, or a block that it linked. */
  markReachable(cid: CidBytes): void {
    this.#reachable?.add(cidKey(cid));
  }

  /** Tells whether the actor may open a CID; before FVM 4, always. What a CID holds itself is no exception. */
  isReachable(cid: CidBytes): boolean {
    return this.#reachable === undefined || this.#reachable.has(cidKey(cid));
  }

  #check({ codec }: Block): void {
    if (this.isFull) throw new SyscallError("LimitExceeded", "too many blocks");
    const isAllowed =
      codec === blockCodecs.dagCbor ||
      this.#fvm === 4 ||
      (this.#fvm === 3 && (codec === blockCodecs.cbor || codec === blockCodecs.raw));
    if (!isAllowed) throw new SyscallError("IllegalCodec", `codec ${codec} is not allowed`);
  }
}
