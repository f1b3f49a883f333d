import { blockMissing, type CidBytes } from "@copse/ipld";
import type { Block } from "../block-registry.ts";
import { blockCid, blockCodecs, hashCodes, type MachineCid } from "../cids.ts";
import { onBlockCreate, onBlockLink, onBlockOpen, onBlockRead } from "../gas/prices.ts";
import { scanLinks } from "../link-scan.ts";
import { SyscallError } from "../syscall-error.ts";
import type { Kernel } from "./kernel.ts";

/** A block that was opened: its handle, and what it is. */
export interface OpenBlock extends BlockStat {
  readonly id: number;
}

/** What a block is. */
export interface BlockStat {
  readonly codec: number;
  readonly size: number;
}

const noLinks: readonly string[] = [];

/**
 * Opens a block of the state.
 *
 * @throws {HostFault} `host/block-missing`: what is reachable is in the store, or the store is not whole
 */
export function blockOpen(kernel: Kernel, { cid, codec }: MachineCid): OpenBlock {
  const { core, gas, blocks } = kernel;
  const isLatest = core.rules.fvm === 4;
  gas.charge("OnBlockOpenBase", core.prices.blockOpenBase);
  if (isLatest && !blocks.isReachable(cid)) throw new SyscallError("NotFound", "the block is not reachable");
  const data = core.store.getSync(cid);
  if (data === undefined) throw blockMissing(cid);
  const links = isLatest ? scanLinks(core.prices, gas, codec, data) : noLinks;
  gas.charge(core.prices.blockOpenName, onBlockOpen(core.prices, data.length, links.length));
  const id = blocks.putReachable({ codec, data, links });
  return { id, codec, size: data.length };
}

/** Makes a block of bytes, which are copied. @returns its handle */
export function blockCreate(kernel: Kernel, codec: number, bytes: Uint8Array): number {
  const { core, gas, blocks } = kernel;
  if (bytes.length > core.rules.blockSize) throw new SyscallError("LimitExceeded", "the block is larger than 1 MiB");
  const isLatest = core.rules.fvm === 4;
  if (isLatest && codec !== blockCodecs.dagCbor && codec !== blockCodecs.raw && codec !== blockCodecs.cbor) {
    throw new SyscallError("IllegalCodec", `codec ${codec}`);
  }
  const links = isLatest ? scanLinks(core.prices, gas, codec, bytes) : noLinks;
  gas.charge("OnBlockCreate", onBlockCreate(core.prices, bytes.length, links.length));
  return blocks.putCreated({ codec, data: bytes.slice(), links });
}

/** Stores a block. @returns its CID */
export function blockLink(kernel: Kernel, id: number, hash: number, hashLength: number): CidBytes {
  if (hash !== hashCodes.blake2b256 || hashLength !== 32) {
    throw new SyscallError("IllegalCid", "blocks are hashed by blake2b, into 32 bytes");
  }
  const { core, blocks } = kernel;
  const block = blocks.get(id);
  kernel.gas.charge("OnBlockLink", onBlockLink(core.prices, block.data.length));
  const cid = blockCid(block.codec, block.data);
  core.store.putSync(cid, block.data);
  blocks.markReachable(cid);
  return cid;
}

/** Copies a part of a block. @returns how many bytes the block has past the part asked for, negative when fewer */
export function blockRead(kernel: Kernel, id: number, offset: number, into: Uint8Array): number {
  const end = offset + into.length;
  if (end > 0x7fffffff) throw new SyscallError("IllegalArgument", "offset and length are past 2^31");
  const { data }: Block = kernel.blocks.get(id);
  const count = Math.min(Math.max(0, data.length - offset), into.length);
  kernel.gas.charge("OnBlockRead", onBlockRead(kernel.core.prices, count));
  if (count > 0) into.set(data.subarray(offset, offset + count));
  return data.length - end;
}

/** What a block is. */
export function blockStat(kernel: Kernel, id: number): BlockStat {
  kernel.gas.charge("OnBlockStat", 0);
  const { codec, data } = kernel.blocks.get(id);
  return { codec, size: data.length };
}
