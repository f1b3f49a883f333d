import type { CidBytes } from "@copse/ipld";
import type { Address } from "@copse/types";
import { readAddress } from "../addresses.ts";
import { type MachineCid, readMachineCid } from "../cids.ts";
import type { WasmMemory } from "../engine/web-assembly.ts";
import type { FvmVersion } from "../fvm-version.ts";
import { SyscallError } from "../syscall-error.ts";

const nowhere = new ArrayBuffer(0);

/**
 * An actor's memory, as syscalls read and write it. Offsets and lengths come as WebAssembly hands them over: 32 bits, with a
 * sign that means nothing.
 *
 * Slices are views: read, not kept. Before an instance is up its memory is empty.
 *
 * @see ref-fvm:fvm/src/syscalls/context.rs
 */
export class ActorMemory {
  #memory: WasmMemory | undefined;
  #bytes: Uint8Array = new Uint8Array(nowhere);
  #view: DataView = new DataView(nowhere);
  #isStale = false;
  readonly #fvm: FvmVersion;

  constructor(fvm: FvmVersion) {
    this.#fvm = fvm;
  }

  /** Takes the memory of the instance. */
  attach(memory: WasmMemory): void {
    this.#memory = memory;
    this.#isStale = true;
  }

  /** Told before the memory may grow: its buffer is another one then. */
  growing(): void {
    this.#isStale = true;
  }

  /** All of it. */
  get bytes(): Uint8Array {
    if (this.#isStale) this.#renew();
    return this.#bytes;
  }

  /** All of it, for writing numbers. */
  get view(): DataView {
    if (this.#isStale) this.#renew();
    return this.#view;
  }

  #renew(): void {
    const buffer = this.#memory?.buffer ?? nowhere;
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
    this.#isStale = false;
  }

  /** Whether so many bytes are there. */
  has(offset: number, length: number): boolean {
    return (offset >>> 0) + length <= this.bytes.length;
  }

  /** @throws {SyscallError} `IllegalArgument` */
  assertBounds(offset: number, length: number): void {
    if (!this.has(offset, length >>> 0)) throw outOfBounds();
  }

  /** @throws {SyscallError} `IllegalArgument` */
  slice(offset: number, length: number): Uint8Array {
    const from = offset >>> 0;
    const to = from + (length >>> 0);
    const { bytes } = this;
    if (to > bytes.length) throw outOfBounds();
    return bytes.subarray(from, to);
  }

  /** The CID at an offset. A copy. @throws {SyscallError} `IllegalArgument` */
  readCid(offset: number): MachineCid {
    const cid = readMachineCid(this.bytes, offset >>> 0);
    if (cid === undefined) throw new SyscallError("IllegalArgument", "no CID is there");
    return cid;
  }

  /** An address. A copy. @throws {SyscallError} `IllegalArgument` */
  readAddress(offset: number, length: number): Address {
    const address = readAddress(this.slice(offset, length), this.#fvm);
    if (address === undefined) throw new SyscallError("IllegalArgument", "no address is there");
    return address;
  }

  /**
   * Writes a CID into room for it. @returns its length
   *
   * @throws {SyscallError} `IllegalArgument`, `BufferTooSmall`
   */
  writeCid(cid: CidBytes, offset: number, length: number): number {
    const room = this.slice(offset, length);
    if (room.length < cid.length) throw new SyscallError("BufferTooSmall", `a CID of ${cid.length} B`);
    room.set(cid);
    return cid.length;
  }
}

function outOfBounds(): SyscallError {
  return new SyscallError("IllegalArgument", "the buffer is out of bounds");
}
